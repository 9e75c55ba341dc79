/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What tests of bzImages stand on: a small kernel, for breaking, and a large one, each an ELF with its relocation table behind it,
 * and bzImages made of them. Knows nothing of what comes out.
 */
#ifndef SLIP_TEST_BZIMAGE_STAGE_H
#define SLIP_TEST_BZIMAGE_STAGE_H

#include "base/buf.h"
#include "mkimage.h"
#include "slipway/error.h"
#include "slipway/image.h"

#define MIB         (1u << 20)
#define CODE_GPA    0x1000000u
#define CODE_BYTES  (17 * MIB) /* whole lz4 blocks in it, and parts of some */
#define DATA_GPA    0x2800000u
#define DATA_BYTES  (3 * MIB + 123)
#define ENTRY       (CODE_GPA + 0x850)
#define RELOC_BYTES 4096u
#define RAM_BYTES   (64u * MIB)

#ifdef SLIP_TEST_LZO
#define BZ_CODECS 9
#else
#define BZ_CODECS 8
#endif
extern const char *const bz_codecs[BZ_CODECS];

struct inner {
    struct slip_buf bytes;
    struct mk_elf elf;
};
struct bz_stage {
    uint8_t *code, *data;
    struct inner large, small;
};
/* Of the group's setup and teardown. */
const struct bz_stage *bz_stage(void);
int bz_setup(void **state);
int bz_teardown(void **state);

/* Probes and loads the first len bytes of a file; ram may be NULL. */
int bz_open(const struct slip_buf *file, size_t len, struct slip_ram *ram, struct slip_image **ret,
            struct slip_error **err);
/* Fails unless that ends in this code and these words. */
void bz_refused(const struct slip_buf *file, size_t len, unsigned code_number, const char *words);
/* The small kernel as a bzImage; *ret_at gets where its payload is. */
void bz_make_small(const char *codec, struct slip_buf *file, size_t *ret_at, size_t *ret_bytes);
/* A bzImage around any payload. */
void bz_wrap(const struct slip_buf *payload, struct slip_buf *file);
int bz_all_zero(const uint8_t *p, size_t len);

#endif
