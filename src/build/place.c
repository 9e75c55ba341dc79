/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What of a kernel's file goes into the guest, and where, when that is not simply where it is linked: a bzImage that has to unpack
 * itself, a kernel that may be moved and must be. Decides neither protocol (protocol.c) nor anything else's place (layout.c).
 */
#include "abi/e820.h"
#include "base/ckd.h"
#include "base/cleanup.h"
#include "build/layout.h"
#include "build/protocol.h"

typedef unsigned long long ull;

#define MIB (1ull << 20)

static uint64_t memory_bytes(const struct slip_guest *guest)
{
    return (uint64_t)guest->memory.value << 20;
}

/* A kernel that unpacks itself: where it prefers, or aligned above that. Below, it would move itself up again. A loader may take
 * less than the preferred alignment, down to the minimum. */
static int place_linux(const struct slip_guest *guest, const struct slip_machine *machine,
                       const struct slip_image *image, uint64_t *ret, struct slip_error **err)
{
    const struct slip_linux *boot = &image->linux_boot;
    uint64_t end, least;
    int rc;

    /* probing has checked that it doesn't wrap */
    end = boot->preferred_gpa + boot->init_bytes;
    if (slip__layout_find(machine, memory_bytes(guest), boot->preferred_gpa, end, boot->init_bytes,
                          1, ret))
        return 0;
    for (uint64_t align = boot->align; boot->relocatable && align >= boot->min_align; align /= 2) {
        if (slip__layout_find(machine, memory_bytes(guest), boot->preferred_gpa, SLIP_4_GIB,
                              boot->init_bytes, align, ret))
            return 0;
        if (align == 1)
            break;
    }
    least = end / MIB + (end % MIB != 0);
    rc = slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_KERNEL_PLACE,
                          "kernel '%s' needs %llu KiB of free memory from 0x%llx on%s to unpack "
                          "itself, the guest has %llu MiB",
                          image->name, (ull)(boot->init_bytes >> 10), (ull)boot->preferred_gpa,
                          boot->relocatable ? " or above" : "", (ull)(memory_bytes(guest) / MIB));
    if (least > memory_bytes(guest) / MIB)
        slip__error_hint(err, "memory = %llu", (ull)least);
    return rc;
}

/* Does all of it lie in RAM that nothing else has a claim to? */
static bool lies_well(const struct slip_guest *guest, const struct slip_machine *machine,
                      const struct slip_image *image)
{
    for (size_t i = 0; i < image->n_segments; i++) {
        const struct slip_segment *s = &image->segments[i];
        uint64_t at;

        if (s->memory_bytes &&
            !slip__layout_find(machine, memory_bytes(guest), s->gpa, s->gpa + s->memory_bytes,
                               s->memory_bytes, 1, &at))
            return false;
    }
    return true;
}

/* The limits within which the kernel may be moved, by what it starts by. NULL: it may not. */
static const struct slip_reloc *moves(const struct slip_image *image, enum slip_protocol protocol)
{
    const struct slip_reloc *reloc = protocol == SLIP_PROTOCOL_PVH ? &image->reloc
                                     : protocol == SLIP_PROTOCOL_MULTIBOOT2
                                         ? &image->multiboot[1].reloc
                                         : NULL;

    return reloc && reloc->offered ? reloc : NULL;
}

static int place_moved(const struct slip_guest *guest, const struct slip_machine *machine,
                       const struct slip_image *image, const struct slip_reloc *reloc,
                       uint64_t *ret, struct slip_error **err)
{
    uint64_t bytes = slip__image_end(image) - image->segments[0].gpa;
    uint64_t align = reloc->align ? reloc->align : SLIP_PAGE_BYTES;
    uint64_t end = reloc->max < SLIP_4_GIB - 1 ? reloc->max + 1 : SLIP_4_GIB;

    if (slip__layout_find(machine, memory_bytes(guest), reloc->min, end, bytes, align, ret))
        return 0;
    return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_KERNEL_PLACE,
                            "kernel '%s' can't be where it is linked (0x%llx) in this guest, and "
                            "0x%llx bytes on a multiple of 0x%llx are not free from 0x%llx to "
                            "0x%llx, where it may be moved to",
                            image->name, (ull)image->segments[0].gpa, (ull)bytes, (ull)align,
                            (ull)reloc->min, (ull)reloc->max);
}

/* What the description or the file alone say: does it start from the bare form, whatever is inside? */
static bool starts_bare(const struct slip_guest *guest, const struct slip_image *image)
{
    bool forced = SLIP_IS_SET(guest->protocol) && (guest->protocol.value == SLIP_PROTOCOL_LINUX64 ||
                                                   guest->protocol.value == SLIP_PROTOCOL_LINUX32);

    return image->linux_boot.offered && (forced || image->no_kernel[0]);
}

int slip__kernel_place(const struct slip_guest *guest, const struct slip_machine *machine,
                       const struct slip_image *image, struct slip_kernel_place *ret,
                       struct slip_error **err)
{
    SLIP_AUTO(slip__decision_dispose) struct slip_decision decision = {0};
    const struct slip_reloc *reloc;
    bool bare = starts_bare(guest, image);
    int rc;

    *ret = (struct slip_kernel_place){.form = image->form};
    if (guest->type.value != SLIP_TYPE_PVH || image->form == SLIP_FORM_LINUX)
        return 0; /* the bare form has its place already */
    if (image->loaded && !bare) {
        rc = slip__protocol_choose(guest, image, &decision, err);
        if (rc < 0)
            return rc;
        bare = decision.form == SLIP_FORM_LINUX;
    }
    if (bare) {
        *ret = (struct slip_kernel_place){.changes = true, .form = SLIP_FORM_LINUX};
        return place_linux(guest, machine, image, &ret->gpa, err);
    }
    if (image->loaded && decision.form != image->form) {
        *ret = (struct slip_kernel_place){.changes = true, .form = decision.form};
        return 0;
    }
    reloc = image->loaded ? moves(image, decision.protocol) : NULL;
    if (!reloc || image->n_segments == 0 ||
        (lies_well(guest, machine, image) && slip__image_end(image) <= SLIP_4_GIB))
        return 0;
    ret->changes = true;
    return place_moved(guest, machine, image, reloc, &ret->gpa, err);
}

int slip__kernel_settle(struct slip_image *image, const struct slip_kernel_place *place,
                        struct slip_error **err)
{
    if (place->form == image->form)
        return slip__image_move_to(image, place->gpa, err);
    return slip__image_use(image, place->form, place->gpa, err);
}

bool slip__kernel_lies_well(const struct slip_guest *guest, const struct slip_machine *machine,
                            const struct slip_image *image)
{
    return guest->type.value != SLIP_TYPE_PVH || lies_well(guest, machine, image);
}
