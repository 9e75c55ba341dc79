/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl shutdown, xl reboot: asks guests to end or to start afresh. */
#include <stdlib.h>
#include <time.h>

#include "xl.h"

/* What tells the two apart. */
struct request {
    const char *doing; /* "Shutting down" */
    const char *name;
    int (*ask)(struct slip_domain *domain, struct slip_error **err);
    bool ends; /* the domain ends by it */
};

static const struct request requests[] = {
    {"Shutting down", "shutdown", slip_domain_shutdown, true},
    {"Rebooting", "reboot", slip_domain_reboot, false},
};

int xl_wait(const struct xl_args *args, struct slip_domain *domain, int *ret_reason)
{
    /* SHUTDOWN_*, Xen public/sched.h */
    static const int reasons[] = {[SLIP_END_POWEROFF] = 0,
                                  [SLIP_END_CRASHED] = 3,
                                  [SLIP_END_DESTROYED] = -1,
                                  [SLIP_END_FAILED] = -1};
    struct slip_error *err = NULL;
    enum slip_end end = SLIP_END_FAILED;

    if (slip_domain_wait(domain, &end, NULL, &err) < 0) {
        xl_say(args, err);
        return XL_FAILED;
    }
    *ret_reason = end < sizeof(reasons) / sizeof(reasons[0]) ? reasons[end] : -1;
    return XL_OK;
}

struct target {
    struct slip_domain *domain;
    int domid;
    unsigned boots;
};

static int ask(const struct xl_args *args, const struct request *r, const struct target *t)
{
    struct slip_error *err = NULL;

    fprintf(stderr, "%s domain %d\n", r->doing, t->domid);
    if (r->ask(t->domain, &err) == SLIP_OK)
        return XL_OK;
    xl_say(args, err);
    fprintf(stderr, "%s failed (rc=-3)\n", r->name);
    return XL_FAILED;
}

#define LOOK_AGAIN_NS 100000000

/* Nobody tells of a reboot, so it is looked for: the guest has another boot, another number, or is gone. */
static void wait_for_reboot(const struct target *t)
{
    const struct timespec pause = {.tv_nsec = LOOK_AGAIN_NS};
    struct slip_domain_info now = {.size = sizeof(now)};

    while (slip_domain_info(t->domain, &now, NULL) == SLIP_OK && now.boots == t->boots &&
           now.domid == t->domid && now.state != SLIP_STATE_OFF && now.state != SLIP_STATE_CRASHED)
        nanosleep(&pause, NULL);
    fprintf(stderr, "Domain %d has been shut down, reason code 1\n", t->domid);
}

static int wait_for(const struct xl_args *args, const struct target *t)
{
    int reason = 0, code = xl_wait(args, t->domain, &reason);

    if (code == XL_OK && reason < 0)
        fprintf(stderr, "Domain %d has been destroyed\n", t->domid);
    else if (code == XL_OK)
        fprintf(stderr, "Domain %d has been shut down, reason code %d\n", t->domid, reason);
    return code;
}

/* Asks all of them, then waits for all of them. The first that can't be asked ends it. */
static int ask_all(const struct xl_args *args, const struct request *r,
                   const struct target *targets, size_t n)
{
    int code = XL_OK;

    for (size_t i = 0; code == XL_OK && i < n; i++)
        code = ask(args, r, &targets[i]);
    if (code != XL_OK || !args->set['w'])
        return code;
    fprintf(stderr, "Waiting for %zu domains\n", n);
    for (size_t i = 0; code == XL_OK && i < n; i++) {
        if (r->ends)
            code = wait_for(args, &targets[i]);
        else
            wait_for_reboot(&targets[i]);
    }
    return code;
}

static int on_all(const struct xl_args *args, const struct request *r)
{
    struct xl_domains domains;
    struct target *targets;
    size_t n = 0;
    int code = xl_domains_get(args, &domains);

    if (code != XL_OK)
        return code;
    targets = calloc(domains.n + 1, sizeof(*targets));
    for (size_t i = 0; targets && i < domains.n; i++) {
        const struct slip_domain_info *info = &domains.infos[i];
        struct slip_error *err = NULL;
        char number[16];

        if (xl_is_host(info))
            continue;
        snprintf(number, sizeof(number), "%d", info->domid);
        targets[n].domid = info->domid;
        targets[n].boots = info->boots;
        if (slip_domain_open(info->domid > 0 ? number : info->name, &targets[n].domain, &err) == 0)
            n++;
        else
            slip_error_free(err); /* it ended since */
    }
    code = targets ? ask_all(args, r, targets, n)
                   : cli_error(&args->cli, CLI_FAILED, NULL, "out of memory");
    while (n > 0)
        slip_domain_free(targets[--n].domain);
    free(targets);
    xl_domains_dispose(&domains);
    return code;
}

static int on_one(const struct xl_args *args, const struct request *r)
{
    struct slip_domain_info info = {.size = sizeof(info), .domid = -1};
    struct target target = {0};
    int code = xl_open(args, args->names[0], &target.domain);

    if (code != XL_OK)
        return code;
    slip_domain_info(target.domain, &info, NULL);
    target.domid = info.domid;
    target.boots = info.boots;
    code = ask_all(args, r, &target, 1);
    slip_domain_free(target.domain);
    return code;
}

static int run(const struct xl_args *args, const struct request *r)
{
    if (args->n == 0 && !args->set['a']) {
        fputs("You must specify -a or a domain id.\n\n", stderr);
        return XL_FAILED;
    }
    return args->set['a'] ? on_all(args, r) : on_one(args, r);
}

static int do_shutdown(const struct xl_args *args)
{
    return run(args, &requests[0]);
}

static int reboot(const struct xl_args *args)
{
    return run(args, &requests[1]);
}

static const struct option longs[] = {{"all", no_argument, NULL, 'a'},
                                      {"wait", no_argument, NULL, 'w'},
                                      {"help", no_argument, NULL, 'h'},
                                      {0}};

const struct xl_verb xl_verb_shutdown = {
    .name = "shutdown",
    .summary = "Ask a guest to power off",
    .usage = "[options] <-a|Domain>",
    .help = "-a, --all   all guests\n"
            "-w, --wait  return when they have\n"
            "-F          by ACPI if it has no other way (all that Slipway builds have one)",
    .letters = "awF",
    .longs = longs,
    .changes = true,
    .run = do_shutdown,
};

const struct xl_verb xl_verb_reboot = {
    .name = "reboot",
    .summary = "Ask a guest to start afresh",
    .usage = "[options] <-a|Domain>",
    .help = "-a, --all   all guests\n"
            "-w, --wait  return when they have\n"
            "-F          by ACPI if it has no other way (all that Slipway builds have one)",
    .letters = "awF",
    .longs = longs,
    .changes = true,
    .run = reboot,
};
