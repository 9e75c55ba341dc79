/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of resolving, in the order in which resolve.c runs them. Inside this folder only. */
#ifndef SLIP_GUEST_RULES_H
#define SLIP_GUEST_RULES_H

#include "guest/guest.h"

/* What every rule gets. */
struct slip_rules {
    struct slip_guest *guest;
    const char *folder; /* absolute, or NULL: relative paths stay */
    struct slip_strictness strictness;
    struct slip_diags *diags;
};

/* All: -1 when out of memory, else 0, whatever is wrong with the guest. */

/* How the guest starts: container, exactly one boot method, firmware, the command line. */
int slip__rules_start(struct slip_rules *r);
/* Fills in what has a default and was not given. */
int slip__rules_defaults(struct slip_rules *r);
/* The named checks on a guest whose values are all there. */
void slip__rules_check(struct slip_rules *r);

/* The parts of slip__rules_check() that are about how values are written: their syntax, deprecated spellings. */
void slip__rules_check_form(struct slip_rules *r);
/* What the guest's type has no use for: keys, and devices of its lists. */
void slip__rules_check_type(struct slip_rules *r);
void slip__rules_check_emulated(struct slip_rules *r);
/* The index-th field that some type ignores: its name if this type does, "" if not, NULL past the end. *ret_device: it is an
 * emulated device. */
const char *slip__rules_typed(size_t index, enum slip_type type, bool *ret_device);
/* Devices beside each other, CPUs and nodes. */
void slip__rules_check_together(struct slip_rules *r);

/* The parts of these that are about disks and network interfaces. first_vif: the number of the guest's first interface, which is
 * 0 but for one that is plugged in later; the guest's uuid must be set. */
int slip__rules_device_defaults(struct slip_guest *g, size_t first_vif);
void slip__rules_check_devices(struct slip_rules *r);

/* Where to point for a guest as a whole: the beginning of its description. */
struct slip_span slip__rules_whole(const struct slip_rules *r);
/* Makes a relative path start at the description's folder. Empty and unset ones stay. */
int slip__rules_path(struct slip_rules *r, struct slip_str *path);

#endif
