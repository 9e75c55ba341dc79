/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzz target: Multiboot headers. The first byte says how the rest is meant, so that the fuzzer gets past the checksums:
 *   0  a whole file
 *   1  flags and addresses of a version 1 header, and what follows
 *   2  the tags of a version 2 header, and what follows
 * Bit 7: an ELF file is put before it, whose first segment it is.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "abi/multiboot_header.h"
#include "fuzz.h"
#include "image_target.h"

#define MAX_BYTES (1u << 16)
#define ELF_BYTES 0x60u

static void put(uint8_t *at, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

/* The headers of an ELF32 that loads all that follows them to the fuzzer's RAM. */
static void put_elf(uint8_t *at, size_t len)
{
    static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', 1, 1, 1};

    memcpy(at, ident, sizeof(ident));
    put(at + 16, 2, 2);
    put(at + 18, 3, 2);
    put(at + 24, FUZZ_RAM_GPA + 0x40, 4);
    put(at + 28, 52, 4);
    put(at + 42, 32, 2);
    put(at + 44, 1, 2);
    put(at + 52, 1, 4);
    put(at + 56, ELF_BYTES, 4);
    put(at + 60, FUZZ_RAM_GPA, 4);
    put(at + 64, FUZZ_RAM_GPA, 4);
    put(at + 68, len, 4);
    put(at + 72, len, 4);
    put(at + 76, 5, 4);
}

static void put_header(uint8_t *at, unsigned version, const uint8_t *bytes, size_t len)
{
    uint32_t second = 0, sum = version == 1 ? SLIP_MB1_MAGIC : SLIP_MB2_MAGIC;

    put(at, sum, 4);
    if (version == 1) {
        memcpy(at + SLIP_MB1_FLAGS, bytes, 4);
        second = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
                 (uint32_t)bytes[3] << 24;
        put(at + SLIP_MB1_CHECKSUM, 0u - sum - second, 4);
        memcpy(at + SLIP_MB1_BYTES, bytes + 4, len - 4);
    } else {
        second = (uint32_t)(SLIP_MB2_BYTES + len);
        put(at + SLIP_MB2_LENGTH, second, 4);
        put(at + SLIP_MB2_CHECKSUM, 0u - sum - second, 4);
        memcpy(at + SLIP_MB2_BYTES, bytes, len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    size_t before, total;
    uint8_t *file;

    if (len < 5 || len > MAX_BYTES)
        return 0;
    if ((bytes[0] & 0x7f) % 3 == 0) {
        fuzz_image(bytes + 1, len - 1);
        return 0;
    }
    before = bytes[0] & 0x80 ? ELF_BYTES : 0;
    total = before + SLIP_MB2_BYTES + len - 1;
    file = calloc(1, total);
    if (!file)
        return 0;
    if (before)
        put_elf(file, total - before);
    put_header(file + before, (bytes[0] & 0x7f) % 3, bytes + 1, len - 1);
    fuzz_image(file, total);
    free(file);
    return 0;
}
