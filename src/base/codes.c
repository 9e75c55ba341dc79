/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Look-up in the one table of codes. */
#include "slipway/codes.h"

#include <stddef.h>

#include "base/cleanup.h"

static const struct slip_code_info codes[] = {
#define SLIP_CODE(number, symbol, severity, title, story) {number, severity, title, story},
#include "slipway/codes.def"
#undef SLIP_CODE
};

const struct slip_code_info *slip_code_find(unsigned number)
{
    for (size_t i = 0; i < SLIP_COUNT(codes); i++) {
        if (codes[i].number == number)
            return &codes[i];
    }
    return NULL;
}

const struct slip_code_info *slip_code_at(unsigned index)
{
    return index < SLIP_COUNT(codes) ? &codes[index] : NULL;
}
