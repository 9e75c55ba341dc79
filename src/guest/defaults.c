/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The defaults, once, after the boot rules. Afterwards every value that has one is set; its origin says that it is one. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "guest/rules.h"
#include "guest/uuid.h"

static const struct slip_mark by_default = {.origin = SLIP_DEFAULT};

static void num(struct slip_num *n, int64_t value)
{
    if (!SLIP_IS_SET(*n))
        slip__num_set(n, value, by_default);
}

static int str(struct slip_str *s, const char *value)
{
    return SLIP_IS_SET(*s) ? 0 : slip__str_set(s, value, strlen(value), by_default);
}

static int uuid(struct slip_guest *g)
{
    char text[SLIP_UUID_TEXT_BYTES];

    /* A wrong one stays for the check that says so. */
    if (SLIP_IS_SET(g->uuid))
        return slip__uuid_normalize(g->uuid.value, text)
                   ? slip__str_set(&g->uuid, text, strlen(text), g->uuid.mark)
                   : 0;
    if (!slip__uuid_random(text))
        return -1;
    return str(&g->uuid, text);
}

/* Xen's own prefix, then three bytes that the guest's uuid and the interface's number decide: the same at each start of the
 * same guest, different between guests (FNV-1a, a public-domain hash). */
static int mac(struct slip_vif *vif, const char *uuid_text, size_t index)
{
    uint32_t hash = 2166136261u;
    char text[18];

    for (const char *p = uuid_text; *p; p++)
        hash = (hash ^ (unsigned char)*p) * 16777619u;
    hash = (hash ^ (uint32_t)index) * 16777619u;
    snprintf(text, sizeof(text), "00:16:3e:%02x:%02x:%02x", hash >> 16 & 0xff, hash >> 8 & 0xff,
             hash & 0xff);
    return str(&vif->mac, text);
}

static void disks(struct slip_guest *g)
{
    for (size_t i = 0; i < g->disk.count; i++) {
        struct slip_disk *disk = &g->disk.items[i];

        num(&disk->format, SLIP_DISK_FORMAT_RAW);
        num(&disk->cdrom, 0);
        num(&disk->access, disk->cdrom.value ? SLIP_DISK_ACCESS_RO : SLIP_DISK_ACCESS_RW);
    }
}

static int vifs(struct slip_guest *g, size_t first)
{
    for (size_t i = 0; i < g->vif.count; i++) {
        if (mac(&g->vif.items[i], g->uuid.value, first + i) < 0 ||
            str(&g->vif.items[i].type, "vif") < 0)
            return -1;
    }
    return 0;
}

static int vfbs(struct slip_guest *g)
{
    for (size_t i = 0; i < g->vfb.count; i++) {
        struct slip_vfb *vfb = &g->vfb.items[i];

        num(&vfb->vnc, 1);
        num(&vfb->vncunused, !SLIP_IS_SET(vfb->vncdisplay));
        num(&vfb->vncdisplay, 0);
        num(&vfb->sdl, 0);
        num(&vfb->opengl, 0);
        if (str(&vfb->vnclisten, "127.0.0.1") < 0)
            return -1;
    }
    return 0;
}

int slip__rules_device_defaults(struct slip_guest *g, size_t first_vif)
{
    disks(g);
    return vifs(g, first_vif);
}

int slip__rules_defaults(struct slip_rules *r)
{
    struct slip_guest *g = r->guest;

    /* What a person says of the larger one holds for the smaller: maxmem alone is the memory, as in libxl. */
    num(&g->memory, SLIP_IS_SET(g->maxmem) ? g->maxmem.value : 128);
    num(&g->maxmem, g->memory.value);
    num(&g->vcpus, 1);
    num(&g->maxvcpus, g->vcpus.value);
    num(&g->on_poweroff, SLIP_ACTION_DESTROY);
    num(&g->on_reboot, SLIP_ACTION_RESTART);
    num(&g->on_watchdog, SLIP_ACTION_DESTROY);
    num(&g->on_crash, SLIP_ACTION_DESTROY);
    num(&g->autoconsole, 1);
    if (uuid(g) < 0 || slip__rules_device_defaults(g, 0) < 0 || vfbs(g) < 0)
        return -1;
    if (g->type.value != SLIP_TYPE_HVM)
        return 0;
    num(&g->device_model_stubdomain_override, 0);
    return str(&g->device_model_version, "qemu-xen");
}
