/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Disks on Xen: block devices and files, the latter through loop devices, served by the kernel's blkback. */
#ifndef SLIP_ENGINE_XEN_VBD_H
#define SLIP_ENGINE_XEN_VBD_H

#include "engine/xen/device.h"
#include "engine/xen/hotplug.h"
#include "engine/xen/loop.h"

/* One disk, opened. */
struct slip_xen_disk {
    const struct slip_disk *disk; /* borrowed */
    uint32_t devid;
    const char *backend;             /* "vbd", "qdisk" */
    int fd;                          /* keeps the block or loop device; -1: a script makes it */
    char node[SLIP_LOOP_PATH_BYTES]; /* the loop device; "": none */
    char physical[24];               /* "major:minor" for blkback; "": the script writes it */
    char script[SLIP_XEN_SCRIPT_BYTES];
};

#define SLIP_XEN_DISK_NONE ((struct slip_xen_disk){.fd = -1})

void slip__xen_disk_check(const struct slip_disk *disk, struct slip_diags *diags);
/* An empty CD-ROM drive, which the guest goes without (check warns). */
bool slip__xen_disk_skipped(const struct slip_disk *disk);
/* Opens it, refuses what others write, makes the loop device. */
int slip__xen_disk_open(struct slip_xen_store *store, const struct slip_disk *disk, size_t index,
                        struct slip_xen_disk *ret, struct slip_error **err);
void slip__xen_disk_close(struct slip_xen_disk *disk);
void slip__xen_disk_nodes(const struct slip_xen_disk *disk, uint32_t domid,
                          struct slip_xen_nodes *nodes);
/* Is it served by a QEMU? */
bool slip__xen_disk_needs_dm(const struct slip_xen_disk *disk);
/* What is to be run for it to come: nothing, but for disks that a script makes. */
struct slip_xen_script slip__xen_disk_script(const struct slip_xen_disk *disk, uint32_t domid);

#endif
