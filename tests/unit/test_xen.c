/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pure parts of the xen engine: sizes, extents, CPU topology, the first vCPU's state as bytes. No Xen is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/xen/cpu.h"
#include "engine/xen/hvm.h"
#include "engine/xen/memory.h"
#include <xen/hvm/save.h>

#define MIB (1ull << 20)

static void paging_pool(void **state)
{
    (void)state;
    /* 1 MiB a vCPU + 4 KiB a MiB, in whole MiB */
    assert_int_equal(slip__xen_paging_pages(32 * MIB, 1, true), 2 * 256);
    assert_int_equal(slip__xen_paging_pages(256 * MIB, 1, true), 2 * 256);
    assert_int_equal(slip__xen_paging_pages(257 * MIB, 1, true), 3 * 256);
    assert_int_equal(slip__xen_paging_pages(1024 * MIB, 4, true), 8 * 256);
    assert_int_equal(slip__xen_paging_pages(1024 * MIB, 4, false), 12 * 256);
}

struct extents {
    unsigned order;
    uint64_t count;
};

/* Fills [gfn, end) as the engine does, and compares. */
static void expect_extents(uint64_t gfn, uint64_t end, unsigned max_order,
                           const struct extents *expected, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t count = 0;
        unsigned order = slip__xen_next_extents(gfn, end, max_order, &count);

        assert_int_equal(order, expected[i].order);
        assert_int_equal(count, expected[i].count);
        gfn += count << order;
    }
    assert_int_equal(gfn, end);
}

static void extents(void **state)
{
    const struct extents small[] = {{9, 16}};
    const struct extents odd[] = {{9, 16}, {0, 256}};
    const struct extents large[] = {{18, 3}, {9, 384}};
    const struct extents shifted[] = {{0, 511}, {9, 511}, {18, 1}, {9, 1}, {0, 1}};
    const struct extents no_gib[] = {{9, 3 * 512 + 384}};
    const struct extents pages[] = {{0, 1024}};
    /* crosses a 1 GiB boundary, but no page of that size fits on either side */
    const struct extents across[] = {{9, 512}};
    uint64_t count;

    (void)state;
    expect_extents(0, 32 * 256, 18, small, 1);
    expect_extents(0, 33 * 256, 18, odd, 2);
    expect_extents(0, 0xf0000, 18, large, 2);
    expect_extents(0x100001, 0x100000 + 0x80000 + 512 + 1, 18, shifted, 5);
    expect_extents(0, 0xf0000, 9, no_gib, 1);
    expect_extents(0, 1024, 0, pages, 1);
    expect_extents(0x20000, 0x60000, 18, across, 1);
    assert_int_equal(slip__xen_next_extents(5, 5, 18, &count), 0);
    assert_int_equal(count, 0);
}

static void not_enough_memory(void **state)
{
    xc_physinfo_t info = {.free_pages = 300 * 256, .outstanding_pages = 44 * 256};
    struct slip_error *err = NULL;

    (void)state;
    assert_int_equal(slip__xen_memory_check(&info, 256 * 256, &err), 0);
    assert_int_equal(slip__xen_memory_check(&info, 256 * 256 + 1, &err), SLIP_EENGINE);
    assert_int_equal(slip_error_code(err), 641);
    assert_non_null(strstr(slip_error_message(err), "needs 257 MiB"));
    assert_non_null(strstr(slip_error_message(err), "256 MiB are free"));
    assert_non_null(slip_error_hint(err));
    slip_error_free(err);
    err = NULL;
    info.outstanding_pages = 301 * 256; /* more claimed than free */
    assert_int_equal(slip__xen_memory_check(&info, 1, &err), SLIP_EENGINE);
    slip_error_free(err);
}

static void topology_amd(void **state)
{
    xen_cpuid_leaf_t leaves[] = {
        {0, XEN_CPUID_NO_SUBLEAF, 13, 0x68747541, 0x444d4163, 0x69746e65}, /* AuthenticAMD */
        {1, XEN_CPUID_NO_SUBLEAF, 0x60fb1, 0x00020800, 0x80002001, 0x078bfbff},
        {4, 0, 0x1c004121, 0, 0, 0},
        {7, 0, 0, 1, 2, 3},
        {0x80000001, XEN_CPUID_NO_SUBLEAF, 0, 0, 0x00000007, 0},
        {0x80000008, XEN_CPUID_NO_SUBLEAF, 0x3028, 0, 0x00001001, 0},
    };

    (void)state;
    assert_int_equal(slip__xen_cpu_topology(leaves, 6), 3);
    assert_int_equal(leaves[0].leaf, 1);
    assert_int_equal(leaves[0].b, 0x00040800);            /* 4 logical processors */
    assert_int_equal(leaves[0].d, 0x078bfbff | 1u << 28); /* HTT */
    assert_int_equal(leaves[0].c, 0x80002001);
    assert_int_equal(leaves[1].leaf, 0x80000001);
    assert_int_equal(leaves[1].c, 0x00000005); /* no CmpLegacy */
    assert_int_equal(leaves[2].leaf, 0x80000008);
    assert_int_equal(leaves[2].c, 0x00002003); /* one more bit of id, 4 cores */
    assert_int_equal(leaves[2].a, 0x3028);
}

static void topology_intel(void **state)
{
    xen_cpuid_leaf_t leaves[] = {
        {0, XEN_CPUID_NO_SUBLEAF, 13, 0x756e6547, 0x6c65746e, 0x49656e69}, /* GenuineIntel */
        {1, XEN_CPUID_NO_SUBLEAF, 0, 0, 0, 0},
        {4, 0, 0x1c004121, 5, 6, 7},
        {4, 1, 0, 0, 0, 0},
        {0x80000008, XEN_CPUID_NO_SUBLEAF, 0x3028, 0, 0x1234, 0},
    };

    (void)state;
    assert_int_equal(slip__xen_cpu_topology(leaves, 5), 3);
    assert_int_equal(leaves[0].b, 0x00020000);
    assert_int_equal(leaves[1].leaf, 4);
    assert_int_equal(leaves[1].a, 0x3c000121); /* 16 ids, each cache one thread's */
    assert_int_equal(leaves[1].b, 5);
    assert_int_equal(leaves[2].a, 0); /* no such cache */
}

static void ident_table(void **state)
{
    uint32_t table[1024];

    (void)state;
    slip__xen_ident_page_table(table);
    assert_int_equal(table[0], 0xe7);
    assert_int_equal(table[1], 0x4000e7);
    assert_int_equal(table[1023], 0xffc000e7);
}

/* As Xen gives it for a fresh domain: a header, some record that is not asked for, MTRRs, the end. */
static size_t make_context(uint8_t *to, unsigned vcpus, size_t header_bytes)
{
    struct hvm_save_header header = {
        .magic = HVM_FILE_MAGIC, .version = HVM_FILE_VERSION, .cpuid = 0x60fb1};
    struct hvm_hw_mtrr mtrr = {.msr_pat_cr = 0x0007040600070406, .msr_mtrr_cap = 0x508};
    struct hvm_save_descriptor head = {.typecode = 1, .length = (uint32_t)header_bytes};
    size_t at = 0;

    memcpy(to, &head, sizeof(head));
    memcpy(to + sizeof(head), &header, sizeof(header));
    at = sizeof(head) + header_bytes;
    head = (struct hvm_save_descriptor){.typecode = 5, .length = 3};
    memcpy(to + at, &head, sizeof(head));
    at += sizeof(head) + 3;
    for (unsigned i = 0; i < vcpus; i++) {
        head = (struct hvm_save_descriptor){
            .typecode = 14, .instance = (uint16_t)i, .length = sizeof(mtrr)};
        memcpy(to + at, &head, sizeof(head));
        memcpy(to + at + sizeof(head), &mtrr, sizeof(mtrr));
        at += sizeof(head) + sizeof(mtrr);
    }
    head = (struct hvm_save_descriptor){0};
    memcpy(to + at, &head, sizeof(head));
    return at + sizeof(head);
}

/* The body of the record at *at, which moves behind it. */
static const uint8_t *next_record(const uint8_t *bytes, size_t *at, unsigned type,
                                  unsigned instance, size_t length)
{
    struct hvm_save_descriptor head;

    memcpy(&head, bytes + *at, sizeof(head));
    assert_int_equal(head.typecode, type);
    assert_int_equal(head.instance, instance);
    assert_int_equal(head.length, length);
    *at += sizeof(head) + length;
    return bytes + *at - length;
}

static void context(void **state)
{
    const struct slip_start start = {
        .entry_gpa = 0x1000850, .start_info_gpa = 0x1000, .rbx = 0x1000};
    uint8_t full[4096] = {0}, ours[4096];
    size_t bytes = make_context(full, 2, sizeof(struct hvm_save_header)), at = 0, n;
    struct hvm_save_header header;
    struct hvm_hw_mtrr mtrr;
    struct hvm_hw_cpu cpu;

    (void)state;
    n = slip__xen_hvm_context(full, bytes, &start, 2, ours, sizeof(ours));
    assert_int_equal(n, slip__xen_hvm_context_bytes(2));
    memcpy(&header, next_record(ours, &at, 1, 0, sizeof(header)), sizeof(header));
    assert_int_equal(header.magic, HVM_FILE_MAGIC);
    assert_int_equal(header.cpuid, 0x60fb1);
    for (unsigned i = 0; i < 2; i++) {
        memcpy(&mtrr, next_record(ours, &at, 14, i, sizeof(mtrr)), sizeof(mtrr));
        assert_int_equal(mtrr.msr_mtrr_def_type, 0x806);
        assert_int_equal(mtrr.msr_mtrr_cap, 0x508);
    }
    memcpy(&cpu, next_record(ours, &at, 2, 0, sizeof(cpu)), sizeof(cpu));
    next_record(ours, &at, 0, 0, 0);
    assert_int_equal(at, n);

    assert_int_equal(cpu.rip, 0x1000850);
    assert_int_equal(cpu.rbx, 0x1000);
    assert_int_equal(cpu.cr0, 0x11);
    assert_int_equal(cpu.cr4, 0);
    assert_int_equal(cpu.msr_efer, 0);
    assert_int_equal(cpu.rflags, 2);
    assert_int_equal(cpu.cs_base | cpu.ds_base | cpu.es_base | cpu.ss_base | cpu.tr_base, 0);
    assert_int_equal(cpu.cs_limit, UINT32_MAX);
    assert_int_equal(cpu.ss_limit, UINT32_MAX);
    assert_int_equal(cpu.cs_arbytes, 0xc9b);
    assert_int_equal(cpu.ds_arbytes, 0xc93);
    assert_int_equal(cpu.es_arbytes, 0xc93);
    assert_int_equal(cpu.ss_arbytes, 0xc93);
    assert_int_equal(cpu.tr_arbytes, 0x8b);
    assert_int_equal(cpu.tr_limit, 0x67);
    /* What a PVH start leaves open stays as Xen has it. */
    assert_int_equal(cpu.cs_sel | cpu.ds_sel | cpu.es_sel | cpu.ss_sel | cpu.tr_sel, 0);
    assert_int_equal(cpu.gdtr_base | cpu.gdtr_limit | cpu.idtr_base | cpu.idtr_limit, 0);
    assert_int_equal(cpu.cr3 | cpu.rax | cpu.rcx | cpu.rdx | cpu.rsi | cpu.rdi | cpu.rbp | cpu.rsp,
                     0);
}

static void long_context(void **state)
{
    const struct slip_start start = {.mode = SLIP_CPU_LONG64,
                                     .entry_gpa = 0x1000200,
                                     .rax = 1,
                                     .rbx = 2,
                                     .rcx = 3,
                                     .rsi = 0x2000,
                                     .rdi = 5,
                                     .rbp = 6,
                                     .rsp = 7,
                                     .cr3 = 0x9000,
                                     .gdt_gpa = 0x8000,
                                     .gdt_bytes = 40,
                                     .cs = 0x10,
                                     .ds = 0x18,
                                     .tr = 0x20};
    uint8_t full[4096] = {0}, ours[4096];
    size_t bytes = make_context(full, 1, sizeof(struct hvm_save_header)), at = 0;
    struct hvm_hw_cpu cpu;

    (void)state;
    assert_true(slip__xen_hvm_context(full, bytes, &start, 1, ours, sizeof(ours)) > 0);
    next_record(ours, &at, 1, 0, sizeof(struct hvm_save_header));
    next_record(ours, &at, 14, 0, sizeof(struct hvm_hw_mtrr));
    memcpy(&cpu, next_record(ours, &at, 2, 0, sizeof(cpu)), sizeof(cpu));
    assert_int_equal(cpu.rip, 0x1000200);
    assert_int_equal(cpu.rax, 1);
    assert_int_equal(cpu.rbx, 2);
    assert_int_equal(cpu.rcx, 3);
    assert_int_equal(cpu.rdx, 0);
    assert_int_equal(cpu.rsi, 0x2000);
    assert_int_equal(cpu.rdi, 5);
    assert_int_equal(cpu.rbp, 6);
    assert_int_equal(cpu.rsp, 7);
    assert_int_equal(cpu.cr0, 0x80000011);
    assert_int_equal(cpu.cr3, 0x9000);
    assert_int_equal(cpu.cr4, 0x20);
    assert_int_equal(cpu.msr_efer, 0x500);
    assert_int_equal(cpu.gdtr_base, 0x8000);
    assert_int_equal(cpu.gdtr_limit, 39);
    assert_int_equal(cpu.cs_sel, 0x10);
    assert_int_equal(cpu.ds_sel, 0x18);
    assert_int_equal(cpu.es_sel, 0x18);
    assert_int_equal(cpu.ss_sel, 0x18);
    assert_int_equal(cpu.tr_sel, 0x20);
    assert_int_equal(cpu.cs_arbytes, 0xa9b);
    assert_int_equal(cpu.ss_arbytes, 0xc93);
    assert_int_equal(cpu.tr_arbytes, 0x8b);
}

static void context_refused(void **state)
{
    const struct slip_start start = {0};
    uint8_t full[4096] = {0}, ours[4096];
    size_t bytes = make_context(full, 1, sizeof(struct hvm_save_header));

    (void)state;
    assert_int_equal(slip__xen_hvm_context(full, bytes, &start, 2, ours, sizeof(ours)), 0);
    assert_int_equal(
        slip__xen_hvm_context(full, bytes, &start, 1, ours, slip__xen_hvm_context_bytes(1) - 1), 0);
    for (size_t cut = 0; cut < 40; cut++)
        assert_int_equal(slip__xen_hvm_context(full, cut, &start, 1, ours, sizeof(ours)), 0);
    full[4] = 0xff; /* the header's length reaches past the end */
    full[5] = 0xff;
    assert_int_equal(slip__xen_hvm_context(full, bytes, &start, 1, ours, sizeof(ours)), 0);
    bytes = make_context(full, 1, sizeof(struct hvm_save_header) + 8);
    assert_int_equal(slip__xen_hvm_context(full, bytes, &start, 1, ours, sizeof(ours)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paging_pool),       cmocka_unit_test(extents),
        cmocka_unit_test(not_enough_memory), cmocka_unit_test(topology_amd),
        cmocka_unit_test(topology_intel),    cmocka_unit_test(ident_table),
        cmocka_unit_test(context),           cmocka_unit_test(context_refused),
        cmocka_unit_test(long_context),
    };

    return cmocka_run_group_tests_name("xen", tests, NULL, NULL);
}
