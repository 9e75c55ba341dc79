/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The named checks: what must hold of a guest in whatever format it was written. Each looks at one thing and points at where
 * it was written. They run on a guest whose defaults are filled in.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "guest/limits.h"
#include "guest/rules.h"
#include "guest/uuid.h"

static const char *name_problem(const char *name)
{
    size_t len = strlen(name);

    if (len == 0)
        return "is empty";
    if (strspn(name, "0123456789") == len)
        return "is all digits, which would be a domain's number";
    if (name[0] == '.' || name[0] == '-')
        return "begins with '.' or '-'";
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)name[i];

        if (c == '/')
            return "has a '/' in it";
        if (c <= ' ' || c == 0x7f)
            return "has white space or a control character in it";
    }
    return NULL;
}

static void check_name(struct slip_rules *r)
{
    const struct slip_str *name = &r->guest->name;
    const char *problem;
    struct slip_diag *d;

    if (!SLIP_IS_SET(*name)) {
        if (r->strictness.damaged)
            return;
        d = slip__diag(r->diags, SLIP_CODE_NAME_MISSING, slip__rules_whole(r),
                       "the guest has no name");
        slip__diag_hint(d, "add name = \"...\"");
        return;
    }
    if (strlen(name->value) > SLIP_LIMIT_NAME_BYTES) {
        slip__diag(r->diags, SLIP_CODE_BAD_NAME, name->mark.span,
                   "the name has %zu bytes, the limit is %u", strlen(name->value),
                   SLIP_LIMIT_NAME_BYTES);
        return;
    }
    problem = name_problem(name->value);
    if (problem)
        slip__diag(r->diags, SLIP_CODE_BAD_NAME, name->mark.span, "the name %s", problem);
}

static void check_uuid(struct slip_rules *r)
{
    const struct slip_str *uuid = &r->guest->uuid;
    char text[SLIP_UUID_TEXT_BYTES];
    struct slip_diag *d;

    if (slip__uuid_normalize(uuid->value, text))
        return;
    d = slip__diag(r->diags, SLIP_CODE_BAD_UUID, uuid->mark.span, "'%.60s' is not a UUID",
                   uuid->value);
    slip__diag_hint(d, "32 hexadecimal digits, as in 4a3c1e0e-8b1f-4d8e-9a57-0d2b6c7f1e90");
}

static void check_memory(struct slip_rules *r)
{
    const struct slip_guest *g = r->guest;
    struct slip_diag *d;

    if (g->maxmem.value >= g->memory.value)
        return;
    d = slip__diag(r->diags, SLIP_CODE_MAXMEM_TOO_SMALL, g->maxmem.mark.span,
                   "'maxmem' is %lld MiB, below the %lld MiB of 'memory'",
                   (long long)g->maxmem.value, (long long)g->memory.value);
    slip__diag_note(d, g->memory.mark.span, "'memory' is set here");
}

static void check_vcpus(struct slip_rules *r)
{
    const struct slip_guest *g = r->guest;
    struct slip_diag *d;

    if (g->maxvcpus.value >= g->vcpus.value)
        return;
    d = slip__diag(r->diags, SLIP_CODE_MAXVCPUS_TOO_SMALL, g->maxvcpus.mark.span,
                   "'maxvcpus' is %lld, below the %lld of 'vcpus'", (long long)g->maxvcpus.value,
                   (long long)g->vcpus.value);
    slip__diag_note(d, g->vcpus.mark.span, "'vcpus' is set here");
}

static void check_modules(struct slip_rules *r)
{
    const struct slip_strs *ramdisk = &r->guest->ramdisk;

    if (ramdisk->count > SLIP_LIMIT_MODULES)
        slip__diag(r->diags, SLIP_CODE_TOO_MANY_MODULES, ramdisk->mark.span,
                   "there are %zu modules, the limit is %u", ramdisk->count, SLIP_LIMIT_MODULES);
}

static void check_cmdline(struct slip_rules *r)
{
    const struct slip_str *cmdline = &r->guest->cmdline;

    if (SLIP_IS_SET(*cmdline) && strlen(cmdline->value) > SLIP_LIMIT_CMDLINE_BYTES)
        slip__diag(r->diags, SLIP_CODE_CMDLINE_TOO_LONG, cmdline->mark.span,
                   "the command line has %zu bytes, the limit is %u", strlen(cmdline->value),
                   SLIP_LIMIT_CMDLINE_BYTES);
}

static void not_empty(struct slip_rules *r, const char *key, const struct slip_str *str)
{
    if (SLIP_IS_SET(*str) && !str->value[0])
        slip__diag(r->diags, SLIP_CODE_EMPTY_VALUE, str->mark.span, "'%s' is empty", key);
}

static void check_empty(struct slip_rules *r)
{
    const struct slip_guest *g = r->guest;

    not_empty(r, "kernel", &g->kernel);
    not_empty(r, "firmware", &g->firmware);
    not_empty(r, "bootloader", &g->bootloader);
    not_empty(r, "device_model_override", &g->device_model_override);
    for (size_t i = 0; i < g->ramdisk.count; i++)
        not_empty(r, "ramdisk", &g->ramdisk.items[i]);
}

/* The best place for a disk: what was written of it, else the list. */
static struct slip_span disk_span(const struct slip_guest *g, const struct slip_disk *disk)
{
    const struct slip_mark *marks[] = {&disk->target.mark, &disk->vdev.mark, &disk->format.mark};

    for (size_t i = 0; i < SLIP_COUNT(marks); i++) {
        if (marks[i]->span.source)
            return marks[i]->span;
    }
    return g->disk.mark.span;
}

static void check_disks(struct slip_rules *r)
{
    const struct slip_guest *g = r->guest;
    struct slip_diag *d;

    for (size_t i = 0; i < g->disk.count; i++) {
        const struct slip_disk *disk = &g->disk.items[i];

        if (!SLIP_IS_SET(disk->vdev)) {
            d = slip__diag(r->diags, SLIP_CODE_DISK_INCOMPLETE, disk_span(g, disk),
                           "disk %zu has no vdev", i + 1);
            slip__diag_hint(d, "by position it is the third part: TARGET,raw,xvda");
        }
        if (!SLIP_IS_SET(disk->target) && !disk->cdrom.value)
            slip__diag(r->diags, SLIP_CODE_DISK_INCOMPLETE, disk_span(g, disk),
                       "disk %zu has no target", i + 1);
        if (disk->cdrom.value && disk->access.value == SLIP_DISK_ACCESS_RW) {
            d = slip__diag(r->diags, SLIP_CODE_CDROM_READ_ONLY, disk->access.mark.span,
                           "the guest can't write to a CD-ROM: it is read-only");
            slip__diag_note(d, disk->cdrom.mark.span, "a CD-ROM because of this");
            slip__num_set(&r->guest->disk.items[i].access, SLIP_DISK_ACCESS_RO, disk->access.mark);
        }
    }
}

static void check_vdevs(struct slip_rules *r)
{
    const struct slip_disk_list *list = &r->guest->disk;

    for (size_t i = 0; i < list->count; i++) {
        for (size_t k = 0; k < i && SLIP_IS_SET(list->items[i].vdev); k++) {
            const struct slip_str *a = &list->items[k].vdev, *b = &list->items[i].vdev;
            struct slip_diag *d;

            if (!SLIP_IS_SET(*a) || strcmp(a->value, b->value) != 0)
                continue;
            d = slip__diag(r->diags, SLIP_CODE_VDEV_REPEATED, b->mark.span, "two disks are '%.60s'",
                           b->value);
            slip__diag_note(d, a->mark.span, "the other one is here");
            break;
        }
    }
}

static const char *mac_problem(const char *mac)
{
    bool zero = true;

    if (strlen(mac) != 17)
        return "is not six hexadecimal bytes with colons between them";
    for (size_t i = 0; i < 17; i++) {
        bool colon = i % 3 == 2;

        if (colon ? mac[i] != ':' : !isxdigit((unsigned char)mac[i]))
            return "is not six hexadecimal bytes with colons between them";
        if (!colon && mac[i] != '0')
            zero = false;
    }
    if (zero)
        return "is all zeros";
    return strchr("13579bdfBDF", mac[1]) ? "is a multicast address: its first byte is odd" : NULL;
}

static void check_macs(struct slip_rules *r)
{
    const struct slip_vif_list *list = &r->guest->vif;

    for (size_t i = 0; i < list->count; i++) {
        const struct slip_str *mac = &list->items[i].mac;
        const char *problem = mac_problem(mac->value);
        struct slip_diag *d;

        if (problem) {
            slip__diag(r->diags, SLIP_CODE_BAD_MAC, mac->mark.span, "'%.60s' %s", mac->value,
                       problem);
            continue;
        }
        for (size_t k = 0; k < i; k++) {
            if (strcasecmp(list->items[k].mac.value, mac->value) != 0)
                continue;
            d = slip__diag(r->diags, SLIP_CODE_MAC_REPEATED, mac->mark.span,
                           "two interfaces have the address %s", mac->value);
            slip__diag_note(d, list->items[k].mac.mark.span, "the other one is here");
            break;
        }
    }
}

/* One of words, or an error that lists them. */
static void check_word(struct slip_rules *r, const char *key, const struct slip_str *str,
                       const char *const *words, size_t n_words)
{
    struct slip_diag *d;
    char list[128];
    size_t len = 0;

    for (size_t i = 0; i < n_words; i++) {
        if (!SLIP_IS_SET(*str) || strcmp(words[i], str->value) == 0)
            return;
        len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", i ? ", " : "", words[i]);
    }
    d = slip__diag(r->diags, SLIP_CODE_UNKNOWN_WORD, str->mark.span, "'%s' can't be '%.60s'", key,
                   str->value);
    slip__diag_hint(d, "one of %s", list);
}

static void check_words(struct slip_rules *r)
{
    static const char *const vif_types[] = {"vif", "ioemu"};
    static const char *const backends[] = {"phy", "qdisk", "tap", "standalone"};
    static const char *const versions[] = {"qemu-xen", "qemu-xen-traditional"};
    const struct slip_guest *g = r->guest;

    for (size_t i = 0; i < g->vif.count; i++)
        check_word(r, "type", &g->vif.items[i].type, vif_types, SLIP_COUNT(vif_types));
    for (size_t i = 0; i < g->disk.count; i++)
        check_word(r, "backendtype", &g->disk.items[i].backendtype, backends, SLIP_COUNT(backends));
    check_word(r, "device_model_version", &g->device_model_version, versions, SLIP_COUNT(versions));
}

static void check_device_model(struct slip_rules *r)
{
    const struct slip_field *type = slip__field_find(&slip__record_guest, "type");

    for (size_t i = 0; i < slip__record_guest.n_fields && r->guest->type.value != SLIP_TYPE_HVM;
         i++) {
        const struct slip_field *field = &slip__record_guest.fields[i];
        const struct slip_mark *mark = slip__field_mark(field, r->guest);

        if (strncmp(field->key, "device_model_", 13) == 0 && mark->origin == SLIP_GIVEN &&
            strcmp(field->key, "device_model_args_pv") != 0)
            slip__diag(r->diags, SLIP_CODE_DEVICE_MODEL_IDLE, mark->span,
                       "'%s' has no effect: a %s guest has no device model", field->key,
                       slip__enum_word(type->words, r->guest->type.value));
    }
}

static const struct {
    const char *name;
    void (*run)(struct slip_rules *r);
} checks[] = {
    {"name", check_name},   {"uuid", check_uuid},       {"memory", check_memory},
    {"vcpus", check_vcpus}, {"modules", check_modules}, {"cmdline", check_cmdline},
    {"empty", check_empty}, {"disks", check_disks},     {"vdevs", check_vdevs},
    {"macs", check_macs},   {"words", check_words},     {"device-model", check_device_model},
};

void slip__rules_check_devices(struct slip_rules *r)
{
    check_disks(r);
    check_vdevs(r);
    check_macs(r);
    check_words(r);
}

void slip__rules_check(struct slip_rules *r)
{
    for (size_t i = 0; i < SLIP_COUNT(checks); i++)
        checks[i].run(r);
    slip__rules_check_form(r);
    slip__rules_check_type(r);
    slip__rules_check_emulated(r);
    slip__rules_check_together(r);
}
