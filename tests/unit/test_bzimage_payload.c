/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What bzImages hold: packed with each codec, broken in every way, and made to do harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <lzma.h>

#include "base/cleanup.h"
#include "bzimage_stage.h"
#include "image/image.h"
#include "image/pv.h"

static void check_large(const struct slip_image *image, const struct mk_ram *ram)
{
    const char *in = bz_stage()->large.bytes.data;

    assert_int_equal(image->n_segments, 2);
    assert_memory_equal(mk_ram_at(ram, CODE_GPA), in + bz_stage()->large.elf.phdrs[0].offset,
                        CODE_BYTES);
    assert_memory_equal(mk_ram_at(ram, DATA_GPA), in + bz_stage()->large.elf.phdrs[1].offset,
                        DATA_BYTES);
    assert_true(bz_all_zero(mk_ram_at(ram, 0), CODE_GPA));
    assert_true(
        bz_all_zero(mk_ram_at(ram, CODE_GPA + CODE_BYTES), DATA_GPA - CODE_GPA - CODE_BYTES));
    assert_true(
        bz_all_zero(mk_ram_at(ram, DATA_GPA + DATA_BYTES), RAM_BYTES - DATA_GPA - DATA_BYTES));
    assert_int_equal(image->relocs_bytes, RELOC_BYTES);
    assert_int_equal(image->inflated_bytes, bz_stage()->large.bytes.len);
    assert_int_equal(slip__image_entry(image, SLIP_ENTRY_PVH)->address, ENTRY);
    assert_int_equal(slip__image_entry(image, SLIP_ENTRY_XEN_PV)->address, 0xffffffff81000000ull);
    assert_int_equal(slip__image_entry(image, SLIP_ENTRY_LINUX64)->address, 0x1000200);
    assert_int_equal(slip__image_entry(image, SLIP_ENTRY_LINUX32)->address, 0x1000000);
}

static void each_codec(void **state)
{
    struct mk_ram ram;

    (void)state;
    for (size_t i = 0; i < BZ_CODECS; i++) {
        struct slip_buf payload = {0}, file = {0};
        struct mk_bzimage bz = {.version = "6.1.0-test", .xloadflags = 1, .setup_sects = 39};
        struct slip_image *image = NULL;
        struct slip_error *err = NULL;

        mk_payload(bz_codecs[i], bz_stage()->large.bytes.data, bz_stage()->large.bytes.len,
                   &payload);
        bz.payload = payload.data;
        bz.payload_bytes = payload.len;
        mk_bzimage(&bz, &file);
        mk_ram_init(&ram, 0, RAM_BYTES);
        if (bz_open(&file, file.len, &ram.ram, &image, &err) < 0)
            fail_msg("%s: %s", bz_codecs[i], slip_error_message(err));
        assert_string_equal(image->compression, bz_codecs[i]);
        assert_string_equal(image->version, "6.1.0-test");
        assert_int_equal(image->format, SLIP_IMAGE_BZIMAGE);
        check_large(image, &ram);
        mk_ram_dispose(&ram);
        mk_ram_init(&ram, 0, RAM_BYTES); /* once more, into another RAM */
        assert_int_equal(slip__image_load(image, &ram.ram, NULL, NULL, NULL), 0);
        check_large(image, &ram);
        slip_image_free(image);
        mk_ram_dispose(&ram);
        slip__buf_dispose(&payload);
        slip__buf_dispose(&file);
    }
}

/* The PVH note only in a section that nothing loads, behind what was already read: the stream is started again. */
static void note_behind(void **state)
{
    for (size_t i = 0; i < BZ_CODECS; i++) {
        struct inner inner = bz_stage()->small;
        struct slip_buf notes = {0}, payload = {0}, file = {0};
        struct slip_image *image = NULL;

        (void)state;
        inner.bytes = (struct slip_buf){0};
        mk_xen_note(&notes, 18, ENTRY + 16, 8);
        inner.elf.phdrs[2].type = 0;
        inner.elf.n_sections = 2;
        inner.elf.sections[0] =
            (struct mk_section){.type = 7, .data = notes.data, .size = notes.len};
        inner.elf.sections[1] =
            (struct mk_section){.type = 1, .data = bz_stage()->data, .size = 0x2000};
        mk_elf(&inner.elf, &inner.bytes);
        mk_payload(bz_codecs[i], inner.bytes.data, inner.bytes.len, &payload);
        bz_wrap(&payload, &file);
        assert_int_equal(bz_open(&file, file.len, NULL, &image, NULL), 0);
        assert_int_equal(slip__image_entry(image, SLIP_ENTRY_PVH)->address, ENTRY + 16);
        assert_true(image->notes[0].from_section);
        slip_image_free(image);
        slip__buf_dispose(&inner.bytes);
        slip__buf_dispose(&payload);
        slip__buf_dispose(&notes);
        slip__buf_dispose(&file);
    }
}

/* Every KiB of the headers, ten places of the payload. */
static void truncated(void **state)
{
    struct slip_buf file = {0};
    size_t at, bytes;

    (void)state;
    bz_make_small("zstd", &file, &at, &bytes);
    assert_true(at > 2048);
    bz_refused(&file, 600, 403, "cut off inside its setup header: 600 bytes, 616 needed");
    for (size_t end = 1024; end < at; end += 1024)
        bz_refused(&file, end, 403, "it is cut off: its header promises");
    for (size_t i = 0; i < 10; i++)
        bz_refused(&file, at + bytes * i / 10, 403, "it is cut off: its header promises");
    bz_refused(&file, file.len - 1, 403, "it is cut off");
    slip__buf_patch(&file, 0x1f4, 0,
                    4); /* a header that promises nothing: the payload is still looked at */
    for (size_t i = 0; i < 10; i++)
        bz_refused(&file, at + bytes * i / 10, 403, "the kernel inside has 0x");
    slip__buf_dispose(&file);
}

/* A stream that is shorter, longer, damaged or lies about its size. */
static void broken_streams(void **state)
{
    for (size_t i = 1; i < BZ_CODECS; i++) {
        struct slip_buf good = {0}, bad = {0}, file = {0};
        bool gzip = strcmp(bz_codecs[i], "gzip") == 0, legacy = strcmp(bz_codecs[i], "lz4") == 0;
        size_t trailer = gzip ? 0 : 4;

        (void)state;
        mk_payload(bz_codecs[i], bz_stage()->small.bytes.data, bz_stage()->small.bytes.len, &good);

        /* The second half is gone. */
        slip__buf_put(&bad, good.data, good.len / 2);
        slip__buf_uint(&bad, bz_stage()->small.bytes.len, 4);
        bz_wrap(&bad, &file);
        bz_refused(&file, file.len, 414, "stream is cut off");
        slip__buf_dispose(&file);
        slip__buf_dispose(&bad);

        /* Something behind it. */
        slip__buf_put(&bad, good.data, good.len - trailer);
        slip__buf_put(&bad, "\xff\xff\xff\xff\xff\xff\xff\xff\xff", 9);
        slip__buf_uint(&bad, bz_stage()->small.bytes.len, 4);
        bz_wrap(&bad, &file);
        if (legacy)
            bz_refused(&file, file.len, 413, "impossible size");
        else
            bz_refused(&file, file.len, 415,
                       gzip ? "13 bytes of something else follow the gzip stream at file offset 0x"
                            : "9 bytes of something else follow the ");
        slip__buf_dispose(&file);
        slip__buf_dispose(&bad);

        /* Its size field says less, then more. (gzip checks its own.) */
        slip__buf_put(&bad, good.data, good.len);
        slip__buf_patch(&bad, bad.len - 4, bz_stage()->small.bytes.len - 1, 4);
        bz_wrap(&bad, &file);
        bz_refused(&file, file.len, gzip ? 413 : 418, gzip ? "corrupt" : "goes on past the");
        slip__buf_dispose(&file);
        slip__buf_patch(&bad, bad.len - 4, bz_stage()->small.bytes.len + 1, 4);
        bz_wrap(&bad, &file);
        bz_refused(&file, file.len, gzip ? 413 : 416, gzip ? "corrupt" : "its size field says");
        slip__buf_dispose(&file);
        slip__buf_dispose(&bad);
        slip__buf_dispose(&good);
    }
}

/* One bit of the data differs: the codec or its checksum sees it. Left out: lz4's legacy format, lzma and zstd as Linux uses
 * them have no checksum, and bzip2 gives out a garbled start before it gets to its own. */
static void damaged_streams(void **state)
{
    static const char *const checked[] = {"gzip", "xz", "lz4 (frame)"};

    (void)state;
    for (size_t i = 0; i < SLIP_COUNT(checked); i++) {
        for (size_t part = 1; part < 8; part++) {
            struct slip_buf payload = {0}, file = {0};

            mk_payload(checked[i], bz_stage()->small.bytes.data, bz_stage()->small.bytes.len,
                       &payload);
            payload.data[payload.len * part / 8] ^= 0x40;
            bz_wrap(&payload, &file);
            bz_refused(&file, file.len, 413, "stream is corrupt near file offset 0x");
            slip__buf_dispose(&payload);
            slip__buf_dispose(&file);
        }
    }
}

static void bombs(void **state)
{
    const size_t bytes = 16 * MIB;
    struct slip_buf payload = {0}, file = {0};
    uint8_t *zeros = calloc(1, bytes);

    (void)state;
    /* Promises too much. */
    mk_payload("xz", bz_stage()->small.bytes.data, bz_stage()->small.bytes.len, &payload);
    slip__buf_patch(&payload, payload.len - 4, (1u << 30) + 1, 4);
    bz_wrap(&payload, &file);
    bz_refused(&file, file.len, 417, "1073741825 bytes decompressed, the limit is 1073741824");
    slip__buf_dispose(&payload);
    slip__buf_dispose(&file);
    /* Promises little and goes on and on. */
    memcpy(zeros, bz_stage()->small.bytes.data, bz_stage()->small.bytes.len);
    for (size_t i = 1; i < BZ_CODECS; i++) {
        bool gzip = strcmp(bz_codecs[i], "gzip") == 0;

        mk_payload(bz_codecs[i], zeros, bytes, &payload);
        slip__buf_patch(&payload, payload.len - 4, bz_stage()->small.bytes.len, 4);
        bz_wrap(&payload, &file);
        bz_refused(&file, file.len, 418,
                   gzip ? "the gzip stream goes on past" : "goes on past the");
        slip__buf_dispose(&payload);
        slip__buf_dispose(&file);
    }
    free(zeros);
}

/* Streams whose headers ask for a dictionary of 256 MiB and more. */
static void dictionaries(void **state)
{
    struct slip_buf payload = {0}, file = {0};
    static const uint8_t zstd[24] = {0x28, 0xb5, 0x2f, 0xfd, 0, 18 << 3, 1};
    uint8_t *block;

    (void)state;
    slip__buf_put(&payload, zstd, sizeof(zstd));
    slip__buf_uint(&payload, bz_stage()->small.bytes.len, 4);
    bz_wrap(&payload, &file);
    bz_refused(&file, file.len, 419,
               "zstd stream asks for more memory to decompress than the limit, 167772160");
    slip__buf_dispose(&payload);
    slip__buf_dispose(&file);

    mk_payload("lzma", bz_stage()->small.bytes.data, bz_stage()->small.bytes.len, &payload);
    slip__buf_patch(&payload, 1, 1u << 28, 4);
    bz_wrap(&payload, &file);
    bz_refused(&file, file.len, 419, "lzma stream asks for 268");
    slip__buf_dispose(&payload);
    slip__buf_dispose(&file);

    /* xz: block header at 12: its size, flags, filter ids and properties, padding, CRC-32. The dictionary's byte is the last
     * before the padding. */
    mk_payload("xz", bz_stage()->small.bytes.data, bz_stage()->small.bytes.len, &payload);
    block = (uint8_t *)payload.data + 12;
    size_t size = (block[0] + 1u) * 4u, at = size - 5;
    while (block[at] == 0)
        at--;
    block[at] = 31; /* 3 << 26 bytes */
    slip__buf_patch(&payload, 12 + size - 4, lzma_crc32(block, size - 4, 0), 4);
    bz_wrap(&payload, &file);
    bz_refused(&file, file.len, 419, "xz stream asks for 201");
    slip__buf_dispose(&payload);
    slip__buf_dispose(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_codec),      cmocka_unit_test(note_behind),
        cmocka_unit_test(truncated),       cmocka_unit_test(broken_streams),
        cmocka_unit_test(damaged_streams), cmocka_unit_test(bombs),
        cmocka_unit_test(dictionaries),
    };

    return cmocka_run_group_tests_name("bzimage_payload", tests, bz_setup, bz_teardown);
}
