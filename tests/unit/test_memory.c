/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest's memory against what a host says it has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "engine/qemu/memory.h"

#define HEAD "MemFree:         1000 kB\nMemTotal:        8192 kB\nMemAvailable:    2000 kB\n"
#define SWAP "SwapCached:        99 kB\nSwapTotal:       2048 kB\nSwapFree:           0 kB\n"

#define MIB (1ull << 20)

static void what_fits(void **state)
{
    static const struct {
        const char *meminfo;
        uint64_t bytes;
    } rows[] = {
        {HEAD, 8 * MIB},
        {HEAD SWAP, 10 * MIB},
        /* Texts that do not say. */
        {"", UINT64_MAX},
        {"MemTotal:", UINT64_MAX},
        {"MemTotal: 12\n", UINT64_MAX},
        {"NotMemTotal: 12 kB\n", UINT64_MAX},
        {"MemTotal: 18446744073709551615 kB\nSwapTotal: 1 kB\n", UINT64_MAX},
    };

    (void)state;
    for (size_t i = 0; i < SLIP_COUNT(rows); i++)
        assert_int_equal(slip__memory_check(rows[i].meminfo, rows[i].bytes, NULL), 0);
}

static void expect_refused(const char *meminfo, uint64_t bytes, const char *message,
                           const char *hint)
{
    struct slip_error *err = NULL;

    assert_int_equal(slip__memory_check(meminfo, bytes, &err), SLIP_EENGINE);
    assert_int_equal(slip_error_code(err), SLIP_CODE_HOST_MEMORY);
    assert_string_equal(slip_error_message(err), message);
    assert_string_equal(slip_error_hint(err), hint);
    slip_error_free(err);
}

static void what_does_not(void **state)
{
    (void)state;
    expect_refused(HEAD, 9 * MIB,
                   "the guest has 9 MiB of memory, this host has 8 MiB (RAM 8, swap 0)",
                   "memory = 8 is the most that could ever fit, less is wise");
    expect_refused(HEAD SWAP, 64 * MIB,
                   "the guest has 64 MiB of memory, this host has 10 MiB (RAM 8, swap 2)",
                   "memory = 10 is the most that could ever fit, less is wise");
    expect_refused("MemTotal: 0 kB", MIB,
                   "the guest has 1 MiB of memory, this host has 0 MiB (RAM 0, swap 0)",
                   "memory = 0 is the most that could ever fit, less is wise");
}

/* The kernel's own text has what is looked for: 2^46 bytes, the most a description can ask for, are on no host. */
static void this_host(void **state)
{
    struct slip_error *err = NULL;

    (void)state;
    assert_int_equal(slip__memory_check_here(MIB, &err), 0);
    assert_int_equal(slip__memory_check_here(1ull << 46, &err), SLIP_EENGINE);
    slip_error_free(err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fits),
        cmocka_unit_test(what_does_not),
        cmocka_unit_test(this_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
