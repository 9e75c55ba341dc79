/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a PV guest finds at its second register (rsi, esi): struct start_info, as 64-bit and as 32-bit kernels see it. All
 * little-endian. Facts: Xen's public header xen.h ("Start-of-day memory layout", struct start_info, SIF_*, struct
 * xen_multiboot_mod_list). Frames ("mfn") are the machine's, pfns the guest's own.
 */
#ifndef SLIP_ABI_PV_START_INFO_H
#define SLIP_ABI_PV_START_INFO_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define SLIP_PV_MAGIC_64 "xen-3.0-x86_64"
#define SLIP_PV_MAGIC_32 "xen-3.0-x86_32p"

#define SLIP_PV_MAGIC_BYTES   32
#define SLIP_PV_CMDLINE_BYTES 1024 /* NUL included */

#define SLIP_SIF_MULTIBOOT_MOD (1u << 2) /* mod_start is a package of modules */
#define SLIP_SIF_MOD_START_PFN \
    (1u << 3) /* mod_start is a pfn: the initial page tables do not map it */

struct slip_pv_start_info64 {
    char magic[SLIP_PV_MAGIC_BYTES];
    uint64_t nr_pages;
    uint64_t shared_info; /* machine address */
    uint32_t flags;
    uint32_t pad0;
    uint64_t store_mfn;
    uint32_t store_evtchn;
    uint32_t pad1;
    uint64_t console_mfn;
    uint32_t console_evtchn;
    uint32_t pad2;
    uint64_t pt_base; /* virtual, as mfn_list and mod_start */
    uint64_t nr_pt_frames;
    uint64_t mfn_list;
    uint64_t mod_start;
    uint64_t mod_len;
    char cmd_line[SLIP_PV_CMDLINE_BYTES];
    uint64_t first_p2m_pfn; /* 0 unless the p2m list has a mapping of its own */
    uint64_t nr_p2m_frames; /* its own page tables included */
};

struct slip_pv_start_info32 {
    char magic[SLIP_PV_MAGIC_BYTES];
    uint32_t nr_pages;
    uint32_t shared_info;
    uint32_t flags;
    uint32_t store_mfn;
    uint32_t store_evtchn;
    uint32_t console_mfn;
    uint32_t console_evtchn;
    uint32_t pt_base;
    uint32_t nr_pt_frames;
    uint32_t mfn_list;
    uint32_t mod_start;
    uint32_t mod_len;
    char cmd_line[SLIP_PV_CMDLINE_BYTES];
    uint32_t first_p2m_pfn;
    uint32_t nr_p2m_frames;
};

/* Heads a package of several modules, one each and one with mod_start 0 at the end. Addresses count from the package's
 * first byte. */
struct slip_pv_module {
    uint32_t mod_start;
    uint32_t mod_end;
    uint32_t cmdline;
    uint32_t pad;
};

static_assert(sizeof(struct slip_pv_start_info64) == 1168, "");
static_assert(offsetof(struct slip_pv_start_info64, store_mfn) == 56, "");
static_assert(offsetof(struct slip_pv_start_info64, console_mfn) == 72, "");
static_assert(offsetof(struct slip_pv_start_info64, console_evtchn) == 80, "");
static_assert(offsetof(struct slip_pv_start_info64, pt_base) == 88, "");
static_assert(offsetof(struct slip_pv_start_info64, mod_len) == 120, "");
static_assert(offsetof(struct slip_pv_start_info64, cmd_line) == 128, "");
static_assert(offsetof(struct slip_pv_start_info64, first_p2m_pfn) == 1152, "");
static_assert(sizeof(struct slip_pv_start_info32) == 1112, "");
static_assert(offsetof(struct slip_pv_start_info32, flags) == 40, "");
static_assert(offsetof(struct slip_pv_start_info32, console_mfn) == 52, "");
static_assert(offsetof(struct slip_pv_start_info32, pt_base) == 60, "");
static_assert(offsetof(struct slip_pv_start_info32, cmd_line) == 80, "");
static_assert(offsetof(struct slip_pv_start_info32, first_p2m_pfn) == 1104, "");
static_assert(sizeof(struct slip_pv_module) == 16, "");

#endif
