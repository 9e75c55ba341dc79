/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Linux' own entries, 64-bit and 32-bit: a zero page (struct boot_params of the kernel's own UAPI header), a descriptor table, and
 * one initrd made of all modules. Facts: Linux, Documentation/arch/x86/boot.rst and zero-page.rst. Must not know engines, nor
 * where the addresses come from (layout.c).
 */
#include <asm/bootparam.h>
#include <assert.h>
#include <string.h>

#include "abi/e820.h"
#include "abi/gdt.h"
#include "base/cleanup.h"
#include "build/containers.h"
#include "build/start.h"

/* boot.rst: both entries want these selectors; Linux' own setup code has its TSS behind them. */
#define BOOT_CS          0x10u
#define BOOT_DS          0x18u
#define BOOT_TSS         0x20u
#define GDT_BYTES        (BOOT_TSS + SLIP_GDT_SELECTOR_BYTES)
#define LOADER_UNDEFINED 0xffu   /* type_of_loader: no number was assigned */
#define VIDEO_NORMAL     0xffffu /* vid_mode */
#define HEADER_MAGIC     0x53726448u
#define BOOT_FLAG        0xaa55u
/* What a kernel without a header of its own is told it has: the first protocol with everything that we fill in. */
#define PROTOCOL_ASSUMED  0x020cu
#define ALIGNMENT_ASSUMED 0x1000000u
#define KIB_SHIFT         10u
#define ALT_MEM_K_GPA     0x100000ull

static_assert(sizeof(struct boot_params) == 4096, "the zero page is a page");
static_assert(offsetof(struct boot_params, hdr) == 0x1f1, "");

/* Where an initrd can be: by the header, if there is one. Kernels that can be loaded above 4 GiB take one from anywhere; those that
 * can't, below 4 GiB at most, and the header says how far. */
static void initrd_ranges(const struct slip_image *image, struct slip_needs *ret)
{
    const struct slip_linux *boot = &image->linux_boot;
    bool anywhere = boot->offered ? boot->above_4g : true;

    if (boot->offered && boot->initrd_max < SLIP_4_GIB - 1)
        ret->module_ends[ret->n_module_ends++] = boot->initrd_max + 1;
    if (!anywhere && ret->n_module_ends)
        return;
    ret->module_ends[ret->n_module_ends++] = SLIP_4_GIB;
    if (anywhere)
        ret->module_ends[ret->n_module_ends++] = UINT64_MAX;
}

static int linux_needs(const struct slip_layout_input *in, struct slip_needs *ret,
                       struct slip_error **err)
{
    const struct slip_linux *boot = &in->image->linux_boot;

    if (boot->offered && in->cmdline_bytes - 1 > boot->cmdline_max)
        return slip__error_code(err, SLIP_EDESC, SLIP_CODE_KERNEL_CMDLINE,
                                "the command line has %llu bytes, kernel '%s' takes %llu",
                                (unsigned long long)in->cmdline_bytes - 1, in->image->name,
                                (unsigned long long)boot->cmdline_max);
    *ret = (struct slip_needs){.bytes = {[SLIP_TABLE_INFO] = sizeof(struct boot_params),
                                         [SLIP_TABLE_CMDLINE] = in->cmdline_bytes,
                                         [SLIP_TABLE_GDT] = GDT_BYTES},
                               .modules_in_a_run = true};
    initrd_ranges(in->image, ret);
    return 0;
}

static int needs32(const struct slip_layout_input *in, const struct slip_layout *l,
                   struct slip_needs *ret, struct slip_error **err)
{
    (void)l;
    return linux_needs(in, ret, err);
}

static int needs64(const struct slip_layout_input *in, const struct slip_layout *l,
                   struct slip_needs *ret, struct slip_error **err)
{
    int rc = linux_needs(in, ret, err);

    (void)l;
    ret->page_tables = true;
    return rc;
}

/* The header as the kernel's file has it, or what stands for one. */
static void fill_header(const struct slip_image *image, struct setup_header *hdr)
{
    const struct slip_linux *boot = &image->linux_boot;

    if (boot->offered) {
        memcpy(hdr, boot->header,
               boot->header_bytes < sizeof(*hdr) ? boot->header_bytes : sizeof(*hdr));
        return;
    }
    hdr->boot_flag = BOOT_FLAG;
    hdr->header = HEADER_MAGIC;
    hdr->version = PROTOCOL_ASSUMED;
    hdr->loadflags = LOADED_HIGH;
    hdr->kernel_alignment = ALIGNMENT_ASSUMED;
}

/* All modules: they lie one behind the other. */
static void fill_initrd(const struct slip_layout *layout, const struct slip_layout_input *in,
                        struct boot_params *page)
{
    uint64_t start, bytes;
    size_t last = in->n_modules - 1;

    if (in->n_modules == 0)
        return;
    start = layout->module_gpas[0];
    bytes = layout->module_gpas[last] + in->modules[last].bytes - start;
    page->hdr.ramdisk_image = (uint32_t)start;
    page->ext_ramdisk_image = (uint32_t)(start >> 32);
    page->hdr.ramdisk_size = (uint32_t)bytes;
    page->ext_ramdisk_size = (uint32_t)(bytes >> 32);
}

static void fill_page(const struct slip_layout *layout, const struct slip_layout_input *in,
                      struct boot_params *page)
{
    const struct slip_image *image = in->image;
    uint64_t cmdline = layout->table_gpas[SLIP_TABLE_CMDLINE];

    static_assert(SLIP_PLAN_MAX_MAP <= E820_MAX_ENTRIES_ZEROPAGE, "the map fits");
    fill_header(image, &page->hdr);
    page->hdr.vid_mode = VIDEO_NORMAL;
    page->hdr.type_of_loader = LOADER_UNDEFINED;
    if (image->form == SLIP_FORM_LINUX && image->linux_boot.relocatable) {
        uint64_t align = image->linux_boot.align; /* the header may end before its own */

        page->hdr.code32_start = (uint32_t)image->segments[0].gpa;
        while (image->segments[0].gpa % align)
            align /= 2; /* min_alignment allows it (place.c) */
        page->hdr.kernel_alignment = (uint32_t)align;
    }
    page->hdr.cmd_line_ptr = (uint32_t)cmdline;
    page->ext_cmd_line_ptr = (uint32_t)(cmdline >> 32);
    fill_initrd(layout, in, page);
    page->acpi_rsdp_addr = layout->acpi_gpa;
    page->e820_entries = (uint8_t)layout->n_map;
    for (unsigned i = 0; i < layout->n_map; i++)
        page->e820_table[i] = (struct boot_e820_entry){
            .addr = layout->map[i].gpa, .size = layout->map[i].bytes, .type = layout->map[i].type};
    if (layout->ram[0].size > ALT_MEM_K_GPA) /* for kernels that know no map */
        page->alt_mem_k = (uint32_t)((layout->ram[0].size - ALT_MEM_K_GPA) >> KIB_SHIFT);
}

static void put_gdt(const struct slip_start *start, struct slip_buf *buf)
{
    uint64_t gdt[SLIP_START_GDT_MAX];
    unsigned count = slip__start_gdt(start, gdt);

    gdt[start->tr / SLIP_GDT_SELECTOR_BYTES] |= SLIP_GDT_BUSY;
    for (unsigned i = 0; i < count; i++)
        slip__buf_uint(buf, gdt[i], 8);
}

static bool linux_pieces(struct slip_plan *plan, const struct slip_layout *layout,
                         struct slip_parts *parts)
{
    const struct slip_layout_input *in = &parts->in;
    const uint64_t *gpas = layout->table_gpas;
    struct slip_buf zero_page = {0}, line = {0}, gdt = {0};
    struct slip_start *start = &plan->start;
    struct boot_params page = {0};
    bool ok;

    start->rsi = gpas[SLIP_TABLE_INFO];
    start->cs = BOOT_CS;
    start->ds = BOOT_DS;
    start->tr = BOOT_TSS;
    start->gdt_gpa = gpas[SLIP_TABLE_GDT];
    start->gdt_bytes = GDT_BYTES;
    fill_page(layout, in, &page);
    slip__buf_put(&zero_page, &page, sizeof(page));
    slip__buf_put(&line, in->cmdline, in->cmdline_bytes);
    put_gdt(start, &gdt);
    ok = !zero_page.failed && !line.failed && !gdt.failed;
    ok = ok && slip__plan_add_bytes(plan, "zero page", gpas[SLIP_TABLE_INFO], &zero_page);
    ok = ok && slip__plan_add_bytes(plan, "command line", gpas[SLIP_TABLE_CMDLINE], &line);
    ok = ok && slip__plan_add_bytes(plan, "descriptor table", gpas[SLIP_TABLE_GDT], &gdt);
    slip__buf_dispose(&zero_page);
    slip__buf_dispose(&line);
    slip__buf_dispose(&gdt);
    return ok;
}

static bool pieces64(struct slip_plan *plan, const struct slip_layout *layout,
                     struct slip_parts *parts)
{
    plan->start.mode = SLIP_CPU_LONG64;
    plan->start.cr3 = layout->page_tables_gpa;
    return linux_pieces(plan, layout, parts);
}

const struct slip_boot_protocol slip__boot_linux64 = {
    .name = "Linux 64-bit",
    .key = "linux64",
    .info = "zero page",
    .needs = needs64,
    .pieces = pieces64,
};

const struct slip_boot_protocol slip__boot_linux32 = {
    .name = "Linux 32-bit",
    .key = "linux32",
    .info = "zero page",
    .needs = needs32,
    .pieces = linux_pieces,
};
