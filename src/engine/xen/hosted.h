/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Domains of this host that no process of ours stands behind: engine.h's struct slip_hosted on Xen. */
#ifndef SLIP_ENGINE_XEN_HOSTED_H
#define SLIP_ENGINE_XEN_HOSTED_H

#include "engine/engine.h"
#include "engine/xen/host.h"

extern const struct slip_hosted slip__xen_hosted;

/* Xen's form of a UUID as text. */
void slip__xen_uuid_text(const uint8_t handle[16], char ret[37]);
/* For a run's hooks of the same names: with handles that are open already. */
int slip__xen_look(struct slip_xen *xen, uint32_t domid, struct slip_domain_info *ret,
                   struct slip_error **err);
/* Writes what ("poweroff", "reboot", ...; "": nothing any more) to the guest's control/shutdown, and does not wait for it to take
 * note. */
int slip__xen_ask(struct slip_xen *xen, uint32_t domid, const char *what, struct slip_error **err);
/* The terminal that xenconsoled made for it: opened raw, non-blocking, close-on-exec, the caller's to close. */
int slip__xen_console_open(struct slip_xen *xen, uint32_t domid, int *ret_fd,
                           struct slip_error **err);

#endif
