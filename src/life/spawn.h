/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making a supervisor process, and waiting until its guest runs. */
#ifndef SLIP_LIFE_SPAWN_H
#define SLIP_LIFE_SPAWN_H

#include "life/client.h"
#include "life/life.h"

struct slip_spawn {
    const struct slip_guest *guest;
    const struct slip_engine *engine;
    const char *record; /* absolute, or NULL */
    bool paused;
    bool owned; /* else the creator lets go as soon as it knows that the guest runs */
    slip_progress_fn *progress;
    void *payload;
};

/* Claims the guest's name, forks the supervisor and returns a connection to it once the guest is built. root_fd is taken over
 * on success. On failure nothing is left behind; nor if this process dies meanwhile. */
int slip__spawn(int root_fd, const struct slip_spawn *spawn, struct slip_client *ret,
                struct slip_error **err);

#endif
