/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What tests of bzImages share; bzimage_stage.h says what. */
#include "bzimage_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "image/image.h"

const char *const bz_codecs[BZ_CODECS] = {
    "none", "gzip", "xz", "lzma", "bzip2", "zstd", "lz4", "lz4 (frame)",
#ifdef SLIP_TEST_LZO
    "lzo",
#endif
};

static struct bz_stage the_stage;

const struct bz_stage *bz_stage(void)
{
    return &the_stage;
}

static void make_inner(struct inner *inner, size_t code_bytes, size_t data_bytes)
{
    struct slip_buf notes = {0};

    mk_xen_note(&notes, 1, 0xffffffff81000000ull, 8);
    mk_xen_note(&notes, 18, ENTRY, 4);
    memcpy(the_stage.code + code_bytes / 2, notes.data, notes.len);
    inner->elf = (struct mk_elf){
        .bits = 64,
        .entry = CODE_GPA,
        .n_phdrs = 3,
        .phdrs = {{.type = 1,
                   .flags = 5,
                   .paddr = CODE_GPA,
                   .data = the_stage.code,
                   .filesz = code_bytes,
                   .memsz = code_bytes},
                  {.type = 1,
                   .flags = 6,
                   .paddr = DATA_GPA,
                   .data = the_stage.data,
                   .filesz = data_bytes,
                   .memsz = data_bytes + MIB},
                  {.type = 4, .flags = 4, .filesz = notes.len}},
        .n_sections = 1,
        .sections = {{.type = 1}},
        .data_at = 0x1000,
    };
    mk_elf(&inner->elf, &inner->bytes);
    inner->elf.phdrs[2].offset = inner->elf.phdrs[0].offset + code_bytes / 2;
    slip__buf_dispose(&inner->bytes);
    mk_elf(&inner->elf, &inner->bytes);
    for (unsigned i = 0; i < RELOC_BYTES / 4; i++)
        slip__buf_uint(&inner->bytes, 0x81000000u + 64 * i, 4);
    slip__buf_dispose(&notes);
}

int bz_setup(void **state)
{
    struct bz_stage *stage = &the_stage;

    (void)state;
    stage->code = malloc(CODE_BYTES);
    stage->data = malloc(DATA_BYTES);
    if (!stage->code || !stage->data)
        return -1;
    mk_fill(stage->code, CODE_BYTES, 1);
    mk_fill(stage->data, DATA_BYTES, 2);
    make_inner(&stage->small, 0x10000, 0x3000);
    make_inner(&stage->large, CODE_BYTES, DATA_BYTES);
    return 0;
}

int bz_teardown(void **state)
{
    struct bz_stage *stage = &the_stage;

    (void)state;
    slip__buf_dispose(&stage->small.bytes);
    slip__buf_dispose(&stage->large.bytes);
    free(stage->code);
    free(stage->data);
    return 0;
}

int bz_open(const struct slip_buf *file, size_t len, struct slip_ram *ram, struct slip_image **ret,
            struct slip_error **err)
{
    struct slip_image *image = NULL;
    int rc = slip__image_probe_here(mk_fd(file->data, len), len, "k", &image, err);

    if (rc == 0)
        rc = slip__image_load(image, ram, NULL, NULL, err);
    if (rc < 0) {
        slip_image_free(image);
        return rc;
    }
    *ret = image;
    return 0;
}

void bz_refused(const struct slip_buf *file, size_t len, unsigned code_number, const char *words)
{
    struct slip_image *image = NULL;
    struct slip_error *err = NULL;

    if (bz_open(file, len, NULL, &image, &err) == 0)
        fail_msg("not refused, expected: %s", words);
    if (slip_error_code(err) != code_number || !strstr(slip_error_message(err), words))
        fail_msg("SLIP-%u '%s', expected SLIP-%u '%s'", slip_error_code(err),
                 slip_error_message(err), code_number, words);
    slip_error_free(err);
}

void bz_make_small(const char *codec, struct slip_buf *file, size_t *ret_at, size_t *ret_bytes)
{
    struct slip_buf payload = {0};
    struct mk_bzimage bz = {.version = "6.1.0-test (me@here) #1"};

    mk_payload(codec, the_stage.small.bytes.data, the_stage.small.bytes.len, &payload);
    bz.payload = payload.data;
    bz.payload_bytes = payload.len;
    mk_bzimage(&bz, file);
    *ret_at = bz.payload_at;
    *ret_bytes = payload.len;
    slip__buf_dispose(&payload);
}

void bz_wrap(const struct slip_buf *payload, struct slip_buf *file)
{
    struct mk_bzimage bz = {.payload = payload->data, .payload_bytes = payload->len};

    mk_bzimage(&bz, file);
}

int bz_all_zero(const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (p[i])
            return 0;
    }
    return 1;
}
