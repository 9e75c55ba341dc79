/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* slipway console: a running guest's console on standard input and output. */
#include "cli.h"

static int run(const struct cli_args *args)
{
    const char *name = args->names[0];
    struct slip_domain *domain = NULL;
    struct slip_error *err = NULL;
    int code;

    if (slip_domain_open(name, &domain, &err) < 0)
        return cli_fail(args, err, CLI_FAILED);
    code = cli_domain_attach(args, domain, name);
    slip_domain_free(domain);
    return code;
}

const struct cli_verb cli_verb_console = {
    .name = "console",
    .summary = "attach to a guest's console",
    .usage = "[--json] NAME",
    .options = "j",
    .min_args = 1,
    .max_args = 1,
    .about =
        "Puts the console of the guest NAME on standard input and output: first what it printed before, as far as that "
        "is kept, then what comes. Ctrl-] on a terminal leaves; the guest runs on. Several may watch one guest.",
    .run = run,
};
