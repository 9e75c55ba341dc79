/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What any format asks of a text before it looks at it. */
#ifndef SLIP_CONFIG_TEXT_H
#define SLIP_CONFIG_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/diag.h"

/* Are text's bytes UTF-8? If not, *ret_bad is the offset of the first that is not. */
bool slip__text_utf8(const char *text, size_t len, size_t *ret_bad);

/* Is the text of that source of a sane size, without NUL, and UTF-8? If not, diags says why. */
bool slip__text_sound(unsigned source, const char *text, size_t len, struct slip_diags *diags);

static inline struct slip_span slip__text_span(unsigned source, size_t start, size_t end)
{
    return (struct slip_span){source, (unsigned)start, (unsigned)end};
}

#endif
