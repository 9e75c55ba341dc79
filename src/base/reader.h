/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A bounded, sticky reader of little-endian binary input: the only way foreign bytes become numbers.
 *
 * A read outside the bytes returns 0 and poisons the reader; check slip__reader_ok() after each phase. There is no way to
 * read past the end, and no pointer into the bytes without its length having been checked.
 */
#ifndef SLIP_BASE_READER_H
#define SLIP_BASE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/ckd.h"

struct slip_reader {
    const uint8_t *bytes;
    uint64_t size;
    uint64_t bad_offset; /* where the first bad read was, for the message */
    bool bad;
};

static inline struct slip_reader slip__reader(const void *bytes, uint64_t size)
{
    return (struct slip_reader){.bytes = bytes, .size = size};
}

static inline bool slip__reader_ok(const struct slip_reader *r)
{
    return !r->bad;
}

/* len bytes at offset, or NULL (and poison). */
static inline const uint8_t *slip__reader_at(struct slip_reader *r, uint64_t offset, uint64_t len)
{
    if (!slip__range_fits(offset, len, r->size)) {
        if (!r->bad)
            r->bad_offset = offset;
        r->bad = true;
        return NULL;
    }
    return r->bytes + offset;
}

/* An unsigned little-endian number of 1 to 8 bytes at offset. */
static inline uint64_t slip__reader_uint(struct slip_reader *r, uint64_t offset, unsigned bytes)
{
    const uint8_t *p = slip__reader_at(r, offset, bytes);
    uint64_t value = 0;

    for (unsigned i = 0; p && i < bytes; i++)
        value |= (uint64_t)p[i] << (8 * i);
    return value;
}

static inline uint8_t slip__reader_u8(struct slip_reader *r, uint64_t offset)
{
    return (uint8_t)slip__reader_uint(r, offset, 1);
}

static inline uint16_t slip__reader_u16(struct slip_reader *r, uint64_t offset)
{
    return (uint16_t)slip__reader_uint(r, offset, 2);
}

static inline uint32_t slip__reader_u32(struct slip_reader *r, uint64_t offset)
{
    return (uint32_t)slip__reader_uint(r, offset, 4);
}

static inline uint64_t slip__reader_u64(struct slip_reader *r, uint64_t offset)
{
    return slip__reader_uint(r, offset, 8);
}

#endif
