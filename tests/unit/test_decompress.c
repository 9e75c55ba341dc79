/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pull stream over every codec: reading in any portions, skipping, going back, ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "image/limits.h"
#include "image/stream.h"
#include "mkimage.h"

#define MIB         (1u << 20)
#define PLAIN_BYTES (9 * MIB + 77) /* more than one lz4 block */
#define LEAD_BYTES  333u           /* of something else before the stream in its file */

static uint8_t *plain, *got;
static struct slip_buf packed[16]; /* plain by each codec, made once */

static int setup(void **state)
{
    (void)state;
    plain = malloc(PLAIN_BYTES);
    got = malloc(PLAIN_BYTES);
    if (!plain || !got)
        return -1;
    mk_fill(plain, PLAIN_BYTES, 7);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(packed) / sizeof(packed[0]); i++)
        slip__buf_dispose(&packed[i]);
    free(plain);
    free(got);
    return 0;
}

static const struct slip_codec *codec_at(size_t index)
{
    const struct slip_codec *codec = index ? slip__codec_at(index - 1) : &slip__codec_none;

    return codec && codec->missing ? NULL : codec; /* that one is the last */
}

/* All of plain as a stream in the middle of a file, by the index-th codec. Returns the descriptor. */
static int make(size_t index, struct slip_stream *s)
{
    const struct slip_codec *codec = codec_at(index);
    struct slip_buf file = {0};
    int fd;

    if (!packed[index].len)
        mk_compress(codec->name, plain, PLAIN_BYTES, &packed[index]);
    while (file.len < LEAD_BYTES)
        slip__buf_putc(&file, 'x');
    slip__buf_put(&file, packed[index].data, packed[index].len);
    slip__buf_puts(&file, "and more");
    fd = mk_fd(file.data, file.len);
    assert_int_equal(slip__stream_open(s, &(struct slip_source){.fd = fd}, codec, LEAD_BYTES,
                                       file.len - 8, PLAIN_BYTES, NULL),
                     0);
    slip__buf_dispose(&file);
    return fd;
}

static void magics(void **state)
{
    const struct slip_codec *codec;

    (void)state;
    for (size_t i = 0; (codec = slip__codec_at(i)); i++) {
        assert_ptr_equal(slip__codec_find(codec->magic, codec->magic_bytes), codec);
        assert_null(slip__codec_find(codec->magic, codec->magic_bytes - 1));
    }
}

static void portions(void **state)
{
    static const size_t sizes[] = {1, 3, 4096, 65536, 65537, 8 * MIB, PLAIN_BYTES};
    const struct slip_codec *codec;

    (void)state;
    for (size_t i = 0; (codec = codec_at(i)); i++) {
        struct slip_stream s;
        int fd = make(i, &s);
        size_t pos = 0;

        memset(got, 0, PLAIN_BYTES);
        for (size_t k = 0; pos < PLAIN_BYTES; k++) {
            size_t n = sizes[k % 7];

            if (n > PLAIN_BYTES - pos)
                n = PLAIN_BYTES - pos;
            assert_int_equal(slip__stream_read(&s, got + pos, n, NULL), 0);
            pos += n;
        }
        assert_memory_equal(got, plain, PLAIN_BYTES);
        assert_int_equal(slip__stream_finish(&s, NULL), 0);
        assert_int_equal(s.pos, PLAIN_BYTES);
        slip__stream_dispose(&s);
        close(fd);
    }
}

static void read_at(struct slip_stream *s, uint64_t offset, size_t len)
{
    assert_int_equal(slip__stream_seek(s, offset, NULL), 0);
    assert_int_equal(slip__stream_read(s, got, len, NULL), 0);
    assert_memory_equal(got, plain + offset, len);
}

static void seeks(void **state)
{
    const struct slip_codec *codec;

    (void)state;
    for (size_t i = 0; (codec = codec_at(i)); i++) {
        struct slip_stream s;
        struct slip_error *err = NULL;
        int fd = make(i, &s);

        read_at(&s, 100, 50);
        read_at(&s, 8 * MIB - 10, 20); /* over an lz4 block's end */
        read_at(&s, 0, 1);
        read_at(&s, PLAIN_BYTES - 5, 5);
        read_at(&s, 5000, 10);
        read_at(&s, 4999, 10);
        assert_int_equal(s.rewinds, codec == &slip__codec_none ? 0 : SLIP_LIMIT_REWINDS);
        if (codec != &slip__codec_none) {
            assert_int_equal(slip__stream_seek(&s, 10, &err), SLIP_EIMAGE);
            assert_int_equal(slip_error_code(err), SLIP_CODE_IMAGE_REWINDS);
            assert_non_null(strstr(slip_error_message(err), "byte 0xa is behind 0x1391"));
            slip_error_free(err);
        }
        slip__stream_dispose(&s);
        close(fd);
    }
}

static void ends(void **state)
{
    const struct slip_codec *codec;

    (void)state;
    for (size_t i = 0; (codec = codec_at(i)); i++) {
        struct slip_stream s;
        struct slip_error *err = NULL;
        int fd = make(i, &s);

        assert_int_equal(slip__stream_seek(&s, PLAIN_BYTES - 3, NULL), 0);
        assert_int_equal(slip__stream_read(&s, got, 10, &err), SLIP_EIMAGE);
        assert_int_equal(slip_error_code(err), SLIP_CODE_IMAGE_TRUNCATED);
        assert_string_equal(slip_error_message(err),
                            "the data ends at 0x90004d, 7 more bytes are needed");
        slip_error_free(err);
        slip__stream_dispose(&s);
        close(fd);
    }
}

/* A file that shrinks under us is an error of reading, not a crash. */
static void shrinking_file(void **state)
{
    const struct slip_codec *codec;

    (void)state;
    for (size_t i = 0; (codec = codec_at(i)); i++) {
        struct slip_stream s;
        struct slip_error *err = NULL;
        int fd = make(i, &s);

        assert_int_equal(ftruncate(fd, LEAD_BYTES + 20), 0);
        assert_int_equal(slip__stream_read(&s, got, PLAIN_BYTES, &err), SLIP_EIO);
        assert_non_null(strstr(slip_error_message(err),
                               codec == &slip__codec_lzo /* its header was read already */
                                   ? "the kernel file ends at byte 371"
                                   : "the kernel file ends at byte 353"));
        slip_error_free(err);
        slip__stream_dispose(&s);
        close(fd);
    }
}

/* Legacy lz4 files put one behind the other are one stream. */
static void lz4_joined(void **state)
{
    struct slip_buf file = {0};
    struct slip_stream s;
    int fd;

    (void)state;
    mk_compress("lz4", plain, 1000, &file);
    mk_compress("lz4", plain + 1000, 2000, &file);
    fd = mk_fd(file.data, file.len);
    assert_int_equal(slip__stream_open(&s, &(struct slip_source){.fd = fd}, &slip__codec_lz4_legacy,
                                       0, file.len, 3000, NULL),
                     0);
    assert_int_equal(slip__stream_read(&s, got, 3000, NULL), 0);
    assert_memory_equal(got, plain, 3000);
    assert_int_equal(slip__stream_finish(&s, NULL), 0);
    slip__stream_dispose(&s);
    close(fd);
    slip__buf_dispose(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(magics), cmocka_unit_test(portions),       cmocka_unit_test(seeks),
        cmocka_unit_test(ends),   cmocka_unit_test(shrinking_file), cmocka_unit_test(lz4_joined),
    };

    return cmocka_run_group_tests_name("decompress", tests, setup, teardown);
}
