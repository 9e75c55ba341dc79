/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Types of a memory map's entries, and the PC's fixed places below 1 MiB that every x86 kernel knows.
 * Facts: ACPI specification 6.x, section 15.1 (INT 15h, E820h) and table 15.374; the same numbers are
 * XEN_HVM_MEMMAP_TYPE_* in Xen's start_info.h.
 */
#ifndef SLIP_ABI_E820_H
#define SLIP_ABI_E820_H

#define SLIP_E820_RAM      1u
#define SLIP_E820_RESERVED 2u
#define SLIP_E820_ACPI     3u /* tables; the OS may reclaim it */
#define SLIP_E820_NVS      4u /* tables; the OS must leave it alone */

/* Real-mode interrupt vectors and the BIOS data area: kernels read and write here whatever a map says. */
#define SLIP_PC_LOW_END 0x1000ull
/* Video memory and ROMs of a PC. Kernels never take it for RAM: Linux's PVH entry reserves it by itself. */
#define SLIP_PC_HOLE_GPA 0xa0000ull
#define SLIP_PC_HOLE_END 0x100000ull
/* Where a BIOS keeps its tables; kernels without start info search here for the RSDP. */
#define SLIP_PC_ACPI_GPA 0xe0000ull

#define SLIP_4_GIB 0x100000000ull

#endif
