/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What of a domain others find in XenStore and in libxl's files: made as xl makes it, so that every tool written for xl's
 * domains works on ours, and taken away for any domain, ours or another toolstack's. Knows devices only by devices.h; makes
 * no hypercall but to ask whether a domain lives.
 *
 * Source of the layout: docs/misc/xenstore-paths.pandoc of Xen, and what xl 4.17 leaves.
 */
#ifndef SLIP_ENGINE_XEN_PUBLISH_H
#define SLIP_ENGINE_XEN_PUBLISH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "engine/xen/host.h"
#include "guest/schema.h"

struct slip_xen_devices;

struct slip_xen_publish {
    struct slip_xen *xen;
    uint32_t domid;
    const struct slip_guest *guest;
    uint32_t store_port, console_port;   /* the guest's event channels, unbound and for domain 0 */
    uint64_t store_frame, console_frame; /* PVH: gfn; PV: mfn */
    struct slip_xen_devices *devices;    /* NULL: it has none */
};

/*
 * In two steps, so that the daemon works while the guest's memory is filled. The first, once the domain and its channels are
 * there (frames need not be known): sends most of its nodes and does not wait, writes libxl's userdata file. The second, before
 * it runs: waits for the first, writes its devices' nodes in one transaction, introduces it to XenStore, and connects the
 * devices: hotplug scripts have run and backends wait for the guest when this returns. On failure of either (SLIP_EENGINE,
 * codes XENSTORE_FAILED, HOTPLUG_FAILED, DEVICE_TIMEOUT) the caller takes away what there is by slip__xen_unpublish().
 */
int slip__xen_publish_begin(const struct slip_xen_publish *what, struct slip_error **err);
int slip__xen_publish_end(const struct slip_xen_publish *what, struct slip_error **err);

/* Takes all of a domain away but the domain itself: its devices (closed in order where it lives, taken where it does not),
 * their hotplug scripts' doings, its nodes, its userdata. For any domain, complete or half-built, ours or not; that there is
 * nothing is fine. Goes on after a failure and tells the first. Call it before the domain is destroyed (which then frees its
 * number for another one); the domain should be paused or dead. */
int slip__xen_unpublish(struct slip_xen *xen, uint32_t domid, struct slip_error **err);

/* A node of ours that a domain has below /libxl/DOMID while its devices are being connected: what is found with it
 * and is not alive was left by a process that was killed. */
#define SLIP_XEN_UNFINISHED "slipway-unfinished"

/* Does another domain's UUID lead to this path ("/vm/UUID") as well? Nothing stops two domains from having one. */
bool slip__xen_vm_is_shared(struct slip_xen *xen, uint32_t domid, const char *path);

#endif
