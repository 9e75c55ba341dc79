/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bzImages: headers right and wrong, both forms, reports, and Debian's own against an independent decompression. Payloads
 * are test_bzimage_payload.c's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <lzma.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "bzimage_stage.h"
#include "failmalloc.h"
#include "image/image.h"
#include "image/pv.h"
#include "skip.h"

static void header_refusals(void **state)
{
    static const struct {
        size_t at;
        uint64_t value;
        unsigned bytes, code;
        const char *words;
    } cases[] = {
        {0x1f4, 0x7fffffff, 4, 403,
         "its header promises 34359740912 bytes (setup 2560, kernel 34359738352)"},
        {0x24c, 15, 4, 411, "has 15 bytes, too few"},
        {0x248, 0xffffffff, 4, 403, "at file offset 0x1000009ff, but the file ends at 0x"},
        {0x24c, 0xffffffff, 4, 403, "has 0xffffffff bytes at file offset 0xa60"},
        {0x1f1, 255, 1, 403, "it is cut off: its header promises"},
    };
    size_t at, bytes;

    (void)state;
    for (size_t i = 0; i < SLIP_COUNT(cases); i++) {
        struct slip_buf file = {0};

        bz_make_small("xz", &file, &at, &bytes);
        slip__buf_patch(&file, cases[i].at, cases[i].value, cases[i].bytes);
        bz_refused(&file, file.len, cases[i].code, cases[i].words);
        slip__buf_dispose(&file);
    }
}

/* Loaded, and has a bare form only, for the reason given. */
static void expect_bare_only(const struct slip_buf *file, const char *words)
{
    struct slip_image *image = NULL;
    struct slip_error *err = NULL;
    struct slip_pv_problem problem;
    struct slip_pv_kernel pv;
    char *text;

    if (bz_open(file, file->len, NULL, &image, &err) < 0)
        fail_msg("%s", slip_error_message(err));
    assert_int_equal(image->n_segments, 0);
    assert_non_null(strstr(image->no_kernel, words));
    assert_string_equal(image->no_kernel, image->pvh_problem);
    assert_null(slip__image_entry(image, SLIP_ENTRY_PVH));
    assert_non_null(slip__image_entry(image, SLIP_ENTRY_LINUX32));
    assert_false(slip__image_pv(image, &pv, &problem));
    assert_non_null(strstr(problem.text, words));
    assert_int_equal(slip__image_move_to(image, 0x100000, &err), SLIP_EIMAGE);
    assert_non_null(strstr(slip_error_message(err), words));
    slip_error_free(err);
    assert_int_equal(slip_image_to_text(image, &text, NULL), 0);
    assert_non_null(strstr(text, words));
    free(text);
    assert_int_equal(slip_image_to_json(image, &text, NULL), 0);
    assert_non_null(strstr(text, words));
    free(text);
    slip_image_free(image);
}

/* Kernels that can't be looked into: refused as a zImage, which has no bare form that starts; otherwise that is what there is. */
static void sealed_kernels(void **state)
{
    static const struct {
        size_t at;
        uint64_t value;
        unsigned bytes, code;
        const char *words;
    } cases[] = {
        {0x206, 0x207, 2, 410, "boot protocol is 2.07, at least 2.08 is needed"},
        {0x206, 0x203, 2, 410, "boot protocol is 2.03, at least 2.08 is needed"},
        {0x248, 0, 4, 411, "names no kernel inside: payload offset 0x0"},
        {0x24c, 0, 4, 411, "length 0x0"},
        {0x248, 95, 4, 412,
         "at file offset 0xa5f, is in no known format: it starts with 00 fd 37 7a 58 5a"},
    };
    size_t at, bytes;

    (void)state;
    for (size_t i = 0; i < SLIP_COUNT(cases); i++) {
        struct slip_buf file = {0};

        bz_make_small("xz", &file, &at, &bytes);
        slip__buf_patch(&file, cases[i].at, cases[i].value, cases[i].bytes);
        expect_bare_only(&file, cases[i].words);
        slip__buf_patch(&file, 0x211, 0, 1); /* loaded low */
        bz_refused(&file, file.len, cases[i].code, cases[i].words);
        slip__buf_dispose(&file);
    }
}

static void strange_payloads(void **state)
{
    struct slip_buf payload = {0}, file = {0};
    static const char text[] = "this is no kernel at all, but it is long enough to be compressed";

    (void)state;
    mk_payload("gzip", text, sizeof(text), &payload);
    bz_wrap(&payload, &file);
    bz_refused(&file, file.len, 401,
               "what the gzip payload holds is no ELF file: it starts with 74 68 69 73");
    slip__buf_dispose(&payload);
    slip__buf_dispose(&file);
    slip__buf_put(&payload, "\x1f\x9e 8901234567890123456", 20);
    bz_wrap(&payload, &file);
    expect_bare_only(&file, "compressed with old gzip, which is not supported");
#ifndef SLIP_TEST_LZO
    slip__buf_dispose(&payload);
    slip__buf_dispose(&file);
    slip__buf_put(&payload, "\x89LZO\0\r\n\x1a\n01234567890", 20);
    bz_wrap(&payload, &file);
    expect_bare_only(&file, "compressed with lzo, which this build cannot unpack");
#endif
    slip__buf_dispose(&payload);
    slip__buf_dispose(&file);
}

/* Every field of each protocol's, all of them in the header whatever the version is: what is not its own must not count. */
static void setup_header(void **state)
{
    static const struct {
        unsigned protocol;
        struct slip_linux want;
    } cases[] = {
        {0x201, {.high = true, .preferred_gpa = 0x100000, .initrd_max = 0x37ffffff}},
        {0x202, {.high = true, .entry32 = true, .initrd_max = 0x37ffffff}},
        {0x204, {.high = true, .entry32 = true, .initrd_max = 0x7fffffff}},
        {0x205, {.high = true, .entry32 = true, .initrd_max = 0x7fffffff, .relocatable = true}},
        {0x206,
         {.high = true,
          .entry32 = true,
          .initrd_max = 0x7fffffff,
          .relocatable = true,
          .cmdline_max = 2047}},
        {0x20a,
         {.high = true,
          .entry32 = true,
          .initrd_max = 0x7fffffff,
          .relocatable = true,
          .cmdline_max = 2047,
          .preferred_gpa = 0x1000000,
          .min_align = 0x2000,
          .init_bytes = 0x2345000}},
        {0x20c,
         {.high = true,
          .entry32 = true,
          .entry64 = true,
          .above_4g = true,
          .initrd_max = 0x7fffffff,
          .relocatable = true,
          .cmdline_max = 2047,
          .preferred_gpa = 0x1000000,
          .min_align = 0x2000,
          .init_bytes = 0x2345000}},
    };
    size_t at, bytes;

    (void)state;
    for (size_t i = 0; i < SLIP_COUNT(cases); i++) {
        const struct slip_linux *want = &cases[i].want, *have;
        unsigned protocol = cases[i].protocol;
        struct slip_buf file = {0};
        struct slip_image *image = NULL;
        struct slip_error *err = NULL;
        size_t rest;

        bz_make_small("zstd", &file, &at, &bytes);
        slip__buf_patch(&file, 0x201, 0x68, 1);
        slip__buf_patch(&file, 0x206, protocol, 2);
        slip__buf_patch(&file, 0x22c, 0x7fffffff, 4);
        slip__buf_patch(&file, 0x230, 0x200000, 4);
        slip__buf_patch(&file, 0x234, 1, 1);
        slip__buf_patch(&file, 0x235, 13, 1);
        slip__buf_patch(&file, 0x236, 3, 2);
        slip__buf_patch(&file, 0x238, 2047, 4);
        slip__buf_patch(&file, 0x260, 0x2345000, 4);
        if (protocol < 0x202) {
            bz_refused(&file, file.len, 410, "boot protocol is 2.01");
            slip__buf_dispose(&file);
            continue;
        }
        if (bz_open(&file, file.len, NULL, &image, &err) < 0)
            fail_msg("%x: %s", protocol, slip_error_message(err));
        have = &image->linux_boot;
        rest = file.len - 2560;
        assert_true(have->offered && have->high == want->high);
        assert_int_equal(have->offset, 2560);
        assert_int_equal(have->bytes, rest);
        assert_int_equal(have->header_bytes, 0x202 + 0x68 - 0x1f1);
        assert_memory_equal(have->header, file.data + 0x1f1, have->header_bytes);
        assert_int_equal(have->header[have->header_bytes], 0);
        assert_int_equal(have->entry32, want->entry32);
        assert_int_equal(have->entry64, want->entry64);
        assert_int_equal(have->above_4g, want->above_4g);
        assert_int_equal(have->relocatable, want->relocatable);
        assert_int_equal(have->preferred_gpa, want->preferred_gpa ? want->preferred_gpa : 0x100000);
        assert_int_equal(have->align, want->relocatable ? 0x200000 : 0x1000);
        assert_int_equal(have->min_align, want->min_align ? want->min_align : have->align);
        assert_int_equal(have->init_bytes,
                         want->init_bytes ? want->init_bytes : 3 * (rest / 4096 + 1) * 4096);
        assert_int_equal(have->initrd_max, want->initrd_max);
        assert_int_equal(have->cmdline_max, want->cmdline_max ? want->cmdline_max : 255);
        slip_image_free(image);
        slip__buf_dispose(&file);
    }
}

/* The bzImage as it is, and the kernel in it, in turn from one image. */
static void both_forms(void **state)
{
    struct slip_image *image = NULL;
    struct slip_error *err = NULL;
    struct slip_buf file = {0};
    size_t at, bytes, rest;
    struct mk_ram ram;

    (void)state;
    bz_make_small("zstd", &file, &at, &bytes);
    slip__buf_patch(&file, 0x236, 1, 2);
    slip__buf_patch(&file, 0x260, 3 * MIB, 4);
    rest = file.len - 2560;
    assert_int_equal(
        slip__image_probe_here(mk_fd(file.data, file.len), file.len, "k", &image, &err), 0);
    assert_int_equal(slip__image_entry(image, SLIP_ENTRY_LINUX64)->address, 0x1000200);
    assert_int_equal(slip__image_entry(image, SLIP_ENTRY_LINUX32)->address, 0x1000000);
    assert_int_equal(image->n_segments, 2);
    assert_int_equal(slip__image_load(image, NULL, NULL, NULL, &err), 0);

    mk_ram_init(&ram, 0, RAM_BYTES);
    memset(ram.bytes, 0xee, RAM_BYTES);
    ram.ram.stale = true;
    assert_int_equal(slip__image_use(image, SLIP_FORM_LINUX, 0x2000000, &err), 0);
    assert_int_equal(image->n_segments, 1);
    assert_int_equal(image->segments[0].gpa, 0x2000000);
    assert_int_equal(image->segments[0].file_bytes, rest);
    assert_int_equal(image->segments[0].memory_bytes, 3 * MIB);
    assert_int_equal(slip__image_end(image), 0x2000000 + 3 * MIB);
    assert_int_equal(slip__image_load(image, &ram.ram, NULL, NULL, &err), 0);
    assert_int_equal(slip__image_entry(image, SLIP_ENTRY_LINUX64)->address, 0x2000200);
    assert_int_equal(slip__image_entry(image, SLIP_ENTRY_LINUX32)->address, 0x2000000);
    assert_int_equal(slip__image_entry(image, SLIP_ENTRY_PVH)->address, ENTRY);
    assert_int_equal(image->n_notes, 2);
    assert_memory_equal(mk_ram_at(&ram, 0x2000000), file.data + 2560, rest);
    assert_true(bz_all_zero(mk_ram_at(&ram, 0x2000000 + rest), 3 * MIB - rest));
    assert_int_equal(*mk_ram_at(&ram, 0x1ffffff), 0xee);
    assert_int_equal(*mk_ram_at(&ram, 0x2000000 + 3 * MIB), 0xee);

    assert_int_equal(slip__image_use(image, SLIP_FORM_KERNEL, 0, &err), 0);
    assert_int_equal(slip__image_load(image, &ram.ram, NULL, NULL, &err), 0);
    assert_int_equal(image->n_segments, 2);
    assert_int_equal(slip__image_entry(image, SLIP_ENTRY_LINUX64)->address, 0x1000200);
    assert_memory_equal(mk_ram_at(&ram, CODE_GPA), bz_stage()->code, 0x8000);

    assert_int_equal(slip__image_use(image, SLIP_FORM_LINUX, UINT64_MAX - MIB, &err), SLIP_EIMAGE);
    assert_int_equal(slip_error_code(err), 440);
    slip_error_free(err);
    err = NULL;
    assert_int_equal(slip__image_use(image, SLIP_FORM_LINUX, RAM_BYTES - MIB, &err), 0);
    assert_int_equal(slip__image_load(image, &ram.ram, NULL, NULL, &err), SLIP_EIMAGE);
    assert_int_equal(slip_error_code(err), SLIP_CODE_OUTSIDE_RAM);
    slip_error_free(err);
    slip_image_free(image);
    slip__buf_dispose(&file);
    mk_ram_dispose(&ram);
}

static void version_is_bounded(void **state)
{
    struct slip_buf file = {0};
    struct slip_image *image = NULL;
    size_t at, bytes;

    (void)state;
    bz_make_small("gzip", &file, &at, &bytes);
    slip__buf_patch(&file, 0x400, 0x0a1b, 2); /* not for a terminal */
    assert_int_equal(bz_open(&file, file.len, NULL, &image, NULL), 0);
    assert_string_equal(image->version, "?\?1.0-test (me@here) #1");
    slip_image_free(image);
    slip__buf_patch(&file, 0x20e, 0xffff, 2); /* outside the setup */
    assert_int_equal(bz_open(&file, file.len, NULL, &image, NULL), 0);
    assert_string_equal(image->version, "");
    slip_image_free(image);
    slip__buf_dispose(&file);
}

static void reports(void **state)
{
    struct slip_buf file = {0};
    struct slip_image *image = NULL;
    size_t at, bytes;
    char *text;
    json_t *json;
    const char *why;
    int boots, inflated;

    (void)state;
    bz_make_small("zstd", &file, &at, &bytes);
    assert_int_equal(bz_open(&file, file.len, NULL, &image, NULL), 0);
    assert_int_equal(slip_image_to_text(image, &text, NULL), 0);
    assert_non_null(strstr(text, "format       bzImage, boot protocol 2.15\n"));
    assert_non_null(strstr(text, "version      6.1.0-test (me@here) #1\n"));
    assert_non_null(strstr(text, "compression zstd"));
    assert_non_null(strstr(text, "relocations  4096 bytes"));
    assert_non_null(strstr(text, "  Xen     18 PHYS32_ENTRY       0x1000850\n"));
    assert_non_null(strstr(text, "  pvh  yes: "));
    free(text);
    assert_int_equal(slip_image_to_json(image, &text, NULL), 0);
    json = json_loads(text, 0, NULL);
    assert_non_null(json);
    assert_int_equal(json_unpack(json, "{s:{s:i}, s:{s:{s:b, s:s}}}", "bzimage", "inflated_bytes",
                                 &inflated, "boots_as", "pv", "boots", &boots, "why", &why),
                     0);
    assert_int_equal(inflated, bz_stage()->small.bytes.len);
    assert_false(boots);
    assert_non_null(strstr(why, "it has no Xen PV notes"));
    json_decref(json);
    free(text);
    slip_image_free(image);
    slip__buf_dispose(&file);
}

/* Each allocation of ours in turn fails, for each codec. */
static void out_of_memory(void **state)
{
    (void)state;
    for (size_t i = 0; i < BZ_CODECS; i++) {
        struct slip_buf file = {0};
        bool again = true;
        size_t at, bytes;

        bz_make_small(bz_codecs[i], &file, &at, &bytes);
        for (unsigned n = 1; again; n++) {
            struct slip_image *image = NULL;
            struct slip_error *err = NULL;
            int fd = mk_fd(file.data, file.len), rc;

            fail_allocation(n);
            rc = slip__image_probe_here(fd, file.len, "k", &image, &err);
            if (rc == 0)
                rc = slip__image_load(image, NULL, NULL, NULL, &err);
            again = allocation_failed();
            fail_allocation(0);
            assert_int_equal(rc, again ? SLIP_ENOMEM : 0);
            assert_true(n < 200);
            slip_error_free(err);
            slip_image_free(image);
        }
        slip__buf_dispose(&file);
    }
}

/* The payload of a real bzImage, decompressed by the program of its codec. Free it. */
static uint8_t *unpack_with_tool(const char *path, const struct slip_image *image, size_t *ret_len)
{
    static const struct {
        const char *codec, *command;
        unsigned trailer;
    } tools[] = {{"lz4", "lz4 -d -c -q", 4},
                 {"xz", "xz -d -c -q", 4},
                 {"gzip", "gzip -d -c -q", 0},
                 {"zstd", "zstd -d -c -q --long=31", 4},
                 {"bzip2", "bzip2 -d -c -q", 4}};
    uint8_t *out = malloc(image->inflated_bytes + 1);
    char command[512];

    for (size_t i = 0; i < SLIP_COUNT(tools); i++) {
        FILE *pipe;

        if (strcmp(tools[i].codec, image->compression) != 0)
            continue;
        snprintf(command, sizeof(command), "tail -c +%llu '%s' | head -c %llu | %s",
                 (unsigned long long)image->payload_offset + 1, path,
                 (unsigned long long)image->payload_bytes - tools[i].trailer, tools[i].command);
        pipe = popen(command, "r");
        assert_non_null(pipe);
        *ret_len = fread(out, 1, image->inflated_bytes + 1, pipe);
        assert_int_equal(pclose(pipe), 0);
        return out;
    }
    fail_msg("no tool for %s", image->compression);
    return out;
}

static void real_kernel(void **state)
{
    const char *folder = getenv("SLIPWAY_GUEST");
    struct slip_image *image = NULL;
    struct slip_error *err = NULL;
    char path[256];
    struct mk_ram ram;
    uint8_t *plain;
    size_t len;
    uint64_t size;
    int fd;

    (void)state;
    snprintf(path, sizeof(path), "%s/vmlinuz", folder);
    assert_int_equal(slip__file_open("kernel", path, &fd, &size, &err), 0);
    if (slip__image_probe_here(fd, size, path, &image, &err) < 0)
        fail_msg("%s", slip_error_message(err));
    mk_ram_init(&ram, 0, 256u * MIB);
    if (slip__image_load(image, &ram.ram, NULL, NULL, &err) < 0)
        fail_msg("%s", slip_error_message(err));
    plain = unpack_with_tool(path, image, &len);
    assert_int_equal(len, image->inflated_bytes);
    assert_true(image->n_segments > 1);
    for (size_t i = 0; i < image->n_segments; i++) {
        const struct slip_segment *s = &image->segments[i];

        assert_memory_equal(mk_ram_at(&ram, s->gpa), plain + s->file_offset, s->file_bytes);
    }
    assert_non_null(slip__image_entry(image, SLIP_ENTRY_PVH));
    assert_true(image->relocs_bytes > 0);
    assert_true(image->version[0]);
    free(plain);
    mk_ram_dispose(&ram);
    slip_image_free(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_refusals),
        cmocka_unit_test(sealed_kernels),
        cmocka_unit_test(strange_payloads),
        cmocka_unit_test(setup_header),
        cmocka_unit_test(both_forms),
        cmocka_unit_test(version_is_bounded),
        cmocka_unit_test(reports),
        cmocka_unit_test(out_of_memory),
        TEST_IF(getenv("SLIPWAY_GUEST"), real_kernel,
                "SLIPWAY_GUEST does not name a folder with a stock kernel"),
    };

    return cmocka_run_group_tests_name("bzimage", tests, bz_setup, bz_teardown);
}
