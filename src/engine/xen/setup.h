/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bringing devices up and taking them down, whatever they are: the steps between their nodes and their use. */
#ifndef SLIP_ENGINE_XEN_SETUP_H
#define SLIP_ENGINE_XEN_SETUP_H

#include "engine/xen/hotplug.h"

/* Devices whose nodes are there: waits until the host's drivers have noticed them, then runs their scripts. store is one that no
 * events of others come to. */
int slip__xen_setup_connect(struct slip_xen_store *store, struct slip_xen_script *devices,
                            size_t count, struct slip_error **err);

/* One device that is to go, as XenStore describes it. */
struct slip_xen_leaving {
    struct slip_xen_script script; /* with its device; path "": none to run */
    char backend[16];              /* what script.dev.backend points to */
    char kind[16];
};
/* All backends of a domain of this host, consoles aside. *ret is the caller's to free(). */
int slip__xen_setup_find(struct slip_xen_store *store, uint32_t domid,
                         struct slip_xen_leaving **ret, size_t *ret_count, struct slip_error **err);

/* How long a guest may take. */
enum slip_xen_patience {
    SLIP_XEN_AT_ONCE,  /* it can't answer: its ends are taken from under it */
    SLIP_XEN_A_MOMENT, /* it goes away as a whole: asked, but not waited for long */
    SLIP_XEN_POLITELY /* it goes on: when it uses the device, that is an error (DEVICE_TIMEOUT) and the device stays */
};
/* Closes them, and runs their scripts when they are closed. Their nodes stay, but for ends taken from under a guest. Goes on
 * after a failure and returns the first. */
int slip__xen_setup_close(struct slip_xen_store *store, struct slip_xen_leaving *devices,
                          size_t count, enum slip_xen_patience patience, struct slip_error **err);
/* Has it closed, so that its nodes may go? */
bool slip__xen_setup_is_gone(struct slip_xen_store *store, const struct slip_xen_device *dev);
/* Their nodes, for those of one device. (A whole domain's are publish.c's to remove.) */
int slip__xen_setup_forget(struct slip_xen_store *store, const struct slip_xen_device *dev,
                           struct slip_error **err);

#endif
