/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one pass over an ELF: what lies ahead in the stream goes straight to where it is wanted. Knows no header format.
 *
 * Segments, note areas and the section headers are ranges of the file that may overlap each other (notes usually lie inside
 * a segment). The pass goes through the file in ascending order; where ranges overlap, the one that reaches furthest is
 * read, and the others get their copy from it, so nothing is ever decompressed twice for that.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ckd.h"
#include "base/cleanup.h"
#include "image/elf.h"
#include "image/limits.h"

struct range {
    uint64_t start, end; /* in the file */
    uint8_t *dst;        /* NULL: by way of the sink, to ... */
    uint64_t gpa;
};

#define MAX_RANGES (SLIP_LIMIT_PROGRAM_HEADERS + 1u) /* a header each, and the section headers */

struct ranges {
    struct slip_ram_sink *sink; /* may be NULL */
    size_t count;
    struct range list[MAX_RANGES];
};

static void add_range(struct ranges *ranges, uint64_t offset, uint64_t bytes, void *dst,
                      uint64_t gpa)
{
    if (bytes)
        ranges->list[ranges->count++] = (struct range){offset, offset + bytes, dst, gpa};
}

static int add_buffer(struct ranges *ranges, uint64_t offset, uint64_t bytes, uint8_t **buffer,
                      struct slip_error **err)
{
    if (!*buffer)
        *buffer = malloc(bytes);
    if (!*buffer)
        return slip__error_oom(err);
    add_range(ranges, offset, bytes, *buffer, 0);
    return 0;
}

void *slip__image_segment_at(const struct slip_image *image, const struct slip_segment *seg,
                             struct slip_ram *ram, struct slip_error **err)
{
    char what[48] = "the kernel";
    void *dst;

    if (image->form == SLIP_FORM_LINUX)
        snprintf(what, sizeof(what), "the Linux kernel that unpacks itself");
    else if (image->elf_bits)
        snprintf(what, sizeof(what), "the segment of program header %u", seg->index);
    dst = slip__ram_at(ram, what, seg->gpa, seg->memory_bytes, err);
    if (dst && ram->stale)
        memset((char *)dst + seg->file_bytes, 0, seg->memory_bytes - seg->file_bytes);
    return dst;
}

static int collect(const struct slip_image *image, struct slip_ram *ram, struct ranges *ranges,
                   struct slip_error **err)
{
    ranges->sink = ram ? ram->sink : NULL;
    for (size_t i = 0; ram && i < image->n_segments; i++) {
        const struct slip_segment *seg = &image->segments[i];
        void *dst = ram->sink ? NULL : slip__image_segment_at(image, seg, ram, err);

        if (!ram->sink && !dst)
            return SLIP_EIMAGE;
        add_range(ranges, seg->file_offset, seg->file_bytes, dst, seg->gpa);
    }
    return 0;
}

static int collect_notes(const struct slip_image *image, struct ranges *ranges,
                         struct slip_error **err)
{
    struct slip_elf *elf = image->elf;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < elf->n_areas; i++)
        rc =
            add_buffer(ranges, elf->areas[i].offset, elf->areas[i].bytes, &elf->areas[i].data, err);
    if (rc == 0 && elf->shnum)
        rc = add_buffer(ranges, elf->shoff, (uint64_t)elf->shnum * elf->shentsize, &elf->sections,
                        err);
    return rc;
}

/* The range to read at or after pos: of those that hold pos the one that reaches furthest, else the next one. */
static const struct range *next_range(const struct ranges *ranges, uint64_t pos)
{
    const struct range *best = NULL;

    for (size_t i = 0; i < ranges->count; i++) {
        const struct range *r = &ranges->list[i];

        if (r->end <= pos)
            continue;
        if (!best || (r->start <= pos ? best->start > pos || r->end > best->end
                                      : best->start > pos && r->start < best->start))
            best = r;
    }
    return best;
}

/* To the sink by way of its rooms. */
static int send(struct slip_ram_sink *sink, const uint8_t *bytes, uint64_t gpa, uint64_t len,
                struct slip_error **err)
{
    int rc = 0;

    while (len && rc == 0) {
        size_t n, cap;
        void *room = sink->room(sink, &cap, err);

        if (!room)
            return SLIP_EIO;
        n = len < cap ? (size_t)len : cap;
        memcpy(room, bytes, n);
        rc = sink->put(sink, room, gpa, n, err);
        bytes += n;
        gpa += n;
        len -= n;
    }
    return rc;
}

/* Gives all but from what they share with [start, end), which is at bytes: in the sink's room, or in memory of ours. */
static int share(const struct ranges *ranges, const struct range *from, uint64_t start,
                 uint64_t end, const uint8_t *bytes, bool in_room, struct slip_error **err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < ranges->count; i++) {
        const struct range *r = &ranges->list[i];
        uint64_t a = r->start > start ? r->start : start, b = r->end < end ? r->end : end;

        if (r == from || a >= b)
            continue;
        if (r->dst)
            memcpy(r->dst + (a - r->start), bytes + (a - start), b - a);
        else if (in_room)
            rc = ranges->sink->put(ranges->sink, bytes + (a - start), r->gpa + (a - r->start),
                                   (size_t)(b - a), err);
        else
            rc = send(ranges->sink, bytes + (a - start), r->gpa + (a - r->start), b - a, err);
    }
    return rc;
}

/* Reads [start, end) of r to memory; then the others get theirs. */
static int read_whole(struct slip_stream *stream, const struct ranges *ranges,
                      const struct range *r, uint64_t start, struct slip_error **err)
{
    uint8_t *dst = r->dst + (start - r->start);
    int rc = slip__stream_read(stream, dst, r->end - start, err);

    return rc < 0 ? rc : share(ranges, r, start, r->end, dst, false, err);
}

/* The same to the sink, a room at a time. */
static int read_to_sink(struct slip_stream *stream, const struct ranges *ranges,
                        const struct range *r, uint64_t start, struct slip_error **err)
{
    int rc = 0;

    while (start < r->end && rc == 0) {
        size_t n, cap;
        uint8_t *room = ranges->sink->room(ranges->sink, &cap, err);

        if (!room)
            return SLIP_EIO;
        n = r->end - start < cap ? (size_t)(r->end - start) : cap;
        rc = slip__stream_read(stream, room, n, err);
        if (rc == 0)
            rc = ranges->sink->put(ranges->sink, room, r->gpa + (start - r->start), n, err);
        if (rc == 0)
            rc = share(ranges, r, start, start + n, room, true, err);
        start += n;
    }
    return rc;
}

static int sweep(struct slip_stream *stream, const struct ranges *ranges, struct slip_error **err)
{
    const struct range *r;
    uint64_t pos = 0;

    while ((r = next_range(ranges, pos))) {
        uint64_t start = r->start > pos ? r->start : pos;
        int rc = slip__stream_seek(stream, start, err);

        if (rc == 0)
            rc = r->dst ? read_whole(stream, ranges, r, start, err)
                        : read_to_sink(stream, ranges, r, start, err);
        if (rc < 0)
            return rc;
        pos = r->end;
    }
    return 0;
}

int slip__image_sweep(struct slip_image *image, struct slip_stream *stream, struct slip_ram *ram,
                      struct slip_error **err)
{
    SLIP_AUTO_FREE struct ranges *ranges = calloc(1, sizeof(*ranges));
    int rc;

    if (!ranges)
        return slip__error_oom(err);
    rc = collect(image, ram, ranges, err);
    return rc < 0 ? rc : sweep(stream, ranges, err);
}

int slip__elf_load(struct slip_image *image, struct slip_ram *ram, struct slip_error **err)
{
    SLIP_AUTO_FREE struct ranges *ranges = calloc(1, sizeof(*ranges));
    struct slip_elf *elf = image->elf;
    int rc;

    if (!ranges)
        return slip__error_oom(err);
    rc = collect(image, ram, ranges, err);
    if (rc == 0)
        rc = collect_notes(image, ranges, err);
    if (rc == 0 && elf->used)
        rc = slip__stream_restart(&elf->stream, err);
    if (rc < 0)
        return rc;
    elf->used = true;
    elf->stream.rewinds = 0;
    rc = sweep(&elf->stream, ranges, err);
    for (size_t i = 0; rc == 0 && i < elf->n_areas; i++)
        rc = slip__notes_parse(image, &elf->areas[i], false, err);
    if (rc == 0)
        rc = slip__elf_section_notes(image, err);
    if (rc == 0)
        rc = slip__notes_entries(image, err);
    return rc;
}
