/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* slipway reboot: resets guests. */
#include "cli.h"

static int run(const struct cli_args *args)
{
    return cli_domain_each(args, slip_domain_reboot);
}

const struct cli_verb cli_verb_reboot = {
    .name = "reboot",
    .summary = "reset a guest",
    .usage = "NAME...",
    .options = "",
    .min_args = 1,
    .max_args = -1,
    .about =
        "Resets each guest NAME as if it had asked for it itself: its on_reboot says what happens.",
    .run = run,
};
