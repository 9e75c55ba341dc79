/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The PV container: its pieces, and how its start is told. What has machine frames in it comes later (pv_finish.c).
 * Must not know engines, nor where the addresses come from (pv_layout.c).
 */
#include "build/pv.h"

#include "abi/pv_start_info.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "build/containers.h"
#include "build/pv_layout.h"

typedef unsigned long long ull;

/* The list in front of several modules: addresses from its own first byte on. */
static void put_module_list(const struct slip_layout *layout, const struct slip_module *modules,
                            size_t n_modules, struct slip_buf *buf)
{
    struct slip_pv_module entry = {0};

    for (size_t i = 0; i < n_modules; i++) {
        uint64_t start = layout->module_gpas[i] - layout->table_gpas[SLIP_TABLE_MODLIST];

        entry.mod_start = (uint32_t)start;
        entry.mod_end = (uint32_t)(start + modules[i].bytes);
        slip__buf_put(buf, &entry, sizeof(entry));
    }
    entry = (struct slip_pv_module){0};
    slip__buf_put(buf, &entry, sizeof(entry));
}

static void add_pages(struct slip_plan *plan, const char *what, uint64_t pfn, uint64_t pages,
                      enum slip_source_kind source)
{
    if (pages)
        slip__plan_add(plan, what, pfn * SLIP_PAGE_BYTES, pages * SLIP_PAGE_BYTES, source);
}

static bool pv_pieces(struct slip_plan *plan, struct slip_layout *layout, struct slip_parts *parts)
{
    const struct slip_layout_input *in = &parts->in;
    struct slip_pv *pv = plan->pv = slip__steal(&layout->pv);
    struct slip_buf list = {0};
    bool ok = true;

    if (in->n_modules > 1) {
        put_module_list(layout, in->modules, in->n_modules, &list);
        ok = !list.failed && slip__plan_add_bytes(plan, "module list",
                                                  layout->table_gpas[SLIP_TABLE_MODLIST], &list);
        slip__buf_dispose(&list);
    }
    add_pages(plan, "start info", pv->start_info_pfn, 1, SLIP_SOURCE_FRAMES);
    add_pages(plan, "XenStore page", pv->store_pfn, 1, SLIP_SOURCE_ZERO);
    add_pages(plan, "console page", pv->console_pfn, 1, SLIP_SOURCE_ZERO);
    add_pages(plan, "page tables", pv->mappings[0].tables_pfn, pv->mappings[0].n_tables,
              SLIP_SOURCE_FRAMES);
    add_pages(plan, "boot stack", pv->stack_pfn, 1, SLIP_SOURCE_ZERO);
    add_pages(plan, "p2m list", pv->p2m_pfn, pv->p2m_pages, SLIP_SOURCE_FRAMES);
    if (pv->n_mappings > 1)
        add_pages(plan, "p2m list's page tables", pv->mappings[1].tables_pfn,
                  pv->mappings[1].n_tables, SLIP_SOURCE_FRAMES);
    plan->start.start_info_gpa = layout->table_gpas[SLIP_TABLE_INFO];
    plan->start.entry_gpa = pv->entry - pv->mappings[0].va;
    return ok;
}

static const char *reg(const struct slip_pv *pv, const char *wide, const char *narrow)
{
    return pv->bits == 64 ? wide : narrow;
}

static void pv_start_text(const struct slip_plan *plan, struct slip_buf *buf)
{
    const struct slip_pv *pv = plan->pv;
    const struct slip_pv_mapping *map = &pv->mappings[0];

    slip__buf_printf(buf, "start      %s 0x%llx, %s 0x%llx (start info), %s 0x%llx\n",
                     reg(pv, "rip", "eip"), (ull)pv->entry, reg(pv, "rsi", "esi"),
                     (ull)pv->start_info_va, reg(pv, "rsp", "esp"), (ull)pv->stack_end_va);
    slip__buf_printf(buf,
                     "virtual    0x%llx - 0x%llx is memory from 0 on; %llu page tables at 0x%llx\n",
                     (ull)map->va, (ull)(map->va + map->pages * SLIP_PAGE_BYTES - 1),
                     (ull)map->n_tables, (ull)slip__pv_va(pv, map->tables_pfn));
    if (pv->n_mappings > 1)
        slip__buf_printf(buf, "           0x%llx - 0x%llx is the p2m list (note INIT_P2M)\n",
                         (ull)pv->p2m_va, (ull)(pv->p2m_va + pv->p2m_pages * SLIP_PAGE_BYTES - 1));
    else
        slip__buf_printf(buf, "           0x%llx is the p2m list\n", (ull)pv->p2m_va);
    if (pv->mod_bytes)
        slip__buf_printf(buf, "modules    told as %s 0x%llx, %llu bytes%s%s\n",
                         pv->flags & SLIP_SIF_MOD_START_PFN ? "page frame" : "virtual address",
                         (ull)pv->mod_start, (ull)pv->mod_bytes,
                         pv->flags & SLIP_SIF_MOD_START_PFN ? ", not mapped (note MOD_START_PFN)"
                                                            : "",
                         pv->flags & SLIP_SIF_MULTIBOOT_MOD
                             ? ", a package of several (Linux would take one initrd)"
                             : "");
}

static void pv_start_words(const struct slip_plan *plan, struct slip_buf *buf)
{
    const struct slip_pv *pv = plan->pv;

    slip__buf_printf(buf, "%s 0x%llx &#160; %s 0x%llx &#160; %s 0x%llx", reg(pv, "rip", "eip"),
                     (ull)pv->entry, reg(pv, "rsi", "esi"), (ull)pv->start_info_va,
                     reg(pv, "rsp", "esp"), (ull)pv->stack_end_va);
}

/* Kernels have addresses of all 64 bits, which a JSON number does not keep. */
static json_t *address(uint64_t value)
{
    return json_sprintf("0x%llx", (ull)value);
}

static json_t *mappings_json(const struct slip_pv *pv)
{
    json_t *array = json_array();

    for (unsigned i = 0; i < pv->n_mappings; i++) {
        const struct slip_pv_mapping *map = &pv->mappings[i];

        array = slip__json_append(
            array, json_pack("{s:o, s:o, s:o, s:o, s:o}", "virtual", address(map->va), "gpa",
                             slip__json_uint(map->pfn * SLIP_PAGE_BYTES), "bytes",
                             slip__json_uint(map->pages * SLIP_PAGE_BYTES), "tables_gpa",
                             slip__json_uint(map->tables_pfn * SLIP_PAGE_BYTES), "tables",
                             slip__json_uint(map->n_tables)));
    }
    return array;
}

static json_t *pv_start_json(const struct slip_plan *plan)
{
    const struct slip_pv *pv = plan->pv;

    return json_pack(
        "{s:o, s:o, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "entry_gpa",
        slip__json_uint(plan->start.entry_gpa), "start_info_gpa",
        slip__json_uint(plan->start.start_info_gpa), "bits", (int)pv->bits, "entry",
        address(pv->entry), "start_info", address(pv->start_info_va), "stack_end",
        address(pv->stack_end_va), "page_tables",
        address(slip__pv_va(pv, pv->mappings[0].tables_pfn)), "p2m", address(pv->p2m_va),
        "hypercall_page_gpa",
        pv->hypercall_pfn == SLIP_PV_NO_PFN ? json_null()
                                            : slip__json_uint(pv->hypercall_pfn * SLIP_PAGE_BYTES),
        "mappings", mappings_json(pv), "module",
        pv->mod_bytes ? address(pv->mod_start) : json_null(), "flags", slip__json_uint(pv->flags));
}

static void pv_piece_words(const struct slip_plan *plan, uint64_t gpa, uint64_t end,
                           struct slip_buf *buf)
{
    const struct slip_pv *pv = plan->pv;
    uint64_t pfn = gpa / SLIP_PAGE_BYTES;

    for (unsigned m = 0; m < pv->n_mappings; m++) {
        const struct slip_pv_mapping *map = &pv->mappings[m];

        if (pfn - map->pfn < map->pages)
            slip__buf_printf(buf, ", at 0x%llx",
                             (ull)(map->va + (gpa - map->pfn * SLIP_PAGE_BYTES)));
    }
    if (plan->start.entry_gpa >= gpa && plan->start.entry_gpa < end)
        slip__buf_puts(buf, ", entry");
    if (gpa == plan->start.start_info_gpa)
        slip__buf_printf(buf, ", %s", reg(pv, "rsi", "esi"));
}

const struct slip_container slip__container_pv = {
    .type = SLIP_TYPE_PV,
    .own_pieces = 8,
    .map_title = "pseudo-physical memory",
    .maps = true,
    .layout = slip__pv_layout,
    .pieces = pv_pieces,
    .start_text = pv_start_text,
    .start_words = pv_start_words,
    .start_json = pv_start_json,
    .piece_words = pv_piece_words,
};
