/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* slipway shutdown: presses the power button. */
#include "cli.h"

static int run(const struct cli_args *args)
{
    return cli_domain_each(args, slip_domain_shutdown);
}

const struct cli_verb cli_verb_shutdown = {
    .name = "shutdown",
    .summary = "press a guest's power button",
    .usage = "[--json] NAME...",
    .options = "j",
    .min_args = 1,
    .max_args = -1,
    .about =
        "Presses the power button of each guest NAME and returns at once. The guest decides what to do; when it powers off, its on_poweroff says what happens.",
    .run = run,
};
