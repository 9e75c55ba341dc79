/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* System calls, not the library's functions, which would look for threads that a clone does not have. */
#include "base/privilege.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool become(unsigned id, gid_t group)
{
    return syscall(SYS_setgroups, group ? 1 : 0, &group) == 0 &&
           syscall(SYS_setresgid, id, id, id) == 0 && syscall(SYS_setresuid, id, id, id) == 0;
}

bool slip__privilege_drop(gid_t group)
{
    return geteuid() != 0 || become(SLIP_CHILD_FIRST_UID + (unsigned)syscall(SYS_getpid), group) ||
           become(SLIP_CHILD_NOBODY, group) || errno == EINVAL;
}
