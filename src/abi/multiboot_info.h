/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a Multiboot kernel finds at ebx, by version. All little-endian. Facts: Multiboot Specification 0.6.96, "Boot information
 * format" and "Machine state"; Multiboot2 Specification 2.0, "Boot information" and "I386 machine state".
 */
#ifndef SLIP_ABI_MULTIBOOT_INFO_H
#define SLIP_ABI_MULTIBOOT_INFO_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define SLIP_MB1_EAX 0x2badb002u
#define SLIP_MB2_EAX 0x36d76289u

/* Version 1: which fields are there. */
#define SLIP_MB1_INFO_MEMORY  (1u << 0)
#define SLIP_MB1_INFO_CMDLINE (1u << 2)
#define SLIP_MB1_INFO_MODULES (1u << 3)
#define SLIP_MB1_INFO_MAP     (1u << 6)
#define SLIP_MB1_INFO_LOADER  (1u << 9)

struct slip_mb1_info {
    uint32_t flags;
    uint32_t mem_lower, mem_upper; /* KiB from 0, and from 1 MiB up to the first hole */
    uint32_t boot_device;
    uint32_t cmdline;
    uint32_t mods_count, mods_addr;
    uint32_t symbols[4];
    uint32_t mmap_length, mmap_addr;
    uint32_t drives_length, drives_addr;
    uint32_t config_table;
    uint32_t boot_loader_name;
    uint32_t apm_table;
    uint32_t vbe_control_info, vbe_mode_info;
    uint16_t vbe_mode, vbe_interface_seg, vbe_interface_off, vbe_interface_len;
    uint32_t framebuffer[8]; /* not told: flag 12 is clear */
};

struct slip_mb1_module {
    uint32_t start, end; /* end: one past its last byte */
    uint32_t string;
    uint32_t reserved;
};

struct slip_mb1_map_entry {
    uint32_t size; /* of what follows */
    uint32_t gpa_low, gpa_high;
    uint32_t bytes_low, bytes_high;
    uint32_t type; /* e820.h; the same numbers */
};

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "these are copied as they lie in memory");
static_assert(offsetof(struct slip_mb1_info, mods_count) == 20, "");
static_assert(offsetof(struct slip_mb1_info, mmap_length) == 44, "");
static_assert(offsetof(struct slip_mb1_info, boot_loader_name) == 64, "");
static_assert(offsetof(struct slip_mb1_info, vbe_interface_len) == 86, "");
static_assert(sizeof(struct slip_mb1_info) == 120, "");
static_assert(sizeof(struct slip_mb1_module) == 16, "");
static_assert(sizeof(struct slip_mb1_map_entry) == 24, "");

/* Version 2: total size and 0, then tags (type, size without padding), each on a multiple of 8. */
#define SLIP_MB2_TAG_ALIGN   8u
#define SLIP_MB2_HEAD_BYTES  8u
#define SLIP_MB2_TAG_BYTES   8u /* of a tag's type and size */
#define SLIP_MB2_TAG_END     0u
#define SLIP_MB2_TAG_CMDLINE 1u /* text */
#define SLIP_MB2_TAG_LOADER  2u /* text */
#define SLIP_MB2_TAG_MODULE  3u /* start u32, end u32, text */
#define SLIP_MB2_TAG_MEMORY  4u /* lower u32, upper u32: KiB */
#define SLIP_MB2_TAG_MAP \
    6u /* entry size u32, version u32, entries: gpa u64, bytes u64, type u32, 0 u32 */
#define SLIP_MB2_TAG_RSDP_OLD      14u /* copy of ACPI 1.0's RSDP */
#define SLIP_MB2_TAG_RSDP_NEW      15u /* copy of the RSDP since ACPI 2.0 */
#define SLIP_MB2_TAG_LOAD_BASE     21u /* gpa u32 */
#define SLIP_MB2_MAP_ENTRY_BYTES   24u
#define SLIP_MB2_MAP_ENTRY_VERSION 0u

#define SLIP_MULTIBOOT_LOADER "Slipway"
#define SLIP_MB_LOWER_MAX_KIB 640u

#endif
