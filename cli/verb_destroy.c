/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* slipway destroy: ends guests now. */
#include "cli.h"

static int run(const struct cli_args *args)
{
    return cli_domain_each(args, slip_domain_destroy);
}

const struct cli_verb cli_verb_destroy = {
    .name = "destroy",
    .summary = "end a guest now",
    .usage = "[--json] NAME...",
    .options = "j",
    .min_args = 1,
    .max_args = -1,
    .about = "Ends each guest NAME at once, without asking it, and returns when it is gone.",
    .run = run,
};
