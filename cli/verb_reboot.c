/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* slipway reboot: starts guests afresh. */
#include "cli.h"

static int run(const struct cli_args *args)
{
    return cli_domain_each(args, slip_domain_reboot);
}

const struct cli_verb cli_verb_reboot = {
    .name = "reboot",
    .summary = "start a guest afresh",
    .usage = "[--json] NAME...",
    .options = "j",
    .min_args = 1,
    .max_args = -1,
    .about =
        "Starts each guest NAME afresh: on Xen it is asked to do so itself, on other engines it is reset as if it had asked. "
        "Its on_reboot says what happens then.",
    .run = run,
};
