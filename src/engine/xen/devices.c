/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The devices that a domain starts with. */
#include "engine/xen/devices.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "engine/xen/dm.h"
#include "engine/xen/setup.h"
#include "engine/xen/vbd.h"
#include "engine/xen/vfb.h"
#include "engine/xen/vif.h"

struct slip_xen_devices {
    const struct slip_guest *guest;
    size_t n_disks;
    struct slip_xen_disk *disks; /* without the skipped */
    char (*vif_scripts)[SLIP_XEN_SCRIPT_BYTES];
    size_t n_screens; /* none without a QEMU that shows them (check warns) */
};

void slip__xen_devices_check(const struct slip_guest *guest, struct slip_diags *diags)
{
    for (size_t i = 0; i < guest->disk.count; i++)
        slip__xen_disk_check(&guest->disk.items[i], diags);
    for (size_t i = 0; i < guest->vif.count; i++)
        slip__xen_vif_check(&guest->vif.items[i], diags);
    slip__xen_vfb_check(guest, diags);
}

static int open_disks(struct slip_xen *xen, struct slip_xen_devices *devices,
                      struct slip_error **err)
{
    const struct slip_disk_list *list = &devices->guest->disk;

    for (size_t i = 0; i < list->count; i++) {
        struct slip_xen_disk *disk = &devices->disks[devices->n_disks];
        int rc;

        if (slip__xen_disk_skipped(&list->items[i]))
            continue;
        rc = slip__xen_disk_open(xen->store, &list->items[i], i, disk, err);
        if (rc < 0)
            return rc;
        devices->n_disks++;
        /* Two names can be one number: xvda and 51712. */
        for (size_t k = 0; k + 1 < devices->n_disks; k++)
            if (devices->disks[k].devid == disk->devid)
                return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_DEVICE_TAKEN,
                                        "disk %zu: '%s' is disk %zu already", i,
                                        list->items[i].vdev.value, k);
    }
    return 0;
}

static int open_all(struct slip_xen *xen, struct slip_xen_devices *devices, struct slip_error **err)
{
    const struct slip_guest *guest = devices->guest;
    int rc;

    devices->n_screens = slip__xen_dm_path() ? guest->vfb.count : 0;
    devices->disks = calloc(guest->disk.count + 1, sizeof(*devices->disks));
    devices->vif_scripts = calloc(guest->vif.count + 1, sizeof(*devices->vif_scripts));
    if (!devices->disks || !devices->vif_scripts)
        return slip__error_oom(err);
    rc = open_disks(xen, devices, err);
    for (size_t i = 0; rc == 0 && i < guest->vif.count; i++)
        rc = slip__xen_vif_open(&guest->vif.items[i], (uint32_t)i, devices->vif_scripts[i], err);
    return rc;
}

int slip__xen_devices_open(struct slip_xen *xen, const struct slip_guest *guest,
                           struct slip_xen_devices **ret, struct slip_error **err)
{
    struct slip_xen_devices *devices;
    int rc;

    *ret = NULL;
    if (!guest->disk.count && !guest->vif.count && !guest->vfb.count)
        return 0;
    devices = calloc(1, sizeof(*devices));
    if (!devices)
        return slip__error_oom(err);
    devices->guest = guest;
    rc = open_all(xen, devices, err);
    if (rc < 0)
        slip__xen_devices_dispose(devices);
    else
        *ret = devices;
    return rc;
}

void slip__xen_devices_dispose(struct slip_xen_devices *devices)
{
    if (!devices)
        return;
    for (size_t i = 0; i < devices->n_disks; i++)
        slip__xen_disk_close(&devices->disks[i]);
    free(devices->disks);
    free(devices->vif_scripts);
    free(devices);
}

void slip__xen_devices_nodes(struct slip_xen_devices *devices, uint32_t domid,
                             struct slip_xen_nodes *nodes)
{
    for (size_t i = 0; i < devices->n_disks; i++)
        slip__xen_disk_nodes(&devices->disks[i], domid, nodes);
    for (size_t i = 0; i < devices->guest->vif.count; i++)
        slip__xen_vif_nodes(&devices->guest->vif.items[i], domid, (uint32_t)i,
                            devices->vif_scripts[i], nodes);
    for (size_t i = 0; i < devices->n_screens; i++)
        slip__xen_vfb_nodes(&devices->guest->vfb.items[i], domid, (uint32_t)i, nodes);
}

/* Is there something that only QEMU serves? */
static bool needs_dm(const struct slip_xen_devices *devices)
{
    for (size_t i = 0; i < devices->n_disks; i++)
        if (slip__xen_disk_needs_dm(&devices->disks[i]))
            return true;
    return devices->n_screens > 0;
}

/* What there is to be run for each: of disks only scripts that make them. */
static size_t list_scripts(const struct slip_xen_devices *devices, uint32_t domid,
                           struct slip_xen_script *scripts)
{
    size_t count = 0;

    for (size_t i = 0; i < devices->n_disks; i++) {
        const struct slip_xen_disk *disk = &devices->disks[i];

        scripts[count++] = slip__xen_disk_script(disk, domid);
    }
    for (size_t i = 0; i < devices->guest->vif.count; i++)
        scripts[count++] = slip__xen_vif_script(domid, (uint32_t)i, devices->vif_scripts[i]);
    for (size_t i = 0; i < devices->n_screens; i++) {
        struct slip_xen_device devs[SLIP_XEN_VFB_DEVICES];

        slip__xen_vfb_devices(domid, (uint32_t)i, devs);
        for (size_t k = 0; k < SLIP_COUNT(devs); k++)
            scripts[count++] = (struct slip_xen_script){.dev = devs[k], .child = SLIP_CHILD_NONE};
    }
    return count;
}

int slip__xen_devices_connect(struct slip_xen *xen, uint32_t domid,
                              struct slip_xen_devices *devices, struct slip_error **err)
{
    size_t most =
        devices->n_disks + devices->guest->vif.count + devices->n_screens * SLIP_XEN_VFB_DEVICES;
    SLIP_AUTO_FREE struct slip_xen_script *scripts = calloc(most + 1, sizeof(*scripts));
    struct slip_xen_store *store;
    int rc;

    (void)xen;
    if (!scripts)
        return slip__error_oom(err);
    rc = slip__xen_store_open(&store, err); /* of its own: for the events of its waits */
    if (rc < 0)
        return rc;
    if (needs_dm(devices))
        rc = slip__xen_dm_ensure(store, domid,
                                 devices->n_screens ? &devices->guest->vfb.items[0] : NULL, err);
    if (rc == 0)
        rc = slip__xen_setup_connect(store, scripts, list_scripts(devices, domid, scripts), err);
    slip__xen_store_close(store);
    return rc;
}

int slip__xen_devices_remove(struct slip_xen *xen, uint32_t domid, bool alive,
                             struct slip_error **err)
{
    SLIP_AUTO_FREE struct slip_xen_leaving *leaving = NULL;
    struct slip_xen_store *store;
    size_t count;
    int rc = slip__xen_setup_find(xen->store, domid, &leaving, &count, err);

    if (rc == 0 && count)
        rc = slip__xen_store_open(&store, err);
    if (rc < 0 || !count) {
        slip__xen_dm_stop(xen->store, domid); /* an hvm guest of xl's has one without any device */
        return rc;
    }
    rc = slip__xen_setup_close(store, leaving, count, alive ? SLIP_XEN_A_MOMENT : SLIP_XEN_AT_ONCE,
                               err);
    slip__xen_dm_stop(store, domid);
    slip__xen_store_close(store);
    return rc;
}
