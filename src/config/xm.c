/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The xm format: what xend's xm read. Its files were Python; those that only assign values are in the language of xl,
 * and are read by xl's reader. What they mean otherwise, and the older words they are written with, is here.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/config.h"
#include "config/xl.h"
#include "config/xl_emit.h"

/* Where xend's packages put it. */
static const char hvmloader[] = "/usr/lib/xen/boot/hvmloader";

static bool is_hvm(const struct slip_guest *g)
{
    return SLIP_IS_SET(g->type) ? g->type.value == SLIP_TYPE_HVM
                                : SLIP_IS_SET(g->builder) && strcmp(g->builder.value, "hvm") == 0;
}

/* An hvm guest's kernel is its firmware's first stage: xend starts no other. */
static void kernel_is_loader(struct slip_guest *g)
{
    if (!is_hvm(g) || !SLIP_IS_SET(g->kernel) || SLIP_IS_SET(g->firmware_override))
        return;
    g->firmware_override = g->kernel;
    g->kernel = (struct slip_str){0};
}

static int parse(unsigned source, struct slip_strictness strictness, struct slip_guest *guest,
                 struct slip_diags *diags, struct slip_error **err)
{
    int rc = slip__format_xl.parse(source, strictness, guest, diags, err);

    if (rc == 0)
        kernel_is_loader(guest);
    return rc;
}

/* Nothing tells an xm file from an xl one but who wrote it: it must be named. */
static int probe(const char *text, size_t len)
{
    (void)text;
    (void)len;
    return 0;
}

/* --- writing ---------------------------------------------------------------------------------------------------- */

/* What xend's create.py knows, by the schema's names, as far as it says it as xl does. */
static const char *const words[] = {
    "name",
    "uuid",
    "builder",
    "kernel",
    "ramdisk",
    "root",
    "extra",
    "bootloader",
    "boot",
    "memory",
    "maxmem",
    "shadow_memory",
    "videoram",
    "vcpus",
    "maxvcpus",
    "cpus",
    "cpu_weight",
    "cpuid",
    "pae",
    "nx",
    "acpi",
    "apic",
    "hap",
    "oos",
    "viridian",
    "usb",
    "usbdevice",
    "soundhw",
    "xen_platform_pci",
    "localtime",
    "rtc_timeoffset",
    "hpet",
    "vpt_align",
    "on_poweroff",
    "on_reboot",
    "on_crash",
    "on_xend_start",
    "on_xend_stop",
    "vif",
    "serial",
    "parallel",
    "pci",
    "ioports",
    "irqs",
    "vtpm",
    "vfb",
    "stdvga",
    "vnc",
    "vnclisten",
    "vncdisplay",
    "vncunused",
    "vncpasswd",
    "sdl",
    "opengl",
    "display",
    "xauthority",
    "keymap",
    "device_model",
    "pci_msitranslate",
    "pci_power_mgmt",
    "nomigrate",
    "gfx_passthru",
    "nographic",
};

static bool wanted(const struct slip_field *field)
{
    for (size_t i = 0; i < SLIP_COUNT(words); i++) {
        if (strcmp(words[i], field->name) == 0)
            return true;
    }
    return false;
}

static int move_str(struct slip_str *to, struct slip_str *from)
{
    if (!SLIP_IS_GIVEN(*from) || SLIP_IS_GIVEN(*to))
        return 0;
    if (slip__str_set(to, from->value, strlen(from->value), from->mark) < 0)
        return -1;
    slip__said(&from->mark);
    from->mark.origin = SLIP_DEFAULT;
    return 0;
}

/* type=hvm is builder="hvm" with hvmloader for a kernel. There was no PVH. */
static int say_type(struct slip_emit *e)
{
    struct slip_guest *g = e->guest;
    const struct slip_mark given = {.origin = SLIP_GIVEN};

    slip__field_dispose(slip__field_named(&slip__record_guest, "builder"), g);
    if (!is_hvm(g)) {
        if (g->type.value == SLIP_TYPE_PV)
            slip__said(&g->type.mark);
        return 0;
    }
    slip__said(&g->type.mark);
    if (slip__str_set(&g->builder, "hvm", 3, given) < 0)
        return -1;
    if (SLIP_IS_GIVEN(g->firmware) && strcmp(g->firmware.value, "seabios") == 0)
        slip__said(&g->firmware.mark); /* close enough: the one BIOS that xend had */
    if (SLIP_IS_GIVEN(g->kernel)) {
        if (slip__loss(e->losses, SLIP_LOSS_UNSAYABLE, "kernel", g->kernel.mark.span,
                       "xm starts no kernel in an hvm guest") < 0)
            return -1;
        g->kernel.mark.origin = SLIP_DEFAULT;
        slip__field_dispose(slip__field_named(&slip__record_guest, "kernel"), g);
    }
    if (SLIP_IS_GIVEN(g->firmware_override))
        return move_str(&g->kernel, &g->firmware_override);
    if (slip__loss(e->losses, SLIP_LOSS_DEFAULT, "kernel", SLIP_NO_SPAN,
                   "an hvm guest of xm needs its loader: kernel = \"%s\"", hvmloader) < 0)
        return -1;
    return slip__str_set(&g->kernel, hvmloader, strlen(hvmloader), given);
}

/* The one command line that xm knows in full is made of extra. */
static int say_older_words(struct slip_emit *e)
{
    struct slip_guest *g = e->guest;
    const struct slip_mark given = {.origin = SLIP_GIVEN};

    if (move_str(&g->extra, &g->cmdline) < 0 ||
        move_str(&g->device_model, &g->device_model_override) < 0)
        return -1;
    if (SLIP_IS_GIVEN(g->vga) &&
        (g->vga.value == SLIP_VGA_STDVGA || g->vga.value == SLIP_VGA_CIRRUS)) {
        slip__num_set(&g->stdvga, g->vga.value == SLIP_VGA_STDVGA, g->vga.mark);
        slip__said(&g->vga.mark);
    }
    /* xend starts a crashed guest again if nobody says otherwise. */
    if (g->on_crash.mark.origin == SLIP_DEFAULT && g->on_crash.value == SLIP_ACTION_DESTROY) {
        g->on_crash.mark = given;
        return slip__loss(e->losses, SLIP_LOSS_DEFAULT, "on_crash", SLIP_NO_SPAN,
                          "xm restarts a guest that crashed by default: on_crash = \"destroy\"");
    }
    return 0;
}

/* Lists of which xm has one item, or none. */
static int drop_further(struct slip_emit *e, const char *name)
{
    struct slip_strs *strs =
        (void *)slip__field_mark(slip__field_named(&slip__record_guest, name), e->guest);

    for (size_t i = 1; SLIP_IS_GIVEN(*strs) && i < strs->count; i++) {
        if (slip__loss(e->losses, SLIP_LOSS_UNSAYABLE, name, strs->items[i].mark.span,
                       "xm has no words for more than one of '%s'", name) < 0)
            return -1;
    }
    while (SLIP_IS_GIVEN(*strs) && strs->count > 1) {
        free(strs->items[--strs->count].value);
    }
    return 0;
}

static const char *disk_prefix(const struct slip_disk *disk)
{
    if (SLIP_IS_SET(disk->prefix))
        return disk->prefix.value;
    if (SLIP_IS_GIVEN(disk->format) && disk->format.value != SLIP_DISK_FORMAT_RAW)
        return disk->format.value == SLIP_DISK_FORMAT_QCOW2  ? "tap:qcow2"
               : disk->format.value == SLIP_DISK_FORMAT_QCOW ? "tap:qcow"
               : disk->format.value == SLIP_DISK_FORMAT_VHD  ? "tap:vhd"
                                                             : NULL;
    if (SLIP_IS_SET(disk->backendtype))
        return strcmp(disk->backendtype.value, "phy") == 0   ? "phy"
               : strcmp(disk->backendtype.value, "tap") == 0 ? "tap:aio"
                                                             : "file";
    return disk->target.value && strncmp(disk->target.value, "/dev/", 5) == 0 ? "phy" : "file";
}

/* PREFIX:TARGET,VDEV[:cdrom],MODE */
static void put_disk(struct slip_disk *disk, struct slip_buf *items)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf text = {0};
    const char *prefix = disk_prefix(disk);
    bool cdrom = slip__num_or(&disk->cdrom, 0),
         ro = slip__num_or(&disk->access, SLIP_DISK_ACCESS_RW) == SLIP_DISK_ACCESS_RO;

    if (!prefix || !SLIP_IS_SET(disk->vdev) || strchr(disk->vdev.value, ',') ||
        (disk->target.value && strchr(disk->target.value, ',')))
        return; /* all of it is a loss */
    if (disk->target.value)
        slip__buf_printf(&text, "%s:%s", prefix, disk->target.value);
    slip__buf_printf(&text, ",%s%s,%s", disk->vdev.value, cdrom ? ":cdrom" : "",
                     ro                                  ? "r"
                     : slip__num_or(&disk->shareable, 0) ? "w!"
                                                         : "w");
    slip__said(&disk->target.mark);
    slip__said(&disk->vdev.mark);
    slip__said(&disk->cdrom.mark);
    slip__said(&disk->access.mark);
    slip__said(&disk->shareable.mark);
    slip__said(&disk->prefix.mark);
    slip__said(&disk->format.mark);
    slip__said(&disk->bus.mark);
    slip__said(&disk->removable.mark);
    if (SLIP_IS_SET(disk->backendtype) && strcmp(disk->backendtype.value, "standalone") != 0)
        slip__said(&disk->backendtype.mark);
    slip__xl_put_quoted(items, text.data ? text.data : "");
    slip__buf_putc(items, '\n');
    items->failed |= text.failed;
}

static int emit(struct slip_emit *e)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf items = {0};
    struct slip_disk_list *disks = &e->guest->disk;
    SLIP_AUTO(slip__buf_dispose) struct slip_buf args = {0};
    struct slip_strs *bootargs = &e->guest->bootloader_args;

    if (say_type(e) < 0 || say_older_words(e) < 0)
        return -1;
    if (drop_further(e, "serial") < 0 || drop_further(e, "usbdevice") < 0 ||
        drop_further(e, "ramdisk") < 0 || slip__xl_emit_keys(e, wanted) < 0)
        return -1;
    for (size_t i = 0; SLIP_IS_GIVEN(*bootargs) && i < bootargs->count; i++)
        slip__buf_printf(&args, "%s%s", i ? " " : "", bootargs->items[i].value);
    if (args.len) {
        slip__said(&bootargs->mark);
        slip__buf_puts(e->out, "bootargs = ");
        slip__xl_put_quoted(e->out, args.data);
        slip__buf_putc(e->out, '\n');
    }
    for (size_t i = 0; i < disks->count; i++)
        put_disk(&disks->items[i], &items);
    if (items.len)
        slip__xl_put_items(e->out, "disk", &items);
    return items.failed || args.failed ? -1 : 0;
}

const struct slip_format slip__format_xm = {
    .name = "xm",
    .doc = "xm's domain configuration, as far as it is no program",
    .probe = probe,
    .parse = parse,
    .emit = emit,
};
