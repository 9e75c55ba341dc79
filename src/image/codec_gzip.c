/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gzip through zlib. Knows only the stream. */
#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

#include "image/stream.h"

/* zlib: 15 bits of window, plus 16 for "a gzip header and nothing else". */
#define WINDOW_BITS (15 + 16)

static int gzip_open(struct slip_stream *s, struct slip_error **err)
{
    z_stream *z = calloc(1, sizeof(*z));

    if (!z || inflateInit2(z, WINDOW_BITS) != Z_OK) {
        free(z);
        return slip__error_oom(err);
    }
    s->state = z;
    return 0;
}

static enum slip_step gzip_step(void *state, struct slip_step_io *io)
{
    z_stream *z = state;
    uInt in_len = io->in_len < UINT_MAX ? (uInt)io->in_len : UINT_MAX;
    uInt out_len = io->out_len < UINT_MAX ? (uInt)io->out_len : UINT_MAX;
    int r;

    z->next_in = (Bytef *)(uintptr_t)io->in; /* zlib does not write to its input */
    z->avail_in = in_len;
    z->next_out = io->out;
    z->avail_out = out_len;
    r = inflate(z, Z_NO_FLUSH);
    io->in_len -= in_len - z->avail_in;
    io->out_len -= out_len - z->avail_out;
    io->why = z->msg;
    switch (r) {
    case Z_OK:
    case Z_BUF_ERROR: /* nothing to do with what it was given: the pump sees that */
        return SLIP_STEP_MORE;
    case Z_STREAM_END:
        return SLIP_STEP_END;
    case Z_MEM_ERROR:
        return SLIP_STEP_NOMEM;
    default:
        return SLIP_STEP_CORRUPT;
    }
}

static int gzip_read(struct slip_stream *s, uint8_t *dst, size_t cap, size_t *ret,
                     struct slip_error **err)
{
    return slip__stream_pump(s, gzip_step, dst, cap, ret, err);
}

static void gzip_close(struct slip_stream *s)
{
    if (s->state)
        inflateEnd(s->state);
    free(s->state);
    s->state = NULL;
}

const struct slip_codec slip__codec_gzip = {
    .name = "gzip",
    .magic = "\x1f\x8b",
    .magic_bytes = 2,
    .own_size = true,
    .open = gzip_open,
    .read = gzip_read,
    .close = gzip_close,
};
