/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What any format asks of a text before it looks at it. It must not know any format. */
#include "config/text.h"

#include <stdint.h>
#include <string.h>

#include "base/limits.h"

/* Mostly it is ASCII: how many bytes from at on are, counted by eights. */
static size_t ascii(const char *text, size_t at, size_t len)
{
    size_t start = at;
    uint64_t eight;

    for (; len - at >= sizeof(eight); at += sizeof(eight)) {
        memcpy(&eight, text + at, sizeof(eight));
        if (eight & 0x8080808080808080u)
            break;
    }
    return at - start;
}

bool slip__text_utf8(const char *text, size_t len, size_t *ret_bad)
{
    size_t i = ascii(text, 0, len);

    while (i < len) {
        unsigned char c = (unsigned char)text[i];
        size_t more = c < 0x80 ? 0 : c < 0xc2 ? 9 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : c < 0xf5 ? 3 : 9;
        unsigned char second = i + 1 < len ? (unsigned char)text[i + 1] : 0;

        /* Overlong forms, surrogates, and what is past U+10FFFF show in the second byte (RFC 3629, section 4). */
        if (more > len - i - 1 || (c == 0xe0 && second < 0xa0) || (c == 0xed && second > 0x9f) ||
            (c == 0xf0 && second < 0x90) || (c == 0xf4 && second > 0x8f))
            break;
        for (size_t k = 1; k <= more; k++) {
            if (((unsigned char)text[i + k] & 0xc0) != 0x80) {
                *ret_bad = i;
                return false;
            }
        }
        i += more + 1;
        i += more ? ascii(text, i, len) : 0;
    }
    *ret_bad = i;
    return i == len;
}

static struct slip_span span(unsigned source, size_t start, size_t end)
{
    return (struct slip_span){source, (unsigned)start, (unsigned)end};
}

bool slip__text_sound(unsigned source, const char *text, size_t len, struct slip_diags *diags)
{
    const char *nul = memchr(text, 0, len);
    size_t at;

    if (len > SLIP_LIMIT_DESCRIPTION_BYTES) {
        slip__diag(diags, SLIP_CODE_TOO_LONG, span(source, 0, 0),
                   "the description has %zu bytes, the limit is %u", len,
                   SLIP_LIMIT_DESCRIPTION_BYTES);
        return false;
    }
    if (nul) {
        at = (size_t)(nul - text);
        slip__diag(diags, SLIP_CODE_NUL_BYTE, span(source, at, at + 1),
                   "byte %zu of %zu is NUL: this is no text", at, len);
        return false;
    }
    if (!slip__text_utf8(text, len, &at)) {
        slip__diag(diags, SLIP_CODE_NOT_UTF8, span(source, at, at + 1),
                   "byte 0x%02x does not belong to UTF-8", (unsigned)(unsigned char)text[at]);
        return false;
    }
    return true;
}
