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
    bool owned;   /* else the guest lives on from the moment it is built */
    bool console; /* ret->console_fd is to be a console that misses nothing */
    slip_progress_fn *progress;
    void *payload;
    struct slip_domain_info
        *info; /* NULL, or where to put what it is once it is built; state 0: it has ended */
};

/* Claims the guest's name, forks the supervisor and returns a connection to it once the guest is built. What a dead supervisor of
 * that name left half-built goes first. root_fd is taken over on success. On failure nothing is left behind; nor if this process
 * dies meanwhile. */
int slip__spawn(int root_fd, const struct slip_spawn *spawn, struct slip_client *ret,
                struct slip_error **err);

#endif
