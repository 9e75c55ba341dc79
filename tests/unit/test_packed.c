/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kernel files that are compressed as a whole, by each codec: what is in them, what follows them, and how they are broken. Bombs are
 * made here a piece at a time, and never lie on a disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "image/image.h"
#include "image/limits.h"
#include "image/stream.h"
#include "image/wire.h"
#include "mkimage.h"

#define MIB        (1u << 20)
#define CODE_GPA   0x1000000u
#define CODE_BYTES (9 * MIB + 77) /* more than a block of lz4 */
#define RAM_BYTES  (32u * MIB)

static uint8_t *code;
static struct slip_buf elf_file;

static const struct slip_codec *codec_at(size_t i)
{
    const struct slip_codec *codec = slip__codec_at(i);

    return codec && codec->missing ? NULL : codec; /* that one is the last */
}

static int setup(void **state)
{
    struct slip_buf notes = {0};
    struct mk_elf elf = {.bits = 64, .entry = CODE_GPA, .n_phdrs = 2, .data_at = 0x1000};

    (void)state;
    code = malloc(CODE_BYTES);
    if (!code)
        return -1;
    mk_fill(code, CODE_BYTES, 5);
    mk_xen_note(&notes, 18, CODE_GPA + 0x20, 4);
    elf.phdrs[0] = (struct mk_phdr){.type = 1,
                                    .flags = 5,
                                    .paddr = CODE_GPA,
                                    .data = code,
                                    .filesz = CODE_BYTES,
                                    .memsz = CODE_BYTES};
    elf.phdrs[1] = (struct mk_phdr){.type = 4, .data = notes.data, .filesz = notes.len};
    mk_elf(&elf, &elf_file);
    slip__buf_dispose(&notes);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(code);
    slip__buf_dispose(&elf_file);
    return 0;
}

static int open_buf(const struct slip_buf *file, struct slip_ram *ram, struct slip_image **ret,
                    struct slip_error **err)
{
    int rc = slip__image_probe_here(mk_fd(file->data, file->len), file->len, "k", ret, err);

    if (rc == 0)
        rc = slip__image_load_here(*ret, ram, NULL, NULL, err);
    if (rc < 0) {
        slip_image_free(*ret);
        *ret = NULL;
    }
    return rc;
}

static void expect(const struct slip_buf *file, unsigned code_number, const char *words)
{
    struct slip_image *image = NULL;
    struct slip_error *err = NULL;

    if (open_buf(file, NULL, &image, &err) == 0)
        fail_msg("not refused, expected: %s", words);
    if (slip_error_code(err) != code_number || !strstr(slip_error_message(err), words))
        fail_msg("SLIP-%u '%s', expected SLIP-%u '%s'", slip_error_code(err),
                 slip_error_message(err), code_number, words);
    slip_error_free(err);
}

static void expect_elf(const struct slip_buf *file, const char *packing)
{
    struct slip_image *image = NULL;
    struct slip_error *err = NULL;
    struct mk_ram ram;
    char *text;

    mk_ram_init(&ram, 0, RAM_BYTES);
    for (unsigned round = 0; round < 2; round++) {
        if (round == 0 && open_buf(file, &ram.ram, &image, &err) < 0)
            fail_msg("%s: %s", packing, slip_error_message(err));
        if (round == 1) { /* again, from the start */
            memset(ram.bytes, 0, RAM_BYTES);
            assert_int_equal(slip__image_load_here(image, &ram.ram, NULL, NULL, &err), 0);
        }
        assert_memory_equal(mk_ram_at(&ram, CODE_GPA), code, CODE_BYTES);
        assert_int_equal(*mk_ram_at(&ram, CODE_GPA + CODE_BYTES), 0);
    }
    assert_string_equal(image->packing, packing);
    assert_int_equal(image->format, SLIP_IMAGE_ELF64);
    assert_int_equal(image->unpacked_bytes, elf_file.len);
    assert_int_equal(slip__image_entry(image, SLIP_ENTRY_PVH)->address, CODE_GPA + 0x20);
    assert_null(slip__image_check(image));
    assert_int_equal(slip_image_to_text(image, &text, NULL), 0);
    assert_non_null(strstr(text, "compressed   as a whole, "));
    free(text);
    slip_image_free(image);
    mk_ram_dispose(&ram);
}

static void each_codec(void **state)
{
    const struct slip_codec *codec;

    (void)state;
    for (size_t i = 0; (codec = codec_at(i)); i++) {
        struct slip_buf file = {0};

        mk_compress(codec->name, elf_file.data, elf_file.len, &file);
        expect_elf(&file, codec->name);
        slip__buf_dispose(&file);
    }
}

/* As `cat a.gz b.gz` and pbzip2 make them; lzma has no such thing, and lzop is not believed to. */
static void members(void **state)
{
    const struct slip_codec *codec;

    (void)state;
    for (size_t i = 0; (codec = codec_at(i)); i++) {
        struct slip_buf file = {0};
        size_t half = CODE_BYTES / 2;

        if (codec == &slip__codec_lzma || codec == &slip__codec_lzo)
            continue;
        mk_compress(codec->name, elf_file.data, half, &file);
        if (codec->skippable)
            slip__buf_put(&file, "\x51\x2a\x4d\x18\3\0\0\0abc", 11);
        mk_compress(codec->name, elf_file.data + half, elf_file.len - half, &file);
        expect_elf(&file, codec->name);
        if (codec != &slip__codec_lz4_legacy) { /* filled up, as a tape's or a partition's */
            for (unsigned k = 0; k < 70000; k++)
                slip__buf_putc(&file, 0);
            expect_elf(&file, codec->name);
            slip__buf_puts(&file, "garbage");
            expect(&file, 415, "7 bytes of something else follow the ");
        }
        slip__buf_dispose(&file);
    }
}

static void broken(void **state)
{
    const struct slip_codec *codec;

    (void)state;
    for (size_t i = 0; (codec = codec_at(i)); i++) {
        struct slip_buf good = {0}, file = {0};

        mk_compress(codec->name, elf_file.data, elf_file.len, &good);
        for (unsigned part = 1; part < 8; part++) {
            slip__buf_put(&file, good.data, good.len * part / 8);
            expect(&file, 414, "stream is cut off");
            slip__buf_dispose(&file);
        }
        slip__buf_put(&file, good.data, good.len);
        slip__buf_put(&file, "\xff\xff\xff\xff\xff", 5);
        if (codec == &slip__codec_lz4_legacy)
            expect(&file, 413, "impossible size");
        else
            expect(&file, 415, "5 bytes of something else follow the ");
        slip__buf_dispose(&file);
        /* Its middle is gone. Without checksums that may show as an end that comes too soon. */
        slip__buf_put(&file, good.data, good.len / 2);
        for (unsigned k = 0; k < 64; k++)
            slip__buf_putc(&file, (char)0xff);
        slip__buf_put(&file, good.data + good.len / 2 + 64, good.len - good.len / 2 - 64);
        if (codec != &slip__codec_lzma && codec != &slip__codec_zstd &&
            codec != &slip__codec_lz4_legacy)
            expect(&file, 413, "stream is corrupt near file offset 0x");
        slip__buf_dispose(&file);
        slip__buf_dispose(&good);
    }
}

static void strange_contents(void **state)
{
    const struct slip_codec *codec;
    static const char cpio[] = "070701000000 this is an initrd";

    (void)state;
    for (size_t i = 0; (codec = codec_at(i)); i++) {
        struct slip_buf once = {0}, twice = {0};
        char words[64];

        mk_compress(codec->name, cpio, sizeof(cpio), &once);
        snprintf(words, sizeof(words), "compressed with %s: it looks like a cpio", codec->name);
        expect(&once, 401, words);
        slip__buf_dispose(&once);
        mk_compress(codec->name, elf_file.data, 5000, &once);
        expect(&once, 403, "the data ends at 0x1388");
        mk_compress("gzip", once.data, once.len, &twice);
        expect(&twice, 401, "again (starts with");
        slip__buf_dispose(&once);
        slip__buf_dispose(&twice);
    }
}

/* What is no ELF is unpacked first: a bzImage, both its forms, and a Multiboot image. */
static void spooled(void **state)
{
    struct slip_buf payload = {0}, file = {0}, packed = {0};
    struct mk_bzimage bz = {.xloadflags = 1};
    struct slip_image *image = NULL;
    struct slip_error *err = NULL;
    struct mk_ram ram;

    (void)state;
    mk_payload("zstd", elf_file.data, elf_file.len, &payload);
    bz.payload = payload.data;
    bz.payload_bytes = payload.len;
    mk_bzimage(&bz, &file);
    mk_compress("xz", file.data, file.len, &packed);
    mk_ram_init(&ram, 0, RAM_BYTES);
    if (open_buf(&packed, &ram.ram, &image, &err) < 0)
        fail_msg("%s", slip_error_message(err));
    assert_int_equal(image->format, SLIP_IMAGE_BZIMAGE);
    assert_string_equal(image->packing, "xz");
    assert_string_equal(image->compression, "zstd");
    assert_int_equal(image->unpacked_bytes, file.len);
    assert_memory_equal(mk_ram_at(&ram, CODE_GPA), code, CODE_BYTES);
    assert_int_equal(slip__image_use(image, SLIP_FORM_LINUX, 0x200000, &err), 0);
    assert_int_equal(slip__image_load_here(image, &ram.ram, NULL, NULL, &err), 0);
    assert_memory_equal(mk_ram_at(&ram, 0x200000), file.data + 2560, file.len - 2560);
    slip_image_free(image);
    mk_ram_dispose(&ram);
    slip__buf_dispose(&payload);
    slip__buf_dispose(&file);
    slip__buf_dispose(&packed);

    slip__buf_uint(&file, 0x1badb002, 4);
    slip__buf_uint(&file, 0x10000, 4);
    slip__buf_uint(&file, 0u - 0x1badb002u - 0x10000u, 4);
    for (unsigned i = 0; i < 5; i++)
        slip__buf_uint(&file, i == 4 ? 0x100020 : i < 2 ? 0x100000 : 0, 4);
    slip__buf_puts(&file, "code, to the end of the file");
    mk_compress("bzip2", file.data, file.len, &packed);
    assert_int_equal(open_buf(&packed, NULL, &image, &err), 0);
    assert_int_equal(image->format, SLIP_IMAGE_MULTIBOOT);
    assert_int_equal(image->segments[0].file_bytes, file.len);
    slip_image_free(image);
    slip__buf_dispose(&packed);
    slip__buf_dispose(&file);
}

/* head, then zeros up to total, then compressed again and again by gzip's and bzip2's way: members one after the other. */
static void make_bomb(const struct slip_codec *codec, const void *head, size_t head_len,
                      uint64_t total, struct slip_buf *file)
{
    const size_t piece =
        codec == &slip__codec_lzma || codec == &slip__codec_lzo ? 128 * MIB : 64 * MIB;
    uint8_t *zeros = calloc(1, piece);
    struct slip_buf one = {0};
    uint64_t done = piece;

    assert_non_null(zeros);
    memcpy(zeros, head, head_len);
    mk_compress(codec->name, zeros, piece, file);
    memset(zeros, 0, head_len);
    mk_compress(codec->name, zeros, piece, &one);
    for (; done < total; done += piece)
        slip__buf_put(file, one.data, one.len);
    slip__buf_dispose(&one);
    free(zeros);
}

static long peak_kib(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

/* 10 GiB of zeros: not a kernel, at once; behind the head of an ELF or a bzImage: the limits, long before. lzma has no members:
 * 128 MiB, which is past the limits too. */
static void bombs(void **state)
{
    const struct slip_codec *codec;
    static const char zeros[16] = {0};
    struct slip_buf bz = {0};
    struct mk_bzimage header = {.payload = "12345678901234567890", .payload_bytes = 20};
    long before;

    (void)state;
    mk_bzimage(&header, &bz);
    before = peak_kib();
    for (size_t i = 0; (codec = codec_at(i)); i++) {
        uint64_t total = codec == &slip__codec_lzma || codec == &slip__codec_lzo ? 0 : 10ull << 30;
        struct slip_buf file = {0};

        make_bomb(codec, zeros, sizeof(zeros), total, &file);
        expect(&file, 401, "not a kernel file");
        slip__buf_dispose(&file);
        make_bomb(codec, elf_file.data, 0x1000, total, &file);
        expect(&file, 442, "the ELF in it ended long before");
        slip__buf_dispose(&file);
        make_bomb(codec, bz.data, bz.len, total, &file);
        expect(&file, 442, "unpack to more than 100663296: the limit for what is no ELF file");
        slip__buf_dispose(&file);
    }
    slip__buf_dispose(&bz);
    /* The test's own pieces are in this, and what a sanitizer keeps back of freed memory. */
    assert_true(peak_kib() - before < 300 * 1024);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_codec),       cmocka_unit_test(members), cmocka_unit_test(broken),
        cmocka_unit_test(strange_contents), cmocka_unit_test(spooled), cmocka_unit_test(bombs),
    };

    return cmocka_run_group_tests_name("packed", tests, setup, teardown);
}
