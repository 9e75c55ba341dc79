/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where everything of a guest lies: in RAM, apart, in reach; and what is said when it can't. */
#include "plan_fixture.h"

#include <stdio.h>

#include "abi/e820.h"
#include "base/ckd.h"
#include "base/cleanup.h"
#include "slipway/codes.h"

static bool in_map_as(const struct slip_plan *plan, const struct slip_piece *p, uint32_t type)
{
    for (unsigned i = 0; i < plan->n_map; i++) {
        const struct slip_map_entry *e = &plan->map[i];

        if (e->type == type && p->gpa >= e->gpa &&
            slip__range_fits(p->gpa - e->gpa, p->bytes, e->bytes))
            return true;
    }
    return false;
}

/* What every layout must keep. */
static void check_layout(const struct slip_plan *plan)
{
    const struct slip_machine *m = plan->machine;
    struct slip_ram ram = {.n_regions = plan->n_ram};
    uint64_t before = 0;

    memcpy(ram.regions, plan->ram, sizeof(plan->ram));
    for (size_t i = 0; i < plan->n_pieces; i++) {
        const struct slip_piece *p = &plan->pieces[i];
        bool acpi = strcmp(p->what, "ACPI tables") == 0;

        assert_true(p->bytes > 0);
        assert_true(p->gpa >= before); /* ascending, and past the end of the last */
        before = p->gpa + p->bytes;
        assert_true(slip__ram_contains(&ram, p->gpa, p->bytes));
        assert_true(p->gpa >= SLIP_PC_LOW_END);
        assert_false(slip__range_overlaps(p->gpa, p->bytes, m->hidden_gpa, m->hidden_bytes));
        assert_false(
            slip__range_overlaps(p->gpa, p->bytes, m->reset_block_gpa, m->reset_block_bytes));
        assert_true(in_map_as(plan, p, acpi ? SLIP_E820_NVS : SLIP_E820_RAM));
    }
    before = 0;
    for (unsigned i = 0; i < plan->n_map; i++) {
        assert_true(plan->map[i].gpa >= before);
        assert_true(plan->map[i].bytes > 0);
        before = plan->map[i].gpa + plan->map[i].bytes;
    }
}

static void check_tables_low(const struct slip_plan *plan)
{
    static const char *const what[] = {"start info", "memory map", "command line", "module list"};

    for (size_t i = 0; i < SLIP_COUNT(what); i++) {
        const struct slip_piece *p = fixture_piece(plan, what[i]);

        if (!p) {
            assert_string_equal(what[i], "module list");
            continue;
        }
        assert_true(p->gpa + p->bytes <= SLIP_PC_HOLE_GPA);
    }
}

static void check_modules(const struct fixture *f, const struct slip_plan *plan)
{
    uint64_t above = UINT64_MAX;

    for (size_t i = 0; i < f->n_modules; i++) {
        const struct slip_piece *p;
        char what[40];

        snprintf(what, sizeof(what), "module %zu", i);
        p = fixture_piece(plan, what);
        assert_non_null(p);
        assert_int_equal(p->bytes, f->modules[i].bytes);
        assert_int_equal(p->gpa % SLIP_PAGE_BYTES, 0);
        assert_true(p->gpa < above); /* from the top down */
        assert_true(p->gpa + p->bytes <= SLIP_4_GIB);
        above = p->gpa;
    }
}

static void every_size(void **state)
{
    static const int64_t memories[] = {96, 512, 6144};
    static const size_t module_counts[] = {0, 1, 3, 64}, cmdlines[] = {0, 1, 255, 2047};

    (void)state;
    for (size_t i = 0; i < SLIP_COUNT(memories); i++) {
        for (size_t j = 0; j < SLIP_COUNT(module_counts); j++) {
            for (size_t k = 0; k < SLIP_COUNT(cmdlines); k++) {
                struct fixture f;
                struct slip_plan *plan;

                fixture_init(&f, memories[i]);
                fixture_cmdline(&f, cmdlines[k], true);
                for (size_t n = 0; n < module_counts[j]; n++)
                    fixture_claim_module(&f, 1 + n * 17777);
                plan = fixture_planned(&f);
                check_layout(plan);
                check_tables_low(plan);
                check_modules(&f, plan);
                slip_plan_free(plan);
            }
        }
    }
}

static void map_is_a_pcs(void **state)
{
    static const struct slip_map_entry want[] = {
        {0, 0xa0000, SLIP_E820_RAM},
        {0xe0000, 0x10000, SLIP_E820_NVS},
        {0xf0000, 0x10000, SLIP_E820_RESERVED},
        {0x100000, 0xbff00000, SLIP_E820_RAM},
        {0x100000000, 0xc0000000, SLIP_E820_RAM},
    };
    struct fixture f;
    struct slip_plan *plan;

    (void)state;
    fixture_init(&f, 6144);
    plan = fixture_planned(&f);
    assert_int_equal(plan->n_map, SLIP_COUNT(want));
    for (size_t i = 0; i < SLIP_COUNT(want); i++) {
        assert_int_equal(plan->map[i].gpa, want[i].gpa);
        assert_int_equal(plan->map[i].bytes, want[i].bytes);
        assert_int_equal(plan->map[i].type, want[i].type);
    }
    assert_int_equal(plan->n_ram, 2);
    assert_int_equal(plan->ram[0].size + plan->ram[1].size, 6144 * MIB);
    slip_plan_free(plan);
    /* Exactly what fits below: no region of no bytes above. */
    fixture_init(&f, 3072);
    plan = fixture_planned(&f);
    assert_int_equal(plan->n_ram, 1);
    assert_int_equal(plan->n_map, 4);
    slip_plan_free(plan);
}

/* The first module lies at the very end of low RAM, the next right below it. */
static void modules_from_the_top(void **state)
{
    struct fixture f;
    struct slip_plan *plan;

    (void)state;
    fixture_init(&f, 512);
    fixture_claim_module(&f, 0x2345);
    fixture_claim_module(&f, 1);
    plan = fixture_planned(&f);
    assert_int_equal(fixture_piece(plan, "module 0")->gpa, 512 * MIB - 0x3000);
    assert_int_equal(fixture_piece(plan, "module 1")->gpa, 512 * MIB - 0x4000);
    slip_plan_free(plan);
}

static void module_above_4_gib(void **state)
{
    struct fixture f;
    struct slip_plan *plan;
    char *text = NULL;

    (void)state;
    fixture_init(&f, 8192);
    fixture_claim_module(&f, 3100 * MIB);
    fixture_claim_module(&f, 100 * MIB);
    plan = fixture_planned(&f);
    check_layout(plan);
    assert_true(fixture_piece(plan, "module 0")->gpa >= SLIP_4_GIB);
    assert_true(fixture_piece(plan, "module 1")->gpa < SLIP_4_GIB);
    assert_int_equal(slip_plan_to_text(plan, &text, NULL), 0);
    assert_non_null(strstr(text, "module 0: initrd.img, 3250585600 bytes (no room below 4 GiB; "
                                 "Linux cannot reach an initrd up here)\n"));
    free(text);
    slip_plan_free(plan);
}

static void memory_too_small(void **state)
{
    struct fixture f;

    (void)state;
    fixture_init(&f, 18);
    fixture_refused(&f, SLIP_EIMAGE, SLIP_CODE_MEMORY_TOO_SMALL,
                    "kernel '/boot/vmlinux' needs at least 20 MiB of memory, the guest has 18 MiB: "
                    "segment 1 is at 0x1200000-0x1300777",
                    "memory = 20");
    /* What it asked for is enough. */
    fixture_init(&f, 20);
    slip_plan_free(fixture_planned(&f));
    fixture_init(&f, 1);
    fixture_claim_module(&f, 4 * MIB + 1);
    fixture_refused(&f, SLIP_EIMAGE, SLIP_CODE_MEMORY_TOO_SMALL,
                    "kernel '/boot/vmlinux' needs at least 24 MiB of memory, the guest has 1 MiB: "
                    "segment 0 is at 0x1000000-0x1005123",
                    "memory = 24");
    fixture_init(&f, 24);
    fixture_claim_module(&f, 4 * MIB + 1);
    slip_plan_free(fixture_planned(&f));
}

/* RAM that would lie from 3 to 4 GiB lies above: an address there is not yet an amount of memory. */
static void segment_above_4_gib(void **state)
{
    struct fixture f;

    (void)state;
    fixture_init(&f, 2048);
    f.segments[1].gpa = SLIP_4_GIB + 1024 * MIB;
    fixture_refused(&f, SLIP_EIMAGE, SLIP_CODE_MEMORY_TOO_SMALL,
                    "kernel '/boot/vmlinux' needs at least 4098 MiB of memory, the guest has 2048 "
                    "MiB: segment 1 is at 0x140000000-0x140100777",
                    "memory = 4098");
    fixture_init(&f, 4098);
    f.segments[1].gpa = SLIP_4_GIB + 1024 * MIB;
    slip_plan_free(fixture_planned(&f));
    /* A kernel whose physical addresses are its virtual ones: no amount of memory helps. */
    f.segments[1].gpa = 0xffffffff81000000;
    fixture_refused(
        &f, SLIP_EIMAGE, SLIP_CODE_OUTSIDE_RAM,
        "kernel '/boot/vmlinux': segment 1 (0xffffffff81000000-0xffffffff81100777) lies "
        "beyond all the memory a guest can have (67108864 MiB)",
        NULL);
}

static void module_too_large(void **state)
{
    struct fixture f;

    (void)state;
    fixture_init(&f, 96);
    fixture_claim_module(&f, 10 * MIB);
    fixture_claim_module(&f, 80 * MIB);
    fixture_refused(&f, SLIP_EIMAGE, SLIP_CODE_MODULE_DOES_NOT_FIT,
                    "module 1 ('initrd.img', 83886080 bytes) does not fit: the largest free run of "
                    "the guest's 96 MiB has 70250496 bytes",
                    "kernel and modules need memory = 110 at least, and the guest some more");
    fixture_num(&f.guest.memory, 110);
    slip_plan_free(fixture_planned(&f));
    fixture_init(&f, 96);
    fixture_claim_module(&f, UINT64_MAX - 5);
    fixture_claim_module(&f, UINT64_MAX - 5);
    fixture_refused(&f, SLIP_EIMAGE, SLIP_CODE_MODULE_DOES_NOT_FIT,
                    "module 0 ('initrd.img', 18446744073709551610 bytes) does not fit: the largest "
                    "free run of the guest's 96 MiB has 80736256 bytes",
                    "no guest can have more than 67108864 MiB");
}

static void segment_on_reserved(void **state)
{
    static const struct {
        uint64_t gpa;
        const char *message;
    } cases[] = {
        {0x0, "kernel '/boot/vmlinux': segment 0 (0x0-0x5123) runs into the real-mode vectors and "
              "BIOS data (0x0-0x1000)"},
        {0x1020, "kernel '/boot/vmlinux': segment 0 (0x1020-0x6143) runs into the reset ROM's "
                 "start block (0x1000-0x10b0)"},
        {0x9fffe, "kernel '/boot/vmlinux': segment 0 (0x9fffe-0xa5121) runs into the PC's video, "
                  "ROM and ACPI range (0xa0000-0x100000)"},
        {0x1200001, "kernel '/boot/vmlinux': segment 1 (0x1200000-0x1300777) runs into the kernel "
                    "(0x1200001-0x1205124)"},
    };

    (void)state;
    for (size_t i = 0; i < SLIP_COUNT(cases); i++) {
        struct fixture f;

        fixture_init(&f, 96);
        f.segments[0].gpa = cases[i].gpa;
        f.image.entries[0].address = cases[i].gpa;
        fixture_refused(&f, SLIP_EIMAGE, SLIP_CODE_SEGMENT_RESERVED, cases[i].message, NULL);
    }
}

static void segment_in_the_hole(void **state)
{
    struct fixture f;

    (void)state;
    fixture_init(&f, 8192);
    f.segments[1].gpa = 0xbffff000;
    fixture_refused(&f, SLIP_EIMAGE, SLIP_CODE_OUTSIDE_RAM,
                    "kernel '/boot/vmlinux': segment 1 (0xbffff000-0xc00ff777) lies where machine "
                    "microvm never has RAM (0xc0000000-0x100000000)",
                    NULL);
    /* Above 4 GiB is RAM like any other. */
    f.segments[1].gpa = SLIP_4_GIB;
    slip_plan_free(fixture_planned(&f));
}

/* A kernel that fills all of conventional memory pushes the tables up; one that fills everything is refused. */
static void tables_without_room(void **state)
{
    struct fixture f;
    struct slip_plan *plan;

    (void)state;
    fixture_init(&f, 96);
    f.segments[0].gpa = 0x2000;
    f.segments[0].memory_bytes = 0x9e000;
    f.image.entries[0].address = 0x2000;
    plan = fixture_planned(&f);
    check_layout(plan);
    assert_int_equal(fixture_piece(plan, "start info")->gpa, 0x100000);
    slip_plan_free(plan);
    f.segments[1].gpa = 0x100000;
    f.segments[1].memory_bytes = 95 * MIB;
    fixture_refused(&f, SLIP_EIMAGE, SLIP_CODE_TABLES_DO_NOT_FIT,
                    "no room for the start info: it needs 56 bytes below 4 GiB, the largest free "
                    "run beside kernel '/boot/vmlinux' has 0",
                    NULL);
}

/* Pages between segments that a smaller piece fits in are used, those it does not fit in are not. */
static void between_segments(void **state)
{
    struct fixture f;
    struct slip_plan *plan;

    (void)state;
    fixture_init(&f, 20);
    f.segments[1].gpa = 0x1100000;
    f.segments[1].memory_bytes = 0x300000; /* up to the end of RAM */
    fixture_claim_module(&f, 0xfa000);     /* just what is free between the two */
    plan = fixture_planned(&f);
    check_layout(plan);
    assert_int_equal(fixture_piece(plan, "module 0")->gpa, 0x1006000);
    slip_plan_free(plan);
    f.modules[0].bytes++;
    plan = fixture_planned(&f);
    check_layout(plan);
    assert_true(fixture_piece(plan, "module 0")->gpa < 0x1000000);
    slip_plan_free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size),           cmocka_unit_test(map_is_a_pcs),
        cmocka_unit_test(modules_from_the_top), cmocka_unit_test(module_above_4_gib),
        cmocka_unit_test(memory_too_small),     cmocka_unit_test(segment_above_4_gib),
        cmocka_unit_test(module_too_large),

        cmocka_unit_test(segment_on_reserved),  cmocka_unit_test(segment_in_the_hole),
        cmocka_unit_test(tables_without_room),  cmocka_unit_test(between_segments),
    };

    return cmocka_run_group_tests_name("layout", tests, NULL, NULL);
}
