/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* slipway info: what the host is, or all about one guest. */
#include <string.h>

#include "cli.h"
#include "text.h"

/* As wide as `xl info` has it, so that what reads the one reads the other. */
#define NAME_COLUMNS 22

static void print_pair(const char *name, const char *value)
{
    printf("%-*s : ", NAME_COLUMNS, name);
    text_print(stdout, value);
    fputs("\n", stdout);
}

/* --- the host --------------------------------------------------------------------------------------------------- */

static int print_host_pair(const char *name, const char *value, void *payload)
{
    (void)payload;
    print_pair(name, value);
    return 0;
}

static int add_host_pair(const char *name, const char *value, void *payload)
{
    return json_object_set_new(payload, name, text_json(value, strlen(value)));
}

static int host_info(const struct cli_args *args)
{
    json_t *object = args->json ? json_object() : NULL;
    struct slip_error *err = NULL;

    if (slip_engine_info(args->engine, args->json ? add_host_pair : print_host_pair, object, &err) <
        0) {
        json_decref(object);
        return cli_fail(args, err, CLI_FAILED);
    }
    return args->json ? cli_print_json(args, object) : CLI_OK;
}

/* --- a guest ---------------------------------------------------------------------------------------------------- */

static const char *kind_name(enum slip_device_kind kind)
{
    return kind == SLIP_DEVICE_DISK ? "disk" : kind == SLIP_DEVICE_VIF ? "vif" : "device";
}

/* XenbusState of xen/include/public/io/xenbus.h. */
static const char *device_state(int state)
{
    static const char *const words[] = {"unknown",     "initialising",  "waiting",
                                        "initialised", "connected",     "closing",
                                        "closed",      "reconfiguring", "reconfigured"};

    return state >= 0 && (size_t)state < sizeof(words) / sizeof(words[0]) ? words[state] : words[0];
}

static int print_device(const struct slip_device_info *d, void *payload)
{
    char text[512];

    (void)payload;
    snprintf(text, sizeof(text), "%s (%d), %s%s%s%s%s%s%s%s", d->name, d->devid,
             device_state(d->state), d->read_only ? ", read-only" : "", d->mac[0] ? ", " : "",
             d->mac, d->backend[0] ? ", by " : "", d->backend, d->target[0] ? ": " : "", d->target);
    print_pair(kind_name(d->kind), text);
    return 0;
}

static int add_device(const struct slip_device_info *d, void *payload)
{
    return json_array_append_new(
        payload, json_pack("{s:s, s:i, s:s, s:s, s:o, s:s, s:s, s:b}", "kind", kind_name(d->kind),
                           "devid", d->devid, "name", d->name, "backend", d->backend, "target",
                           text_json(d->target, strlen(d->target)), "mac", d->mac, "state",
                           device_state(d->state), "read_only", d->read_only));
}

static void print_guest(const struct slip_domain_info *info)
{
    char number[32], memory[32], uptime[32] = "-", cpu[32];

    print_pair("name", info->name);
    print_pair("uuid", info->uuid);
    if (info->domid >= 0) {
        snprintf(number, sizeof(number), "%d", info->domid);
        print_pair("id", number);
    }
    print_pair("state", cli_state_name(info->state));
    print_pair("type", info->type);
    print_pair("engine", info->engine);
    snprintf(memory, sizeof(memory), "%llu MiB", (unsigned long long)(info->memory_bytes >> 20));
    print_pair("memory", memory);
    snprintf(number, sizeof(number), "%u", info->vcpus);
    print_pair("vcpus", number);
    snprintf(number, sizeof(number), "%d", (int)info->supervisor_pid);
    print_pair("supervisor", info->supervisor_pid > 0 ? number : "-");
    if (info->uptime_us)
        text_duration(uptime, sizeof(uptime), info->uptime_us);
    print_pair("uptime", uptime);
    snprintf(number, sizeof(number), "%u", info->boots);
    print_pair("boots", info->boots ? number : "-");
    if (info->cpu_us) {
        text_duration(cpu, sizeof(cpu), info->cpu_us);
        print_pair("cpu_time", cpu);
    }
}

/* A guest on an engine without hot plug has no list of devices: that is no failure here. */
static int list_devices(const struct cli_args *args, struct slip_domain *domain, slip_device_fn *fn,
                        void *payload)
{
    struct slip_error *err = NULL;
    int rc = slip_domain_device_list(domain, fn, payload, &err);

    if (rc == 0 || rc == SLIP_ENOTSUP) {
        slip_error_free(err);
        return CLI_OK;
    }
    return cli_fail(args, err, CLI_FAILED);
}

static int show_json(const struct cli_args *args, struct slip_domain *domain,
                     const struct slip_domain_info *info)
{
    json_t *object = cli_domain_json(info), *devices = json_array();
    int code = list_devices(args, domain, add_device, devices);

    json_object_set_new(object, "devices", devices);
    if (code == CLI_OK)
        return cli_print_json(args, object);
    json_decref(object);
    return code;
}

static int guest_info(const struct cli_args *args, const char *name)
{
    struct slip_domain_info info = {.size = sizeof(info)};
    struct slip_domain *domain = NULL;
    struct slip_error *err = NULL;
    int code, rc;

    rc = slip_domain_open(name, &domain, &err);
    if (rc == 0)
        rc = slip_domain_info(domain, &info, &err);
    if (rc < 0) {
        code = cli_fail(args, err, CLI_FAILED);
    } else if (args->json) {
        code = show_json(args, domain, &info);
    } else {
        print_guest(&info);
        code = list_devices(args, domain, print_device, NULL);
    }
    slip_domain_free(domain);
    return code;
}

static int run(const struct cli_args *args)
{
    return args->n ? guest_info(args, args->names[0]) : host_info(args);
}

const struct cli_verb cli_verb_info = {
    .name = "info",
    .summary = "say what the host is, or all about a guest",
    .usage = "[-e ENGINE] [--json] [NAME]",
    .options = "ej",
    .min_args = 0,
    .max_args = 1,
    .about =
        "With NAME (or a number): all that is known of that guest, with its devices. Without: what the engine's hypervisor says "
        "of this host, in the words of 'xl info'.",
    .run = run,
};
