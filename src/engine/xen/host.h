/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Handles to the hypervisor and to XenStore, opened once per process and passed around. Knows no guest. */
#ifndef SLIP_ENGINE_XEN_HOST_H
#define SLIP_ENGINE_XEN_HOST_H

#include <xenctrl.h>
#include <xenforeignmemory.h>

#include "base/error.h"
#include "engine/xen/store.h"
#include "slipway/engine.h"

struct slip_xen {
    xc_interface *xc;
    xenforeignmemory_handle *memory;
    struct slip_xen_store *store;
};

/* Opens all of it. SLIP_EPERM, SLIP_EENGINE with the reason; then nothing is open. */
int slip__xen_open(struct slip_xen *ret, struct slip_error **err);
void slip__xen_close(struct slip_xen *xen);

/* Is this the control domain of a Xen, with what the engine needs? Cheap: opens no hypervisor handle where there is no Xen. */
void slip__xen_probe(struct slip_engine_status *status);
/* The same with Xen's version and capabilities. */
void slip__xen_describe(struct slip_engine_status *status);

#endif
