/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* slipway convert: the same guest in another format, and what that format can't say. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static int write_out(const struct cli_args *args, const char *text)
{
    FILE *out = stdout;
    bool bad;

    if (!args->out || strcmp(args->out, "-") == 0) {
        fputs(text, stdout);
        return CLI_OK; /* main() looks at what became of it */
    }
    out = fopen(args->out, "we");
    if (!out)
        return cli_error(args, CLI_FAILED, NULL, "cannot write %s: %s", args->out, strerror(errno));
    bad = fputs(text, out) < 0;
    bad |= fclose(out) != 0;
    if (bad)
        return cli_error(args, CLI_FAILED, NULL, "cannot write %s: %s", args->out, strerror(errno));
    return CLI_OK;
}

static bool xend_version(const char *text, unsigned *ret)
{
    *ret = 0;
    if (!text)
        return true;
    if (strlen(text) != 1 || text[0] < '1' || text[0] > '4')
        return false;
    *ret = (unsigned)(text[0] - '0');
    return true;
}

static int run(const struct cli_args *args)
{
    struct slip_convert_options options = {.size = sizeof(options),
                                           .format = args->to,
                                           .strict = args->strict,
                                           .compact = args->compact,
                                           .xl_compat = args->xl_compat};
    struct slip_error *err = NULL;
    struct cli_guest g = {0};
    char *text = NULL;
    int code;

    if (!args->to)
        return cli_error(args, CLI_USAGE, "as in --to xl", "convert needs a format to convert to");
    if (!xend_version(args->xend_version, &options.xend_version))
        return cli_error(args, CLI_USAGE, NULL,
                         "--xend-version is 1 (3.0.2), 2 (3.0.3), 3 (3.0.4) or 4 (3.1 and later)");
    code = cli_guest_load(args, &g);
    if (code == CLI_OK) {
        int rc = slip_guest_convert(g.guest, &options, g.diags, &text, NULL, &err);

        code = rc == SLIP_EINVAL ? cli_fail(args, err, CLI_USAGE)
                                 : cli_guest_report(args, &g, rc, err);
    }
    if (code == CLI_OK)
        code = write_out(args, text);
    free(text);
    cli_guest_dispose(&g);
    return code;
}

const struct cli_verb cli_verb_convert = {
    .name = "convert",
    .summary = "say the same guest in another format",
    .usage = "--to FORMAT [-o OUT] [--strict] FILE [KEY=VALUE...]",
    .options = "tfoSCXxj",
    .min_args = 1,
    .max_args = -1,
    .about =
        "Prints the guest of FILE (-: standard input) in FORMAT. What FORMAT cannot say, what it rounds, and each default that had to be "
        "written out because FORMAT's own is another, is listed on standard error; with --json each as one line. With --strict a loss is an "
        "error and nothing is printed.\n"
        "The result is canonical: converting it again to the same format gives the same bytes. Relative paths become absolute, and "
        "deprecated spellings today's.",
    .run = run,
};
