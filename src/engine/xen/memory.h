/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory for a domain: how much there is, how much it takes, and giving it. Sizes are in pages of 4 KiB. */
#ifndef SLIP_ENGINE_XEN_MEMORY_H
#define SLIP_ENGINE_XEN_MEMORY_H

#include "abi/ram.h"
#include "engine/xen/host.h"

#define SLIP_XEN_ORDER_2M 9u /* 2^9 pages */
#define SLIP_XEN_ORDER_1G 18u

/* The pages that Xen needs for a domain's nested page tables (hap), and for shadows of the guest's own tables besides where the
 * processor has no nested paging: xl's formula, 1 MiB a vCPU and 4 KiB a MiB of memory, twice that for shadows; whole MiB.
 * Source: Xen 4.17, tools/libs/light, libxl__get_required_paging_memory(). PV guests need none. */
uint64_t slip__xen_paging_pages(uint64_t memory_bytes, unsigned vcpus, bool hap);

/* Pages taken from Xen's free memory besides the guest's own and its paging pool: the domain's and its vCPUs' structures, rings,
 * grant table. Rounded up generously: it is there to refuse early what would fail late. */
uint64_t slip__xen_overhead_pages(unsigned vcpus);

/* The next run of extents of one size for guest frames [gfn, end): as large as alignment and max_order allow. Returns the order
 * (0, 9 or 18) and how many of them follow each other before a larger size or the end is due. */
unsigned slip__xen_next_extents(uint64_t gfn, uint64_t end, unsigned max_order,
                                uint64_t *ret_count);

/* Is there enough? Says how much is free and needed when not (SLIP_EENGINE, SLIP_CODE_XEN_MEMORY). Others may take it later. */
int slip__xen_memory_check(const xc_physinfo_t *info, uint64_t needed_pages,
                           struct slip_error **err);

/* Gives the domain all frames of the regions, in superpages as far as possible. p2m: NULL for translated domains (PVH, HVM);
 * for PV, where the machine frame of each page goes, by its number. */
int slip__xen_populate(const struct slip_xen *xen, uint32_t domid,
                       const struct slip_ram_region *regions, unsigned n_regions, xen_pfn_t *p2m,
                       struct slip_error **err);

#endif
