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
    uint64_t gva;         /* p_vaddr */
    uint64_t file_offset; /* in the (decompressed) ELF */
    uint64_t file_bytes;
    uint64_t memory_bytes; /* >= file_bytes; the rest is zero */
    unsigned flags;        /* PF_R, PF_W, PF_X */
    unsigned index;        /* of its program header, for messages */
};

struct slip_note {
    char name[16]; /* NUL-terminated; longer names are cut */
    bool xen;      /* the name is exactly "Xen" with its NUL */
    uint32_t type;
    uint32_t name_bytes;
    uint32_t desc_bytes;
    uint64_t file_offset; /* of the note, in the (decompressed) ELF */
    uint8_t desc[256];    /* the first bytes of the descriptor */
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

struct slip_elf; /* how to read on; src/image only, like */
struct slip_image_kind;

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
    bool linux32, linux64;   /* the boot header offers a 32-bit, a 64-bit entry ... */
    uint64_t linux_gpa;      /* ... the 32-bit one here, when loaded where it prefers */

    /* the ELF */
    uint64_t elf_entry;
    unsigned elf_type;  /* e_type */
    uint64_t elf_bytes; /* up to the end of its last part; what follows is not ELF */
    size_t n_segments;
    struct slip_segment *segments;
    uint64_t moved_down;  /* by how much every gpa is below its p_paddr (pv.h) */
    struct slip_elf *elf; /* owned */
    const struct slip_image_kind *kind;

    /* after load */
    bool loaded;
    size_t n_notes;
    struct slip_note *notes;
    size_t n_entries;
    struct slip_entry entries[SLIP_IMAGE_MAX_ENTRIES];
    char pvh_problem[160]; /* why a note that was meant to be the PVH entry is none; or empty */
};

/* Reads the headers of fd (taken over, also on failure; regular file). */
int slip__image_probe(int fd, uint64_t file_bytes, const char *name, struct slip_image **ret,
                      struct slip_error **err);
/* Streams the rest. ram NULL: only learns. A second load into another RAM is allowed. progress, in bytes of the ELF, may be
 * NULL. Of a segment only its file_bytes are written: what follows them is zero because guest RAM is, unless it is stale (abi/ram.h). Loading
 * over used RAM is the caller's to prepare. A kernel without a PVH entry loads: see slip__image_entry(). */
int slip__image_load(struct slip_image *image, struct slip_ram *ram, slip_bytes_fn *progress,
                     void *payload, struct slip_error **err);

/* The entry of a kind, or NULL. */
const struct slip_entry *slip__image_entry(const struct slip_image *image,
                                           enum slip_entry_kind kind);
/* What a loaded image offers and why it has no PVH entry if it has none, as one phrase for a refusal: "it has a Linux 64-bit
 * entry and Xen PV notes, but no PVH entry (no PHYS32_ENTRY note)". The caller frees it; NULL: out of memory. */
char *slip__image_describe_entries(const struct slip_image *image);
/* One past the highest byte of any segment; 0 without segments. */
uint64_t slip__image_end(const struct slip_image *image);

#endif
