/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzzes the reader and the writer of s-expressions: any bytes as one, strictly and leniently. What was read is written for each of
 * xend's versions, read again and written again, which must give the same bytes.
 */
#include "fuzz.h"
#include "text_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (unsigned version = 1; version <= 4; version++) {
        const struct slip_guest_options from = {.size = sizeof(from),
                                                .flags = SLIP_GUEST_CONVERT |
                                                         (version & 1 ? 0 : SLIP_GUEST_XL_COMPAT),
                                                .format = "sxpr"};
        const struct slip_convert_options to = {
            .size = sizeof(to), .format = "sxpr", .compact = version & 1, .xend_version = version};
        struct slip_guest *guest = fuzz_read(data, size, &from);

        if (guest)
            fuzz_there_and_back(guest, &from, &to);
        slip_guest_free(guest);
    }
    return 0;
}
