/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Windows into a domain's memory. Must not know what is written through them. */
#include "engine/xen/ram.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/cleanup.h"

struct slip_xen_mapping {
    uint64_t gpa;
    size_t pages;
    void *at;
};

typedef unsigned long long ull; /* for messages */

void *slip__xen_map_frames(xenforeignmemory_handle *memory, uint32_t domid, const xen_pfn_t *frames,
                           size_t count, struct slip_error **err)
{
    void *at = xenforeignmemory_map(memory, domid, PROT_READ | PROT_WRITE, count, frames, NULL);

    if (!at)
        slip__error_errno(err, SLIP_EENGINE, errno,
                          "cannot map %zu frames of domain %u from 0x%llx", count, domid,
                          count ? (ull)frames[0] : 0);
    return at;
}

/* The frames of [gpa, gpa + pages), which lies inside one region. */
static bool find_frames(const struct slip_xen_ram *ram, uint64_t gpa, size_t pages, xen_pfn_t *ret)
{
    uint64_t before = 0; /* pages of the regions before */

    if (!ram->p2m) {
        for (size_t i = 0; i < pages; i++)
            ret[i] = gpa / SLIP_PAGE_BYTES + i;
        return true;
    }
    for (unsigned r = 0; r < ram->ram.n_regions; r++) {
        const struct slip_ram_region *region = &ram->ram.regions[r];

        if (gpa >= region->gpa && gpa - region->gpa < region->size) {
            uint64_t first = before + (gpa - region->gpa) / SLIP_PAGE_BYTES;

            if (first > ram->n_pages || pages > ram->n_pages - first)
                return false;
            for (size_t i = 0; i < pages; i++)
                ret[i] = ram->p2m[first + i];
            return true;
        }
        before += region->size / SLIP_PAGE_BYTES;
    }
    return false;
}

/* What is mapped already, or NULL. */
static void *find_mapping(const struct slip_xen_ram *ram, uint64_t gpa, uint64_t len)
{
    for (size_t i = 0; i < ram->n_mappings; i++) {
        const struct slip_xen_mapping *m = &ram->mappings[i];
        uint64_t bytes = m->pages * SLIP_PAGE_BYTES;

        if (gpa >= m->gpa && gpa - m->gpa <= bytes && len <= bytes - (gpa - m->gpa))
            return (char *)m->at + (gpa - m->gpa);
    }
    return NULL;
}

/* Small pieces lie side by side: a window of this many pages serves several of them. */
#define WINDOW_PAGES 16u

/* Widens [first, first + pages) to the window around it, as far as its region goes. */
static void widen(const struct slip_ram *ram, uint64_t *first, size_t *pages)
{
    uint64_t window = WINDOW_PAGES * SLIP_PAGE_BYTES, start = *first / window * window;
    uint64_t end = start + window;

    for (unsigned r = 0; r < ram->n_regions; r++) {
        const struct slip_ram_region *region = &ram->regions[r];

        if (*first < region->gpa || *first - region->gpa >= region->size)
            continue;
        if (start < region->gpa)
            start = region->gpa;
        if (end > region->gpa + region->size)
            end = region->gpa + region->size;
        if (*first + *pages * SLIP_PAGE_BYTES > end)
            return; /* it reaches beyond */
        *first = start;
        *pages = (size_t)((end - start) / SLIP_PAGE_BYTES);
        return;
    }
}

static void *ram_map(struct slip_ram *base, uint64_t gpa, uint64_t len, struct slip_error **err)
{
    struct slip_xen_ram *ram = (struct slip_xen_ram *)base;
    uint64_t first = gpa / SLIP_PAGE_BYTES * SLIP_PAGE_BYTES;
    size_t pages = (size_t)((gpa - first + len + SLIP_PAGE_BYTES - 1) / SLIP_PAGE_BYTES);
    SLIP_AUTO_FREE xen_pfn_t *frames = NULL;
    struct slip_xen_mapping *grown;
    void *at = find_mapping(ram, gpa, len);

    if (at)
        return at;
    if (pages == 0)
        pages = 1;
    if (pages < WINDOW_PAGES)
        widen(base, &first, &pages);
    frames = calloc(pages, sizeof(*frames));
    grown = frames ? realloc(ram->mappings, (ram->n_mappings + 1) * sizeof(*grown)) : NULL;
    if (!grown) {
        slip__error_oom(err);
        return NULL;
    }
    ram->mappings = grown;
    if (!find_frames(ram, first, pages, frames)) {
        slip__error(err, SLIP_EINTERNAL, "0x%llx + 0x%llx is not in the domain's RAM", (ull)gpa,
                    (ull)len);
        return NULL;
    }
    at = slip__xen_map_frames(ram->memory, ram->domid, frames, pages, err);
    if (!at)
        return NULL;
    ram->mappings[ram->n_mappings++] = (struct slip_xen_mapping){first, pages, at};
    return (char *)at + (gpa - first);
}

void slip__xen_ram_init(struct slip_xen_ram *ram, xenforeignmemory_handle *memory, uint32_t domid)
{
    ram->ram.map = ram_map;
    /* Xen scrubs what a dead domain leaves, but not what a live one gave back by its balloon; a debug build fills pages. */
    ram->ram.stale = true;
    ram->memory = memory;
    ram->domid = domid;
}

void slip__xen_ram_release(struct slip_xen_ram *ram)
{
    for (size_t i = 0; i < ram->n_mappings; i++)
        xenforeignmemory_unmap(ram->memory, ram->mappings[i].at, ram->mappings[i].pages);
    free(ram->mappings);
    ram->mappings = NULL;
    ram->n_mappings = 0;
}

void slip__xen_ram_dispose(struct slip_xen_ram *ram)
{
    slip__xen_ram_release(ram);
    free(ram->p2m);
    *ram = (struct slip_xen_ram){0};
}
