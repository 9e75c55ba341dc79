/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the fuzz targets for kernel files do with bytes: read them as a file, load it into a small RAM, describe it. */
#ifndef SLIP_FUZZ_IMAGE_TARGET_H
#define SLIP_FUZZ_IMAGE_TARGET_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/ram.h"
#include "build/make.h"
#include "build/pv.h"
#include "image/image.h"
#include "image/pv.h"
#include "image/wire.h"
#include "slipway/plan.h"

/* RAM at 1 MiB, small enough to be cleared each time. */
#define FUZZ_RAM_GPA   0x100000u
#define FUZZ_RAM_BYTES 0x40000u

static uint8_t fuzz_ram[FUZZ_RAM_BYTES];

static inline void *fuzz_map(struct slip_ram *ram, uint64_t gpa, uint64_t len,
                             struct slip_error **err)
{
    (void)ram;
    (void)len;
    (void)err;
    return fuzz_ram + (gpa - FUZZ_RAM_GPA);
}

static inline void fuzz_require(int ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "broken promise: %s\n", what);
        abort();
    }
}

/* What image.h promises of a loaded image. */
static inline void fuzz_check(const struct slip_image *image)
{
    const struct slip_entry *pvh = slip__image_entry(image, SLIP_ENTRY_PVH);
    uint64_t end = 0;
    int inside = 0;

    for (size_t i = 0; i < image->n_segments; i++) {
        const struct slip_segment *s = &image->segments[i];

        fuzz_require(s->gpa >= end, "segments ascend and do not overlap");
        fuzz_require(s->memory_bytes && s->memory_bytes >= s->file_bytes, "memory holds the file");
        fuzz_require(s->gpa + s->memory_bytes > s->gpa, "segments do not wrap");
        end = s->gpa + s->memory_bytes;
        inside |= pvh && (s->flags & 1) && pvh->address - s->gpa < s->file_bytes;
    }
    fuzz_require(!pvh || inside, "the PVH entry is in code");
    fuzz_require(!pvh == (image->pvh_problem[0] != 0), "no PVH entry without a reason");
    fuzz_require(slip__image_end(image) == end, "the end is the end");
}

static inline void fuzz_describe(const struct slip_image *image)
{
    char *text = NULL;

    fuzz_require(slip_image_to_text(image, &text, NULL) == 0, "text");
    free(text);
    text = NULL;
    fuzz_require(slip_image_to_json(image, &text, NULL) == 0, "JSON");
    free(text);
    free(slip__image_describe_entries(image));
}

/* Each call of ours either works or sets an error. */
static inline int fuzz_call(int rc, struct slip_error **err)
{
    fuzz_require(rc < 0 ? *err && slip_error_message(*err)[0] : !*err, "an error and its message");
    slip_error_free(*err);
    *err = NULL;
    return rc;
}

/* What a PV guest of it would be: a refusal, or a plan whose pieces lie in its memory and not on each other. */
static inline void fuzz_plan_pv(struct slip_image *image)
{
    struct slip_guest guest = {.type = {.value = SLIP_TYPE_PV}, .memory = {.value = 16}};
    struct slip_plan *plan = NULL;
    struct slip_error *err = NULL;
    uint64_t end = 0;

    if (fuzz_call(slip__image_move_down(image, slip__image_pv_offset(image), &err), &err) < 0 ||
        fuzz_call(slip__plan_make(&guest, &slip__machine_xen_pv, image, NULL, 0, &plan, &err),
                  &err) < 0)
        return;
    for (size_t i = 0; i < plan->n_pieces; i++) {
        fuzz_require(plan->pieces[i].gpa >= end, "pieces ascend and do not overlap");
        end = plan->pieces[i].gpa + plan->pieces[i].bytes;
    }
    fuzz_require(end <= 16ull << 20, "all lies in memory");
    fuzz_require(plan->pv->mappings[0].n_tables < 64, "page tables for 16 MiB");
    slip_plan_free(plan);
}

/* What a PVH container of it would be, by whichever protocol (0: the best): the same. The image is loaded nowhere for it, as for a plan. */
static inline void fuzz_plan_pvh(struct slip_image *image, int64_t protocol)
{
    struct slip_guest guest = {.type = {.value = SLIP_TYPE_PVH},
                               .memory = {.value = 64},
                               .vcpus = {.value = 1},
                               .maxvcpus = {.value = 1}};
    const struct slip_machine *machine = &slip__machine_microvm;
    struct slip_kernel_place place = {0};
    struct slip_plan *plan = NULL;
    struct slip_error *err = NULL;
    char *text = NULL;
    uint64_t end = 0;

    if (protocol >= 0)
        guest.protocol = (struct slip_num){.mark = {.origin = SLIP_GIVEN}, .value = protocol};
    if (fuzz_call(slip__kernel_place(&guest, machine, image, &place, &err), &err) < 0)
        return;
    if (place.changes && (fuzz_call(slip__kernel_settle(image, &place, &err), &err) < 0 ||
                          fuzz_call(slip__image_load(image, NULL, NULL, NULL, &err), &err) < 0))
        return;
    if (fuzz_call(slip__layout_fits(&guest, machine, image, NULL, 0, &err), &err) < 0 ||
        fuzz_call(slip__plan_make(&guest, machine, image, NULL, 0, &plan, &err), &err) < 0)
        return;
    for (size_t i = 0; i < plan->n_pieces; i++) {
        fuzz_require(plan->pieces[i].gpa >= end, "pieces ascend and do not overlap");
        end = plan->pieces[i].gpa + plan->pieces[i].bytes;
    }
    fuzz_require(end <= 64ull << 20, "all lies in memory");
    fuzz_require(slip_plan_to_text(plan, &text, &err) == 0, "the plan's text");
    free(text);
    slip_plan_free(plan);
}

/* Of all of them. */
static inline void fuzz_plan_all(struct slip_image *image)
{
    for (int64_t protocol = -1; protocol <= SLIP_PROTOCOL_MULTIBOOT1; protocol++)
        fuzz_plan_pvh(image, protocol);
}

/* Each form there is, moved too, and loaded where that fits. Ends in the one that it began with. */
static inline void fuzz_forms(struct slip_image *image, struct slip_ram *ram)
{
    struct slip_error *err = NULL;

    for (int form = SLIP_FORM_MULTIBOOT2; form >= SLIP_FORM_KERNEL; form--) {
        if (fuzz_call(slip__image_use(image, (enum slip_image_form)form, FUZZ_RAM_GPA, &err),
                      &err) < 0)
            continue;
        fuzz_require(slip__image_check(image) == NULL, "a form keeps what image.h promises");
        fuzz_call(slip__image_load_here(image, ram, NULL, NULL, &err), &err);
        if (fuzz_call(slip__image_move_to(image, FUZZ_RAM_GPA + 0x1000, &err), &err) == 0) {
            fuzz_call(slip__image_load_here(image, ram, NULL, NULL, &err), &err);
            fuzz_require(slip__image_check(image) == NULL, "a move keeps what image.h promises");
        }
    }
    fuzz_call(slip__image_use(image, SLIP_FORM_KERNEL, 0, &err), &err);
}

static inline void fuzz_image(const uint8_t *bytes, size_t len)
{
    struct slip_ram ram = {
        .n_regions = 1, .regions = {{FUZZ_RAM_GPA, FUZZ_RAM_BYTES}}, .map = fuzz_map};
    struct slip_image *image = NULL;
    struct slip_error *err = NULL;
    int fd = memfd_create("fuzz", MFD_CLOEXEC);

    if (fd < 0)
        return;
    if (write(fd, bytes, len) != (ssize_t)len) {
        close(fd);
        return;
    }
    if (fuzz_call(slip__image_probe_here(fd, len, "fuzz", &image, &err), &err) < 0)
        return;
    if (fuzz_call(slip__image_load(image, NULL, NULL, NULL, &err), &err) == 0) {
        fuzz_check(image);
        fuzz_describe(image);
        fuzz_forms(image, &ram);
        memset(fuzz_ram, 0, sizeof(fuzz_ram));
        if (fuzz_call(slip__image_load(image, &ram, NULL, NULL, &err), &err) == 0 ||
            fuzz_call(slip__image_load(image, NULL, NULL, NULL, &err), &err) == 0)
            fuzz_plan_pv(image);
        fuzz_plan_all(image);
    }
    slip_image_free(image);
}

#endif
