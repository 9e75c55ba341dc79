/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Another container for the same guest, in steps that each know one subject: how it starts, the device model, disks, consoles, screens,
 * keys that the new type has no use for. It must not know any format.
 */
#include "guest/retarget.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "guest/rules.h"

struct retarget {
    struct slip_guest *guest;
    enum slip_type from, to;
    struct slip_changes *changes;
};

void slip__changes_dispose(struct slip_changes *changes)
{
    for (size_t i = 0; i < changes->count; i++) {
        free(changes->items[i].setting);
        free(changes->items[i].before);
        free(changes->items[i].after);
        free(changes->items[i].reason);
    }
    free(changes->items);
    *changes = (struct slip_changes){0};
}

static int changed(struct retarget *t, const char *setting, struct slip_span span,
                   const char *before, const char *after, const char *reason)
{
    struct slip_changes *all = t->changes;
    struct slip_change *items =
        realloc(all->items, (all->count + 1) * sizeof(*items)); /* there are few */
    struct slip_change change = {.span = span};

    if (!items)
        return -1;
    all->items = items;
    change.setting = strdup(setting);
    change.before = strdup(before);
    change.after = strdup(after);
    change.reason = strdup(reason);
    items[all->count++] = change; /* dispose takes what there is of it */
    return change.setting && change.before && change.after && change.reason ? 0 : -1;
}

static const char *type_word(enum slip_type type)
{
    const struct slip_field *field = slip__field_named(&slip__record_guest, "type");

    return slip__enum_word(field->words, type);
}

/* A value for people. */
static int value_text(const struct slip_field *field, const void *value, struct slip_buf *out)
{
    const struct slip_strs *strs = value;

    switch (field->kind) {
    case SLIP_KIND_STR:
        slip__buf_puts(out, ((const struct slip_str *)value)->value);
        break;
    case SLIP_KIND_STRS:
        for (size_t i = 0; i < strs->count; i++)
            slip__buf_printf(out, "%s%s", i ? ", " : "", strs->items[i].value);
        break;
    case SLIP_KIND_ENUM:
        slip__buf_puts(out, slip__enum_word(field->words, ((const struct slip_num *)value)->value));
        break;
    case SLIP_KIND_LIST:
        slip__buf_printf(out, "%zu", ((const struct slip_disk_list *)value)->count);
        break;
    default:
        slip__buf_printf(out, "%lld", (long long)((const struct slip_num *)value)->value);
    }
    slip__buf_puts(out, "");
    return out->failed ? -1 : 0;
}

/* Takes a field away. One that nobody gave goes without a word. prefix: what it is part of. */
static int drop(struct retarget *t, const struct slip_record *record, void *object,
                const char *prefix, const char *name, const char *reason)
{
    const struct slip_field *field = slip__field_named(record, name);
    struct slip_mark *mark = slip__field_mark(field, object), old = *mark;
    SLIP_AUTO(slip__buf_dispose) struct slip_buf before = {0};
    char setting[96];

    if (mark->origin == SLIP_UNSET)
        return 0;
    if (value_text(field, mark, &before) < 0)
        return -1;
    slip__field_dispose(field, object);
    if (old.origin != SLIP_GIVEN)
        return 0;
    snprintf(setting, sizeof(setting), "%s%s", prefix, name);
    return changed(t, setting, old.span, before.data, "", reason);
}

static int drop_key(struct retarget *t, const char *name, const char *reason)
{
    return drop(t, &slip__record_guest, t->guest, "", name, reason);
}

static int set_text(struct retarget *t, struct slip_str *str, const char *setting, const char *text,
                    const char *reason)
{
    struct slip_mark mark = {.span = str->mark.span, .origin = SLIP_GIVEN};

    if (changed(t, setting, mark.span, str->value ? str->value : "", text, reason) < 0)
        return -1;
    return slip__str_set(str, text, strlen(text), mark);
}

/* --- how it starts --------------------------------------------------------------------------------------------------- */

static bool is_pvgrub(const struct slip_guest *g)
{
    return SLIP_IS_SET(g->firmware) && strncmp(g->firmware.value, "pvgrub", 6) == 0;
}

static int start_to_hvm(struct retarget *t)
{
    if (is_pvgrub(t->guest) &&
        drop_key(t, "firmware", "a PV GRUB can't start an hvm guest: its firmware boots the disk") <
            0)
        return -1;
    return drop_key(t, "bootloader",
                    "a bootloader program can't start an hvm guest: its firmware boots the disk") <
                   0
               ? -1
               : drop_key(t, "bootloader_args", "they were the bootloader's");
}

static int start_from_hvm(struct retarget *t)
{
    static const char *const keys[] = {"bios", "bios_path_override", "firmware_override"};
    struct slip_guest *g = t->guest;
    char reason[96];

    snprintf(reason, sizeof(reason), "a %s guest has no such firmware, nor a loader for it",
             type_word(t->to));
    if (!is_pvgrub(g) && drop_key(t, "firmware", reason) < 0)
        return -1;
    for (size_t i = 0; i < SLIP_COUNT(keys); i++) {
        if (drop_key(t, keys[i], reason) < 0)
            return -1;
    }
    if (SLIP_IS_SET(g->kernel) || SLIP_IS_SET(g->firmware) || SLIP_IS_SET(g->bootloader))
        return 0;
    return set_text(t, &g->bootloader, "bootloader", "pygrub",
                    "without firmware, a bootloader program finds the kernel on the first disk");
}

static int start(struct retarget *t)
{
    struct slip_guest *g = t->guest;

    if (t->to == SLIP_TYPE_HVM)
        return start_to_hvm(t);
    if (t->from == SLIP_TYPE_HVM)
        return start_from_hvm(t);
    if (t->to == SLIP_TYPE_PVH && is_pvgrub(g) && strcmp(g->firmware.value, "pvgrub") != 0)
        return set_text(t, &g->firmware, "firmware", "pvgrub",
                        "this one starts in pv guests alone");
    return 0;
}

/* --- the device model --------------------------------------------------------------------------------------------------- */

static int device_model(struct retarget *t)
{
    static const char *const keys[] = {"device_model_version",
                                       "device_model_override",
                                       "device_model",
                                       "device_model_stubdomain_override",
                                       "device_model_stubdomain_seclabel",
                                       "stubdomain_kernel",
                                       "stubdomain_ramdisk",
                                       "stubdomain_cmdline",
                                       "stubdomain_memory",
                                       "device_model_user",
                                       "dm_restrict",
                                       "device_model_args",
                                       "device_model_args_hvm"};
    char reason[64];

    if (t->to == SLIP_TYPE_HVM)
        return 0;
    snprintf(reason, sizeof(reason), "a %s guest has no device model", type_word(t->to));
    for (size_t i = 0; i < SLIP_COUNT(keys); i++) {
        if (drop_key(t, keys[i], reason) < 0)
            return -1;
    }
    return 0;
}

/* --- disks ----------------------------------------------------------------------------------------------------------- */

static bool taken(const struct slip_guest *g, const char *vdev)
{
    for (size_t i = 0; i < g->disk.count; i++) {
        if (SLIP_IS_SET(g->disk.items[i].vdev) && strcmp(g->disk.items[i].vdev.value, vdev) == 0)
            return true;
    }
    return false;
}

/* The command line's /dev/OLD becomes /dev/NEW wherever it stands: root=/dev/hda1, resume=/dev/hda2. */
static int follow(struct retarget *t, const char *old, const char *fresh)
{
    struct slip_str *lines[] = {&t->guest->cmdline, &t->guest->root, &t->guest->extra};
    static const char *const names[] = {"cmdline", "root", "extra"};
    char from[40], reason[96];

    snprintf(from, sizeof(from), "/dev/%.30s", old);
    snprintf(reason, sizeof(reason), "the disk %.30s is %.30s now", old, fresh);
    for (size_t i = 0; i < SLIP_COUNT(lines); i++) {
        SLIP_AUTO(slip__buf_dispose) struct slip_buf text = {0};
        const char *p = SLIP_IS_SET(*lines[i]) ? lines[i]->value : "", *at;
        bool any = false;

        while ((at = strstr(p, from))) {
            char after = at[strlen(from)];

            slip__buf_put(&text, p, (size_t)(at - p));
            p = at + strlen(from);
            if (isalpha((unsigned char)after)) {
                slip__buf_puts(&text, from); /* /dev/hdab is another one */
                continue;
            }
            slip__buf_printf(&text, "/dev/%s", fresh);
            any = true;
        }
        slip__buf_puts(&text, p);
        if (text.failed || (any && set_text(t, lines[i], names[i], text.data, reason) < 0))
            return -1;
    }
    return 0;
}

/* hda, sda -> xvda, or the next letter that is free. */
static int rename_disk(struct retarget *t, size_t index)
{
    struct slip_disk *disk = &t->guest->disk.items[index];
    char old[32], fresh[40], setting[48];

    if (!SLIP_IS_SET(disk->vdev) || strlen(disk->vdev.value) < 3 || strlen(disk->vdev.value) > 20 ||
        (strncmp(disk->vdev.value, "hd", 2) != 0 && strncmp(disk->vdev.value, "sd", 2) != 0))
        return 0;
    snprintf(old, sizeof(old), "%s", disk->vdev.value);
    snprintf(fresh, sizeof(fresh), "xvd%s", old + 2);
    for (char c = 'a'; c <= 'z' && taken(t->guest, fresh); c++)
        snprintf(fresh, sizeof(fresh), "xvd%c", c);
    snprintf(setting, sizeof(setting), "disk[%zu].vdev", index);
    if (set_text(t, &disk->vdev, setting, fresh,
                 "there is no emulated controller: disks are on Xen's own bus") < 0)
        return -1;
    disk->bus = (struct slip_num){0};
    return follow(t, old, fresh);
}

static int drop_disk(struct retarget *t, size_t index)
{
    struct slip_disk_list *list = &t->guest->disk;
    struct slip_disk *disk = &list->items[index];
    char setting[32];

    snprintf(setting, sizeof(setting), "disk[%zu]", index);
    if (changed(t, setting, disk->vdev.mark.span, disk->vdev.value, "",
                "there is no floppy controller") < 0)
        return -1;
    slip__object_dispose(&slip__record_disk, disk);
    list->count--;
    memmove(disk, disk + 1, (list->count - index) * sizeof(*disk));
    return 0;
}

static int disks(struct retarget *t)
{
    struct slip_guest *g = t->guest;

    if (t->to == SLIP_TYPE_HVM || t->from != SLIP_TYPE_HVM)
        return 0;
    for (size_t i = g->disk.count; i-- > 0;) {
        if (SLIP_IS_SET(g->disk.items[i].vdev) &&
            strncmp(g->disk.items[i].vdev.value, "fd", 2) == 0 && drop_disk(t, i) < 0)
            return -1;
    }
    for (size_t i = 0; i < g->disk.count; i++) {
        if (rename_disk(t, i) < 0)
            return -1;
    }
    return 0;
}

/* --- interfaces, consoles, screens ----------------------------------------------------------------------------------------- */

static int interfaces(struct retarget *t)
{
    struct slip_guest *g = t->guest;
    char prefix[32];

    if (t->to == SLIP_TYPE_HVM)
        return 0;
    for (size_t i = 0; i < g->vif.count; i++) {
        struct slip_vif *vif = &g->vif.items[i];

        snprintf(prefix, sizeof(prefix), "vif[%zu].", i);
        if (drop(t, &slip__record_vif, vif, prefix, "model",
                 "there is no emulated card: the interface is paravirtual") < 0)
            return -1;
        if (SLIP_IS_GIVEN(vif->type) && strcmp(vif->type.value, "ioemu") == 0 &&
            drop(t, &slip__record_vif, vif, prefix, "type",
                 "there is no emulated card: the interface is paravirtual") < 0)
            return -1;
    }
    return 0;
}

/* console=ttyS0,115200n8 is console=hvc0: the first serial port is the paravirtual console. */
static int console(struct retarget *t)
{
    struct slip_str *cmdline = &t->guest->cmdline;
    SLIP_AUTO(slip__buf_dispose) struct slip_buf text = {0};
    const char *p = SLIP_IS_SET(*cmdline) ? cmdline->value : "", *at;
    static const char serial[] = "console=ttyS0";

    if (t->to == SLIP_TYPE_HVM || !strstr(p, serial))
        return 0;
    while ((at = strstr(p, serial))) {
        slip__buf_put(&text, p, (size_t)(at - p));
        slip__buf_puts(&text, "console=hvc0");
        p = at + sizeof(serial) - 1;
        p += *p == ',' ? strcspn(p, " ") : 0;
    }
    slip__buf_puts(&text, p);
    return text.failed ? -1
                       : set_text(t, cmdline, "cmdline", text.data,
                                  "there is no serial port: the console is hvc0");
}

/* A pv guest's vfb is an hvm guest's own screen; the other way, xl makes a vfb of the same keys. */
static int screens(struct retarget *t)
{
    static const char *const same[] = {"vnc", "vnclisten", "vncdisplay", "vncunused",  "vncpasswd",
                                       "sdl", "opengl",    "display",    "xauthority", "keymap"};
    struct slip_guest *g = t->guest;

    if (t->to != SLIP_TYPE_HVM || !g->vfb.count)
        return 0;
    for (size_t i = 0; i < SLIP_COUNT(same); i++) {
        const struct slip_field *mine = slip__field_named(&slip__record_guest, same[i]);
        const struct slip_field *theirs = slip__field_named(&slip__record_vfb, same[i]);
        struct slip_mark *dst = slip__field_mark(mine, g);
        struct slip_mark *src = slip__field_mark(theirs, &g->vfb.items[0]);
        const struct slip_str *str = (const void *)src;

        if (dst->origin == SLIP_GIVEN || src->origin != SLIP_GIVEN)
            continue;
        if (mine->kind != SLIP_KIND_STR)
            slip__num_set((void *)dst, ((const struct slip_num *)(const void *)src)->value, *src);
        else if (slip__str_set((void *)dst, str->value, strlen(str->value), *src) < 0)
            return -1;
    }
    if (!SLIP_IS_GIVEN(g->vnc) && !SLIP_IS_GIVEN(g->sdl))
        slip__num_set(&g->vnc, 1, (struct slip_mark){.origin = SLIP_GIVEN});
    return drop_key(t, "vfb",
                    "an hvm guest has an emulated screen, with what the first of these said");
}

/* --- the rest --------------------------------------------------------------------------------------------------------- */

static int idle_keys(struct retarget *t)
{
    const char *name;
    bool device;

    for (size_t i = 0; (name = slip__rules_typed(i, t->to, &device)) != NULL; i++) {
        char reason[96];

        if (!*name)
            continue;
        if (strcmp(name, "serial") == 0)
            snprintf(reason, sizeof(reason), "there is no serial port: the console is hvc0");
        else
            snprintf(reason, sizeof(reason),
                     device ? "it needs a device model, which %s %s guest does not have"
                            : "it has no effect on %s %s guest",
                     t->to == SLIP_TYPE_HVM ? "an" : "a", type_word(t->to));
        if (drop_key(t, name, reason) < 0)
            return -1;
    }
    return 0;
}

int slip__guest_retarget(struct slip_guest *guest, enum slip_type type,
                         struct slip_changes *changes)
{
    static int (*const steps[])(struct retarget *) = {start,   device_model, disks,    interfaces,
                                                      console, screens,      idle_keys};
    struct retarget t = {.guest = guest, .to = type, .changes = changes};

    if (slip__guest_modernize(guest) < 0)
        return -1;
    t.from = (enum slip_type)guest->type.value;
    if (t.from == type)
        return 0;
    if (changed(&t, "type", guest->type.mark.span, type_word(t.from), type_word(type),
                "as asked for") < 0)
        return -1;
    slip__num_set(&guest->type, type,
                  (struct slip_mark){.span = guest->type.mark.span, .origin = SLIP_GIVEN});
    for (size_t i = 0; i < SLIP_COUNT(steps); i++) {
        if (steps[i](&t) < 0)
            return -1;
    }
    return 0;
}
