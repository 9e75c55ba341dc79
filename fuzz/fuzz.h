/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every fuzz target defines, and both drivers (libFuzzer's and standalone.c) call. */
#ifndef SLIP_FUZZ_H
#define SLIP_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Takes any bytes. A mistake of ours shows as a crash, an abort() or a sanitizer's report. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
