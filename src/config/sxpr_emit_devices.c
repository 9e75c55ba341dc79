/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices as s-expressions, one function for each kind; which of xend's configuration versions wants them where. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/sxpr.h"

static void put_text(struct sx_writer *w, const char *key, struct slip_str *str)
{
    if (!SLIP_IS_GIVEN(*str))
        return;
    slip__said(&str->mark);
    if (str->value[0]) /* to xend, an empty one is none */
        slip__sx_text(w, key, str->value);
}

/* --- disks ----------------------------------------------------------------------------------------------------------- */

static bool is_floppy(const struct slip_disk *disk)
{
    return disk->vdev.value &&
           (strcmp(disk->vdev.value, "fda") == 0 || strcmp(disk->vdev.value, "fdb") == 0);
}

/* Does the disk stand in the image of an hvm guest, and as what? NULL: no. */
static const char *image_key(const struct sx_writer *w, const struct slip_disk *disk)
{
    if (!w->hvm || !SLIP_IS_SET(disk->vdev) || !SLIP_IS_SET(disk->target))
        return NULL;
    if (is_floppy(disk))
        return disk->vdev.value;
    /* The first version has its one CD-ROM drive there. */
    return w->version == 1 && disk->cdrom.value && strcmp(disk->vdev.value, "hdc") == 0 ? "cdrom"
                                                                                        : NULL;
}

void slip__sx_image_disks(struct sx_writer *w)
{
    struct slip_disk_list *list = &w->e->guest->disk;

    for (size_t i = 0; i < list->count; i++) {
        struct slip_disk *disk = &list->items[i];
        const char *key = image_key(w, disk);

        if (!key)
            continue;
        slip__sx_text(w, key, disk->target.value);
        slip__said(&disk->target.mark);
        slip__said(&disk->vdev.mark);
        slip__said(&disk->cdrom.mark);
        if (disk->cdrom.value || disk->access.value == SLIP_DISK_ACCESS_RW)
            slip__said(&disk->access.mark);
        if (disk->format.value == SLIP_DISK_FORMAT_RAW)
            slip__said(&disk->format.mark);
        /* A path is all that there is. */
        if (SLIP_IS_SET(disk->prefix) && strcmp(disk->prefix.value, "file") == 0)
            slip__said(&disk->prefix.mark);
    }
}

/* What stands before the target: as it was written, else by what the target is. false: no xend has a word for it. */
static bool prefix_of(struct slip_disk *disk, char *ret, size_t size)
{
    static const char *const words[] = {[SLIP_DISK_FORMAT_RAW] = "aio",
                                        [SLIP_DISK_FORMAT_QCOW] = "qcow",
                                        [SLIP_DISK_FORMAT_QCOW2] = "qcow2",
                                        [SLIP_DISK_FORMAT_VHD] = "vhd",
                                        [SLIP_DISK_FORMAT_QED] = NULL};
    const char *format = words[disk->format.value];
    const char *backend = SLIP_IS_GIVEN(disk->backendtype) ? disk->backendtype.value : "";
    const char *prefix = SLIP_IS_GIVEN(disk->prefix) ? disk->prefix.value : NULL;
    bool tap = prefix && strncmp(prefix, "tap", 3) == 0;
    bool raw = disk->format.value == SLIP_DISK_FORMAT_RAW;

    if (SLIP_IS_GIVEN(disk->script)) {
        if (strncmp(disk->script.value, "block-", 6) != 0 || strchr(disk->script.value, ':'))
            return false;
        snprintf(ret, size, "%s", disk->script.value + 6);
        slip__said(&disk->script.mark);
        return disk->format.value == SLIP_DISK_FORMAT_RAW;
    }
    if (!format)
        return false;
    if (tap && (raw || !strchr(prefix, ':') || strcmp(strrchr(prefix, ':') + 1, format) == 0))
        snprintf(ret, size, "%s%s%s", prefix, strchr(prefix, ':') ? "" : ":",
                 strchr(prefix, ':') ? "" : format);
    else if (tap)
        snprintf(ret, size, "%.*s:%s", (int)strcspn(prefix, ":"), prefix, format);
    else if (!raw || strcmp(backend, "tap") == 0)
        snprintf(ret, size, "tap:%s", format);
    else if (prefix)
        snprintf(ret, size, "%s", prefix);
    else if (strcmp(backend, "phy") == 0 || strncmp(disk->target.value, "/dev/", 5) == 0)
        snprintf(ret, size, "phy");
    else
        snprintf(ret, size, "file");
    if (strcmp(backend, "phy") == 0 && strcmp(ret, "phy") == 0)
        slip__said(&disk->backendtype.mark);
    if (prefix && strncmp(prefix, ret, strlen(prefix)) == 0)
        slip__said(&disk->prefix.mark);
    return true;
}

static int put_uname(struct sx_writer *w, struct slip_disk *disk, const char *prefix)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf uname = {0};
    const char *target = disk->target.value;

    /* xend's phy:NAME is the block device /dev/NAME: what is no path stays so. */
    slip__buf_printf(&uname, "%s:%s", prefix, target);
    if (uname.failed)
        return -1;
    slip__sx_text(w, "uname", uname.data);
    slip__said(&disk->target.mark);
    return 0;
}

/* A disk's name without xend's own prefix, which old descriptions of other formats have, too. NULL: one that would be read as another. */
static const char *name_of(const struct slip_disk *disk)
{
    const char *vdev = SLIP_IS_SET(disk->vdev) ? disk->vdev.value : "";

    vdev += strncmp(vdev, "ioemu:", 6) == 0 ? 6 : 0;
    return *vdev && !strchr(vdev, ':') && strcmp(vdev, "ioemu") != 0 ? vdev : NULL;
}

static void put_dev(struct sx_writer *w, struct slip_disk *disk, const char *vdev)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf dev = {0};

    if (w->hvm && w->version == 1)
        slip__buf_printf(&dev, "ioemu:%s", vdev);
    else if (w->hvm || disk->cdrom.value || strchr(vdev, ':'))
        slip__buf_printf(&dev, "%s:%s", vdev, disk->cdrom.value ? "cdrom" : "disk");
    else
        slip__buf_puts(&dev, vdev);
    if (dev.data)
        slip__sx_text(w, "dev", dev.data);
    slip__said(&disk->vdev.mark);
    slip__said(&disk->cdrom.mark);
}

static int put_disk(struct sx_writer *w, struct slip_disk *disk)
{
    char prefix[64] = "";
    bool ro = disk->access.value == SLIP_DISK_ACCESS_RO, has_target = SLIP_IS_SET(disk->target);
    const char *name = name_of(disk);

    /* What the version has no place for is left to the report of losses. */
    if (image_key(w, disk) || !name || (w->hvm && w->version == 1 && disk->cdrom.value) ||
        (has_target && !prefix_of(disk, prefix, sizeof(prefix))))
        return 0;
    slip__sx_open(w, "device");
    slip__sx_open(w, strncmp(prefix, "tap2", 4) == 0  ? "tap2"
                     : strncmp(prefix, "tap", 3) == 0 ? "tap"
                                                      : "vbd");
    put_dev(w, disk, name);
    if (has_target && put_uname(w, disk, prefix) < 0)
        return -1;
    slip__sx_text(w, "mode", ro ? "r" : disk->shareable.value ? "w!" : "w");
    slip__said(&disk->access.mark);
    if (!ro || !disk->shareable.value)
        slip__said(&disk->shareable.mark);
    slip__said(&disk->format.mark);
    put_text(w, "backend", &disk->backend);
    slip__sx_close(w);
    slip__sx_close(w);
    return 0;
}

/* --- network interfaces, screens ------------------------------------------------------------------------------------------ */

static int put_vif_type(struct sx_writer *w, struct slip_vif *vif, size_t index)
{
    bool given = SLIP_IS_GIVEN(vif->type);
    bool pv_card = SLIP_IS_GIVEN(vif->model) && strcmp(vif->model.value, "netfront") == 0;
    char setting[32];

    if (!w->hvm) {
        put_text(w, "model", &vif->model);
        if (given && strcmp(vif->type.value, "ioemu") == 0)
            put_text(w, "type", &vif->type);
        slip__said(&vif->type.mark);
        return 0;
    }
    if (pv_card || (given && strcmp(vif->type.value, "vif") == 0)) {
        slip__sx_raw(w, "type", "netfront");
        slip__said(&vif->type.mark);
        if (pv_card)
            slip__said(&vif->model.mark);
        else
            put_text(w, "model", &vif->model);
        return 0;
    }
    put_text(w, "model", &vif->model);
    slip__said(&vif->type.mark);
    /* Before version 4 an interface has an emulated card if that is said; later ones have both cards unless it is said. */
    if (!given && w->version > 3)
        return 0;
    slip__sx_raw(w, "type", "ioemu");
    snprintf(setting, sizeof(setting), "vif[%zu].type", index);
    return given
               ? 0
               : slip__loss(w->e->losses, SLIP_LOSS_DEFAULT, setting, SLIP_NO_SPAN,
                            "'%s' is ioemu: without it, a xend of version %u gives an hvm guest no "
                            "emulated card",
                            setting, w->version);
}

/* vif4.0 is what the host calls interface 0 of domain 4, which is no setting. */
static bool is_generated(const char *name)
{
    static const char digits[] = "0123456789";
    size_t n;

    if (strncmp(name, "vif", 3) != 0 || !(n = strspn(name + 3, digits)) || name[3 + n] != '.')
        return false;
    name += 4 + n;
    return name[0] && !name[strspn(name, digits)];
}

static int put_vif(struct sx_writer *w, struct slip_vif *vif, size_t index)
{
    slip__sx_open(w, "device");
    slip__sx_open(w, "vif");
    if (SLIP_IS_SET(vif->mac)) /* one that was made, too: the guest keeps its address */
        slip__sx_text(w, "mac", vif->mac.value);
    slip__said(&vif->mac.mark);
    put_text(w, "rate", &vif->rate);
    put_text(w, "bridge", &vif->bridge);
    put_text(w, "script", &vif->script);
    put_text(w, "ip", &vif->ip);
    if (SLIP_IS_SET(vif->vifname) && is_generated(vif->vifname.value))
        slip__said(&vif->vifname.mark);
    else
        put_text(w, "vifname", &vif->vifname);
    put_text(w, "backend", &vif->backend);
    if (put_vif_type(w, vif, index) < 0)
        return -1;
    slip__sx_close(w);
    slip__sx_close(w);
    return 0;
}

/* (device (vkbd)) and (device (vfb ...)). Each vfb brings a keyboard and a pointer. */
static void put_vfb(struct sx_writer *w, struct slip_vfb *vfb)
{
    bool sdl = SLIP_IS_SET(vfb->sdl) && vfb->sdl.value,
         vnc = !SLIP_IS_SET(vfb->vnc) || vfb->vnc.value;

    slip__sx_open(w, "device");
    slip__sx_empty(w, "vkbd");
    slip__sx_close(w);
    slip__sx_open(w, "device");
    slip__sx_open(w, "vfb");
    slip__sx_raw(w, "type", sdl && !vnc ? "sdl" : "vnc");
    slip__said(&vfb->vnc.mark);
    if (!sdl || !vnc)
        slip__said(&vfb->sdl.mark);
    if (!vnc && !sdl)
        slip__sx_number(w, "vnc", 0);
    if (vnc ? SLIP_IS_SET(vfb->vncunused) : SLIP_IS_GIVEN(vfb->vncunused)) {
        slip__sx_number(w, "vncunused", vfb->vncunused.value);
        slip__said(&vfb->vncunused.mark);
    }
    if (SLIP_IS_GIVEN(vfb->vncdisplay)) {
        slip__sx_number(w, "vncdisplay", vfb->vncdisplay.value);
        slip__said(&vfb->vncdisplay.mark);
    }
    put_text(w, "vnclisten", &vfb->vnclisten);
    put_text(w, "vncpasswd", &vfb->vncpasswd);
    put_text(w, "keymap", &vfb->keymap);
    put_text(w, "display", &vfb->display);
    put_text(w, "xauthority", &vfb->xauthority);
    if (SLIP_IS_GIVEN(vfb->opengl)) {
        slip__sx_number(w, "opengl", vfb->opengl.value);
        slip__said(&vfb->opengl.mark);
    }
    slip__sx_close(w);
    slip__sx_close(w);
}

/* --- passed-through devices ------------------------------------------------------------------------------------------------ */

static void put_opt(struct slip_buf *opts, const char *name, struct slip_num *num)
{
    if (!SLIP_IS_GIVEN(*num))
        return;
    slip__buf_printf(opts, "(%s %lld)", name, (long long)num->value);
    slip__said(&num->mark);
}

/* A function of a device; all of them ("*") have no word. */
static bool bdf_of(const struct slip_pci *pci, unsigned part[4])
{
    int end = 0;

    return SLIP_IS_GIVEN(pci->bdf) &&
           sscanf(pci->bdf.value, "%4x:%2x:%2x.%1x%n", &part[0], &part[1], &part[2], &part[3],
                  &end) == 4 &&
           !pci->bdf.value[end];
}

static void put_pci(struct sx_writer *w, struct slip_pci *pci)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf dev = {0};
    SLIP_AUTO(slip__buf_dispose) struct slip_buf opts = {0};
    unsigned part[4], slot;
    char *end;

    if (!bdf_of(pci, part))
        return;
    slip__buf_printf(&dev, "(domain 0x%04x)(bus 0x%02x)(slot 0x%02x)(func 0x%x)", part[0], part[1],
                     part[2], part[3]);
    slip__said(&pci->bdf.mark);
    if (w->version >= 4) {
        slot = SLIP_IS_GIVEN(pci->vslot) ? (unsigned)strtoul(pci->vslot.value, &end, 16) : 0;
        if (slot && slot < 32 && !*end) {
            slip__buf_printf(&dev, "(vdevfn 0x%02x)", slot << 3);
            slip__said(&pci->vslot.mark);
        }
        put_opt(&opts, "msitranslate", &pci->msitranslate);
        put_opt(&opts, "power_mgmt", &pci->power_mgmt);
        put_opt(&opts, "permissive", &pci->permissive);
        if (opts.len)
            slip__buf_printf(&dev, "(opts (%s))", opts.data);
    }
    slip__sx_raw(w, "dev", dev.data);
    if (!pci->managed.value) /* xend gives no device back by itself */
        slip__said(&pci->managed.mark);
}

/* All PCI devices are one device of xend's. */
static void put_all_pci(struct sx_writer *w)
{
    struct slip_pci_list *list = &w->e->guest->pci;
    unsigned part[4];
    bool any = false;

    for (size_t i = 0; i < list->count; i++)
        any = any || bdf_of(&list->items[i], part);
    if (!any)
        return;
    slip__sx_open(w, "device");
    slip__sx_open(w, "pci");
    for (size_t i = 0; i < list->count; i++)
        put_pci(w, &list->items[i]);
    slip__sx_close(w);
    slip__sx_close(w);
}

static void put_host_ranges(struct sx_writer *w)
{
    struct slip_guest *g = w->e->guest;

    for (size_t i = 0; i < g->irqs.count; i++) {
        slip__sx_open(w, "device");
        slip__sx_open(w, "irq");
        slip__sx_raw(w, "irq", g->irqs.items[i].value);
        slip__sx_close(w);
        slip__sx_close(w);
        slip__said(&g->irqs.items[i].mark);
    }
    for (size_t i = 0; i < g->ioports.count; i++) {
        char from[8], to[8];

        snprintf(from, sizeof(from), "%x", (unsigned)g->ioports.items[i].first.value & 0xffff);
        snprintf(to, sizeof(to), "%x", (unsigned)g->ioports.items[i].last.value & 0xffff);
        slip__sx_open(w, "device");
        slip__sx_open(w, "ioports");
        slip__sx_raw(w, "from", from);
        slip__sx_raw(w, "to", to);
        slip__sx_close(w);
        slip__sx_close(w);
        slip__said_all(&slip__record_ioport, &g->ioports.items[i]);
    }
}

static void put_vtpms(struct sx_writer *w)
{
    struct slip_vtpm_list *list = &w->e->guest->vtpm;

    for (size_t i = 0; i < list->count; i++) {
        slip__sx_open(w, "device");
        slip__sx_open(w, "vtpm");
        put_text(w, "backend", &list->items[i].backend);
        put_text(w, "uuid", &list->items[i].uuid);
        slip__sx_close(w);
        slip__sx_close(w);
    }
}

int slip__sx_devices(struct sx_writer *w)
{
    struct slip_guest *g = w->e->guest;

    for (size_t i = 0; i < g->disk.count; i++) {
        if (put_disk(w, &g->disk.items[i]) < 0)
            return -1;
    }
    for (size_t i = 0; i < g->vif.count; i++) {
        if (put_vif(w, &g->vif.items[i], i) < 0)
            return -1;
    }
    put_all_pci(w);
    for (size_t i = 0; i < g->vfb.count && w->version >= 3; i++)
        put_vfb(w, &g->vfb.items[i]);
    put_host_ranges(w);
    put_vtpms(w);
    return 0;
}
