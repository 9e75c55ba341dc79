/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The last words of a guest: what it printed goes through the ring it shares with xenconsoled, that daemon's memory, and the
 * terminal we read. A guest that prints and ends has ended before any of it has arrived, and destroying the domain then would
 * lose it. So its end is told a moment later: when as much was read as was written; or when the terminal has been quiet for a while.
 * What had not come by then is taken out of the ring: it still has the guest's last bytes, also those that xenconsoled has fetched and
 * not passed on, be it because the host is busy or because it died. A ringful is all there can be of them, unless somebody else
 * reads there, too, or xenconsoled is far behind; that is waited for longer.
 */
#ifndef SLIP_ENGINE_XEN_REST_H
#define SLIP_ENGINE_XEN_REST_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/engine.h"

struct slip_xen_run;
struct xencons_interface;

#define SLIP_XEN_RING_BYTES 2048u /* Xen public/io/console.h: out */

struct slip_xen_rest {
    enum slip_event held;           /* the end that was seen and not told yet */
    enum slip_event told;           /* the end that was */
    bool waiting;                   /* those below are valid */
    int timer_fd;                   /* readable: look again */
    uint64_t until_us;              /* no longer than that, if nothing comes */
    uint64_t heard;                 /* run's console_received when that was set */
    struct xencons_interface *ring; /* mapped; NULL: it can't be, the quiet has to do */
    char last_words[SLIP_XEN_RING_BYTES];
};

/* The guest has shut down, but its domain is still there. True: all that it printed is out, or there is no more to hope for; the
 * run's last_words and unheard_bytes are set. False: ask again when run->rest.timer_fd, or the console, is readable. Never blocks. */
bool slip__xen_rest_is_out(struct slip_xen_run *run);
void slip__xen_rest_dispose(struct slip_xen_run *run);

#endif
