/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the command fails: error messages, and the one table from return codes to exit codes. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "render.h"
#include "text.h"

/* What a code that depends on the call stands for below. */
#define UNREADABLE CLI_OK

static const struct {
    enum slip_rc rc;
    enum cli_exit code;
} exits[] = {
    {SLIP_EINVAL, CLI_USAGE},  {SLIP_ENOMEM, CLI_ENGINE},    {SLIP_EDESC, CLI_DESCRIPTION},
    {SLIP_EIMAGE, CLI_IMAGE},  {SLIP_EENGINE, CLI_ENGINE},   {SLIP_EPERM, UNREADABLE},
    {SLIP_EEXIST, CLI_FAILED}, {SLIP_ENOENT, UNREADABLE},    {SLIP_EIO, UNREADABLE},
    {SLIP_ESTATE, CLI_FAILED}, {SLIP_EINTERNAL, CLI_FAILED}, {SLIP_ENOTSUP, CLI_ENGINE},
};

int cli_exit_of(int rc, enum cli_exit unreadable)
{
    if (rc == SLIP_OK)
        return CLI_OK;
    for (size_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++) {
        if ((int)exits[i].rc == rc)
            return exits[i].code == UNREADABLE ? unreadable : exits[i].code;
    }
    return CLI_FAILED;
}

static struct render errors_of(const struct cli_args *args)
{
    return (struct render){.out = stderr,
                           .color = text_color(stderr),
                           .json = args->json,
                           .name = args->json      ? NULL
                                   : args->program ? args->program
                                                   : "slipway"};
}

int cli_error(const struct cli_args *args, enum cli_exit code, const char *hint, const char *fmt,
              ...)
{
    struct render r = errors_of(args);
    char *message;
    va_list ap;

    va_start(ap, fmt);
    if (vasprintf(&message, fmt, ap) < 0)
        message = NULL;
    va_end(ap);
    render_error(&r, message ? message : "out of memory", 0, hint);
    free(message);
    return code;
}

int cli_fail(const struct cli_args *args, struct slip_error *err, enum cli_exit unreadable)
{
    struct render r = errors_of(args);
    int code = cli_exit_of(slip_error_rc(err), unreadable);

    render_error(&r, err ? slip_error_message(err) : "no reason was given", slip_error_code(err),
                 slip_error_hint(err));
    slip_error_free(err);
    return code == CLI_OK ? CLI_FAILED : code;
}

int cli_print_json(const struct cli_args *args, json_t *value)
{
    int r = value ? json_dumpf(value, stdout, JSON_INDENT(2)) : -1;

    json_decref(value);
    if (r < 0)
        return cli_error(args, CLI_FAILED, NULL, "cannot print JSON");
    fputs("\n", stdout);
    return CLI_OK;
}

int cli_print_text(const struct cli_args *args, int rc, char *text, struct slip_error *err)
{
    size_t len;

    if (rc < 0)
        return cli_fail(args, err, CLI_FAILED);
    len = strlen(text);
    fputs(text, stdout);
    if (len == 0 || text[len - 1] != '\n')
        fputs("\n", stdout);
    free(text);
    return CLI_OK;
}
