/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz target: any bytes as a file that one of the codecs packed: the first byte chooses whose magic is put before the rest. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "image/stream.h"
#include "image_target.h"

#define MAX_BYTES (1u << 18)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const struct slip_codec *codec;
    unsigned count = 0;
    uint8_t *file;

    if (len == 0 || len > MAX_BYTES)
        return 0;
    while (slip__codec_at(count))
        count++;
    codec = slip__codec_at(bytes[0] % count);
    file = malloc(codec->magic_bytes + len);
    if (!file)
        return 0;
    memcpy(file, codec->magic, codec->magic_bytes);
    memcpy(file + codec->magic_bytes, bytes + 1, len - 1);
    fuzz_image(file, codec->magic_bytes + len - 1);
    free(file);
    return 0;
}
