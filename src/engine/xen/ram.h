/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain's memory as the builder writes it: frames of another domain, mapped here when somebody asks for them. */
#ifndef SLIP_ENGINE_XEN_RAM_H
#define SLIP_ENGINE_XEN_RAM_H

#include <xenctrl.h>
#include <xenforeignmemory.h>

#include "abi/ram.h"
#include "base/error.h"

struct slip_xen_mapping; /* one window that stays until dispose */

struct slip_xen_ram {
    struct slip_ram ram; /* first; regions are set by the caller of init */
    xenforeignmemory_handle *memory;
    uint32_t domid;
    /* Frame of each page of RAM in the order of the regions, n_pages of them; NULL: frames are guest frame numbers (PVH).
     * Owned: free()d by dispose. */
    xen_pfn_t *p2m;
    uint64_t n_pages;
    struct slip_xen_mapping *mappings; /* owned */
    size_t n_mappings;
};

/* Sets the handles and ram.map; ram.regions and p2m are as the caller has set them or will. Maps nothing. */
void slip__xen_ram_init(struct slip_xen_ram *ram, xenforeignmemory_handle *memory, uint32_t domid);
/* Takes all windows away; the memory stays the domain's. Harmless on zeroes and twice. */
void slip__xen_ram_release(struct slip_xen_ram *ram);
void slip__xen_ram_dispose(struct slip_xen_ram *ram);

/* Maps count frames (gfns; mfns of a PV guest) anywhere, in one call; NULL and *err if any of them can't be. Of a domain that
 * need not be ours. Undone with xenforeignmemory_unmap(memory, address, count). */
void *slip__xen_map_frames(xenforeignmemory_handle *memory, uint32_t domid, const xen_pfn_t *frames,
                           size_t count, struct slip_error **err);

#endif
