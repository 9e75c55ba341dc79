/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The PV guest's pieces that hold machine frames: p2m list, page tables, start info. One pass each, straight into the
 * guest's memory. Must not know an engine, nor place anything (pv_layout.c did).
 *
 * Bits of page-table entries: Intel SDM vol. 3, 4.5. Which Xen wants: xen/arch/x86/pv/mm.c, xen/arch/x86/mm.c; 64-bit
 * Xen runs 32-bit guests with PAE's top entries like any others. The tables themselves are mapped read-only, as Xen
 * checks that no guest can write to a page that is one.
 */
#include <string.h>

#include "abi/pv_start_info.h"
#include "base/cleanup.h"
#include "build/pv.h"

#define ENTRIES    512u
#define INDEX_BITS 9u
#define PAGE_BITS  12u

#define PTE_PRESENT  0x01u
#define PTE_WRITE    0x02u
#define PTE_USER     0x04u
#define PTE_ACCESSED 0x20u
#define PTE_DIRTY    0x40u

#define PTE_LEAF  (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED)
#define PTE_TABLE (PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED | PTE_DIRTY)

struct finish {
    const struct slip_pv *pv;
    const struct slip_pv_host *host;
    uint64_t *tables[SLIP_PV_MAX_MAPPINGS]; /* where those made for a mapping are */
};

uint64_t slip__pv_va(const struct slip_pv *pv, uint64_t pfn)
{
    return pv->mappings[0].va + (pfn << PAGE_BITS);
}

uint64_t slip__pv_cr3(const struct slip_pv *pv, const uint64_t *p2m)
{
    uint64_t mfn = p2m[pv->mappings[0].tables_pfn];

    /* 32-bit registers: the frame's upper bits come round at the bottom. */
    if (pv->bits == 32)
        return (uint32_t)(mfn << PAGE_BITS | mfn >> (32 - PAGE_BITS));
    return mfn << PAGE_BITS;
}

/* The table of a level that has this number. The layout made all that are asked for. */
static uint64_t *find_table(const struct finish *f, unsigned level, uint64_t number,
                            uint64_t *ret_pfn)
{
    for (unsigned m = 0; m < f->pv->n_mappings; m++) {
        const struct slip_pv_mapping *map = &f->pv->mappings[m];
        const struct slip_pv_tables *t = &map->level[level];

        if (number - t->first < t->count) {
            *ret_pfn = t->pfn + (number - t->first);
            return f->tables[m] + (*ret_pfn - map->tables_pfn) * ENTRIES;
        }
    }
    return NULL;
}

static bool is_table(const struct slip_pv *pv, uint64_t pfn)
{
    for (unsigned m = 0; m < pv->n_mappings; m++) {
        if (pfn - pv->mappings[m].tables_pfn < pv->mappings[m].n_tables)
            return true;
    }
    return false;
}

/* Address bits that a PV guest's tables translate. */
static uint64_t translated(const struct slip_pv *pv, uint64_t va)
{
    return va & (pv->bits == 32 ? UINT32_MAX : (1ull << 48) - 1);
}

static int missing(unsigned level, uint64_t number, struct slip_error **err)
{
    return slip__error(err, SLIP_EINTERNAL, "no page table %llu of level %u was planned",
                       (unsigned long long)number, level + 1);
}

static int write_pages(const struct finish *f, const struct slip_pv_mapping *map,
                       struct slip_error **err)
{
    uint64_t first = translated(f->pv, map->va) >> PAGE_BITS, pfn;

    for (uint64_t done = 0; done < map->pages;) {
        uint64_t number = first + done, room = ENTRIES - number % ENTRIES;
        uint64_t *table = find_table(f, 0, number / ENTRIES, &pfn);

        if (!table)
            return missing(0, number / ENTRIES, err);
        for (; room && done < map->pages; room--, done++, number++) {
            uint64_t page = map->pfn + done;

            table[number % ENTRIES] = f->host->p2m[page] << PAGE_BITS |
                                      (is_table(f->pv, page) ? PTE_LEAF & ~PTE_WRITE : PTE_LEAF);
        }
    }
    return 0;
}

/* Hangs the tables of a level into those above. */
static int write_level(const struct finish *f, unsigned level, const struct slip_pv_tables *tables,
                       struct slip_error **err)
{
    uint64_t pfn;

    for (uint64_t i = 0; i < tables->count; i++) {
        uint64_t number = tables->first + i;
        uint64_t *above = find_table(f, level + 1, number / ENTRIES, &pfn);

        if (!above)
            return missing(level + 1, number / ENTRIES, err);
        above[number % ENTRIES] = f->host->p2m[tables->pfn + i] << PAGE_BITS | PTE_TABLE;
    }
    return 0;
}

static int write_tables(struct finish *f, struct slip_ram *ram, struct slip_error **err)
{
    const struct slip_pv *pv = f->pv;

    for (unsigned m = 0; m < pv->n_mappings; m++) {
        const struct slip_pv_mapping *map = &pv->mappings[m];

        f->tables[m] = map->n_tables
                           ? slip__ram_at(ram, "page tables", map->tables_pfn << PAGE_BITS,
                                          map->n_tables << PAGE_BITS, err)
                           : NULL;
        if (map->n_tables && !f->tables[m])
            return SLIP_EENGINE;
        if (map->n_tables && ram->stale)
            memset(f->tables[m], 0, map->n_tables << PAGE_BITS);
    }
    for (unsigned m = 0; m < pv->n_mappings; m++) {
        int rc = write_pages(f, &pv->mappings[m], err);

        for (unsigned level = 0; rc == 0 && level + 1 < pv->levels; level++)
            rc = write_level(f, level, &pv->mappings[m].level[level], err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int write_p2m(const struct finish *f, struct slip_ram *ram, struct slip_error **err)
{
    const struct slip_pv *pv = f->pv;
    void *to =
        slip__ram_at(ram, "p2m list", pv->p2m_pfn << PAGE_BITS, pv->p2m_pages << PAGE_BITS, err);
    uint32_t *narrow = to;

    if (!to)
        return SLIP_EENGINE;
    if (pv->bits == 64)
        memcpy(to, f->host->p2m, pv->n_pages * sizeof(uint64_t));
    for (uint64_t i = 0; pv->bits == 32 && i < pv->n_pages; i++)
        narrow[i] = (uint32_t)f->host->p2m[i];
    return 0;
}

/* The same values in the one form and in the other. */
static void write_start_info64(const struct finish *f, const char *cmdline,
                               struct slip_pv_start_info64 *to)
{
    const struct slip_pv *pv = f->pv;
    const struct slip_pv_mapping *map = &pv->mappings[0];
    bool apart = pv->n_mappings > 1;

    *to = (struct slip_pv_start_info64){
        .magic = SLIP_PV_MAGIC_64,
        .nr_pages = pv->n_pages,
        .shared_info = f->host->shared_info_mfn << PAGE_BITS,
        .flags = pv->flags,
        .store_mfn = f->host->p2m[pv->store_pfn],
        .store_evtchn = f->host->store_port,
        .console_mfn = f->host->p2m[pv->console_pfn],
        .console_evtchn = f->host->console_port,
        .pt_base = slip__pv_va(pv, map->tables_pfn),
        .nr_pt_frames = map->n_tables,
        .mfn_list = pv->p2m_va,
        .mod_start = pv->mod_start,
        .mod_len = pv->mod_bytes,
        .first_p2m_pfn = apart ? pv->p2m_pfn : 0,
        .nr_p2m_frames = apart ? pv->p2m_pages + pv->mappings[1].n_tables : 0,
    };
    memcpy(to->cmd_line, cmdline, strlen(cmdline) + 1);
}

static void write_start_info32(const struct finish *f, const char *cmdline,
                               struct slip_pv_start_info32 *to)
{
    const struct slip_pv *pv = f->pv;
    const struct slip_pv_mapping *map = &pv->mappings[0];

    *to = (struct slip_pv_start_info32){
        .magic = SLIP_PV_MAGIC_32,
        .nr_pages = (uint32_t)pv->n_pages,
        .shared_info = (uint32_t)(f->host->shared_info_mfn << PAGE_BITS),
        .flags = pv->flags,
        .store_mfn = (uint32_t)f->host->p2m[pv->store_pfn],
        .store_evtchn = f->host->store_port,
        .console_mfn = (uint32_t)f->host->p2m[pv->console_pfn],
        .console_evtchn = f->host->console_port,
        .pt_base = (uint32_t)slip__pv_va(pv, map->tables_pfn),
        .nr_pt_frames = (uint32_t)map->n_tables,
        .mfn_list = (uint32_t)pv->p2m_va,
        .mod_start = (uint32_t)pv->mod_start,
        .mod_len = (uint32_t)pv->mod_bytes,
    };
    memcpy(to->cmd_line, cmdline, strlen(cmdline) + 1);
}

/* Frames and addresses that a 32-bit guest's words have room for. */
static int check_narrow(const struct finish *f, struct slip_error **err)
{
    const struct slip_pv *pv = f->pv;
    uint64_t highest = 0;

    for (uint64_t i = 0; i < pv->n_pages; i++)
        highest = f->host->p2m[i] > highest ? f->host->p2m[i] : highest;
    if (highest > UINT32_MAX)
        return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_PV_ADDRESS,
                                "a 32-bit pv guest cannot have machine frame 0x%llx",
                                (unsigned long long)highest);
    if (f->host->shared_info_mfn > UINT32_MAX >> PAGE_BITS)
        return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_PV_ADDRESS,
                                "a 32-bit pv guest cannot reach its shared info in machine frame "
                                "0x%llx",
                                (unsigned long long)f->host->shared_info_mfn);
    return 0;
}

int slip__pv_finish(const struct slip_plan *plan, struct slip_ram *ram,
                    const struct slip_pv_host *host, struct slip_error **err)
{
    struct finish f = {.pv = plan->pv, .host = host};
    int rc = f.pv->bits == 32 ? check_narrow(&f, err) : 0;
    void *info;

    if (rc == 0)
        rc = write_p2m(&f, ram, err);
    if (rc == 0)
        rc = write_tables(&f, ram, err);
    if (rc < 0)
        return rc;
    info = slip__ram_at(ram, "start info", f.pv->start_info_pfn << PAGE_BITS, SLIP_PAGE_BYTES, err);
    if (!info)
        return SLIP_EENGINE;
    if (ram->stale)
        memset(info, 0, SLIP_PAGE_BYTES);
    if (f.pv->bits == 64)
        write_start_info64(&f, plan->cmdline, info);
    else
        write_start_info32(&f, plan->cmdline, info);
    return 0;
}
