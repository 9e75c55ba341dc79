/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzzes the reader and the writer of libxl's JSON: any bytes as one; what was read is written, read again and
 * written again, which must give the same bytes. */
#include "fuzz.h"
#include "text_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct slip_guest_options from = {
        .size = sizeof(from), .flags = SLIP_GUEST_CONVERT, .format = "libxl-json"};
    const struct slip_convert_options to = {.size = sizeof(to), .format = "libxl-json"};
    struct slip_guest *guest = fuzz_read(data, size, &from);

    if (guest)
        fuzz_there_and_back(guest, &from, &to);
    slip_guest_free(guest);
    return 0;
}
