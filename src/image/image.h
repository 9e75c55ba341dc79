/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A kernel file read: format, segments, notes, entry points. Pure: knows no guest, no layout, no engine.
 *
 * Reading has two steps, so that a compressed kernel is decompressed once and straight to where it runs:
 *   slip__image_probe() looks at the headers only (for a bzImage: decompresses the first KiBs): format and segments are known;
 *   slip__image_load()  streams the rest, scattering segments into guest RAM (or nowhere, ram == NULL), and learns notes
 *                       and entry points on the way.
 */
#ifndef SLIP_IMAGE_IMAGE_H
#define SLIP_IMAGE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/ram.h"
#include "base/error.h"
#include "base/progress.h"
#include "slipway/image.h"

enum slip_image_format { SLIP_IMAGE_ELF32, SLIP_IMAGE_ELF64, SLIP_IMAGE_BZIMAGE };

/* A loadable segment, in ascending order of gpa; they never overlap and never wrap. */
struct slip_segment {
    uint64_t gpa;         /* p_paddr */
    uint64_t file_offset; /* in the (decompressed) ELF */
    uint64_t file_bytes;
    uint64_t memory_bytes; /* >= file_bytes; the rest is zero */
    unsigned flags;        /* PF_R, PF_W, PF_X */
    unsigned index;        /* of its program header, for messages */
};

struct slip_note {
    char name[16]; /* NUL-terminated; longer names are cut */
    uint32_t type;
    uint32_t desc_bytes;
    uint64_t file_offset; /* of the note, in the (decompressed) ELF */
    uint8_t desc[32];     /* the first bytes of the descriptor */
    bool from_section;    /* found through a section header, not a program header */
};

/* An entry point the image offers. */
enum slip_entry_kind {
    SLIP_ENTRY_PVH,
    SLIP_ENTRY_ELF,
    SLIP_ENTRY_LINUX64,
    SLIP_ENTRY_LINUX32,
    SLIP_ENTRY_XEN_PV
};
struct slip_entry {
    enum slip_entry_kind kind;
    uint64_t address; /* guest-physical (XEN_PV: virtual) */
};

#define SLIP_IMAGE_MAX_ENTRIES 8

struct slip_image {
    enum slip_image_format format; /* of the file */
    unsigned elf_bits;             /* 32 or 64, of the ELF (inside) */
    unsigned machine;              /* e_machine */
    char *name;                    /* file name for messages; owned */
    int fd;                        /* owned */
    uint64_t file_bytes;

    /* bzImage only */
    const char *compression; /* "xz", ..., "none"; NULL for a plain ELF */
    unsigned boot_protocol;  /* 0x020f */
    uint64_t payload_offset, payload_bytes;
    uint64_t inflated_bytes; /* as the image says; known true after load */
    uint64_t relocs_bytes;   /* relocation table cut off the end of the ELF */
    char version[128];       /* kernel_version string, printable ASCII, or empty */

    /* the ELF */
    uint64_t elf_entry;
    size_t n_segments;
    struct slip_segment *segments;

    /* after load */
    bool loaded;
    size_t n_notes;
    struct slip_note *notes;
    size_t n_entries;
    struct slip_entry entries[SLIP_IMAGE_MAX_ENTRIES];
};

/* Reads the headers of fd (taken over, also on failure; regular file). */
int slip__image_probe(int fd, uint64_t file_bytes, const char *name, struct slip_image **ret,
                      struct slip_error **err);
/* Streams the rest. ram NULL: only learns. A second load into another RAM is allowed. progress, in bytes of the ELF, may be
 * NULL. */
int slip__image_load(struct slip_image *image, struct slip_ram *ram, slip_bytes_fn *progress,
                     void *payload, struct slip_error **err);

/* The entry of a kind, or NULL. */
const struct slip_entry *slip__image_entry(const struct slip_image *image,
                                           enum slip_entry_kind kind);
/* One past the highest byte of any segment; 0 without segments. */
uint64_t slip__image_end(const struct slip_image *image);

#endif
