/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The decision point: container x protocol x image. Private to build/. */
#ifndef SLIP_BUILD_PROTOCOL_H
#define SLIP_BUILD_PROTOCOL_H

#include "build/plan.h"
#include "image/image.h"

struct slip_decision {
    enum slip_protocol protocol;
    uint64_t entry_gpa;
    char *why; /* one line; the caller frees it */
};

/* How a loaded image starts in a container. Refuses (SLIP_EIMAGE, SLIP_EENGINE) with what there is instead. */
int slip__protocol_decide(enum slip_type container, const struct slip_image *image,
                          struct slip_decision *ret, struct slip_error **err);

#endif
