/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making one domain, step by step, and taking it away. Called by xen.c alone. */
#ifndef SLIP_ENGINE_XEN_DOMAIN_H
#define SLIP_ENGINE_XEN_DOMAIN_H

#include "build/plan.h"
#include "engine/xen/run.h"

/* run->guest and run->xen are set: makes the domain, its event channels, and tells XenStore of it, whose answers are not waited for.
 * On failure what there is is for slip__xen_domain_destroy(). */
int slip__xen_domain_begin(struct slip_xen_run *run, struct slip_error **err);
/* Then, with run->kernel_bits: its vCPUs and all its memory. */
int slip__xen_domain_make(struct slip_xen_run *run, struct slip_error **err);
/* RAM is written: start state, grants. The domain stays paused. */
int slip__xen_domain_finish(struct slip_xen_run *run, const struct slip_plan *plan,
                            struct slip_error **err);
/* XenStore and devices: others see it whole, and still paused, when this returns. On failure what others could see is gone. */
int slip__xen_domain_publish(struct slip_xen_run *run, struct slip_error **err);
/* Takes the domain away, with all that belongs to it, as far as it was made. */
void slip__xen_domain_destroy(struct slip_xen_run *run);

#endif
