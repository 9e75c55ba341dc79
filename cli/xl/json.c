/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest in the words of libxl's JSON (libxl_domain_config, tools/libs/light/libxl_types.idl): what xl prints for create -n
 * and list -l, and what programs that call xl read. As there, what has its default and was not asked for is left out.
 *
 * A description comes as the JSON of slip_guest_to_json(): each field {"value": V, "from": "description" | "default"}.
 */
#include <stdlib.h>
#include <string.h>

#include "xl.h"

/* The value of a field, borrowed; NULL if it has none, or (given) only a default. */
static json_t *field(const json_t *object, const char *name, bool given)
{
    const json_t *f = json_object_get(object, name);
    const char *from = json_string_value(json_object_get(f, "from"));

    return given && (!from || strcmp(from, "description") != 0) ? NULL
                                                                : json_object_get(f, "value");
}

static void put(json_t *to, const char *name, json_t *value)
{
    if (value)
        json_object_set_new(to, name, value);
}

/* What libxl calls a field of ours; what == WORDS: the same word. */
struct rename {
    const char *from, *to;
};

static void put_given(json_t *to, const json_t *from, const struct rename *names, size_t n)
{
    json_t *value;

    for (size_t i = 0; i < n; i++) {
        value = field(from, names[i].from, true);
        if (value)
            json_object_set(to, names[i].to, value);
    }
}

/* Our words for what to do at an end have dashes where libxl's have underscores, and one differs. */
static json_t *action(const char *word)
{
    static const struct rename words[] = {{"rename-restart", "restart_rename"},
                                          {"coredump-destroy", "coredump_destroy"},
                                          {"coredump-restart", "coredump_restart"},
                                          {"soft-reset", "soft_reset"}};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(word, words[i].from) == 0)
            return json_string(words[i].to);
    }
    return json_string(word);
}

static json_t *integers_below(json_int_t n)
{
    json_t *array = json_array();

    for (json_int_t i = 0; i < n; i++)
        json_array_append_new(array, json_integer(i));
    return array;
}

static json_t *disk_json(const json_t *disk)
{
    static const struct rename names[] = {{"target", "pdev_path"},
                                          {"vdev", "vdev"},
                                          {"backendtype", "backend"},
                                          {"script", "script"}};
    json_t *json = json_object(), *format = field(disk, "format", false);
    const char *access = json_string_value(field(disk, "access", false));
    bool cdrom = json_is_true(field(disk, "cdrom", false));

    put_given(json, disk, names, sizeof(names) / sizeof(names[0]));
    if (format)
        json_object_set(json, "format", format);
    if (cdrom) {
        put(json, "removable", json_integer(1));
        put(json, "is_cdrom", json_integer(1));
    }
    if (!access || strcmp(access, "rw") == 0)
        put(json, "readwrite", json_integer(1));
    return json;
}

static json_t *nic_json(const json_t *vif, size_t index)
{
    static const struct rename names[] = {
        {"mac", "mac"},       {"bridge", "bridge"}, {"model", "model"}, {"vifname", "ifname"},
        {"script", "script"}, {"ip", "ip"},         {"type", "nictype"}};
    json_t *json = json_pack("{s:i}", "devid", (int)index);

    put_given(json, vif, names, sizeof(names) / sizeof(names[0]));
    return json;
}

static json_t *create_info(const json_t *guest)
{
    json_t *json = json_object();

    json_object_set(json, "type", field(guest, "type", false));
    json_object_set(json, "name", field(guest, "name", false));
    json_object_set(json, "uuid", field(guest, "uuid", false));
    put(json, "run_hotplug_scripts", json_string("True"));
    return json;
}

static void put_memory(json_t *to, json_int_t max_mib, json_int_t mib)
{
    put(to, "max_memkb", json_integer(max_mib * 1024));
    put(to, "target_memkb", json_integer(mib * 1024));
}

static void put_kind(json_t *to, const char *type)
{
    char name[32];

    snprintf(name, sizeof(name), "type.%s", type ? type : "invalid");
    put(to, name, json_object());
    put(to, "arch_arm", json_object());
    put(to, "arch_x86", json_object());
}

/* One string, or the first of several: libxl has one ramdisk. */
static json_t *first_of(json_t *value)
{
    return json_is_array(value) ? json_array_get(value, 0) : value;
}

static json_t *build_info(const json_t *guest)
{
    static const struct rename names[] = {{"kernel", "kernel"},
                                          {"bootloader", "bootloader"},
                                          {"bootloader_args", "bootloader_args"},
                                          {"firmware", "firmware"}};
    json_t *json = json_object(), *value;

    put(json, "max_vcpus", json_integer(json_integer_value(field(guest, "maxvcpus", false))));
    put(json, "avail_vcpus", integers_below(json_integer_value(field(guest, "vcpus", false))));
    put_memory(json, json_integer_value(field(guest, "maxmem", false)),
               json_integer_value(field(guest, "memory", false)));
    put(json, "sched_params", json_object());
    put(json, "claim_mode", json_string("True"));
    put_given(json, guest, names, sizeof(names) / sizeof(names[0]));
    value = field(guest, "cmdline", false);
    if (value && *json_string_value(value))
        json_object_set(json, "cmdline", value);
    value = first_of(field(guest, "ramdisk", true));
    if (value)
        json_object_set(json, "ramdisk", value);
    put_kind(json, json_string_value(field(guest, "type", false)));
    return json;
}

static json_t *devices_json(const json_t *list, bool disks)
{
    json_t *array = json_array();

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);

        json_array_append_new(array, disks ? disk_json(item) : nic_json(item, i));
    }
    return array;
}

static void put_actions(json_t *to, const json_t *guest)
{
    static const char *const names[] = {"on_poweroff", "on_reboot", "on_watchdog", "on_crash"};
    const char *word;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        word = json_string_value(field(guest, names[i], false));
        if (word && strcmp(word, "destroy") != 0)
            put(to, names[i], action(word));
    }
    put(to, "on_soft_reset", json_string("soft_reset"));
}

json_t *xl_json_guest(const struct slip_guest *guest)
{
    json_t *from, *json, *list;
    char *text = NULL;

    if (slip_guest_to_json(guest, &text, NULL) < 0)
        return NULL;
    from = json_loads(text, 0, NULL);
    free(text);
    if (!from)
        return NULL;
    json = json_pack("{s:o, s:o}", "c_info", create_info(from), "b_info", build_info(from));
    list = field(from, "disk", false);
    if (json_array_size(list))
        put(json, "disks", devices_json(list, true));
    list = field(from, "vif", false);
    if (json_array_size(list))
        put(json, "nics", devices_json(list, false));
    put_actions(json, from);
    json_decref(from);
    return json;
}

struct device_lists {
    json_t *disks, *nics;
};

static int add_device(const struct slip_device_info *d, void *payload)
{
    struct device_lists *lists = payload;
    json_t *json;

    if (d->kind == SLIP_DEVICE_DISK) {
        json = json_pack("{s:s, s:s, s:s, s:s}", "pdev_path", d->target, "vdev", d->name, "backend",
                         d->backend, "format", "raw");
        if (!d->read_only)
            put(json, "readwrite", json_integer(1));
        return json_array_append_new(lists->disks, json);
    }
    json = json_pack("{s:i, s:s}", "devid", d->devid, "mac", d->mac);
    if (*d->target)
        put(json, "bridge", json_string(d->target));
    return json_array_append_new(lists->nics, json);
}

static void put_devices(json_t *to, struct slip_domain *domain)
{
    struct device_lists lists = {json_array(), json_array()};

    /* An engine that can't list them has none to show. */
    slip_domain_device_list(domain, add_device, &lists, NULL);
    if (json_array_size(lists.disks))
        json_object_set(to, "disks", lists.disks);
    if (json_array_size(lists.nics))
        json_object_set(to, "nics", lists.nics);
    json_decref(lists.disks);
    json_decref(lists.nics);
}

/* What the domain's toolstack wrote down; NULL if it did not. */
static json_t *written(struct slip_domain *domain)
{
    char *text = NULL;
    json_t *json;

    if (!domain || slip_domain_config(domain, &text, NULL) < 0)
        return NULL;
    json = json_loads(text, JSON_DISABLE_EOF_CHECK, NULL); /* libxl ends it with a zero byte */
    free(text);
    return json;
}

json_t *xl_json_domain(const struct slip_domain_info *info, struct slip_domain *domain)
{
    json_int_t mib = (json_int_t)(info->memory_bytes >> 20);
    json_t *create, *build, *json = xl_is_host(info) ? NULL : written(domain);

    if (json)
        return json;
    create = json_object();
    build = json_object();
    put(create, "type", json_string(info->type));
    put(create, "name", json_string(info->name));
    if (!xl_is_host(info)) { /* libxl knows nothing of how that was made */
        put(create, "uuid", json_string(info->uuid));
        put(build, "max_vcpus", json_integer(info->vcpus));
        put(build, "avail_vcpus", integers_below(info->vcpus));
    }
    put_memory(build, mib, mib);
    put(build, "sched_params", json_object());
    put_kind(build, info->type);
    json = json_pack("{s:o, s:o}", "c_info", create, "b_info", build);
    if (domain)
        put_devices(json, domain);
    return json;
}

int xl_json_print(json_t *json, FILE *out)
{
    int r = json ? json_dumpf(json, out, JSON_INDENT(4)) : -1;

    json_decref(json);
    fputs("\n", out);
    return r < 0 ? XL_FAILED : XL_OK;
}
