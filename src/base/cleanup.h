/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scope-bound release of leaf resources (memory, descriptors), and handing them over. For hypervisor state use a goto ladder. */
#ifndef SLIP_BASE_CLEANUP_H
#define SLIP_BASE_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

static inline void slip__auto_free(void *p)
{
    free(*(void **)p);
}

static inline void slip__auto_close(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

#define SLIP_AUTO_FREE  __attribute__((cleanup(slip__auto_free)))
#define SLIP_AUTO_CLOSE __attribute__((cleanup(slip__auto_close)))
#define SLIP_AUTO(fn)   __attribute__((cleanup(fn)))

/* Takes the descriptor out of a SLIP_AUTO_CLOSE variable. */
static inline int slip__steal_fd(int *fd)
{
    int taken = *fd;

    *fd = -1;
    return taken;
}

/* Takes the pointer out of a SLIP_AUTO_FREE variable. */
static inline void *slip__steal_void(void *p)
{
    void *taken = *(void **)p;

    *(void **)p = NULL;
    return taken;
}
#define slip__steal(p) ((__typeof__(*(p)))slip__steal_void(p))

#define SLIP_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
