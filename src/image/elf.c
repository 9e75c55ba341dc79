/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ELF headers to segments. Every number is foreign: read through the bounded reader, summed with a check, and refused with
 * its name, its place and both numbers. Knows no guest and no compression (the stream does).
 */
#include "image/elf.h"

#include <stdlib.h>
#include <string.h>

#include "base/ckd.h"
#include "base/cleanup.h"
#include "base/reader.h"
#include "image/limits.h"

static const struct slip_elf_layout layouts[] = {SLIP_ELF_LAYOUT_32, SLIP_ELF_LAYOUT_64};

#define IDENT_BYTES    16u
#define MAX_EHDR_BYTES 64u

/* What people try to boot by mistake. Numbers: gABI, e_machine. */
static const struct {
    unsigned machine;
    const char *name;
} machines[] = {
    {2, "SPARC"},        {8, "MIPS"},        {20, "PowerPC"},    {21, "PowerPC64"},
    {22, "S/390"},       {40, "32-bit ARM"}, {43, "SPARC64"},    {50, "IA-64"},
    {183, "64-bit ARM"}, {243, "RISC-V"},    {258, "LoongArch"},
};

static const char *const types[] = {"no type", "an object file", "a program", "a shared object",
                                    "a core dump"};

void slip__elf_free(struct slip_elf *elf)
{
    if (!elf)
        return;
    slip__stream_dispose(&elf->stream);
    free(elf->unpacked);
    free(elf->sections);
    for (size_t i = 0; i < elf->n_areas; i++)
        free(elf->areas[i].data);
    free(elf);
}

static int bad_kind(struct slip_error **err, const char *field, unsigned value, const char *what,
                    const char *wanted)
{
    return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_ELF_KIND, "%s is %u (%s), %s expected",
                            field, value, what, wanted);
}

static int check_ident(struct slip_elf *elf, const uint8_t *ident, struct slip_error **err)
{
    unsigned class = ident[SLIP_ELF_IDENT_CLASS], data = ident[SLIP_ELF_IDENT_DATA];
    unsigned version = ident[SLIP_ELF_IDENT_VERSION];

    if (memcmp(ident, SLIP_ELF_MAGIC, SLIP_ELF_MAGIC_BYTES) != 0)
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_UNKNOWN,
                                "what the %s payload holds is no ELF file: it starts with %02x "
                                "%02x %02x %02x",
                                elf->stream.codec->name, ident[0], ident[1], ident[2], ident[3]);
    if (class != SLIP_ELF_CLASS_32 && class != SLIP_ELF_CLASS_64)
        return bad_kind(err, "the ELF class", class, "unknown", "1 (32-bit) or 2 (64-bit)");
    if (data != SLIP_ELF_DATA_LITTLE)
        return bad_kind(err, "the ELF byte order", data, data == 2 ? "big-endian" : "unknown",
                        "1 (little-endian)");
    if (version != SLIP_ELF_VERSION)
        return bad_kind(err, "the ELF version", version, "unknown", "1");
    elf->layout = &layouts[class == SLIP_ELF_CLASS_64];
    return 0;
}

static int check_kind(const struct slip_image *image, struct slip_error **err)
{
    const char *name = "unknown";

    if (image->elf_type != SLIP_ELF_TYPE_EXEC && image->elf_type != SLIP_ELF_TYPE_DYN)
        return bad_kind(err, "the ELF type", image->elf_type,
                        image->elf_type < SLIP_COUNT(types) ? types[image->elf_type] : "unknown",
                        "2 (a program) or 3 (one that can be moved)");
    if (image->machine == SLIP_ELF_MACHINE_386 || image->machine == SLIP_ELF_MACHINE_X86_64)
        return 0;
    for (size_t i = 0; i < SLIP_COUNT(machines); i++) {
        if (machines[i].machine == image->machine)
            name = machines[i].name;
    }
    return bad_kind(err, "the ELF machine", image->machine, name, "3 (i386) or 62 (x86-64)");
}

/* Remembers how far the ELF reaches. The range was checked. */
static void reaches(struct slip_image *image, uint64_t offset, uint64_t bytes)
{
    if (offset + bytes > image->elf_bytes)
        image->elf_bytes = offset + bytes;
}

/* What is at elf->bytes, for messages. */
static const char *end_words(const struct slip_elf *elf)
{
    return elf->unknown_end ? "the limit for files that are compressed as a whole is"
                            : "the file ends at";
}

/* A table of program or section headers. */
struct table {
    uint64_t offset;
    unsigned size, count; /* of one header in bytes; of headers */
};

static int check_table(const struct slip_elf *elf, const char *what, const struct table *table,
                       unsigned limit, unsigned min_size, struct slip_error **err)
{
    if (table->count > limit)
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_ELF_HEADER,
                                "it has %u %s headers, the limit is %u", table->count, what, limit);
    if (table->size < min_size || table->size > SLIP_LIMIT_HEADER_BYTES)
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_ELF_HEADER,
                                "its %s headers have %u bytes each, %u expected", what, table->size,
                                min_size);
    if (!slip__range_fits(table->offset, (uint64_t)table->count * table->size, elf->bytes))
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_TRUNCATED,
                                "its %u %s headers at 0x%llx take %llu bytes, but %s 0x%llx: it "
                                "is cut off or broken",
                                table->count, what, ULL(table->offset),
                                ULL(table->count) * table->size, end_words(elf), ULL(elf->bytes));
    return 0;
}

/* The file header. Tells where the program headers are. */
static int read_ehdr(struct slip_image *image, struct table *phdrs, struct slip_error **err)
{
    struct slip_elf *elf = image->elf;
    uint8_t raw[MAX_EHDR_BYTES];
    const struct slip_elf_layout *l;
    struct slip_reader r;
    int rc;

    if (elf->bytes < IDENT_BYTES)
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_TRUNCATED,
                                "it has %llu bytes, an ELF header has at least %u", ULL(elf->bytes),
                                layouts[0].ehdr_bytes);
    rc = slip__stream_read(&elf->stream, raw, IDENT_BYTES, err);
    if (rc == 0)
        rc = check_ident(elf, raw, err);
    if (rc < 0)
        return rc;
    l = elf->layout;
    if (elf->bytes < l->ehdr_bytes)
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_TRUNCATED,
                                "it has %llu bytes, a %u-bit ELF header has %u", ULL(elf->bytes),
                                l->bits, l->ehdr_bytes);
    rc = slip__stream_read(&elf->stream, raw + IDENT_BYTES, l->ehdr_bytes - IDENT_BYTES, err);
    if (rc < 0)
        return rc;
    r = slip__reader(raw, l->ehdr_bytes);
    image->elf_bits = l->bits;
    image->elf_type = slip__reader_u16(&r, SLIP_ELF_TYPE);
    image->machine = slip__reader_u16(&r, SLIP_ELF_MACHINE);
    image->elf_entry = slip__reader_uint(&r, l->e_entry, l->word);
    phdrs->offset = slip__reader_uint(&r, l->e_phoff, l->word);
    phdrs->size = slip__reader_u16(&r, l->e_phentsize);
    phdrs->count = slip__reader_u16(&r, l->e_phnum);
    elf->shoff = slip__reader_uint(&r, l->e_shoff, l->word);
    elf->shentsize = slip__reader_u16(&r, l->e_shentsize);
    elf->shnum = elf->shoff ? slip__reader_u16(&r, l->e_shnum) : 0;
    reaches(image, 0, l->ehdr_bytes);
    return check_kind(image, err);
}

struct phdr {
    unsigned index;
    uint64_t at; /* in the file */
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

static int check_file_range(const struct slip_elf *elf, const struct phdr *ph, const char *what,
                            struct slip_error **err)
{
    if (slip__range_fits(ph->offset, ph->filesz, elf->bytes))
        return 0;
    return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_TRUNCATED,
                            "program header %u at 0x%llx: the %s is 0x%llx bytes at file offset "
                            "0x%llx, but %s 0x%llx",
                            ph->index, ULL(ph->at), what, ULL(ph->filesz), ULL(ph->offset),
                            end_words(elf), ULL(elf->bytes));
}

static int add_segment(struct slip_image *image, const struct phdr *ph, struct slip_error **err)
{
    unsigned bits = image->elf_bits;
    uint64_t end;
    int rc;

    if (ph->memsz < ph->filesz)
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_ELF_SEGMENT,
                                "program header %u at 0x%llx: 0x%llx bytes in the file do not fit "
                                "into 0x%llx bytes of memory",
                                ph->index, ULL(ph->at), ULL(ph->filesz), ULL(ph->memsz));
    if (ph->memsz == 0)
        return 0;
    rc = check_file_range(image->elf, ph, "segment", err);
    if (rc < 0)
        return rc;
    if (slip__ckd_add(&end, ph->paddr, ph->memsz) || (bits == 32 && end > 1ull << 32))
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_ELF_SEGMENT,
                                "program header %u at 0x%llx: the segment at guest address 0x%llx "
                                "with 0x%llx bytes wraps around the end of a %u-bit address space",
                                ph->index, ULL(ph->at), ULL(ph->paddr), ULL(ph->memsz), bits);
    reaches(image, ph->offset, ph->filesz);
    if (ph->align > image->elf->segment_align && (ph->align & (ph->align - 1)) == 0)
        image->elf->segment_align = ph->align;
    image->segments[image->n_segments++] = (struct slip_segment){
        .gpa = ph->paddr,
        .gva = ph->vaddr,
        .file_offset = ph->offset,
        .file_bytes = ph->filesz,
        .memory_bytes = ph->memsz,
        .flags = ph->flags,
        .index = ph->index,
    };
    return 0;
}

static int add_area(struct slip_image *image, const struct phdr *ph, struct slip_error **err)
{
    struct slip_elf *elf = image->elf;
    int rc;

    if (ph->filesz == 0)
        return 0;
    rc = check_file_range(elf, ph, "note segment", err);
    if (rc < 0)
        return rc;
    if (ph->filesz > SLIP_LIMIT_NOTE_BYTES)
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_NOTES,
                                "program header %u at 0x%llx: the note segment has %llu bytes, "
                                "the limit is %u",
                                ph->index, ULL(ph->at), ULL(ph->filesz), SLIP_LIMIT_NOTE_BYTES);
    if (elf->n_areas == SLIP_LIMIT_NOTE_AREAS)
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_NOTES,
                                "it has over %u note segments, the limit", SLIP_LIMIT_NOTE_AREAS);
    reaches(image, ph->offset, ph->filesz);
    elf->areas[elf->n_areas++] = (struct slip_area){.offset = ph->offset, .bytes = ph->filesz};
    return 0;
}

static int read_phdrs(struct slip_image *image, const struct table *phdrs, struct slip_error **err)
{
    struct slip_elf *elf = image->elf;
    const struct slip_elf_layout *l = elf->layout;
    uint64_t bytes = (uint64_t)phdrs->size * phdrs->count;
    SLIP_AUTO_FREE uint8_t *raw = malloc(bytes);
    struct slip_reader r = slip__reader(raw, bytes);
    int rc;

    image->segments = calloc(phdrs->count, sizeof(*image->segments));
    image->kernel_segments = image->segments;
    if (!raw || !image->segments)
        return slip__error_oom(err);
    rc = slip__stream_seek(&elf->stream, phdrs->offset, err);
    if (rc == 0)
        rc = slip__stream_read(&elf->stream, raw, bytes, err);
    for (unsigned i = 0; rc == 0 && i < phdrs->count; i++) {
        uint64_t at = (uint64_t)i * phdrs->size;
        struct phdr ph = {
            .index = i,
            .at = phdrs->offset + at,
            .type = slip__reader_u32(&r, at + l->p_type),
            .flags = slip__reader_u32(&r, at + l->p_flags),
            .offset = slip__reader_uint(&r, at + l->p_offset, l->word),
            .vaddr = slip__reader_uint(&r, at + l->p_vaddr, l->word),
            .paddr = slip__reader_uint(&r, at + l->p_paddr, l->word),
            .filesz = slip__reader_uint(&r, at + l->p_filesz, l->word),
            .memsz = slip__reader_uint(&r, at + l->p_memsz, l->word),
            .align = slip__reader_uint(&r, at + l->p_align, l->word),
        };

        if (ph.type == SLIP_ELF_PT_LOAD)
            rc = add_segment(image, &ph, err);
        else if (ph.type == SLIP_ELF_PT_NOTE)
            rc = add_area(image, &ph, err);
    }
    return rc;
}

static int by_gpa(const void *a, const void *b)
{
    const struct slip_segment *x = a, *y = b;

    return x->gpa < y->gpa ? -1 : x->gpa > y->gpa;
}

static int check_overlap(const struct slip_image *image, struct slip_error **err)
{
    for (size_t i = 1; i < image->n_segments; i++) {
        const struct slip_segment *a = &image->segments[i - 1], *b = a + 1;

        if (b->gpa < a->gpa + a->memory_bytes)
            return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_ELF_OVERLAP,
                                    "the segments of program headers %u (guest address 0x%llx + "
                                    "0x%llx) and %u (0x%llx + 0x%llx) overlap",
                                    a->index, ULL(a->gpa), ULL(a->memory_bytes), b->index,
                                    ULL(b->gpa), ULL(b->memory_bytes));
    }
    return 0;
}

int slip__elf_probe(struct slip_image *image, struct slip_error **err)
{
    struct slip_elf *elf = image->elf;
    struct table phdrs = {0}, shdrs;
    int rc = read_ehdr(image, &phdrs, err);

    if (rc < 0)
        return rc;
    if (phdrs.count == 0)
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_ELF_HEADER,
                                "it has no program headers: nothing says what to load");
    rc = check_table(elf, "program", &phdrs, SLIP_LIMIT_PROGRAM_HEADERS, elf->layout->phdr_bytes,
                     err);
    shdrs = (struct table){.offset = elf->shoff, .size = elf->shentsize, .count = elf->shnum};
    if (rc == 0 && shdrs.count)
        rc = check_table(elf, "section", &shdrs, SLIP_LIMIT_SECTION_HEADERS,
                         elf->layout->shdr_bytes, err);
    if (rc < 0)
        return rc;
    reaches(image, phdrs.offset, (uint64_t)phdrs.count * phdrs.size);
    if (shdrs.count)
        reaches(image, shdrs.offset, (uint64_t)shdrs.count * shdrs.size);
    rc = read_phdrs(image, &phdrs, err);
    if (rc < 0)
        return rc;
    if (image->n_segments == 0)
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_ELF_HEADER,
                                "none of its %u program headers loads anything", phdrs.count);
    image->n_kernel_segments = image->n_segments;
    qsort(image->segments, image->n_segments, sizeof(*image->segments), by_gpa);
    return check_overlap(image, err);
}
