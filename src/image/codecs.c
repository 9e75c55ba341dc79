/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The codecs, in the order of how often kernels use them (nothing depends on it: no magic starts another), and "none". */
#include <string.h>

#include "base/cleanup.h"
#include "image/stream.h"

/* A slice of a raw read, so that progress is told now and then. */
#define SLICE_BYTES (4u << 20)

static const struct slip_codec *const codecs[] = {
    &slip__codec_xz,    &slip__codec_zstd, &slip__codec_lz4_legacy, &slip__codec_gzip,
    &slip__codec_bzip2, &slip__codec_lzma, &slip__codec_lz4,        &slip__codec_lzo,
};

const struct slip_codec *slip__codec_at(size_t index)
{
    return index < SLIP_COUNT(codecs) ? codecs[index] : NULL;
}

const struct slip_codec *slip__codec_find(const void *bytes, size_t len)
{
    for (size_t i = 0; i < SLIP_COUNT(codecs); i++) {
        const struct slip_codec *c = codecs[i];

        if (len >= c->magic_bytes && memcmp(bytes, c->magic, c->magic_bytes) == 0)
            return c;
    }
    return NULL;
}

static int none_open(struct slip_stream *s, struct slip_error **err)
{
    (void)s;
    (void)err;
    return 0;
}

static int none_read(struct slip_stream *s, uint8_t *dst, size_t cap, size_t *ret,
                     struct slip_error **err)
{
    uint64_t size = s->end - s->start, left = s->made < size ? size - s->made : 0;
    size_t n = cap < SLICE_BYTES ? cap : SLICE_BYTES;

    if (n > left)
        n = (size_t)left;
    *ret = n;
    return slip__source_read(&s->source, dst, n, s->start + s->made, err);
}

static void none_close(struct slip_stream *s)
{
    (void)s;
}

const struct slip_codec slip__codec_none = {
    .name = "none",
    .magic = "",
    .open = none_open,
    .read = none_read,
    .close = none_close,
};
