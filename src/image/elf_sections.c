/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Notes that only a section header names. Some kernels have their PVH entry nowhere else; and where padding between merged
 * sections confuses a walk through a note segment, the section headers know where each note starts.
 */
#include <stdlib.h>

#include "abi/xen_notes.h"
#include "base/ckd.h"
#include "base/cleanup.h"
#include "base/reader.h"
#include "image/elf.h"
#include "image/limits.h"

struct areas {
    size_t count;
    struct slip_area list[SLIP_LIMIT_NOTE_AREAS];
};

static int by_offset(const void *a, const void *b)
{
    const struct slip_area *x = a, *y = b;

    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int check_section(const struct slip_elf *elf, const struct areas *areas, unsigned index,
                         const struct slip_area *area, struct slip_error **err)
{
    if (!slip__range_fits(area->offset, area->bytes, elf->bytes))
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_TRUNCATED,
                                "section %u: its notes are 0x%llx bytes at file offset 0x%llx, "
                                "but the file ends at 0x%llx",
                                index, ULL(area->bytes), ULL(area->offset), ULL(elf->bytes));
    if (area->bytes > SLIP_LIMIT_NOTE_BYTES)
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_NOTES,
                                "section %u: its notes have %llu bytes, the limit is %u", index,
                                ULL(area->bytes), SLIP_LIMIT_NOTE_BYTES);
    if (areas->count == SLIP_LIMIT_NOTE_AREAS)
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_NOTES,
                                "it has over %u note sections, the limit", SLIP_LIMIT_NOTE_AREAS);
    return 0;
}

/* The note sections, by offset, so that reading them starts the stream again at most once. */
static int find_areas(struct slip_image *image, struct areas *areas, struct slip_error **err)
{
    const struct slip_elf *elf = image->elf;
    const struct slip_elf_layout *l = elf->layout;
    struct slip_reader r = slip__reader(elf->sections, (uint64_t)elf->shentsize * elf->shnum);

    for (unsigned i = 0; i < elf->shnum; i++) {
        uint64_t at = (uint64_t)i * elf->shentsize;
        uint32_t type = slip__reader_u32(&r, at + l->sh_type);
        struct slip_area area = {.offset = slip__reader_uint(&r, at + l->sh_offset, l->word),
                                 .bytes = slip__reader_uint(&r, at + l->sh_size, l->word)};
        int rc;

        if (type != SLIP_ELF_SHT_NOBITS && slip__range_fits(area.offset, area.bytes, elf->bytes) &&
            area.offset + area.bytes > image->elf_bytes)
            image->elf_bytes = area.offset + area.bytes;
        if (type != SLIP_ELF_SHT_NOTE || area.bytes == 0)
            continue;
        rc = check_section(elf, areas, i, &area, err);
        if (rc < 0)
            return rc;
        areas->list[areas->count++] = area;
    }
    qsort(areas->list, areas->count, sizeof(areas->list[0]), by_offset);
    return 0;
}

/* The bytes of area if a note segment brought them. */
static uint8_t *known_bytes(const struct slip_elf *elf, const struct slip_area *area)
{
    for (size_t i = 0; i < elf->n_areas; i++) {
        const struct slip_area *have = &elf->areas[i];

        if (area->offset >= have->offset &&
            slip__range_fits(area->offset - have->offset, area->bytes, have->bytes))
            return have->data + (area->offset - have->offset);
    }
    return NULL;
}

static bool has_pvh_note(const struct slip_image *image)
{
    for (size_t i = 0; i < image->n_notes; i++) {
        if (slip__note_is_xen(&image->notes[i], SLIP_XEN_NOTE_PHYS32_ENTRY))
            return true;
    }
    return false;
}

/* Reads an area that no note segment covers. Starting a compressed stream again costs a second decompression: only done
 * while there is no PVH entry yet. */
static int read_area(struct slip_image *image, struct slip_area area, struct slip_error **err)
{
    struct slip_stream *stream = &image->elf->stream;
    SLIP_AUTO_FREE uint8_t *data = NULL;
    int rc;

    if (stream->codec != &slip__codec_none && area.offset < stream->pos && has_pvh_note(image))
        return 0;
    data = malloc(area.bytes);
    if (!data)
        return slip__error_oom(err);
    rc = slip__stream_seek(stream, area.offset, err);
    if (rc == 0)
        rc = slip__stream_read(stream, data, area.bytes, err);
    area.data = data;
    return rc < 0 ? rc : slip__notes_parse(image, &area, true, err);
}

int slip__elf_section_notes(struct slip_image *image, struct slip_error **err)
{
    SLIP_AUTO_FREE struct areas *areas = NULL;
    int rc;

    if (!image->elf->sections)
        return 0;
    areas = calloc(1, sizeof(*areas));
    if (!areas)
        return slip__error_oom(err);
    rc = find_areas(image, areas, err);
    for (size_t i = 0; rc == 0 && i < areas->count; i++) {
        struct slip_area *area = &areas->list[i];

        area->data = known_bytes(image->elf, area);
        rc = area->data ? slip__notes_parse(image, area, true, err) : read_area(image, *area, err);
    }
    return rc;
}
