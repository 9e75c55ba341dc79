/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Handles to the hypervisor and to XenStore, opened once per run or call and passed around. Knows no guest. */
#ifndef SLIP_ENGINE_XEN_HOST_H
#define SLIP_ENGINE_XEN_HOST_H

#include <stdint.h>
#include <xenctrl.h>
#include <xenforeignmemory.h>

#include "base/buf.h"
#include "base/error.h"
#include "engine/xen/store.h"
#include "slipway/engine.h"

struct slip_xen_log; /* takes what Xen's libraries would print */

struct slip_xen {
    xc_interface *xc;
    xenforeignmemory_handle *memory; /* the one inside xc: not closed by itself */
    struct slip_xen_store *store;
    struct slip_xen_log *log;
};

/* Opens all of it. SLIP_EPERM, SLIP_EENGINE with the reason; then nothing is open. A child process must not use its parent's. */
int slip__xen_open(struct slip_xen *ret, struct slip_error **err);
/* Harmless on zeroes and twice. */
void slip__xen_close(struct slip_xen *xen);

/* For a call of Xen's libraries that just failed: "cannot <doing>: <errno's words>", and what the library said of it if that is
 * more. SLIP_ENOMEM, SLIP_EPERM by errno, else SLIP_EENGINE; the code is SLIP_CODE_XEN_REFUSED. */
int slip__xen_error(const struct slip_xen *xen, struct slip_error **err, const char *fmt, ...)
    SLIP_PRINTF(3, 4);

/* Is this the control domain of a Xen, with what the engine needs? Cheap: opens no hypervisor handle. */
void slip__xen_probe(struct slip_engine_status *status);
/* The same with Xen's version and capabilities. */
void slip__xen_describe(struct slip_engine_status *status);

/* The rows of `xl info`, in its order; Xen's console ring. */
int slip__xen_info(slip_pair_fn *fn, void *payload, struct slip_error **err);
int slip__xen_dmesg(bool clear, struct slip_buf *ret, struct slip_error **err);

#endif
