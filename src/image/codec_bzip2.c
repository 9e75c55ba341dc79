/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bzip2 through libbz2. Knows only the stream. */
#include <bzlib.h>
#include <limits.h>
#include <stdlib.h>

#include "image/stream.h"

static int bzip2_open(struct slip_stream *s, struct slip_error **err)
{
    bz_stream *bz = calloc(1, sizeof(*bz));

    if (!bz || BZ2_bzDecompressInit(bz, 0, 0) != BZ_OK) {
        free(bz);
        return slip__error_oom(err);
    }
    s->state = bz;
    return 0;
}

static enum slip_step bzip2_step(void *state, struct slip_step_io *io)
{
    bz_stream *bz = state;
    unsigned in_len = io->in_len < UINT_MAX ? (unsigned)io->in_len : UINT_MAX;
    unsigned out_len = io->out_len < UINT_MAX ? (unsigned)io->out_len : UINT_MAX;
    int r;

    bz->next_in = (char *)(uintptr_t)io->in; /* libbz2 does not write to its input */
    bz->avail_in = in_len;
    bz->next_out = (char *)io->out;
    bz->avail_out = out_len;
    r = BZ2_bzDecompress(bz);
    io->in_len -= in_len - bz->avail_in;
    io->out_len -= out_len - bz->avail_out;
    switch (r) {
    case BZ_OK:
        return SLIP_STEP_MORE;
    case BZ_STREAM_END:
        return SLIP_STEP_END;
    case BZ_MEM_ERROR:
        return SLIP_STEP_NOMEM;
    default:
        return SLIP_STEP_CORRUPT;
    }
}

static int bzip2_read(struct slip_stream *s, uint8_t *dst, size_t cap, size_t *ret,
                      struct slip_error **err)
{
    return slip__stream_pump(s, bzip2_step, dst, cap, ret, err);
}

static void bzip2_close(struct slip_stream *s)
{
    if (s->state)
        BZ2_bzDecompressEnd(s->state);
    free(s->state);
    s->state = NULL;
}

const struct slip_codec slip__codec_bzip2 = {
    .name = "bzip2",
    .magic = "BZh",
    .magic_bytes = 3,
    .open = bzip2_open,
    .read = bzip2_read,
    .close = bzip2_close,
};
