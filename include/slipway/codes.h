/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The SLIP-nnn codes. One table (codes.def) makes this enum, docs/errors.md and what `slipway explain` prints.
 * A number is never reused; a retired code stays in the table.
 */
#ifndef SLIPWAY_CODES_H
#define SLIPWAY_CODES_H

#include "slipway/api.h"

SLIP_BEGIN_DECLS

enum slip_severity { SLIP_NOTE, SLIP_WARNING, SLIP_ERROR };

enum slip_code {
    SLIP_CODE_NONE = 0,
#define SLIP_CODE(number, symbol, severity, title, story) SLIP_CODE_##symbol = number,
#include "slipway/codes.def"
#undef SLIP_CODE
};

struct slip_code_info {
    unsigned number;             /* nnn of SLIP-nnn */
    enum slip_severity severity; /* what it is unless a personality changes it */
    const char *title;           /* one line */
    const char *story;           /* paragraphs: what it means, why it is so, what to do */
};

/* The entry of a code, or NULL if there is none. Static storage. */
SLIP_API const struct slip_code_info *slip_code_find(unsigned number);
/* The index-th entry in number order, NULL past the end. */
SLIP_API const struct slip_code_info *slip_code_at(unsigned index);

SLIP_END_DECLS

#endif
