/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Linux' own entries, 32- and 64-bit, and by way of real mode, of which nothing is the loader's but the header's
 * fields; and the zero page (Linux Documentation/arch/x86/boot.rst and zero-page.rst). */
#include "probe.h"

#define BOOT_CS     0x10u
#define BOOT_DS     0x18u
#define ZERO_BYTES  4096u
#define SETUP_BYTES 4608u /* of the file, setup.asm; the zero page and behind it */
#define SENTINEL    0x1efu
#define HEADER      0x202u
#define E820_MAX    128u
#define FLAG_IF     (1u << 9)
#define CR0_PE      0x01u
#define CR0_PG      0x80000000u
#define CR4_PAE     0x20u
#define EFER_LMA    0x400u
#define FRAME       0x000ffffffffff000ull
#define LARGE       0x80u
#define MEMORY      0x80000u /* init_size, setup.asm */

static uint64_t field(unsigned offset, unsigned bytes)
{
    return get(at(saved.rsi), offset, bytes);
}

static uint64_t module(uint64_t i, uint64_t *ret_bytes)
{
    (void)i;
    *ret_bytes = field(0x21c, 4) | field(0xc4, 4) << 32;
    return field(0x218, 4) | field(0xc0, 4) << 32;
}

/* Base 0 and limit 4 GiB, present, code that can be read or data that can be written; bits64: the 64-bit kind of
 * code. */
static bool flat(uint64_t descriptor, bool code, bool bits64)
{
    uint64_t base = (descriptor >> 16 & 0xffffff) | (descriptor >> 56 << 24);
    uint64_t limit = (descriptor & 0xffff) | (descriptor >> 48 & 0xf) << 16;
    unsigned type = descriptor >> 40 & 0xff, flags = descriptor >> 52 & 0xf;

    if (base || limit != 0xfffff || !(flags & 8) || (type & 0x90) != 0x90 || !(type & 2) ||
        !(type & 8) != !code)
        return false;
    return !code || (bits64 ? (flags & 6) == 2 : (flags & 6) == 4);
}

static void check_gdt(bool bits64)
{
    uint64_t base = saved.gdt_base;
    bool there =
        saved.gdt_limit >= BOOT_DS + 7 && base && base < GIB4 && is_ram(base, saved.gdt_limit + 1);

    clause("gdt: loaded, 0x10 flat code, 0x18 flat data",
           there && flat(get(at(base), BOOT_CS, 8), true, bits64) &&
               flat(get(at(base), BOOT_DS, 8), false, false),
           "limit", saved.gdt_limit);
    clause("selectors: cs 0x10, ds es ss 0x18",
           saved.cs == BOOT_CS && saved.ds == BOOT_DS && saved.es == BOOT_DS && saved.ss == BOOT_DS,
           "cs", saved.cs);
    if (there)
        piece_add("GDT", base, saved.gdt_limit + 1);
}

/* Where the loader's page tables map an address; ~0: nowhere. */
static uint64_t mapped(uint64_t address)
{
    uint64_t table = saved.cr3 & FRAME, entry;

    for (int level = 3; level >= 0; level--) {
        unsigned shift = 12 + 9 * (unsigned)level;

        entry = get(at(table), 8 * (address >> shift & 511), 8);
        if (!(entry & 1) || !(entry & 2))
            return ~0ull;
        if (level == 0 || (level < 3 && (entry & LARGE))) {
            uint64_t size = 1ull << shift;

            return (entry & FRAME & ~(size - 1)) | (address & (size - 1));
        }
        table = entry & FRAME;
    }
    return ~0ull;
}

static bool identity(uint64_t start, uint64_t bytes)
{
    for (uint64_t a = start & ~(PAGE - 1); a < start + bytes; a += PAGE) {
        if (mapped(a) != a)
            return false;
    }
    return true;
}

/* Tables count once each, however often an entry leads to them. */
static void add_tables(uint64_t table, int level, unsigned *budget)
{
    uint64_t entry, before = 0;

    if (!*budget)
        return;
    --*budget;
    piece_add("page table", table, PAGE);
    for (unsigned i = 0; i < 512 && level > 0; i++) {
        entry = get(at(table), 8 * i, 8);
        if ((entry & 1) && !(level < 3 && (entry & LARGE)) && (entry & FRAME) != before) {
            before = entry & FRAME;
            add_tables(before, level - 1, budget);
        }
    }
}

static void check_mode(bool bits64)
{
    unsigned budget = 64;

    clause("eflags: IF clear", !(saved.rflags & FLAG_IF), "eflags", saved.rflags);
    if (!bits64) {
        clause("cr0: protection on, paging off", (saved.cr0 & (CR0_PE | CR0_PG)) == CR0_PE, "cr0",
               saved.cr0);
        clause("registers: ebp, edi and ebx are zero", !(saved.rbp | saved.rdi | saved.rbx), NULL,
               0);
        return;
    }
    clause("cr0: protection and paging on", (saved.cr0 & (CR0_PE | CR0_PG)) == (CR0_PE | CR0_PG),
           "cr0", saved.cr0);
    clause("mode: 64-bit", (saved.efer & EFER_LMA) && (saved.cr4 & CR4_PAE), "efer", saved.efer);
    add_tables(saved.cr3 & FRAME, 3, &budget);
}

static void check_setup_data(void)
{
    uint64_t next = field(0x250, 8);

    for (unsigned i = 0; next && i < 32; i++) {
        piece_add("setup_data", next, 16 + get(at(next), 12, 4));
        next = get(at(next), 0, 8);
    }
}

static void check_e820(void)
{
    uint64_t n = field(0x1e8, 1);
    bool clean = true;

    for (uint64_t i = 0; i < n && i < E820_MAX; i++)
        map_add(field((unsigned)(0x2d0 + 20 * i), 8), field((unsigned)(0x2d8 + 20 * i), 8),
                (uint32_t)field((unsigned)(0x2e0 + 20 * i), 4));
    for (unsigned i = 0x2d0 + 20 * (unsigned)n; i < 0x2d0 + 20 * E820_MAX; i++)
        clean = clean && !field(i, 1);
    clause("zero-page-clean: the sentinel and the map behind its last entry are zero",
           clean && !field(SENTINEL, 1), "sentinel", field(SENTINEL, 1));
}

void check_linux(void)
{
    bool bits64 = saved.protocol == LINUX64;
    uint64_t zero = saved.rsi, line, bytes, initrd;

    if (saved.protocol != LINUX16) {
        check_mode(bits64);
        check_segments(!bits64);
    }
    clause("zero-page: esi points to it, the file's setup header is in it",
           zero && zero < GIB4 && field(0x1fe, 2) == 0xaa55 && field(HEADER, 4) == 0x53726448 &&
               field(0x206, 2) == 0x20f && field(0x258, 8) == 0x100000,
           "rsi", zero);
    if (!zero || zero >= GIB4 || field(HEADER, 4) != 0x53726448)
        return;
    piece_add("zero page", zero, saved.protocol == LINUX16 ? SETUP_BYTES : ZERO_BYTES);
    check_e820();
    clause("loader: type_of_loader is set, LOADED_HIGH still",
           field(0x210, 1) != 0 && (field(0x211, 1) & 1), "type", field(0x210, 1));
    clause("code32-start: where we are", field(0x214, 4) == (uintptr_t)image_start, "value",
           field(0x214, 4));
    if (saved.protocol != LINUX16)
        check_gdt(bits64);
    line = field(0x228, 4) | field(0xc8, 4) << 32;
    if (line)
        piece_add("command line", line, text_bytes(line) + 1);
    check_cmdline(line, false);
    initrd = module(0, &bytes);
    if (bytes)
        piece_add("initrd", initrd, bytes);
    check_modules(bytes ? 1 : 0, module);
    if (bits64)
        clause("identity: kernel, zero page and command line are mapped where they are",
               identity((uintptr_t)image_start, MEMORY) && identity(zero, ZERO_BYTES) &&
                   (!line || identity(line, text_bytes(line) + 1)),
               NULL, 0);
    check_setup_data();
    check_acpi(saved.protocol == LINUX16 ? find_rsdp() : field(0x70, 8), false);
}
