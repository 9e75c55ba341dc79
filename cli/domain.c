/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the verbs on running guests share: opening them by name, starting one, describing one. */
#include <string.h>

#include "cli.h"
#include "progress.h"
#include "text.h"

static const char *const state_names[] = {
    [SLIP_STATE_BUILDING] = "building", [SLIP_STATE_RUNNING] = "running",
    [SLIP_STATE_PAUSED] = "paused",     [SLIP_STATE_CRASHED] = "crashed",
    [SLIP_STATE_OFF] = "off",           [SLIP_STATE_HALF_BUILT] = "half-built",
    [SLIP_STATE_DYING] = "dying",
};

const char *cli_state_name(enum slip_state state)
{
    size_t i = (size_t)state;

    return i < sizeof(state_names) / sizeof(state_names[0]) && state_names[i] ? state_names[i]
                                                                              : "unknown";
}

/* A number, or null for one that there is none of. */
static json_t *number_or_null(bool is, int value)
{
    return is ? json_integer(value) : json_null();
}

json_t *cli_domain_json(const struct slip_domain_info *info)
{
    return json_pack(
        "{s:o, s:s, s:s, s:s, s:s, s:o, s:o, s:I, s:I, s:I, s:i, s:I, s:b, s:b}", "name",
        text_json(info->name, strlen(info->name)), "uuid", info->uuid, "engine", info->engine,
        "type", info->type, "state", cli_state_name(info->state), "domid",
        number_or_null(info->domid >= 0, info->domid), "supervisor_pid",
        number_or_null(info->supervisor_pid > 0, (int)info->supervisor_pid), "memory_bytes",
        (json_int_t)info->memory_bytes, "vcpus", (json_int_t)info->vcpus, "uptime_us",
        (json_int_t)info->uptime_us, "boots", (int)info->boots, "cpu_us", (json_int_t)info->cpu_us,
        "on_cpu", info->on_cpu, "blocked", info->blocked);
}

int cli_domain_start(const struct cli_args *args, struct cli_guest *g, unsigned flags,
                     struct slip_domain_info *info, struct slip_domain **ret)
{
    struct progress progress;
    struct slip_create_options options = {.size = sizeof(options),
                                          .flags = flags | (args->paused ? SLIP_CREATE_PAUSED : 0),
                                          .engine = args->engine,
                                          .record = args->record,
                                          .payload = &progress,
                                          .info = info};
    struct slip_error *err = NULL;
    int rc;

    progress_init(&progress);
    if (progress.terminal)
        options.progress = progress_update; /* being told costs the builder time */
    rc = slip_domain_create(g->guest, &options, g->diags, ret, &err);
    progress_dispose(&progress);
    return cli_guest_report(args, g, rc, err);
}

static int act_on(const struct cli_args *args, const char *name, cli_domain_act *act)
{
    struct slip_domain *domain = NULL;
    struct slip_error *err = NULL;
    int rc = slip_domain_open(name, &domain, &err);

    if (rc == SLIP_OK)
        rc = act(domain, &err);
    slip_domain_free(domain);
    return rc < 0 ? cli_fail(args, err, CLI_FAILED) : CLI_OK;
}

int cli_domain_each(const struct cli_args *args, cli_domain_act *act)
{
    int code = CLI_OK, one;

    for (int i = 0; i < args->n; i++) {
        one = act_on(args, args->names[i], act);
        if (code == CLI_OK)
            code = one;
    }
    return code;
}
