/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory for a domain, in as few hypercalls and as large pages as possible. Must not know what is in it. */
#include "engine/xen/memory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"

#define PAGES_PER_MIB 256u
/* Extents of one hypercall. Xen may be interrupted within one, so this bounds our array alone. */
#define BATCH 4096u

static uint64_t round_up(uint64_t value, uint64_t to)
{
    return (value + to - 1) / to * to;
}

uint64_t slip__xen_paging_pages(uint64_t memory_bytes, unsigned vcpus, bool hap)
{
    uint64_t mib = memory_bytes >> 20;

    return round_up(PAGES_PER_MIB * vcpus + mib * (hap ? 1 : 2), PAGES_PER_MIB);
}

/* Measured on Xen 4.17: a PVH domain of one vCPU takes about 90 pages, each further vCPU about 20. */
uint64_t slip__xen_overhead_pages(unsigned vcpus)
{
    return 128 + 32ull * vcpus;
}

unsigned slip__xen_next_extents(uint64_t gfn, uint64_t end, unsigned max_order, uint64_t *ret_count)
{
    static const unsigned orders[] = {SLIP_XEN_ORDER_1G, SLIP_XEN_ORDER_2M, 0};
    uint64_t larger =
        0; /* pages of the next larger size that fits into what is left; 0: none does */

    for (size_t i = 0; i < SLIP_COUNT(orders); i++) {
        uint64_t pages = 1ull << orders[i], stop = end;

        if (orders[i] > max_order)
            continue;
        if (gfn % pages == 0 && end - gfn >= pages) {
            /* Up to where a larger page could start, if one fits there. */
            if (larger && round_up(gfn, larger) + larger <= end)
                stop = round_up(gfn, larger);
            *ret_count = (stop - gfn) / pages;
            return orders[i];
        }
        larger = pages;
    }
    *ret_count = 0; /* gfn == end */
    return 0;
}

int slip__xen_memory_check(const xc_physinfo_t *info, uint64_t needed_pages,
                           struct slip_error **err)
{
    uint64_t free_pages =
        info->free_pages > info->outstanding_pages ? info->free_pages - info->outstanding_pages : 0;
    int rc;

    if (needed_pages <= free_pages)
        return 0;
    rc = slip__error_code(
        err, SLIP_EENGINE, SLIP_CODE_XEN_MEMORY,
        "the guest needs %" PRIu64 " MiB of Xen's memory (its own and that for its page tables), "
        "%" PRIu64 " MiB are free",
        round_up(needed_pages, PAGES_PER_MIB) / PAGES_PER_MIB, free_pages / PAGES_PER_MIB);
    slip__error_hint(
        err, "give it less memory, end another guest, or shrink domain 0 with `xl mem-set 0 SIZE`");
    return rc;
}

/* What Xen gives an untranslated domain it answers with the first frame of each extent. */
static void note_frames(const xen_pfn_t *extents, uint64_t count, unsigned order, xen_pfn_t *ret)
{
    for (uint64_t i = 0; i < count; i++) {
        for (uint64_t page = 0; page < 1ull << order; page++)
            ret[(i << order) + page] = extents[i] + page;
    }
}

/* Fills [gfn, gfn + count << order); what of it can't be had in this size is left. Returns how many extents were given, or -1. */
static int64_t give(const struct slip_xen *xen, uint32_t domid, uint64_t gfn, uint64_t count,
                    unsigned order, xen_pfn_t *extents, xen_pfn_t *p2m)
{
    uint64_t done = 0;

    while (done < count) {
        unsigned long n = count - done < BATCH ? count - done : BATCH;
        int got;

        for (unsigned long i = 0; i < n; i++)
            extents[i] = gfn + ((done + i) << order);
        got = xc_domain_populate_physmap(xen->xc, domid, n, order, 0, extents);
        if (got < 0)
            return done ? (int64_t)done : -1;
        if (p2m)
            note_frames(extents, (uint64_t)got, order, p2m + gfn + (done << order));
        done += (uint64_t)got;
        if ((unsigned long)got < n)
            break;
    }
    return (int64_t)done;
}

static int no_memory(const struct slip_xen *xen, uint64_t left, struct slip_error **err)
{
    xc_physinfo_t info = {0};
    int errnum = errno;

    if (xc_physinfo(xen->xc, &info) == 0 && slip__xen_memory_check(&info, left, err) < 0)
        return SLIP_EENGINE;
    errno = errnum ? errnum : ENOMEM;
    return slip__xen_error(xen, err, "give the domain its memory (%" PRIu64 " pages are missing)",
                           left);
}

/* The order only ever shrinks: where Xen has no 1 GiB page now it will have none for the rest. */
static int populate_region(const struct slip_xen *xen, uint32_t domid, uint64_t gfn, uint64_t end,
                           xen_pfn_t *extents, xen_pfn_t *p2m, struct slip_error **err)
{
    unsigned max_order = SLIP_XEN_ORDER_1G;

    while (gfn < end) {
        uint64_t count;
        unsigned order = slip__xen_next_extents(gfn, end, max_order, &count);
        int64_t got = give(xen, domid, gfn, count, order, extents, p2m);

        if (got > 0)
            gfn += (uint64_t)got << order;
        if (got >= 0 && (uint64_t)got == count)
            continue;
        if (order == 0)
            return no_memory(xen, end - gfn, err);
        max_order = order == SLIP_XEN_ORDER_1G ? SLIP_XEN_ORDER_2M : 0;
    }
    return 0;
}

int slip__xen_populate(const struct slip_xen *xen, uint32_t domid,
                       const struct slip_ram_region *regions, unsigned n_regions, xen_pfn_t *p2m,
                       struct slip_error **err)
{
    SLIP_AUTO_FREE xen_pfn_t *extents = calloc(BATCH, sizeof(*extents));
    int rc = 0;

    if (!extents)
        return slip__error_oom(err);
    for (unsigned i = 0; rc == 0 && i < n_regions; i++)
        rc = populate_region(xen, domid, regions[i].gpa / SLIP_PAGE_BYTES,
                             (regions[i].gpa + regions[i].size) / SLIP_PAGE_BYTES, extents, p2m,
                             err);
    return rc;
}
