/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading a description and saying what is wrong with it: the first step of run, create and plan. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "render.h"
#include "text.h"

/* Returns how many diagnostics were new. */
static size_t show_new(const struct cli_args *args, struct cli_guest *g)
{
    struct render r = {.out = stderr,
                       .color = text_color(stderr),
                       .json = args->json,
                       .name = strcmp(g->path, "-") == 0 ? "<stdin>" : g->path};
    size_t before = g->shown;

    render_diags(&r, g->diags, before);
    g->shown = slip_diags_count(g->diags);
    return g->shown - before;
}

int cli_guest_report(const struct cli_args *args, struct cli_guest *g, int rc,
                     struct slip_error *err)
{
    size_t shown = show_new(args, g);

    if (rc == SLIP_OK)
        return CLI_OK;
    if (rc != SLIP_EDESC || shown == 0)
        return cli_fail(args, err, g->guest ? CLI_ENGINE : CLI_DESCRIPTION);
    slip_error_free(err);
    return CLI_DESCRIPTION;
}

/* /dev/null is a description that says nothing: the overrides say it all. */
static int load(struct cli_guest *g, struct slip_guest_options *options, struct slip_error **err)
{
    if (strcmp(g->path, "/dev/null") != 0)
        return slip_guest_load(g->path, options, g->diags, &g->guest, err);
    options->format = "xl";
    return slip_guest_parse(g->path, NULL, "", 0, options, g->diags, &g->guest, err);
}

int cli_guest_load(const struct cli_args *args, struct cli_guest *ret)
{
    struct slip_guest_options options = {.size = sizeof(options),
                                         .flags = (args->xl_compat ? SLIP_GUEST_XL_COMPAT : 0) |
                                                  (args->to || args->type ? SLIP_GUEST_CONVERT : 0),
                                         .format = args->from,
                                         .overrides = (const char *const *)args->names + 1,
                                         .n_overrides = (size_t)args->n - 1,
                                         .ret_format = &ret->format};
    struct slip_error *err = NULL;
    uint64_t start = text_now_us();
    int rc;

    *ret = (struct cli_guest){.path = args->names[0], .diags = slip_diags_new()};
    if (!ret->diags)
        return cli_error(args, CLI_ENGINE, NULL, "out of memory");
    rc = load(ret, &options, &err);
    ret->parse_us = text_now_us() - start;
    return cli_guest_report(args, ret, rc, err);
}

void cli_guest_dispose(struct cli_guest *g)
{
    slip_guest_free(g->guest);
    slip_diags_free(g->diags);
    *g = (struct cli_guest){0};
}
