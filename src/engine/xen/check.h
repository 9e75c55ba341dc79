/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLIP_ENGINE_XEN_CHECK_H
#define SLIP_ENGINE_XEN_CHECK_H

#include "base/diag.h"
#include "guest/guest.h"

/* What of a guest the xen engine can't honour, to diags. */
void slip__xen_check(const struct slip_guest *guest, struct slip_diags *diags);

#endif
