/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who else on this host uses a disk: other domains of any toolstack, and loop devices. Changes nothing. */
#ifndef SLIP_ENGINE_XEN_SHARING_H
#define SLIP_ENGINE_XEN_SHARING_H

#include <stdbool.h>

#include "base/error.h"
#include "engine/xen/store.h"

/* Refuses (DISK_IN_USE) the file or block device when somebody else writes to it, or uses it at all and writable is set. That
 * there is nothing of this name is no failure of this call. index is for the message. */
int slip__xen_sharing_check(struct slip_xen_store *store, const char *path, bool writable,
                            size_t index, struct slip_error **err);

#endif
