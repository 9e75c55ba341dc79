/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network interfaces on Xen: netback's, put on a bridge (or wherever) by the host's hotplug script. */
#ifndef SLIP_ENGINE_XEN_VIF_H
#define SLIP_ENGINE_XEN_VIF_H

#include "engine/xen/device.h"
#include "engine/xen/hotplug.h"

void slip__xen_vif_check(const struct slip_vif *vif, struct slip_diags *diags);
/* That the script and the driver are there; ret_script gets the former's path. */
int slip__xen_vif_open(const struct slip_vif *vif, uint32_t devid,
                       char ret_script[SLIP_XEN_SCRIPT_BYTES], struct slip_error **err);
void slip__xen_vif_nodes(const struct slip_vif *vif, uint32_t domid, uint32_t devid,
                         const char *script, struct slip_xen_nodes *nodes);
struct slip_xen_script slip__xen_vif_script(uint32_t domid, uint32_t devid, const char *path);

#endif
