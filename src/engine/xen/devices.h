/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The devices of a domain: disks, network interfaces, framebuffer, consoles. What each kind needs is in vbd.c, vif.c, vfb.c
 * and console.c; here is what they have in common: nodes of two ends, hotplug scripts, the states they go through.
 */
#ifndef SLIP_ENGINE_XEN_DEVICES_H
#define SLIP_ENGINE_XEN_DEVICES_H

#include <stdint.h>

#include "base/diag.h"
#include "base/error.h"
#include "engine/engine.h"
#include "engine/xen/host.h"
#include "engine/xen/store.h"
#include "guest/schema.h"

/* The devices a domain is to start with: files and loop devices held open, everything else still to be done. */
struct slip_xen_devices;

/* What of the guest's devices this host cannot honour, to diags. Opens nothing. */
void slip__xen_devices_check(const struct slip_guest *guest, struct slip_diags *diags);

/* Before the domain exists: opens disks, refuses those that others write (SLIP_EENGINE with DISK_UNUSABLE, DISK_IN_USE,
 * DISK_BACKEND), attaches loop devices (they go with the last descriptor). *ret is NULL for a guest without devices. guest
 * must outlive it. */
int slip__xen_devices_open(struct slip_xen *xen, const struct slip_guest *guest,
                           struct slip_xen_devices **ret, struct slip_error **err);
/* Closes and frees. Keep it as long as the domain starts: until backends have taken over, a loop device lives by it. */
void slip__xen_devices_dispose(struct slip_xen_devices *devices); /* NULL is fine */

/* For publish.c: the nodes of all of them; then, once they are committed, hotplug scripts and the wait for backends. */
void slip__xen_devices_nodes(struct slip_xen_devices *devices, uint32_t domid,
                             struct slip_xen_nodes *nodes);
int slip__xen_devices_connect(struct slip_xen *xen, uint32_t domid,
                              struct slip_xen_devices *devices, struct slip_error **err);
/* For unpublish: all devices of a domain, whoever made them. alive: the guest may still answer (it gets a moment to). */
int slip__xen_devices_remove(struct slip_xen *xen, uint32_t domid, bool alive,
                             struct slip_error **err);

/* At run time, on any domain: struct slip_engine's and slip_hosted's calls of the same names. They wait for the guest
 * (limits.h) on a connection of their own, so that no event of the run's is lost. */
int slip__xen_device_attach(struct slip_xen *xen, uint32_t domid, const struct slip_device *device,
                            struct slip_error **err);
int slip__xen_device_detach(struct slip_xen *xen, uint32_t domid, enum slip_device_kind kind,
                            const char *which, struct slip_error **err);
int slip__xen_device_list(struct slip_xen *xen, uint32_t domid, slip_device_fn *fn, void *payload,
                          struct slip_error **err);

#endif
