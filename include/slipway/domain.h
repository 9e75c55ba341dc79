/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A domain: a running guest. Creating one leaves a small supervisor process behind that carries out on_poweroff,
 * on_reboot and on_crash and serves the console; everything else here talks to it.
 *
 * Domains live below a state folder: /run/slipway for root; for others $XDG_RUNTIME_DIR/slipway, without such a folder of
 * theirs /run/user/UID/slipway, without that /tmp/slipway-UID. One name is one domain.
 * slip_domain_create() forks; call it while no other thread of the program holds locks that the child would need.
 */
#ifndef SLIPWAY_DOMAIN_H
#define SLIPWAY_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "slipway/api.h"
#include "slipway/diag.h"
#include "slipway/error.h"
#include "slipway/guest.h"

SLIP_BEGIN_DECLS

struct slip_domain; /* a connection to one running guest */

enum slip_state {
    SLIP_STATE_BUILDING = 1,
    SLIP_STATE_RUNNING,
    SLIP_STATE_PAUSED,
    SLIP_STATE_CRASHED, /* kept by on_crash = "preserve" */
    SLIP_STATE_OFF, /* kept by on_poweroff = "preserve", or its toolstack has not taken it away yet */
    SLIP_STATE_HALF_BUILT, /* whoever built it died; slip_domain_destroy() or a new guest of its name takes it away */
    SLIP_STATE_DYING /* it is gone but for memory that somebody still holds */
};

/* How a domain ended. */
enum slip_end {
    /* The guest powered off, or asked for a reset that on_reboot turned into an end. */
    SLIP_END_POWEROFF = 1,
    /* It panicked, or its resets came too fast: five boots in a row of under a second each, or one if on_reboot does not
     * restart it. (A triple fault looks like a reset.) */
    SLIP_END_CRASHED,
    SLIP_END_DESTROYED, /* slip_domain_destroy(), or its owner hung up */
    SLIP_END_FAILED     /* the engine or the supervisor failed */
};

/* Stages of a start, in order; for progress and the closing line. Microseconds of wall time. */
struct slip_timing {
    uint64_t image_us;  /* reading the kernel, straight into the guest's memory */
    uint64_t build_us;  /* layout, tables, modules */
    uint64_t engine_us; /* what of the engine's own start was not hidden behind the two above */
    uint64_t guest_us;  /* it ran, in all boots of this domain together, pauses not counted */
};

enum slip_stage { SLIP_STAGE_ENGINE = 1, SLIP_STAGE_IMAGE, SLIP_STAGE_MODULES, SLIP_STAGE_START };
/* Called now and then during a long create; done and total are bytes (total 0: unknown). */
typedef void slip_progress_fn(enum slip_stage stage, uint64_t done, uint64_t total, void *payload);

#define SLIP_CREATE_PAUSED 1u /* leave it paused before its first instruction */
#define SLIP_CREATE_OWNED \
    2u /* the domain ends when this connection closes without slip_domain_detach() */
#define SLIP_CREATE_CONSOLE \
    4u /* the first slip_domain_console() of this connection is to miss nothing, even if the guest has ended by then */

/* Set size to sizeof(struct slip_create_options) and the rest to zero. */
struct slip_create_options {
    size_t size;
    unsigned flags;
    const char *engine; /* NULL: the default one */
    const char *record; /* null engine only: the folder for ram.img and plan.json, or NULL */
    slip_progress_fn *progress; /* NULL: nobody wants to know */
    void *payload;              /* handed to progress */
    struct slip_domain_info *
        info; /* NULL, or where to put what it is when this returns (size set); state 0: it has ended */
};

/* Builds guest and starts it. Nothing is left behind on failure. What the engine can't honour goes to diags. The caller
 * frees *ret (which does not end the domain, unless SLIP_CREATE_OWNED).
 * SLIP_EEXIST: the name is taken. SLIP_EIMAGE, SLIP_EENGINE, SLIP_EDESC, ...: as they say. */
SLIP_API int slip_domain_create(const struct slip_guest *guest,
                                const struct slip_create_options *options, struct slip_diags *diags,
                                struct slip_domain **ret, struct slip_error **err) SLIP_MUST_CHECK;
/* Connects to a running domain, by its name or by its number on the hypervisor: one with a supervisor of ours, or any other that
 * a hypervisor of this host has. SLIP_ENOENT: there is none of that name. SLIP_ESTATE: it is still being built. */
SLIP_API int slip_domain_open(const char *name, struct slip_domain **ret,
                              struct slip_error **err) SLIP_MUST_CHECK;
SLIP_API void slip_domain_free(struct slip_domain *domain); /* NULL is fine */

struct slip_domain_info {
    size_t size;    /* set by the caller */
    char name[128]; /* empty: it has none (yet) */
    char uuid[37];
    char engine[16];
    char type[8];
    enum slip_state state;
    pid_t
        supervisor_pid; /* 0: no supervisor stands behind it (another toolstack's domain, or it died) */
    int domid;          /* the hypervisor's number; -1: the engine has none, or not yet */
    uint64_t memory_bytes;
    unsigned
        vcpus; /* the description's vcpus=; of another toolstack's domain those that are online */
    uint64_t uptime_us; /* since the domain was created; 0: not known */
    unsigned boots;     /* 1 + restarts; 0: not known */
    uint64_t cpu_us;    /* processor time it has used; 0 where the engine does not count */
    bool on_cpu;        /* at this moment; hypervisors only */
    bool blocked;       /* all its vCPUs wait; hypervisors only */
};

typedef int slip_domain_fn(const struct slip_domain_info *info, void *payload);

SLIP_API int slip_domain_info(struct slip_domain *domain, struct slip_domain_info *ret,
                              struct slip_error **err);
SLIP_API int slip_domain_pause(struct slip_domain *domain, struct slip_error **err);
SLIP_API int slip_domain_unpause(struct slip_domain *domain, struct slip_error **err);
/* Presses the power button; returns once it is pressed. */
SLIP_API int slip_domain_shutdown(struct slip_domain *domain, struct slip_error **err);
/* On Xen, asks the guest to start afresh, as slip_domain_shutdown() asks it to end; a paused one, and any on other engines, is
 * reset as if it had asked for it. on_reboot decides what follows. */
SLIP_API int slip_domain_reboot(struct slip_domain *domain, struct slip_error **err);
/* Ends it now. Returns when it is gone. */
SLIP_API int slip_domain_destroy(struct slip_domain *domain, struct slip_error **err);
/* SLIP_CREATE_OWNED domains: lets go, the domain lives on. */
SLIP_API int slip_domain_detach(struct slip_domain *domain, struct slip_error **err);

/* How it was made, as its toolstack has written it down for others: libxl's JSON (c_info, b_info, ...), of a Xen domain. The
 * caller frees *ret. SLIP_ENOTSUP: its engine keeps none. SLIP_ENOENT: there is none of this one. */
SLIP_API int slip_domain_config(struct slip_domain *domain, char **ret, struct slip_error **err);

/* Devices that a running guest can be given and relieved of, on engines that can. */
enum slip_device_kind { SLIP_DEVICE_DISK = 1, SLIP_DEVICE_VIF };
struct slip_device_info {
    size_t size; /* set by the library */
    enum slip_device_kind kind;
    int devid;        /* the hypervisor's number of the device */
    char name[64];    /* disk: "xvda"; vif: "vif3.0", the host's interface */
    char backend[64]; /* who serves it: "phy", "qdisk", "vif", ... */
    char target[256]; /* disk: file or device; vif: its bridge */
    char mac[18];     /* vif */
    int state;        /* XenbusState of who serves it: 4 is connected */
    bool read_only;
    int backend_domid; /* the domain that serves it */
    int guest_state;   /* XenbusState of the guest's end; -1: it has none */
    /* What the guest's driver offered: an event channel and grant references (vif: of what it sends, and receives). -1: it
     * has not. */
    int event_channel;
    int ring_ref, ring_ref_rx;
    char path[256]; /* XenStore: of the backend; empty: none is known */
};
typedef int slip_device_fn(const struct slip_device_info *info, void *payload);
/* spec: as an item of disk= or vif= in xl.cfg. What is wrong with it goes to diags (SLIP_EDESC). Returns when the guest can see
 * the device; on failure nothing is left. SLIP_ENOTSUP: this engine cannot. */
SLIP_API int slip_domain_device_attach(struct slip_domain *domain, enum slip_device_kind kind,
                                       const char *spec, struct slip_diags *diags,
                                       struct slip_error **err);
/* which: a disk's vdev ("xvdb") or number, a vif's number or mac. Returns when it is gone. */
SLIP_API int slip_domain_device_detach(struct slip_domain *domain, enum slip_device_kind kind,
                                       const char *which, struct slip_error **err);
SLIP_API int slip_domain_device_list(struct slip_domain *domain, slip_device_fn *fn, void *payload,
                                     struct slip_error **err);

/* Opens the console: what was printed before (as much as is kept), then what comes, through restarts too. *ret_fd is a
 * stream the caller closes; bytes written to it are typed at the guest. End of file: the domain ended. Several may
 * be open; one that reads too slowly is told how many bytes it missed. A domain without a supervisor gives its terminal itself:
 * then what is printed goes to one of its readers, and its end is EIO. Until somebody opens it, the console of a domain that
 * a hypervisor keeps is free for the hypervisor's own tools. */
SLIP_API int slip_domain_console(struct slip_domain *domain, int *ret_fd, struct slip_error **err);
/* Waits for the end. ret_timing may be NULL. It is no failure of this call if the domain failed, but *err says why: with
 * SLIP_END_FAILED in *ret_end, the code and the error are the engine's or the supervisor's. A domain without a supervisor ends
 * when it shuts down, whatever its toolstack does then; SLIP_ENOTSUP: its engine does not tell of that. */
SLIP_API int slip_domain_wait(struct slip_domain *domain, enum slip_end *ret_end,
                              struct slip_timing *ret_timing, struct slip_error **err);
/* Why it ended, one phrase ("the guest panicked"), after slip_domain_wait(). NULL: nobody knows. Borrowed. */
SLIP_API const char *slip_domain_end_reason(const struct slip_domain *domain);

/* Calls fn for every domain of this user that is alive, and for every other one that a hypervisor of this host has (its own,
 * number 0, too), until it returns non-zero. Cleans up after dead ones. */
SLIP_API int slip_domain_list(slip_domain_fn *fn, void *payload, struct slip_error **err);

SLIP_END_DECLS

#endif
