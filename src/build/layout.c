/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The sole allocator of guest addresses in a PC's memory (PV guests: pv_layout.c): RAM less what is taken. Fixed things
 * first (the PC's own places, the kernel's segments), then our small tables from the bottom up, then the modules from the
 * top down, so that the space after the kernel stays whole. Must not know what the pieces contain.
 */
#include "build/container.h"

#include <stdlib.h>
#include <string.h>

#include "abi/e820.h"
#include "base/ckd.h"
#include "base/cleanup.h"
#include "guest/limits.h"

#define MIB (1ull << 20)

/* Claims besides segments and modules: low memory, reset block, PC hole, tables. */
#define FIXED_CLAIMS (4 + SLIP_TABLES)

typedef unsigned long long ull; /* for messages */

unsigned slip__layout_ram(const struct slip_machine *machine, uint64_t memory_bytes,
                          struct slip_ram_region ret[SLIP_RAM_MAX_REGIONS])
{
    uint64_t low =
        memory_bytes < machine->low_ram_max_bytes ? memory_bytes : machine->low_ram_max_bytes;

    ret[0] = (struct slip_ram_region){0, low};
    if (low == memory_bytes)
        return 1;
    ret[1] = (struct slip_ram_region){SLIP_4_GIB, memory_bytes - low};
    return 2;
}

static void add_map(struct slip_layout *l, uint64_t gpa, uint64_t end, uint32_t type)
{
    if (gpa < end)
        l->map[l->n_map++] = (struct slip_map_entry){gpa, end - gpa, type};
}

/* The end of the space for ACPI tables: where RAM stops showing through, or the end of the PC's hole. */
static uint64_t acpi_end(const struct slip_machine *machine)
{
    return machine->hidden_bytes ? machine->hidden_gpa : SLIP_PC_HOLE_END;
}

/* Like a PC's: the tables are NVS, since an OS that reclaims them loses what its power-off method reads later. */
static void make_map(struct slip_layout *l, const struct slip_machine *machine)
{
    uint64_t low_end = l->ram[0].size;
    uint64_t conventional = low_end < SLIP_PC_HOLE_GPA ? low_end : SLIP_PC_HOLE_GPA;

    add_map(l, 0, conventional, SLIP_E820_RAM);
    add_map(l, SLIP_PC_ACPI_GPA, acpi_end(machine), SLIP_E820_NVS);
    add_map(l, machine->hidden_gpa, machine->hidden_gpa + machine->hidden_bytes,
            SLIP_E820_RESERVED);
    add_map(l, SLIP_PC_HOLE_END, low_end, SLIP_E820_RAM);
    add_map(l, machine->special_gpa, machine->special_gpa + machine->special_bytes,
            SLIP_E820_RESERVED);
    for (unsigned i = 1; i < l->n_ram; i++)
        add_map(l, l->ram[i].gpa, l->ram[i].gpa + l->ram[i].size, SLIP_E820_RAM);
}

/* Takes [gpa, gpa + bytes). Returns what is there already, or NULL. */
static const struct slip_taken *take(struct slip_layout *l, uint64_t gpa, uint64_t bytes,
                                     const char *what)
{
    size_t at = l->n_taken;

    if (!bytes)
        return NULL;
    for (size_t i = 0; i < l->n_taken; i++) {
        if (slip__range_overlaps(gpa, bytes, l->taken[i].gpa, l->taken[i].bytes))
            return &l->taken[i];
    }
    while (at && l->taken[at - 1].gpa > gpa)
        at--;
    memmove(&l->taken[at + 1], &l->taken[at], (l->n_taken - at) * sizeof(*l->taken));
    l->taken[at] = (struct slip_taken){gpa, bytes, what};
    l->n_taken++;
    return NULL;
}

/* The free runs of [lo, hi), one after the other: *pos starts at lo. False at the end. */
static bool next_free(const struct slip_layout *l, uint64_t hi, uint64_t *pos, uint64_t *ret_end)
{
    for (unsigned r = 0; r < l->n_ram; r++) {
        uint64_t start = l->ram[r].gpa > *pos ? l->ram[r].gpa : *pos;
        uint64_t end = l->ram[r].gpa + l->ram[r].size;

        if (end > hi)
            end = hi;
        for (size_t i = 0; i < l->n_taken && start < end; i++) {
            const struct slip_taken *t = &l->taken[i];

            if (t->gpa > start) {
                if (t->gpa < end)
                    end = t->gpa;
                break;
            }
            if (t->gpa + t->bytes > start)
                start = t->gpa + t->bytes;
        }
        if (start < end) {
            *pos = start;
            *ret_end = end;
            return true;
        }
    }
    return false;
}

/* Room for bytes in [lo, hi) on a multiple of align, lowest or highest. 0: there is none. *largest gets the widest run. */
static uint64_t find_aligned(const struct slip_layout *l, uint64_t lo, uint64_t hi, uint64_t bytes,
                             uint64_t align, bool highest, uint64_t *largest)
{
    uint64_t pos = lo, end, found = 0;

    for (; next_free(l, hi, &pos, &end); pos = end) {
        uint64_t first;

        if (slip__ckd_align_up(&first, pos, align) || first >= end)
            continue;
        if (end - first > *largest)
            *largest = end - first;
        if (end - first < bytes)
            continue;
        if (!highest)
            return first;
        found = slip__align_down(end - bytes, align);
    }
    return found;
}

static uint64_t find_room(const struct slip_layout *l, uint64_t lo, uint64_t hi, uint64_t bytes,
                          bool highest, uint64_t *largest)
{
    return find_aligned(l, lo, hi, bytes, SLIP_PAGE_BYTES, highest, largest);
}

/* Memory that surely does: up to the kernel's end, and the modules after it. */
static uint64_t needed_mib(const struct slip_layout_input *in)
{
    uint64_t hole = SLIP_4_GIB - in->machine->low_ram_max_bytes, sum = slip__image_end(in->image);

    if (sum > SLIP_4_GIB)
        sum -= hole;
    for (size_t i = 0; i < in->n_modules; i++) {
        uint64_t pages;

        if (slip__ckd_align_up(&pages, in->modules[i].bytes, SLIP_PAGE_BYTES) ||
            slip__ckd_add(&sum, sum, pages))
            return UINT64_MAX / MIB;
    }
    return sum / MIB + (sum % MIB != 0);
}

static int outside_ram(const struct slip_layout_input *in, const struct slip_segment *s,
                       struct slip_error **err)
{
    uint64_t end = s->gpa + s->memory_bytes;
    int rc;

    if (end > in->machine->low_ram_max_bytes && s->gpa < SLIP_4_GIB)
        return slip__error_code(
            err, SLIP_EIMAGE, SLIP_CODE_OUTSIDE_RAM,
            "kernel '%s': segment %u (0x%llx-0x%llx) lies where machine %s never has RAM "
            "(0x%llx-0x%llx)",
            in->image->name, s->index, (ull)s->gpa, (ull)end, in->machine->name,
            (ull)in->machine->low_ram_max_bytes, SLIP_4_GIB);
    if (needed_mib(in) > SLIP_LIMIT_MEMORY_MIB)
        return slip__error_code(
            err, SLIP_EIMAGE, SLIP_CODE_OUTSIDE_RAM,
            "kernel '%s': segment %u (0x%llx-0x%llx) lies beyond all the memory a guest can have "
            "(%llu MiB)",
            in->image->name, s->index, (ull)s->gpa, (ull)end, SLIP_LIMIT_MEMORY_MIB);
    rc = slip__error_code(
        err, SLIP_EIMAGE, SLIP_CODE_MEMORY_TOO_SMALL,
        "kernel '%s' needs at least %llu MiB of memory, the guest has %llu MiB: segment %u "
        "is at 0x%llx-0x%llx",
        in->image->name, (ull)needed_mib(in), (ull)(in->memory_bytes / MIB), s->index, (ull)s->gpa,
        (ull)end);
    slip__error_hint(err, "memory = %llu", (ull)needed_mib(in));
    return rc;
}

static int take_kernel(const struct slip_layout_input *in, struct slip_layout *l,
                       struct slip_error **err)
{
    for (size_t i = 0; i < in->image->n_segments; i++) {
        const struct slip_segment *s = &in->image->segments[i];
        const struct slip_taken *there;
        struct slip_ram ram = {.n_regions = l->n_ram};

        if (!s->memory_bytes)
            continue;
        memcpy(ram.regions, l->ram, sizeof(l->ram));
        there = take(l, s->gpa, s->memory_bytes, "the kernel");
        if (there)
            return slip__error_code(
                err, SLIP_EIMAGE, SLIP_CODE_SEGMENT_RESERVED,
                "kernel '%s': segment %u (0x%llx-0x%llx) runs into %s (0x%llx-0x%llx)",
                in->image->name, s->index, (ull)s->gpa, (ull)(s->gpa + s->memory_bytes),
                there->what, (ull)there->gpa, (ull)(there->gpa + there->bytes));
        if (!slip__ram_contains(&ram, s->gpa, s->memory_bytes))
            return outside_ram(in, s, err);
    }
    return 0;
}

static int table_does_not_fit(const struct slip_layout_input *in, const char *what, uint64_t bytes,
                              uint64_t largest, struct slip_error **err)
{
    return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_TABLES_DO_NOT_FIT,
                            "no room for the %s: it needs %llu bytes below 4 GiB, the largest free "
                            "run beside kernel '%s' has %llu",
                            what, (ull)bytes, in->image->name, (ull)largest);
}

static int place_table(const struct slip_layout_input *in, struct slip_layout *l, const char *what,
                       uint64_t bytes, uint64_t *ret, struct slip_error **err)
{
    uint64_t largest = 0;

    if (!bytes)
        return 0;
    *ret = find_room(l, 0, SLIP_4_GIB, bytes, false, &largest);
    if (!*ret)
        return table_does_not_fit(in, what, bytes, largest, err);
    take(l, *ret, bytes, what);
    return 0;
}

/* Our tables: below the PC's hole if they fit, else as low as possible, which is where every kernel can reach. */
static int place_tables(const struct slip_layout_input *in, const struct slip_needs *needs,
                        struct slip_layout *l, struct slip_error **err)
{
    static const char *const names[SLIP_TABLES] = {
        [SLIP_TABLE_MODLIST] = "module list",
        [SLIP_TABLE_MEMMAP] = "memory map",
        [SLIP_TABLE_CMDLINE] = "command line",
        [SLIP_TABLE_GDT] = "descriptor table",
    };
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < SLIP_TABLES; i++)
        rc = place_table(in, l, names[i] ? names[i] : in->protocol->info, needs->bytes[i],
                         &l->table_gpas[i], err);
    return rc;
}

/* Behind everything that they map. */
static int place_page_tables(const struct slip_layout_input *in, struct slip_layout *l,
                             struct slip_error **err)
{
    bool ok = slip__identity_add(&l->identity, 0, SLIP_4_GIB);
    uint64_t bytes;

    for (size_t i = 0; i < in->image->n_segments; i++)
        ok = ok && slip__identity_add(&l->identity, in->image->segments[i].gpa,
                                      in->image->segments[i].memory_bytes);
    for (size_t i = 0; i < in->n_modules; i++)
        ok = ok && slip__identity_add(&l->identity, l->module_gpas[i], in->modules[i].bytes);
    bytes = slip__identity_bytes(&l->identity);
    if (!ok)
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_KERNEL_PLACE,
                                "kernel '%s': its segments are too far apart to be mapped",
                                in->image->name);
    return place_table(in, l, "page tables", bytes, &l->page_tables_gpa, err);
}

static int module_does_not_fit(const struct slip_layout_input *in, size_t index, uint64_t largest,
                               struct slip_error **err)
{
    int rc = slip__error_code(
        err, SLIP_EIMAGE, SLIP_CODE_MODULE_DOES_NOT_FIT,
        "module %zu ('%s', %llu bytes) does not fit: the largest free run of the guest's %llu MiB "
        "has %llu bytes",
        index, in->modules[index].name, (ull)in->modules[index].bytes,
        (ull)(in->memory_bytes / MIB), (ull)largest);

    if (needed_mib(in) > SLIP_LIMIT_MEMORY_MIB)
        slip__error_hint(err, "no guest can have more than %llu MiB", SLIP_LIMIT_MEMORY_MIB);
    else
        slip__error_hint(err,
                         "kernel and modules need memory = %llu at least, and the guest some more",
                         (ull)needed_mib(in));
    return rc;
}

/* Room for modules in one of the protocol's ranges, the first that has any. */
static uint64_t find_module_room(const struct slip_layout *l, const struct slip_needs *needs,
                                 uint64_t bytes, uint64_t *largest)
{
    for (unsigned i = 0; i < needs->n_module_ends; i++) {
        uint64_t end = needs->module_ends[i];
        uint64_t start = end > SLIP_4_GIB ? SLIP_4_GIB : SLIP_PC_HOLE_END;
        uint64_t gpa = find_room(l, start, end, bytes, true, largest);

        if (gpa)
            return gpa;
    }
    return 0;
}

/* All of them as one archive, for a kernel that takes one: cpio archives may follow each other on a multiple of 4. */
static int place_run(const struct slip_layout_input *in, const struct slip_needs *needs,
                     struct slip_layout *l, struct slip_error **err)
{
    uint64_t bytes = 0, largest = 0, gpa;

    for (size_t i = 0; i < in->n_modules; i++) {
        if (slip__ckd_align_up(&bytes, bytes, SLIP_MODULE_RUN_ALIGN) ||
            slip__ckd_add(&bytes, bytes, in->modules[i].bytes))
            return module_does_not_fit(in, i, 0, err);
        l->module_gpas[i] = bytes - in->modules[i].bytes;
    }
    if (in->n_modules == 0)
        return 0;
    gpa = find_module_room(l, needs, bytes, &largest);
    if (!gpa)
        return module_does_not_fit(in, in->n_modules - 1, largest, err);
    for (size_t i = 0; i < in->n_modules; i++)
        l->module_gpas[i] += gpa;
    take(l, gpa, bytes, "the modules");
    return 0;
}

static int place_modules(const struct slip_layout_input *in, const struct slip_needs *needs,
                         struct slip_layout *l, struct slip_error **err)
{
    if (needs->modules_in_a_run)
        return place_run(in, needs, l, err);
    for (size_t i = 0; i < in->n_modules; i++) {
        uint64_t bytes = in->modules[i].bytes, largest = 0;
        uint64_t gpa = find_module_room(l, needs, bytes, &largest);

        if (!gpa)
            return module_does_not_fit(in, i, largest, err);
        l->module_gpas[i] = gpa;
        take(l, gpa, bytes, "a module");
    }
    return 0;
}

static int place_acpi(const struct slip_layout_input *in, struct slip_layout *l,
                      struct slip_error **err)
{
    uint64_t room = acpi_end(in->machine) - SLIP_PC_ACPI_GPA;

    if (in->acpi_bytes > room)
        return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_TABLES_DO_NOT_FIT,
                                "the ACPI tables have %llu bytes, their place at 0x%llx has %llu",
                                (ull)in->acpi_bytes, SLIP_PC_ACPI_GPA, (ull)room);
    l->acpi_gpa = SLIP_PC_ACPI_GPA;
    return 0;
}

/* What is a PC's own, and ours before any guest. */
static void take_fixed(struct slip_layout *l, const struct slip_machine *machine)
{
    take(l, 0, SLIP_PC_LOW_END, "the real-mode vectors and BIOS data");
    take(l, machine->reset_block_gpa, machine->reset_block_bytes, "the reset ROM's start block");
    take(l, SLIP_PC_HOLE_GPA, SLIP_PC_HOLE_END - SLIP_PC_HOLE_GPA,
         "the PC's video, ROM and ACPI range");
}

int slip__layout_pc(const struct slip_layout_input *in, struct slip_layout *l,
                    struct slip_error **err)
{
    struct slip_needs needs = {0};
    int rc;

    make_map(l, in->machine);
    take_fixed(l, in->machine);
    rc = place_acpi(in, l, err);
    if (rc == 0)
        rc = take_kernel(in, l, err);
    if (rc == 0)
        rc = in->protocol->needs(in, l, &needs, err);
    if (rc == 0)
        rc = place_tables(in, &needs, l, err);
    if (rc == 0)
        rc = place_modules(in, &needs, l, err);
    return rc == 0 && needs.page_tables ? place_page_tables(in, l, err) : rc;
}

bool slip__layout_find(const struct slip_machine *machine, uint64_t memory_bytes, uint64_t lo,
                       uint64_t hi, uint64_t bytes, uint64_t align, uint64_t *ret)
{
    struct slip_taken fixed[FIXED_CLAIMS];
    struct slip_layout l = {.taken = fixed};
    uint64_t largest = 0;

    l.n_ram = slip__layout_ram(machine, memory_bytes, l.ram);
    take_fixed(&l, machine);
    *ret = find_aligned(&l, lo, hi, bytes, align, false, &largest);
    return *ret != 0;
}

int slip__layout_make(const struct slip_container *container, const struct slip_layout_input *in,
                      struct slip_layout *ret, struct slip_error **err)
{
    size_t capacity = FIXED_CLAIMS + in->image->n_segments + in->n_modules;
    int rc;

    *ret = (struct slip_layout){0};
    ret->taken = calloc(capacity, sizeof(*ret->taken));
    ret->module_gpas = calloc(in->n_modules + 1, sizeof(*ret->module_gpas));
    if (!ret->taken || !ret->module_gpas) {
        slip__layout_dispose(ret);
        return slip__error_oom(err);
    }
    ret->n_ram = slip__layout_ram(in->machine, in->memory_bytes, ret->ram);
    rc = container->layout(in, ret, err);
    if (rc < 0)
        slip__layout_dispose(ret);
    return rc;
}

void slip__layout_dispose(struct slip_layout *layout)
{
    free(layout->taken);
    free(layout->module_gpas);
    free(layout->pv);
    *layout = (struct slip_layout){0};
}
