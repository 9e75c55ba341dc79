/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lz4, both kinds: the legacy format that kernels are packed in (`lz4 -l`), and the frame format. Knows only the stream.
 *
 * Source: lz4, doc/lz4_Frame_format.md. Legacy: magic, then blocks, each with its packed size in 4 bytes; a block inflates to
 * at most 8 MiB; no end mark: the data just ends.
 */
#include <lz4.h>
#include <lz4frame.h>
#include <stdlib.h>
#include <string.h>

#include "base/reader.h"
#include "image/stream.h"

#define LEGACY_MAGIC       0x184c2102u
#define LEGACY_BLOCK_BYTES (8u << 20)

struct legacy {
    uint8_t *packed; /* one block as it is in the file */
    size_t packed_cap;
    uint8_t *block; /* one block inflated, for readers whose room is smaller; made when needed */
    size_t at, len; /* what of block is still to be read */
};

static int legacy_open(struct slip_stream *s, struct slip_error **err)
{
    uint8_t magic[4];

    s->state = calloc(1, sizeof(struct legacy));
    if (!s->state)
        return slip__error_oom(err);
    return slip__stream_fetch(s, magic, sizeof(magic), err); /* known: it chose this codec */
}

/* The next block's packed size. A magic in its place starts another stream (`cat a.lz4 b.lz4`). 0: the data ends. */
static int legacy_block_size(struct slip_stream *s, uint32_t *ret, struct slip_error **err)
{
    uint8_t raw[4] = {0};
    struct slip_reader r = slip__reader(raw, sizeof(raw));
    int rc;

    *ret = 0;
    do {
        if (slip__stream_left(s) == 0)
            return 0;
        rc = slip__stream_fetch(s, raw, sizeof(raw), err);
        if (rc < 0)
            return rc;
        *ret = slip__reader_u32(&r, 0);
    } while (*ret == LEGACY_MAGIC);
    if (*ret == 0 || *ret > LZ4_COMPRESSBOUND(LEGACY_BLOCK_BYTES))
        return slip__stream_corrupt(s, "a block has an impossible size", err);
    return 0;
}

static int legacy_fetch_block(struct slip_stream *s, uint32_t bytes, struct slip_error **err)
{
    struct legacy *l = s->state;

    if (bytes > slip__stream_left(s))
        return slip__stream_truncated(s, err);
    if (bytes > l->packed_cap) {
        free(l->packed);
        l->packed_cap = 0;
        l->packed = malloc(bytes);
        if (!l->packed)
            return slip__error_oom(err);
        l->packed_cap = bytes;
    }
    return slip__stream_fetch(s, l->packed, bytes, err);
}

static int legacy_read(struct slip_stream *s, uint8_t *dst, size_t cap, size_t *ret,
                       struct slip_error **err)
{
    struct legacy *l = s->state;
    bool straight = cap >= LEGACY_BLOCK_BYTES;
    uint32_t packed;
    int rc, n;

    if (l->at == l->len) {
        rc = legacy_block_size(s, &packed, err);
        if (rc < 0 || packed == 0)
            return rc;
        rc = legacy_fetch_block(s, packed, err);
        if (rc < 0)
            return rc;
        if (!straight && !l->block) {
            l->block = malloc(LEGACY_BLOCK_BYTES);
            if (!l->block)
                return slip__error_oom(err);
        }
        n = LZ4_decompress_safe((const char *)l->packed, straight ? (char *)dst : (char *)l->block,
                                (int)packed, LEGACY_BLOCK_BYTES);
        if (n <= 0)
            return slip__stream_corrupt(s, "a block does not decompress", err);
        if (straight) {
            *ret = (size_t)n;
            return 0;
        }
        l->at = 0;
        l->len = (size_t)n;
    }
    *ret = l->len - l->at < cap ? l->len - l->at : cap;
    memcpy(dst, l->block + l->at, *ret);
    l->at += *ret;
    return 0;
}

static void legacy_close(struct slip_stream *s)
{
    struct legacy *l = s->state;

    if (l) {
        free(l->packed);
        free(l->block);
    }
    free(l);
    s->state = NULL;
}

const struct slip_codec slip__codec_lz4_legacy = {
    .name = "lz4",
    .magic = "\x02\x21\x4c\x18",
    .magic_bytes = 4,
    .open = legacy_open,
    .read = legacy_read,
    .close = legacy_close,
};

static int frame_open(struct slip_stream *s, struct slip_error **err)
{
    LZ4F_dctx *ctx = NULL;

    if (LZ4F_isError(LZ4F_createDecompressionContext(&ctx, LZ4F_VERSION)))
        return slip__error_oom(err);
    s->state = ctx;
    return 0;
}

static enum slip_step frame_step(void *state, struct slip_step_io *io)
{
    size_t in_len = io->in_len, out_len = io->out_len;
    size_t r = LZ4F_decompress(state, io->out, &out_len, io->in, &in_len, NULL);

    if (LZ4F_isError(r)) {
        io->why = LZ4F_getErrorName(r);
        return SLIP_STEP_CORRUPT;
    }
    io->in_len -= in_len;
    io->out_len -= out_len;
    return r == 0 ? SLIP_STEP_END : SLIP_STEP_MORE;
}

static int frame_read(struct slip_stream *s, uint8_t *dst, size_t cap, size_t *ret,
                      struct slip_error **err)
{
    return slip__stream_pump(s, frame_step, dst, cap, ret, err);
}

static void frame_close(struct slip_stream *s)
{
    LZ4F_freeDecompressionContext(s->state);
    s->state = NULL;
}

const struct slip_codec slip__codec_lz4 = {
    .name = "lz4 (frame)",
    .magic = "\x04\x22\x4d\x18",
    .magic_bytes = 4,
    .skippable = true,
    .open = frame_open,
    .read = frame_read,
    .close = frame_close,
};
