/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Printing a plan: what `plan` does, and `create -n`. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static int write_svg(const struct cli_args *args, const struct slip_plan *plan)
{
    struct slip_error *err = NULL;
    char *svg = NULL;
    bool failed;
    FILE *f;

    if (slip_plan_to_svg(plan, &svg, &err) < 0)
        return cli_fail(args, err, CLI_FAILED);
    if (strcmp(args->svg, "-") == 0)
        return cli_print_text(args, SLIP_OK, svg, NULL);
    f = fopen(args->svg, "we");
    failed = !f || fputs(svg, f) < 0;
    if (f && fclose(f) != 0)
        failed = true;
    free(svg);
    return failed ? cli_error(args, CLI_FAILED, NULL, "cannot write '%s': %s", args->svg,
                              strerror(errno))
                  : CLI_OK;
}

int cli_plan_print(const struct cli_args *args, struct cli_guest *g)
{
    struct slip_plan *plan = NULL;
    struct slip_error *err = NULL;
    char *text = NULL;
    int rc, code;

    rc = slip_plan_new(g->guest, args->engine, g->diags, &plan, &err);
    code = cli_guest_report(args, g, rc, err);
    if (code != CLI_OK)
        return code;
    if (args->svg) {
        code = write_svg(args, plan);
    } else {
        rc = (args->json ? slip_plan_to_json : slip_plan_to_text)(plan, &text, &err);
        code = cli_print_text(args, rc, text, err);
    }
    slip_plan_free(plan);
    return code;
}
