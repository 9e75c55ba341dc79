/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paravirtual screens with keyboard and mouse, shown by a QEMU. */
#ifndef SLIP_ENGINE_XEN_VFB_H
#define SLIP_ENGINE_XEN_VFB_H

#include "base/diag.h"
#include "engine/xen/device.h"

void slip__xen_vfb_check(const struct slip_guest *guest, struct slip_diags *diags);
/* Devices of a screen: the screen, and its keyboard. */
#define SLIP_XEN_VFB_DEVICES 2
void slip__xen_vfb_devices(uint32_t domid, uint32_t devid,
                           struct slip_xen_device ret[SLIP_XEN_VFB_DEVICES]);
void slip__xen_vfb_nodes(const struct slip_vfb *vfb, uint32_t domid, uint32_t devid,
                         struct slip_xen_nodes *nodes);

#endif
