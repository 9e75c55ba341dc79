/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz target: any bytes as a kernel file, loaded and described. */
#include "fuzz.h"
#include "image_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    fuzz_image(bytes, len);
    return 0;
}
