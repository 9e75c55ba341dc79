/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Kernel files that are compressed as a whole (vmlinux.gz). How much is in one is not known before it is unpacked, and what
 * looks small may be a bomb: every way has a limit. Knows no format of what is inside but that an ELF ends somewhere.
 */
#include "image/packed.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/cleanup.h"

#define CHUNK_BYTES (256u << 10)

int slip__packed_open(struct slip_image *image, const struct slip_codec *codec,
                      struct slip_error **err)
{
    struct slip_elf *elf = image->elf;
    int rc;

    image->packing = codec->name;
    elf->bytes = SLIP_LIMIT_INFLATED_BYTES;
    elf->unknown_end = true;
    slip__stream_dispose(&elf->stream);
    rc =
        slip__stream_open(&elf->stream, &elf->source, codec, 0, elf->source.bytes, elf->bytes, err);
    elf->stream.members = true;
    return rc < 0 ? rc : slip__stream_peek(&elf->stream, err);
}

static int too_long(const struct slip_image *image, uint64_t limit, const char *what,
                    struct slip_error **err)
{
    return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_UNPACKED_LIMIT,
                            "its %llu bytes (%s) unpack to more than %llu: %s",
                            ULL(image->file_bytes), image->packing, ULL(limit), what);
}

/* Appends a chunk of the stream; *ret_got is 0 at its end. */
static int spool_chunk(struct slip_image *image, struct slip_buf *buf, uint8_t *chunk,
                       size_t *ret_got, struct slip_error **err)
{
    struct slip_stream *stream = &image->elf->stream;
    int rc = slip__stream_read_some(stream, chunk, CHUNK_BYTES, ret_got, err);

    if (rc < 0)
        return rc;
    if (stream->pos > SLIP_LIMIT_SPOOLED_BYTES)
        return too_long(image, SLIP_LIMIT_SPOOLED_BYTES, "the limit for what is no ELF file", err);
    slip__buf_put(buf, chunk, *ret_got);
    return buf->failed ? slip__error_oom(err) : 0;
}

int slip__packed_spool(struct slip_image *image, struct slip_error **err)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf buf = {0};
    SLIP_AUTO_FREE uint8_t *chunk = malloc(CHUNK_BYTES);
    struct slip_elf *elf = image->elf;
    size_t got = 1;
    int rc = chunk ? 0 : slip__error_oom(err);

    while (rc == 0 && got)
        rc = spool_chunk(image, &buf, chunk, &got, err);
    if (rc == 0)
        rc = slip__stream_finish(&elf->stream, err);
    if (rc < 0)
        return rc;
    slip__stream_dispose(&elf->stream);
    elf->unknown_end = false;
    image->unpacked_bytes = buf.len;
    elf->unpacked = (uint8_t *)slip__buf_steal(&buf);
    elf->source =
        (struct slip_source){.fd = -1, .memory = elf->unpacked, .bytes = image->unpacked_bytes};
    return 0;
}

int slip__packed_finish(struct slip_image *image, struct slip_error **err)
{
    struct slip_stream *stream = &image->elf->stream;
    int rc;

    stream->limit = image->elf_bytes + SLIP_LIMIT_PACKED_EXCESS_BYTES;
    if (stream->limit > SLIP_LIMIT_INFLATED_BYTES)
        stream->limit = SLIP_LIMIT_INFLATED_BYTES;
    rc = slip__stream_drain(stream, err);
    if (rc == 0 && stream->made > stream->limit)
        rc = too_long(image, stream->limit,
                      stream->limit < SLIP_LIMIT_INFLATED_BYTES
                          ? "the ELF in it ended long before"
                          : "the limit for a file that is compressed as a whole",
                      err);
    if (rc == 0)
        rc = slip__stream_finish(stream, err);
    if (rc == 0)
        image->unpacked_bytes = stream->made;
    return rc;
}
