/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The growing byte buffer. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ckd.h"

void slip__buf_dispose(struct slip_buf *buf)
{
    free(buf->data);
    *buf = (struct slip_buf){0};
}

bool slip__buf_reserve(struct slip_buf *buf, size_t len)
{
    size_t need, cap = buf->cap ? buf->cap : 256;
    char *data;

    if (buf->failed)
        return false;
    if (slip__ckd_add(&need, buf->len, len) || slip__ckd_add(&need, need, 1u)) {
        buf->failed = true;
        return false;
    }
    if (need <= buf->cap)
        return true;
    while (cap < need) {
        if (slip__ckd_mul(&cap, cap, 2u))
            cap = need;
    }
    data = realloc(buf->data, cap);
    if (!data) {
        buf->failed = true;
        return false;
    }
    buf->data = data;
    buf->cap = cap;
    return true;
}

void slip__buf_put(struct slip_buf *buf, const void *bytes, size_t len)
{
    if (!slip__buf_reserve(buf, len))
        return;
    if (len)
        memcpy(buf->data + buf->len, bytes, len);
    buf->len += len;
    buf->data[buf->len] = 0;
}

void slip__buf_puts(struct slip_buf *buf, const char *text)
{
    slip__buf_put(buf, text, strlen(text));
}

void slip__buf_putc(struct slip_buf *buf, char c)
{
    slip__buf_put(buf, &c, 1);
}

void slip__buf_printf(struct slip_buf *buf, const char *fmt, ...)
{
    va_list ap;
    size_t room;
    int len;

    if (!slip__buf_reserve(buf, 0))
        return;
    room = buf->cap - buf->len;
    va_start(ap, fmt);
    len = vsnprintf(buf->data + buf->len, room, fmt, ap);
    va_end(ap);
    if (len >= 0 && (size_t)len >= room) { /* now the length is known */
        buf->data[buf->len] = 0;
        if (!slip__buf_reserve(buf, (size_t)len))
            return;
        va_start(ap, fmt);
        len = vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, ap);
        va_end(ap);
    }
    if (len < 0) {
        buf->data[buf->len] = 0;
        buf->failed = true;
        return;
    }
    buf->len += (size_t)len;
}

void slip__buf_uint(struct slip_buf *buf, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        slip__buf_putc(buf, (char)(value >> (8 * i)));
}

void slip__buf_patch(struct slip_buf *buf, size_t offset, uint64_t value, unsigned bytes)
{
    if (buf->failed || !slip__range_fits(offset, bytes, buf->len))
        return;
    for (unsigned i = 0; i < bytes; i++)
        buf->data[offset + i] = (char)(value >> (8 * i));
}

void slip__buf_align(struct slip_buf *buf, size_t align)
{
    while (!buf->failed && buf->len % align)
        slip__buf_putc(buf, 0);
}

char *slip__buf_steal(struct slip_buf *buf)
{
    char *data;

    slip__buf_put(buf, "", 0);
    data = buf->failed ? NULL : buf->data;
    if (!data)
        free(buf->data);
    *buf = (struct slip_buf){0};
    return data;
}
