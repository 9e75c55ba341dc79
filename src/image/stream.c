/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pull stream. Knows no codec but through its table row; see stream.h. */
#include "image/stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/ckd.h"
#include "base/cleanup.h"
#include "image/limits.h"

/* What skipping and finishing read through: small, so that it stays in the CPU's cache. */
#define SCRATCH_BYTES (64u << 10)

#define ULL(x) ((unsigned long long)(x))

int slip__stream_open(struct slip_stream *s, const struct slip_source *source,
                      const struct slip_codec *codec, uint64_t start, uint64_t end, uint64_t limit,
                      struct slip_error **err)
{
    *s = (struct slip_stream){
        .codec = codec, .source = *source, .start = start, .end = end, .limit = limit};
    return slip__stream_restart(s, err);
}

void slip__stream_dispose(struct slip_stream *s)
{
    if (s->codec)
        s->codec->close(s);
    free(s->in);
    free(s->head);
    *s = (struct slip_stream){.source = {.fd = -1}};
}

/* The codec at its start again. */
static int begin(struct slip_stream *s, struct slip_error **err)
{
    s->codec->close(s);
    s->made = 0;
    s->ended = false;
    s->fetched = s->start;
    s->in_at = s->in_len = 0;
    return s->codec->open(s, err);
}

int slip__stream_restart(struct slip_stream *s, struct slip_error **err)
{
    s->pos = 0;
    return begin(s, err);
}

/* Some bytes from the codec, at least one unless the stream ends. */
static int make_some(struct slip_stream *s, void *dst, size_t cap, size_t *ret,
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
    s->made += *ret;
    return 0;
}

static int ends_early(const struct slip_stream *s, uint64_t missing, struct slip_error **err)
{
    return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_TRUNCATED,
                            "the data ends at 0x%llx, %llu more bytes are needed", ULL(s->made),
                            ULL(missing));
}

static int skip(struct slip_stream *s, uint64_t len, struct slip_error **err)
{
    SLIP_AUTO_FREE uint8_t *scratch = NULL;

    if (len == 0)
        return 0;
    scratch = malloc(SCRATCH_BYTES);
    if (!scratch)
        return slip__error_oom(err);
    while (len) {
        size_t got;
        int rc = make_some(s, scratch, len < SCRATCH_BYTES ? len : SCRATCH_BYTES, &got, err);

        if (rc < 0)
            return rc;
        if (got == 0)
            return ends_early(s, len, err);
        len -= got;
        if (s->progress)
            s->progress(s->made, s->progress_total, s->progress_payload);
    }
    return 0;
}

/* Brings the codec to where the reader is. */
static int catch_up(struct slip_stream *s, struct slip_error **err)
{
    if (s->codec == &slip__codec_none) {
        s->made = s->pos;
        s->ended = false;
        return 0;
    }
    if (s->pos < s->made) {
        int rc;

        if (s->rewinds == SLIP_LIMIT_REWINDS)
            return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_REWINDS,
                                    "byte 0x%llx is behind 0x%llx, and the %s stream was already "
                                    "started again %u times, the limit",
                                    ULL(s->pos), ULL(s->made), s->codec->name, s->rewinds);
        s->rewinds++;
        rc = begin(s, err);
        if (rc < 0)
            return rc;
    }
    return skip(s, s->pos - s->made, err);
}

/* What of [pos, pos + len) is kept. */
static size_t from_head(struct slip_stream *s, void *dst, uint64_t len)
{
    size_t n = s->pos < s->head_len ? s->head_len - (size_t)s->pos : 0;

    if (n > len)
        n = (size_t)len;
    if (n)
        memcpy(dst, s->head + s->pos, n);
    s->pos += n;
    return n;
}

int slip__stream_read(struct slip_stream *s, void *dst, uint64_t len, struct slip_error **err)
{
    size_t got = from_head(s, dst, len);
    uint8_t *p = (uint8_t *)dst + got;
    int rc;

    len -= got;
    if (got && s->progress)
        s->progress(s->pos, s->progress_total, s->progress_payload);
    rc = len ? catch_up(s, err) : 0;
    while (rc == 0 && len) {
        rc = make_some(s, p, len, &got, err);
        if (rc < 0)
            return rc;
        if (got == 0)
            return ends_early(s, len, err);
        p += got;
        len -= got;
        s->pos += got;
        if (s->progress)
            s->progress(s->pos, s->progress_total, s->progress_payload);
    }
    return rc;
}

int slip__stream_read_some(struct slip_stream *s, void *dst, size_t cap, size_t *ret,
                           struct slip_error **err)
{
    int rc;

    *ret = from_head(s, dst, cap);
    if (*ret)
        return 0;
    rc = catch_up(s, err);
    if (rc == 0)
        rc = make_some(s, dst, cap, ret, err);
    s->pos = s->made;
    return rc;
}

int slip__stream_peek(struct slip_stream *s, struct slip_error **err)
{
    size_t got = 1;
    int rc = 0;

    s->head = malloc(SLIP_STREAM_HEAD_BYTES);
    if (!s->head)
        return slip__error_oom(err);
    while (rc == 0 && got && s->head_len < SLIP_STREAM_HEAD_BYTES) {
        rc = make_some(s, s->head + s->head_len, SLIP_STREAM_HEAD_BYTES - s->head_len, &got, err);
        s->head_len += got;
    }
    return rc;
}

int slip__stream_seek(struct slip_stream *s, uint64_t offset, struct slip_error **err)
{
    s->pos = offset;
    return offset < s->head_len ? 0 : catch_up(s, err);
}

uint64_t slip__stream_left(const struct slip_stream *s)
{
    return s->end - s->fetched + (s->in_len - s->in_at);
}

int slip__stream_drain(struct slip_stream *s, struct slip_error **err)
{
    SLIP_AUTO_FREE uint8_t *scratch = malloc(SCRATCH_BYTES);
    size_t got = 1;

    if (!scratch)
        return slip__error_oom(err);
    while (got && s->made <= s->limit) {
        int rc = make_some(s, scratch, SCRATCH_BYTES, &got, err);

        if (rc < 0)
            return rc;
        s->pos = s->made;
        if (s->progress)
            s->progress(s->pos, s->progress_total, s->progress_payload);
    }
    return 0;
}

int slip__stream_finish(struct slip_stream *s, struct slip_error **err)
{
    int rc = slip__stream_drain(s, err);

    if (rc < 0)
        return rc;
    if (s->made > s->limit)
        return slip__error_code(
            err, SLIP_EIMAGE, SLIP_CODE_IMAGE_INFLATES_FURTHER,
            "the %s stream goes on past the %llu bytes that its size field promises",
            s->codec->name, ULL(s->limit));
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
    rc = slip__source_read(&s->source, s->in, n, s->fetched, err);
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
    rc = slip__source_read(&s->source, dst, len, s->fetched, err);
    if (rc == 0)
        s->fetched += len;
    return rc;
}

/* Does another packed stream follow the one that ended? Zeros before it, or instead of it, are filling. */
static int next_member(struct slip_stream *s, bool *ret, struct slip_error **err)
{
    uint8_t magic[8] = {0};
    const struct slip_codec *codec = s->codec;
    size_t n;
    int rc = 0;

    *ret = false;
    for (;; s->in_at++) {
        if (s->in_at == s->in_len)
            rc = refill(s, err);
        if (rc < 0 || s->in_at == s->in_len)
            return rc;
        if (s->in[s->in_at])
            break;
    }
    n = s->in_len - s->in_at;
    memcpy(magic, s->in + s->in_at, n < sizeof(magic) ? n : sizeof(magic));
    if (n < sizeof(magic)) {
        uint64_t more = s->end - s->fetched;

        if (more > sizeof(magic) - n)
            more = sizeof(magic) - n;
        rc = slip__source_read(&s->source, magic + n, more, s->fetched, err);
    }
    *ret = memcmp(magic, codec->magic, codec->magic_bytes) == 0 ||
           (codec->skippable && (magic[0] & 0xf0) == 0x50 &&
            memcmp(magic + 1, "\x2a\x4d\x18", 3) == 0);
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
            bool more = false;
            int rc = s->members ? next_member(s, &more, err) : 0;

            if (rc == 0 && more) {
                s->codec->close(s);
                rc = s->codec->open(s, err);
            }
            s->ended = !more;
            if (rc < 0 || s->ended || *ret)
                return rc;
            continue;
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
                            s->codec->name, ULL(s->end - slip__stream_left(s)), ULL(s->made),
                            why ? ": " : "", why ? why : "");
}

int slip__stream_truncated(const struct slip_stream *s, struct slip_error **err)
{
    return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_STREAM_TRUNCATED,
                            "the %s stream is cut off: its %llu bytes end after %llu bytes of "
                            "decompressed data, before its own end",
                            s->codec->name, ULL(s->end - s->start), ULL(s->made));
}
