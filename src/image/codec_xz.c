/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xz and the older lzma ("alone") format through liblzma, x86 branch filter included. Knows only the stream. */
#include <lzma.h>
#include <stdlib.h>

#include "image/limits.h"
#include "image/stream.h"

static int opened(struct slip_stream *s, lzma_stream *lz, lzma_ret r, struct slip_error **err)
{
    if (r != LZMA_OK) {
        free(lz);
        return slip__error_oom(err);
    }
    s->state = lz;
    return 0;
}

static int xz_open(struct slip_stream *s, struct slip_error **err)
{
    lzma_stream *lz = calloc(1, sizeof(*lz)); /* LZMA_STREAM_INIT is all zero */

    return opened(
        s, lz, lz ? lzma_stream_decoder(lz, SLIP_LIMIT_DICTIONARY_BYTES, 0) : LZMA_MEM_ERROR, err);
}

static int lzma_open(struct slip_stream *s, struct slip_error **err)
{
    lzma_stream *lz = calloc(1, sizeof(*lz));

    return opened(s, lz, lz ? lzma_alone_decoder(lz, SLIP_LIMIT_DICTIONARY_BYTES) : LZMA_MEM_ERROR,
                  err);
}

static enum slip_step xz_step(void *state, struct slip_step_io *io)
{
    lzma_stream *lz = state;
    lzma_ret r;

    lz->next_in = io->in;
    lz->avail_in = io->in_len;
    lz->next_out = io->out;
    lz->avail_out = io->out_len;
    r = lzma_code(lz, LZMA_RUN);
    io->in_len = lz->avail_in;
    io->out_len = lz->avail_out;
    switch (r) {
    case LZMA_OK:
    case LZMA_BUF_ERROR: /* nothing to do with what it was given: the pump sees that */
        return SLIP_STEP_MORE;
    case LZMA_STREAM_END:
        return SLIP_STEP_END;
    case LZMA_MEM_ERROR:
        return SLIP_STEP_NOMEM;
    case LZMA_MEMLIMIT_ERROR:
        io->wanted_bytes = lzma_memusage(lz);
        return SLIP_STEP_DICT;
    case LZMA_OPTIONS_ERROR:
        io->why = "it uses a filter or option that is not known";
        return SLIP_STEP_CORRUPT;
    default:
        return SLIP_STEP_CORRUPT;
    }
}

static int xz_read(struct slip_stream *s, uint8_t *dst, size_t cap, size_t *ret,
                   struct slip_error **err)
{
    return slip__stream_pump(s, xz_step, dst, cap, ret, err);
}

static void xz_close(struct slip_stream *s)
{
    if (s->state)
        lzma_end(s->state);
    free(s->state);
    s->state = NULL;
}

const struct slip_codec slip__codec_xz = {
    .name = "xz",
    .magic = "\xfd"
             "7zXZ",
    .magic_bytes = 6, /* with the NUL */
    .open = xz_open,
    .read = xz_read,
    .close = xz_close,
};

const struct slip_codec slip__codec_lzma = {
    .name = "lzma",
    .magic = "\x5d\0\0", /* the default properties byte and a dictionary of whole 64 KiB */
    .magic_bytes = 3,
    .open = lzma_open,
    .read = xz_read,
    .close = xz_close,
};
