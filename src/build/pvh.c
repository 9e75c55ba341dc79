/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The PVH container's start info, module list and memory map. Must not know engines, nor where the addresses come from. */
#include "build/pvh.h"

#include "abi/start_info.h"

void slip__pvh_start_info(const struct slip_layout *layout, size_t n_modules, struct slip_buf *buf)
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

void slip__pvh_modlist(const struct slip_layout *layout, const struct slip_module *modules,
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

void slip__pvh_memmap(const struct slip_layout *layout, struct slip_buf *buf)
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
