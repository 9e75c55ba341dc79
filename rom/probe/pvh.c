/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PVH: Xen docs/misc/pvh.pandoc, public/arch-x86/hvm/start_info.h. */
#include "probe.h"

#define MAGIC       0x336ec578u
#define CR0_PE      0x01u
#define CR0_ET      0x10u
#define FLAG_TF     (1u << 8)
#define FLAG_IF     (1u << 9)
#define FLAG_VM     (1u << 17)
#define MAX_ENTRIES 128u

static uint64_t modules;

static uint64_t info(unsigned offset, unsigned bytes)
{
    return get(at(saved.rbx), offset, bytes);
}

static uint64_t module(uint64_t i, uint64_t *ret_bytes)
{
    *ret_bytes = get(at(modules + 32 * i), 8, 8);
    return get(at(modules + 32 * i), 0, 8);
}

static bool passed(unsigned first, unsigned last)
{
    for (unsigned i = first; i <= last; i++) {
        if (!(saved.passed >> i & 1))
            return false;
    }
    return true;
}

void check_segments(bool bits32)
{
    if (!bits32)
        return;
    clause("cs: 32-bit code, can be read, base 0, limit 4 GiB", passed(CS_32BIT, CS_LIMIT), "tests",
           saved.passed);
    clause("ds: data, can be written, base 0, limit 4 GiB", passed(DS_READ, DS_LIMIT), "tests",
           saved.passed);
    clause("es: data, can be written, base 0, limit 4 GiB", passed(ES_READ, ES_LIMIT), "tests",
           saved.passed);
    clause("ss: 32-bit data, can be written, base 0, limit 4 GiB", passed(SS_WRITE, SS_32BIT),
           "tests", saved.passed);
}

static void check_info(void)
{
    uint64_t map, n = info(12, 4);

    clause("start-info-version: 1 or later, with a memory map", info(4, 4) >= 1, "version",
           info(4, 4));
    clause("start-info-flags: none, this is no dom0", !(info(8, 4) & 3), "flags", info(8, 4));
    clause("start-info-reserved: zero", info(4, 4) < 1 || !info(52, 4), "value", info(52, 4));
    piece_add("start info", saved.rbx, info(4, 4) >= 1 ? 56 : 40);
    modules = info(16, 8);
    if (n)
        piece_add("module list", modules, 32 * n);
    for (uint64_t i = 0; i < n && i < MAX_ENTRIES; i++) {
        uint64_t bytes, where = module(i, &bytes);

        piece_add("module", where, bytes);
        if (get(at(modules + 32 * i), 16, 8))
            piece_add("a module's command line", get(at(modules + 32 * i), 16, 8),
                      text_bytes(get(at(modules + 32 * i), 16, 8)) + 1);
    }
    if (info(24, 8))
        piece_add("command line", info(24, 8), text_bytes(info(24, 8)) + 1);
    if (info(4, 4) < 1)
        return;
    map = info(40, 8);
    piece_add("memory map", map, 24 * info(48, 4));
    for (uint64_t i = 0; i < info(48, 4) && i < MAX_ENTRIES; i++)
        map_add(get(at(map + 24 * i), 0, 8), get(at(map + 24 * i), 8, 8),
                (uint32_t)get(at(map + 24 * i), 16, 4));
}

void check_pvh(void)
{
    clause("cr0: protection on, nothing else that can be switched", (saved.cr0 & ~CR0_ET) == CR0_PE,
           "cr0", saved.cr0);
    clause("cr4: zero", saved.cr4 == 0, "cr4", saved.cr4);
    clause("efer: zero", saved.efer == 0, "efer", saved.efer);
    clause("eflags: IF, TF and VM clear", !(saved.rflags & (FLAG_IF | FLAG_TF | FLAG_VM)), "eflags",
           saved.rflags);
    check_segments(true);
    note("gdt limit", saved.gdt_limit);
    note("gdt base", saved.gdt_base);
    note("idt limit", saved.idt_limit);
    note("tr", saved.tr);
    clause("start-info: ebx points to it", saved.rbx < GIB4 - 64 && info(0, 4) == MAGIC, "ebx",
           saved.rbx);
    if (saved.rbx >= GIB4 - 64 || info(0, 4) != MAGIC)
        return;
    check_info();
    clause("start-info-low: all it points to is below 4 GiB",
           !((info(16, 8) | info(24, 8) | info(32, 8) | (info(4, 4) >= 1 ? info(40, 8) : 0)) >> 32),
           NULL, 0);
    check_cmdline(info(24, 8), false);
    check_modules(info(12, 4), module);
    check_acpi(info(32, 8), false);
}
