/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening what a guest's disks are kept in, with the refusals a host can give. Knows files and devices, no engine. */
#ifndef SLIP_ENGINE_DISK_H
#define SLIP_ENGINE_DISK_H

#include <stdbool.h>

#include "guest/schema.h"

/* Opens a disk's target for what the guest may do with it. index: the disk's number, for messages. Refused (SLIP_EENGINE,
 * it is the host that can't): what is missing, not readable or writable, neither file nor block device, empty, or in use
 * by somebody whose writes would mix with ours. Returns the descriptor (close-on-exec), or a negative code.
 *
 * In use is what QEMU's image locks say (byte-range locks that die with their descriptor, so that none is stale), and for a
 * block device that is to be written what the kernel says: mounted, swapped on, part of a RAID. */
int slip__disk_open(const struct slip_disk *disk, size_t index, struct slip_error **err);

/* Holds QEMU's image locks on the open file of a disk, as long as that is open anywhere: others that look for them then refuse
 * it. False: somebody else was quicker. A file system without locks has none. */
bool slip__disk_lock(int fd, bool writable);

#endif
