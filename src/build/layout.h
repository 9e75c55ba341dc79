/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where everything of a guest lies. Private to build/; the sole allocator of guest addresses is behind it. */
#ifndef SLIP_BUILD_LAYOUT_H
#define SLIP_BUILD_LAYOUT_H

#include "build/make.h"
#include "build/paging.h"
#include "image/pv.h"

/* What is to be placed. */
struct slip_layout_input {
    const struct slip_machine *machine;
    const struct slip_image *image;
    const struct slip_module *modules;
    size_t n_modules;
    uint64_t memory_bytes;
    const char *cmdline;
    uint64_t cmdline_bytes; /* NUL included */
    const void *acpi;       /* the tables, RSDP first; NULL: none */
    uint64_t acpi_bytes;
    const struct slip_boot_protocol *protocol; /* that the guest starts by, as far as is known */
    const struct slip_pv_kernel *pv;           /* PV: what its notes say; NULL: not known yet */
};

/* Tables in guest memory, in the order in which they are placed. What is in one is its protocol's affair. */
enum slip_table {
    SLIP_TABLE_INFO, /* what the first vCPU is pointed to: hvm_start_info, zero page, Multiboot information */
    SLIP_TABLE_MODLIST,
    SLIP_TABLE_MEMMAP,
    SLIP_TABLE_CMDLINE,
    SLIP_TABLE_GDT,
    SLIP_TABLES
};

#define SLIP_MODULE_RANGES    3
#define SLIP_MODULE_RUN_ALIGN 4ull

/* What a protocol needs in memory besides the kernel. */
struct slip_needs {
    uint64_t bytes[SLIP_TABLES]; /* 0: no such table */
    /* Modules go as high as possible below the first of these ends that leaves room for them. UINT64_MAX: from 4 GiB on. */
    uint64_t module_ends[SLIP_MODULE_RANGES];
    unsigned n_module_ends;
    bool
        modules_in_a_run; /* one behind the other, each from a multiple of 4 on; else each on a page of its own */
    bool page_tables; /* that map the first 4 GiB, the kernel and the modules to themselves */
};

struct slip_taken {
    uint64_t gpa;
    uint64_t bytes;
    const char *what; /* static */
};

struct slip_layout {
    struct slip_ram_region ram[SLIP_RAM_MAX_REGIONS];
    unsigned n_ram;
    struct slip_map_entry map[SLIP_PLAN_MAX_MAP];
    unsigned n_map;
    uint64_t table_gpas[SLIP_TABLES]; /* 0: there is no such table */
    uint64_t acpi_gpa;
    struct slip_identity identity; /* what the page tables map; none: there are none */
    uint64_t page_tables_gpa;
    uint64_t *module_gpas;    /* n_modules; owned */
    struct slip_taken *taken; /* ascending, never overlapping; owned */
    size_t n_taken;
    struct slip_pv *pv; /* PV alone; owned */
};

struct slip_container;
struct slip_boot_protocol;

/* Places everything, the same way every time. On failure *ret is disposed. */
int slip__layout_make(const struct slip_container *container, const struct slip_layout_input *in,
                      struct slip_layout *ret, struct slip_error **err);
/* The layout of a PC's memory, for containers that have one. */
int slip__layout_pc(const struct slip_layout_input *in, struct slip_layout *layout,
                    struct slip_error **err);
/* The lowest place for bytes on a multiple of align in [lo, hi) that is free before anything of the guest's own is placed. False:
 * there is none. */
bool slip__layout_find(const struct slip_machine *machine, uint64_t memory_bytes, uint64_t lo,
                       uint64_t hi, uint64_t bytes, uint64_t align, uint64_t *ret);
void slip__layout_dispose(struct slip_layout *layout);

#endif
