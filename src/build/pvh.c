/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The PVH container: start info, module list, memory map, command line and ACPI tables in the memory of a PC. Must not
 * know engines, nor where the addresses come from (layout.c).
 */
#include "abi/start_info.h"
#include "build/containers.h"
#include "build/start.h"

static void put_start_info(const struct slip_layout *layout, size_t n_modules, struct slip_buf *buf)
{
    const struct slip_start_info info = {
        .magic = SLIP_START_INFO_MAGIC,
        .version = SLIP_START_INFO_VERSION,
        .nr_modules = (uint32_t)n_modules,
        .modlist_paddr = layout->modlist_gpa,
        .cmdline_paddr = layout->cmdline_gpa,
        .rsdp_paddr = layout->acpi_gpa,
        .memmap_paddr = layout->memmap_gpa,
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

static bool pvh_pieces(struct slip_plan *plan, struct slip_layout *layout, struct slip_parts *parts)
{
    const struct slip_layout_input *in = &parts->in;
    struct slip_buf info = {0}, list = {0}, map = {0}, line = {0};
    bool ok;

    put_start_info(layout, in->n_modules, &info);
    put_modlist(layout, in->modules, in->n_modules, &list);
    put_memmap(layout, &map);
    slip__buf_put(&line, parts->cmdline, in->cmdline_bytes);
    ok = !info.failed && !list.failed && !map.failed && !line.failed;
    ok = ok && slip__plan_add_bytes(plan, "start info", layout->start_info_gpa, &info);
    ok = ok && slip__plan_add_bytes(plan, "module list", layout->modlist_gpa, &list);
    ok = ok && slip__plan_add_bytes(plan, "memory map", layout->memmap_gpa, &map);
    ok = ok && slip__plan_add_bytes(plan, "command line", layout->cmdline_gpa, &line);
    ok = ok && slip__plan_add_bytes(plan, "ACPI tables", layout->acpi_gpa, &parts->acpi);
    slip__buf_dispose(&info);
    slip__buf_dispose(&list);
    slip__buf_dispose(&map);
    slip__buf_dispose(&line);
    plan->start.start_info_gpa = layout->start_info_gpa;
    plan->start.start_info = "start info";
    plan->start.rbx = layout->start_info_gpa;
    return ok;
}

const struct slip_container slip__container_pvh = {
    .type = SLIP_TYPE_PVH,
    .protocol = "PVH",
    .protocol_key = "pvh",
    .own_pieces = 5,
    .map_title = "memory map told to the guest",
    .layout = slip__layout_pc,
    .pieces = pvh_pieces,
    .start_text = slip__start_text,
    .start_words = slip__start_words,
    .start_json = slip__start_json,
    .piece_words = slip__start_piece_words,
};
