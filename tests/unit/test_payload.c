/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening what a guest starts from: refusals before anything is opened, and files that are not what they should be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "boot/payload.h"

#define GIVEN ((struct slip_mark){.origin = SLIP_GIVEN})

struct place {
    char folder[40], file[64], empty[64], fifo[64], missing[64];
};

static int make_files(void **state)
{
    struct place *p = calloc(1, sizeof(*p));
    FILE *f;

    strcpy(p->folder, "/tmp/slipway-payload-XXXXXX");
    if (!mkdtemp(p->folder))
        return -1;
    snprintf(p->file, sizeof(p->file), "%s/kernel", p->folder);
    snprintf(p->empty, sizeof(p->empty), "%s/empty", p->folder);
    snprintf(p->fifo, sizeof(p->fifo), "%s/fifo", p->folder);
    snprintf(p->missing, sizeof(p->missing), "%s/missing", p->folder);
    f = fopen(p->file, "we");
    if (!f || fputs("twelve bytes", f) < 0 || fclose(f) != 0)
        return -1;
    f = fopen(p->empty, "we");
    *state = p;
    return f && fclose(f) == 0 && mkfifo(p->fifo, 0600) == 0 ? 0 : -1;
}

static int remove_files(void **state)
{
    struct place *p = *state;

    unlink(p->file);
    unlink(p->empty);
    unlink(p->fifo);
    rmdir(p->folder);
    free(p);
    return 0;
}

/* A pvh guest; kernel and modules may be NULL. */
static struct slip_guest guest_of(char *kernel, struct slip_str *modules, size_t n_modules)
{
    struct slip_guest guest = {0};

    guest.type = (struct slip_num){.mark = GIVEN, .value = SLIP_TYPE_PVH};
    if (kernel)
        guest.kernel = (struct slip_str){.mark = GIVEN, .value = kernel};
    if (n_modules)
        guest.ramdisk = (struct slip_strs){.mark = GIVEN, .count = n_modules, .items = modules};
    return guest;
}

static int count_fds(void)
{
    int n = 0;

    for (int fd = 0; fd < 256; fd++) {
        struct stat st;

        n += fstat(fd, &st) == 0;
    }
    return n;
}

static void refused(const struct slip_guest *guest, int want_rc, unsigned want_code,
                    const char *want_before, const char *path, const char *want_after)
{
    struct slip_payload payload = {0};
    struct slip_error *err = NULL;
    int fds = count_fds();
    char want[256];

    snprintf(want, sizeof(want), "%s%s%s", want_before, path, want_after);
    assert_int_equal(slip__payload_open(guest, &payload, &err), want_rc);
    assert_string_equal(slip_error_message(err), want);
    assert_int_equal(slip_error_code(err), want_code);
    assert_int_equal(count_fds(), fds);
    slip_error_free(err);
    slip__payload_dispose(&payload); /* untouched: nothing to do, and harmless */
    assert_int_equal(count_fds(), fds);
}

static void opens(void **state)
{
    struct place *p = *state;
    struct slip_str modules[] = {{.mark = GIVEN, .value = p->file},
                                 {.mark = GIVEN, .value = p->file}};
    struct slip_guest guest = guest_of(p->file, modules, 2);
    struct slip_payload payload = {0};
    int fds = count_fds();

    assert_int_equal(slip__payload_open(&guest, &payload, NULL), 0);
    assert_int_equal(payload.method, SLIP_BOOT_KERNEL);
    assert_int_equal(payload.kernel.size_bytes, 12);
    assert_string_equal(payload.kernel.name, p->file);
    assert_int_equal(payload.n_modules, 2);
    assert_int_equal(payload.modules[1].size_bytes, 12);
    assert_int_equal(count_fds(), fds + 3);
    slip__payload_dispose(&payload);
    slip__payload_dispose(&payload);
    assert_int_equal(count_fds(), fds);
}

static void bad_kernels(void **state)
{
    struct place *p = *state;
    const struct {
        char *path;
        unsigned code;
        const char *before, *after;
    } cases[] = {
        {p->missing, SLIP_CODE_PAYLOAD_FILE, "cannot open kernel '",
         "': No such file or directory"},
        {p->folder, SLIP_CODE_PAYLOAD_FILE, "kernel '", "' is a directory, not a file"},
        {p->fifo, SLIP_CODE_PAYLOAD_FILE, "kernel '", "' is a pipe, not a file"},
        {p->empty, SLIP_CODE_PAYLOAD_EMPTY, "kernel '", "' is empty"},
    };

    for (size_t i = 0; i < SLIP_COUNT(cases); i++) {
        struct slip_guest guest = guest_of(cases[i].path, NULL, 0);

        refused(&guest, SLIP_EIMAGE, cases[i].code, cases[i].before, cases[i].path, cases[i].after);
    }
}

static void bad_modules(void **state)
{
    struct place *p = *state;
    const struct {
        char *path;
        unsigned code;
        const char *before, *after;
    } cases[] = {
        {p->missing, SLIP_CODE_PAYLOAD_FILE, "cannot open module 1 '",
         "': No such file or directory"},
        {p->folder, SLIP_CODE_PAYLOAD_FILE, "module 1 '", "' is a directory, not a file"},
        {p->empty, SLIP_CODE_PAYLOAD_EMPTY, "module 1 '", "' is empty"},
    };

    for (size_t i = 0; i < SLIP_COUNT(cases); i++) {
        struct slip_str modules[] = {{.mark = GIVEN, .value = p->file},
                                     {.mark = GIVEN, .value = cases[i].path}};
        struct slip_guest guest = guest_of(p->file, modules, 2);

        refused(&guest, SLIP_EIMAGE, cases[i].code, cases[i].before, cases[i].path, cases[i].after);
    }
}

static void too_many_modules(void **state)
{
    struct place *p = *state;
    struct slip_str modules[1025];
    struct slip_guest guest = guest_of(p->file, modules, SLIP_COUNT(modules));

    for (size_t i = 0; i < SLIP_COUNT(modules); i++)
        modules[i] = (struct slip_str){.mark = GIVEN, .value = p->file};
    refused(&guest, SLIP_EIMAGE, SLIP_CODE_TOO_MANY_MODULES, "the guest has ", "1025",
            " modules, the limit is 1024");
}

/* Refused before a file is looked at: the kernel does not even exist. */
static void unbuilt(void **state)
{
    struct place *p = *state;
    struct slip_guest guest = guest_of(NULL, NULL, 0);
    char ovmf[] = "ovmf", pygrub[] = "pygrub";

    guest.firmware = (struct slip_str){.mark = GIVEN, .value = ovmf};
    refused(&guest, SLIP_EENGINE, SLIP_CODE_BOOT_UNBUILT, "firmware boot ('", "ovmf",
            "') is not built into this version");
    guest = guest_of(NULL, NULL, 0);
    guest.bootloader = (struct slip_str){.mark = GIVEN, .value = pygrub};
    refused(&guest, SLIP_EENGINE, SLIP_CODE_BOOT_UNBUILT, "booting through a bootloader ('",
            "pygrub", "') is not built into this version");
    guest = guest_of(p->missing, NULL, 0);
    guest.type.value = SLIP_TYPE_HVM;
    refused(&guest, SLIP_EENGINE, SLIP_CODE_CONTAINER_UNBUILT, "guests of type ", "hvm",
            " are not built into this version");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens),       cmocka_unit_test(bad_kernels),
        cmocka_unit_test(bad_modules), cmocka_unit_test(too_many_modules),
        cmocka_unit_test(unbuilt),
    };

    return cmocka_run_group_tests_name("payload", tests, make_files, remove_files);
}
