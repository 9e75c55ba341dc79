/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of this folder that make devices share: one device, its nodes, its steps. Private to them. */
#ifndef SLIP_ENGINE_XEN_DEVICE_H
#define SLIP_ENGINE_XEN_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/xen/devices.h"
#include "engine/xen/store.h"

/* One device of one domain: its numbers, and the words that its paths are made of. */
struct slip_xen_device {
    uint32_t domid, devid;
    const char *kind;    /* the frontend's: "vbd", "vif", ... */
    const char *backend; /* the backend's, which may be another: "vbd", "qdisk", ... */
};

/* Paths: what the backend reads, what the frontend reads, libxl's own copy. console 0's frontend is in a place of its own. */
void slip__xen_device_back(const struct slip_xen_device *dev, char ret[SLIP_XEN_PATH_BYTES]);
void slip__xen_device_front(const struct slip_xen_device *dev, char ret[SLIP_XEN_PATH_BYTES]);
void slip__xen_device_libxl(const struct slip_xen_device *dev, char ret[SLIP_XEN_PATH_BYTES]);

/* Makes the three folders with what each device has: who is at the other end, that it is wanted, state 1. */
void slip__xen_device_begin(const struct slip_xen_device *dev, struct slip_xen_nodes *nodes);
/* A value for the backend (and for libxl's copy), or for the frontend. */
void slip__xen_device_put_back(const struct slip_xen_device *dev, struct slip_xen_nodes *nodes,
                               const char *key, const char *value);
void slip__xen_device_put_front(const struct slip_xen_device *dev, struct slip_xen_nodes *nodes,
                                const char *key, const char *value);

/* The states of both ends (XenbusState of public/io/xenbus.h), as numbers; 0: there is no such node, or nonsense in it. */
#define SLIP_XENBUS_INITIALISING 1
#define SLIP_XENBUS_INIT_WAIT    2
#define SLIP_XENBUS_CONNECTED    4
#define SLIP_XENBUS_CLOSING      5
#define SLIP_XENBUS_CLOSED       6
struct slip_xen_states {
    int back, front;
};
int slip__xen_device_states(struct slip_xen_store *store, const struct slip_xen_device *dev,
                            struct slip_xen_states *ret, struct slip_error **err);
/* Waits until done() says so of the device, looking again at each change of either end. *ret is how it was at last; false: the
 * time is over (or XenStore is). The watches stay until the connection closes: give it one of its own. */
typedef bool slip_xen_states_fn(struct slip_xen_states states);
bool slip__xen_device_wait(struct slip_xen_store *store, const struct slip_xen_device *dev,
                           slip_xen_states_fn *done, uint64_t deadline_us,
                           struct slip_xen_states *ret);
/* What the host's driver says is wrong with it, "" if nothing. */
void slip__xen_device_complaint(struct slip_xen_store *store, const struct slip_xen_device *dev,
                                char *ret, size_t size);

#endif
