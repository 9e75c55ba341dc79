/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* slipway inspect: what a kernel file is. */
#include "cli.h"

static int run(const struct cli_args *args)
{
    struct slip_image *image = NULL;
    struct slip_error *err = NULL;
    char *text = NULL;
    int rc, code;

    if (slip_image_open(args->names[0], &image, &err) < 0)
        return cli_fail(args, err, CLI_IMAGE);
    rc = (args->json ? slip_image_to_json : slip_image_to_text)(image, &text, &err);
    code = cli_print_text(args, rc, text, err);
    slip_image_free(image);
    return code;
}

const struct cli_verb cli_verb_inspect = {
    .name = "inspect",
    .summary = "say what a kernel file is and where it boots",
    .usage = "[--json] IMAGE",
    .options = "j",
    .min_args = 1,
    .max_args = 1,
    .about =
        "Reads the kernel file IMAGE and says what it is: format, compression, sizes, segments, notes, entry points; in "
        "which containers it boots, and why not in the others. Starts nothing.",
    .run = run,
};
