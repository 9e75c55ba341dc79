/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PV guests from kernel files to what the null engine records, read back as Xen and the guest would: page tables walked
 * from cr3 through the recorded frames, every mapping and permission, p2m list, start info, modules. Written from Xen's
 * public headers, not from the builder.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "build/pv.h"
#include "pv_stage.h"

/* What was recorded. */
struct machine {
    const struct variant *v;
    const uint8_t *ram;
    const uint64_t *p2m;
    uint64_t n_pages, lowest; /* frame */
    uint64_t *m2p;
    uint8_t *role; /* of each page: 1 page table */
    const uint8_t *info;
    uint64_t mapped; /* pages, counted by the walk */
};

static const void *map_file(const char *folder, const char *name, uint64_t size)
{
    char path[96];
    struct stat st;
    void *at;
    int fd;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, size);
    at = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    assert_true(at != MAP_FAILED);
    close(fd);
    assert_int_equal(unlink(path), 0);
    return at;
}

static void open_machine(const struct place *p, const struct variant *v, struct machine *m)
{
    char plan[96];

    *m = (struct machine){.v = v, .n_pages = (uint64_t)v->memory_mib * 256};
    m->ram = map_file(p->record, "ram.img", m->n_pages * PAGE);
    m->p2m = map_file(p->record, "p2m", m->n_pages * 8);
    snprintf(plan, sizeof(plan), "%s/plan.json", p->record);
    assert_int_equal(unlink(plan), 0);
    assert_int_equal(rmdir(p->record), 0);
    m->lowest = NONE;
    for (uint64_t i = 0; i < m->n_pages; i++)
        m->lowest = m->p2m[i] < m->lowest ? m->p2m[i] : m->lowest;
    m->m2p = calloc(m->n_pages, sizeof(*m->m2p));
    m->role = calloc(m->n_pages, 1);
    for (uint64_t i = 0; i < m->n_pages; i++) {
        assert_true(m->p2m[i] - m->lowest < m->n_pages && m->p2m[i] != i);
        m->m2p[m->p2m[i] - m->lowest] = i;
    }
}

static void close_machine(struct machine *m)
{
    munmap((void *)m->ram, m->n_pages * PAGE);
    munmap((void *)m->p2m, m->n_pages * 8);
    free(m->m2p);
    free(m->role);
}

static uint64_t pfn_of(const struct machine *m, uint64_t mfn)
{
    assert_true(mfn - m->lowest < m->n_pages);
    return m->m2p[mfn - m->lowest];
}

static const uint64_t *table_of(const struct machine *m, uint64_t mfn)
{
    return (const void *)(m->ram + pfn_of(m, mfn) * PAGE);
}

static unsigned levels(const struct machine *m)
{
    return m->v->bits == 64 ? 4 : 3;
}

static uint64_t canonical(const struct machine *m, uint64_t va)
{
    return m->v->bits == 64 && va >> 47 ? va | 0xffff000000000000 : va;
}

/* The entry for va, 0 if there is none. */
static uint64_t walk(const struct machine *m, uint64_t root, uint64_t va)
{
    uint64_t mfn = root, entry = 0;

    for (unsigned level = levels(m); level-- > 0;) {
        entry = table_of(m, mfn)[va >> (12 + 9 * level) & (level == 2 && levels(m) == 3 ? 3 : 511)];
        if (!(entry & 1))
            return 0;
        mfn = (entry & 0xffffffffff000) >> 12;
    }
    return entry;
}

/* Every entry there is: marks tables, calls leaf for pages. */
static void walk_all(struct machine *m, uint64_t mfn, unsigned level, uint64_t va,
                     void (*leaf)(struct machine *m, uint64_t va, uint64_t entry))
{
    const uint64_t *table = table_of(m, mfn);
    unsigned entries = level == 2 && levels(m) == 3 ? 4 : 512;

    assert_int_equal(m->role[pfn_of(m, mfn)], 0); /* a tree: no table hangs in two places */
    m->role[pfn_of(m, mfn)] = 1;
    for (unsigned i = 0; i < 512; i++) {
        uint64_t here = va | (uint64_t)i << (12 + 9 * level);

        if (i >= entries)
            assert_int_equal(table[i], 0);
        else if (table[i] && level == 0)
            leaf(m, canonical(m, here), table[i]);
        else if (table[i]) {
            assert_int_equal(table[i] & 0xfff0000000000fff, 0x67);
            walk_all(m, table[i] >> 12, level - 1, here, leaf);
        }
    }
}

static uint64_t word(const struct machine *m, size_t offset64, size_t offset32)
{
    uint64_t value = 0;

    memcpy(&value, m->info + (m->v->bits == 64 ? offset64 : offset32), m->v->bits / 8);
    return value;
}

static uint32_t word32(const struct machine *m, size_t offset64, size_t offset32)
{
    uint32_t value;

    memcpy(&value, m->info + (m->v->bits == 64 ? offset64 : offset32), 4);
    return value;
}

static void count_leaf(struct machine *m, uint64_t va, uint64_t entry)
{
    uint64_t pfn = pfn_of(m, entry >> 12 & 0xffffffffff), base = m->v->virt_base;
    uint64_t list = word(m, 104, 68), first = word(m, 1152, 1104);

    m->mapped++;
    if (va - base < m->n_pages * PAGE && (va >= base || base == 0))
        assert_int_equal(pfn, (va - base) / PAGE);
    else {
        assert_true(first != 0);
        assert_int_equal(pfn, first + (va - list) / PAGE);
    }
}

/* Permissions, once all tables are known. */
static void check_leaves(const struct machine *m, uint64_t root, uint64_t va, uint64_t pages,
                         uint64_t pfn)
{
    for (uint64_t i = 0; i < pages; i++) {
        uint64_t entry = walk(m, root, va + i * PAGE);

        assert_int_equal(entry >> 12, m->p2m[pfn + i]);
        assert_int_equal(entry & 0xfff, m->role[pfn + i] ? 0x21 : 0x23);
    }
}

static bool is_zero(const uint8_t *bytes, uint64_t len)
{
    for (uint64_t i = 0; i < len; i++) {
        if (bytes[i])
            return false;
    }
    return true;
}

/* Through the page tables. */
static uint8_t byte_at(const struct machine *m, uint64_t root, uint64_t va)
{
    uint64_t entry = walk(m, root, va);

    assert_true(entry & 1);
    return m->ram[pfn_of(m, entry >> 12 & 0xffffffffff) * PAGE + va % PAGE];
}

static void check_p2m(const struct machine *m, uint64_t root)
{
    uint64_t list = word(m, 104, 68), bytes = m->v->bits / 8;

    for (uint64_t i = 0; i < m->n_pages; i += i < 600 ? 1 : 97) {
        uint64_t value = 0;

        for (uint64_t b = 0; b < bytes; b++)
            value |= (uint64_t)byte_at(m, root, list + i * bytes + b) << (8 * b);
        assert_int_equal(value, m->p2m[i]);
    }
}

/* Module index at pseudo-physical address gpa. */
static void check_module(const struct place *p, const struct machine *m, unsigned index,
                         uint64_t gpa)
{
    assert_int_equal(gpa % PAGE, 0);
    assert_memory_equal(m->ram + gpa, p->modules[index], pv_module_bytes(index));
}

static void check_modules(const struct place *p, const struct machine *m)
{
    uint64_t start = word(m, 112, 72), len = word(m, 120, 76), gpa;
    uint32_t flags = word32(m, 48, 40), list[4 * 4];
    bool apart = m->v->mod_start_pfn == 1;

    assert_int_equal(flags, (apart && m->v->modules ? 8 : 0) | (m->v->modules > 1 ? 4 : 0));
    if (!m->v->modules) {
        assert_int_equal(start, 0);
        assert_int_equal(len, 0);
        return;
    }
    gpa = apart ? start * PAGE : start - m->v->virt_base;
    if (m->v->modules == 1) {
        assert_int_equal(len, pv_module_bytes(0));
        check_module(p, m, 0, gpa);
        return;
    }
    memcpy(list, m->ram + gpa, sizeof(list));
    for (unsigned i = 0; i < m->v->modules; i++) {
        assert_int_equal(list[4 * i + 1] - list[4 * i], pv_module_bytes(i));
        assert_int_equal(list[4 * i + 2], 0);
        check_module(p, m, i, gpa + list[4 * i]);
    }
    assert_int_equal(list[4 * m->v->modules], 0);
    assert_int_equal(len, list[4 * m->v->modules - 3]);
}

static void check_kernel(const struct place *p, const struct machine *m, uint64_t root,
                         const struct slip_pv *pv)
{
    uint64_t off = m->v->paddr_offset == NONE ? 0 : m->v->paddr_offset;
    uint64_t va = m->v->virt_base + (m->v->paddr - off);

    assert_memory_equal(m->ram + (m->v->paddr - off), p->code, CODE_LEN);
    /* Also where it was first loaded, if it was loaded twice. */
    assert_true(is_zero(m->ram + (m->v->paddr - off) + CODE_LEN, BSS_LEN));
    assert_int_equal(byte_at(m, root, va + 5), p->code[5]);
    assert_int_equal(pv->entry, m->v->entry == NONE ? m->v->e_entry : m->v->entry);
    assert_int_equal(byte_at(m, root, pv->entry), p->code[pv->entry - va]);
    if (m->v->hypercall_page == NONE)
        assert_true(pv->hypercall_pfn == NONE);
    else
        assert_int_equal(m->p2m[pv->hypercall_pfn], walk(m, root, m->v->hypercall_page) >> 12);
}

static void check_start_info(const struct machine *m, const struct slip_plan *plan, uint64_t tables)
{
    const struct slip_pv *pv = plan->pv;

    assert_string_equal((const char *)m->info,
                        m->v->bits == 64 ? "xen-3.0-x86_64" : "xen-3.0-x86_32p");
    assert_int_equal(word(m, 32, 32), m->n_pages);
    assert_int_equal(word(m, 40, 36), 0xabcdull << 12);
    assert_int_equal(word(m, 56, 44), m->p2m[pv->store_pfn]);
    assert_int_equal(word32(m, 64, 48), 1);
    assert_int_equal(word(m, 72, 52), m->p2m[pv->console_pfn]);
    assert_int_equal(word32(m, 80, 56), 2);
    assert_int_equal(word(m, 96, 64), tables);
    assert_string_equal((const char *)m->info + (m->v->bits == 64 ? 128 : 80), plan->cmdline);
    assert_true(is_zero(m->ram + pv->store_pfn * PAGE, PAGE));
    assert_true(is_zero(m->ram + pv->console_pfn * PAGE, PAGE));
}

/* The order and the ends that the start-of-day layout promises. */
static void check_order(const struct machine *m, const struct slip_plan *plan, uint64_t pages)
{
    const struct slip_pv *pv = plan->pv;
    uint64_t end = m->v->virt_base + pages * PAGE, pt = word(m, 88, 60), nr = word(m, 96, 64);
    uint64_t stack = pv->stack_end_va - PAGE;

    assert_int_equal(end % (4 * MIB), 0);
    assert_true(end - pv->stack_end_va >= MIB / 2);
    assert_true(end - pv->stack_end_va < MIB / 2 + 8 * MIB);
    assert_int_equal(pv->start_info_va + PAGE, m->v->virt_base + pv->store_pfn * PAGE);
    assert_int_equal(pv->store_pfn + 1, pv->console_pfn);
    assert_int_equal(m->v->virt_base + (pv->console_pfn + 1) * PAGE, pt);
    assert_int_equal(pt + nr * PAGE, stack);
    for (size_t i = 1; i < plan->n_pieces; i++) {
        const struct slip_piece *a = &plan->pieces[i - 1], *b = a + 1;

        assert_true(a->gpa + a->bytes <= b->gpa);
        assert_true(b->gpa + b->bytes <= m->n_pages * PAGE);
    }
}

static void check_guest(const struct place *p, const struct variant *v,
                        const struct slip_plan *plan)
{
    const struct slip_pv *pv = plan->pv;
    uint64_t cr3, root, pages = 0, own = 0, all = 0, apart, first, frames;
    struct machine m;

    open_machine(p, v, &m);
    cr3 = slip__pv_cr3(pv, m.p2m);
    root = v->bits == 64 ? cr3 >> 12 : cr3 >> 12 | (cr3 & 0xfff) << 20;
    assert_true(v->bits == 64 || cr3 <= UINT32_MAX);
    m.info = m.ram + pfn_of(&m, walk(&m, root, pv->start_info_va) >> 12) * PAGE;
    assert_int_equal(m.p2m[(word(&m, 88, 60) - v->virt_base) / PAGE], root);

    walk_all(&m, root, levels(&m) - 1, 0, count_leaf);
    while (pages < m.n_pages && v->virt_base + pages * PAGE >= v->virt_base &&
           walk(&m, root, v->virt_base + pages * PAGE))
        pages++;
    first = word(&m, 1152, 1104);
    frames = word(&m, 1160, 1108);
    for (uint64_t i = 0; i < m.n_pages; i++) {
        all += m.role[i];
        own += m.role[i] && i < pages;
    }
    apart = first ? (m.n_pages * 8 + PAGE - 1) / PAGE : 0;
    assert_int_equal(m.mapped, pages + apart); /* and nothing else */
    assert_int_equal(frames, first ? apart + all - own : 0);
    assert_int_equal(first != 0, v->init_p2m != NONE);
    check_leaves(&m, root, v->virt_base, pages, 0);
    if (first) {
        assert_int_equal(word(&m, 104, 68), v->init_p2m);
        assert_true(first >= pages);
        check_leaves(&m, root, v->init_p2m, apart, first);
    }
    if (v->bits == 32)
        assert_true(table_of(&m, root)[3] & 1); /* Xen's own slot */
    check_start_info(&m, plan, own);
    check_order(&m, plan, pages);
    check_p2m(&m, root);
    check_kernel(p, &m, root, pv);
    check_modules(p, &m);
    close_machine(&m);
}

static const struct variant good[] = {
    {"Linux, not compressed", LIKE_LINUX},
    {"Linux, larger", LIKE_LINUX, .memory_mib = 2051, .modules = 1},
    {"mini-os: mapped from 0, entered at e_entry", .bits = 64, PV_NOTES, .entry = NONE,
     .e_entry = 0x10, .memory_mib = 8, .modules = 1},
    {"several modules, mapped", .bits = 64, PV_NOTES, .entry = 0x100000, .paddr = 0x100000,
     .memory_mib = 16, .modules = 3},
    {"several modules, not mapped", .bits = 64, PV_NOTES, .mod_start_pfn = 1, .entry = 0x100000,
     .paddr = 0x100000, .memory_mib = 16, .modules = 2},
    {"PADDR_OFFSET takes virtual p_paddr back", .bits = 64, PV_NOTES, .virt_base = LINUX64,
     .paddr_offset = LINUX64, .paddr = LINUX64 + 0x200000, .entry = LINUX64 + 0x200100,
     .memory_mib = 32},
    {"the same, compressed: known before memory is made", .bits = 64, PV_NOTES,
     .virt_base = LINUX64, .paddr_offset = LINUX64, .paddr = LINUX64 + 0x200000,
     .entry = LINUX64 + 0x200100, .memory_mib = 32, .codec = "lz4"},
    {"a PADDR_OFFSET that is only known after loading", .bits = 64, PV_NOTES,
     .virt_base = 0x40000000, .paddr_offset = 0x3000, .paddr = 0x203000, .entry = 0x40200100,
     .memory_mib = 32, .codec = "zstd"},
    {"p2m list in the same 2 MiB as the kernel", .bits = 64, PV_NOTES, .virt_base = 0x40100000,
     .init_p2m = 0x40000000, .paddr = 0x1000, .entry = 0x40101000, .memory_mib = 64},
    {"p2m list in two tables, the second of them the kernel's first", .bits = 64, PV_NOTES,
     .virt_base = 0x40300000, .init_p2m = 0x401ff000, .paddr = 0x1000, .entry = 0x40301000,
     .memory_mib = 64},
    {"p2m list in the 1 GiB before", .bits = 64, PV_NOTES, .virt_base = 0x40000000,
     .init_p2m = 0x3fffd000, .paddr = 0x1000, .entry = 0x40001000, .memory_mib = 5},
    {"the highest addresses", .bits = 64, PV_NOTES, .virt_base = 0xffffffffff800000,
     .paddr = 0x1000, .entry = 0xffffffffff801000, .memory_mib = 16},
    {"32-bit PAE", .bits = 32, PV_NOTES, .virt_base = 0xc0000000, .paddr = 0x100000,
     .entry = 0xc0100010, .hypercall_page = 0xc0101000, .memory_mib = 64, .modules = 1},
    {"32-bit PAE from 0", .bits = 32, PV_NOTES, .paddr = 0x100000, .entry = 0x100000,
     .memory_mib = 16, .pae = "yes,bimodal", .mod_start_pfn = 1, .modules = 1},
    {"32-bit PAE, PADDR_OFFSET", .bits = 32, PV_NOTES, .virt_base = 0xc0000000,
     .paddr_offset = 0xc0000000, .paddr = 0xc0100000, .entry = 0xc0100000, .memory_mib = 16,
     .modules = 2},
};

static void guests(void **state)
{
    struct place *p = *state;

    for (size_t i = 0; i <= SLIP_COUNT(good); i++) {
        const struct variant *v = i ? &good[i - 1] : &pv_linux;
        struct slip_built built = {0};
        struct slip_error *err = NULL;

        if (pv_build(p, v, false, &built, &err) < 0)
            fail_msg("%s: %s", v->name, slip_error_message(err));
        check_guest(p, v, built.plan);
        slip__built_dispose(&built);
    }
}

/* The longest line that fits, and a hint that is enough. */
static void limits(void **state)
{
    static char line[1024];
    struct variant v = {"", LIKE_LINUX, .cmdline = line};
    struct slip_built built = {0};

    memset(line, 'x', 1023);
    assert_int_equal(pv_build(*state, &v, false, &built, NULL), 0);
    assert_string_equal(built.plan->cmdline, line);
    assert_int_equal(built.plan->console, SLIP_CONSOLE_NO_ROOM);
    check_guest(*state, &v, built.plan);
    slip__built_dispose(&built);
    v = (struct variant){"", LIKE_LINUX, .modules = 1};
    v.memory_mib = 21;
    assert_int_equal(pv_build(*state, &v, false, &built, NULL), 0);
    check_guest(*state, &v, built.plan);
    slip__built_dispose(&built);
}

static uint64_t next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* Notes of many makes: either a guest that stands every check, or a refusal with a code. */
static void any_notes(void **state)
{
    static const uint64_t addresses[] = {0,
                                         0x1000,
                                         0x200000,
                                         0x40000000,
                                         0xc0000000,
                                         0xf5400000,
                                         0x8000000000,
                                         LINUX64,
                                         0xffff87ffffc00000,
                                         0xffffffffffc00000,
                                         NONE,
                                         5};
    uint64_t seed = 0x5eed;
    unsigned built_n = 0;

    for (unsigned round = 0; round < 400; round++) {
        struct variant v = {.bits = next(&seed) % 3 ? 64 : 32, PV_NOTES};
        struct slip_built built = {0};
        struct slip_error *err = NULL;

        v.memory_mib = 2 + (int64_t)(next(&seed) % 40);
        v.virt_base = addresses[next(&seed) % 10];
        if (next(&seed) % 4 == 0)
            v.paddr_offset = addresses[next(&seed) % SLIP_COUNT(addresses)];
        v.paddr = (next(&seed) % 512) * 0x1000 + (v.paddr_offset == NONE ? 0 : v.paddr_offset);
        if (v.bits == 32) {
            v.virt_base &= UINT32_MAX;
            v.paddr &= UINT32_MAX;
            v.paddr_offset &= v.paddr_offset == NONE ? NONE : UINT32_MAX;
        }
        v.entry = v.virt_base + v.paddr - (v.paddr_offset == NONE ? 0 : v.paddr_offset) +
                  next(&seed) % 0x3000;
        if (next(&seed) % 3 == 0 && v.bits == 64)
            v.init_p2m = addresses[next(&seed) % SLIP_COUNT(addresses)];
        v.mod_start_pfn = next(&seed) % 2 ? 1 : NONE;
        v.modules = (unsigned)(next(&seed) % 4);
        v.codec = next(&seed) % 2 ? "lz4" : NULL;
        if (pv_build(*state, &v, false, &built, &err) < 0) {
            assert_true(slip_error_code(err) >= 400 && slip_error_code(err) < 600);
            slip_error_free(err);
            continue;
        }
        /* A note that is of no use counts as none. */
        if (v.init_p2m != NONE && (v.init_p2m >= v.virt_base || v.init_p2m % PAGE))
            v.init_p2m = NONE;
        check_guest(*state, &v, built.plan);
        slip__built_dispose(&built);
        built_n++;
    }
    assert_true(built_n > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guests),
        cmocka_unit_test(limits),
        cmocka_unit_test(any_notes),
    };

    return cmocka_run_group_tests_name("pv", tests, pv_make_place, pv_remove_place);
}
