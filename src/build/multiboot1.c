/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Multiboot 1: its information structure with memory map, module list and names in one piece. Must not know engines, nor where
 * the addresses come from (layout.c). A wish for a screen is answered with none. */
#include <string.h>

#include "abi/e820.h"
#include "abi/multiboot_info.h"
#include "build/containers.h"
#include "build/multiboot.h"
#include "build/report.h"

void slip__multiboot_memory(const struct slip_layout *layout, uint32_t *ret_lower,
                            uint32_t *ret_upper)
{
    uint64_t low = layout->map[0].bytes >> 10, low_end = layout->ram[0].size;

    *ret_lower = low < SLIP_MB_LOWER_MAX_KIB ? (uint32_t)low : SLIP_MB_LOWER_MAX_KIB;
    *ret_upper = low_end > SLIP_PC_HOLE_END ? (uint32_t)((low_end - SLIP_PC_HOLE_END) >> 10) : 0;
}

static void put_map(const struct slip_layout *layout, struct slip_buf *buf)
{
    for (unsigned i = 0; i < layout->n_map; i++) {
        const struct slip_map_entry *e = &layout->map[i];
        const struct slip_mb1_map_entry entry = {
            .size = sizeof(entry) - sizeof(entry.size),
            .gpa_low = (uint32_t)e->gpa,
            .gpa_high = (uint32_t)(e->gpa >> 32),
            .bytes_low = (uint32_t)e->bytes,
            .bytes_high = (uint32_t)(e->bytes >> 32),
            .type = e->type,
        };

        slip__buf_put(buf, &entry, sizeof(entry));
    }
}

/* The structure and what it points to, as it lies from gpa on: map, modules, names. As long wherever that is. */
static void put_info(const struct slip_layout_input *in, const struct slip_layout *layout,
                     struct slip_buf *buf)
{
    uint32_t gpa = (uint32_t)layout->table_gpas[SLIP_TABLE_INFO];
    size_t map_bytes = layout->n_map * sizeof(struct slip_mb1_map_entry);
    size_t modules_at = sizeof(struct slip_mb1_info) + map_bytes;
    size_t name_at = modules_at + in->n_modules * sizeof(struct slip_mb1_module);
    struct slip_mb1_info info = {
        .flags = SLIP_MB1_INFO_MEMORY | SLIP_MB1_INFO_CMDLINE | SLIP_MB1_INFO_MODULES |
                 SLIP_MB1_INFO_MAP | SLIP_MB1_INFO_LOADER,
        .cmdline = (uint32_t)layout->table_gpas[SLIP_TABLE_CMDLINE],
        .mods_count = (uint32_t)in->n_modules,
        .mods_addr = in->n_modules ? gpa + (uint32_t)modules_at : 0,
        .mmap_length = (uint32_t)map_bytes,
        .mmap_addr = gpa + (uint32_t)sizeof(info),
        .boot_loader_name = gpa + (uint32_t)name_at,
    };

    slip__multiboot_memory(layout, &info.mem_lower, &info.mem_upper);
    slip__buf_put(buf, &info, sizeof(info));
    put_map(layout, buf);
    name_at += sizeof(SLIP_MULTIBOOT_LOADER);
    for (size_t i = 0; i < in->n_modules; i++) {
        struct slip_mb1_module module = {
            .start = (uint32_t)layout->module_gpas[i],
            .end = (uint32_t)(layout->module_gpas[i] + in->modules[i].bytes),
            .string = gpa + (uint32_t)name_at,
        };

        slip__buf_put(buf, &module, sizeof(module));
        name_at += strlen(slip__report_file(in->modules[i].name)) + 1;
    }
    slip__buf_put(buf, SLIP_MULTIBOOT_LOADER, sizeof(SLIP_MULTIBOOT_LOADER));
    for (size_t i = 0; i < in->n_modules; i++) {
        const char *name = slip__report_file(in->modules[i].name);

        slip__buf_put(buf, name, strlen(name) + 1);
    }
}

static int mb1_needs(const struct slip_layout_input *in, const struct slip_layout *l,
                     struct slip_needs *ret, struct slip_error **err)
{
    struct slip_buf buf = {0};
    bool failed;

    put_info(in, l, &buf);
    *ret = (struct slip_needs){
        .bytes = {[SLIP_TABLE_INFO] = buf.len, [SLIP_TABLE_CMDLINE] = in->cmdline_bytes},
        .module_ends = {slip__multiboot_module_end(&in->image->multiboot[0])},
        .n_module_ends = 1};
    failed = buf.failed;
    slip__buf_dispose(&buf);
    return failed ? slip__error_oom(err) : 0;
}

static bool mb1_pieces(struct slip_plan *plan, const struct slip_layout *layout,
                       struct slip_parts *parts)
{
    const uint64_t *gpas = layout->table_gpas;
    struct slip_buf info = {0}, line = {0};
    bool ok;

    plan->start.rax = SLIP_MB1_EAX;
    plan->start.rbx = gpas[SLIP_TABLE_INFO];
    put_info(&parts->in, layout, &info);
    slip__buf_put(&line, parts->in.cmdline, parts->in.cmdline_bytes);
    ok = !info.failed && !line.failed;
    ok = ok && slip__plan_add_bytes(plan, "Multiboot information", gpas[SLIP_TABLE_INFO], &info);
    ok = ok && slip__plan_add_bytes(plan, "command line", gpas[SLIP_TABLE_CMDLINE], &line);
    slip__buf_dispose(&info);
    slip__buf_dispose(&line);
    return ok;
}

const struct slip_boot_protocol slip__boot_multiboot1 = {
    .name = "Multiboot 1",
    .key = "multiboot1",
    .info = "Multiboot information",
    .needs = mb1_needs,
    .pieces = mb1_pieces,
};
