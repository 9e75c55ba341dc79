/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzz target: bzImages. The first byte says how the rest is meant, so that the fuzzer gets behind the header and the
 * compression:
 *   0  a whole file
 *   1  the payload of a well-formed bzImage, with its size trailer: packed in any way, or not
 *   2  what such a payload holds (an ELF file and what follows it), packed by lz4 here
 */
#include <lz4.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "abi/bzimage.h"
#include "fuzz.h"
#include "image_target.h"

#define SETUP_BYTES 2560u
#define MAX_BYTES   (1u << 20)

static void put(uint8_t *at, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

/* A file with len bytes of payload; free it. */
static uint8_t *wrap(const uint8_t *payload, size_t len)
{
    uint8_t *file = calloc(1, SETUP_BYTES + len);

    if (!file)
        return NULL;
    memcpy(file + SLIP_BZIMAGE_HEADER, SLIP_BZIMAGE_MAGIC, SLIP_BZIMAGE_MAGIC_BYTES);
    put(file + SLIP_BZIMAGE_VERSION, 0x20f, 2);
    put(file + SLIP_BZIMAGE_LOADFLAGS, SLIP_BZIMAGE_LOADED_HIGH, 1);
    put(file + SLIP_BZIMAGE_XLOADFLAGS, SLIP_BZIMAGE_XLF_KERNEL_64, 2);
    put(file + SLIP_BZIMAGE_PREF_ADDRESS, 0x1000000, 8);
    /* Offset 0 means none, so one sector of the setup counts as the code before the payload. */
    put(file + SLIP_BZIMAGE_SETUP_SECTS, SETUP_BYTES / SLIP_BZIMAGE_SECTOR_BYTES - 2, 1);
    put(file + SLIP_BZIMAGE_PAYLOAD_OFFSET, SLIP_BZIMAGE_SECTOR_BYTES, 4);
    put(file + SLIP_BZIMAGE_PAYLOAD_LENGTH, len, 4);
    memcpy(file + SETUP_BYTES, payload, len);
    return file;
}

static void run_payload(const uint8_t *payload, size_t len)
{
    uint8_t *file = wrap(payload, len);

    if (file)
        fuzz_image(file, SETUP_BYTES + len);
    free(file);
}

static void run_packed(const uint8_t *elf, size_t len)
{
    int cap = LZ4_compressBound((int)len), n;
    uint8_t *packed = malloc((size_t)cap + 12);

    if (!packed)
        return;
    put(packed, 0x184c2102, 4);
    n = LZ4_compress_default((const char *)elf, (char *)packed + 8, (int)len, cap);
    put(packed + 4, (uint32_t)n, 4);
    put(packed + 8 + n, len, 4);
    run_payload(packed, (size_t)n + 12);
    free(packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len == 0 || len > MAX_BYTES)
        return 0;
    switch (bytes[0] % 3) {
    case 0:
        fuzz_image(bytes + 1, len - 1);
        break;
    case 1:
        run_payload(bytes + 1, len - 1);
        break;
    default:
        run_packed(bytes + 1, len - 1);
    }
    return 0;
}
