/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The decision point: container x protocol x image. Private to build/. */
#ifndef SLIP_BUILD_PROTOCOL_H
#define SLIP_BUILD_PROTOCOL_H

#include "build/plan.h"
#include "image/image.h"
#include "image/pv.h"

struct slip_decision {
    enum slip_protocol protocol;
    enum slip_image_form form;                 /* what of the file it starts from */
    uint64_t entry_gpa;                        /* of that form, as it lies now */
    struct slip_pv_kernel pv;                  /* protocol XEN_PV */
    char *why;                                 /* one line; owned */
    struct slip_passed passed[SLIP_PROTOCOLS]; /* the other protocols, in the order of choice */
    unsigned n_passed;
};

/* How a loaded image starts in the guest's container, by the protocol that the guest names or else by the first that the image has.
 * Refuses (SLIP_EIMAGE, SLIP_EENGINE) with what there is instead. */
int slip__protocol_decide(const struct slip_guest *guest, const struct slip_image *image,
                          struct slip_decision *ret, struct slip_error **err);
/* The same for an image that may not be in its form and place yet (place.c): whether its entry is in it is not asked. */
int slip__protocol_choose(const struct slip_guest *guest, const struct slip_image *image,
                          struct slip_decision *ret, struct slip_error **err);
/* The protocol that a guest starts by as far as its description says, for an image that is not read yet. */
enum slip_protocol slip__protocol_guess(const struct slip_guest *guest,
                                        const struct slip_image *image);

void slip__decision_dispose(struct slip_decision *decision);

#endif
