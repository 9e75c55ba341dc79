/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The supervisor: one process, one thread and one event loop per domain. supervisor.c has the domain's life, control.c answers
 * those who connect; this header is between the two and spawn.c.
 */
#ifndef SLIP_LIFE_SUPERVISOR_H
#define SLIP_LIFE_SUPERVISOR_H

#include <poll.h>

#include "base/buf.h"
#include "life/console.h"
#include "life/life.h"
#include "life/policy.h"
#include "life/protocol.h"
#include "life/state.h"
#include "life/stray.h"

struct slip_supervisor;

/* Control connections at a time: a few commands on each console's behalf, and their lists and waits. */
#define SLIP_CONTROL_MAX_PEERS 32u

struct slip_peer {
    int fd; /* -1: gone, to be swept */
    struct slip_buf in, out;
    bool owner;    /* the domain ends with this connection */
    bool destroys; /* waits for the reply to its "destroy" */
};

/* Everybody connected to the control socket. */
struct slip_control {
    int listen_fd; /* -1: not listening */
    struct slip_peer peers[SLIP_CONTROL_MAX_PEERS];
    unsigned n_peers;
};

#define SLIP_CONTROL_MAX_FDS (SLIP_CONTROL_MAX_PEERS + 1)

struct slip_supervisor {
    struct slip_entry entry;
    const struct slip_guest *guest; /* what the run was built from; the engine holds on to it */
    struct slip_guest *next; /* what the next boot is built from, if devices came or went; owned */
    struct slip_guest *own;  /* guest, if it was a next one; owned */
    const struct slip_engine *engine;
    const char *record; /* null engine's folder */
    struct slip_built built;
    struct slip_policy policy;
    struct slip_domain_info info;
    uint64_t created_us;
    uint64_t running_since_us; /* 0: it is not running */
    uint64_t boot_ran_us;      /* of this boot, up to running_since_us */
    bool look_again;           /* a new run may hold events that no descriptor tells of */
    bool trim;         /* building used memory that is to be given back when there is time */
    bool console_open; /* the engine was told that somebody watches */
    struct slip_console console;
    struct slip_control control;
    struct slip_ending ending; /* .end set: the loop is over */
};

/* What a supervisor process is made from. */
struct slip_supervisor_start {
    struct slip_entry entry; /* taken over */
    const struct slip_guest *guest;
    const struct slip_engine *engine;
    const char *record;
    bool paused;
    bool
        owned; /* the domain ends with the creator's connection; else it has only until it is built */
    bool progress;   /* the creator wants to know how far it is */
    bool wants_info; /* the creator wants to know what became of it */
    int owner_fd;    /* the creator's connection; taken over */
    int console_fd; /* a console for the creator, attached before anything is printed; taken over; -1: none */
};

/* Lives the whole life of a domain; returns when it is gone and everybody was told. */
void slip__supervisor_run(const struct slip_supervisor_start *start);

/* Brings s->info up to date with what others may have changed. */
void slip__supervisor_look(struct slip_supervisor *s);

/* What a request may do. Each fails with SLIP_ESTATE when the domain is not in a state for it. */
int slip__supervisor_check_live(const struct slip_supervisor *s, struct slip_error **err);
int slip__supervisor_pause(struct slip_supervisor *s, struct slip_error **err);
int slip__supervisor_unpause(struct slip_supervisor *s, struct slip_error **err);
int slip__supervisor_shutdown(struct slip_supervisor *s, struct slip_error **err);
/* May end the domain; fails, too, if that is because it could not be built again. */
int slip__supervisor_reboot(struct slip_supervisor *s, struct slip_error **err);
/* devices.c: a device that came or went stays so through restarts. */
int slip__supervisor_attach(struct slip_supervisor *s, const struct slip_device *device,
                            struct slip_error **err);
int slip__supervisor_detach(struct slip_supervisor *s, enum slip_device_kind kind,
                            const char *which, struct slip_error **err);
int slip__supervisor_devices(struct slip_supervisor *s, slip_device_fn *fn, void *payload,
                             struct slip_error **err);
/* Opens the guest's console for wanted viewers, or lets go of it for others to have. */
int slip__supervisor_console(struct slip_supervisor *s, bool wanted, struct slip_error **err);
/* Ends the loop. reason is static; err is taken over. The first end stands. */
void slip__supervisor_finish(struct slip_supervisor *s, enum slip_end end, const char *reason,
                             struct slip_error *err);

/* control.c */
void slip__control_init(struct slip_control *control);
void slip__control_dispose(struct slip_control *control);
/* The first peer: takes fd over, and tells the creator behind it that its guest runs. info: NULL, or what else to tell. */
void slip__control_add_owner(struct slip_control *control, int fd, bool owned,
                             const struct slip_domain_info *info);
unsigned slip__control_fds(const struct slip_control *control,
                           struct pollfd ret[SLIP_CONTROL_MAX_FDS]);
void slip__control_dispatch(struct slip_supervisor *s, const struct pollfd *fds, unsigned n_fds);
/* The domain is gone: stops listening, answers those who asked for it, tells everybody the end. */
void slip__control_tell_end(struct slip_supervisor *s);
/* Is there something that a peer has not taken yet? */
bool slip__control_pending(const struct slip_control *control);
/* Sends what is pending, as far as it goes without waiting. */
void slip__control_flush(struct slip_control *control);

#endif
