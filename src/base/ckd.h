/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checked arithmetic for numbers that come from outside. Each returns true when the true result does not fit. */
#ifndef SLIP_BASE_CKD_H
#define SLIP_BASE_CKD_H

#include <stdbool.h>
#include <stdint.h>

#define slip__ckd_add(ret, a, b) __builtin_add_overflow(a, b, ret)
#define slip__ckd_mul(ret, a, b) __builtin_mul_overflow(a, b, ret)

/* Is [start, start + len) inside [0, size)? */
static inline bool slip__range_fits(uint64_t start, uint64_t len, uint64_t size)
{
    return start <= size && len <= size - start;
}

/* Do [a, a + alen) and [b, b + blen) share a byte? Neither may wrap. Empty ranges share none. */
static inline bool slip__range_overlaps(uint64_t a, uint64_t alen, uint64_t b, uint64_t blen)
{
    return alen && blen && a < b + blen && b < a + alen;
}

/* align is a power of two. */
static inline uint64_t slip__align_down(uint64_t value, uint64_t align)
{
    return value & ~(align - 1);
}

/* True when rounding up does not fit. */
static inline bool slip__ckd_align_up(uint64_t *ret, uint64_t value, uint64_t align)
{
    if (slip__ckd_add(ret, value, align - 1))
        return true;
    *ret = slip__align_down(*ret, align);
    return false;
}

#endif
