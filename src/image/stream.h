/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A pull stream over a piece of a file, decompressing on the way: bytes go from the codec straight to where the reader
 * wants them. Knows no ELF and no guest. Codecs: the const table in codecs.c.
 */
#ifndef SLIP_IMAGE_STREAM_H
#define SLIP_IMAGE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/progress.h"
#include "image/limits.h"

struct slip_stream;

/*
 * One way to compress. read() puts up to cap (never 0) bytes at dst and their number in *ret; 0 is the end of the stream.
 * It may return less than cap at any time. open() may be called again after close().
 */
struct slip_codec {
    const char *name;
    const char *magic;
    size_t magic_bytes;
    const char *missing; /* why there is only the name of it: "this build cannot unpack"; NULL: it works */
    bool own_size; /* ends in its own 4-byte size, so that the kernel's build appends none */
    bool
        skippable; /* frames of user data may lie between its members: 0x184d2a5? (zstd's RFC 8878, lz4's format) */
    int (*open)(struct slip_stream *s, struct slip_error **err);
    int (*read)(struct slip_stream *s, uint8_t *dst, size_t cap, size_t *ret,
                struct slip_error **err);
    void (*close)(struct slip_stream *s); /* takes a half-open or closed one */
};

/* "none": the bytes as they are. */
extern const struct slip_codec slip__codec_none;
extern const struct slip_codec slip__codec_gzip;
extern const struct slip_codec slip__codec_bzip2;
extern const struct slip_codec slip__codec_lzma;
extern const struct slip_codec slip__codec_xz;
extern const struct slip_codec slip__codec_lzo;
extern const struct slip_codec slip__codec_lz4_legacy;
extern const struct slip_codec slip__codec_lz4;
extern const struct slip_codec slip__codec_zstd;

/* The codec whose magic the bytes start with, or NULL. Never "none". */
const struct slip_codec *slip__codec_find(const void *bytes, size_t len);
/* The index-th codec, NULL past the end. */
const struct slip_codec *slip__codec_at(size_t index);

/* A kernel file's bytes. */
struct slip_source {
    int fd;                /* borrowed */
    const uint8_t *memory; /* not NULL: they are here, not in fd. Borrowed */
    uint64_t bytes;
};
/* Exactly len bytes from offset on to dst (source.c). */
int slip__source_read(const struct slip_source *source, void *dst, uint64_t len, uint64_t offset,
                      struct slip_error **err);

struct slip_stream {
    const struct slip_codec *codec;
    struct slip_source source;
    uint64_t start, end; /* the compressed bytes, as offsets in the source */
    uint64_t limit;      /* most bytes it may inflate to */
    uint64_t pos;        /* where the reader is, in inflated bytes */
    uint64_t made; /* inflated bytes the codec has given out; differs from pos in the head only */
    bool ended;    /* the codec said so */
    bool members;  /* a file of its own: one packed stream may follow the other, zeros fill it up */
    unsigned rewinds;
    void *state; /* the codec's */

    uint8_t *head; /* the first head_len bytes, kept by slip__stream_peek(); owned */
    size_t head_len;

    /* Compressed bytes fetched but not yet used, for codecs that pull through slip__stream_pump(). */
    uint64_t fetched; /* file offset after them */
    uint8_t *in;
    size_t in_at, in_len;

    slip_bytes_fn *progress; /* may be NULL; told the position and progress_total */
    uint64_t progress_total;
    void *progress_payload;
};

/* What slip__stream_peek() keeps at most: enough for every header that is searched for. */
#define SLIP_STREAM_HEAD_BYTES (32u << 10)

/* Opens a stream over bytes [start, end) of a source. Disposed of by the caller, also on failure. */
int slip__stream_open(struct slip_stream *s, const struct slip_source *source,
                      const struct slip_codec *codec, uint64_t start, uint64_t end, uint64_t limit,
                      struct slip_error **err);
void slip__stream_dispose(struct slip_stream *s);
/* The first bytes of a stream just opened: up to SLIP_STREAM_HEAD_BYTES, fewer if it ends before. They stay known, so that
 * reading them again costs nothing. */
int slip__stream_peek(struct slip_stream *s, struct slip_error **err);
/* Exactly len bytes to dst. The end coming sooner is an error that says where. */
int slip__stream_read(struct slip_stream *s, void *dst, uint64_t len, struct slip_error **err);
/* At least one and at most cap bytes to dst; 0 in *ret: the end. */
int slip__stream_read_some(struct slip_stream *s, void *dst, size_t cap, size_t *ret,
                           struct slip_error **err);
/* Goes to offset: forward by reading through a scratch buffer, backward by starting again, at most SLIP_LIMIT_REWINDS
 * times. Uncompressed streams just go there. */
int slip__stream_seek(struct slip_stream *s, uint64_t offset, struct slip_error **err);
/* Back to the start, without counting as a rewind. */
int slip__stream_restart(struct slip_stream *s, struct slip_error **err);
/* Reads and forgets up to the end, or until more than limit bytes were made. */
int slip__stream_drain(struct slip_stream *s, struct slip_error **err);
/* Reads to the end; then nothing may be left between the stream's end and its last byte in the file. */
int slip__stream_finish(struct slip_stream *s, struct slip_error **err);

/* For codecs. */

#define SLIP_STREAM_INPUT_BYTES (64u << 10)

enum slip_step {
    SLIP_STEP_MORE,
    SLIP_STEP_END,
    SLIP_STEP_CORRUPT,
    SLIP_STEP_NOMEM,
    SLIP_STEP_DICT
};

/* One step of a library's decompressor. Takes from in, puts to out, and moves both pairs on. *ret_why may be set to the
 * library's reason (static text). */
struct slip_step_io {
    const uint8_t *in;
    size_t in_len;
    uint8_t *out;
    size_t out_len;
    const char *why;
    uint64_t wanted_bytes; /* SLIP_STEP_DICT: memory it asks for, 0 if not known */
};
typedef enum slip_step slip_step_fn(void *state, struct slip_step_io *io);

/* A codec's read() in terms of its step. */
int slip__stream_pump(struct slip_stream *s, slip_step_fn *step, uint8_t *dst, size_t cap,
                      size_t *ret, struct slip_error **err);
/* Compressed bytes that are still unread, fetched or not. */
uint64_t slip__stream_left(const struct slip_stream *s);
/* Exactly len compressed bytes to dst. */
int slip__stream_fetch(struct slip_stream *s, void *dst, size_t len, struct slip_error **err);
/* "xz stream is corrupt at file offset N: why". */
int slip__stream_corrupt(const struct slip_stream *s, const char *why, struct slip_error **err);
/* "xz stream is cut off: ..." */
int slip__stream_truncated(const struct slip_stream *s, struct slip_error **err);

#endif
