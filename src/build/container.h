/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Containers: what a guest's machine is to its kernel, and so what must be in its memory. One const table each, one
 * file each (pvh.c, pv.c); plan.c and the reports know no more of them than this. Private to build/.
 */
#ifndef SLIP_BUILD_CONTAINER_H
#define SLIP_BUILD_CONTAINER_H

#include <jansson.h>

#include "base/buf.h"
#include "build/layout.h"

/* What layout and pieces both start from. */
struct slip_parts {
    struct slip_layout_input in;
    struct slip_pv_kernel pv; /* in.pv points here, if anywhere */
    char *cmdline;
    enum slip_console_word console;
    struct slip_buf acpi;
    struct slip_acpi_table tables[SLIP_ACPI_MAX_TABLES];
    unsigned n_tables;
    unsigned vcpus, maxvcpus;
};

struct slip_container {
    enum slip_type type;
    size_t own_pieces;     /* besides kernel segments and modules, at most */
    const char *map_title; /* over the memory map in reports */
    bool maps; /* guests begin with page tables: texts give each piece's virtual address */

    /* Places everything. What is in the layout afterwards is the caller's to dispose, also on failure. */
    int (*layout)(const struct slip_layout_input *in, struct slip_layout *layout,
                  struct slip_error **err);
    /* Its own pieces and the start state, by slip__plan_add_*(). What it takes out of layout and parts it empties
     * there. False: out of memory. */
    bool (*pieces)(struct slip_plan *plan, struct slip_layout *layout, struct slip_parts *parts);

    /* The start state, as lines of text; as words for a picture; as JSON (NULL: out of memory). */
    void (*start_text)(const struct slip_plan *plan, struct slip_buf *buf);
    void (*start_words)(const struct slip_plan *plan, struct slip_buf *buf);
    json_t *(*start_json)(const struct slip_plan *plan);
    /* Remarks beside a piece at [gpa, end): ", ebx points here". */
    void (*piece_words)(const struct slip_plan *plan, uint64_t gpa, uint64_t end,
                        struct slip_buf *buf);
};

/*
 * Boot protocols: what the first instruction finds. One const table each, one file each but for the two of Linux; the container of a PC's
 * memory starts by any of them. Of xen-pv only the words are here: the rest is its container's.
 */
struct slip_boot_protocol {
    const char *name; /* "Linux 64-bit" */
    const char *key;  /* "linux64", in descriptions and in JSON */
    const char *info; /* what SLIP_TABLE_INFO is called: "zero page" */
    /* l has RAM and memory map. */
    int (*needs)(const struct slip_layout_input *in, const struct slip_layout *l,
                 struct slip_needs *ret, struct slip_error **err);
    /* Its own pieces (at most SLIP_PROTOCOL_PIECES) and the start state. False: out of memory. */
    bool (*pieces)(struct slip_plan *plan, const struct slip_layout *layout,
                   struct slip_parts *parts);
};

#define SLIP_PROTOCOL_PIECES 6

const struct slip_boot_protocol *slip__boot_protocol(enum slip_protocol protocol);

/* NULL: this version builds no such container. */
const struct slip_container *slip__container(enum slip_type type);

/* One piece more; its other fields are the caller's to fill. */
struct slip_piece *slip__plan_add(struct slip_plan *plan, const char *what, uint64_t gpa,
                                  uint64_t bytes, enum slip_source_kind source);
/* A piece of our own bytes, taken out of buf. Empty ones are left out. False: out of memory. */
bool slip__plan_add_bytes(struct slip_plan *plan, const char *what, uint64_t gpa,
                          struct slip_buf *buf);

#endif
