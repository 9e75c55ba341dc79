/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The xen engine of a build without Xen's libraries: it can be asked for, and says why it can't be used. Includes nothing of
 * Xen's.
 */
#include <stdio.h>

#include "engine/engine.h"

static void absent_probe(struct slip_engine_status *status)
{
    status->usable = false;
    snprintf(status->detail, sizeof(status->detail), "built without Xen's headers (libxen-dev)");
}

/* Plans can be made for it all the same. */
static void absent_check(const struct slip_guest *guest, struct slip_diags *diags)
{
    (void)guest;
    (void)diags;
}

const struct slip_engine slip__engine_xen = {
    .name = "xen",
    .summary = "real Xen, from its control domain",
    .machines = {[SLIP_TYPE_PVH] = &slip__machine_xen_pvh, [SLIP_TYPE_PV] = &slip__machine_xen_pv},
    .probe = absent_probe,
    .check = absent_check,
};
