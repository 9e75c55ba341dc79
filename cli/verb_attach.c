/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* slipway attach: plugs a device into a running guest. */
#include <string.h>

#include "cli.h"
#include "render.h"
#include "text.h"

static int run(const struct cli_args *args)
{
    struct slip_diags *diags = slip_diags_new();
    struct render r = {.out = stderr, .color = text_color(stderr), .json = args->json};
    struct slip_domain *domain = NULL;
    enum slip_device_kind kind;
    struct slip_error *err = NULL;
    int rc, code;

    if (!diags)
        return cli_error(args, CLI_ENGINE, NULL, "out of memory");
    code = cli_device_kind(args, args->names[1], &kind);
    if (code != CLI_OK) {
        slip_diags_free(diags);
        return code;
    }
    rc = slip_domain_open(args->names[0], &domain, &err);
    if (rc == 0)
        rc = slip_domain_device_attach(domain, kind, args->names[2], diags, &err);
    r.name = "<command line>";
    render_diags(&r, diags, 0);
    if (rc < 0 && (rc != SLIP_EDESC || slip_diags_count(diags) == 0)) {
        code = cli_fail(args, err, CLI_FAILED);
    } else {
        code = rc < 0 ? CLI_DESCRIPTION : CLI_OK;
        slip_error_free(err);
    }
    slip_domain_free(domain);
    slip_diags_free(diags);
    return code;
}

const struct cli_verb cli_verb_attach = {
    .name = "attach",
    .summary = "plug a disk or a network interface into a guest",
    .usage = "[--json] NAME disk|vif SPEC",
    .options = "j",
    .min_args = 3,
    .max_args = 3,
    .about =
        "Plugs a device into the running guest NAME and returns when the guest can see it. SPEC is an item of disk= or vif= as in a "
        "description: 'format=raw,vdev=xvdb,access=rw,target=/data/b.img', 'bridge=xenbr0'. The guest keeps it through restarts. Relative "
        "paths start here.",
    .run = run,
};
