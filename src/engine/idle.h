/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of a guest no engine acts on yet. */
#ifndef SLIP_ENGINE_IDLE_H
#define SLIP_ENGINE_IDLE_H

#include "base/diag.h"
#include "guest/guest.h"

/* Warns of every value that was given and has no effect on any engine; of those of disks and interfaces alone. */
void slip__idle_check(const struct slip_guest *guest, struct slip_diags *diags);
void slip__idle_check_devices(const struct slip_guest *guest, struct slip_diags *diags);

/* Why no engine acts on a field of the guest, a disk or an interface; NULL: one does, or it is none of those. */
const char *slip__idle_reason(const struct slip_record *record, const char *name);

#endif
