/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ELF kernels: what loads, where it lands, every shape of note, and every refusal with its words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/cleanup.h"
#include "failmalloc.h"
#include "image/image.h"
#include "image/limits.h"
#include "mkimage.h"

#define MIB          (1u << 20)
#define PT_LOAD      1u
#define PT_NOTE      4u
#define SHT_PROGBITS 1u
#define SHT_NOTE     7u
#define R            4u
#define RW           6u
#define RX           5u

#define CODE_GPA   0x100000u
#define DATA_GPA   0x200000u
#define CODE_BYTES 0x1800u
#define DATA_BYTES 0x900u
#define BSS_BYTES  0x4000u

static uint8_t code[CODE_BYTES], data[DATA_BYTES];

static int setup(void **state)
{
    (void)state;
    mk_fill(code, sizeof(code), 1);
    mk_fill(data, sizeof(data), 2);
    return 0;
}

/* A kernel of two segments, the second with a zero tail. */
static struct mk_elf two_segments(unsigned bits)
{
    return (struct mk_elf){
        .bits = bits,
        .entry = CODE_GPA + 0x10,
        .n_phdrs = 2,
        .phdrs = {{.type = PT_LOAD,
                   .flags = RX,
                   .paddr = CODE_GPA,
                   .vaddr = CODE_GPA + 0x40000000,
                   .data = code,
                   .filesz = CODE_BYTES,
                   .memsz = CODE_BYTES},
                  {.type = PT_LOAD,
                   .flags = RW,
                   .paddr = DATA_GPA,
                   .vaddr = DATA_GPA + 0x40000000,
                   .data = data,
                   .filesz = DATA_BYTES,
                   .memsz = DATA_BYTES + BSS_BYTES}},
    };
}

static int open_bytes(const void *bytes, size_t len, struct slip_ram *ram, struct slip_image **ret,
                      struct slip_error **err)
{
    struct slip_image *image = NULL;
    int rc = slip__image_probe_here(mk_fd(bytes, len), len, "k", &image, err);

    if (rc == 0)
        rc = slip__image_load(image, ram, NULL, NULL, err);
    if (rc < 0) {
        slip_image_free(image);
        return rc;
    }
    *ret = image;
    return 0;
}

static struct slip_image *load_ok(const struct slip_buf *file, struct slip_ram *ram)
{
    struct slip_image *image = NULL;
    struct slip_error *err = NULL;
    int rc = open_bytes(file->data, file->len, ram, &image, &err);

    if (rc < 0)
        fail_msg("refused: %s", slip_error_message(err));
    return image;
}

static void expect_refusal(const void *bytes, size_t len, struct slip_ram *ram,
                           unsigned code_number, const char *words)
{
    struct slip_image *image = NULL;
    struct slip_error *err = NULL;
    int rc = open_bytes(bytes, len, ram, &image, &err);

    if (rc == 0)
        fail_msg("not refused, expected: %s", words);
    if (slip_error_code(err) != code_number || !strstr(slip_error_message(err), words))
        fail_msg("SLIP-%u '%s', expected SLIP-%u '%s'", slip_error_code(err),
                 slip_error_message(err), code_number, words);
    assert_int_equal(rc, SLIP_EIMAGE);
    assert_ptr_equal(strstr(slip_error_message(err), "kernel 'k': "), slip_error_message(err));
    slip_error_free(err);
}

static int all_zero(const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (p[i])
            return 0;
    }
    return 1;
}

static void check_two_segments(const struct slip_image *image, const struct mk_ram *ram)
{
    assert_int_equal(image->n_segments, 2);
    assert_int_equal(image->segments[0].gpa, CODE_GPA);
    assert_int_equal(image->segments[1].gpa, DATA_GPA);
    assert_int_equal(image->segments[1].memory_bytes, DATA_BYTES + BSS_BYTES);
    assert_int_equal(slip__image_end(image), DATA_GPA + DATA_BYTES + BSS_BYTES);
    assert_memory_equal(mk_ram_at(ram, CODE_GPA), code, CODE_BYTES);
    assert_memory_equal(mk_ram_at(ram, DATA_GPA), data, DATA_BYTES);
    assert_true(all_zero(mk_ram_at(ram, CODE_GPA + CODE_BYTES), DATA_GPA - CODE_GPA - CODE_BYTES));
    assert_true(all_zero(mk_ram_at(ram, DATA_GPA + DATA_BYTES), MIB));
}

/* RAM that holds what somebody left: the zeroes after a segment's bytes are written, and nothing else is touched. */
static void stale_ram(void **state)
{
    struct mk_elf elf = two_segments(64);
    struct slip_buf file = {0};
    struct slip_image *image;
    struct mk_ram ram;

    (void)state;
    mk_ram_init(&ram, 0, 4 * MIB);
    memset(ram.bytes, 0xaa, 4 * MIB);
    ram.ram.stale = true;
    mk_elf(&elf, &file);
    image = load_ok(&file, &ram.ram);
    assert_memory_equal(mk_ram_at(&ram, DATA_GPA), data, DATA_BYTES);
    assert_true(all_zero(mk_ram_at(&ram, DATA_GPA + DATA_BYTES), BSS_BYTES));
    assert_int_equal(*mk_ram_at(&ram, DATA_GPA + DATA_BYTES + BSS_BYTES), 0xaa);
    assert_int_equal(*mk_ram_at(&ram, CODE_GPA - 1), 0xaa);
    slip_image_free(image);
    slip__buf_dispose(&file);
    mk_ram_dispose(&ram);
}

static void loads_segments(unsigned bits)
{
    struct mk_elf elf = two_segments(bits);
    struct slip_buf file = {0};
    struct slip_image *image;
    struct mk_ram ram, again;

    mk_elf(&elf, &file);
    mk_ram_init(&ram, 0, 4 * MIB);
    mk_ram_init(&again, 0, 4 * MIB);
    image = load_ok(&file, &ram.ram);
    assert_int_equal(image->format, bits == 64 ? SLIP_IMAGE_ELF64 : SLIP_IMAGE_ELF32);
    assert_null(image->compression);
    check_two_segments(image, &ram);
    assert_int_equal(slip__image_entry(image, SLIP_ENTRY_ELF)->address, CODE_GPA + 0x10);
    assert_null(slip__image_entry(image, SLIP_ENTRY_PVH));
    assert_int_equal(slip__image_load(image, &again.ram, NULL, NULL, NULL), 0);
    check_two_segments(image, &again);
    slip_image_free(image);
    mk_ram_dispose(&ram);
    mk_ram_dispose(&again);
    slip__buf_dispose(&file);
}

static void loads_32(void **state)
{
    (void)state;
    loads_segments(32);
}

static void loads_64(void **state)
{
    (void)state;
    loads_segments(64);
}

/* Order in the file, empty segments, larger program headers, a virtual e_entry: all legal. */
static void loads_odd_shapes(void **state)
{
    struct mk_elf elf = two_segments(64);
    struct mk_phdr first = elf.phdrs[0];
    struct slip_buf file = {0};
    struct slip_image *image;
    struct mk_ram ram;

    (void)state;
    elf.phdrs[0] = elf.phdrs[1];
    elf.phdrs[1] = first;
    elf.phdrs[2] = (struct mk_phdr){.type = PT_LOAD, .paddr = ~0ull, .offset = ~0ull};
    elf.n_phdrs = 3;
    elf.phentsize = 64;
    elf.type = 3;
    elf.machine = 3;
    elf.entry = CODE_GPA + 0x40000000 + 0x20;
    mk_elf(&elf, &file);
    mk_ram_init(&ram, 0, 4 * MIB);
    image = load_ok(&file, &ram.ram);
    check_two_segments(image, &ram);
    assert_int_equal(image->segments[0].index, 1);
    assert_int_equal(slip__image_entry(image, SLIP_ENTRY_ELF)->address, CODE_GPA + 0x20);
    slip_image_free(image);
    mk_ram_dispose(&ram);
    slip__buf_dispose(&file);
}

/* Two segments that share bytes of the file, one of them with the headers in it. */
static void loads_shared_file_bytes(void **state)
{
    struct mk_elf elf = two_segments(64);
    struct slip_buf file = {0};
    struct slip_image *image;
    struct mk_ram ram;

    (void)state;
    elf.phdrs[2] = (struct mk_phdr){
        .type = PT_LOAD, .flags = R, .paddr = 0x300000, .filesz = 0x400, .memsz = 0x400};
    elf.phdrs[3] = (struct mk_phdr){.type = PT_LOAD,
                                    .flags = R,
                                    .paddr = 0x310000,
                                    .offset = 0x300,
                                    .filesz = 0x1000,
                                    .memsz = 0x1000};
    elf.n_phdrs = 4;
    mk_elf(&elf, &file);
    mk_ram_init(&ram, 0, 4 * MIB);
    image = load_ok(&file, &ram.ram);
    assert_memory_equal(mk_ram_at(&ram, CODE_GPA), code, CODE_BYTES);
    assert_memory_equal(mk_ram_at(&ram, DATA_GPA), data, DATA_BYTES);
    assert_memory_equal(mk_ram_at(&ram, 0x300000), file.data, 0x400);
    assert_memory_equal(mk_ram_at(&ram, 0x310000), file.data + 0x300, 0x1000);
    slip_image_free(image);
    mk_ram_dispose(&ram);
    slip__buf_dispose(&file);
}

/* Where notes may be found. */
enum place { IN_NOTE_SEGMENT, IN_LOADED_SEGMENT, IN_SECTION_ONLY, IN_LOADED_SECTION };

static void make_with_notes(const struct slip_buf *notes, enum place where, unsigned bits,
                            uint64_t align, struct slip_buf *file)
{
    struct mk_elf elf = two_segments(bits);
    static uint8_t holder[4096];
    bool loaded = where == IN_LOADED_SEGMENT || where == IN_LOADED_SECTION;

    if (loaded) {
        memset(holder, 0xcc, sizeof(holder));
        memcpy(holder + 0x100, notes->data, notes->len);
        elf.phdrs[elf.n_phdrs++] = (struct mk_phdr){.type = PT_LOAD,
                                                    .flags = R,
                                                    .paddr = 0x300000,
                                                    .data = holder,
                                                    .filesz = sizeof(holder),
                                                    .memsz = sizeof(holder)};
    }
    if (where == IN_NOTE_SEGMENT)
        elf.phdrs[elf.n_phdrs++] = (struct mk_phdr){.type = PT_NOTE,
                                                    .flags = R,
                                                    .data = notes->data,
                                                    .filesz = notes->len,
                                                    .memsz = notes->len,
                                                    .align = align};
    if (where == IN_LOADED_SEGMENT)
        elf.phdrs[elf.n_phdrs++] =
            (struct mk_phdr){.type = PT_NOTE, .flags = R, .filesz = notes->len, .align = align};
    if (where == IN_SECTION_ONLY)
        elf.sections[elf.n_sections++] =
            (struct mk_section){.type = SHT_NOTE, .data = notes->data, .size = notes->len};
    if (where == IN_LOADED_SECTION)
        elf.sections[elf.n_sections++] = (struct mk_section){.type = SHT_NOTE, .size = notes->len};
    mk_elf(&elf, file);
    if (loaded) { /* second pass, now that the holder's place is known */
        uint64_t at = elf.phdrs[2].offset + 0x100;

        slip__buf_dispose(file);
        if (where == IN_LOADED_SEGMENT)
            elf.phdrs[3].offset = at;
        else
            elf.sections[0].offset = at;
        mk_elf(&elf, file);
    }
}

static void expect_pvh(const struct slip_buf *notes, uint64_t entry)
{
    static const enum place places[] = {IN_NOTE_SEGMENT, IN_LOADED_SEGMENT, IN_SECTION_ONLY,
                                        IN_LOADED_SECTION};

    for (unsigned i = 0; i < 16; i++) {
        enum place where = places[i % 4];
        unsigned bits = i & 4 ? 32 : 64;
        struct slip_buf file = {0};
        struct mk_ram ram;
        struct slip_image *image;

        make_with_notes(notes, where, bits, i & 8 ? 8 : 4, &file);
        mk_ram_init(&ram, 0, 4 * MIB);
        for (int with_ram = 0; with_ram < 2; with_ram++) {
            image = load_ok(&file, with_ram ? &ram.ram : NULL);
            if (!slip__image_entry(image, SLIP_ENTRY_PVH))
                fail_msg("place %d, %u bits, ram %d: %s", where, bits, with_ram,
                         image->pvh_problem);
            assert_int_equal(slip__image_entry(image, SLIP_ENTRY_PVH)->address, entry);
            assert_string_equal(image->pvh_problem, "");
            slip_image_free(image);
        }
        mk_ram_dispose(&ram);
        slip__buf_dispose(&file);
    }
}

static void note_shapes(void **state)
{
    static const uint8_t property[16] = {2, 0, 0, 0xc0, 4, 0, 0, 0, 3};
    struct slip_buf notes = {0};

    (void)state;
    mk_xen_note(&notes, 18, CODE_GPA + 4, 4); /* 4-byte descriptor, alone */
    expect_pvh(&notes, CODE_GPA + 4);
    slip__buf_dispose(&notes);

    mk_xen_note(&notes, 18, CODE_GPA + 8, 8); /* 8 bytes */
    expect_pvh(&notes, CODE_GPA + 8);
    slip__buf_dispose(&notes);

    /* Between others: odd lengths that need padding, a long name, GNU properties before and behind. */
    mk_note(&notes, "GNU", 4, 5, property, sizeof(property));
    mk_note(&notes, "A longer name than fits", 24, 18, "abc", 3);
    mk_note(&notes, "Xen", 4, 6, "linux", 6);
    mk_xen_note(&notes, 18, CODE_GPA + 12, 4);
    mk_note(&notes, "GNU", 4, 5, property, sizeof(property));
    expect_pvh(&notes, CODE_GPA + 12);
    slip__buf_dispose(&notes);

    /* A 20-byte note, padding to 8 as linkers put before .note.gnu.property, and one behind that. */
    mk_xen_note(&notes, 1, 0xc0000000u, 4);
    slip__buf_uint(&notes, 0, 4);
    mk_note(&notes, "GNU", 4, 5, property, sizeof(property));
    mk_xen_note(&notes, 18, CODE_GPA + 16, 8);
    expect_pvh(&notes, CODE_GPA + 16);
    slip__buf_dispose(&notes);

    /* Others' notes of type 18, unusable ones, then two usable: the first of them wins. */
    mk_note(&notes, "Xen", 4, 18, "123456789abc", 12);
    mk_note(&notes, "XEN", 4, 18, "\0\0\1\0", 4);
    mk_note(&notes, "NetBSD", 7, 18, "\0\0\1\0", 4);
    mk_xen_note(&notes, 18, CODE_GPA + 20, 4);
    mk_xen_note(&notes, 18, CODE_GPA + 24, 8);
    expect_pvh(&notes, CODE_GPA + 20);
    slip__buf_dispose(&notes);
}

/* PHYS32_RELOC: up to three words, each of which may be missing. What makes no sense offers nothing. */
static void reloc_notes(void **state)
{
    static const struct {
        uint32_t bytes, words[4];
        struct slip_reloc want;
    } cases[] = {
        {0, {0}, {true, 0x200000, 0, 0xffffffff}},
        {3, {0x100}, {true, 0x200000, 0, 0xffffffff}},
        {4, {0x100000}, {true, 0x100000, 0, 0xffffffff}},
        {8, {0x1000, 0x400000}, {true, 0x1000, 0x400000, 0xffffffff}},
        {12, {0x1000, 0x400000, 0x7fffffff}, {true, 0x1000, 0x400000, 0x7fffffff}},
        {16, {0x1000, 0x400000, 0x7fffffff, 9}, {true, 0x1000, 0x400000, 0x7fffffff}},
        {12, {0, 0x400000, 0x400000}, {true, 0x200000, 0x400000, 0x400000}},
        {12, {0x3000, 0, 0xffffffff}, {0}},      /* no power of two */
        {12, {0x1000, 0x400001, 0x400000}, {0}}, /* nothing is between */
    };

    (void)state;
    for (unsigned i = 0; i < 2 * SLIP_COUNT(cases); i++) {
        struct slip_buf notes = {0}, file = {0};
        const struct slip_reloc *want = &cases[i / 2].want;
        struct slip_image *image;

        if (i % 2)
            mk_xen_note(&notes, 18, CODE_GPA + 4, 4); /* before it, or behind */
        mk_note(&notes, "Xen", 4, 19, cases[i / 2].words, cases[i / 2].bytes);
        if (i % 2 == 0)
            mk_xen_note(&notes, 18, CODE_GPA + 4, 4);
        make_with_notes(&notes, IN_NOTE_SEGMENT, i & 1 ? 32 : 64, 4, &file);
        image = load_ok(&file, NULL);
        assert_int_equal(image->reloc.offered, want->offered);
        if (want->offered) {
            assert_int_equal(image->reloc.align, want->align);
            assert_int_equal(image->reloc.min, want->min);
            assert_int_equal(image->reloc.max, want->max);
        }
        slip_image_free(image);
        slip__buf_dispose(&file);
        slip__buf_dispose(&notes);
    }
}

/* A kernel that was moved: its segments and its entry are where it was put, its bytes are the same. */
static void moved(void **state)
{
    static const uint32_t words[3] = {0x1000, 0x400000, 0x7fffffff};
    struct slip_buf notes = {0}, file = {0};
    struct slip_image *image;
    struct slip_error *err = NULL;
    struct mk_ram ram;

    (void)state;
    mk_xen_note(&notes, 18, CODE_GPA + 4, 4);
    mk_note(&notes, "Xen", 4, 19, words, sizeof(words));
    make_with_notes(&notes, IN_NOTE_SEGMENT, 64, 4, &file);
    image = load_ok(&file, NULL);
    assert_int_equal(slip__image_move_to(image, 0x403000, &err), 0);
    mk_ram_init(&ram, 0, 8 * MIB);
    assert_int_equal(slip__image_load(image, &ram.ram, NULL, NULL, &err), 0);
    assert_int_equal(image->segments[0].gpa, 0x403000);
    assert_int_equal(image->segments[1].gpa, 0x403000 + DATA_GPA - CODE_GPA);
    assert_int_equal(slip__image_entry(image, SLIP_ENTRY_PVH)->address, 0x403004);
    assert_memory_equal(mk_ram_at(&ram, 0x403000), code, CODE_BYTES);
    assert_memory_equal(mk_ram_at(&ram, 0x403000 + DATA_GPA - CODE_GPA), data, DATA_BYTES);
    assert_true(all_zero(mk_ram_at(&ram, CODE_GPA), 0x403000 - CODE_GPA));
    mk_ram_dispose(&ram);
    slip_image_free(image);
    slip__buf_dispose(&file);
    slip__buf_dispose(&notes);
}

/* Loads, has no PVH entry, and says why. */
static void expect_no_pvh(struct slip_buf *notes, const char *words)
{
    struct slip_buf file = {0};
    struct slip_image *image;
    char *text;

    make_with_notes(notes, IN_NOTE_SEGMENT, 64, 4, &file);
    image = load_ok(&file, NULL);
    assert_null(slip__image_entry(image, SLIP_ENTRY_PVH));
    text = slip__image_describe_entries(image);
    if (!strstr(text, words))
        fail_msg("'%s' expected in '%s'", words, text);
    assert_non_null(strstr(text, "what it has is "));
    free(text);
    assert_int_equal(slip_image_to_text(image, &text, NULL), 0);
    assert_non_null(strstr(text, "pvh  no:  "));
    assert_non_null(strstr(text, image->pvh_problem));
    free(text);
    slip_image_free(image);
    slip__buf_dispose(&file);
    slip__buf_dispose(notes);
}

static void notes_without_entry(void **state)
{
    struct slip_buf notes = {0};

    (void)state;
    mk_note(&notes, "Xen", 4, 6, "linux", 6);
    mk_xen_note(&notes, 1, 0xffffffff81000000ull, 8);
    expect_no_pvh(
        &notes, "it has no PHYS32_ENTRY note; what it has is a Xen PV entry and a plain ELF entry");
    mk_note(&notes, "Xen", 4, 18, "", 0);
    expect_no_pvh(
        &notes,
        "PHYS32_ENTRY note at file offset 0x21f0 has a descriptor of 0 bytes, 4 or 8 expected");
    mk_note(&notes, "Xen", 4, 18, "123456789abc", 12);
    expect_no_pvh(&notes, "has a descriptor of 12 bytes, 4 or 8 expected");
    mk_note(&notes, "XEN", 4, 18, "\0\0\1\0", 4);
    expect_no_pvh(&notes, "is named 'XEN' in 4 bytes");
    mk_note(&notes, "Xen", 3, 18, "\0\0\1\0", 4);
    expect_no_pvh(&notes, "is named 'Xen' in 3 bytes");
    mk_note(&notes, "Xen\0", 5, 18, "\0\0\1\0", 4);
    expect_no_pvh(&notes, "is named 'Xen' in 5 bytes");
    mk_xen_note(&notes, 18, CODE_GPA, 4);
    slip__buf_patch(&notes, 4, 5, 4); /* says 5 bytes of descriptor, 4 are there */
    expect_no_pvh(&notes,
                  "has a name of 4 and a descriptor of 5 bytes, but 8 bytes are left there");
    mk_xen_note(&notes, 18, CODE_GPA, 4);
    slip__buf_patch(&notes, 0, 0xffffffffu, 4);
    expect_no_pvh(&notes, "has a name of 4294967295 and");
    mk_note(&notes, "Xen", 4, 6, "linux", 6);
    slip__buf_put(&notes, "12345678", 8); /* less than a note's header at the end */
    expect_no_pvh(&notes, "it has no PHYS32_ENTRY note");
}

static void entry_refusals(void **state)
{
    static const struct {
        uint64_t entry;
        unsigned bytes;
        const char *words;
    } cases[] = {
        {0x1000, 4,
         "PVH entry 0x1000 lies in none of its 2 segments, which are at 0x100000 to 0x204900"},
        {CODE_GPA + CODE_BYTES, 8, "PVH entry 0x101800 lies in none"},
        {DATA_GPA, 4,
         "PVH entry 0x200000 is not in code: the segment of program header 1 there (0x200000 + 0x900 bytes from the file) is not executable"},
        {0xffffffff81000000ull, 8, "PVH entry 0xffffffff81000000 lies in none"},
    };
    struct slip_buf notes = {0}, file = {0};
    size_t at;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mk_xen_note(&notes, 18, cases[i].entry, cases[i].bytes);
        make_with_notes(&notes, IN_NOTE_SEGMENT, 64, 4, &file);
        expect_refusal(file.data, file.len, NULL, 409, cases[i].words);
        slip__buf_dispose(&file);
        slip__buf_dispose(&notes);
    }
    /* In the zero tail of an executable segment, and in one above 4 GiB. */
    mk_xen_note(&notes, 18, DATA_GPA + DATA_BYTES, 4);
    make_with_notes(&notes, IN_NOTE_SEGMENT, 64, 4, &file);
    slip__buf_patch(&file, mk_phdr_field(64, 1, "flags"), 7, 4);
    expect_refusal(file.data, file.len, NULL, 409, "has only zeros at that place");
    slip__buf_dispose(&file);
    slip__buf_dispose(&notes);
    mk_xen_note(&notes, 18, 0x100000000ull, 8);
    make_with_notes(&notes, IN_NOTE_SEGMENT, 64, 4, &file);
    at = mk_phdr_field(64, 0, "paddr");
    slip__buf_patch(&file, at, 0x100000000ull, 8);
    expect_refusal(file.data, file.len, NULL, 409, "0x100000000 is above 0xffffffff");
    slip__buf_dispose(&file);
    slip__buf_dispose(&notes);
}

/* One field of a good file made bad. index < 0: of the file header. */
struct patch {
    int index;
    const char *field;
    uint64_t value;
    unsigned bytes; /* 0: an address */
    unsigned code;
    const char *words;
};

static const struct patch patches[] = {
    {-1, "class", 3, 1, 404, "ELF class is 3 (unknown)"},
    {-1, "data", 2, 1, 404, "byte order is 2 (big-endian)"},
    {-1, "version", 0, 1, 404, "ELF version is 0"},
    {-1, "type", 1, 2, 404, "ELF type is 1 (an object file)"},
    {-1, "type", 4, 2, 404, "ELF type is 4 (a core dump)"},
    {-1, "machine", 183, 2, 404,
     "ELF machine is 183 (64-bit ARM), 3 (i386) or 62 (x86-64) expected"},
    {-1, "machine", 9999, 2, 404, "ELF machine is 9999 (unknown)"},
    {-1, "phnum", 0, 2, 405, "no program headers"},
    {-1, "phnum", 65535, 2, 405, "65535 program headers, the limit is 256"},
    {-1, "phentsize", 31, 2, 405, "program headers have 31 bytes each"},
    {-1, "phentsize", 65535, 2, 405, "program headers have 65535 bytes each"},
    {-1, "phoff", 0x7fffffff, 0, 403, "2 program headers at 0x7fffffff"},
    {0, "filesz", CODE_BYTES + 1, 0, 406, "program header 0 at 0x"},
    {0, "memsz", CODE_BYTES - 1, 0, 406, "0x1800 bytes in the file do not fit into 0x17ff bytes"},
    {0, "offset", 0x7fffffff, 0, 403,
     "the segment is 0x1800 bytes at file offset 0x7fffffff, but the file ends at 0x"},
    {0, "paddr", DATA_GPA, 0, 407, "overlap"},
    {0, "paddr", DATA_GPA - CODE_BYTES + 1, 0, 407,
     "program headers 0 (guest address 0x1fe801 + 0x1800) and 1 (0x200000 + 0x4900) overlap"},
    {1, "paddr", 0xfffffffffffff000ull, 8, 406, "wraps around the end of a 64-bit"},
    {1, "paddr", 0xfffff000u, 4, 406, "wraps around the end of a 32-bit"},
    {1, "paddr", 0x3ff000, 0, 501, "outside its RAM, which ends at 0x400000"},
    {1, "paddr", 0xf0000000u, 0, 501,
     "the segment of program header 1: guest address 0xf0000000 + 0x4900 bytes is outside"},
};

static void field_refusals(void **state)
{
    struct mk_ram ram;

    (void)state;
    mk_ram_init(&ram, 0, 4 * MIB);
    for (unsigned bits = 32; bits <= 64; bits += 32) {
        for (size_t i = 0; i < sizeof(patches) / sizeof(patches[0]); i++) {
            const struct patch *p = &patches[i];
            struct mk_elf elf = two_segments(bits);
            struct slip_buf file = {0};
            size_t at = p->index < 0 ? mk_ehdr_field(bits, p->field)
                                     : mk_phdr_field(bits, (unsigned)p->index, p->field);

            if (p->index >= 0 && p->bytes && p->bytes != bits / 8)
                continue; /* an address of the other class */
            mk_elf(&elf, &file);
            slip__buf_patch(&file, at, p->value, p->bytes ? p->bytes : bits / 8);
            expect_refusal(file.data, file.len, &ram.ram, p->code, p->words);
            slip__buf_dispose(&file);
        }
    }
    mk_ram_dispose(&ram);
}

static void other_refusals(void **state)
{
    struct mk_elf elf = two_segments(64);
    struct slip_buf file = {0}, notes = {0};

    (void)state;
    elf.phdrs[0].type = elf.phdrs[1].type = 0x6474e551;
    mk_elf(&elf, &file);
    expect_refusal(file.data, file.len, NULL, 405, "none of its 2 program headers loads anything");
    slip__buf_dispose(&file);

    elf = two_segments(64); /* below the start of RAM */
    mk_elf(&elf, &file);
    struct mk_ram ram;
    mk_ram_init(&ram, 2 * MIB, MIB);
    expect_refusal(file.data, file.len, &ram.ram, 501, "guest address 0x100000 + 0x1800 bytes");
    mk_ram_dispose(&ram);
    slip__buf_dispose(&file);

    for (unsigned i = 0; i <= SLIP_LIMIT_NOTES; i++)
        mk_note(&notes, "N", 2, 1, "", 0);
    make_with_notes(&notes, IN_NOTE_SEGMENT, 64, 4, &file);
    expect_refusal(file.data, file.len, NULL, 408, "over 1024 notes");
    slip__buf_dispose(&file);
    while (notes.len <= SLIP_LIMIT_NOTE_BYTES)
        mk_note(&notes, "N", 2, 1, "", 0);
    make_with_notes(&notes, IN_NOTE_SEGMENT, 64, 4, &file);
    expect_refusal(file.data, file.len, NULL, 408, "the limit is 65536");
    slip__buf_dispose(&file);
    make_with_notes(&notes, IN_SECTION_ONLY, 64, 4, &file);
    expect_refusal(file.data, file.len, NULL, 408, "section 1: its notes have");
    slip__buf_dispose(&file);
    slip__buf_dispose(&notes);

    elf = two_segments(64);
    elf.sections[elf.n_sections++] =
        (struct mk_section){.type = SHT_NOTE, .offset = 0x7fffffff, .size = 16};
    mk_elf(&elf, &file);
    expect_refusal(file.data, file.len, NULL, 403,
                   "section 1: its notes are 0x10 bytes at file offset 0x7fffffff");
    slip__buf_patch(&file, mk_ehdr_field(64, "shentsize"), 39, 2);
    expect_refusal(file.data, file.len, NULL, 405, "section headers have 39 bytes each");
    slip__buf_patch(&file, mk_ehdr_field(64, "shentsize"), 64, 2);
    slip__buf_patch(&file, mk_ehdr_field(64, "shnum"), 4097, 2);
    expect_refusal(file.data, file.len, NULL, 405, "4097 section headers, the limit is 4096");
    slip__buf_dispose(&file);
}

static void not_kernels(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        unsigned code;
        const char *words;
    } cases[] = {
        {"", 0, 402, "the file is empty"},
        {"x", 1, 401, "looks like text (starts with 78)"},
        {"#!/bin/sh\nexec x\n", 17, 401, "looks like a script (starts with 23 21 2f 62"},
        {"MZ\0\0\0\0\0\0\0\0\0\0", 12, 401, "looks like a Windows or EFI program (PE)"},
        {"\x1f\x8b\x08\0\0\0\0\0\0\0", 10, 414, "the gzip stream is cut off: its 10 bytes"},
        {"\xfd\x37zXZ\0\0\0\0", 9, 414, "the xz stream is cut off: its 9 bytes"},
        {"070701000000", 12, 401, "looks like a cpio archive: an initrd?"},
        {"QFI\xfb\0\0\0\3", 8, 401, "looks like a qcow2 disk image"},
        {"\0\0\0\0\0\0\0\0\x02\xb0\xad\x1b\0\0\0\0\xfe\x4f\x52\xe4", 20, 441,
         "its Multiboot header can't be used: it has no addresses, which a file that is no ELF needs"},
        {"\1\2\3\4\5\6\7\x08\x09", 9, 401,
         "not a kernel file (starts with 01 02 03 04 05 06 07 08)"},
        {"\177ELF", 4, 403, "it has 4 bytes, an ELF header has at least 52"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect_refusal(cases[i].bytes, cases[i].len, NULL, cases[i].code, cases[i].words);
}

/* Cut at every KiB of its (long) headers and at ten places of what it loads. */
static void truncated(void **state)
{
    for (unsigned bits = 32; bits <= 64; bits += 32) {
        struct mk_elf elf = two_segments(bits);
        struct slip_buf file = {0};
        size_t headers;

        (void)state;
        elf.n_phdrs = MK_MAX_PHDRS; /* mostly PT_NULL */
        elf.sections[elf.n_sections++] = (struct mk_section){.type = SHT_PROGBITS};
        mk_elf(&elf, &file);
        headers = elf.phdrs[0].offset;
        assert_true(headers > 4000);
        for (size_t at = 1024; at < headers; at += 1024)
            expect_refusal(file.data, at, NULL, 403, "headers at 0x");
        for (size_t i = 0; i < 10; i++)
            expect_refusal(file.data, headers + (file.len - headers) * i / 10, NULL, 403, "0x");
        expect_refusal(file.data, file.len - 1, NULL, 403, "2 section headers at 0x");
        slip__buf_dispose(&file);
    }
}

struct told {
    uint64_t last, total;
    unsigned calls;
};

static void tell(uint64_t done, uint64_t total, void *payload)
{
    struct told *t = payload;

    assert_true(done >= t->last && done <= total);
    t->last = done;
    t->total = total;
    t->calls++;
}

static void progress(void **state)
{
    struct mk_elf elf = two_segments(64);
    struct slip_buf file = {0};
    struct slip_image *image;
    struct told told = {0};

    (void)state;
    mk_elf(&elf, &file);
    image = load_ok(&file, NULL);
    struct mk_ram ram;
    mk_ram_init(&ram, 0, 4 * MIB);
    assert_int_equal(slip__image_load(image, &ram.ram, tell, &told, NULL), 0);
    assert_int_equal(told.total, file.len);
    assert_int_equal(told.last, elf.phdrs[1].offset + DATA_BYTES);
    mk_ram_dispose(&ram);
    slip_image_free(image);
    slip__buf_dispose(&file);
}

/* Each allocation in turn fails: the call says so, and nothing is lost (the sanitizer looks). */
static void out_of_memory(void **state)
{
    struct slip_buf notes = {0}, file = {0};
    bool again = true;

    (void)state;
    mk_note(&notes, "Xen", 4, 6, "linux", 6);
    mk_xen_note(&notes, 18, CODE_GPA, 4);
    make_with_notes(&notes, IN_SECTION_ONLY, 64, 4, &file);
    for (unsigned n = 1; again; n++) {
        int fd = mk_fd(file.data, file.len), rc;
        struct slip_image *image = NULL;
        struct slip_error *err = NULL;
        char *text = NULL, *words = NULL;

        fail_allocation(n);
        rc = slip__image_probe_here(fd, file.len, "k", &image, &err);
        if (rc == 0)
            rc = slip__image_load(image, NULL, NULL, NULL, &err);
        if (rc == 0)
            rc = slip_image_to_text(image, &text, &err);
        if (rc == 0) {
            words = slip__image_describe_entries(image);
            rc = words ? 0 : SLIP_ENOMEM;
        }
        again = allocation_failed();
        fail_allocation(0);
        assert_int_equal(rc, again ? SLIP_ENOMEM : 0);
        assert_true(n < 2000);
        free(text);
        free(words);
        slip_error_free(err);
        slip_image_free(image);
    }
    slip__buf_dispose(&notes);
    slip__buf_dispose(&file);
}

/* jansson's own handling of short memory when it prints leaves something to be desired, so here only: no crash, no leak. */
static void out_of_memory_json(void **state)
{
    struct mk_elf elf = two_segments(64);
    struct slip_buf file = {0};
    struct slip_image *image;
    bool again = true;

    (void)state;
    mk_elf(&elf, &file);
    image = load_ok(&file, NULL);
    json_set_alloc_funcs(malloc, free); /* ours, that can fail */
    for (unsigned n = 1; again; n++) {
        struct slip_error *err = NULL;
        char *text = NULL;
        int rc;

        fail_allocation(n);
        rc = slip_image_to_json(image, &text, &err);
        again = allocation_failed();
        fail_allocation(0);
        assert_true(rc == SLIP_ENOMEM || (rc == 0 && text));
        assert_true(again || rc == 0);
        assert_true(n < 2000);
        free(text);
        slip_error_free(err);
    }
    slip_image_free(image);
    slip__buf_dispose(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads_32),
        cmocka_unit_test(stale_ram),
        cmocka_unit_test(loads_64),
        cmocka_unit_test(loads_odd_shapes),
        cmocka_unit_test(loads_shared_file_bytes),
        cmocka_unit_test(note_shapes),
        cmocka_unit_test(reloc_notes),
        cmocka_unit_test(moved),
        cmocka_unit_test(notes_without_entry),
        cmocka_unit_test(entry_refusals),
        cmocka_unit_test(field_refusals),
        cmocka_unit_test(other_refusals),
        cmocka_unit_test(not_kernels),
        cmocka_unit_test(truncated),
        cmocka_unit_test(progress),
        cmocka_unit_test(out_of_memory),
        cmocka_unit_test(out_of_memory_json),
    };

    return cmocka_run_group_tests_name("elf", tests, setup, NULL);
}
