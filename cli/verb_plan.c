/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* slipway plan: what would be built, without building it. */
#include "cli.h"

static int run(const struct cli_args *args)
{
    struct cli_guest g;
    int code = cli_guest_load(args, &g);

    if (code == CLI_OK)
        code = cli_plan_print(args, &g);
    cli_guest_dispose(&g);
    return code;
}

const struct cli_verb cli_verb_plan = {
    .name = "plan",
    .summary = "show what would be built: memory map, entry, and why",
    .usage = "[-e ENGINE] [--svg OUT] [--xl-compat] [--json] FILE [KEY=VALUE...]",
    .options = "esxj",
    .min_args = 1,
    .max_args = -1,
    .about =
        "Shows the guest that FILE (-: standard input) would become: its memory map, what goes where, the state of its "
        "first vCPU, and why this protocol. Creates nothing, and needs no hypervisor and no rights. With --svg OUT it "
        "draws the memory map instead.",
    .run = run,
};
