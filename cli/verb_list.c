/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* slipway list: the guests that are alive. */
#include "cli.h"
#include "text.h"

static int print_line(const struct slip_domain_info *info, void *payload)
{
    char uptime[32];

    (void)payload;
    text_duration(uptime, sizeof(uptime), info->uptime_us);
    printf("%-24s %-9s %9llu %6u  %-5s %-7s %7d  %s\n", info->name, cli_state_name(info->state),
           (unsigned long long)(info->memory_bytes >> 20), info->vcpus, info->type, info->engine,
           (int)info->supervisor_pid, uptime);
    return 0;
}

static int add_json(const struct slip_domain_info *info, void *payload)
{
    return json_array_append_new(payload, cli_domain_json(info));
}

static int run(const struct cli_args *args)
{
    json_t *array = args->json ? json_array() : NULL;
    struct slip_error *err = NULL;
    int rc;

    if (!args->json)
        printf("%-24s %-9s %9s %6s  %-5s %-7s %7s  %s\n", "NAME", "STATE", "MEM/MiB", "VCPUS",
               "TYPE", "ENGINE", "PID", "UPTIME");
    rc = slip_domain_list(args->json ? add_json : print_line, array, &err);
    if (rc < 0) {
        json_decref(array);
        return cli_fail(args, err, CLI_FAILED);
    }
    return args->json ? cli_print_json(args, array) : CLI_OK;
}

const struct cli_verb cli_verb_list = {
    .name = "list",
    .summary = "list the guests that are alive",
    .usage = "[--json]",
    .options = "j",
    .min_args = 0,
    .max_args = 0,
    .about =
        "Lists the guests of this user that are alive: name, state, memory, vCPUs, container, engine, the supervisor's "
        "process id, and for how long. With --json: an array of objects.",
    .run = run,
};
