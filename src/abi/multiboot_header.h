/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The headers that an image carries for Multiboot loaders: numbers and field offsets. Knows no file. What the loader hands
 * over is elsewhere.
 *
 * Source: GNU, "Multiboot Specification version 0.6.96", 3.1 (OS image format), and "Multiboot2 Specification version 2.0",
 * 3.1. All fields are little-endian; those without a size have 4 bytes.
 */
#ifndef SLIP_ABI_MULTIBOOT_HEADER_H
#define SLIP_ABI_MULTIBOOT_HEADER_H

/* Version 1: offsets in the header. The sum of magic, flags and checksum is 0. */
#define SLIP_MB1_MAGIC           0x1badb002u
#define SLIP_MB1_SEARCH_BYTES    8192u /* the header lies in these, all of it ... */
#define SLIP_MB1_ALIGN           4u    /* ... at a multiple of this */
#define SLIP_MB1_FLAGS           4
#define SLIP_MB1_CHECKSUM        8
#define SLIP_MB1_HEADER_ADDR     12 /* these five if flag ADDRESSES is set */
#define SLIP_MB1_LOAD_ADDR       16
#define SLIP_MB1_LOAD_END        20 /* 0: all of the file */
#define SLIP_MB1_BSS_END         24 /* 0: no bss */
#define SLIP_MB1_ENTRY           28
#define SLIP_MB1_BYTES           12 /* without the addresses */
#define SLIP_MB1_ADDRESSED_BYTES 32

#define SLIP_MB1_FLAG_PAGE_ALIGN 0x1u /* modules on page boundaries */
#define SLIP_MB1_FLAG_MEMORY     0x2u
#define SLIP_MB1_FLAG_VIDEO      0x4u
#define SLIP_MB1_FLAGS_REQUIRED \
    0xffffu /* a loader must know those that are set of these; the others it may ignore */
#define SLIP_MB1_FLAGS_KNOWN    0x7u
#define SLIP_MB1_FLAG_ADDRESSES 0x10000u

/* Version 2: the header's fixed part. The sum of all four is 0. Then come tags, each at a multiple of 8. */
#define SLIP_MB2_MAGIC        0xe85250d6u
#define SLIP_MB2_SEARCH_BYTES 32768u
#define SLIP_MB2_ALIGN        8u
#define SLIP_MB2_ARCH         4
#define SLIP_MB2_LENGTH       8
#define SLIP_MB2_CHECKSUM     12
#define SLIP_MB2_BYTES        16
#define SLIP_MB2_ARCH_I386    0u

/* A tag: type (2 bytes), flags (2), size of all of it, then its own fields. */
#define SLIP_MB2_TAG_FLAGS    2
#define SLIP_MB2_TAG_SIZE     4
#define SLIP_MB2_TAG_BYTES    8
#define SLIP_MB2_TAG_OPTIONAL 0x1u

#define SLIP_MB2_TAG_END          0u
#define SLIP_MB2_TAG_REQUEST      1u /* of information tags, 4 bytes each */
#define SLIP_MB2_TAG_ADDRESS      2u /* header_addr, load_addr, load_end_addr, bss_end_addr */
#define SLIP_MB2_TAG_ENTRY        3u
#define SLIP_MB2_TAG_CONSOLE      4u
#define SLIP_MB2_TAG_FRAMEBUFFER  5u
#define SLIP_MB2_TAG_MODULE_ALIGN 6u
#define SLIP_MB2_TAG_EFI_BS       7u
#define SLIP_MB2_TAG_EFI32_ENTRY  8u
#define SLIP_MB2_TAG_EFI64_ENTRY  9u
#define SLIP_MB2_TAG_RELOCATABLE  10u /* min_addr, max_addr, align, preference */

#define SLIP_MB2_LOAD_FROM_START  0xffffffffu /* load_addr: from the file's first byte on */
#define SLIP_MB2_CONSOLE_REQUIRED 0x1u
#define SLIP_MB2_CONSOLE_EGA      0x2u

/* Information that can be requested. */
#define SLIP_MB2_INFO_MEMORY     4u
#define SLIP_MB2_INFO_MEMORY_MAP 6u
#define SLIP_MB2_INFO_LAST       21u

#endif
