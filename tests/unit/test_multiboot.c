/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Multiboot headers of both versions, in ELF files and without one: every field right, and wrong; flat images beside them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "image/image.h"
#include "image/wire.h"
#include "mkimage.h"

#define GPA       0x100000u
#define CODE      0x400u /* bytes of the body behind the header */
#define RAM_BYTES (8u << 20)

/* A header of either version, at an offset in a file of nothing else. 0xf4 all around. */
struct header {
    unsigned version;
    size_t at;
    uint32_t flags; /* of version 1; of version 2: the architecture */
    uint32_t addresses[5];
    const char *tags; /* of version 2: bytes, with their end tag */
    size_t tags_len;
    uint32_t sum;    /* added to the right checksum */
    uint32_t length; /* of version 2, 0: the right one */
    size_t tail;     /* bytes of code behind it; 0: CODE */
};

static void fill(struct slip_buf *buf, size_t upto)
{
    while (buf->len < upto)
        slip__buf_putc(buf, (char)0xf4);
}

static void put_header(const struct header *h, struct slip_buf *buf)
{
    uint32_t length = h->length ? h->length : (uint32_t)(16 + h->tags_len);

    fill(buf, buf->len + h->at);
    if (h->version == 1) {
        slip__buf_uint(buf, 0x1badb002, 4);
        slip__buf_uint(buf, h->flags, 4);
        slip__buf_uint(buf, 0u - 0x1badb002u - h->flags + h->sum, 4);
        for (unsigned i = 0; i < 5; i++)
            slip__buf_uint(buf, h->addresses[i], 4);
    } else {
        slip__buf_uint(buf, 0xe85250d6, 4);
        slip__buf_uint(buf, h->flags, 4);
        slip__buf_uint(buf, length, 4);
        slip__buf_uint(buf, 0u - 0xe85250d6u - h->flags - length + h->sum, 4);
        slip__buf_put(buf, h->tags, h->tags_len);
    }
    fill(buf, buf->len + (h->tail ? h->tail : CODE));
}

static int open_buf(const struct slip_buf *file, struct slip_image **ret, struct slip_error **err)
{
    return slip__image_probe_here(mk_fd(file->data, file->len), file->len, "k", ret, err);
}

static void expect(const struct header *h, unsigned code, const char *words)
{
    struct slip_buf file = {0};
    struct slip_image *image = NULL;
    struct slip_error *err = NULL;

    put_header(h, &file);
    if (open_buf(&file, &image, &err) == 0)
        fail_msg("not refused, expected: %s", words);
    if (slip_error_code(err) != code || !strstr(slip_error_message(err), words))
        fail_msg("SLIP-%u '%s', expected SLIP-%u '%s'", slip_error_code(err),
                 slip_error_message(err), code, words);
    slip_error_free(err);
    slip__buf_dispose(&file);
}

static struct slip_image *open_ok(struct slip_buf *file)
{
    struct slip_image *image = NULL;
    struct slip_error *err = NULL;

    if (open_buf(file, &image, &err) < 0 ||
        slip__image_load_here(image, NULL, NULL, NULL, &err) < 0)
        fail_msg("%s", slip_error_message(err));
    assert_null(slip__image_check(image));
    return image;
}

static void describe(const struct slip_image *image, const char *words)
{
    char *text;

    assert_int_equal(slip_image_to_text(image, &text, NULL), 0);
    if (!strstr(text, words))
        fail_msg("'%s' is not in:\n%s", words, text);
    free(text);
    assert_int_equal(slip_image_to_json(image, &text, NULL), 0);
    free(text);
}

/* Only the header's addresses say what goes where. */
static void version1_no_elf(void **state)
{
    struct header h = {.version = 1,
                       .at = 0x20,
                       .flags = 0x10003,
                       .addresses = {GPA + 0x10, GPA, GPA + 0x200, GPA + 0x3000, GPA + 0x40}};
    struct slip_buf file = {0};
    struct slip_image *image;
    struct mk_ram ram;

    (void)state;
    put_header(&h, &file);
    image = open_ok(&file);
    assert_int_equal(image->format, SLIP_IMAGE_MULTIBOOT);
    assert_int_equal(image->n_segments, 1);
    assert_int_equal(image->segments[0].gpa, GPA);
    assert_int_equal(image->segments[0].file_offset, 0x10);
    assert_int_equal(image->segments[0].file_bytes, 0x200);
    assert_int_equal(image->segments[0].memory_bytes, 0x3000);
    assert_int_equal(slip__image_entry(image, SLIP_ENTRY_MULTIBOOT1)->address, GPA + 0x40);
    assert_null(slip__image_entry(image, SLIP_ENTRY_MULTIBOOT2));
    assert_true(image->multiboot[0].page_align && image->multiboot[0].memory_map);
    assert_false(image->multiboot[0].framebuffer);
    describe(image,
             "multiboot 1  header at 0x20, loads 0x200 bytes of 0x3000 from 0x10 to 0x100000");
    mk_ram_init(&ram, 0, RAM_BYTES);
    memset(ram.bytes, 0x11, RAM_BYTES);
    ram.ram.stale = true;
    assert_int_equal(slip__image_load_here(image, &ram.ram, NULL, NULL, NULL), 0);
    assert_memory_equal(mk_ram_at(&ram, GPA), file.data + 0x10, 0x200);
    assert_int_equal(*mk_ram_at(&ram, GPA + 0x200), 0);
    assert_int_equal(*mk_ram_at(&ram, GPA + 0x2fff), 0);
    assert_int_equal(*mk_ram_at(&ram, GPA + 0x3000), 0x11);
    assert_int_equal(*mk_ram_at(&ram, GPA - 1), 0x11);
    slip_image_free(image);
    slip__buf_dispose(&file);
    mk_ram_dispose(&ram);
}

/* No end: all of the file; no bss. At the last place where a header may be. */
static void version1_whole_file(void **state)
{
    struct header h = {.version = 1,
                       .at = 8192 - 32,
                       .flags = 0x10000,
                       .addresses = {GPA + 8192 - 32, GPA, 0, 0, GPA + 8192}};
    struct slip_buf file = {0};
    struct slip_image *image;

    (void)state;
    put_header(&h, &file);
    image = open_ok(&file);
    assert_int_equal(image->segments[0].file_bytes, file.len);
    assert_int_equal(image->segments[0].memory_bytes, file.len);
    slip_image_free(image);
    slip__buf_dispose(&file);
    h.at += 4;
    expect(&h, 441, "its address fields are not all in the first 8192 bytes");
    h.at += 20; /* the magic is in, the checksum is not */
    expect(&h, 401, "not a kernel file");
}

static void version1_wrong(void **state)
{
    static const struct {
        struct header h;
        const char *words;
    } cases[] = {
        {{.flags = 0x3}, "it has no addresses, which a file that is no ELF needs"},
        {{.flags = 0x10008, .addresses = {GPA, GPA, 0, 0, GPA + 0x20}},
         "requires what nobody knows: flags 0x8"},
        {{.flags = 0x1fff8, .addresses = {GPA, GPA, 0, 0, GPA + 0x20}}, "flags 0xfff8"},
        {{.flags = 0x10000, .addresses = {GPA, GPA + 4, 0, 0, GPA + 0x20}},
         "would be at 0x100000, but loading starts at 0x100004"},
        {{.flags = 0x10000, .at = 0x10, .addresses = {GPA, GPA - 0x14, 0, 0, GPA}},
         "its header, at file offset 0x10, would be at 0x100000"},
        {{.flags = 0x10000, .addresses = {GPA, GPA, GPA, 0, GPA + 0x20}},
         "it would be loaded from 0x100000 to 0x100000"},
        {{.flags = 0x10000, .addresses = {GPA, GPA, GPA + 0x421, 0, GPA + 0x20}},
         "0x421 bytes are to be loaded from file offset 0x0 on, but the file ends at 0x420"},
        {{.flags = 0x10000, .addresses = {GPA, GPA, GPA + 0x40, 0, GPA + 0x40}},
         "its entry 0x100040 is in nothing that is loaded"},
        {{.flags = 0x10000, .addresses = {GPA, GPA, GPA + 0x40, 0, GPA - 1}},
         "its entry 0xfffff is in nothing that is loaded"},
        {{.flags = 0x10000, .addresses = {0xfffffc00, 0xfffffc00, 0, 0, 0xfffffc20}},
         "it would end at 0x100000020, above 4 GiB"},
    };
    struct header h = {.version = 1, .flags = 0x10000, .addresses = {GPA, GPA, 0, 0, GPA + 32}};

    (void)state;
    for (size_t i = 0; i < SLIP_COUNT(cases); i++) {
        h = cases[i].h;
        h.version = 1;
        expect(&h, 441, cases[i].words);
    }
    h = (struct header){
        .version = 1, .flags = 0x10000, .addresses = {GPA, GPA, 0, 0, GPA + 32}, .sum = 1};
    expect(&h, 401, "not a kernel file");
    h.sum = 0;
    h.at = 2; /* not at a multiple of 4 */
    expect(&h, 401, "not a kernel file");
}

#define END "\0\0\0\0\x08\0\0\0"
#define ADDRESS \
    "\2\0\0\0\x18\0\0\0\0\0\x10\0\0\0\x10\0\0\0\0\0\0\x40\x10\0" /* all at GPA, bss to + 0x4000 */
#define ENTRY "\3\0\0\0\x0c\0\0\0\x50\0\x10\0\0\0\0\0"           /* GPA + 0x50, padded */

static struct header version2(const char *tags, size_t len)
{
    return (struct header){.version = 2, .tags = tags, .tags_len = len};
}
#define V2(tags) version2(tags, sizeof(tags) - 1)

static void version2_no_elf(void **state)
{
    struct header h =
        V2(ADDRESS ENTRY "\6\0\0\0\x08\0\0\0"                 /* modules on pages */
                         "\1\0\0\0\x0c\0\0\0\6\0\0\0\0\0\0\0" /* a memory map, padded */
                         "\5\0\0\0\x14\0\0\0\0\4\0\0\0\3\0\0\x20\0\0\0\0\0\0\0"
                         "\7\0\1\0\x08\0\0\0"                 /* EFI, optional */
                         "\x63\0\1\0\x08\0\0\0"               /* unknown, optional */
                         "\4\0\1\0\x0c\0\0\0\3\0\0\0\0\0\0\0" /* a console, if there is one */
                         "\x0a\0\0\0\x18\0\0\0\0\0\x10\0\0\0\0\x40\0\x10\0\0\1\0\0\0" END);
    struct slip_buf file = {0};
    struct slip_image *image;
    const struct slip_multiboot *mb;

    (void)state;
    put_header(&h, &file);
    image = open_ok(&file);
    mb = &image->multiboot[1];
    assert_true(mb->offered && mb->has_addresses && mb->page_align && mb->memory_map &&
                mb->framebuffer);
    assert_int_equal(mb->flags,
                     SLIP_MB2_EFI_BOOT_SERVICES | SLIP_MB2_NEEDS_CONSOLE | SLIP_MB2_USES_EGA);
    assert_int_equal(image->segments[0].memory_bytes, 0x4000);
    assert_int_equal(image->segments[0].file_bytes, file.len);
    assert_int_equal(slip__image_entry(image, SLIP_ENTRY_MULTIBOOT2)->address, GPA + 0x50);
    assert_true(mb->reloc.offered);
    assert_int_equal(mb->reloc.min, 0x100000);
    assert_int_equal(mb->reloc.max, 0x3fffffff);
    assert_int_equal(mb->reloc.align, 0x1000);
    describe(image, "from 0x100000 to 0x3fffffff, by multiples of 0x1000 (Multiboot 2)");
    assert_int_equal(slip__image_move_to(image, 0x300000, NULL), 0);
    assert_int_equal(image->segments[0].gpa, 0x300000);
    assert_int_equal(slip__image_entry(image, SLIP_ENTRY_MULTIBOOT2)->address, 0x300050);
    assert_int_equal(slip__image_use(image, SLIP_FORM_MULTIBOOT2, 0, NULL), 0);
    assert_int_equal(image->segments[0].gpa, GPA);
    assert_int_equal(slip__image_entry(image, SLIP_ENTRY_MULTIBOOT2)->address, GPA + 0x50);
    slip_image_free(image);
    slip__buf_dispose(&file);
}

static void version2_wrong(void **state)
{
    const struct {
        struct header h;
        const char *words;
    } cases[] = {
        {V2(ENTRY END), "it has no addresses, which a file that is no ELF needs"},
        {V2(ADDRESS END), "it has addresses to load it at, but no entry address"},
        {V2(ADDRESS ENTRY), "its tags have no end tag"},
        {V2(ADDRESS ENTRY "\x63\0\0\0\x08\0\0\0" END), "its tag of the unknown type 99 means"},
        {V2(ADDRESS ENTRY "\1\0\0\0\x0c\0\0\0\x16\0\0\0\0\0\0\0" END),
         "information of the unknown type 22"},
        {V2(ADDRESS ENTRY "\4\0\0\0\x0c\0\0\0\1\0\0\0\0\0\0\0" END), "can't do without a screen"},
        {V2(ADDRESS ENTRY "\1\0\0\0\4\0\0\0" END), "has 4 bytes, 16 are left of the header"},
        {V2(ADDRESS ENTRY "\1\0\0\0\xff\xff\xff\xff" END), "has 4294967295 bytes, 16 are left"},
        {V2(ADDRESS "\3\0\0\0\x08\0\0\0" END), "its tag of type 3 has 8 bytes, at least 12"},
        {V2(ADDRESS ENTRY "\x0a\0\0\0\x18\0\0\0\0\0\x10\0\0\0\0\x40\3\0\0\0\1\0\0\0" END),
         "by multiples of 0x3, which is nowhere"},
        {V2(ADDRESS ENTRY "\x0a\0\0\0\x18\0\0\0\0\0\x10\0\0\0\x10\0\0\0\0\0\1\0\0\0" END),
         "between 0x100000 and 0x100000"},
        {{.version = 2, .flags = 4, .tags = END, .tags_len = 8}, "for architecture 4, 0 (i386)"},
        {{.version = 2, .tags = END, .tags_len = 8, .length = 0x8001},
         "ends at file offset 0x8001"},
    };

    (void)state;
    for (size_t i = 0; i < SLIP_COUNT(cases); i++)
        expect(&cases[i].h, 441, cases[i].words);
}

/* An ELF around a header. at: of the header in the first segment. */
static struct slip_image *open_elf(unsigned bits, const struct header *h, uint64_t paddr,
                                   uint64_t entry)
{
    struct slip_buf body = {0}, file = {0};
    struct slip_image *image;
    struct mk_elf elf = {.bits = bits, .n_phdrs = 1};

    put_header(h, &body);
    elf.entry = entry;
    elf.phdrs[0] = (struct mk_phdr){.type = 1,
                                    .flags = 5,
                                    .vaddr = 0xc0000000 + paddr,
                                    .paddr = paddr,
                                    .data = body.data,
                                    .filesz = body.len,
                                    .memsz = body.len + 0x1000};
    elf.data_at = 0x1000;
    mk_elf(&elf, &file);
    image = open_ok(&file);
    slip__buf_dispose(&body);
    slip__buf_dispose(&file);
    return image;
}

static void in_elf(void **state)
{
    struct header h1 = {.version = 1, .flags = 3};
    struct header h2 = V2(ENTRY "\x0a\0\0\0\x18\0\0\0\0\0\x10\0\0\0\0\x40\0\x10\0\0\1\0\0\0" END);

    (void)state;
    for (unsigned bits = 32; bits <= 64; bits += 32) {
        struct slip_image *image = open_elf(bits, &h1, GPA, GPA + 0x60);

        assert_int_equal(slip__image_entry(image, SLIP_ENTRY_MULTIBOOT1)->address, GPA + 0x60);
        assert_false(image->multiboot[0].has_addresses);
        assert_int_equal(slip__image_use(image, SLIP_FORM_MULTIBOOT1, 0, NULL), 0);
        assert_int_equal(image->segments[0].memory_bytes, CODE + 32 + 0x1000);
        slip_image_free(image);
        image = open_elf(bits, &h1, GPA, 0xc0000000 + GPA + 0x60); /* a virtual entry */
        assert_int_equal(slip__image_entry(image, SLIP_ENTRY_MULTIBOOT1)->address, GPA + 0x60);
        slip_image_free(image);
        image = open_elf(bits, &h1, GPA, 0x10);
        assert_null(slip__image_entry(image, SLIP_ENTRY_MULTIBOOT1));
        describe(image, "multiboot 1  not usable: its entry 0x10 is in nothing that is loaded");
        slip_image_free(image);

        image = open_elf(bits, &h2, GPA, GPA + 0x60);
        assert_int_equal(slip__image_entry(image, SLIP_ENTRY_MULTIBOOT2)->address, GPA + 0x50);
        assert_int_equal(slip__image_move_to(image, 2 * GPA, NULL), 0);
        assert_int_equal(slip__image_load_here(image, NULL, NULL, NULL, NULL), 0);
        assert_int_equal(slip__image_entry(image, SLIP_ENTRY_MULTIBOOT2)->address, 2 * GPA + 0x50);
        assert_int_equal(slip__image_entry(image, SLIP_ENTRY_ELF)->address, 2 * GPA + 0x60);
        assert_null(slip__image_check(image));
        slip_image_free(image);
    }
}

/* An ELF whose header has addresses: they are another form, and the ELF's segments stay what they are. */
static void elf_with_addresses(void **state)
{
    struct header h = {.version = 1,
                       .flags = 0x10000,
                       .addresses = {0x200000, 0x200000, 0x200100, 0x201000, 0x200020}};
    struct slip_image *image = open_elf(64, &h, GPA, GPA + 0x60);
    struct slip_error *err = NULL;
    struct mk_ram ram;

    (void)state;
    assert_int_equal(image->segments[0].gpa, GPA);
    assert_int_equal(slip__image_entry(image, SLIP_ENTRY_MULTIBOOT1)->address, 0x200020);
    assert_int_equal(slip__image_use(image, SLIP_FORM_MULTIBOOT2, 0, &err), SLIP_EIMAGE);
    assert_non_null(strstr(slip_error_message(err), "has no Multiboot header of that version"));
    slip_error_free(err);
    mk_ram_init(&ram, 0, RAM_BYTES);
    assert_int_equal(slip__image_use(image, SLIP_FORM_MULTIBOOT1, 0, NULL), 0);
    assert_int_equal(image->segments[0].gpa, 0x200000);
    assert_int_equal(image->segments[0].file_offset, 0x1000);
    assert_null(slip__image_check(image));
    assert_int_equal(slip__image_load_here(image, &ram.ram, NULL, NULL, NULL), 0);
    assert_int_equal(*mk_ram_at(&ram, 0x2000ff), 0xf4);
    assert_int_equal(*mk_ram_at(&ram, 0x200100), 0);
    assert_int_equal(*mk_ram_at(&ram, GPA), 0);
    assert_int_equal(slip__image_use(image, SLIP_FORM_KERNEL, 0, NULL), 0);
    assert_int_equal(slip__image_load_here(image, &ram.ram, NULL, NULL, NULL), 0);
    assert_int_equal(*mk_ram_at(&ram, GPA + 100), 0xf4);
    assert_int_equal(slip__image_entry(image, SLIP_ENTRY_MULTIBOOT1)->address, 0x200020);
    slip_image_free(image);
    mk_ram_dispose(&ram);
}

static void above_4_gib(void **state)
{
    struct header h = {.version = 1, .flags = 0};
    struct slip_image *image = open_elf(64, &h, 0xfffff000, 0xfffff040);

    (void)state;
    assert_null(slip__image_entry(image, SLIP_ENTRY_MULTIBOOT1));
    assert_non_null(strstr(image->multiboot[0].problem, "ends at 0x100000420, above 4 GiB"));
    slip_image_free(image);
}

/* The bytes of a flat image are nobody's business. */
static void flat(void **state)
{
    static const struct {
        uint64_t gpa, entry;
        const char *words;
    } wrong[] = {
        {0x7c00, 0x7bff, "the entry 0x7bff is not in what is loaded, which is at 0x7c00 to 0x7c0a"},
        {0x7c00, 0x7c0a, "the entry 0x7c0a is not in what is loaded"},
        {UINT64_MAX - 5, UINT64_MAX - 5, "would wrap around"},
    };
    struct slip_image *image = NULL;
    struct slip_error *err = NULL;
    struct mk_ram ram;

    (void)state;
    mk_ram_init(&ram, 0, RAM_BYTES);
    assert_int_equal(
        slip__image_flat(mk_fd("\177ELF678901", 10), 10, "k", 0x7c00, 0x7c02, &image, &err), 0);
    assert_int_equal(image->format, SLIP_IMAGE_FLAT);
    assert_int_equal(slip__image_entry(image, SLIP_ENTRY_FLAT)->address, 0x7c02);
    assert_int_equal(slip__image_load(image, &ram.ram, NULL, NULL, &err), 0);
    assert_memory_equal(mk_ram_at(&ram, 0x7c00), "\177ELF678901", 10);
    assert_int_equal(image->n_entries, 1);
    describe(image, "format       flat, no ELF");
    assert_int_equal(slip__image_move_to(image, 0x8000, &err), 0);
    assert_int_equal(slip__image_entry(image, SLIP_ENTRY_FLAT)->address, 0x8002);
    slip_image_free(image);
    for (size_t i = 0; i < SLIP_COUNT(wrong); i++) {
        assert_int_equal(slip__image_flat(mk_fd("0123456789", 10), 10, "k", wrong[i].gpa,
                                          wrong[i].entry, &image, &err),
                         SLIP_EIMAGE);
        assert_int_equal(slip_error_code(err), 443);
        assert_non_null(strstr(slip_error_message(err), wrong[i].words));
        slip_error_free(err);
        err = NULL;
    }
    assert_int_equal(slip__image_flat(mk_fd("", 0), 0, "k", 0, 0, &image, &err), SLIP_EIMAGE);
    assert_int_equal(slip_error_code(err), 402);
    slip_error_free(err);
    mk_ram_dispose(&ram);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version1_no_elf),
        cmocka_unit_test(version1_whole_file),
        cmocka_unit_test(version1_wrong),
        cmocka_unit_test(version2_no_elf),
        cmocka_unit_test(version2_wrong),
        cmocka_unit_test(in_elf),
        cmocka_unit_test(elf_with_addresses),
        cmocka_unit_test(above_4_gib),
        cmocka_unit_test(flat),
    };

    return cmocka_run_group_tests_name("multiboot", tests, NULL, NULL);
}
