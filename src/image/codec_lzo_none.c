/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* LZO in a build without its library (option lzo): known by name, and nothing more. */
#include "image/stream.h"

static int none_open(struct slip_stream *s, struct slip_error **err)
{
    return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_CODEC,
                            "it is compressed with %s, which %s", s->codec->name,
                            s->codec->missing);
}

static int none_read(struct slip_stream *s, uint8_t *dst, size_t cap, size_t *ret,
                     struct slip_error **err)
{
    (void)dst;
    (void)cap;
    *ret = 0;
    return none_open(s, err);
}

static void none_close(struct slip_stream *s)
{
    (void)s;
}

const struct slip_codec slip__codec_lzo = {
    .name = "lzo",
    .magic = "\x89LZO\0\r\n\x1a\n",
    .magic_bytes = 9,
    .missing = "this build cannot unpack",
    .open = none_open,
    .read = none_read,
    .close = none_close,
};
