/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* slipway create: starts a guest that outlives the command. */
#include "cli.h"

static void say_created(const struct slip_domain_info *info)
{
    if (info->state == SLIP_STATE_PAUSED)
        printf("guest '%s' is paused on %s; 'slipway unpause %s' starts it\n", info->name,
               info->engine, info->name);
    else
        printf("guest '%s' is %s on %s; 'slipway console %s' shows its console\n", info->name,
               cli_state_name(info->state), info->engine, info->name);
}

/* A guest that did what it had to do before we could look (on the null engine: always). */
static int report_ended(const struct cli_args *args, const char *name)
{
    if (args->json)
        return cli_print_json(args, json_pack("{s:s, s:s}", "name", name, "state", "ended"));
    printf("guest '%s' was created and has ended\n", name);
    return CLI_OK;
}

static int report(const struct cli_args *args, const struct slip_domain_info *info,
                  const char *name)
{
    if (!info->state)
        return report_ended(args, name);
    if (args->json)
        return cli_print_json(args, cli_domain_json(info));
    say_created(info);
    return CLI_OK;
}

static int create(const struct cli_args *args, struct cli_guest *g)
{
    struct slip_domain_info info = {.size = sizeof(info)};
    struct slip_domain *domain = NULL;
    unsigned flags =
        (args->foreground ? SLIP_CREATE_OWNED : 0) | (args->console ? SLIP_CREATE_CONSOLE : 0);
    int code = cli_domain_start(args, g, flags, &info, &domain);

    if (code != CLI_OK)
        return code;
    if (args->foreground)
        code = cli_domain_follow(args, g, domain, args->console, false);
    else if (args->console)
        code = cli_domain_attach(args, domain, slip_guest_name(g->guest));
    else
        code = report(args, &info, slip_guest_name(g->guest));
    slip_domain_free(domain);
    return code;
}

static int run(const struct cli_args *args)
{
    struct cli_guest g;
    int code = cli_guest_load(args, &g);

    if (code == CLI_OK)
        code = args->dry_run ? cli_plan_print(args, &g) : create(args, &g);
    cli_guest_dispose(&g);
    return code;
}

const struct cli_verb cli_verb_create = {
    .name = "create",
    .summary = "start a guest and leave it running",
    .usage = "[-p] [-c] [-F] [-n] [-e ENGINE] [--xl-compat] [--json] FILE [KEY=VALUE...]",
    .options = "pcFnexj",
    .min_args = 1,
    .max_args = -1,
    .about =
        "Starts the guest that FILE (-: standard input) describes and leaves it running. KEY=VALUE overrides what FILE "
        "says. A small supervisor process stays with the guest and carries out its on_poweroff, on_reboot and "
        "on_crash.\n"
        "With -F the command stays until the guest ends, and exits as 'slipway run' does; with -c it shows the guest's "
        "console (Ctrl-] leaves it). With -n nothing is created: the plan is printed, as by 'slipway plan'.",
    .run = run,
};
