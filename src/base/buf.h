/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A growing byte buffer for building texts and tables. Sticky: after a failed append it stays failed. */
#ifndef SLIP_BASE_BUF_H
#define SLIP_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slipway/api.h"

struct slip_buf {
    char *data; /* always ends in a NUL that len does not count, once anything was appended */
    size_t len;
    size_t cap;
    bool failed; /* memory was short: what is in data is incomplete */
};

void slip__buf_dispose(struct slip_buf *buf);
/* Room for len more bytes and the NUL; false: there is no memory. */
bool slip__buf_reserve(struct slip_buf *buf, size_t len);
void slip__buf_put(struct slip_buf *buf, const void *bytes, size_t len);
void slip__buf_puts(struct slip_buf *buf, const char *text);
void slip__buf_putc(struct slip_buf *buf, char c);
void slip__buf_printf(struct slip_buf *buf, const char *fmt, ...) SLIP_PRINTF(2, 3);
/* Little-endian number of 1 to 8 bytes, for binary tables. */
void slip__buf_uint(struct slip_buf *buf, uint64_t value, unsigned bytes);
/* Overwrites a number already appended; offset + bytes must lie inside. */
void slip__buf_patch(struct slip_buf *buf, size_t offset, uint64_t value, unsigned bytes);
/* Zeros up to a multiple of align. */
void slip__buf_align(struct slip_buf *buf, size_t align);
/* Takes the text out (free() it); NULL if anything failed. */
char *slip__buf_steal(struct slip_buf *buf);

#endif
