/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest, a kernel image and modules made by hand, for the tests of the builder. Knows no file format. */
#ifndef SLIP_TESTS_PLAN_FIXTURE_H
#define SLIP_TESTS_PLAN_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "build/make.h"

#define MIB               (1ull << 20)
#define FIXTURE_MODULES   64
#define FIXTURE_ENTRY_GPA 0x1000100ull

struct fixture {
    struct slip_guest guest;
    struct slip_image image;
    struct slip_segment segments[4];
    struct slip_module modules[FIXTURE_MODULES];
    size_t n_modules;
    char name[16], image_name[32], cmdline[4096];
};

static inline void fixture_num(struct slip_num *num, int64_t value)
{
    *num = (struct slip_num){.mark = {.origin = SLIP_GIVEN}, .value = value};
}

/* A pvh guest whose kernel has two segments from 16 MiB on, the second with a megabyte of zeroes at its end. */
static inline void fixture_init(struct fixture *f, int64_t memory_mib)
{
    memset(f, 0, sizeof(*f));
    strcpy(f->name, "web1");
    strcpy(f->image_name, "/boot/vmlinux");
    f->guest.name.value = f->name;
    f->guest.cmdline.value = f->cmdline;
    fixture_num(&f->guest.type, SLIP_TYPE_PVH);
    fixture_num(&f->guest.memory, memory_mib);
    fixture_num(&f->guest.vcpus, 2);
    fixture_num(&f->guest.maxvcpus, 4);
    fixture_num(&f->guest.autoconsole, 1);
    f->segments[0] = (struct slip_segment){
        .gpa = 0x1000000, .file_offset = 0x1000, .file_bytes = 0x5123, .memory_bytes = 0x5123};
    f->segments[1] = (struct slip_segment){.gpa = 0x1200000,
                                           .file_offset = 0x7000,
                                           .file_bytes = 0x777,
                                           .memory_bytes = 0x777 + MIB,
                                           .index = 1};
    f->image = (struct slip_image){.format = SLIP_IMAGE_ELF64,
                                   .elf_bits = 64,
                                   .name = f->image_name,
                                   .fd = -1,
                                   .n_segments = 2,
                                   .segments = f->segments,
                                   .loaded = true,
                                   .n_entries = 1};
    f->image.entries[0] = (struct slip_entry){SLIP_ENTRY_PVH, FIXTURE_ENTRY_GPA};
}

/* Module bytes that are never zero and differ from module to module. */
static inline uint8_t fixture_byte(size_t module, uint64_t offset)
{
    return (uint8_t)(1 + (module * 31 + offset * 7) % 255);
}

static inline void fixture_add_module(struct fixture *f, uint64_t bytes)
{
    size_t n = f->n_modules++;
    uint8_t *data = malloc(bytes);

    assert_non_null(data);
    for (uint64_t i = 0; i < bytes; i++)
        data[i] = fixture_byte(n, i);
    f->modules[n] = (struct slip_module){
        .fd = memfd_create("module", MFD_CLOEXEC), .bytes = bytes, .name = "initrd.img"};
    assert_true(f->modules[n].fd >= 0);
    assert_int_equal(pwrite(f->modules[n].fd, data, bytes, 0), bytes);
    free(data);
}

/* A module of that size whose file stays closed: for plans that are not written. */
static inline void fixture_claim_module(struct fixture *f, uint64_t bytes)
{
    f->modules[f->n_modules++] =
        (struct slip_module){.fd = -1, .bytes = bytes, .name = "initrd.img"};
}

static inline void fixture_dispose(struct fixture *f)
{
    for (size_t i = 0; i < f->n_modules; i++) {
        if (f->modules[i].fd >= 0)
            close(f->modules[i].fd);
    }
    f->n_modules = 0;
}

static inline int fixture_plan(struct fixture *f, struct slip_plan **ret, struct slip_error **err)
{
    return slip__plan_make(&f->guest, &slip__machine_microvm, &f->image, f->modules, f->n_modules,
                           ret, err);
}

/* A plan that must succeed; fits must agree. */
static inline struct slip_plan *fixture_planned(struct fixture *f)
{
    struct slip_error *err = NULL;
    struct slip_plan *plan = NULL;
    int rc = slip__layout_fits(&f->guest, &slip__machine_microvm, &f->image, f->modules,
                               f->n_modules, &err);

    if (rc == 0)
        rc = fixture_plan(f, &plan, &err);
    if (rc < 0)
        fail_msg("%s", slip_error_message(err));
    return plan;
}

/* A plan that must fail; fits must agree. The message is checked whole. */
static inline void fixture_refused(struct fixture *f, int want_rc, unsigned want_code,
                                   const char *want_message, const char *want_hint)
{
    struct slip_error *err = NULL, *err2 = NULL;
    struct slip_plan *plan = NULL;

    assert_int_equal(slip__layout_fits(&f->guest, &slip__machine_microvm, &f->image, f->modules,
                                       f->n_modules, &err),
                     want_rc);
    assert_int_equal(fixture_plan(f, &plan, &err2), want_rc);
    assert_null(plan);
    assert_string_equal(slip_error_message(err), want_message);
    assert_string_equal(slip_error_message(err2), want_message);
    assert_int_equal(slip_error_code(err), want_code);
    if (want_hint)
        assert_string_equal(slip_error_hint(err), want_hint);
    else
        assert_null(slip_error_hint(err));
    slip_error_free(err);
    slip_error_free(err2);
}

static inline const struct slip_piece *fixture_piece(const struct slip_plan *plan, const char *what)
{
    for (size_t i = 0; i < plan->n_pieces; i++) {
        if (strcmp(plan->pieces[i].what, what) == 0)
            return &plan->pieces[i];
    }
    return NULL;
}

/* A command line of len bytes with no console= in it, unless there is room for one and console is set. */
static inline void fixture_cmdline(struct fixture *f, size_t len, bool console)
{
    memset(f->cmdline, 'x', len);
    f->cmdline[len] = 0;
    if (console && len > 20)
        memcpy(f->cmdline, "console=ttyS0 ", 14);
}

#endif
