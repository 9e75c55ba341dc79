/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the stub reads and writes: hvm_start_info (Xen public/arch-x86/hvm/start_info.h), a bzImage's setup header and
 * the zero page (Linux Documentation/arch/x86/boot.rst and zero-page.rst). Its own offset table, for a freestanding
 * 32-bit program sees neither the library's headers nor the kernel's. Only facts.
 */
#ifndef SLIP_STUB_ABI_H
#define SLIP_STUB_ABI_H

#include <stdint.h>

#define START_MAGIC 0x336ec578u

struct start_info {
    uint32_t magic, version, flags, nr_modules;
    uint64_t modlist, cmdline, rsdp;
    /* version 1 */
    uint64_t memmap;
    uint32_t memmap_entries, reserved;
};
struct module {
    uint64_t paddr, size, cmdline, reserved;
};
struct memmap_entry {
    uint64_t addr, size;
    uint32_t type, reserved;
};
#define TYPE_RAM 1u

/* Offsets in a bzImage, and in the zero page, where the setup header is at the same place. */
#define SETUP_SECTS      0x1f1 /* 1 */
#define SYSSIZE          0x1f4 /* 4 since 2.04, else 2; in units of 16 */
#define BOOT_FLAG        0x1fe /* 2: 0xaa55 */
#define HEADER_JUMP      0x201 /* 1: the header ends at 0x202 plus this */
#define HEADER_MAGIC     0x202 /* 4: "HdrS" */
#define PROTOCOL         0x206 /* 2 */
#define TYPE_OF_LOADER   0x210 /* 1 */
#define LOADFLAGS        0x211 /* 1 */
#define CODE32_START     0x214 /* 4 */
#define RAMDISK_IMAGE    0x218 /* 4 */
#define RAMDISK_SIZE     0x21c /* 4 */
#define CMD_LINE_PTR     0x228 /* 4, 2.02 */
#define INITRD_ADDR_MAX  0x22c /* 4, 2.03: of the last byte */
#define KERNEL_ALIGNMENT 0x230 /* 4, 2.05 */
#define RELOCATABLE      0x234 /* 1, 2.05 */
#define MIN_ALIGNMENT    0x235 /* 1, 2.10: a power of two */
#define XLOADFLAGS       0x236 /* 2, 2.12 */
#define CMDLINE_SIZE     0x238 /* 4, 2.06 */
#define HARDWARE_SUBARCH 0x23c /* 4, 2.07 */
#define SUBARCH_DATA     0x240 /* 8, 2.07 */
#define PREF_ADDRESS     0x258 /* 8, 2.10 */
#define INIT_SIZE        0x260 /* 4, 2.10 */
#define HEADER_START     0x1f1
#define HEADER_END_MAX   0x290

#define LOADED_HIGH        0x01
#define XLF_KERNEL_64      0x01
#define XLF_ABOVE_4G       0x02
#define LOADER_UNDEFINED   0xff
#define SUBARCH_XEN        2
#define ENTRY64            0x200
#define HEADER_MAGIC_VALUE 0x53726448u
#define OLD_CL_MAGIC_VALUE 0xa33fu
#define OLD_GROWTH         8u /* memory that a kernel of before 2.10 is given, in sizes of its file */
#define OLD_INITRD_MAX     0x37ffffffu
#define OLD_CMDLINE_MAX    255u
#define OLD_LOAD_ADDRESS   0x100000u

/* The zero page alone. */
#define EXT_MEM_K         0x002 /* 2: KiB above 1 MiB, at most 64 MiB */
#define OLD_CL_MAGIC      0x020 /* 2: 0xa33f; kernels before 2.02 look for it at 0x90020 */
#define OLD_CL_OFFSET     0x022 /* 2 */
#define ACPI_RSDP         0x070 /* 8, 2.14 */
#define EXT_RAMDISK_IMAGE 0x0c0 /* 4: upper halves */
#define EXT_RAMDISK_SIZE  0x0c4
#define ALT_MEM_K         0x1e0 /* 4: KiB above 1 MiB */
#define E820_ENTRIES      0x1e8 /* 1 */
#define E820_TABLE        0x2d0 /* 20 bytes each */
#define E820_MAX          128u
#define ZERO_PAGE_BYTES   4096u
#define OLD_ZERO_PAGE     0x90000u
#define OLD_LINE          0x9000u /* from the zero page */

#endif
