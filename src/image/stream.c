/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pull stream. Knows no codec but through its table row; see stream.h. */
#include "image/stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/ckd.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "image/limits.h"

/* What skipping and finishing read through: small, so that it stays in the CPU's cache. */
#define SCRATCH_BYTES (64u << 10)

#define ULL(x) ((unsigned long long)(x))

int slip__stream_open(struct slip_stream *s, int fd, const struct slip_codec *codec, uint64_t start,
                      uint64_t end, uint64_t limit, struct slip_error **err)
{
    *s = (struct slip_stream){.codec = codec, .fd = fd, .start = start, .end = end, .limit = limit};
    return slip__stream_restart(s, err);
}

void slip__stream_dispose(struct slip_stream *s)
{
    if (s->codec)
        s->codec->close(s);
    free(s->in);
    *s = (struct slip_stream){.fd = -1};
}

int slip__stream_restart(struct slip_stream *s, struct slip_error **err)
{
    s->codec->close(s);
    s->pos = 0;
    s->ended = false;
    s->fetched = s->start;
    s->in_at = s->in_len = 0;
    return s->codec->open(s, err);
}

/* Some bytes, at least one unless the stream ends. Tells the progress. */
static int read_some(struct slip_stream *s, void *dst, size_t cap, size_t *ret,
                     struct slip_error **err)
{
    int rc;

    *ret = 0;
    if (s->ended)
        return 0;
    rc = s->codec->read(s, dst, cap, ret, err);
    if (rc < 0)
        return rc;
    if (*ret == 0)
        s->ended = true;
    s->pos += *ret;
    if (s->progress)
        s->progress(s->pos, s->progress_total, s->progress_payload);
    return 0;
}

int slip__stream_read(struct slip_stream *s, void *dst, uint64_t len, struct slip_error **err)
{
    uint8_t *p = dst;

    while (len) {
        size_t got;
        int rc = read_some(s, p, len, &got, err);

        if (rc < 0)
            return rc;
        if (got == 0)
            return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_TRUNCATED,
                                    "the data ends at 0x%llx, %llu more bytes are needed",
                                    ULL(s->pos), ULL(len));
        p += got;
        len -= got;
    }
    return 0;
}

static int skip(struct slip_stream *s, uint64_t len, struct slip_error **err)
{
    SLIP_AUTO_FREE uint8_t *scratch = NULL;
    int rc = 0;

    if (len == 0)
        return 0;
    scratch = malloc(SCRATCH_BYTES);
    if (!scratch)
        return slip__error_oom(err);
    while (len && rc == 0) {
        uint64_t n = len < SCRATCH_BYTES ? len : SCRATCH_BYTES;

        rc = slip__stream_read(s, scratch, n, err);
        len -= n;
    }
    return rc;
}

int slip__stream_seek(struct slip_stream *s, uint64_t offset, struct slip_error **err)
{
    int rc;

    if (s->codec == &slip__codec_none) {
        s->pos = offset;
        s->ended = false;
        return 0;
    }
    if (offset < s->pos) {
        if (s->rewinds == SLIP_LIMIT_REWINDS)
            return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_REWINDS,
                                    "byte 0x%llx is behind 0x%llx, and the %s stream was already "
                                    "started again %u times, the limit",
                                    ULL(offset), ULL(s->pos), s->codec->name, s->rewinds);
        s->rewinds++;
        rc = slip__stream_restart(s, err);
        if (rc < 0)
            return rc;
    }
    return skip(s, offset - s->pos, err);
}

uint64_t slip__stream_left(const struct slip_stream *s)
{
    return s->end - s->fetched + (s->in_len - s->in_at);
}

int slip__stream_finish(struct slip_stream *s, struct slip_error **err)
{
    SLIP_AUTO_FREE uint8_t *scratch = malloc(SCRATCH_BYTES);
    size_t got;

    if (!scratch)
        return slip__error_oom(err);
    do {
        int rc = read_some(s, scratch, SCRATCH_BYTES, &got, err);

        if (rc < 0)
            return rc;
        if (s->pos > s->limit)
            return slip__error_code(
                err, SLIP_EIMAGE, SLIP_CODE_IMAGE_INFLATES_FURTHER,
                "the %s stream goes on past the %llu bytes that its size field promises",
                s->codec->name, ULL(s->limit));
    } while (got);
    if (s->codec != &slip__codec_none && slip__stream_left(s))
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_TRAILING,
                                "%llu bytes of something else follow the %s stream at file offset "
                                "0x%llx",
                                ULL(slip__stream_left(s)), s->codec->name,
                                ULL(s->end - slip__stream_left(s)));
    return 0;
}

static int refill(struct slip_stream *s, struct slip_error **err)
{
    uint64_t left = s->end - s->fetched;
    size_t n = left < SLIP_STREAM_INPUT_BYTES ? (size_t)left : SLIP_STREAM_INPUT_BYTES;
    int rc;

    if (!s->in) {
        s->in = malloc(SLIP_STREAM_INPUT_BYTES);
        if (!s->in)
            return slip__error_oom(err);
    }
    rc = slip__file_pread(s->fd, "the kernel file", s->in, n, s->fetched, err);
    if (rc < 0)
        return rc;
    s->fetched += n;
    s->in_at = 0;
    s->in_len = n;
    return 0;
}

int slip__stream_fetch(struct slip_stream *s, void *dst, size_t len, struct slip_error **err)
{
    int rc;

    if (len > s->end - s->fetched)
        return slip__stream_truncated(s, err);
    rc = slip__file_pread(s->fd, "the kernel file", dst, len, s->fetched, err);
    if (rc == 0)
        s->fetched += len;
    return rc;
}

static int step_failed(const struct slip_stream *s, enum slip_step result,
                       const struct slip_step_io *io, struct slip_error **err)
{
    switch (result) {
    case SLIP_STEP_NOMEM:
        return slip__error_oom(err);
    case SLIP_STEP_DICT:
        if (io->wanted_bytes)
            return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_DICTIONARY,
                                    "the %s stream asks for %llu bytes of memory to decompress, "
                                    "the limit is %llu",
                                    s->codec->name, ULL(io->wanted_bytes),
                                    SLIP_LIMIT_DICTIONARY_BYTES);
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_DICTIONARY,
                                "the %s stream asks for more memory to decompress than the limit, "
                                "%llu bytes",
                                s->codec->name, SLIP_LIMIT_DICTIONARY_BYTES);
    default:
        return slip__stream_corrupt(s, io->why, err);
    }
}

int slip__stream_pump(struct slip_stream *s, slip_step_fn *step, uint8_t *dst, size_t cap,
                      size_t *ret, struct slip_error **err)
{
    for (;;) {
        struct slip_step_io io = {.out = dst, .out_len = cap};
        enum slip_step result;
        size_t had;

        if (s->in_at == s->in_len) {
            int rc = refill(s, err);

            if (rc < 0)
                return rc;
        }
        had = s->in_len - s->in_at;
        io.in = s->in + s->in_at;
        io.in_len = had;
        result = step(s->state, &io);
        s->in_at += had - io.in_len;
        *ret = cap - io.out_len;
        if (result == SLIP_STEP_END) {
            s->ended = true;
            return 0;
        }
        if (result != SLIP_STEP_MORE)
            return step_failed(s, result, &io, err);
        if (*ret)
            return 0;
        if (had == 0)
            return slip__stream_truncated(s, err);
        if (io.in_len == had)
            return slip__stream_corrupt(s, "the decompressor makes no progress", err);
    }
}

int slip__stream_corrupt(const struct slip_stream *s, const char *why, struct slip_error **err)
{
    return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_CORRUPT,
                            "the %s stream is corrupt near file offset 0x%llx, %llu bytes into the "
                            "decompressed data%s%s",
                            s->codec->name, ULL(s->end - slip__stream_left(s)), ULL(s->pos),
                            why ? ": " : "", why ? why : "");
}

int slip__stream_truncated(const struct slip_stream *s, struct slip_error **err)
{
    return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_STREAM_TRUNCATED,
                            "the %s stream is cut off: its %llu bytes end after %llu bytes of "
                            "decompressed data, before its own end",
                            s->codec->name, ULL(s->end - s->start), ULL(s->pos));
}
