/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What Xen's notes say about starting a kernel as a PV guest. Knows no memory size and no machine frames. */
#ifndef SLIP_IMAGE_PV_H
#define SLIP_IMAGE_PV_H

#include "image/image.h"
#include "slipway/codes.h"

#define SLIP_PV_NONE UINT64_MAX

/* Virtual addresses are the kernel's own; notes that are not there have their default. */
struct slip_pv_kernel {
    unsigned bits; /* 64, or 32: PAE */
    uint64_t virt_base;
    uint64_t paddr_offset; /* p_paddr less this is the pseudo-physical address */
    uint64_t entry;
    uint64_t hypercall_page; /* SLIP_PV_NONE: it has none */
    uint64_t init_p2m;       /* where it wants the p2m list; SLIP_PV_NONE: with the rest */
    bool mod_start_pfn;      /* its modules need no mapping */
    bool linux_guest;        /* its GUEST_OS note is "linux" */
};

/* Why an image is none for a PV guest. */
struct slip_pv_problem {
    enum slip_code code;
    char text[200]; /* one phrase about "it" */
};

/* Can a loaded image start as a PV guest, and how? When not: false and the reason. problem may be NULL. */
bool slip__image_pv(const struct slip_image *image, struct slip_pv_kernel *ret,
                    struct slip_pv_problem *problem);
/* 32 or 64: of the kernel's code. Known after probing. */
unsigned slip__image_pv_bits(const struct slip_image *image);
/* How far a loaded image's segments still are above where they belong in a PV guest: it is to be moved down by this. */
uint64_t slip__image_pv_offset(const struct slip_image *image);
/* Moves all segments down, to their addresses less offset. SLIP_EIMAGE if one is below offset: then none has moved.
 * To be loaded again after it. */
int slip__image_move_down(struct slip_image *image, uint64_t offset, struct slip_error **err);

#endif
