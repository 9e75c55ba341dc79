/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The PVH container: the memory of a PC, with a processor of its own, started by any boot protocol. Must not know which, nor
 * where the addresses come from (layout.c).
 */
#include "build/containers.h"
#include "build/start.h"

static bool pc_pieces(struct slip_plan *plan, struct slip_layout *layout, struct slip_parts *parts)
{
    const struct slip_boot_protocol *protocol = parts->in.protocol;
    struct slip_buf tables = {0};
    bool ok;

    plan->start.start_info_gpa = layout->table_gpas[SLIP_TABLE_INFO];
    plan->start.start_info = protocol->info;
    ok = protocol->pieces(plan, layout, parts);
    ok = ok && slip__plan_add_bytes(plan, "ACPI tables", layout->acpi_gpa, &parts->acpi);
    if (!ok || !layout->page_tables_gpa)
        return ok;
    slip__identity_write(&layout->identity, layout->page_tables_gpa, &tables);
    ok = !tables.failed &&
         slip__plan_add_bytes(plan, "page tables", layout->page_tables_gpa, &tables);
    slip__buf_dispose(&tables);
    return ok;
}

const struct slip_container slip__container_pvh = {
    .type = SLIP_TYPE_PVH,
    .own_pieces = SLIP_PROTOCOL_PIECES + 2, /* ACPI and page tables */
    .map_title = "memory map told to the guest",
    .layout = slip__layout_pc,
    .pieces = pc_pieces,
    .start_text = slip__start_text,
    .start_words = slip__start_words,
    .start_json = slip__start_json,
    .piece_words = slip__start_piece_words,
};
