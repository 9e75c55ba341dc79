/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The PV container's part of a plan, and the step that finishes it. A PV guest runs on page tables of machine frames,
 * which nobody knows before its memory exists: the plan says where everything lies, and the engine calls
 * slip__pv_finish() with its frames.
 *
 * Pseudo-physical memory is one run from 0. Its beginning is mapped at virt_base, in the order of Xen's public header
 * xen.h, "Start-of-day memory layout": kernel, modules, p2m list, start info, XenStore page, console page, page tables,
 * stack, 512 KiB to spare. A kernel may want its modules unmapped (note MOD_START_PFN) and its p2m list elsewhere
 * (INIT_P2M): then they lie behind all this.
 */
#ifndef SLIP_BUILD_PV_H
#define SLIP_BUILD_PV_H

#include "abi/ram.h"
#include "base/error.h"
#include "build/plan.h"

#define SLIP_PV_MAX_LEVELS   4
#define SLIP_PV_MAX_MAPPINGS 2
#define SLIP_PV_NO_PFN       UINT64_MAX

/* Page tables of one level made for a mapping: one after the other, in the order of what they map. */
struct slip_pv_tables {
    uint64_t
        first; /* number of the first among all that the level can have: address bits above those it translates */
    uint64_t count;
    uint64_t pfn; /* of the first */
};

/* A run of pages mapped in order. */
struct slip_pv_mapping {
    uint64_t va;
    uint64_t pfn, pages;
    struct slip_pv_tables level
        [SLIP_PV_MAX_LEVELS]; /* 0: those whose entries are pages; top level in mapping 0 only */
    uint64_t tables_pfn, n_tables; /* all of them */
};

struct slip_pv {
    unsigned bits, levels; /* 64, 4 or 32, 3 */
    struct slip_pv_mapping
        mappings[SLIP_PV_MAX_MAPPINGS]; /* 0: the initial one, from pfn 0 at virt_base */
    unsigned n_mappings;                /* 2: the p2m list is mapped apart */
    /* Virtual addresses. */
    uint64_t entry, start_info_va, stack_end_va, p2m_va;
    uint64_t start_info_pfn, store_pfn, console_pfn;
    uint64_t stack_pfn;     /* one page */
    uint64_t hypercall_pfn; /* SLIP_PV_NO_PFN: the kernel has no such page */
    uint64_t n_pages;       /* all of the guest */
    uint64_t p2m_pfn, p2m_pages;
    uint64_t mod_start, mod_bytes; /* as start info has them; 0: no module */
    uint32_t flags;                /* SIF_* */
};

/* What only the engine knows, once the guest's memory exists. */
struct slip_pv_host {
    const uint64_t *p2m;      /* machine frame of each page of the guest, pv->n_pages of them */
    uint64_t shared_info_mfn; /* Xen's page for it */
    uint32_t store_port, console_port; /* the guest's event channels */
};

/* RAM is written: adds what has machine frames in it, page tables, p2m list and start info, straight into RAM. For the
 * guest's page tables to become valid, no writable mapping of them may be left after it. */
int slip__pv_finish(const struct slip_plan *plan, struct slip_ram *ram,
                    const struct slip_pv_host *host, struct slip_error **err);
/* The machine address of the top page table, in the form that CR3 takes (Xen's xen_pfn_to_cr3). */
uint64_t slip__pv_cr3(const struct slip_pv *pv, const uint64_t *p2m);
/* The virtual address of a page in the initial mapping. */
uint64_t slip__pv_va(const struct slip_pv *pv, uint64_t pfn);

#endif
