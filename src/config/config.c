/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The formats, in the order in which they are asked about a text. */
#include "config/config.h"

#include <string.h>

#include "base/cleanup.h"

/* xl comes last: it claims any text, a little. */
static const struct slip_format *const formats[] = {
    &slip__format_libvirt,
    &slip__format_xm,
    &slip__format_sxpr,
    &slip__format_libxl_json,
    &slip__format_xl,
};

const struct slip_format *slip__format_find(const char *name)
{
    for (size_t i = 0; i < SLIP_COUNT(formats); i++) {
        if (strcmp(formats[i]->name, name) == 0)
            return formats[i];
    }
    return NULL;
}

const struct slip_format *slip__format_probe(const char *text, size_t len)
{
    const struct slip_format *best = NULL;
    int likely = 0;

    for (size_t i = 0; i < SLIP_COUNT(formats); i++) {
        int p = formats[i]->probe(text, len);

        if (p > likely) {
            likely = p;
            best = formats[i];
        }
    }
    return best;
}

const struct slip_format *slip__format_at(size_t index)
{
    return index < SLIP_COUNT(formats) ? formats[index] : NULL;
}
