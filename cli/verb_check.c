/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* slipway check: what is wrong with descriptions, and nothing else. */
#include <string.h>

#include "cli.h"
#include "render.h"
#include "text.h"

static int check_file(const struct cli_args *args, const char *path)
{
    struct slip_guest_options options = {.size = sizeof(options),
                                         .flags = args->xl_compat ? SLIP_GUEST_XL_COMPAT : 0};
    struct render r = {.out = args->json ? stdout : stderr,
                       .color = text_color(stderr),
                       .json = args->json,
                       .name = strcmp(path, "-") == 0 ? "<stdin>" : path};
    struct slip_diags *diags = slip_diags_new();
    struct slip_guest *guest = NULL;
    struct slip_error *err = NULL;
    int rc, code;

    if (!diags)
        return cli_error(args, CLI_ENGINE, NULL, "out of memory");
    rc = slip_guest_load(path, &options, diags, &guest, &err);
    render_diags(&r, diags, 0);
    code = cli_exit_of(rc, CLI_DESCRIPTION);
    if (rc < 0 && (rc != SLIP_EDESC || slip_diags_count(diags) == 0))
        cli_fail(args, err, CLI_DESCRIPTION);
    else
        slip_error_free(err);
    slip_guest_free(guest);
    slip_diags_free(diags);
    return code;
}

static int run(const struct cli_args *args)
{
    int code = CLI_OK, one;

    for (int i = 0; i < args->n; i++) {
        one = check_file(args, args->names[i]);
        if (code == CLI_OK)
            code = one;
    }
    return code;
}

const struct cli_verb cli_verb_check = {
    .name = "check",
    .summary = "say what is wrong with descriptions",
    .usage = "[--xl-compat] [--json] FILE...",
    .options = "xj",
    .min_args = 1,
    .max_args = -1,
    .about =
        "Reads each FILE (-: standard input) and prints what is wrong with it. Opens nothing that a FILE names, needs "
        "no hypervisor and no rights.\n"
        "Exit status: 0 if there is no error (warnings may have been printed), 3 if there is one. With --json each "
        "diagnostic is one line on standard output.",
    .run = run,
};
