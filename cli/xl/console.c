/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl console: a guest's console on standard input and output. */
#include "../console.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xl.h"

int xl_console(const struct xl_args *args, struct slip_domain *domain)
{
    struct console_result result;
    struct slip_error *err = NULL;
    int fd;

    if (slip_domain_console(domain, &fd, &err) < 0) {
        xl_say(args, err);
        fputs("Unable to attach console\n", stderr);
        return XL_FAILED;
    }
    result = console_run(fd);
    close(fd);
    if (result.end == CONSOLE_SIGNAL)
        console_reraise(result.signal);
    if (result.end == CONSOLE_LOST)
        return cli_error(&args->cli, CLI_FAILED, NULL, "cannot write the console: %s",
                         strerror(result.errnum));
    return XL_OK;
}

/* False after saying that this console is not one we have. */
static bool check_which(const struct xl_args *args)
{
    const char *type = args->set['t'] ? args->value['t'] : "pv";
    const char *number = args->set['n'] ? args->value['n'] : "0";

    if (strcmp(type, "pv") != 0 && strcmp(type, "serial") != 0 && strcmp(type, "vuart") != 0) {
        fputs("console type supported are: pv, serial, vuart\n", stderr);
        return false;
    }
    if (strcmp(type, "pv") == 0 && atoi(number) == 0)
        return true;
    cli_error(&args->cli, CLI_FAILED, NULL,
              "Slipway's guests have one console, pv number 0, and not %s number %d", type,
              atoi(number));
    return false;
}

static int console(const struct xl_args *args)
{
    struct slip_domain *domain = NULL;
    int code;

    if (!check_which(args))
        return XL_FAILED;
    code = xl_open(args, args->names[0], &domain);
    if (code == XL_OK)
        code = xl_console(args, domain);
    slip_domain_free(domain);
    return code;
}

const struct xl_verb xl_verb_console = {
    .name = "console",
    .summary = "Show a guest's console (Ctrl-] leaves)",
    .usage = "[options] <Domain>",
    .help = "-t TYPE    which kind: pv\n"
            "-n NUMBER  which one of them: 0",
    .letters = "n:t:",
    .min_args = 1,
    .run = console,
};
