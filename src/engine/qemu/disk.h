/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening what a guest's disks are kept in, with the refusals a host can give. Knows files and devices, not QEMU's options. */
#ifndef SLIP_ENGINE_QEMU_DISK_H
#define SLIP_ENGINE_QEMU_DISK_H

#include "guest/schema.h"

/* Opens a disk's target for what the guest may do with it. index: the disk's number, for messages. Refused (SLIP_EENGINE,
 * it is the host that can't): what is missing, not readable or writable, neither file nor block device, empty, or in use
 * by somebody whose writes would mix with ours. Returns the descriptor (close-on-exec), or a negative code.
 *
 * In use is what QEMU's image locks say (byte-range locks that die with their descriptor, so that none is stale), and for a
 * block device that is to be written what the kernel says: mounted, swapped on, part of a RAID. */
int slip__disk_open(const struct slip_disk *disk, size_t index, struct slip_error **err);

#endif
