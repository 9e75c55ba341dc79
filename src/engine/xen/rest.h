/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The last words of a guest: what it printed goes through the ring it shares with xenconsoled, that daemon's memory, and the
 * terminal we read. A guest that prints and ends has ended before any of it has arrived, and destroying the domain then would
 * lose it. So its end is told a moment later: when as much was read as was written; or, if that never comes to be (somebody
 * else reads there, too), when the ring is empty and the terminal has been quiet for a while.
 */
#ifndef SLIP_ENGINE_XEN_REST_H
#define SLIP_ENGINE_XEN_REST_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/engine.h"

struct slip_xen_run;
struct xencons_interface;

struct slip_xen_rest {
    enum slip_event held;           /* the end that was seen and not told yet */
    enum slip_event told;           /* the end that was */
    bool waiting;                   /* those below are valid */
    int timer_fd;                   /* readable: look again */
    uint64_t until_us;              /* no longer than that */
    struct xencons_interface *ring; /* mapped; NULL: it can't be, the quiet has to do */
};

/* The guest has shut down, but its domain is still there. True: all that it printed is out, or there is no more to hope for.
 * False: ask again when run->rest.timer_fd, or the console, is readable. Never blocks. */
bool slip__xen_rest_is_out(struct slip_xen_run *run);
void slip__xen_rest_dispose(struct slip_xen_run *run);

#endif
