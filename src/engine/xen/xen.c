/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The xen engine: guests on real Xen, through its low-level libraries. Domains look to xl like any other. Must not know
 * formats, the supervisor or policy.
 */
#include "engine/engine.h"
#include "engine/xen/host.h"

static void xen_check(const struct slip_guest *guest, struct slip_diags *diags)
{
    (void)guest;
    (void)diags;
}

const struct slip_engine slip__engine_xen = {
    .name = "xen",
    .summary = "real Xen, from its control domain",
    .machines = {[SLIP_TYPE_PVH] = &slip__machine_xen_pvh, [SLIP_TYPE_PV] = &slip__machine_xen_pv},
    .probe = slip__xen_probe,
    .describe = slip__xen_describe,
    .check = xen_check,
};
