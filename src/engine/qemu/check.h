/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of a description the qemu engine can't honour. Every value of the schema is either carried out, by us or above us, or
 * named here. Looks at the description alone, not at the host. */
#ifndef SLIP_ENGINE_QEMU_CHECK_H
#define SLIP_ENGINE_QEMU_CHECK_H

#include "base/diag.h"
#include "guest/schema.h"

void slip__qemu_check(const struct slip_guest *guest, struct slip_diags *diags);

#endif
