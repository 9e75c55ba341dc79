/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The plan: everything that is in the guest when its first instruction runs, as a value. It holds no hypervisor handle and
 * creates nothing. How one is made: make.h.
 */
#ifndef SLIP_BUILD_PLAN_H
#define SLIP_BUILD_PLAN_H

#include "abi/ram.h"
#include "base/error.h"
#include "build/acpi.h"
#include "build/machine.h"
#include "guest/guest.h"
#include "slipway/plan.h"

/* A boot protocol that was not taken, and why. */
struct slip_passed {
    enum slip_protocol protocol;
    char why[192];
};

struct slip_pv; /* pv.h: what only PV guests have */

/* Where a piece's bytes come from. */
enum slip_source_kind {
    SLIP_SOURCE_IMAGE,  /* the image loader wrote it while reading */
    SLIP_SOURCE_BYTES,  /* made by us, held in the plan */
    SLIP_SOURCE_FILE,   /* read from a file straight into RAM */
    SLIP_SOURCE_FRAMES, /* PV: made of machine frames, which the engine knows (pv.h) */
    SLIP_SOURCE_ZERO    /* zero at the start, but not free: shared pages, the first stack */
};

/* One piece of guest memory that is not left zero. Ascending by gpa, never overlapping. */
struct slip_piece {
    char what[32]; /* "kernel segment 0", "module 0", "start info", "ACPI tables", ... */
    uint64_t gpa;
    uint64_t bytes; /* exact size of its content; a kernel segment's zeroes (bss) count */
    enum slip_source_kind source;
    void *data; /* BYTES: owned */
    int fd;     /* FILE: borrowed from the payload, -1 once written */
    char *name; /* IMAGE, FILE: of the file, owned; else NULL */
};

/* What became of the machine's console= word. */
enum slip_console_word {
    SLIP_CONSOLE_ADDED, /* the command line begins with it */
    SLIP_CONSOLE_NAMED, /* the description names a console= of its own */
    SLIP_CONSOLE_OFF,   /* autoconsole = 0 */
    SLIP_CONSOLE_NO_ROOM /* it would push the line past what Linux takes, and cut the description's own words */
};

/* The memory map the guest is told: types as in e820 (1 RAM, 2 reserved, 3 ACPI, 4 NVS). */
struct slip_map_entry {
    uint64_t gpa;
    uint64_t bytes;
    uint32_t type;
};

/* How the first vCPU runs when it takes its first instruction. */
enum slip_cpu_mode {
    SLIP_CPU_FLAT32, /* protected mode, paging off: cr0 = PE|ET, cr4 = 0, EFER = 0 */
    SLIP_CPU_LONG64 /* 64-bit mode on the page tables at cr3: cr0 = PG|PE|ET, cr4 = PAE, EFER = LME|LMA */
};

/*
 * What the first vCPU finds, all of it: what is not here is the same in every start. Segments are flat (base 0, limit
 * 4 GiB): cs execute/read and as wide as the mode, ds es ss read/write; tr is an active TSS, base 0, limit 0x67; ldtr is
 * null, IDTR 0/0; IF, TF, VM and DF are clear. Of the general registers, rdx is the engine's: 0, or the entry point; r8 to r15 are 0.
 * (PV: entry and start info alone; the rest is in struct slip_pv.)
 */
struct slip_start {
    enum slip_cpu_mode mode;
    uint64_t entry_gpa;
    uint64_t start_info_gpa; /* of the structure that tells the guest what it got ... */
    const char *start_info;  /* ... and what that is called: "start info", "zero page"; static */
    uint64_t rax, rbx, rcx, rsi, rdi, rbp, rsp;
    uint64_t cr3; /* LONG64; its tables map the first 4 GiB to themselves */
    /* The descriptor table that GDTR names, which is a piece of the plan; 0 bytes: none, GDTR is 0/0. */
    uint64_t gdt_gpa;
    unsigned gdt_bytes;
    uint16_t cs, ds, tr; /* selectors, ds for es and ss too; 0: the protocol does not say */
};

#define SLIP_PLAN_MAX_MAP 16

struct slip_plan {
    const struct slip_guest *guest;     /* borrowed */
    const struct slip_machine *machine; /* borrowed */
    enum slip_type container;
    enum slip_protocol protocol;
    char *why; /* one line: why this protocol and this entry; owned */
    struct slip_passed passed[SLIP_PROTOCOLS]; /* the others, in the order of choice */
    unsigned n_passed;
    struct slip_ram_region ram[SLIP_RAM_MAX_REGIONS];
    unsigned n_ram;
    struct slip_map_entry map[SLIP_PLAN_MAX_MAP];
    unsigned n_map;
    struct slip_piece *pieces; /* owned */
    size_t n_pieces;
    struct slip_start start;
    char *cmdline; /* as the guest gets it, console= included; owned */
    enum slip_console_word console;
    struct slip_acpi_table acpi[SLIP_ACPI_MAX_TABLES];
    unsigned n_acpi;
    unsigned vcpus, maxvcpus;
    struct slip_pv *pv; /* NULL unless the container is pv; owned */
};

/* Which guest-physical ranges are RAM for this much memory on this machine. Returns how many. */
unsigned slip__layout_ram(const struct slip_machine *machine, uint64_t memory_bytes,
                          struct slip_ram_region ret[SLIP_RAM_MAX_REGIONS]);

#endif
