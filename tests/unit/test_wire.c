/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a reader in a jail says of an image: no field is forgotten, images come through as they are, and what does not hold is
 * refused with a reason. (Bytes of all kinds: fuzz/fuzz_jail_reply.c.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "image/limits.h"
#include "image/wire.h"
#include "skip.h"

#ifdef __has_builtin
#if __has_builtin(__builtin_clear_padding)
#define CAN_CLEAR_PADDING 1
#endif
#endif
#ifndef CAN_CLEAR_PADDING
#define CAN_CLEAR_PADDING 0
#endif

#if CAN_CLEAR_PADDING
#define OF_ANOTHER_TABLE 2

/* Bytes of the struct that some field of its table stands for. */
static void mark(const struct slip_wire_table *table, uint8_t *map)
{
    for (size_t i = 0; i < table->n_fields; i++) {
        const struct slip_wire_field *f = &table->fields[i];

        for (size_t k = 0; k < f->size; k++) {
            if (map[f->offset + k])
                fail_msg("%s: two lines for the field at %zu", table->name, f->offset);
            map[f->offset + k] = f->kind == SLIP_WIRE_STRUCT ? OF_ANOTHER_TABLE : 1;
        }
        if (f->kind == SLIP_WIRE_STRUCT)
            assert_int_equal(f->size, f->count * f->of->bytes);
        if (f->kind == SLIP_WIRE_LIST)
            assert_int_equal(f[-1].kind, SLIP_WIRE_NUMBER);
    }
}

/* A struct of ones whose padding was cleared: what is left are its fields. */
#define FIELDS_OF(type)                         \
    static void fields_of_##type(uint8_t *map)  \
    {                                           \
        union {                                 \
            struct type value;                  \
            uint8_t bytes[sizeof(struct type)]; \
        } u;                                    \
        memset(&u, 0xff, sizeof(u));            \
        __builtin_clear_padding(&u.value);      \
        memcpy(map, u.bytes, sizeof(u));        \
    }
FIELDS_OF(slip_segment)
FIELDS_OF(slip_note)
FIELDS_OF(slip_entry)
FIELDS_OF(slip_reloc)
FIELDS_OF(slip_linux)
FIELDS_OF(slip_multiboot)
FIELDS_OF(slip_image)

static const struct {
    const char *name;
    void (*fields)(uint8_t *map);
} structs[] = {
#define ROW(type)               \
    {                           \
#type, fields_of_##type \
    }
    ROW(slip_segment), ROW(slip_note),      ROW(slip_entry), ROW(slip_reloc),
    ROW(slip_linux),   ROW(slip_multiboot), ROW(slip_image),
#undef ROW
};
#endif

static void no_field_is_forgotten(void **state)
{
    (void)state;
#if CAN_CLEAR_PADDING
    const struct slip_wire_table *table;
    size_t n = 0;

    for (; (table = slip__wire_table(n)); n++) {
        uint8_t *covered = calloc(1, table->bytes), *fields = calloc(1, table->bytes);

        assert_true(n < SLIP_COUNT(structs));
        assert_string_equal(table->name, structs[n].name);
        mark(table, covered);
        structs[n].fields(fields);
        for (size_t i = 0; i < table->bytes; i++) {
            if (covered[i] != OF_ANOTHER_TABLE && (fields[i] != 0) != (covered[i] != 0))
                fail_msg("struct %s: the field at offset %zu has no line in wire.c, or a line that "
                         "is not its own",
                         table->name, i);
        }
        free(covered);
        free(fields);
    }
    assert_int_equal(n, SLIP_COUNT(structs));
#endif
}

static struct slip_segment segments[] = {
    {.gpa = 0x100000, .gva = 0xc0100000, .file_bytes = 10, .memory_bytes = 20, .flags = 5},
    {.gpa = 0x200000, .file_offset = 10, .memory_bytes = 1, .index = 3},
};
static struct slip_note notes[] = {
    {.name = "Xen", .xen = true, .type = 18, .name_bytes = 4, .desc_bytes = 4, .desc = {1, 2, 3}},
    {.name = "GNU", .from_section = true},
};

static struct slip_image sample(void)
{
    return (struct slip_image){
        .format = SLIP_IMAGE_BZIMAGE,
        .elf_bits = 64,
        .machine = 62,
        .compression = "xz",
        .version = "6.1",
        .linux_boot = {.offered = true,
                       .align = 0x200000,
                       .min_align = 0x1000,
                       .bytes = 100,
                       .init_bytes = 200,
                       .header_bytes = 3,
                       .header = {9, 8, 7},
                       .entry64 = true},
        .segments = segments,
        .kernel_segments = segments,
        .n_segments = SLIP_COUNT(segments),
        .n_kernel_segments = SLIP_COUNT(segments),
        .n_notes = SLIP_COUNT(notes),
        .notes = notes,
        .loaded = true,
        .n_entries = 2,
        .entries = {{SLIP_ENTRY_PVH, 0x100000}, {SLIP_ENTRY_LINUX64, 0x1000200}},
        .reloc = {true, 0x200000, 0, UINT32_MAX},
        .multiboot = {{.offered = true,
                       .has_addresses = true,
                       .load_gpa = 1,
                       .load_bytes = 2,
                       .memory_bytes = 3},
                      {.problem = "none"}},
    };
}

static void forget(struct slip_image *image)
{
    free(image->kernel_segments);
    free(image->notes);
}

static void comes_through(void **state)
{
    char name[] = "local";
    struct slip_image image = sample(), other = {.name = name, .fd = 7, .file_bytes = 99};
    struct slip_buf bytes = {0}, again = {0};

    (void)state;
    slip__wire_put(&bytes, &image);
    assert_null(slip__wire_take(bytes.data, bytes.len, &other));
    assert_string_equal(other.name, "local");
    assert_int_equal(other.fd, 7);
    assert_ptr_equal(other.segments, other.kernel_segments);
    assert_int_equal(other.n_segments, SLIP_COUNT(segments));
    assert_int_equal(other.segments[1].index, 3);
    assert_string_equal(other.compression, "xz");
    assert_null(other.packing);
    slip__wire_put(&again, &other);
    assert_int_equal(again.len, bytes.len);
    assert_memory_equal(again.data, bytes.data, bytes.len);
    /* In another form, and over what was there. */
    image.form = SLIP_FORM_LINUX;
    image.bare = segments[0];
    bytes.len = 0;
    slip__wire_put(&bytes, &image);
    assert_null(slip__wire_take(bytes.data, bytes.len, &other));
    assert_ptr_equal(other.segments, &other.bare);
    assert_int_equal(other.n_segments, 1);
    forget(&other);
    slip__buf_dispose(&bytes);
    slip__buf_dispose(&again);
}

static void cut_off(void **state)
{
    struct slip_image image = sample(), other = {0};
    struct slip_buf bytes = {0};

    (void)state;
    slip__wire_put(&bytes, &image);
    for (size_t len = 0; len < bytes.len; len++) {
        uint8_t *exact = malloc(len ? len : 1);

        memcpy(exact, bytes.data, len);
        assert_non_null(slip__wire_take(exact, len, &other));
        free(exact);
    }
    slip__buf_putc(&bytes, 0);
    assert_string_equal(slip__wire_take(bytes.data, bytes.len, &other), "something follows it");
    assert_null(other.segments);
    slip__buf_dispose(&bytes);
}

/* Each changes what holds into what does not. */
#define LIES(X)                                                                                \
    X(segments[1].gpa = 0x100010, "segments descend or overlap")                               \
    X(segments[1].gpa = 0, "segments descend or overlap")                                      \
    X(segments[1].memory_bytes = 0, "a segment's memory does not hold its file")               \
    X(segments[0].file_bytes = 21, "a segment's memory does not hold its file")                \
    X(segments[1].gpa = UINT64_MAX, "a segment wraps")                                         \
    X(segments[1].file_offset = UINT64_MAX, NULL)                                              \
    X(segments[0].file_offset = UINT64_MAX, "a segment wraps")                                 \
    X(image.n_kernel_segments = 0, "it has nothing to load")                                   \
    X((image.n_kernel_segments = 0, image.no_kernel[0] = 'x'), "it has notes of nothing")            \
    X(image.n_kernel_segments = SLIP_LIMIT_PROGRAM_HEADERS + 1, "a number is above its limit") \
    X(image.n_notes = SLIP_LIMIT_NOTES + 1, "a number is above its limit")                     \
    X(image.n_entries = SLIP_IMAGE_MAX_ENTRIES + 1, "a number is above its limit")             \
    X(image.format = (enum slip_image_format)77, "a number is above its limit")                \
    X(image.elf_bits = 33, "it has neither 32 nor 64 bits")                                    \
    X(image.entries[0].kind = (enum slip_entry_kind)9, "a number is above its limit")          \
    X(image.entries[1].kind = SLIP_ENTRY_PVH, "it has two entries of one kind")                \
    X(image.entries[0].kind = SLIP_ENTRY_ELF, "it has no PVH entry and no reason")             \
    X(image.compression = "rot13", "there is no such compression")                             \
    X(memset(image.version, 'x', sizeof(image.version)), "a text has no end")                  \
    X(image.linux_boot.align = 3, "an alignment is no power of two")                           \
    X(image.linux_boot.min_align = 0, "an alignment is no power of two")                       \
    X(image.linux_boot.init_bytes = 99, "what a Linux kernel needs does not fit")              \
    X(image.linux_boot.preferred_gpa = UINT64_MAX, "what a Linux kernel needs does not fit")   \
    X(image.linux_boot.header_bytes = 1000, "a number is above its limit")                     \
    X(image.reloc.align = 3, "an alignment is no power of two")                                \
    X(image.multiboot[0].load_gpa = UINT64_MAX, "what a Multiboot header loads does not fit")  \
    X(image.multiboot[0].load_bytes = 4, "what a Multiboot header loads does not fit")         \
    X((image.linux_boot.offered = false, image.form = SLIP_FORM_LINUX),                        \
      "it is in a form that it does not have")

static void check_lie(struct slip_image *image, const char *lie, const char *expected)
{
    struct slip_image other = {0};
    struct slip_buf bytes = {0};
    const char *why;
    /* The lists are as long as the numbers say: short ones are cut_off()'s. */
    size_t n_segments = image->n_kernel_segments, n_notes = image->n_notes;
    struct slip_segment *many = calloc(n_segments + 1, sizeof(*many));
    struct slip_note *more = calloc(n_notes + 1, sizeof(*more));

    memcpy(many, segments, (n_segments < 2 ? n_segments : 2) * sizeof(*many));
    memcpy(more, notes, (n_notes < 2 ? n_notes : 2) * sizeof(*more));
    image->kernel_segments = many;
    image->notes = more;
    slip__wire_put(&bytes, image);
    why = slip__wire_take(bytes.data, bytes.len, &other);
    if (!expected != !why || (why && strcmp(why, expected) != 0))
        fail_msg("%s: '%s', expected '%s'", lie, why ? why : "taken",
                 expected ? expected : "taken");
    forget(&other);
    free(many);
    free(more);
    slip__buf_dispose(&bytes);
}

static void lies(void **state)
{
    struct slip_segment good[2];

    (void)state;
    memcpy(good, segments, sizeof(good));
#define LIE(change, expected)                 \
    do {                                      \
        struct slip_image image = sample();   \
        (void)(change);                       \
        check_lie(&image, #change, expected); \
        memcpy(segments, good, sizeof(good)); \
    } while (0);
    LIES(LIE)
#undef LIE
}

/* Flags are neither true nor false, texts are for no terminal. */
static void bytes_that_are_none(void **state)
{
    struct slip_image image = sample(), other = {0};
    struct slip_buf bytes = {0};
    unsigned refused = 0;

    (void)state;
    snprintf(image.version, sizeof(image.version), "a\x1b[2Jb\xff");
    slip__wire_put(&bytes, &image);
    assert_null(slip__wire_take(bytes.data, bytes.len, &other));
    assert_string_equal(other.version, "a?[2Jb?");
    for (size_t i = 0; i < bytes.len; i++) {
        char was = bytes.data[i];

        bytes.data[i] = (char)0xfe;
        refused += slip__wire_take(bytes.data, bytes.len, &other) != NULL;
        bytes.data[i] = was;
    }
    assert_true(refused > 20); /* every flag, every enum, and more */
    forget(&other);
    slip__buf_dispose(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_IF(CAN_CLEAR_PADDING, no_field_is_forgotten,
                "the compiler cannot tell fields from padding"),
        cmocka_unit_test(comes_through),
        cmocka_unit_test(cut_off),
        cmocka_unit_test(lies),
        cmocka_unit_test(bytes_that_are_none),
    };

    return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
