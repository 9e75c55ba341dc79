/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzzes the reader of libvirt's XML: any bytes as a description; a guest that comes of it is written, and what was written reads back
 * and writes the same. */
#include "fuzz.h"
#include "text_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct slip_guest_options from = {
        .size = sizeof(from), .format = "libvirt", .flags = SLIP_GUEST_CONVERT};
    const struct slip_convert_options xml = {.size = sizeof(xml), .format = "libvirt"};
    const struct slip_convert_options xl = {.size = sizeof(xl), .format = "xl"};
    struct slip_guest *guest = fuzz_read(data, size, &from);

    if (guest && fuzz_there_and_back(guest, &from, &xml))
        free(fuzz_write(guest, &xl));
    slip_guest_free(guest);
    return 0;
}
