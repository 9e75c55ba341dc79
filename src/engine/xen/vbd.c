/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Disks. */
#include "engine/xen/vbd.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "engine/disk.h"
#include "engine/xen/dm.h"
#include "engine/xen/sharing.h"
#include "engine/xen/vdev.h"

bool slip__xen_disk_skipped(const struct slip_disk *disk)
{
    return disk->cdrom.value && !(disk->target.value && disk->target.value[0]);
}

/* Only QEMU reads other formats; a script's device is what the script makes. */
static bool needs_qemu(const struct slip_disk *disk)
{
    return disk->format.value != SLIP_DISK_FORMAT_RAW ||
           (SLIP_IS_GIVEN(disk->backendtype) && strcmp(disk->backendtype.value, "qdisk") == 0);
}

void slip__xen_disk_check(const struct slip_disk *disk, struct slip_diags *diags)
{
    struct slip_diag *diag;
    uint32_t number;

    if (disk->vdev.value && !slip__xen_vdev_number(disk->vdev.value, &number)) {
        diag = slip__diag(diags, SLIP_CODE_BAD_VDEV, disk->vdev.mark.span,
                          "Xen has no number for a disk called '%.60s'", disk->vdev.value);
        slip__diag_hint(diag, "xvda, xvdb, ...; or sda to sdp, hda to hdd");
    }
    if (slip__xen_disk_skipped(disk))
        slip__diag(diags, SLIP_CODE_ENGINE_NO_EFFECT, disk->cdrom.mark.span,
                   "the guest gets no empty CD-ROM drive: the host's kernel serves only disks with "
                   "something in them");
    if (SLIP_IS_GIVEN(disk->backendtype) && strcmp(disk->backendtype.value, "tap") == 0)
        slip__diag(diags, SLIP_CODE_ENGINE_REFUSES, disk->backendtype.mark.span,
                   "the xen engine has no tapdisk: leave backendtype out");
    if (SLIP_IS_GIVEN(disk->backendtype) && strcmp(disk->backendtype.value, "standalone") == 0)
        slip__diag(diags, SLIP_CODE_ENGINE_REFUSES, disk->backendtype.mark.span,
                   "the xen engine has no standalone backends: leave backendtype out");
}

/* QEMU opens, locks and reads it by itself: here only what can be refused early. */
static int check_for_qemu(struct slip_xen_store *store, const struct slip_disk *disk, size_t index,
                          struct slip_error **err)
{
    bool writable = disk->access.value == SLIP_DISK_ACCESS_RW;
    int rc;

    if (!slip__xen_dm_path()) {
        slip__error_code(err, SLIP_EENGINE, SLIP_CODE_DISK_BACKEND,
                         "disk %zu: '%s' needs a QEMU with Xen support, and there is none on this "
                         "host",
                         index, disk->target.value);
        slip__error_hint(err, "Debian has it in the package qemu-system-xen; or `qemu-img convert "
                              "-O raw` makes a raw file of it, which the kernel serves");
        return SLIP_EENGINE;
    }
    rc = slip__xen_sharing_check(store, disk->target.value, writable, index, err);
    if (rc == 0)
        rc = slip__disk_open(disk, index, err);
    if (rc >= 0)
        close(rc);
    return rc < 0 ? rc : 0;
}

bool slip__xen_disk_needs_dm(const struct slip_xen_disk *disk)
{
    return strcmp(disk->backend, "qdisk") == 0;
}

static int check_driver(size_t index, struct slip_error **err)
{
    if (access("/sys/bus/xen-backend/drivers/vbd", F_OK) == 0)
        return 0;
    slip__error_code(err, SLIP_EENGINE, SLIP_CODE_DISK_BACKEND,
                     "disk %zu: this host's kernel has no driver that serves disks", index);
    slip__error_hint(err, "modprobe xen-blkback");
    return SLIP_EENGINE;
}

/* The lock goes with the open file into the loop device, and so lasts as long as the guest has the disk. */
static int make_loop(struct slip_xen_disk *ret, size_t index, bool writable,
                     struct slip_error **err)
{
    const char *path = ret->disk->target.value;
    int file_fd = ret->fd, rc;

    ret->fd = -1;
    if (!slip__disk_lock(file_fd, writable))
        rc = slip__error_code(err, SLIP_EENGINE, SLIP_CODE_DISK_IN_USE,
                              "disk %zu: '%s' has just been taken by another guest or tool", index,
                              path);
    else
        rc = slip__loop_attach(file_fd, !writable, path, ret->node, &ret->fd, err);
    close(file_fd);
    return rc;
}

static int open_target(struct slip_xen_store *store, struct slip_xen_disk *ret, size_t index,
                       struct slip_error **err)
{
    bool writable = ret->disk->access.value == SLIP_DISK_ACCESS_RW;
    struct stat st;
    int rc;

    /* First what can say who has it. */
    rc = slip__xen_sharing_check(store, ret->disk->target.value ? ret->disk->target.value : "",
                                 writable, index, err);
    if (rc == 0)
        rc = slip__disk_open(ret->disk, index, err);
    if (rc < 0)
        return rc;
    ret->fd = rc;
    rc = 0;
    if (fstat(ret->fd, &st) == 0 && S_ISREG(st.st_mode))
        rc = make_loop(ret, index, writable, err);
    if (rc == 0 && fstat(ret->fd, &st) < 0)
        rc = slip__error_errno(err, SLIP_EENGINE, errno, "disk %zu", index);
    if (rc == 0)
        snprintf(ret->physical, sizeof(ret->physical), "%x:%x", major(st.st_rdev),
                 minor(st.st_rdev));
    return rc;
}

int slip__xen_disk_open(struct slip_xen_store *store, const struct slip_disk *disk, size_t index,
                        struct slip_xen_disk *ret, struct slip_error **err)
{
    bool scripted = SLIP_IS_GIVEN(disk->script);
    int rc;

    *ret = SLIP_XEN_DISK_NONE;
    ret->disk = disk;
    ret->backend = "vbd";
    if (!disk->vdev.value || !slip__xen_vdev_number(disk->vdev.value, &ret->devid))
        return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_BAD_VDEV,
                                "disk %zu: Xen has no number for a disk called '%.60s'", index,
                                disk->vdev.value ? disk->vdev.value : "");
    if (needs_qemu(disk) && !scripted) {
        ret->backend = "qdisk";
        return check_for_qemu(store, disk, index, err);
    }
    rc = check_driver(index, err);
    /* xl has this script for every disk: it then has nothing left to do, but looks for the name when it ends a domain. */
    if (rc == 0 && !slip__xen_script_path(scripted ? disk->script.value : "block", ret->script))
        rc = slip__error_code(err, SLIP_EENGINE, SLIP_CODE_HOTPLUG_FAILED,
                              "disk %zu: the script's name is too long", index);
    if (rc == 0)
        rc = scripted ? slip__xen_script_check(ret->script, disk->vdev.value, err)
                      : open_target(store, ret, index, err);
    if (rc < 0)
        slip__xen_disk_close(ret);
    return rc;
}

void slip__xen_disk_close(struct slip_xen_disk *disk)
{
    if (disk->fd >= 0)
        close(disk->fd);
    disk->fd = -1;
}

/* What QEMU's Xen disks call formats. */
static const char *const qemu_formats[] = {[SLIP_DISK_FORMAT_RAW] = "aio",
                                           [SLIP_DISK_FORMAT_QCOW] = "qcow",
                                           [SLIP_DISK_FORMAT_QCOW2] = "qcow2",
                                           [SLIP_DISK_FORMAT_VHD] = "vhd",
                                           [SLIP_DISK_FORMAT_QED] = "qed"};

/* Keys and their order as libxl's libxl_disk.c. */
void slip__xen_disk_nodes(const struct slip_xen_disk *disk, uint32_t domid,
                          struct slip_xen_nodes *nodes)
{
    const struct slip_xen_device dev = {domid, disk->devid, "vbd", disk->backend};
    bool writable = disk->disk->access.value == SLIP_DISK_ACCESS_RW;
    const char *type = disk->disk->cdrom.value ? "cdrom" : "disk";
    const char *target = disk->disk->target.value ? disk->disk->target.value : "";
    bool dm = slip__xen_disk_needs_dm(disk);
    char id[16], by_format[16 + PATH_MAX]; /* one that XenStore has no room for is refused there */
    const struct {
        const char *key;
        const char *value;
    } back[] = {
        {"params", dm              ? by_format
                   : disk->node[0] ? disk->node
                                   : target},
        {"script", disk->script},
        {"removable", disk->disk->cdrom.value ? "1" : "0"},
        {"bootable", "1"},
        {"dev", disk->disk->vdev.value},
        {"type", dm ? "qdisk" : "phy"},
        {"mode", writable ? "w" : "r"},
        {"device-type", type},
        {"discard-enable", writable ? "1" : "0"},
        {"specification", "xen"},
    };

    snprintf(id, sizeof(id), "%u", disk->devid);
    snprintf(by_format, sizeof(by_format), "%s:%s", qemu_formats[disk->disk->format.value], target);
    slip__xen_device_begin(&dev, nodes);
    for (size_t i = 0; i < SLIP_COUNT(back); i++)
        if (back[i].value[0])
            slip__xen_device_put_back(&dev, nodes, back[i].key, back[i].value);
    if (disk->physical[0]) /* last: with it blkback opens the device */
        slip__xen_device_put_back(&dev, nodes, "physical-device", disk->physical);
    slip__xen_device_put_front(&dev, nodes, "state", "1");
    slip__xen_device_put_front(&dev, nodes, "virtual-device", id);
    slip__xen_device_put_front(&dev, nodes, "device-type", type);
    slip__xen_device_put_front(&dev, nodes, "trusted", "1");
}

struct slip_xen_script slip__xen_disk_script(const struct slip_xen_disk *disk, uint32_t domid)
{
    struct slip_xen_script script = {.dev = {domid, disk->devid, "vbd", disk->backend},
                                     .child = SLIP_CHILD_NONE};

    if (!disk->physical[0])
        snprintf(script.path, sizeof(script.path), "%s", disk->script);
    return script;
}
