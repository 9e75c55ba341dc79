/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* slipway list: the guests that are alive. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "text.h"

/* Collected first: the columns depend on all of them. */
struct guests {
    struct slip_domain_info *items;
    size_t count, room;
    bool numbered; /* one of them has a number on a hypervisor */
};

static int add_guest(const struct slip_domain_info *info, void *payload)
{
    struct guests *g = payload;
    struct slip_domain_info *items = g->items;
    size_t room = g->room;

    if (info->domid == 0)
        return 0; /* the host itself is no guest */
    if (g->count == room) {
        room = room ? 2 * room : 16;
        items = realloc(items, room * sizeof(*items));
        if (!items)
            return 1;
        g->items = items;
        g->room = room;
    }
    items[g->count++] = *info;
    g->numbered |= info->domid > 0;
    return 0;
}

/* Those with numbers in their order, the others after them by name. */
static int in_order(const void *one, const void *two)
{
    const struct slip_domain_info *a = one, *b = two;

    if (a->domid != b->domid)
        return (unsigned)a->domid < (unsigned)b->domid ? -1 : 1;
    return strcmp(a->name, b->name);
}

static void print_number(bool is, int width, int number)
{
    if (is)
        printf(" %*d", width, number);
    else
        printf(" %*s", width, "-");
}

static void print_line(const struct slip_domain_info *info, bool numbered)
{
    char uptime[32] = "-";

    if (info->uptime_us)
        text_duration(uptime, sizeof(uptime), info->uptime_us);
    text_print(stdout, info->name[0] ? info->name : "-");
    printf("%*s", strlen(info->name) < 24 ? 24 - (int)strlen(info->name) : 0, "");
    if (numbered)
        print_number(info->domid >= 0, 5, info->domid);
    printf(" %-10s %9llu %6u  %-5s %-7s", cli_state_name(info->state),
           (unsigned long long)(info->memory_bytes >> 20), info->vcpus, info->type, info->engine);
    print_number(info->supervisor_pid > 0, 7, (int)info->supervisor_pid);
    printf("  %s\n", uptime);
}

static void print_table(const struct guests *g)
{
    printf("%-24s%s %-10s %9s %6s  %-5s %-7s %7s  %s\n", "NAME", g->numbered ? "    ID" : "",
           "STATE", "MEM/MiB", "VCPUS", "TYPE", "ENGINE", "PID", "UPTIME");
    for (size_t i = 0; i < g->count; i++)
        print_line(&g->items[i], g->numbered);
}

static int print_json(const struct cli_args *args, const struct guests *g)
{
    json_t *array = json_array();

    for (size_t i = 0; i < g->count; i++)
        json_array_append_new(array, cli_domain_json(&g->items[i]));
    return cli_print_json(args, array);
}

static int run(const struct cli_args *args)
{
    struct guests guests = {0};
    struct slip_error *err = NULL;
    int rc = slip_domain_list(add_guest, &guests, &err), code = CLI_OK;

    if (guests.count)
        qsort(guests.items, guests.count, sizeof(guests.items[0]), in_order);
    if (args->json && rc == 0)
        code = print_json(args, &guests);
    else if (!args->json && (rc == 0 || guests.count))
        print_table(&guests);
    free(guests.items);
    return rc < 0 ? cli_fail(args, err, CLI_FAILED) : code;
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
        "process id, and for how long. Where a hypervisor keeps the guests itself, all of its guests are listed, with their "
        "numbers; '-' for the process id is one without a supervisor: another toolstack made it, or its supervisor died. "
        "'half-built' is one whose maker died before it was complete: 'slipway destroy' takes it away, and so does the next guest "
        "of its name. With --json: an array of objects.",
    .run = run,
};
