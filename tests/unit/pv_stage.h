/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What tests of PV guests stand on: kernels with any Xen notes, written to a folder of their own with modules beside them, and
 * built on the null engine. Knows nothing of what comes out.
 */
#ifndef SLIP_TEST_PV_STAGE_H
#define SLIP_TEST_PV_STAGE_H

#include <stdint.h>

#include "life/life.h"

#define MIB      (1ull << 20)
#define PAGE     4096ull
#define CODE_LEN 0x6456u
#define BSS_LEN  0x9000u
#define GIVEN    ((struct slip_mark){.origin = SLIP_GIVEN})
#define NONE     UINT64_MAX
#define LINUX64  0xffffffff80000000ull

/* A kernel and its guest. Notes that are NONE are left out. */
struct variant {
    const char *name;
    unsigned bits;
    uint64_t virt_base, paddr, paddr_offset, entry, hypercall_page, init_p2m, mod_start_pfn;
    uint64_t hv_start_low, e_entry;
    const char *features, *pae, *version, *loader, *os, *symtab;
    const char *codec; /* NULL: a plain ELF */
    int64_t memory_mib;
    unsigned modules;
    const char *cmdline;
};

struct place {
    char folder[40], kernel[64], record[64], module[3][64];
    uint8_t code[CODE_LEN];
    uint8_t modules[3][9000];
};

/* A variant changes what it begins with. */
#pragma GCC diagnostic ignored "-Woverride-init"

#define PV_NOTES                                                                           \
    .paddr_offset = NONE, .hypercall_page = NONE, .init_p2m = NONE, .mod_start_pfn = NONE, \
    .hv_start_low = NONE, .version = "xen-3.0", .loader = "generic", .os = "test", .pae = "yes"

/* As Debian's kernel has them, at a smaller size. */
#define LIKE_LINUX                                                                             \
    .bits = 64, .virt_base = LINUX64, .paddr = 0x1000000, .paddr_offset = 0,                   \
    .entry = LINUX64 + 0x1000040, .hypercall_page = LINUX64 + 0x1002000, .e_entry = 0x1000000, \
    .init_p2m = 0x8000000000, .mod_start_pfn = 1, .hv_start_low = 0xffff800000000000,          \
    .version = "xen-3.0", .loader = "generic", .os = "linux", .pae = "yes",                    \
    .features = "!writable_page_tables|pae_pgdir_above_4gb", .memory_mib = 64

/* Debian's, compressed as its kernel is. */
extern const struct variant pv_linux;

size_t pv_module_bytes(unsigned index);
/* cmocka's setup and teardown: the state is a struct place. */
int pv_make_place(void **state);
int pv_remove_place(void **state);
/* Writes the kernel; builds the guest of the one that is there; both. */
void pv_make_kernel(const struct place *p, const struct variant *v);
int pv_start(struct place *p, const struct variant *v, bool dry_run, struct slip_built *ret,
             struct slip_error **err);
int pv_build(struct place *p, const struct variant *v, bool dry_run, struct slip_built *ret,
             struct slip_error **err);

#endif
