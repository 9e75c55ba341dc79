/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is different about PV guests: machine frames, page tables, start info, vCPU state. Called by domain.c alone. */
#ifndef SLIP_ENGINE_XEN_PV_H
#define SLIP_ENGINE_XEN_PV_H

#include "build/plan.h"
#include "engine/xen/run.h"

/* May this host run such a guest? Refuses with the reason (a 32-bit kernel on a Xen without PV32). Nothing exists
 * yet. */
int slip__xen_pv_check(const struct slip_xen_run *run, struct slip_error **err);
/* The domain was just made (flags for PV, no memory): gives it all its RAM and fills run->ram's p2m and n_pages. */
int slip__xen_pv_populate(struct slip_xen_run *run, struct slip_error **err);
/* RAM is written: page tables with machine frames, p2m and start info in the guest, shared info, grants' frames into
 * run->store and run->console, first vCPU's context. Does not unpause. */
int slip__xen_pv_start(struct slip_xen_run *run, const struct slip_plan *plan,
                       struct slip_error **err);
#endif
