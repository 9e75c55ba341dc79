/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Multiboot 1 (specification 0.6.96, sections 3.2 and 3.3) and 2 (specification 2.0, sections 3.3 and 3.6). */
#include "probe.h"

#define MAGIC1      0x2badb002u
#define MAGIC2      0x36d76289u
#define CR0_PE      0x01u
#define CR0_PG      0x80000000u
#define FLAG_IF     (1u << 9)
#define FLAG_VM     (1u << 17)
#define MAX_MODULES 64u

enum {
    INFO_MEMORY = 1 << 0,
    INFO_CMDLINE = 1 << 2,
    INFO_MODULES = 1 << 3,
    INFO_MAP = 1 << 6,
    INFO_NAME = 1 << 9
};
enum {
    TAG_END,
    TAG_CMDLINE,
    TAG_NAME,
    TAG_MODULE,
    TAG_MEMORY,
    TAG_MAP = 6,
    TAG_ACPI1 = 14,
    TAG_ACPI2 = 15
};

static uint64_t starts[MAX_MODULES], sizes[MAX_MODULES], n_modules, upper_kib, has_map;

static uint64_t info(uint64_t offset, unsigned bytes)
{
    return get(at(saved.rbx), (unsigned)offset, bytes);
}

static uint64_t module(uint64_t i, uint64_t *ret_bytes)
{
    *ret_bytes = sizes[i];
    return starts[i];
}

static void add_module(uint64_t start, uint64_t end)
{
    if (n_modules < MAX_MODULES) {
        starts[n_modules] = start;
        sizes[n_modules++] = end - start;
    }
    piece_add("module", start, end - start);
}

static void add_text(const char *what, uint64_t address)
{
    if (address)
        piece_add(what, address, text_bytes(address) + 1);
}

/* Entries say how long they are, and that field is not counted. */
static void read_map1(uint64_t address, uint64_t bytes)
{
    for (uint64_t i = 0; i + 24 <= bytes; i += 4 + get(at(address + i), 0, 4))
        map_add(get(at(address + i), 4, 8), get(at(address + i), 12, 8),
                (uint32_t)get(at(address + i), 20, 4));
    piece_add("memory map", address, bytes);
    has_map = 1;
}

static void read_info1(void)
{
    uint64_t flags = info(0, 4), list = info(24, 4);

    note("flags", flags);
    piece_add("Multiboot information", saved.rbx,
              flags & INFO_NAME  ? 68
              : flags & INFO_MAP ? 52
                                 : 32);
    if (flags & INFO_MEMORY)
        upper_kib = info(8, 4);
    clause("memory-fields: said, lower at most 640 KiB", (flags & INFO_MEMORY) && info(4, 4) <= 640,
           "flags", flags);
    clause("loader-name: said", (flags & INFO_NAME) && info(64, 4), "flags", flags);
    if (flags & INFO_NAME)
        add_text("loader's name", info(64, 4));
    if ((flags & INFO_MODULES) && info(20, 4)) {
        piece_add("module list", list, 16 * info(20, 4));
        for (uint64_t i = 0; i < info(20, 4); i++) {
            add_module(get(at(list + 16 * i), 0, 4), get(at(list + 16 * i), 4, 4));
            add_text("a module's text", get(at(list + 16 * i), 8, 4));
        }
    }
    if (flags & INFO_MAP)
        read_map1(info(48, 4), info(44, 4));
    if (flags & INFO_CMDLINE)
        add_text("command line", info(16, 4));
    check_cmdline(flags & INFO_CMDLINE ? info(16, 4) : 0, true);
}

static void read_tag2(uint64_t tag, uint64_t *line, uint64_t *rsdp)
{
    uint64_t type = info(tag, 4), size = info(tag + 4, 4);

    if (type == TAG_CMDLINE)
        *line = saved.rbx + tag + 8;
    if (type == TAG_MEMORY)
        upper_kib = info(tag + 12, 4);
    if (type == TAG_MODULE)
        add_module(info(tag + 8, 4), info(tag + 12, 4));
    if (type == TAG_ACPI2 || (type == TAG_ACPI1 && !*rsdp))
        *rsdp = saved.rbx + tag + 8;
    if (type != TAG_MAP)
        return;
    has_map = 1;
    for (uint64_t i = 16; i + info(tag + 8, 4) <= size && info(tag + 8, 4) >= 24;
         i += info(tag + 8, 4))
        map_add(info(tag + i, 8), info(tag + i + 8, 8), (uint32_t)info(tag + i + 16, 4));
}

static uint64_t read_info2(void)
{
    uint64_t total = info(0, 4), line = 0, rsdp = 0, tag = 8;
    bool name = false;

    clause("information-aligned: to 8 bytes, its reserved word zero",
           !(saved.rbx & 7) && !info(4, 4), "ebx", saved.rbx);
    piece_add("Multiboot information", saved.rbx, total);
    while (tag + 8 <= total && info(tag, 4) != TAG_END && info(tag + 4, 4) >= 8) {
        name = name || info(tag, 4) == TAG_NAME;
        read_tag2(tag, &line, &rsdp);
        tag = (tag + info(tag + 4, 4) + 7) & ~7ull;
    }
    clause("tags: end in an end tag, where the total says",
           tag + 8 == total && info(tag, 4) == TAG_END && info(tag + 4, 4) == 8, "total", total);
    clause("loader-name: said", name, NULL, 0);
    check_cmdline(line, true);
    clause("rsdp-tag: the RSDP is handed over", rsdp != 0, NULL, 0);
    return rsdp;
}

static void check_modules_place(void)
{
    bool aligned = true;

    for (uint64_t i = 0; i < n_modules; i++)
        aligned = aligned && !(starts[i] & (PAGE - 1));
    clause("module-align: modules begin with a page, as the header asks", aligned, NULL, 0);
}

void check_multiboot(void)
{
    bool two = saved.protocol == MULTIBOOT2;
    uint64_t rsdp = 0;

    clause("magic: in eax", saved.rax == (two ? MAGIC2 : MAGIC1), "eax", saved.rax);
    clause("cr0: protection on, paging off", (saved.cr0 & (CR0_PE | CR0_PG)) == CR0_PE, "cr0",
           saved.cr0);
    clause("eflags: IF and VM clear", !(saved.rflags & (FLAG_IF | FLAG_VM)), "eflags",
           saved.rflags);
    check_segments(true);
    clause("fs-gs: can be read up to 4 GiB", (saved.passed >> FS_LIMIT & 3) == 3, "tests",
           saved.passed);
    clause("information: ebx points to it", saved.rbx && saved.rbx < GIB4 - PAGE, "ebx", saved.rbx);
    if (!saved.rbx || saved.rbx >= GIB4 - PAGE || saved.rax != (two ? MAGIC2 : MAGIC1))
        return;
    if (two)
        rsdp = read_info2();
    else
        read_info1();
    clause("memory-map: handed over", has_map, NULL, 0);
    check_modules(n_modules, module);
    check_modules_place();
    check_acpi(rsdp ? rsdp : find_rsdp(), rsdp != 0);
}
