/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PV guests. */
#include "engine/xen/pv.h"

static int missing(struct slip_error **err)
{
    return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_ENGINE_TYPE,
                            "the xen engine can't start pv guests yet");
}

int slip__xen_pv_check(const struct slip_xen_run *run, struct slip_error **err)
{
    (void)run;
    return missing(err);
}

int slip__xen_pv_populate(struct slip_xen_run *run, struct slip_error **err)
{
    (void)run;
    return missing(err);
}

int slip__xen_pv_start(struct slip_xen_run *run, const struct slip_plan *plan,
                       struct slip_error **err)
{
    (void)run;
    (void)plan;
    return missing(err);
}

void slip__xen_pv_dispose(struct slip_xen_run *run)
{
    (void)run;
}
