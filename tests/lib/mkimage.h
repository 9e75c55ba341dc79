/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Makes kernel files for tests, right or wrong in a chosen way, and guest RAM to load them into. Independent of src/image:
 * it writes what the standards say, field by field. Running out of memory here ends the test.
 */
#ifndef SLIP_TESTS_MKIMAGE_H
#define SLIP_TESTS_MKIMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "abi/ram.h"
#include "base/buf.h"

#define MK_MAX_PHDRS    128
#define MK_MAX_SECTIONS 8

struct mk_phdr {
    uint32_t type, flags;
    uint64_t vaddr, paddr;
    const void
        *data;       /* bytes of the file, put one after the other; NULL: offset is used as it is */
    uint64_t filesz; /* of data */
    uint64_t memsz;
    uint64_t align;
    uint64_t offset; /* set by mk_elf() when there is data */
};

struct mk_section {
    uint32_t type;
    const void *data; /* as above */
    uint64_t size;
    uint64_t offset;
};

/* A file of 32 or 64 bits; everything that is 0 gets its usual value. */
struct mk_elf {
    unsigned bits;
    unsigned machine; /* 0: of the bits */
    unsigned type;    /* 0: ET_EXEC */
    uint64_t entry;
    unsigned phentsize; /* 0: the standard's */
    unsigned n_phdrs;
    struct mk_phdr phdrs[MK_MAX_PHDRS];
    unsigned n_sections; /* a null section is put before them */
    struct mk_section sections[MK_MAX_SECTIONS];
    size_t data_at; /* data starts here at the earliest; 0: right behind the headers */
};

/* Offsets of header fields, for patching what was made. */
size_t mk_ehdr_field(unsigned bits, const char *name);
size_t mk_phdr_field(unsigned bits, unsigned index, const char *name);

/* Appends the file to out (empty). Offsets are noted in elf. */
void mk_elf(struct mk_elf *elf, struct slip_buf *out);
/* Appends a note: name_bytes is what the header says. */
void mk_note(struct slip_buf *out, const char *name, uint32_t name_bytes, uint32_t type,
             const void *desc, uint32_t desc_bytes);
/* A Xen note with a number of 4 or 8 bytes. */
void mk_xen_note(struct slip_buf *out, uint32_t type, uint64_t value, unsigned bytes);

/* Compresses; codec is "none", "gzip", "xz", "lzma", "bzip2", "zstd", "lz4", "lz4 (frame)". */
void mk_compress(const char *codec, const void *bytes, size_t len, struct slip_buf *out);

/* A bzImage; 0 gets the usual value. */
struct mk_bzimage {
    unsigned protocol; /* 0: 2.15 */
    unsigned setup_sects;
    const char *version;
    unsigned xloadflags;
    const void *payload; /* with its size trailer */
    size_t payload_bytes;
    size_t payload_at; /* set: offset in the file */
};
void mk_bzimage(struct mk_bzimage *bz, struct slip_buf *out);
/* Compressed bytes and the size of the plain ones behind, as Linux's build makes a payload. */
void mk_payload(const char *codec, const void *bytes, size_t len, struct slip_buf *out);

/* An anonymous file with these bytes. */
int mk_fd(const void *bytes, size_t len);

/* Guest RAM at [gpa, gpa + bytes), zero. */
struct mk_ram {
    struct slip_ram ram;
    uint8_t *bytes;
};
void mk_ram_init(struct mk_ram *ram, uint64_t gpa, size_t bytes);
void mk_ram_dispose(struct mk_ram *ram);
const uint8_t *mk_ram_at(const struct mk_ram *ram, uint64_t gpa);

/* Bytes that compress, but not to nothing, the same for the same seed. */
void mk_fill(uint8_t *bytes, size_t len, unsigned seed);

#endif
