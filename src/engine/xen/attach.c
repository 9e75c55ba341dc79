/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices of a running domain, ours or another toolstack's: plugged in, pulled, listed. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "engine/xen/dm.h"
#include "engine/xen/hosted.h"
#include "engine/xen/limits.h"
#include "engine/xen/setup.h"
#include "engine/xen/userdata.h"
#include "engine/xen/vbd.h"
#include "engine/xen/vdev.h"
#include "engine/xen/vif.h"

/* A device on its way in. */
struct arrival {
    struct slip_xen_store *store;
    uint32_t domid;
    const struct slip_device *device;
    struct slip_xen_disk disk;
    char vif_script[SLIP_XEN_SCRIPT_BYTES];
    struct slip_xen_script script; /* with the device */
    bool frozen;                   /* the guest does not run: it will see the device when it does */
};

/* The number after the highest that an interface has, as libxl chooses; -1: one of them has this address. */
static int64_t next_vif(struct slip_xen_store *store, uint32_t domid, const char *mac)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf ids = {0};
    int64_t next = 0;

    slip__xen_store_list(store, &ids, "/local/domain/0/backend/vif/%u", domid);
    for (const char *id = NULL; (id = slip__xen_store_list_next(&ids, id));) {
        uint64_t number;
        char other[24];

        slip__xen_store_read(store, other, sizeof(other), "/local/domain/0/backend/vif/%u/%s/mac",
                             domid, id);
        if (strcasecmp(other, mac) == 0)
            return -1;
        if (slip__xen_store_parse_uint(id, &number) && number < UINT32_MAX &&
            (int64_t)number >= next)
            next = (int64_t)number + 1;
    }
    return next;
}

static int open_device(struct arrival *a, struct slip_error **err)
{
    int64_t devid;
    int rc;

    if (a->device->kind == SLIP_DEVICE_DISK) {
        if (slip__xen_disk_skipped(a->device->disk))
            return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_DISK_BACKEND,
                                    "the host's kernel serves no empty CD-ROM drive");
        rc = slip__xen_disk_open(a->store, a->device->disk, 0, &a->disk, err);
        if (rc == 0)
            a->script = slip__xen_disk_script(&a->disk, a->domid);
        return rc;
    }
    devid = next_vif(a->store, a->domid, a->device->vif->mac.value);
    if (devid < 0)
        return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_DEVICE_TAKEN,
                                "the guest has an interface with the address %s already",
                                a->device->vif->mac.value);
    rc = slip__xen_vif_open(a->device->vif, (uint32_t)devid, a->vif_script, err);
    a->script = slip__xen_vif_script(a->domid, (uint32_t)devid, a->vif_script);
    return rc;
}

/* In a transaction: of two that attach the same one finds it taken. */
static int fill_device(struct slip_xen_store *store, struct slip_xen_nodes *nodes, void *payload,
                       struct slip_error **err)
{
    const struct arrival *a = payload;
    char libxl[SLIP_XEN_PATH_BYTES], there[SLIP_XEN_PATH_BYTES];

    slip__xen_device_libxl(&a->script.dev, libxl);
    if (slip__xen_store_read(store, there, sizeof(there), "%s/backend", libxl))
        return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_DEVICE_TAKEN,
                                "the guest has a %s of the number %u already",
                                a->device->kind == SLIP_DEVICE_DISK ? "disk" : "network interface",
                                a->script.dev.devid);
    if (a->device->kind == SLIP_DEVICE_DISK)
        slip__xen_disk_nodes(&a->disk, a->domid, nodes);
    else
        slip__xen_vif_nodes(a->device->vif, a->domid, a->script.dev.devid, a->vif_script, nodes);
    return 0;
}

static bool is_connected(struct slip_xen_states states)
{
    return states.back == SLIP_XENBUS_CONNECTED || states.back >= SLIP_XENBUS_CLOSING ||
           states.back == 0;
}

static int wait_for_guest(const struct arrival *a, struct slip_error **err)
{
    struct slip_xen_states states;
    bool in_time =
        slip__xen_device_wait(a->store, &a->script.dev, is_connected,
                              slip__now_us() + SLIP_LIMIT_FRONTEND_MS * 1000ull, &states);
    char words[256];

    if (in_time && states.back == SLIP_XENBUS_CONNECTED)
        return 0;
    slip__xen_device_complaint(a->store, &a->script.dev, words, sizeof(words));
    return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_DEVICE_TIMEOUT,
                            "the guest did not take the %s (its end is in state %d)%s%s",
                            a->device->kind == SLIP_DEVICE_DISK ? "disk" : "network interface",
                            states.front, words[0] ? ": " : "", words);
}

/* blkback opens a disk a moment after it has noticed it, which nobody announces but for a file of sysfs; a loop device that we
 * closed before would be gone. Only for guests that do not run, as the others' connecting comes after it. */
static int wait_for_blkback(const struct arrival *a, struct slip_error **err)
{
    uint64_t deadline = slip__now_us() + SLIP_LIMIT_BACKEND_MS * 1000ull;
    char path[96];

    snprintf(path, sizeof(path), "/sys/bus/xen-backend/devices/vbd-%u-%u/physical_device", a->domid,
             a->script.dev.devid);
    while (access(path, F_OK) < 0) {
        if (slip__now_us() >= deadline)
            return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_DEVICE_TIMEOUT,
                                    "the host's driver did not open the disk '%s'",
                                    a->device->disk->target.value);
        slip__xen_store_wait(a->store, slip__now_us() + 5000);
    }
    return 0;
}

static void take_back(const struct arrival *a)
{
    struct slip_xen_leaving leaving = {.script = a->script};

    slip__xen_setup_close(a->store, &leaving, 1, SLIP_XEN_AT_ONCE, NULL);
    slip__xen_setup_forget(a->store, &a->script.dev, NULL);
}

static int bring_in(struct arrival *a, struct slip_error **err)
{
    int rc = open_device(a, err);

    if (rc == 0)
        rc = slip__xen_store_transact(a->store, fill_device, a, err);
    if (rc < 0)
        return rc;
    if (a->device->kind == SLIP_DEVICE_DISK && slip__xen_disk_needs_dm(&a->disk))
        rc = slip__xen_dm_ensure(a->store, a->domid, NULL, err);
    if (rc == 0)
        rc = slip__xen_setup_connect(a->store, &a->script, 1, err);
    if (rc == 0 && !a->frozen)
        rc = wait_for_guest(a, err);
    else if (rc == 0 && a->disk.node[0])
        rc = wait_for_blkback(a, err);
    if (rc < 0)
        take_back(a);
    return rc;
}

int slip__xen_device_attach(struct slip_xen *xen, uint32_t domid, const struct slip_device *device,
                            struct slip_error **err)
{
    struct arrival a = {.domid = domid, .device = device, .disk = SLIP_XEN_DISK_NONE};
    xc_dominfo_t info;
    char uuid[37];
    int rc;

    if (xc_domain_getinfo(xen->xc, domid, 1, &info) != 1 || info.domid != domid || info.dying ||
        info.shutdown)
        return slip__error_code(err, SLIP_ESTATE, SLIP_CODE_XEN_GONE, "domain %u has ended", domid);
    a.frozen = info.paused;
    rc = slip__xen_store_open(&a.store, err);
    if (rc < 0)
        return rc;
    rc = bring_in(&a, err);
    if (rc == 0) {
        slip__xen_uuid_text(info.handle, uuid);
        slip__xen_userdata_add(domid, uuid, device, a.script.dev.devid);
    }
    slip__xen_disk_close(&a.disk);
    slip__xen_store_close(a.store);
    return rc;
}

/* Does this device go by the name which? A disk: by vdev or number. An interface: by number or address. */
static bool is_called(struct slip_xen_store *store, const struct slip_xen_leaving *leaving,
                      const char *which)
{
    const struct slip_xen_device *dev = &leaving->script.dev;
    char back[SLIP_XEN_PATH_BYTES], mac[24];
    uint64_t number;
    uint32_t vdev;

    if (slip__xen_store_parse_uint(which, &number) && number == dev->devid)
        return true;
    if (strcmp(dev->kind, "vbd") == 0)
        return slip__xen_vdev_number(which, &vdev) && vdev == dev->devid;
    slip__xen_device_back(dev, back);
    return slip__xen_store_read(store, mac, sizeof(mac), "%s/mac", back) &&
           strcasecmp(mac, which) == 0;
}

/* Its end was taken from under the guest, and the host's driver holds on to it all the same: the guest has made another, say. */
static int still_there(const struct slip_xen_device *dev, struct slip_error **err)
{
    return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_DEVICE_TIMEOUT,
                            "the host's driver did not let go of %s %u of domain %u", dev->kind,
                            dev->devid, dev->domid);
}

static int pull(struct slip_xen *xen, struct slip_xen_store *store, uint32_t domid,
                enum slip_device_kind kind, const char *which, struct slip_error **err)
{
    const char *wanted = kind == SLIP_DEVICE_DISK ? "vbd" : "vif";
    char uuid[37];
    SLIP_AUTO_FREE struct slip_xen_leaving *list = NULL;
    xc_dominfo_t info;
    bool there, running;
    size_t count;
    int rc = slip__xen_setup_find(store, domid, &list, &count, err);

    if (rc < 0)
        return rc;
    there = xc_domain_getinfo(xen->xc, domid, 1, &info) == 1 && info.domid == domid;
    running = there && !info.dying && !info.shutdown && !info.paused;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i].kind, wanted) != 0 || !is_called(store, &list[i], which))
            continue;
        rc = slip__xen_setup_close(store, &list[i], 1,
                                   running ? SLIP_XEN_POLITELY : SLIP_XEN_AT_ONCE, err);
        /* That its script failed does not bring the device back. */
        if (!slip__xen_setup_is_gone(store, &list[i].script.dev))
            return rc < 0 ? rc : still_there(&list[i].script.dev, err);
        slip__xen_setup_forget(store, &list[i].script.dev, rc < 0 ? NULL : err);
        if (there) {
            slip__xen_uuid_text(info.handle, uuid);
            slip__xen_userdata_drop(domid, uuid, kind, list[i].script.dev.devid);
        }
        return rc;
    }
    return slip__error_code(err, SLIP_ENOENT, SLIP_CODE_NO_SUCH_DEVICE,
                            "domain %u has no %s called '%.60s'", domid,
                            kind == SLIP_DEVICE_DISK ? "disk" : "network interface", which);
}

int slip__xen_device_detach(struct slip_xen *xen, uint32_t domid, enum slip_device_kind kind,
                            const char *which, struct slip_error **err)
{
    struct slip_xen_store *store;
    int rc = slip__xen_store_open(&store, err);

    if (rc < 0)
        return rc;
    rc = pull(xen, store, domid, kind, which, err);
    slip__xen_store_close(store);
    return rc;
}

/* The file behind a loop device is what people know it by. */
static void show_target(struct slip_device_info *info, const char *params, const char *physical)
{
    unsigned major_number, minor_number;
    struct slip_loop loop;

    if (sscanf(physical, "%x:%x", &major_number, &minor_number) == 2 &&
        slip__loop_look(makedev(major_number, minor_number), &loop) && loop.file[0])
        params = loop.file;
    snprintf(info->target, sizeof(info->target), "%s", params);
}

/* A number that the guest wrote, or -1. */
static int from_guest(struct slip_xen_store *store, const char *front, const char *name)
{
    char text[24];
    uint64_t number;

    if (!slip__xen_store_read(store, text, sizeof(text), "%s/%s", front, name) ||
        !slip__xen_store_parse_uint(text, &number) || number > INT_MAX)
        return -1;
    return (int)number;
}

static void describe_ends(struct slip_xen_store *store, const struct slip_xen_device *dev,
                          struct slip_device_info *info)
{
    bool disk = info->kind == SLIP_DEVICE_DISK;
    char front[SLIP_XEN_PATH_BYTES], back[SLIP_XEN_PATH_BYTES];

    slip__xen_device_front(dev, front);
    slip__xen_device_back(dev, back);
    snprintf(info->path, sizeof(info->path), "%s", back);
    info->guest_state = from_guest(store, front, "state");
    info->event_channel = from_guest(store, front, "event-channel");
    if (!disk && info->event_channel < 0)
        info->event_channel = from_guest(store, front, "event-channel-tx");
    info->ring_ref = from_guest(store, front, disk ? "ring-ref" : "tx-ring-ref");
    info->ring_ref_rx = disk ? -1 : from_guest(store, front, "rx-ring-ref");
}

static void describe(struct slip_xen_store *store, const struct slip_xen_leaving *device,
                     struct slip_device_info *info)
{
    const struct slip_xen_device *dev = &device->script.dev;
    bool disk = strcmp(dev->kind, "vbd") == 0;
    char back[SLIP_XEN_PATH_BYTES], params[256], physical[24], name[40], mode[4];
    struct slip_xen_states states;

    slip__xen_device_back(dev, back);
    *info = (struct slip_device_info){.size = sizeof(*info),
                                      .kind = disk ? SLIP_DEVICE_DISK : SLIP_DEVICE_VIF,
                                      .devid = (int)dev->devid};
    slip__xen_device_states(store, dev, &states, NULL);
    info->state = states.back;
    describe_ends(store, dev, info);
    if (disk) {
        slip__xen_store_read(store, info->name, sizeof(info->name), "%s/dev", back);
        slip__xen_store_read(store, params, sizeof(params), "%s/params", back);
        slip__xen_store_read(store, physical, sizeof(physical), "%s/physical-device", back);
        slip__xen_store_read(store, mode, sizeof(mode), "%s/mode", back);
        show_target(info, params, physical);
        info->read_only = mode[0] == 'r';
        snprintf(info->backend, sizeof(info->backend), "%s",
                 strcmp(dev->backend, "vbd") == 0 ? "phy" : dev->backend);
        return;
    }
    if (slip__xen_store_read(store, name, sizeof(name), "%s/vifname", back) && name[0])
        snprintf(info->name, sizeof(info->name), "%s", name);
    else
        snprintf(info->name, sizeof(info->name), "vif%u.%u", dev->domid, dev->devid);
    slip__xen_store_read(store, info->mac, sizeof(info->mac), "%s/mac", back);
    slip__xen_store_read(store, info->target, sizeof(info->target), "%s/bridge", back);
    snprintf(info->backend, sizeof(info->backend), "vif");
}

int slip__xen_device_list(struct slip_xen *xen, uint32_t domid, slip_device_fn *fn, void *payload,
                          struct slip_error **err)
{
    SLIP_AUTO_FREE struct slip_xen_leaving *list = NULL;
    struct slip_xen_store *store;
    size_t count;
    int rc = slip__xen_store_open(&store, err);

    (void)xen;
    if (rc < 0)
        return rc;
    rc = slip__xen_setup_find(store, domid, &list, &count, err);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        struct slip_device_info info;

        if (strcmp(list[i].kind, "vbd") != 0 && strcmp(list[i].kind, "vif") != 0)
            continue;
        describe(store, &list[i], &info);
        if (fn(&info, payload))
            break;
    }
    slip__xen_store_close(store);
    return rc;
}
