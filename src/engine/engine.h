/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Engines: a plan becomes a running guest. One folder per engine, one const table each; the registry (engine.c) is in
 * written order. An engine knows nothing of other engines, of formats, of the supervisor or of policy: it reports what
 * happened and does what it is told.
 *
 * Order of calls for one guest: create -> (write RAM through ram()) -> start -> (pause | unpause | ...)* -> destroy.
 * destroy is legal at any point after create, and after create failed nothing is left.
 */
#ifndef SLIP_ENGINE_ENGINE_H
#define SLIP_ENGINE_ENGINE_H

#include <poll.h>
#include <stdbool.h>

#include "base/diag.h"
#include "build/plan.h"
#include "slipway/engine.h"

/* What happened inside a guest. */
enum slip_event {
    SLIP_EVENT_NONE = 0,
    SLIP_EVENT_POWEROFF, /* it powered off; the engine has stopped it */
    SLIP_EVENT_RESET,    /* it asked for a reset, or triple-faulted; stopped */
    SLIP_EVENT_PANIC,    /* it told us that it panicked; stopped, memory intact */
    SLIP_EVENT_DIED      /* the engine itself failed under it (*err of dispatch says how) */
};

#define SLIP_ENGINE_MAX_FDS 8

/* One guest on one engine. The engine's own struct begins with this. */
struct slip_run {
    const struct slip_engine *engine;
    struct slip_ram *ram; /* valid from create to destroy; all zero at first */
    /* What the guest prints is read from the one, what is typed at it is written to the other (they may be the same);
     * non-blocking; -1: none. Owned by the engine. */
    int console_fd;
    int console_in_fd;
};

struct slip_engine {
    const char *name;
    const char *summary; /* one line */
    const struct slip_machine *machine;
    bool records; /* it has a use for create's record */

    /* Can it run here? Fills status->usable and status->detail. Creates nothing, runs nothing: every start asks this. */
    void (*probe)(struct slip_engine_status *status);
    /* The same with what takes longer to find out, for people to read (a program's version). NULL: probe() says all. */
    void (*describe)(struct slip_engine_status *status);
    /* What of this guest can it not honour? To diags, with the place. Called before anything is created. */
    void (*check)(const struct slip_guest *guest, struct slip_diags *diags);
    /* Makes the guest's memory (layout of slip__layout_ram()) and whatever it starts in, nothing running. record: a
     * folder to write to; NULL: none, and always where records is false. */
    int (*create)(const struct slip_guest *guest, const char *record, struct slip_run **ret,
                  struct slip_error **err);
    /* RAM is written: brings it to its first instruction, and lets it run unless paused. */
    int (*start)(struct slip_run *run, const struct slip_plan *plan, bool paused,
                 struct slip_error **err);
    int (*pause)(struct slip_run *run, struct slip_error **err);
    int (*unpause)(struct slip_run *run, struct slip_error **err);
    int (*shutdown)(struct slip_run *run,
                    struct slip_error **err); /* power button; does not wait */
    /* The descriptors whose readiness dispatch() wants; returns how many (<= SLIP_ENGINE_MAX_FDS). They change: ask before
     * every wait. After the event that ends the run there may be none. */
    unsigned (*fds)(struct slip_run *run, struct pollfd ret[SLIP_ENGINE_MAX_FDS]);
    /* Never blocks. Call again while it returns an event. */
    enum slip_event (*dispatch)(struct slip_run *run, struct slip_error **err);
    /* Ends it and frees everything, run included. */
    void (*destroy)(struct slip_run *run);
};

extern const struct slip_engine slip__engine_null;
extern const struct slip_engine slip__engine_qemu;

/* The index-th engine of the registry, NULL past the end. */
const struct slip_engine *slip__engine_at(size_t index);
/* By name; name NULL: the first usable of the order xen, kvm, qemu. Unknown or unusable: SLIP_EENGINE with the reason, hint
 * lists the names. */
int slip__engine_find(const char *name, const struct slip_engine **ret, struct slip_error **err);

#endif
