/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* slipway run: boots a guest, shows its console, and ends with it. */
#include "cli.h"

static int run(const struct cli_args *args)
{
    struct slip_domain *domain = NULL;
    struct cli_guest g;
    int code = cli_guest_load(args, &g);

    if (code == CLI_OK)
        code = cli_domain_start(args, &g, SLIP_CREATE_OWNED | SLIP_CREATE_CONSOLE, NULL, &domain);
    if (code == CLI_OK)
        code = cli_domain_follow(args, &g, domain, true, true);
    slip_domain_free(domain);
    cli_guest_dispose(&g);
    return code;
}

const struct cli_verb cli_verb_run = {
    .name = "run",
    .summary = "boot a guest, with its console here, and end with it",
    .usage = "[-e ENGINE] [--record FOLDER] [--xl-compat] [--json] FILE [KEY=VALUE...]",
    .options = "erxj",
    .min_args = 1,
    .max_args = -1,
    .about =
        "Boots the guest that FILE (-: standard input) describes, with its console on standard input and output, and "
        "ends with it. KEY=VALUE overrides what FILE says. Ctrl-] on a terminal leaves the guest running. If the "
        "command is interrupted, its guest ends.\n"
        "When the guest ends, one line on standard error says how, and how long each stage took; with --json it is a "
        "JSON object.\n"
        "Exit status: 0 the guest powered off, 10 it crashed, 2 the command line is wrong, 3 the description is wrong, "
        "4 the kernel or a module is wrong, 5 the engine cannot run it, 1 anything else.",
    .run = run,
};
