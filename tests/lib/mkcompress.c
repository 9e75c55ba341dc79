/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The compressing half of mkimage: each codec as Linux's build uses it, through its library. */
#include <bzlib.h>
#include <lz4.h>
#include <lz4frame.h>
#include <lzma.h>
#ifdef SLIP_TEST_LZO
#include <lzo/lzo1x.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/cleanup.h"
#include "mkimage.h"

#define LZ4_BLOCK_BYTES (8u << 20)

typedef size_t compress_fn(const void *in, size_t len, uint8_t *out, size_t cap);

static size_t none(const void *in, size_t len, uint8_t *out, size_t cap)
{
    (void)cap;
    memcpy(out, in, len);
    return len;
}

static size_t gzip(const void *in, size_t len, uint8_t *out, size_t cap)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)in,
                  .avail_in = (uInt)len,
                  .next_out = out,
                  .avail_out = (uInt)cap};
    int r = deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);

    if (r == Z_OK)
        r = deflate(&z, Z_FINISH);
    deflateEnd(&z);
    return r == Z_STREAM_END ? z.total_out : 0;
}

static size_t xz(const void *in, size_t len, uint8_t *out, size_t cap)
{
    lzma_options_lzma lzma2;
    lzma_filter filters[] = {
        {LZMA_FILTER_X86, NULL}, {LZMA_FILTER_LZMA2, &lzma2}, {LZMA_VLI_UNKNOWN, NULL}};
    size_t at = 0;

    if (lzma_lzma_preset(&lzma2, 1))
        return 0;
    return lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC32, NULL, in, len, out, &at, cap) ==
                   LZMA_OK
               ? at
               : 0;
}

static size_t lzma(const void *in, size_t len, uint8_t *out, size_t cap)
{
    lzma_stream lz = LZMA_STREAM_INIT;
    lzma_options_lzma options;
    lzma_ret r;

    if (lzma_lzma_preset(&options, 1) || lzma_alone_encoder(&lz, &options) != LZMA_OK)
        return 0;
    lz.next_in = in;
    lz.avail_in = len;
    lz.next_out = out;
    lz.avail_out = cap;
    r = lzma_code(&lz, LZMA_FINISH);
    lzma_end(&lz);
    return r == LZMA_STREAM_END ? lz.total_out : 0;
}

static size_t bzip2(const void *in, size_t len, uint8_t *out, size_t cap)
{
    unsigned size = (unsigned)cap;

    return BZ2_bzBuffToBuffCompress((char *)out, &size, (char *)(uintptr_t)in, (unsigned)len, 1, 0,
                                    0) == BZ_OK
               ? size
               : 0;
}

static size_t zstd(const void *in, size_t len, uint8_t *out, size_t cap)
{
    size_t r = ZSTD_compress(out, cap, in, len, 3);

    return ZSTD_isError(r) ? 0 : r;
}

static size_t lz4(const void *in, size_t len, uint8_t *out, size_t cap)
{
    static const uint8_t magic[] = {0x02, 0x21, 0x4c, 0x18};
    size_t at = sizeof(magic);

    memcpy(out, magic, sizeof(magic));
    for (size_t done = 0; done < len; done += LZ4_BLOCK_BYTES) {
        size_t n = len - done < LZ4_BLOCK_BYTES ? len - done : LZ4_BLOCK_BYTES;
        int r = LZ4_compress_default((const char *)in + done, (char *)out + at + 4, (int)n,
                                     (int)(cap - at - 4));

        if (r <= 0)
            return 0;
        for (unsigned i = 0; i < 4; i++)
            out[at + i] = (uint8_t)((unsigned)r >> (8 * i));
        at += 4 + (size_t)r;
    }
    return at;
}

static size_t lz4_frame(const void *in, size_t len, uint8_t *out, size_t cap)
{
    LZ4F_preferences_t prefs = {.frameInfo = {.contentChecksumFlag = LZ4F_contentChecksumEnabled}};
    size_t r = LZ4F_compressFrame(out, cap, in, len, &prefs);

    return LZ4F_isError(r) ? 0 : r;
}

#ifdef SLIP_TEST_LZO
static size_t big_endian(uint8_t *out, uint32_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        out[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
    return bytes;
}

/* As lzop does: blocks of 256 KiB with a checksum each, those that do not get smaller as they are. */
static size_t lzo(const void *in, size_t len, uint8_t *out, size_t cap)
{
    static const uint8_t head[] = {0x89, 'L',  'Z',  'O',  0, 13, 10, 26, 10, 0x10, 0x40,
                                   0x20, 0xa0, 0x09, 0x40, 1, 5,  0,  0,  0,  1};
    static const size_t block = 256u << 10;
    uint8_t *work = malloc(LZO1X_1_MEM_COMPRESS);
    size_t at = sizeof(head);

    (void)cap;
    memcpy(out, head, at);
    memset(out + at, 0, 17); /* mode, time, no name, a checksum that nobody looks at */
    at += 17;
    for (size_t done = 0; work && done < len; done += block) {
        const uint8_t *plain = (const uint8_t *)in + done;
        size_t n = len - done < block ? len - done : block;
        lzo_uint packed = 0;

        lzo1x_1_compress(plain, n, out + at + 12, &packed, work);
        if (packed >= n) {
            packed = n;
            memcpy(out + at + 12, plain, n);
        }
        at += big_endian(out + at, (uint32_t)n, 4);
        at += big_endian(out + at, (uint32_t)packed, 4);
        at += big_endian(out + at, (uint32_t)adler32(1, plain, (uInt)n), 4);
        at += packed;
    }
    free(work);
    return at + big_endian(out + at, 0, 4);
}
#endif

static const struct {
    const char *name;
    compress_fn *fn;
} codecs[] = {
#ifdef SLIP_TEST_LZO
    {"lzo", lzo},
#endif
    {"none", none},   {"gzip", gzip}, {"xz", xz},   {"lzma", lzma},
    {"bzip2", bzip2}, {"zstd", zstd}, {"lz4", lz4}, {"lz4 (frame)", lz4_frame}};

void mk_compress(const char *codec, const void *bytes, size_t len, struct slip_buf *out)
{
    size_t cap = len + len / 8 + 65536, n = 0;
    SLIP_AUTO_FREE uint8_t *tmp = malloc(cap);

    for (size_t i = 0; tmp && i < SLIP_COUNT(codecs); i++) {
        if (strcmp(codecs[i].name, codec) == 0)
            n = codecs[i].fn(bytes, len, tmp, cap);
    }
    if (n == 0) {
        fprintf(stderr, "mkimage: cannot compress with %s\n", codec);
        abort();
    }
    slip__buf_put(out, tmp, n);
}
