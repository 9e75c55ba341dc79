/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a PVH guest finds at ebx: hvm_start_info version 1, its module list and its memory map. All little-endian.
 * Facts: Xen's public header xen/include/public/arch-x86/hvm/start_info.h. An address of 0 means "not present". Xen
 * tries to keep everything that these point to below 4 GiB, and so do we.
 */
#ifndef SLIP_ABI_START_INFO_H
#define SLIP_ABI_START_INFO_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define SLIP_START_INFO_MAGIC   0x336ec578u /* "xEn3" with the top bit of the E set */
#define SLIP_START_INFO_VERSION 1u          /* the first with a memory map */

struct slip_start_info {
    uint32_t magic;
    uint32_t version;
    uint32_t flags; /* SIF_*: none apply to a guest that is not dom0 */
    uint32_t nr_modules;
    uint64_t modlist_paddr;
    uint64_t cmdline_paddr; /* NUL-terminated */
    uint64_t rsdp_paddr;
    uint64_t memmap_paddr;
    uint32_t memmap_entries;
    uint32_t reserved;
};

struct slip_modlist_entry {
    uint64_t paddr;
    uint64_t size; /* exact bytes */
    uint64_t cmdline_paddr;
    uint64_t reserved;
};

struct slip_memmap_entry {
    uint64_t addr;
    uint64_t size;
    uint32_t type; /* e820.h */
    uint32_t reserved;
};

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "these are copied as they lie in memory");
static_assert(sizeof(struct slip_start_info) == 56, "version 1");
static_assert(offsetof(struct slip_start_info, nr_modules) == 12, "");
static_assert(offsetof(struct slip_start_info, modlist_paddr) == 16, "");
static_assert(offsetof(struct slip_start_info, cmdline_paddr) == 24, "");
static_assert(offsetof(struct slip_start_info, rsdp_paddr) == 32, "");
static_assert(offsetof(struct slip_start_info, memmap_paddr) == 40, "");
static_assert(offsetof(struct slip_start_info, memmap_entries) == 48, "");
static_assert(sizeof(struct slip_modlist_entry) == 32, "");
static_assert(offsetof(struct slip_modlist_entry, cmdline_paddr) == 16, "");
static_assert(sizeof(struct slip_memmap_entry) == 24, "");
static_assert(offsetof(struct slip_memmap_entry, type) == 16, "");

#endif
