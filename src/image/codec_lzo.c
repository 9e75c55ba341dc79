/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * LZO as lzop packs it, through liblzo2, which is under the GPL: whoever hands on a build with this file in it does so under
 * the GPL's terms (option lzo). Knows only the stream.
 *
 * Source: Linux, lib/decompress_unlzo.c, and lzop's own header: numbers are big-endian. Magic; versions of lzop, of its library, and
 * needed to unpack (2 bytes each); method, level (1 each); flags (4), then what they announce; mode, time (12); a name with its length
 * before it; a checksum. Then blocks: size, packed size (the same: it is not packed), checksums, bytes; a size of 0 is the end.
 */
#include <lzo/lzo1x.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "image/limits.h"
#include "image/stream.h"

#define MAGIC       "\x89LZO\0\r\n\x1a\n"
#define MAGIC_BYTES 9u

#define VERSION_LEVEL \
    0x0940u /* from this version on there are the version needed, level and high time */

#define FLAG_ADLER32_PLAIN  0x1u
#define FLAG_ADLER32_PACKED 0x2u
#define FLAG_EXTRA_FIELD    0x40u
#define FLAG_CRC32_PLAIN    0x100u
#define FLAG_CRC32_PACKED   0x200u
#define FLAG_FILTER         0x800u
/* Without a meaning for unpacking: that there are names, who made it. Of the others nobody knows what follows them. */
#define FLAGS_KNOWN 0xff00077fu

#define METHOD_MAX 3u /* all three are unpacked alike */

struct lzo {
    uint32_t flags;
    uint8_t *packed,
        *block; /* one block as it is in the file; unpacked, for readers with less room */
    size_t packed_cap, block_cap;
    size_t at, len; /* what of block is still to be read */
};

/* A big-endian number of 1 to 4 bytes. */
static int fetch_number(struct slip_stream *s, unsigned bytes, uint32_t *ret,
                        struct slip_error **err)
{
    uint8_t raw[4] = {0};
    int rc = slip__stream_fetch(s, raw, bytes, err);

    *ret = 0;
    for (unsigned i = 0; i < bytes; i++)
        *ret = *ret << 8 | raw[i];
    return rc;
}

static int skip_bytes(struct slip_stream *s, uint32_t count, struct slip_error **err)
{
    if (count > slip__stream_left(s))
        return slip__stream_truncated(s, err);
    s->fetched += count;
    return 0;
}

static int read_flags(struct slip_stream *s, struct lzo *z, struct slip_error **err)
{
    uint32_t extra;
    int rc = fetch_number(s, 4, &z->flags, err);

    if (rc < 0)
        return rc;
    if (z->flags & (FLAG_FILTER | ~FLAGS_KNOWN))
        return slip__stream_corrupt(s, "it uses a filter or option that is not known", err);
    if (!(z->flags & FLAG_EXTRA_FIELD))
        return 0;
    rc = fetch_number(s, 4, &extra, err);
    if (rc == 0)
        rc = skip_bytes(s, extra, err);
    return rc < 0 ? rc : skip_bytes(s, 4, err);
}

static int read_header(struct slip_stream *s, struct lzo *z, struct slip_error **err)
{
    uint32_t version, method, name;
    bool level;
    int rc = skip_bytes(s, MAGIC_BYTES, err); /* known: it chose this codec */

    if (rc == 0)
        rc = fetch_number(s, 2, &version, err);
    level = rc == 0 && version >= VERSION_LEVEL;
    if (rc == 0)
        rc = skip_bytes(s, level ? 4 : 2, err);
    if (rc == 0)
        rc = fetch_number(s, 1, &method, err);
    if (rc == 0 && (method == 0 || method > METHOD_MAX))
        return slip__stream_corrupt(s, "its method is not known", err);
    if (rc == 0)
        rc = skip_bytes(s, level, err);
    if (rc == 0)
        rc = read_flags(s, z, err);
    if (rc == 0)
        rc = skip_bytes(s, level ? 12 : 8, err);
    if (rc == 0)
        rc = fetch_number(s, 1, &name, err);
    return rc < 0 ? rc : skip_bytes(s, name + 4, err);
}

static int lzo_open(struct slip_stream *s, struct slip_error **err)
{
    s->state = calloc(1, sizeof(struct lzo));
    return s->state ? read_header(s, s->state, err) : slip__error_oom(err);
}

struct block {
    uint32_t plain, packed;
    bool has_adler, has_crc;
    uint32_t adler, crc; /* of the plain bytes */
};

static int read_sums(struct slip_stream *s, const struct lzo *z, struct block *b,
                     struct slip_error **err)
{
    bool packed = b->packed < b->plain;
    unsigned others =
        packed ? !!(z->flags & FLAG_ADLER32_PACKED) + !!(z->flags & FLAG_CRC32_PACKED) : 0;
    int rc = 0;

    b->has_adler = z->flags & FLAG_ADLER32_PLAIN;
    b->has_crc = z->flags & FLAG_CRC32_PLAIN;
    if (b->has_adler)
        rc = fetch_number(s, 4, &b->adler, err);
    if (rc == 0 && b->has_crc)
        rc = fetch_number(s, 4, &b->crc, err);
    return rc < 0 ? rc : skip_bytes(s, 4 * others, err);
}

/* plain 0: the end. */
static int read_block_header(struct slip_stream *s, struct block *b, struct slip_error **err)
{
    int rc = fetch_number(s, 4, &b->plain, err);

    if (rc < 0 || b->plain == 0)
        return rc;
    rc = fetch_number(s, 4, &b->packed, err);
    if (rc < 0)
        return rc;
    if (b->plain > SLIP_LIMIT_LZO_BLOCK_BYTES || b->packed == 0 || b->packed > b->plain)
        return slip__stream_corrupt(s, "a block has an impossible size", err);
    return read_sums(s, s->state, b, err);
}

static int reserve(uint8_t **buffer, size_t *cap, size_t bytes, struct slip_error **err)
{
    if (bytes <= *cap)
        return 0;
    free(*buffer);
    *cap = 0;
    *buffer = malloc(bytes);
    if (!*buffer)
        return slip__error_oom(err);
    *cap = bytes;
    return 0;
}

static int unpack_block(struct slip_stream *s, const struct block *b, uint8_t *dst,
                        struct slip_error **err)
{
    struct lzo *z = s->state;
    lzo_uint made = b->plain;
    int rc;

    if (b->packed == b->plain) {
        rc = slip__stream_fetch(s, dst, b->plain, err);
    } else {
        rc = reserve(&z->packed, &z->packed_cap, b->packed, err);
        if (rc == 0)
            rc = slip__stream_fetch(s, z->packed, b->packed, err);
        if (rc == 0 && (lzo1x_decompress_safe(z->packed, b->packed, dst, &made, NULL) != LZO_E_OK ||
                        made != b->plain))
            return slip__stream_corrupt(s, "a block does not decompress", err);
    }
    if (rc == 0 && ((b->has_adler && adler32(1, dst, b->plain) != b->adler) ||
                    (b->has_crc && crc32(0, dst, b->plain) != b->crc)))
        return slip__stream_corrupt(s, "a checksum differs", err);
    return rc;
}

static int lzo_read(struct slip_stream *s, uint8_t *dst, size_t cap, size_t *ret,
                    struct slip_error **err)
{
    struct lzo *z = s->state;
    struct block b = {0};
    int rc;

    if (z->at == z->len) {
        rc = read_block_header(s, &b, err);
        if (rc < 0 || b.plain == 0)
            return rc;
        if (b.plain <= cap) {
            *ret = b.plain;
            return unpack_block(s, &b, dst, err);
        }
        rc = reserve(&z->block, &z->block_cap, b.plain, err);
        if (rc == 0)
            rc = unpack_block(s, &b, z->block, err);
        if (rc < 0)
            return rc;
        z->at = 0;
        z->len = b.plain;
    }
    *ret = z->len - z->at < cap ? z->len - z->at : cap;
    memcpy(dst, z->block + z->at, *ret);
    z->at += *ret;
    return 0;
}

static void lzo_close(struct slip_stream *s)
{
    struct lzo *z = s->state;

    if (z) {
        free(z->packed);
        free(z->block);
    }
    free(z);
    s->state = NULL;
}

const struct slip_codec slip__codec_lzo = {
    .name = "lzo",
    .magic = MAGIC,
    .magic_bytes = MAGIC_BYTES,
    .open = lzo_open,
    .read = lzo_read,
    .close = lzo_close,
};
