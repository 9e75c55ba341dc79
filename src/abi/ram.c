/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The checked door from guest addresses to host pointers. Knows no engine. */
#include "abi/ram.h"

#include "base/ckd.h"
#include "base/error.h"

int slip__ram_contains(const struct slip_ram *ram, uint64_t gpa, uint64_t len)
{
    for (unsigned i = 0; i < ram->n_regions; i++) {
        const struct slip_ram_region *r = &ram->regions[i];

        if (gpa >= r->gpa && slip__range_fits(gpa - r->gpa, len, r->size))
            return 1;
    }
    return 0;
}

void *slip__ram_at(struct slip_ram *ram, const char *what, uint64_t gpa, uint64_t len,
                   struct slip_error **err)
{
    const struct slip_ram_region *last = ram->n_regions ? &ram->regions[ram->n_regions - 1] : 0;

    if (!slip__ram_contains(ram, gpa, len)) {
        slip__error_code(
            err, SLIP_EIMAGE, SLIP_CODE_OUTSIDE_RAM,
            "%s: guest address 0x%llx + 0x%llx bytes is outside its RAM, which ends at 0x%llx",
            what, (unsigned long long)gpa, (unsigned long long)len,
            last ? (unsigned long long)(last->gpa + last->size) : 0ull);
        return 0;
    }
    return ram->map(ram, gpa, len, err);
}

uint64_t slip__ram_bytes(const struct slip_ram *ram)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < ram->n_regions; i++)
        sum += ram->regions[i].size;
    return sum;
}
