/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The decision point: container x protocol x image. Private to build/. */
#ifndef SLIP_BUILD_PROTOCOL_H
#define SLIP_BUILD_PROTOCOL_H

#include "build/plan.h"
#include "image/image.h"
#include "image/pv.h"

struct slip_decision {
    enum slip_protocol protocol;
    uint64_t entry_gpa;
    struct slip_pv_kernel pv; /* protocol XEN_PV */
    char *why;                /* one line; owned */
};

/* How a loaded image starts in a container. Refuses (SLIP_EIMAGE, SLIP_EENGINE) with what there is instead. */
int slip__protocol_decide(enum slip_type container, const struct slip_image *image,
                          struct slip_decision *ret, struct slip_error **err);

void slip__decision_dispose(struct slip_decision *decision);

#endif
