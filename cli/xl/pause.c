/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl pause, unpause, destroy. */
#include "xl.h"

typedef int act_fn(struct slip_domain *domain, struct slip_error **err);

/* xl takes any number for a domain, and then does not look at whether the hypervisor obeyed: scripts that unpause what has
 * ended already go on. */
static int act_on(const struct xl_args *args, act_fn *act)
{
    const char *name = args->names[0];
    struct slip_domain *domain = NULL;
    struct slip_error *err = NULL;
    int code = xl_open(args, name, &domain);

    if (code != XL_OK)
        return xl_is_number(name) ? XL_OK : code;
    if (act(domain, &err) < 0)
        xl_say(args, err);
    slip_domain_free(domain);
    return XL_OK;
}

static int do_pause(const struct xl_args *args)
{
    return act_on(args, slip_domain_pause);
}

const struct xl_verb xl_verb_pause = {
    .name = "pause",
    .summary = "Stop a guest where it is",
    .usage = "<Domain>",
    .letters = "",
    .min_args = 1,
    .changes = true,
    .run = do_pause,
};

static int unpause(const struct xl_args *args)
{
    return act_on(args, slip_domain_unpause);
}

const struct xl_verb xl_verb_unpause = {
    .name = "unpause",
    .summary = "Let a paused guest go on",
    .usage = "<Domain>",
    .letters = "",
    .min_args = 1,
    .changes = true,
    .run = unpause,
};

static bool is_host(struct slip_domain *domain)
{
    struct slip_domain_info info = {.size = sizeof(info), .domid = -1};

    return slip_domain_info(domain, &info, NULL) == SLIP_OK && xl_is_host(&info);
}

static int destroy(const struct xl_args *args)
{
    struct slip_domain *domain = NULL;
    struct slip_error *err = NULL;
    int code = xl_open(args, args->names[0], &domain);

    if (code != XL_OK)
        return code;
    if (is_host(domain) && !args->set['f']) {
        fputs("Not destroying domain 0; use -f to force.\n", stderr);
        code = XL_FAILED;
    } else if (slip_domain_destroy(domain, &err) < 0) {
        xl_say(args, err);
        fputs("destroy failed (rc=-3)\n", stderr);
        code = XL_FAILED;
    }
    slip_domain_free(domain);
    return code;
}

const struct xl_verb xl_verb_destroy = {
    .name = "destroy",
    .summary = "End a guest now",
    .usage = "[options] <Domain>",
    .help = "-f  even if it is domain 0",
    .letters = "f",
    .min_args = 1,
    .changes = true,
    .run = destroy,
};
