/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A kernel file read: format, segments, notes, entry points. Pure: knows no guest, no layout, no engine.
 *
 * Reading has two steps, so that a compressed kernel is decompressed once and straight to where it runs:
 *   slip__image_probe() looks at the headers only (for a bzImage: decompresses the first KiBs): format and segments are known;
 *   slip__image_load()  streams the rest, scattering segments into guest RAM (or nowhere, ram == NULL), and learns notes
 *                       and entry points on the way.
 *
 * A file that nobody vouches for is read in a child that is locked up (base/jail.h): what is here of such an image is what that
 * child says, checked by check.c and no more than that. A new field needs a line in wire.c. The same calls work on an image that
 * is read in this process (slip__image_probe_here(): for tests, fuzzing and measuring); code of this folder that does the work
 * is called with such a one only, in the child.
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

enum slip_image_format {
    SLIP_IMAGE_ELF32,
    SLIP_IMAGE_ELF64,
    SLIP_IMAGE_BZIMAGE,
    SLIP_IMAGE_MULTIBOOT, /* no ELF: loaded where its Multiboot header says */
    SLIP_IMAGE_FLAT       /* bytes with an address that the description states */
};

/* What of the file is loaded. Most files hold one thing; a bzImage holds two. */
enum slip_image_form {
    SLIP_FORM_KERNEL, /* the kernel itself: an ELF's segments, unpacked if need be */
    SLIP_FORM_LINUX, /* a bzImage's protected-mode part as it is, which unpacks itself in the guest */
    SLIP_FORM_MULTIBOOT1, /* what the header of that version says: its addresses, else the ELF's segments */
    SLIP_FORM_MULTIBOOT2
};

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
    SLIP_ENTRY_XEN_PV,
    SLIP_ENTRY_MULTIBOOT1,
    SLIP_ENTRY_MULTIBOOT2,
    SLIP_ENTRY_FLAT
};
struct slip_entry {
    enum slip_entry_kind kind;
    uint64_t address; /* guest-physical (XEN_PV: virtual) */
};

#define SLIP_IMAGE_MAX_ENTRIES 8

/* Where a kernel may be put instead of where it is linked (note PHYS32_RELOC). The segments move together. */
struct slip_reloc {
    bool offered;
    uint64_t align;    /* a power of two; 0 in the note: the greatest p_align of its segments */
    uint64_t min, max; /* lowest address of the first byte, highest of the last */
};

/* The setup header of a bzImage that its boot protocol has, as it is in the file, and what of it others ask for. Fields that its
 * version does not have yet have the value that boot.rst gives for such a kernel. offered: it can start from its bare form, by
 * one of its entries at least. */
#define SLIP_LINUX_HEADER_BYTES 0x100u
struct slip_linux {
    bool offered;
    uint8_t header
        [SLIP_LINUX_HEADER_BYTES]; /* from offset 0x1f1 of the file; zero beyond header_bytes */
    unsigned header_bytes;
    uint64_t offset, bytes; /* of the protected-mode part in the file */
    bool high, entry32, entry64;
    bool relocatable, above_4g; /* above_4g: initrd, command line and boot_params too */
    uint64_t preferred_gpa, align, min_align;
    uint64_t
        init_bytes; /* memory it needs from where it is on, until it has found its own map; >= bytes */
    uint64_t initrd_max;  /* highest address of an initrd's last byte, below 4 GiB */
    uint64_t cmdline_max; /* bytes, NUL not counted */
};

/* struct slip_multiboot, flags of version 2: noted from its tags, for reports; nothing here makes use of them. */
#define SLIP_MB2_NEEDS_CONSOLE     0x1u
#define SLIP_MB2_USES_EGA          0x2u
#define SLIP_MB2_EFI_BOOT_SERVICES 0x4u
#define SLIP_MB2_EFI_ENTRY         0x8u

/* A Multiboot header of version 1 or 2: offsets in the file, addresses in the guest. */
struct slip_multiboot {
    bool offered;
    uint64_t header_offset;
    uint32_t flags;     /* version 1's; of version 2: SLIP_MB2_* of what it asks for */
    bool page_align;    /* modules on page boundaries */
    bool memory_map;    /* it can't do without */
    bool framebuffer;   /* it asks for one */
    bool has_addresses; /* it says itself what is loaded where, whatever the ELF says */
    uint64_t load_gpa, load_offset, load_bytes, memory_bytes;
    uint64_t entry_gpa;
    uint64_t module_max; /* 0: no limit */
    struct slip_reloc reloc;
    char problem[160]; /* why it is none although it looks like one; or empty */
};

struct slip_elf; /* how to read on; src/image only, like */
struct slip_image_kind;
struct slip_image_proxy;

struct slip_image {
    enum slip_image_format format; /* of the file */
    char no_kernel[160];           /* why SLIP_FORM_KERNEL has no segments; or empty */
    unsigned elf_bits;             /* 32 or 64, of the ELF (inside); 0: there is none */
    unsigned machine;              /* e_machine */
    char *name;                    /* file name for messages; owned */
    int fd;                        /* owned */
    uint64_t file_bytes;

    const char *packing;     /* the whole file is compressed: "gzip", ...; NULL: it is not */
    uint64_t unpacked_bytes; /* of what is in it then; 0: not known before it is loaded */

    /* bzImage only; from probing on */
    struct slip_linux linux_boot;
    const char *compression; /* "xz", ..., "none"; NULL for a plain ELF */
    unsigned boot_protocol;  /* 0x020f */
    uint64_t payload_offset, payload_bytes;
    uint64_t inflated_bytes; /* as the image says; known true after load */
    uint64_t relocs_bytes;   /* relocation table cut off the end of the ELF */
    char version[128];       /* kernel_version string, printable ASCII, or empty */

    /* the ELF */
    uint64_t elf_entry;
    unsigned elf_type;  /* e_type */
    uint64_t elf_bytes; /* up to the end of its last part; what follows is not ELF */
    size_t n_segments;  /* of the form in use */
    struct slip_segment *segments;
    uint64_t moved_down;      /* by how much every gpa is below its p_paddr (pv.h) ... */
    uint64_t moved_up;        /* ... and above it (slip__image_move_to()); modulo 2^64 */
    size_t n_kernel_segments; /* those of SLIP_FORM_KERNEL; owned */
    struct slip_segment *kernel_segments;
    struct slip_segment bare; /* the one of another form */
    struct slip_elf *elf;     /* owned */
    const struct slip_image_kind *kind;
    struct slip_image_proxy *proxy; /* who reads it elsewhere; NULL: it is read here. Owned */
    enum slip_image_form form;      /* what segments are about: slip__image_use() sets it */

    /* after load */
    bool loaded;
    size_t n_notes;
    struct slip_note *notes;
    size_t n_entries;
    struct slip_entry entries[SLIP_IMAGE_MAX_ENTRIES];
    struct slip_reloc reloc;
    struct slip_multiboot multiboot[2]; /* of version 1 and 2 */
    char pvh_problem[160]; /* why a note that was meant to be the PVH entry is none; or empty */
};

/* Reads the headers of fd (taken over, also on failure; regular file). What is compressed as a whole and holds no ELF is unpacked into
 * memory here: SLIP_LIMIT_SPOOLED_BYTES at most. A bzImage whose kernel can't be got at (it says why in
 * no_kernel) is one as long as it can still unpack itself: it has no segments until slip__image_use(SLIP_FORM_LINUX). The entries
 * of the boot header and of Multiboot headers are known from here on. */
int slip__image_probe(int fd, uint64_t file_bytes, const char *name, struct slip_image **ret,
                      struct slip_error **err);
/* The same in this process: by who can do with being taken over. */
int slip__image_probe_here(int fd, uint64_t file_bytes, const char *name, struct slip_image **ret,
                           struct slip_error **err);
/* Streams the rest. ram NULL: only learns. A second load into another RAM is allowed. progress, in bytes of the ELF, may be
 * NULL. Of a segment only its file_bytes are written: what follows them is zero because guest RAM is, unless it is stale (abi/ram.h). Loading
 * over used RAM is the caller's to prepare. A kernel without a PVH entry loads: see slip__image_entry(). */
int slip__image_load(struct slip_image *image, struct slip_ram *ram, slip_bytes_fn *progress,
                     void *payload, struct slip_error **err);

/* What it does where the file is read: for that folder's own use. */
int slip__image_load_here(struct slip_image *image, struct slip_ram *ram, slip_bytes_fn *progress,
                          void *payload, struct slip_error **err);

/* From now on segments and load are about that form, where it is linked: a move is undone. The form of a fresh image is
 * SLIP_FORM_KERNEL; SLIP_FORM_LINUX is one segment at gpa, which counts for it only. SLIP_EIMAGE: the file has no such form. To be
 * loaded (again) after it; entries and notes that are known stay known, and those of the boot header are where this puts them. */
int slip__image_use(struct slip_image *image, enum slip_image_form form, uint64_t gpa,
                    struct slip_error **err);
/* Moves all segments, and the entries in them, so that the lowest is at gpa. To be loaded again after it. SLIP_EIMAGE: one would
 * wrap. */
int slip__image_move_to(struct slip_image *image, uint64_t gpa, struct slip_error **err);
/* Takes an opened file, whatever it is, as bytes for gpa, entered at entry. Instead of slip__image_probe(). */
int slip__image_flat(int fd, uint64_t file_bytes, const char *name, uint64_t gpa, uint64_t entry,
                     struct slip_image **ret, struct slip_error **err);
int slip__image_flat_here(int fd, uint64_t file_bytes, const char *name, uint64_t gpa,
                          uint64_t entry, struct slip_image **ret, struct slip_error **err);

/* The entry of a kind, or NULL. */
const struct slip_entry *slip__image_entry(const struct slip_image *image,
                                           enum slip_entry_kind kind);
/* What a loaded image offers and why it has no PVH entry if it has none, as one phrase for a refusal: "it has a Linux 64-bit
 * entry and Xen PV notes, but no PVH entry (no PHYS32_ENTRY note)". The caller frees it; NULL: out of memory. */
char *slip__image_describe_entries(const struct slip_image *image);
/* One past the highest byte of any segment; 0 without segments. */
uint64_t slip__image_end(const struct slip_image *image);

#endif
