/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The machines of guests on Xen: facts only. PVH, from Xen's docs/misc/pvh.pandoc and public/arch-x86/hvm/start_info.h: local
 * APICs and nothing else of a PC. PV: pseudo-physical memory from 0 on, no holes, no ACPI.
 */
#include "build/machine.h"
#include "dsdt_xen.h"

const struct slip_machine slip__machine_xen_pvh = {
    .name = "xenpvh",
    .console = "hvc0",

    .hw_reduced = true,
    .no_ioapic = true,
    .apic_step = 2, /* Xen, xen/arch/x86/hvm/vlapic.c: a vCPU's APIC id is twice its number */

    .low_ram_max_bytes = 0xf0000000,
    /* Identity page table, rings, VM86 TSS: the engine's, at the end of the pages that Xen's own toolstack uses
     * (tools/libs/guest/xg_dom_x86.c, special_pfn). */
    .special_gpa = 0xfeff8000,
    .special_bytes = 0x7000,

    .lapic_gpa = 0xfee00000,
    .vcpus_max = 128, /* public/hvm/hvm_info_table.h, HVM_MAX_VCPUS */

    .dsdt = slip_dsdt_xen,
    .dsdt_bytes = sizeof(slip_dsdt_xen),
};

const struct slip_machine slip__machine_xen_pv = {
    .name = "xenpv",
    .console = "hvc0",

    .cmdline_max = 1023,             /* public/xen.h, MAX_GUEST_CMDLINE */
    .low_ram_max_bytes = UINT64_MAX, /* contiguous */
    .vcpus_max = 255,
};
