/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ELF notes, and the entry points that Xen's notes offer. Knows no file: bytes come from an area that was read.
 *
 * Notes are 4-byte aligned here whatever the program header's p_align says: the alignment of 8 that newer linkers write
 * holds for GNU property notes only, whose sizes make both readings agree. A zero word where a note should start is the
 * padding between two merged sections (no note has an empty name), and is stepped over.
 *
 * Of several PVH entries the first usable one wins: note segments in the order of their program headers, then note sections
 * in the order of the file.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "abi/xen_notes.h"
#include "base/ckd.h"
#include "base/reader.h"
#include "image/elf.h"
#include "image/limits.h"
#include "image/report.h"

bool slip__note_is_xen(const struct slip_note *note, uint32_t type)
{
    return note->xen && note->type == type;
}

uint64_t slip__note_number(const struct slip_note *note)
{
    struct slip_reader r = slip__reader(note->desc, sizeof(note->desc));

    return slip__reader_uint(&r, 0, note->desc_bytes == 8 ? 8 : 4);
}

/* A name as it may be shown: printable, cut. */
static void copy_name(char *dst, size_t cap, const uint8_t *name, uint64_t bytes)
{
    size_t n = 0;

    while (n < bytes && n < cap - 1 && name[n]) {
        dst[n] = slip__report_is_plain(name[n]) ? (char)name[n] : '?';
        n++;
    }
    dst[n] = 0;
}

static bool is_known(const struct slip_image *image, uint64_t offset)
{
    for (size_t i = 0; i < image->n_notes; i++) {
        if (image->notes[i].file_offset == offset)
            return true;
    }
    return false;
}

static int add_note(struct slip_image *image, const struct slip_note *note, struct slip_error **err)
{
    struct slip_note *notes = image->notes;

    if (is_known(image, note->file_offset))
        return 0;
    if (image->n_notes == SLIP_LIMIT_NOTES)
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_NOTES,
                                "it has over %u notes, the limit", SLIP_LIMIT_NOTES);
    /* Doubles at 0, 1, 2, 4, ... */
    if ((image->n_notes & (image->n_notes - 1)) == 0) {
        notes = realloc(notes, (image->n_notes ? image->n_notes * 2 : 1) * sizeof(*notes));
        if (!notes)
            return slip__error_oom(err);
        image->notes = notes;
    }
    notes[image->n_notes++] = *note;
    return 0;
}

/* The first reason is the one that is told. */
static void problem(struct slip_image *image, const char *fmt, ...) SLIP_PRINTF(2, 3);
static void problem(struct slip_image *image, const char *fmt, ...)
{
    va_list ap;

    if (image->pvh_problem[0])
        return;
    va_start(ap, fmt);
    vsnprintf(image->pvh_problem, sizeof(image->pvh_problem), fmt, ap);
    va_end(ap);
}

/* Bytes of a descriptor: what its note says, but for one known mistake. GRUB's 32-bit PV images end in a
 * PAE_MODE note, "yes", of 12 bytes of which the file has 4. */
static uint64_t desc_bytes_of(const struct slip_area *area, const struct slip_note *note,
                              uint64_t desc_at)
{
    uint64_t left = desc_at < area->bytes ? area->bytes - desc_at : 0;

    if (note->xen && note->type == SLIP_XEN_NOTE_PAE_MODE && note->desc_bytes > left && left &&
        memchr(area->data + desc_at, 0, left))
        return left;
    return note->desc_bytes;
}

int slip__notes_parse(struct slip_image *image, const struct slip_area *area, bool from_section,
                      struct slip_error **err)
{
    struct slip_reader r = slip__reader(area->data, area->bytes);
    uint64_t at = 0;

    while (area->bytes - at >= SLIP_ELF_NOTE_HEADER_BYTES) {
        uint64_t name_bytes = slip__reader_u32(&r, at), desc_bytes = slip__reader_u32(&r, at + 4);
        uint64_t name_at = at + SLIP_ELF_NOTE_HEADER_BYTES, desc_at, next;
        struct slip_note note = {.type = slip__reader_u32(&r, at + 8),
                                 .name_bytes = (uint32_t)name_bytes,
                                 .desc_bytes = (uint32_t)desc_bytes,
                                 .file_offset = area->offset + at,
                                 .from_section = from_section};
        const uint8_t *name, *desc;
        int rc;

        if (name_bytes == 0) {
            at += SLIP_ELF_NOTE_ALIGN;
            continue;
        }
        /* Both sizes have 32 bits: these sums cannot wrap. */
        desc_at = name_at + ((name_bytes + 3) & ~3ull);
        next = desc_at + ((desc_bytes + 3) & ~3ull);
        name = slip__reader_at(&r, name_at, name_bytes);
        note.xen = name && name_bytes == SLIP_XEN_NOTE_NAME_BYTES &&
                   memcmp(name, SLIP_XEN_NOTE_NAME, SLIP_XEN_NOTE_NAME_BYTES) == 0;
        desc_bytes = desc_bytes_of(area, &note, desc_at);
        note.desc_bytes = (uint32_t)desc_bytes;
        desc = slip__reader_at(&r, desc_at, desc_bytes);
        if (!name || !desc) {
            problem(image,
                    "the note at file offset 0x%llx has a name of %llu and a descriptor of %llu "
                    "bytes, but %llu bytes are left there",
                    ULL(note.file_offset), ULL(name_bytes), ULL(desc_bytes),
                    ULL(area->bytes - name_at));
            return 0;
        }
        copy_name(note.name, sizeof(note.name), name, name_bytes);
        memcpy(note.desc, desc, desc_bytes < sizeof(note.desc) ? desc_bytes : sizeof(note.desc));
        rc = add_note(image, &note, err);
        if (rc < 0)
            return rc;
        if (next >= area->bytes)
            break;
        at = next;
    }
    return 0;
}

static bool number_sized(const struct slip_note *note)
{
    return note->desc_bytes == 4 || note->desc_bytes == 8;
}

/* The loaded, executable segment that holds p_paddr gpa: PVH knows no other place for it. */
static const struct slip_segment *code_at(const struct slip_image *image, uint64_t gpa)
{
    for (size_t i = 0; i < image->n_segments; i++) {
        const struct slip_segment *seg = &image->segments[i];
        uint64_t at = slip__image_unmoved(image, seg);

        if ((seg->flags & SLIP_ELF_PF_X) && gpa >= at && gpa - at < seg->file_bytes)
            return seg;
    }
    return NULL;
}

static const struct slip_segment *segment_at(const struct slip_image *image, uint64_t gpa)
{
    for (size_t i = 0; i < image->n_segments; i++) {
        const struct slip_segment *seg = &image->segments[i];
        uint64_t at = slip__image_unmoved(image, seg);

        if (gpa >= at && gpa - at < seg->memory_bytes)
            return seg;
    }
    return NULL;
}

static int refuse_entry(const struct slip_image *image, uint64_t gpa, struct slip_error **err)
{
    const struct slip_segment *seg = segment_at(image, gpa);
    const struct slip_segment *first = image->segments, *last = first + image->n_segments - 1;

    if (!seg)
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_ENTRY,
                                "the PVH entry 0x%llx lies in none of its %zu segments, which are "
                                "at 0x%llx to 0x%llx",
                                ULL(gpa), image->n_segments, ULL(slip__image_unmoved(image, first)),
                                ULL(slip__image_unmoved(image, last) + last->memory_bytes));
    return slip__error_code(
        err, SLIP_EIMAGE, SLIP_CODE_IMAGE_ENTRY,
        "the PVH entry 0x%llx is not in code: the segment of program header %u "
        "there (0x%llx + 0x%llx bytes from the file) %s",
        ULL(gpa), seg->index, ULL(slip__image_unmoved(image, seg)), ULL(seg->file_bytes),
        seg->flags & SLIP_ELF_PF_X ? "has only zeros at that place" : "is not executable");
}

static int pvh_entry(struct slip_image *image, const struct slip_note *note,
                     struct slip_error **err)
{
    uint64_t gpa;

    if (slip__image_entry(image, SLIP_ENTRY_PVH))
        return 0;
    if (!number_sized(note)) {
        problem(image,
                "its PHYS32_ENTRY note at file offset 0x%llx has a descriptor of %u bytes, 4 or 8 "
                "expected",
                ULL(note->file_offset), note->desc_bytes);
        return 0;
    }
    gpa = slip__note_number(note);
    if (!code_at(image, gpa))
        return refuse_entry(image, gpa, err);
    gpa += image->moved_up;
    if (gpa > UINT32_MAX)
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_ENTRY,
                                "the PVH entry 0x%llx is above 0xffffffff, where a CPU in 32-bit "
                                "mode cannot go",
                                ULL(gpa));
    slip__image_add_entry(image, SLIP_ENTRY_PVH, gpa);
    return 0;
}

/* Where else the kernel may be. A note that makes no sense offers nothing. */
static void pvh_reloc(struct slip_image *image, const struct slip_note *note)
{
    struct slip_reader r = slip__reader(note->desc, note->desc_bytes < 12 ? note->desc_bytes : 12);
    unsigned words = (unsigned)r.size / 4;
    uint64_t align = words > 0 ? slip__reader_u32(&r, 0) : 0;
    struct slip_reloc reloc = {
        .offered = true,
        .align = align,
        .min = words > 1 ? slip__reader_u32(&r, 4) : SLIP_XEN_RELOC_MIN,
        .max = words > 2 ? slip__reader_u32(&r, 8) : SLIP_XEN_RELOC_MAX,
    };

    if (align == 0 && image->elf->segment_align >= SLIP_PAGE_BYTES)
        reloc.align = image->elf->segment_align;
    else if (align == 0)
        reloc.align = SLIP_XEN_RELOC_ALIGN;
    if ((reloc.align & (reloc.align - 1)) == 0 && reloc.min <= reloc.max)
        image->reloc = reloc;
}

int slip__notes_entries(struct slip_image *image, struct slip_error **err)
{
    image->reloc = (struct slip_reloc){0};
    for (size_t i = 0; i < image->n_notes; i++) {
        const struct slip_note *note = &image->notes[i];
        int rc = 0;

        if (slip__note_is_xen(note, SLIP_XEN_NOTE_PHYS32_ENTRY))
            rc = pvh_entry(image, note, err);
        else if (slip__note_is_xen(note, SLIP_XEN_NOTE_PHYS32_RELOC))
            pvh_reloc(image, note);
        else if (slip__note_is_xen(note, SLIP_XEN_NOTE_ENTRY) && number_sized(note) &&
                 !slip__image_entry(image, SLIP_ENTRY_XEN_PV))
            slip__image_add_entry(image, SLIP_ENTRY_XEN_PV, slip__note_number(note));
        else if (note->type == SLIP_XEN_NOTE_PHYS32_ENTRY && !note->xen &&
                 strncasecmp(note->name, SLIP_XEN_NOTE_NAME, 3) == 0)
            problem(image,
                    "its note of type 18 (PHYS32_ENTRY) is named '%s' in %u bytes, 'Xen' "
                    "with its NUL (4 bytes) expected",
                    note->name, note->name_bytes);
        if (rc < 0)
            return rc;
    }
    if (slip__image_entry(image, SLIP_ENTRY_PVH)) {
        image->pvh_problem[0] = 0;
    } else {
        image->reloc.offered = false;
        problem(image, "it has no PHYS32_ENTRY note");
    }
    return 0;
}
