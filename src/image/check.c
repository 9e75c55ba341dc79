/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What others may count on in an image, whoever read it: a reader of ours can be taken over by the file it reads. Of what is not
 * here nobody's memory may depend: a wrong entry point is the guest's own misfortune.
 */
#include "base/ckd.h"
#include "image/elf.h"
#include "image/limits.h"
#include "image/wire.h"

static bool power_of_two(uint64_t n)
{
    return n && (n & (n - 1)) == 0;
}

static const char *check_segments(const struct slip_segment *segments, size_t count)
{
    uint64_t end = 0, next;

    for (size_t i = 0; i < count; i++) {
        const struct slip_segment *s = &segments[i];

        if (s->gpa < end)
            return "segments descend or overlap";
        if (s->memory_bytes == 0 || s->memory_bytes < s->file_bytes)
            return "a segment's memory does not hold its file";
        if (slip__ckd_add(&next, s->gpa, s->memory_bytes) ||
            slip__ckd_add(&next, s->file_offset, s->file_bytes))
            return "a segment wraps";
        end = s->gpa + s->memory_bytes;
    }
    return NULL;
}

static const char *check_form(const struct slip_image *image)
{
    static const char none[] = "it is in a form that it does not have";

    if (image->form == SLIP_FORM_LINUX && !image->linux_boot.offered)
        return none;
    if (image->form >= SLIP_FORM_MULTIBOOT1 &&
        !image->multiboot[image->form - SLIP_FORM_MULTIBOOT1].offered)
        return none;
    if (slip__image_is_bare(image))
        return check_segments(&image->bare, 1);
    return image->n_kernel_segments || image->no_kernel[0] ? NULL : "it has nothing to load";
}

static const char *check_linux(const struct slip_linux *boot)
{
    uint64_t end;

    if (!boot->offered)
        return NULL;
    if (!power_of_two(boot->align) || !power_of_two(boot->min_align))
        return "an alignment is no power of two";
    if (boot->init_bytes < boot->bytes ||
        slip__ckd_add(&end, boot->preferred_gpa, boot->init_bytes))
        return "what a Linux kernel needs does not fit";
    return NULL;
}

static const char *check_reloc(const struct slip_reloc *reloc)
{
    if (!reloc->offered)
        return NULL;
    if (reloc->align && !power_of_two(reloc->align))
        return "an alignment is no power of two";
    return NULL;
}

static const char *check_multiboot(const struct slip_multiboot *mb)
{
    uint64_t end;

    if (!mb->offered)
        return NULL;
    if (mb->has_addresses &&
        (slip__ckd_add(&end, mb->load_gpa, mb->memory_bytes) ||
         slip__ckd_add(&end, mb->load_offset, mb->load_bytes) || mb->memory_bytes < mb->load_bytes))
        return "what a Multiboot header loads does not fit";
    return check_reloc(&mb->reloc);
}

static const char *check_entries(const struct slip_image *image)
{
    unsigned seen = 0;

    for (size_t i = 0; i < image->n_entries; i++) {
        unsigned bit = 1u << image->entries[i].kind;

        if (seen & bit)
            return "it has two entries of one kind";
        seen |= bit;
    }
    return NULL;
}

const char *slip__image_check(const struct slip_image *image)
{
    const char *why = check_segments(image->kernel_segments, image->n_kernel_segments);

    if (!why)
        why = check_form(image);
    if (!why && image->n_notes && !image->n_kernel_segments)
        why = "it has notes of nothing";
    if (!why && image->elf_bits != 0 && image->elf_bits != 32 && image->elf_bits != 64)
        why = "it has neither 32 nor 64 bits";
    if (!why)
        why = check_linux(&image->linux_boot);
    if (!why)
        why = check_reloc(&image->reloc);
    for (size_t i = 0; !why && i < 2; i++)
        why = check_multiboot(&image->multiboot[i]);
    if (!why)
        why = check_entries(image);
    if (!why && image->loaded && !slip__image_entry(image, SLIP_ENTRY_PVH) &&
        !image->pvh_problem[0])
        why = "it has no PVH entry and no reason";
    return why;
}
