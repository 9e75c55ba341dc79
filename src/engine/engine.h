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

#include "base/buf.h"
#include "base/diag.h"
#include "build/plan.h"
#include "slipway/domain.h"
#include "slipway/engine.h"

/* What happened inside a guest. */
enum slip_event {
    SLIP_EVENT_NONE = 0,
    SLIP_EVENT_POWEROFF, /* it powered off; the engine has stopped it */
    SLIP_EVENT_RESET,    /* it asked for a reset, or triple-faulted; stopped */
    SLIP_EVENT_PANIC,    /* it told us that it panicked; stopped, memory intact */
    SLIP_EVENT_WATCHDOG, /* its watchdog fired; stopped, memory intact */
    SLIP_EVENT_GONE,     /* somebody else ended it (another toolstack); nothing is left to stop */
    SLIP_EVENT_DIED      /* the engine itself failed under it (*err of dispatch says how) */
};

#define SLIP_ENGINE_MAX_FDS 8

/* One guest on one engine. The engine's own struct begins with this. */
struct slip_run {
    const struct slip_engine *engine;
    struct slip_ram *ram; /* valid from create to destroy; all zero at first */
    unsigned domid;       /* the hypervisor's number of it, from create on; 0: it has none */
    /* What the guest prints is read from the one, what is typed at it is written to the other (they may be the same);
     * non-blocking; -1: none. Owned by the engine. */
    int console_fd;
    int console_in_fd;
    /* Bytes that were read from console_fd, whenever it was open. Whoever reads counts, and says so before dispatch(). */
    uint64_t console_received;
    /* When dispatch() has told an end, if the engine can know it: the last bytes that the guest printed, up to its very last, and
     * how many of them had not come from console_fd by console_received; they may still come. Owned by the engine, until the next
     * call of it. */
    const char *last_words;
    size_t last_words_bytes, unheard_bytes;
};

/* One device to plug in. */
struct slip_device {
    enum slip_device_kind kind;
    union {
        const struct slip_disk *disk;
        const struct slip_vif *vif;
    };
};

/* Does the caller know the domain of this uuid by itself? */
typedef bool slip_known_fn(const char *uuid, void *payload);

/*
 * Hypervisors keep domains that no process of ours stands behind: made by other toolstacks, or left by a supervisor that
 * died. These calls see and manage any of them, by the hypervisor's number. None of them needs a slip_run.
 */
struct slip_hosted {
    /* Calls fn for every domain, the host's own (number 0) too, until it returns non-zero. size is set; supervisor_pid is 0. Asks
     * known (NULL: knows none) for each by its uuid first: those that the caller knows come without a name, and are taken for
     * complete; that is what makes this cheap among many. */
    int (*list)(slip_known_fn *known, slip_domain_fn *fn, void *payload, struct slip_error **err);
    /* Optional: the number of the domain called name, which is none that the caller knows; SLIP_ENOENT: there is none. NULL: list
     * does. */
    int (*find)(const char *name, slip_known_fn *known, void *payload, unsigned *ret_domid,
                struct slip_error **err);
    /* The one of this number. SLIP_ENOENT: there is none. */
    int (*look)(unsigned domid, struct slip_domain_info *ret, struct slip_error **err);
    int (*pause)(unsigned domid, struct slip_error **err);
    int (*unpause)(unsigned domid, struct slip_error **err);
    int (*shutdown)(unsigned domid, struct slip_error **err);
    int (*reboot)(unsigned domid, struct slip_error **err);
    /* Ends it and takes away all that belongs to it: devices, store entries. Returns when it is gone. */
    int (*destroy)(unsigned domid, struct slip_error **err);
    /* Returns when it has shut down, or is gone, and how. NULL: nobody tells. */
    int (*wait)(unsigned domid, enum slip_end *ret, struct slip_error **err);
    /* Its console: a descriptor to read from and write to, the caller's to close. */
    int (*console)(unsigned domid, int *ret_fd, struct slip_error **err);
    /* What its toolstack wrote down of how it was made, as libxl's JSON: the caller's to free. SLIP_ENOENT: nothing. */
    int (*config)(unsigned domid, char **ret, struct slip_error **err);
    int (*attach)(unsigned domid, const struct slip_device *device, struct slip_error **err);
    int (*detach)(unsigned domid, enum slip_device_kind kind, const char *which,
                  struct slip_error **err);
    int (*devices)(unsigned domid, slip_device_fn *fn, void *payload, struct slip_error **err);
};

struct slip_engine {
    const char *name;
    const char *summary; /* one line */
    const struct slip_machine
        *machines[SLIP_TYPES];        /* by enum slip_type; NULL: it has no such container */
    const struct slip_hosted *hosted; /* NULL: its guests live and die with their supervisor */
    bool records;                     /* it has a use for create's record */
    bool watchdog; /* it can tell that a guest's watchdog fired: on_watchdog is of use */

    /* Can it run here? Fills status->usable and status->detail. Creates nothing, runs nothing: every start asks this. */
    void (*probe)(struct slip_engine_status *status);
    /* The same with what takes longer to find out, for people to read (a program's version). NULL: probe() says all. */
    void (*describe)(struct slip_engine_status *status);
    /* What of this guest can it not honour? To diags, with the place. Called before anything is created. */
    void (*check)(const struct slip_guest *guest, struct slip_diags *diags);
    /* What of create() others than this process work at, and what does not depend on the kernel: called before the kernel is read,
     * so that they do it meanwhile. NULL: there is nothing of the kind. */
    int (*begin)(const struct slip_guest *guest, struct slip_run **ret, struct slip_error **err);
    /* Makes the guest's memory (layout of slip__layout_ram()) and whatever it starts in, nothing running. record: a
     * folder to write to; NULL: none, and always where records is false. kernel_bits, 32 or 64: the width of the kernel
     * that will be loaded; a pv guest's memory depends on it. *ret: what begin() made, where there is one; it stays the
     * caller's to destroy if this fails. */
    int (*create)(const struct slip_guest *guest, unsigned kernel_bits, const char *record,
                  struct slip_run **ret, struct slip_error **err);
    /* RAM is written: brings it to its first instruction, and lets it run unless paused. */
    int (*start)(struct slip_run *run, const struct slip_plan *plan, bool paused,
                 struct slip_error **err);
    int (*pause)(struct slip_run *run, struct slip_error **err);
    int (*unpause)(struct slip_run *run, struct slip_error **err);
    int (*shutdown)(struct slip_run *run,
                    struct slip_error **err); /* power button; does not wait */

    /* Optional, NULL where the engine has no such thing. */

    /* Asks the guest to start afresh, as shutdown() asks it to end, so that it can put its disks in order: its reset then comes
     * as an event. NULL: nothing can ask for that, and who wants a reset builds the guest again. */
    int (*reboot)(struct slip_run *run, struct slip_error **err);
    /* Somebody begins to watch the console, or the last one has left. An engine whose console others may want opens it only
     * then: console_fd and console_in_fd are set, or closed and -1, when this returns. NULL: they are always open. */
    int (*console)(struct slip_run *run, bool wanted, struct slip_error **err);
    /* What the guest is doing now, where others may have changed it: fills state, domid, memory, vcpus, times. */
    int (*look)(struct slip_run *run, struct slip_domain_info *ret, struct slip_error **err);
    /* Plugs a device into the running guest, or pulls it: which is "xvdb", a vif's number or its mac. */
    int (*attach)(struct slip_run *run, const struct slip_device *device, struct slip_error **err);
    int (*detach)(struct slip_run *run, enum slip_device_kind kind, const char *which,
                  struct slip_error **err);
    int (*devices)(struct slip_run *run, slip_device_fn *fn, void *payload,
                   struct slip_error **err);

    /* About the host, for `slipway info`: calls fn with names and values as `xl info` has them, in its order. */
    int (*info)(slip_pair_fn *fn, void *payload, struct slip_error **err);
    /* The hypervisor's own messages, appended to ret; clear: and empties them. */
    int (*log)(bool clear, struct slip_buf *ret, struct slip_error **err);
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
extern const struct slip_engine slip__engine_xen; /* of a build without Xen: never usable */

/* The index-th engine of the registry, NULL past the end. */
const struct slip_engine *slip__engine_at(size_t index);
/* The one that the default falls back to: it asks least of a host. Usable or not. */
const struct slip_engine *slip__engine_last_default(void);
/* The machine an engine builds for a container, or NULL. */
const struct slip_machine *slip__engine_machine(const struct slip_engine *engine,
                                                enum slip_type container);
/* By name; name NULL: the first usable of the order xen, kvm, qemu. Unknown or unusable: SLIP_EENGINE with the reason, hint
 * lists the names. */
int slip__engine_find(const char *name, const struct slip_engine **ret, struct slip_error **err);

#endif
