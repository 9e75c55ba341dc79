/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* slipway unpause: lets paused guests go on. */
#include "cli.h"

static int run(const struct cli_args *args)
{
    return cli_domain_each(args, slip_domain_unpause);
}

const struct cli_verb cli_verb_unpause = {
    .name = "unpause",
    .summary = "let a paused guest go on",
    .usage = "[--json] NAME...",
    .options = "j",
    .min_args = 1,
    .max_args = -1,
    .about = "Lets each paused guest NAME go on, or take its first step if it was created with -p.",
    .run = run,
};
