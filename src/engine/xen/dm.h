/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The QEMU that serves what the host's kernel does not: disks of other formats than raw, and screens. One per domain that needs
 * one, found and ended by the process number in XenStore as libxl's is; it lives as long as the domain, whatever becomes of us.
 * It emulates nothing for the guest.
 */
#ifndef SLIP_ENGINE_XEN_DM_H
#define SLIP_ENGINE_XEN_DM_H

#include "engine/xen/store.h"
#include "guest/schema.h"

/* The path of a QEMU with Xen support, NULL: there is none. */
const char *slip__xen_dm_path(void);
/* Starts one unless the domain has one. screen: what it shows of the guest, or NULL. Returns when it has begun to serve.
 * SLIP_EENGINE, code DISK_BACKEND, with QEMU's last words. */
int slip__xen_dm_ensure(struct slip_xen_store *store, uint32_t domid, const struct slip_vfb *screen,
                        struct slip_error **err);
/* Ends it, if there is one. */
void slip__xen_dm_stop(struct slip_xen_store *store, uint32_t domid);

#endif
