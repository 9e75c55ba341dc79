/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where everything of a PV guest lies: one page after the other from the kernel's end, in the order that pv.h gives,
 * and how many page tables that takes, which lie in the middle of what they map. Must not know what the pieces contain.
 */
#include "build/pv_layout.h"

#include <stdlib.h>

#include "abi/e820.h"
#include "abi/pv_start_info.h"
#include "base/ckd.h"
#include "base/cleanup.h"
#include "guest/limits.h"

#define MIB        (1ull << 20)
#define PAGE_BITS  12u
#define INDEX_BITS 9u

/* Start-of-day memory layout, 2 and 7. */
#define REGION_ALIGN_BYTES (4 * MIB)
#define SPARE_PAGES        (MIB / 2 / SLIP_PAGE_BYTES)

/* Top entries of a PAE guest: Xen keeps mappings of its own in the last, which must be there. */
#define PAE_LAST_SLOT 3

/* Rounds of a sum that depends on itself (page tables map themselves); each adds a table at least. */
#define MAX_ROUNDS 64

typedef unsigned long long ull; /* for messages */

/* Where a guest may have mappings. Xen: public/arch-x86/xen-x86_32.h; xen/arch/x86/include/asm/config.h. */
static const struct window {
    unsigned bits;
    uint64_t first, last;
} windows[] = {
    {64, 0, 0x00007fffffffffff},
    {64, 0xffff880000000000, UINT64_MAX},
    {32, 0, 0xf57fffff},
};

static uint64_t pages_of(uint64_t bytes)
{
    return bytes / SLIP_PAGE_BYTES + (bytes % SLIP_PAGE_BYTES != 0);
}

static uint64_t list_bytes(size_t n_modules)
{
    return n_modules > 1 ? (n_modules + 1) * sizeof(struct slip_pv_module) : 0;
}

/* Pages of the modules, the list that makes several of them one included. */
static uint64_t module_pages(const struct slip_layout_input *in)
{
    uint64_t sum = pages_of(list_bytes(in->n_modules));

    for (size_t i = 0; i < in->n_modules; i++)
        sum += pages_of(in->modules[i].bytes);
    return sum;
}

/* The tables of one level for a mapping, less those that mapping 0 has already. */
static void count_level(struct slip_pv *pv, unsigned m, unsigned level)
{
    struct slip_pv_mapping *map = &pv->mappings[m];
    const struct slip_pv_tables *have = &pv->mappings[0].level[level];
    uint64_t mask = pv->bits == 32 ? UINT32_MAX : (1ull << 48) - 1;
    unsigned shift = PAGE_BITS + INDEX_BITS * (level + 1);
    uint64_t first = (map->va & mask) >> shift;
    uint64_t last = ((map->va + (map->pages << PAGE_BITS) - 1) & mask) >> shift;

    if (level + 1 == pv->levels)
        first = last = 0;
    if (pv->bits == 32 && level == 1)
        last = PAE_LAST_SLOT;
    map->level[level].first = first;
    map->level[level].count = last >= first ? last - first + 1 : 0;
    if (m == 0 || !map->level[level].count)
        return;
    /* It is below mapping 0 (check_addresses() sees to it), so they share the last of its tables at most. */
    if (last - have->first < have->count)
        last = have->first - 1;
    map->level[level].count = last + 1 > first ? last + 1 - first : 0;
}

/* The tables that mapping m needs, from tables_pfn on, top level first. */
static void count_tables(struct slip_pv *pv, unsigned m)
{
    struct slip_pv_mapping *map = &pv->mappings[m];

    map->n_tables = 0;
    for (unsigned level = pv->levels; level-- > 0;) {
        count_level(pv, m, level);
        map->level[level].pfn = map->tables_pfn + map->n_tables;
        map->n_tables += map->level[level].count;
    }
}

/* The initial mapping, whose tables and stack are at pfn: as large as it takes. */
static void size_region(struct slip_pv *pv, uint64_t pfn)
{
    struct slip_pv_mapping *map = &pv->mappings[0];
    uint64_t before = map->va % REGION_ALIGN_BYTES, tables = 0;

    map->tables_pfn = pfn;
    for (unsigned round = 0; round < MAX_ROUNDS; round++) {
        uint64_t bytes = before + ((pfn + tables + 1 + SPARE_PAGES) << PAGE_BITS);

        bytes = slip__align_down(bytes + REGION_ALIGN_BYTES - 1, REGION_ALIGN_BYTES) - before;
        map->pages = bytes >> PAGE_BITS;
        count_tables(pv, 0);
        if (map->n_tables <= tables)
            break;
        tables = map->n_tables;
    }
    map->n_tables = tables;
    pv->stack_pfn = pfn + tables;
    pv->stack_end_va = map->va + ((pv->stack_pfn + 1) << PAGE_BITS);
}

static uint64_t place_modules(const struct slip_layout_input *in, struct slip_layout *l,
                              uint64_t pfn)
{
    if (list_bytes(in->n_modules))
        l->table_gpas[SLIP_TABLE_MODLIST] = pfn << PAGE_BITS;
    pfn += pages_of(list_bytes(in->n_modules));
    for (size_t i = 0; i < in->n_modules; i++) {
        l->module_gpas[i] = pfn << PAGE_BITS;
        pfn += pages_of(in->modules[i].bytes);
    }
    return pfn;
}

static void tell_modules(const struct slip_layout_input *in, const struct slip_layout *l,
                         bool unmapped, struct slip_pv *pv)
{
    size_t last = in->n_modules - 1;
    uint64_t start = in->n_modules > 1 ? l->table_gpas[SLIP_TABLE_MODLIST] : l->module_gpas[0];

    pv->mod_bytes = l->module_gpas[last] + in->modules[last].bytes - start;
    pv->mod_start = unmapped ? start >> PAGE_BITS : pv->mappings[0].va + start;
    if (unmapped)
        pv->flags |= SLIP_SIF_MOD_START_PFN;
    if (in->n_modules > 1)
        pv->flags |= SLIP_SIF_MULTIBOOT_MOD;
}

/* Everything, for a guest of so many pages. Returns how many that takes. */
static uint64_t arrange(const struct slip_layout_input *in, const struct slip_pv_kernel *kernel,
                        uint64_t n_pages, struct slip_layout *l, struct slip_pv *pv)
{
    bool apart = kernel->init_p2m != SLIP_PV_NONE;
    uint64_t pfn = pages_of(slip__image_end(in->image));

    *pv = (struct slip_pv){.bits = kernel->bits,
                           .levels = kernel->bits == 32 ? 3 : 4,
                           .n_mappings = apart ? 2 : 1,
                           .entry = kernel->entry,
                           .hypercall_pfn = SLIP_PV_NO_PFN,
                           .n_pages = n_pages,
                           .p2m_pages = pages_of(n_pages * (kernel->bits / 8))};
    pv->mappings[0].va = kernel->virt_base;
    if (kernel->hypercall_page != SLIP_PV_NONE)
        pv->hypercall_pfn = (kernel->hypercall_page - kernel->virt_base) >> PAGE_BITS;
    if (!kernel->mod_start_pfn)
        pfn = place_modules(in, l, pfn);
    if (!apart) {
        pv->p2m_pfn = pfn;
        pv->p2m_va = kernel->virt_base + (pfn << PAGE_BITS);
        pfn += pv->p2m_pages;
    }
    pv->start_info_pfn = pfn++;
    pv->start_info_va = kernel->virt_base + (pv->start_info_pfn << PAGE_BITS);
    pv->store_pfn = pfn++;
    pv->console_pfn = pfn++;
    size_region(pv, pfn);
    pfn = pv->mappings[0].pages;
    if (kernel->mod_start_pfn)
        pfn = place_modules(in, l, pfn);
    if (in->n_modules)
        tell_modules(in, l, kernel->mod_start_pfn, pv);
    if (apart) {
        pv->p2m_pfn = pfn;
        pv->p2m_va = kernel->init_p2m;
        pfn += pv->p2m_pages;
        pv->mappings[1] = (struct slip_pv_mapping){
            .va = kernel->init_p2m, .pfn = pv->p2m_pfn, .pages = pv->p2m_pages, .tables_pfn = pfn};
        count_tables(pv, 1);
        pfn += pv->mappings[1].n_tables;
    }
    return pfn;
}

static int too_small(const struct slip_layout_input *in, uint64_t need_mib, struct slip_error **err)
{
    int rc;

    if (need_mib > SLIP_LIMIT_MEMORY_MIB)
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_PV_MEMORY,
                                "kernel '%s' and %zu modules need more than all the memory that a "
                                "guest can have (%llu MiB)",
                                in->image->name, in->n_modules, SLIP_LIMIT_MEMORY_MIB);
    rc = slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_PV_MEMORY,
                          "kernel '%s' as a pv guest needs at least %llu MiB of memory with its "
                          "modules, frame list and page tables, the guest has %llu MiB",
                          in->image->name, (ull)need_mib, (ull)(in->memory_bytes / MIB));
    slip__error_hint(err, "memory = %llu", (ull)need_mib);
    return rc;
}

/* The memory, in MiB, with which it all fits: more memory takes a longer p2m list. */
static uint64_t needed_mib(const struct slip_layout_input *in, const struct slip_pv_kernel *kernel,
                           struct slip_layout *l, uint64_t pages)
{
    uint64_t mib = 0;

    for (unsigned round = 0; round < MAX_ROUNDS; round++) {
        struct slip_pv scratch;
        uint64_t next = (pages + 255) / 256;

        if (next <= mib)
            break;
        mib = next;
        pages = arrange(in, kernel, mib * 256, l, &scratch);
    }
    return mib;
}

/* Kernel and modules alone, before anything is added to them: so that no sum here can wrap. */
static int check_sizes(const struct slip_layout_input *in, struct slip_error **err)
{
    uint64_t sum = slip__image_end(in->image), limit = SLIP_LIMIT_MEMORY_MIB * MIB;

    for (size_t i = 0; i < in->n_modules; i++) {
        if (in->modules[i].bytes > limit || sum > limit)
            return too_small(in, UINT64_MAX, err);
        sum += slip__align_down(in->modules[i].bytes + SLIP_PAGE_BYTES - 1, SLIP_PAGE_BYTES);
    }
    return sum > limit ? too_small(in, UINT64_MAX, err) : 0;
}

static int check_modules(const struct slip_layout_input *in, const struct slip_pv_kernel *kernel,
                         struct slip_error **err)
{
    int rc;

    if (in->n_modules < 2)
        return 0;
    if (module_pages(in) << PAGE_BITS > UINT32_MAX)
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_PV_MODULES,
                                "%zu modules of %llu bytes together are more than a pv guest's "
                                "package of modules takes, 4 GiB",
                                in->n_modules, (ull)(module_pages(in) << PAGE_BITS));
    if (!kernel->linux_guest)
        return 0;
    rc = slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_PV_MODULES,
                          "kernel '%s' is Linux, which takes one initrd as a pv guest; this guest "
                          "has %zu modules",
                          in->image->name, in->n_modules);
    slip__error_hint(err, "join them: cat FIRST SECOND > initrd.img");
    return rc;
}

static int check_mapping(const struct slip_pv *pv, const struct slip_pv_mapping *map,
                         const char *what, const char *kernel, struct slip_error **err)
{
    uint64_t last = map->va + (map->pages << PAGE_BITS) - 1;

    for (size_t i = 0; i < SLIP_COUNT(windows); i++) {
        if (windows[i].bits == pv->bits && map->va >= windows[i].first && last >= map->va &&
            last <= windows[i].last)
            return 0;
    }
    return slip__error_code(
        err, SLIP_EIMAGE, SLIP_CODE_PV_ADDRESS,
        "kernel '%s': %s would be 0x%llx bytes from 0x%llx on, which is not all "
        "a %u-bit pv guest's to map",
        kernel, what, (ull)(map->pages << PAGE_BITS), (ull)map->va, pv->bits);
}

static int check_addresses(const struct slip_layout_input *in, const struct slip_pv *pv,
                           struct slip_error **err)
{
    const struct slip_pv_mapping *first = &pv->mappings[0], *second = &pv->mappings[1];
    int rc = check_mapping(pv, first, "its initial mapping", in->image->name, err);

    if (rc == 0 && pv->n_mappings > 1)
        rc = check_mapping(pv, second, "its p2m list", in->image->name, err);
    if (rc == 0 && pv->n_mappings > 1 && second->pages << PAGE_BITS > first->va - second->va)
        rc = slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_PV_ADDRESS,
                              "kernel '%s': its p2m list, 0x%llx bytes from 0x%llx on, runs into "
                              "its initial mapping from 0x%llx on",
                              in->image->name, (ull)(second->pages << PAGE_BITS), (ull)second->va,
                              (ull)first->va);
    return rc;
}

/* Notes that are not read yet, as they most often are. */
static struct slip_pv_kernel guess(const struct slip_image *image)
{
    return (struct slip_pv_kernel){.bits = slip__image_pv_bits(image),
                                   .hypercall_page = SLIP_PV_NONE,
                                   .init_p2m = SLIP_PV_NONE,
                                   .mod_start_pfn = true};
}

int slip__pv_layout(const struct slip_layout_input *in, struct slip_layout *l,
                    struct slip_error **err)
{
    struct slip_pv_kernel kernel = in->pv ? *in->pv : guess(in->image);
    uint64_t pages;
    int rc = check_sizes(in, err);

    if (rc == 0)
        rc = check_modules(in, &kernel, err);
    if (rc < 0)
        return rc;
    l->pv = calloc(1, sizeof(*l->pv));
    if (!l->pv)
        return slip__error_oom(err);
    pages = arrange(in, &kernel, in->memory_bytes / SLIP_PAGE_BYTES, l, l->pv);
    if (pages > in->memory_bytes / SLIP_PAGE_BYTES)
        return too_small(in, needed_mib(in, &kernel, l, pages), err);
    l->table_gpas[SLIP_TABLE_INFO] = l->pv->start_info_pfn << PAGE_BITS;
    l->map[0] = (struct slip_map_entry){0, in->memory_bytes, SLIP_E820_RAM};
    l->n_map = 1;
    return in->pv ? check_addresses(in, l->pv, err) : 0;
}
