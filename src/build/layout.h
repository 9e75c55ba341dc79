/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where everything of a guest lies. Private to build/; the sole allocator of guest addresses is behind it. */
#ifndef SLIP_BUILD_LAYOUT_H
#define SLIP_BUILD_LAYOUT_H

#include "build/make.h"
#include "image/pv.h"

/* What is to be placed. */
struct slip_layout_input {
    const struct slip_machine *machine;
    const struct slip_image *image;
    const struct slip_module *modules;
    size_t n_modules;
    uint64_t memory_bytes;
    uint64_t cmdline_bytes; /* NUL included */
    uint64_t acpi_bytes;
    const struct slip_pv_kernel *pv; /* PV: what its notes say; NULL: not known yet */
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
    uint64_t start_info_gpa, modlist_gpa, memmap_gpa, cmdline_gpa,
        acpi_gpa;             /* modlist: 0 if none */
    uint64_t *module_gpas;    /* n_modules; owned */
    struct slip_taken *taken; /* ascending, never overlapping; owned */
    size_t n_taken;
    struct slip_pv *pv; /* PV alone; owned */
};

struct slip_container;

/* Places everything, the same way every time. On failure *ret is disposed. */
int slip__layout_make(const struct slip_container *container, const struct slip_layout_input *in,
                      struct slip_layout *ret, struct slip_error **err);
/* The layout of a PC's memory, for containers that have one. */
int slip__layout_pc(const struct slip_layout_input *in, struct slip_layout *layout,
                    struct slip_error **err);
void slip__layout_dispose(struct slip_layout *layout);

#endif
