/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Giving up root in a fresh child process. Knows not what the child is for. */
#ifndef SLIP_BASE_PRIVILEGE_H
#define SLIP_BASE_PRIVILEGE_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * A child of root's runs under a user id of its own, this plus its process id: the descriptors it gets are all it needs, and
 * what breaks out of one guest's container has no rights over another's. The range is one that systemd's table of user ids
 * (UIDS-GIDS.md) leaves unused. Where a user namespace lacks it: nobody's; where it lacks that too, root is not the host's.
 */
#define SLIP_CHILD_FIRST_UID 1879048192u
#define SLIP_CHILD_NOBODY    65534u

/* Takes root away from the process, which has one thread; it keeps group (0: none) besides its own. Nothing if it is not root's.
 * Only system calls: fine between fork and exec. False, and errno: it is root still. A process loses its parent-death signal by
 * it: ask for that afterwards. */
bool slip__privilege_drop(gid_t group);

#endif
