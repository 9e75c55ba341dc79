/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The same guest in another container: what has to change, and why. */
#ifndef SLIP_GUEST_RETARGET_H
#define SLIP_GUEST_RETARGET_H

#include "guest/guest.h"

struct slip_change {
    char *setting; /* "disk[0].vdev": the schema's names; owned, as are all */
    char *before;  /* "": it was not there */
    char *after;   /* "": it is gone */
    char *reason;  /* a sentence without its capital and full stop */
    struct slip_span span;
};

struct slip_changes {
    size_t count;
    struct slip_change *items; /* owned */
};

void slip__changes_dispose(struct slip_changes *changes);

/* Changes a guest that was resolved, or only read, to another type, and appends each change but the type's unset defaults. What
 * means the same in both stays. -1 when out of memory. */
int slip__guest_retarget(struct slip_guest *guest, enum slip_type type,
                         struct slip_changes *changes);

#endif
