/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One domain that this process makes and then watches. Private to engine/xen/: what its files share. Not for domains that
 * others made (struct slip_hosted).
 *
 * In time: begin() opens the host and the disks, makes the domain with its event channels, and tells XenStore of it. create() gives it
 * vCPUs, memory (all of a PVH guest's, or what slip__xen_pv_populate() says) and rings. The caller fills RAM. start() sets the first vCPU's
 * state, seeds the grants, publishes the domain in XenStore, connects its devices and lets it run.
 */
#ifndef SLIP_ENGINE_XEN_RUN_H
#define SLIP_ENGINE_XEN_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/engine.h"
#include "engine/xen/host.h"
#include "engine/xen/ram.h"
#include "engine/xen/rest.h"
#include "guest/guest.h"

/* XenStore's own watch for domains that shut down or die. */
#define SLIP_XEN_WATCH_END "@releaseDomain"

struct slip_xen_devices; /* devices.h: the disks and interfaces it starts with */

/* A page that the guest shares with a service of the host, and the event channel to it. Both valid from the end of create();
 * a PV guest's frames only once slip__xen_pv_start() has placed them. */
struct slip_xen_ring {
    uint32_t port;  /* the guest's end, unbound and for domain 0 */
    uint64_t frame; /* PVH: gfn; PV: mfn. What XenStore's ring-ref and xs_introduce_domain() want */
};

struct slip_xen_run {
    struct slip_run run;          /* first: the engine interface's part */
    struct slip_xen xen;          /* this run's own handles */
    struct slip_xen_store *watch; /* where the end of the domain is told */

    uint32_t domid;
    bool exists;    /* the domain was made, and is ours to destroy */
    bool published; /* it is in XenStore (or may be, in part) */
    bool batch;     /* this process is SCHED_BATCH for now */
    bool over;      /* the domain is gone, and that was told */
    enum slip_type type;
    unsigned kernel_bits;           /* 32 or 64 */
    bool hap;                       /* nested paging (PVH) */
    uint64_t paging_pages;          /* for Xen's page tables of the domain */
    const struct slip_guest *guest; /* borrowed, outlives the run; resolved: defaults are set */
    uint8_t uuid[16];
    unsigned vcpus, maxvcpus;
    uint64_t memory_bytes, maxmem_bytes;

    struct slip_xen_ram ram;
    struct slip_xen_ring store, console;
    struct slip_xen_rest rest;
    struct slip_xen_devices *devices; /* NULL: it has none; devices.c's */
};

#endif
