/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* zstd through libzstd. Knows only the stream. */
#include <zstd.h>
#include <zstd_errors.h>

#include "image/limits.h"
#include "image/stream.h"

/* The largest window within the limit on dictionaries. Linux's own kernels use up to 27 (zstd -22 --ultra). */
#define WINDOW_LOG_MAX 27
_Static_assert((1ull << WINDOW_LOG_MAX) <= SLIP_LIMIT_DICTIONARY_BYTES &&
                   (2ull << WINDOW_LOG_MAX) > SLIP_LIMIT_DICTIONARY_BYTES,
               "the zstd window follows the limit");

static int zstd_open(struct slip_stream *s, struct slip_error **err)
{
    ZSTD_DCtx *z = ZSTD_createDCtx();

    if (!z || ZSTD_isError(ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, WINDOW_LOG_MAX))) {
        ZSTD_freeDCtx(z);
        return slip__error_oom(err);
    }
    s->state = z;
    return 0;
}

static enum slip_step zstd_step(void *state, struct slip_step_io *io)
{
    ZSTD_inBuffer in = {io->in, io->in_len, 0};
    ZSTD_outBuffer out = {io->out, io->out_len, 0};
    size_t r = ZSTD_decompressStream(state, &out, &in);

    io->in += in.pos;
    io->in_len -= in.pos;
    io->out += out.pos;
    io->out_len -= out.pos;
    if (r == 0)
        return SLIP_STEP_END;
    if (!ZSTD_isError(r))
        return SLIP_STEP_MORE;
    io->why = ZSTD_getErrorName(r);
    switch (ZSTD_getErrorCode(r)) {
    case ZSTD_error_frameParameter_windowTooLarge:
        return SLIP_STEP_DICT;
    case ZSTD_error_memory_allocation:
        return SLIP_STEP_NOMEM;
    default:
        return SLIP_STEP_CORRUPT;
    }
}

static int zstd_read(struct slip_stream *s, uint8_t *dst, size_t cap, size_t *ret,
                     struct slip_error **err)
{
    return slip__stream_pump(s, zstd_step, dst, cap, ret, err);
}

static void zstd_close(struct slip_stream *s)
{
    ZSTD_freeDCtx(s->state);
    s->state = NULL;
}

const struct slip_codec slip__codec_zstd = {
    .name = "zstd",
    .magic = "\x28\xb5\x2f\xfd",
    .magic_bytes = 4,
    .skippable = true,
    .open = zstd_open,
    .read = zstd_read,
    .close = zstd_close,
};
