/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest memory: the map we were told, what the loader has put where, and whether the two agree with what is there. */
#include "probe.h"

#define MAX_AREAS   192u
#define SCAN_END    (16ull << 20) /* below, everything is looked at */
#define SCAN_STEP   (2ull << 20)  /* above, a page in so much */
#define WINDOW_BASE (4ull << 30)
#define GIB         (1ull << 30)
#define PTE_LARGE   0x83u

extern uint64_t page_tables[7][512];

static struct area map[MAX_AREAS], pieces[MAX_AREAS];
static unsigned n_map, n_pieces;
static bool too_many;

static bool paging_is_ours(void)
{
    return saved.protocol != XEN_PV;
}

void *at(uint64_t address)
{
    uint64_t gib = address & ~(GIB - 1);

    if (address < GIB4 || !paging_is_ours())
        return (void *)address;
    /* One more GiB, behind the first four. */
    for (unsigned i = 0; i < 512; i++)
        page_tables[6][i] = (gib + ((uint64_t)i << 21)) | PTE_LARGE;
    page_tables[1][4] = (uintptr_t)page_tables[6] | 3;
    __asm__ volatile("mov %%cr3, %%rax; mov %%rax, %%cr3" : : : "rax", "memory");
    return (void *)(WINDOW_BASE + (address & (GIB - 1)));
}

uint64_t text_bytes(uint64_t address)
{
    const volatile char *p = at(address);
    uint64_t n = 0;

    while (p[n])
        n++;
    return n;
}

uint32_t checksum(uint64_t address, uint64_t bytes)
{
    const volatile uint8_t *p = NULL;
    uint32_t sum = 0;

    for (uint64_t i = 0; i < bytes; i++) {
        if (!p || !((address + i) & (PAGE - 1)))
            p = (const volatile uint8_t *)at(address + i) - i;
        sum = ((sum << 1) | (sum >> 31)) + p[i];
    }
    return sum;
}

void map_add(uint64_t start, uint64_t bytes, uint32_t type)
{
    if (n_map == MAX_AREAS)
        too_many = true;
    else
        map[n_map++] = (struct area){start, start + bytes, type, NULL};
}

static void add(const char *what, uint64_t start, uint64_t bytes, uint32_t type)
{
    if (!bytes)
        return;
    if (n_pieces == MAX_AREAS)
        too_many = true;
    else
        pieces[n_pieces++] = (struct area){start, start + bytes, type, what};
}

void piece_add(const char *what, uint64_t start, uint64_t bytes)
{
    add(what, start, bytes, RAM_TYPE);
}

void piece_add_acpi(const char *what, uint64_t start, uint64_t bytes)
{
    add(what, start, bytes, 0);
}

bool is_ram(uint64_t start, uint64_t bytes)
{
    uint64_t end = start + bytes;

    for (unsigned i = 0; i < n_map && start < end; i++) {
        if (map[i].type == RAM_TYPE && map[i].start <= start && start < map[i].end)
            start = map[i].end;
    }
    return start >= end;
}

static const struct area *piece_at(uint64_t start, uint64_t end)
{
    for (unsigned i = 0; i < n_pieces; i++) {
        if (pieces[i].start < end && start < pieces[i].end)
            return &pieces[i];
    }
    return NULL;
}

static void check_map(void)
{
    bool sorted = true, apart = true, sane = n_map > 0;
    uint64_t ram = 0, where = 0;

    for (unsigned i = 0; i < n_map; i++) {
        const struct area *a = &map[i];

        print("# map ");
        print_hex(a->start);
        print(" ");
        print_hex(a->end);
        print(" ");
        print_hex(a->type);
        print("\n");
        if (a->end <= a->start || !a->type) {
            sane = false;
            where = a->start;
        }
        sorted = sorted && (i == 0 || a[-1].start <= a->start);
        for (unsigned k = 0; k < i; k++) {
            if (map[k].start < a->end && a->start < map[k].end) {
                apart = false;
                where = a->start;
            }
        }
        if (a->type == RAM_TYPE)
            ram += a->end - a->start;
    }
    clause("map: there is one, no entry is empty, wraps or has no type", sane && !too_many, "at",
           where);
    clause("map-sorted: in ascending order", sorted, NULL, 0);
    clause("map-disjoint: no entry overlaps another", apart, "at", where);
    if (expected.memory_kib)
        clause("map-size: as much RAM as given, less at most 1 MiB",
               ram >> 10 <= expected.memory_kib && (ram >> 10) + 1024 >= expected.memory_kib, "KiB",
               ram >> 10);
    else
        skip("map-size: as much RAM as given", "the host did not say how much");
}

static void check_pieces(void)
{
    const char *both = NULL, *outside = NULL, *exposed = NULL;
    uint64_t both_at = 0, outside_at = 0, exposed_at = 0;

    for (unsigned i = 0; i < n_pieces; i++) {
        const struct area *a = &pieces[i];

        print("# piece ");
        print_hex(a->start);
        print(" ");
        print_hex(a->end);
        print(" ");
        print(a->what);
        print("\n");
        for (unsigned k = 0; k < i; k++) {
            if (pieces[k].start < a->end && a->start < pieces[k].end) {
                both = a->what;
                both_at = a->start;
            }
        }
        if (a->type == RAM_TYPE && !is_ram(a->start, a->end - a->start)) {
            outside = a->what;
            outside_at = a->start;
        }
        for (uint64_t p = a->start & ~(PAGE - 1); a->type != RAM_TYPE && p < a->end; p += PAGE) {
            if (is_ram(p < a->start ? a->start : p, 1)) {
                exposed = a->what;
                exposed_at = a->start;
            }
        }
    }
    clause("overlap: nothing that was handed over lies on something else", !both, both, both_at);
    clause("in-ram: all of it lies in RAM", !outside, outside, outside_at);
    clause("acpi-reserved: but the ACPI tables, which RAM leaves out", !exposed, exposed,
           exposed_at);
}

/* Writes a word, reads it back, restores it. */
static bool writable(uint64_t address)
{
    volatile uint64_t *p = at(address);
    uint64_t before = *p;
    bool ok;

    *p = ~before;
    __asm__ volatile("mfence" : : : "memory");
    ok = *p == ~before;
    *p = before;
    return ok;
}

static void check_ends(void)
{
    uint64_t wrong = 0;
    bool ok = true;

    for (unsigned i = 0; i < n_map; i++) {
        uint64_t first = (map[i].start + 7) & ~7ull, last = (map[i].end & ~7ull) - 8;

        if (map[i].type != RAM_TYPE || map[i].end < map[i].start + 16)
            continue;
        if (!writable(first) || !writable(last)) {
            ok = false;
            wrong = map[i].start;
        }
    }
    clause("ram: every entry of it can be written at both ends", ok, "entry", wrong);
}

static uint64_t dirty_word(uint64_t page)
{
    const volatile uint64_t *words = at(page);

    for (unsigned i = 0; i < PAGE / 8; i++) {
        if (words[i])
            return page + 8ull * i;
    }
    return page + PAGE;
}

/* The first byte of [start, end), which is in one page, that belongs to nobody and is not zero; end: there is none. */
static uint64_t dirt(uint64_t start, uint64_t end)
{
    const struct area *owner;

    if (end - start == PAGE && !piece_at(start, end))
        return dirty_word(start);
    while (start < end) {
        owner = piece_at(start, start + 1);
        if (owner)
            start = owner->end;
        else if (*(const volatile uint8_t *)at(start))
            return start;
        else
            start++;
    }
    return end;
}

static void check_zero(void)
{
    uint64_t first = 0, pages = 0, found;

    for (unsigned i = 0; i < n_map; i++) {
        uint64_t start = map[i].start, end;

        while (map[i].type == RAM_TYPE && start < map[i].end) {
            end = start < SCAN_END ? start + PAGE - (start & (PAGE - 1)) : start + PAGE;
            if (end > map[i].end)
                end = map[i].end;
            found = dirt(start, end);
            if (found < end && !pages++)
                first = found;
            start = start < SCAN_END ? end : start + SCAN_STEP;
        }
    }
    if (pages)
        note("pages not zero:", pages);
    clause("zero: RAM that nothing was put into is zero", !pages, "first at", first);
}

static void check_a20(void)
{
    volatile uint32_t *low = at(0x90000), *high = (volatile uint32_t *)at(0x190000);
    uint32_t before_low, before_high;
    bool apart;

    if (!is_ram(0x90000, 4) || !is_ram(0x190000, 4)) {
        skip("a20: odd MiB are apart from even ones", "no RAM at 0x90000 and 0x190000");
        return;
    }
    before_low = *low;
    before_high = *high;
    *low = 0x1111;
    *high = 0x2222;
    __asm__ volatile("mfence" : : : "memory");
    apart = *low == 0x1111 && *high == 0x2222;
    *high = before_high;
    *low = before_low;
    clause("a20: odd MiB are apart from even ones", apart, NULL, 0);
}

void memory_check(void)
{
    if (saved.protocol != LINUX32 &&
        saved.protocol != LINUX64) /* whose kernels see to it themselves */
        clause("bss: what the file leaves out is zero", !saved.bss_dirty, "first at",
               saved.bss_dirty);
    check_map();
    check_pieces();
    check_zero();
    check_ends();
    check_a20();
}
