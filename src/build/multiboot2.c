/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Multiboot 2: its boot information, tags one after the other. Must not know engines, nor where the addresses come from
 * (layout.c). A wish for a screen is answered with none. */
#include <string.h>

#include "abi/acpi.h"
#include "abi/multiboot_info.h"
#include "build/containers.h"
#include "build/multiboot.h"
#include "build/report.h"

/* Pads what is there, and begins a tag whose content has that many bytes. */
static void begin_tag(struct slip_buf *buf, uint32_t type, size_t bytes)
{
    slip__buf_align(buf, SLIP_MB2_TAG_ALIGN);
    slip__buf_uint(buf, type, 4);
    slip__buf_uint(buf, SLIP_MB2_TAG_BYTES + bytes, 4);
}

static void put_text(struct slip_buf *buf, uint32_t type, const char *text)
{
    begin_tag(buf, type, strlen(text) + 1);
    slip__buf_put(buf, text, strlen(text) + 1);
}

static void put_modules(const struct slip_layout_input *in, const struct slip_layout *layout,
                        struct slip_buf *buf)
{
    for (size_t i = 0; i < in->n_modules; i++) {
        const char *name = slip__report_file(in->modules[i].name);

        begin_tag(buf, SLIP_MB2_TAG_MODULE, 8 + strlen(name) + 1);
        slip__buf_uint(buf, (uint32_t)layout->module_gpas[i], 4);
        slip__buf_uint(buf, (uint32_t)(layout->module_gpas[i] + in->modules[i].bytes), 4);
        slip__buf_put(buf, name, strlen(name) + 1);
    }
}

static void put_memory(const struct slip_layout *layout, struct slip_buf *buf)
{
    uint32_t lower, upper;

    slip__multiboot_memory(layout, &lower, &upper);
    begin_tag(buf, SLIP_MB2_TAG_MEMORY, 8);
    slip__buf_uint(buf, lower, 4);
    slip__buf_uint(buf, upper, 4);
    begin_tag(buf, SLIP_MB2_TAG_MAP, 8 + layout->n_map * SLIP_MB2_MAP_ENTRY_BYTES);
    slip__buf_uint(buf, SLIP_MB2_MAP_ENTRY_BYTES, 4);
    slip__buf_uint(buf, SLIP_MB2_MAP_ENTRY_VERSION, 4);
    for (unsigned i = 0; i < layout->n_map; i++) {
        slip__buf_uint(buf, layout->map[i].gpa, 8);
        slip__buf_uint(buf, layout->map[i].bytes, 8);
        slip__buf_uint(buf, layout->map[i].type, 4);
        slip__buf_uint(buf, 0, 4);
    }
}

/* acpi begins with the RSDP. A kernel of ACPI 1.0's days knows the old tag alone: its copy is the front of the new one. */
static void put_rsdp(const void *acpi, struct slip_buf *buf)
{
    begin_tag(buf, SLIP_MB2_TAG_RSDP_OLD, SLIP_RSDP_V1_BYTES);
    slip__buf_put(buf, acpi, SLIP_RSDP_V1_BYTES);
    begin_tag(buf, SLIP_MB2_TAG_RSDP_NEW, SLIP_RSDP_BYTES);
    slip__buf_put(buf, acpi, SLIP_RSDP_BYTES);
}

/* As long wherever things lie. */
static void put_info(const struct slip_layout_input *in, const struct slip_layout *layout,
                     struct slip_buf *buf)
{
    slip__buf_uint(buf, 0, 4); /* the whole size: known at the end */
    slip__buf_uint(buf, 0, 4);
    put_text(buf, SLIP_MB2_TAG_CMDLINE, in->cmdline);
    put_text(buf, SLIP_MB2_TAG_LOADER, SLIP_MULTIBOOT_LOADER);
    if (in->image->multiboot[1].reloc.offered && in->image->n_segments) {
        begin_tag(buf, SLIP_MB2_TAG_LOAD_BASE, 4);
        slip__buf_uint(buf, (uint32_t)in->image->segments[0].gpa, 4);
    }
    put_modules(in, layout, buf);
    put_memory(layout, buf);
    if (in->acpi)
        put_rsdp(in->acpi, buf);
    begin_tag(buf, SLIP_MB2_TAG_END, 0);
    if (!buf->failed)
        slip__buf_patch(buf, 0, buf->len, 4);
}

static int mb2_needs(const struct slip_layout_input *in, const struct slip_layout *l,
                     struct slip_needs *ret, struct slip_error **err)
{
    struct slip_buf buf = {0};
    bool failed;

    put_info(in, l, &buf);
    *ret =
        (struct slip_needs){.bytes = {[SLIP_TABLE_INFO] = buf.len},
                            .module_ends = {slip__multiboot_module_end(&in->image->multiboot[1])},
                            .n_module_ends = 1};
    failed = buf.failed;
    slip__buf_dispose(&buf);
    return failed ? slip__error_oom(err) : 0;
}

static bool mb2_pieces(struct slip_plan *plan, const struct slip_layout *layout,
                       struct slip_parts *parts)
{
    uint64_t gpa = layout->table_gpas[SLIP_TABLE_INFO];
    struct slip_buf info = {0};
    bool ok;

    plan->start.rax = SLIP_MB2_EAX;
    plan->start.rbx = gpa;
    put_info(&parts->in, layout, &info);
    ok = !info.failed && slip__plan_add_bytes(plan, "Multiboot information", gpa, &info);
    slip__buf_dispose(&info);
    return ok;
}

const struct slip_boot_protocol slip__boot_multiboot2 = {
    .name = "Multiboot 2",
    .key = "multiboot2",
    .info = "Multiboot information",
    .needs = mb2_needs,
    .pieces = mb2_pieces,
};
