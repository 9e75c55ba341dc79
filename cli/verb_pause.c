/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* slipway pause: stops guests' vCPUs. */
#include "cli.h"

static int run(const struct cli_args *args)
{
    return cli_domain_each(args, slip_domain_pause);
}

const struct cli_verb cli_verb_pause = {
    .name = "pause",
    .summary = "stop a guest's vCPUs",
    .usage = "[--json] NAME...",
    .options = "j",
    .min_args = 1,
    .max_args = -1,
    .about = "Stops the vCPUs of each guest NAME; 'slipway unpause' lets them go on.",
    .run = run,
};
