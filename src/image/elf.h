/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between the files of this folder: an ELF being read from a stream, and its notes. Nobody else includes this. */
#ifndef SLIP_IMAGE_ELF_H
#define SLIP_IMAGE_ELF_H

#include "abi/elf.h"
#include "image/image.h"
#include "image/limits.h"
#include "image/stream.h"

/* A piece of the ELF that holds notes, and its bytes once they were read. */
struct slip_area {
    uint64_t offset;
    uint64_t bytes;
    uint8_t *data; /* owned */
};

struct slip_elf {
    struct slip_source source; /* the file, or what it unpacked to ... */
    uint8_t *unpacked;         /* ... which is here; owned */
    struct slip_stream stream; /* over all of it, or over what is packed in it */
    bool used;                 /* loaded once: the stream is somewhere */
    const struct slip_elf_layout *layout;
    uint64_t bytes;   /* of the stream, inflated: no part of the ELF may lie beyond */
    bool unknown_end; /* bytes is a limit: how many there are is known when all are unpacked */
    uint64_t segment_align; /* the greatest p_align of what is loaded that is a power of two */
    uint64_t shoff;
    unsigned shentsize, shnum;
    uint8_t *sections; /* owned; shentsize * shnum bytes, or NULL */
    size_t n_areas;
    struct slip_area areas[SLIP_LIMIT_NOTE_AREAS]; /* of PT_NOTE, in their order */
};

/* The headers: fills image's ELF fields. image->elf is made, its stream opened and its bytes set by the caller. */
int slip__elf_probe(struct slip_image *image, struct slip_error **err);
/* One pass over the stream; see slip__image_load(). */
int slip__elf_load(struct slip_image *image, struct slip_ram *ram, struct slip_error **err);
void slip__elf_free(struct slip_elf *elf);

/* Reads on from the section headers for notes that no program header names (elf_sections.c). */
int slip__elf_section_notes(struct slip_image *image, struct slip_error **err);

/* Appends the notes of an area to image->notes; one that is there already (same offset) is left out. */
int slip__notes_parse(struct slip_image *image, const struct slip_area *area, bool from_section,
                      struct slip_error **err);
/* Finds the entries that notes offer, and fills pvh_problem if there is no PVH entry. */
int slip__notes_entries(struct slip_image *image, struct slip_error **err);
/* Is it a note of Xen's of this type? */
bool slip__note_is_xen(const struct slip_note *note, uint32_t type);
/* Its descriptor as a number; it has 4 or 8 bytes. */
uint64_t slip__note_number(const struct slip_note *note);

void slip__image_add_entry(struct slip_image *image, enum slip_entry_kind kind, uint64_t address);
void slip__image_drop_entry(struct slip_image *image, enum slip_entry_kind kind);
/* slip__image_load() for what is one piece, and no ELF (place.c). */
int slip__image_load_bare(struct slip_image *image, struct slip_ram *ram, slip_bytes_fn *progress,
                          void *payload, struct slip_error **err);
/* Is what is in use another segment than those of SLIP_FORM_KERNEL? */
bool slip__image_is_bare(const struct slip_image *image);
/* Segments only, from any stream (load.c). */
int slip__image_sweep(struct slip_image *image, struct slip_stream *stream, struct slip_ram *ram,
                      struct slip_error **err);
/* Where the ELF's own entry is in memory; false: in none of the segments it has in SLIP_FORM_KERNEL. */
bool slip__image_elf_entry(const struct slip_image *image, uint64_t *ret);
/* Where the segment's bytes would be had nothing been moved: its p_paddr. */
uint64_t slip__image_unmoved(const struct slip_image *image, const struct slip_segment *segment);

/* The host address of a segment's memory, what is stale of it beyond its file bytes zeroed. NULL and *err: it is not all RAM. */
void *slip__image_segment_at(const struct slip_image *image, const struct slip_segment *seg,
                             struct slip_ram *ram, struct slip_error **err);

#define ULL(x) ((unsigned long long)(x))

#endif
