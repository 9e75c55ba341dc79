/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The Xen host: is there one, and the handles to it. Knows no guest. */
#include "engine/xen/host.h"

#include <stdio.h>
#include <unistd.h>

void slip__xen_probe(struct slip_engine_status *status)
{
    status->usable = false;
    snprintf(status->detail, sizeof(status->detail), "%s",
             access("/proc/xen/capabilities", F_OK) == 0 ? "not finished" : "this is no Xen host");
}

void slip__xen_describe(struct slip_engine_status *status)
{
    slip__xen_probe(status);
}
