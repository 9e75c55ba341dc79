/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Multiboot headers: where they are, what version 1's says, and whether the addresses in them hold. Facts:
 * abi/multiboot_header.h. A header that is there but can't be obeyed has a problem: then it offers no entry, and the image is
 * still whatever else it is. Knows no Multiboot information: that is the builder's.
 */
#include "image/multiboot.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "abi/multiboot_header.h"
#include "base/ckd.h"
#include "base/cleanup.h"

/* What makes a header one, by version: words from its start whose sum is 0, the first being the magic. */
static const struct version {
    uint32_t magic;
    unsigned search_bytes, align, bytes, summed_words;
    enum slip_entry_kind entry;
} versions[] = {
    {SLIP_MB1_MAGIC, SLIP_MB1_SEARCH_BYTES, SLIP_MB1_ALIGN, SLIP_MB1_BYTES, 3,
     SLIP_ENTRY_MULTIBOOT1},
    {SLIP_MB2_MAGIC, SLIP_MB2_SEARCH_BYTES, SLIP_MB2_ALIGN, SLIP_MB2_BYTES, 4,
     SLIP_ENTRY_MULTIBOOT2},
};

void slip__multiboot_problem(struct slip_multiboot *mb, const char *fmt, ...)
{
    va_list ap;

    if (mb->problem[0])
        return;
    va_start(ap, fmt);
    vsnprintf(mb->problem, sizeof(mb->problem), fmt, ap);
    va_end(ap);
}

/* The offset of the first header whose sum is right. When there is none: false, and *ret_offset is that of the first magic. */
static bool find_header(const struct version *v, const uint8_t *head, size_t len,
                        uint64_t *ret_offset)
{
    uint64_t end = len < v->search_bytes ? len : v->search_bytes;
    struct slip_reader r = slip__reader(head, end);

    *ret_offset = UINT64_MAX;
    for (uint64_t at = 0; slip__range_fits(at, v->bytes, end); at += v->align) {
        uint32_t sum = 0;

        if (slip__reader_u32(&r, at) != v->magic)
            continue;
        for (unsigned i = 0; i < v->summed_words; i++)
            sum += slip__reader_u32(&r, at + 4 * i);
        if (sum && *ret_offset != UINT64_MAX)
            continue;
        *ret_offset = at;
        if (sum == 0)
            return true;
    }
    return false;
}

bool slip__multiboot_probe(const uint8_t *head, size_t len)
{
    uint64_t offset;

    return find_header(&versions[0], head, len, &offset) ||
           find_header(&versions[1], head, len, &offset);
}

static void read_version1(struct slip_multiboot *mb, struct slip_reader *r,
                          struct slip_multiboot_addresses *addresses)
{
    uint64_t at = mb->header_offset;
    uint32_t unknown;

    mb->flags = slip__reader_u32(r, at + SLIP_MB1_FLAGS);
    mb->page_align = mb->flags & SLIP_MB1_FLAG_PAGE_ALIGN;
    mb->memory_map = mb->flags & SLIP_MB1_FLAG_MEMORY;
    mb->framebuffer = mb->flags & SLIP_MB1_FLAG_VIDEO;
    unknown = mb->flags & SLIP_MB1_FLAGS_REQUIRED & ~SLIP_MB1_FLAGS_KNOWN;
    if (unknown)
        slip__multiboot_problem(mb, "it requires what nobody knows: flags 0x%x", unknown);
    if (!(mb->flags & SLIP_MB1_FLAG_ADDRESSES))
        return;
    *addresses = (struct slip_multiboot_addresses){
        .given = true,
        .entry_given = true,
        .header = slip__reader_u32(r, at + SLIP_MB1_HEADER_ADDR),
        .load = slip__reader_u32(r, at + SLIP_MB1_LOAD_ADDR),
        .load_end = slip__reader_u32(r, at + SLIP_MB1_LOAD_END),
        .bss_end = slip__reader_u32(r, at + SLIP_MB1_BSS_END),
        .entry = slip__reader_u32(r, at + SLIP_MB1_ENTRY),
    };
    if (!slip__reader_ok(r))
        slip__multiboot_problem(mb, "its address fields are not all in the first %u bytes",
                                SLIP_MB1_SEARCH_BYTES);
}

/* Where the bytes to load are in the file, and that they are. */
static void check_range(const struct slip_image *image, struct slip_multiboot *mb,
                        const struct slip_multiboot_addresses *a)
{
    uint64_t size = image->elf->bytes;

    if (a->load > a->header || a->header - a->load > mb->header_offset) {
        slip__multiboot_problem(
            mb,
            "its header, at file offset 0x%llx, would be at 0x%llx, but loading "
            "starts at 0x%llx",
            ULL(mb->header_offset), ULL(a->header), ULL(a->load));
        return;
    }
    mb->load_gpa = a->load;
    mb->load_offset = mb->header_offset - (a->header - a->load);
    if (a->load_end == 0 && image->elf->unknown_end) {
        slip__multiboot_problem(mb, "it is loaded up to the end of its file, which is not known "
                                    "before all of it is unpacked");
        return;
    }
    if (a->load_end && a->load_end <= a->load) {
        slip__multiboot_problem(mb, "it would be loaded from 0x%llx to 0x%llx", ULL(a->load),
                                ULL(a->load_end));
        return;
    }
    mb->load_bytes = a->load_end ? a->load_end - a->load : size - mb->load_offset;
    if (!slip__range_fits(mb->load_offset, mb->load_bytes, size)) {
        slip__multiboot_problem(mb,
                                "0x%llx bytes are to be loaded from file offset 0x%llx on, but the "
                                "file ends at 0x%llx",
                                ULL(mb->load_bytes), ULL(mb->load_offset), ULL(size));
        return;
    }
    mb->memory_bytes = mb->load_bytes;
    if (a->bss_end > mb->load_gpa + mb->load_bytes)
        mb->memory_bytes = a->bss_end - mb->load_gpa;
    if (mb->load_gpa + mb->memory_bytes > 1ull << 32)
        slip__multiboot_problem(mb, "it would end at 0x%llx, above 4 GiB",
                                ULL(mb->load_gpa + mb->memory_bytes));
}

/* Every segment of the ELF where a CPU in 32-bit mode can go. */
static void check_segments(const struct slip_image *image, struct slip_multiboot *mb)
{
    for (size_t i = 0; i < image->n_kernel_segments; i++) {
        const struct slip_segment *s = &image->kernel_segments[i];

        if (s->gpa + s->memory_bytes > 1ull << 32)
            slip__multiboot_problem(mb,
                                    "its segment of program header %u ends at 0x%llx, above 4 GiB",
                                    s->index, ULL(s->gpa + s->memory_bytes));
    }
}

static bool in_segments(const struct slip_image *image, uint64_t gpa)
{
    for (size_t i = 0; i < image->n_kernel_segments; i++) {
        const struct slip_segment *s = &image->kernel_segments[i];

        if (gpa >= s->gpa && gpa - s->gpa < s->file_bytes)
            return true;
    }
    return false;
}

static void check_entry(const struct slip_image *image, struct slip_multiboot *mb,
                        const struct slip_multiboot_addresses *a)
{
    bool inside = true;

    mb->entry_gpa = a->entry;
    if (!a->entry_given)
        inside = !mb->has_addresses && slip__image_elf_entry(image, &mb->entry_gpa);
    else if (!mb->has_addresses)
        inside = in_segments(image, a->entry);
    if (mb->has_addresses)
        inside =
            a->entry_given && a->entry >= mb->load_gpa && a->entry - mb->load_gpa < mb->load_bytes;
    if (!a->entry_given && mb->has_addresses)
        slip__multiboot_problem(mb, "it has addresses to load it at, but no entry address");
    else if (!inside)
        slip__multiboot_problem(mb, "its entry 0x%llx is in nothing that is loaded",
                                ULL(a->entry_given ? a->entry : image->elf_entry));
    else if (mb->entry_gpa > UINT32_MAX)
        slip__multiboot_problem(mb, "its entry 0x%llx is above 4 GiB", ULL(mb->entry_gpa));
}

static void check(const struct slip_image *image, struct slip_multiboot *mb,
                  const struct slip_multiboot_addresses *a)
{
    mb->has_addresses = a->given;
    if (a->given)
        check_range(image, mb, a);
    else if (image->elf_bits)
        check_segments(image, mb);
    else
        slip__multiboot_problem(mb, "it has no addresses, which a file that is no ELF needs");
    if (!mb->problem[0])
        check_entry(image, mb, a);
    mb->offered = !mb->problem[0];
    if (!mb->offered)
        mb->reloc.offered = false;
}

void slip__multiboot_read(struct slip_image *image, const uint8_t *head, size_t len)
{
    for (size_t i = 0; i < SLIP_COUNT(versions); i++) {
        const struct version *v = &versions[i];
        struct slip_multiboot *mb = &image->multiboot[i];
        struct slip_multiboot_addresses addresses = {0};
        struct slip_reader r = slip__reader(head, len < v->search_bytes ? len : v->search_bytes);

        *mb = (struct slip_multiboot){0};
        if (!find_header(v, head, len, &mb->header_offset)) {
            if (mb->header_offset != UINT64_MAX)
                slip__multiboot_problem(mb,
                                        "what looks like a header at file offset 0x%llx has a "
                                        "wrong checksum",
                                        ULL(mb->header_offset));
            continue;
        }
        if (i == 0)
            read_version1(mb, &r, &addresses);
        else
            slip__multiboot2_read(mb, &r, &addresses);
        check(image, mb, &addresses);
    }
    slip__multiboot_entries(image);
}

void slip__multiboot_entries(struct slip_image *image)
{
    for (size_t i = 0; i < SLIP_COUNT(versions); i++) {
        const struct slip_multiboot *mb = &image->multiboot[i];

        bool moves = !mb->has_addresses || !image->elf_bits;

        slip__image_drop_entry(image, versions[i].entry);
        if (mb->offered)
            slip__image_add_entry(image, versions[i].entry,
                                  mb->entry_gpa + (moves ? image->moved_up : 0));
    }
}

int slip__multiboot_open(struct slip_image *image, const uint8_t *head, size_t len,
                         struct slip_error **err)
{
    const struct slip_multiboot *mb = NULL;

    image->format = SLIP_IMAGE_MULTIBOOT;
    image->elf->bytes = image->elf->source.bytes;
    slip__multiboot_read(image, head, len);
    for (size_t i = 0; i < SLIP_COUNT(versions); i++) {
        if (image->multiboot[i].offered)
            mb = &image->multiboot[i]; /* the newer one */
    }
    if (!mb) {
        const char *why1 = image->multiboot[0].problem, *why2 = image->multiboot[1].problem;

        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_MULTIBOOT,
                                "it is no ELF file, and its Multiboot header can't be used: %s",
                                *why2 ? why2 : why1);
    }
    image->kernel_segments = calloc(1, sizeof(*image->kernel_segments));
    if (!image->kernel_segments)
        return slip__error_oom(err);
    image->kernel_segments[0] = slip__multiboot_segment(mb);
    image->segments = image->kernel_segments;
    image->n_segments = image->n_kernel_segments = 1;
    return 0;
}

int slip__multiboot_finish(struct slip_image *image, struct slip_error **err)
{
    (void)image;
    (void)err;
    return 0;
}

struct slip_segment slip__multiboot_segment(const struct slip_multiboot *mb)
{
    return (struct slip_segment){
        .gpa = mb->load_gpa,
        .gva = mb->load_gpa,
        .file_offset = mb->load_offset,
        .file_bytes = mb->load_bytes,
        .memory_bytes = mb->memory_bytes,
        .flags = SLIP_ELF_PF_R | SLIP_ELF_PF_W | SLIP_ELF_PF_X,
    };
}
