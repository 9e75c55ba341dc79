/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PVH, and flat binaries, which start the same way: start info, module list, memory map and command line. Must not know engines, nor
 * where the addresses come from (layout.c).
 */
#include "abi/e820.h"
#include "abi/start_info.h"
#include "build/containers.h"

static int pvh_needs(const struct slip_layout_input *in, const struct slip_layout *l,
                     struct slip_needs *ret, struct slip_error **err)
{
    (void)err;
    /* Above 4 GiB only what does not fit below, since many kernels can't reach it there. */
    *ret = (struct slip_needs){
        .bytes = {[SLIP_TABLE_INFO] = sizeof(struct slip_start_info),
                  [SLIP_TABLE_MODLIST] = in->n_modules * sizeof(struct slip_modlist_entry),
                  [SLIP_TABLE_MEMMAP] = l->n_map * sizeof(struct slip_memmap_entry),
                  [SLIP_TABLE_CMDLINE] = in->cmdline_bytes},
        .module_ends = {SLIP_4_GIB, UINT64_MAX},
        .n_module_ends = 2};
    return 0;
}

static void put_start_info(const struct slip_layout *layout, size_t n_modules, struct slip_buf *buf)
{
    const struct slip_start_info info = {
        .magic = SLIP_START_INFO_MAGIC,
        .version = SLIP_START_INFO_VERSION,
        .nr_modules = (uint32_t)n_modules,
        .modlist_paddr = layout->table_gpas[SLIP_TABLE_MODLIST],
        .cmdline_paddr = layout->table_gpas[SLIP_TABLE_CMDLINE],
        .rsdp_paddr = layout->acpi_gpa,
        .memmap_paddr = layout->table_gpas[SLIP_TABLE_MEMMAP],
        .memmap_entries = layout->n_map,
    };

    slip__buf_put(buf, &info, sizeof(info));
}

static void put_modlist(const struct slip_layout *layout, const struct slip_module *modules,
                        size_t n_modules, struct slip_buf *buf)
{
    for (size_t i = 0; i < n_modules; i++) {
        const struct slip_modlist_entry entry = {
            .paddr = layout->module_gpas[i],
            .size = modules[i].bytes,
        };

        slip__buf_put(buf, &entry, sizeof(entry));
    }
}

static void put_memmap(const struct slip_layout *layout, struct slip_buf *buf)
{
    for (unsigned i = 0; i < layout->n_map; i++) {
        const struct slip_memmap_entry entry = {
            .addr = layout->map[i].gpa,
            .size = layout->map[i].bytes,
            .type = layout->map[i].type,
        };

        slip__buf_put(buf, &entry, sizeof(entry));
    }
}

static bool pvh_pieces(struct slip_plan *plan, const struct slip_layout *layout,
                       struct slip_parts *parts)
{
    const struct slip_layout_input *in = &parts->in;
    struct slip_buf info = {0}, list = {0}, map = {0}, line = {0};
    const uint64_t *gpas = layout->table_gpas;
    bool ok;

    put_start_info(layout, in->n_modules, &info);
    put_modlist(layout, in->modules, in->n_modules, &list);
    put_memmap(layout, &map);
    slip__buf_put(&line, in->cmdline, in->cmdline_bytes);
    ok = !info.failed && !list.failed && !map.failed && !line.failed;
    ok = ok && slip__plan_add_bytes(plan, "start info", gpas[SLIP_TABLE_INFO], &info);
    ok = ok && slip__plan_add_bytes(plan, "module list", gpas[SLIP_TABLE_MODLIST], &list);
    ok = ok && slip__plan_add_bytes(plan, "memory map", gpas[SLIP_TABLE_MEMMAP], &map);
    ok = ok && slip__plan_add_bytes(plan, "command line", gpas[SLIP_TABLE_CMDLINE], &line);
    slip__buf_dispose(&info);
    slip__buf_dispose(&list);
    slip__buf_dispose(&map);
    slip__buf_dispose(&line);
    plan->start.rbx = gpas[SLIP_TABLE_INFO];
    return ok;
}

const struct slip_boot_protocol slip__boot_pvh = {
    .name = "PVH",
    .key = "pvh",
    .info = "start info",
    .needs = pvh_needs,
    .pieces = pvh_pieces,
};

const struct slip_boot_protocol slip__boot_flat = {
    .name = "flat",
    .key = "flat",
    .info = "start info",
    .needs = pvh_needs,
    .pieces = pvh_pieces,
};
