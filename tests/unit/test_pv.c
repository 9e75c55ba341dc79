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
#include <jansson.h>

#include "base/cleanup.h"
#include "build/pv.h"
#include "failmalloc.h"
#include "life/life.h"
#include "mkimage.h"
#include "slipway/plan.h"

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

static size_t module_bytes(unsigned index)
{
    return index == 0 ? 9000 : index == 1 ? 4096 : 1;
}

static void put_file(const char *path, const void *bytes, size_t len)
{
    FILE *f = fopen(path, "we");

    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static int make_place(void **state)
{
    struct place *p = calloc(1, sizeof(*p));

    strcpy(p->folder, "/tmp/slipway-pv-XXXXXX");
    if (!mkdtemp(p->folder))
        return -1;
    snprintf(p->kernel, sizeof(p->kernel), "%s/kernel", p->folder);
    snprintf(p->record, sizeof(p->record), "%s/record", p->folder);
    mk_fill(p->code, sizeof(p->code), 3);
    for (unsigned i = 0; i < 3; i++) {
        snprintf(p->module[i], sizeof(p->module[i]), "%s/module%u", p->folder, i);
        mk_fill(p->modules[i], module_bytes(i), 11 + i);
        put_file(p->module[i], p->modules[i], module_bytes(i));
    }
    *state = p;
    return 0;
}

static int remove_place(void **state)
{
    struct place *p = *state;

    for (unsigned i = 0; i < 3; i++)
        unlink(p->module[i]);
    unlink(p->kernel);
    if (rmdir(p->folder) < 0)
        return -1;
    free(p);
    return 0;
}

static void put_number(struct slip_buf *notes, uint32_t type, uint64_t value, unsigned bits)
{
    if (value != NONE)
        mk_xen_note(notes, type, value, bits / 8);
}

static void put_text(struct slip_buf *notes, uint32_t type, const char *text)
{
    if (text)
        mk_note(notes, "Xen", 4, type, text, (uint32_t)strlen(text) + 1);
}

static void make_kernel(const struct place *p, const struct variant *v)
{
    struct slip_buf notes = {0}, file = {0}, payload = {0}, bzimage = {0};
    struct mk_elf elf = {.bits = v->bits, .entry = v->e_entry, .n_phdrs = 2};
    struct mk_bzimage bz = {0};

    put_text(&notes, 6, v->os);
    put_text(&notes, 8, v->loader);
    put_text(&notes, 5, v->version);
    put_text(&notes, 9, v->pae);
    put_text(&notes, 11, v->symtab);
    if (v->features) /* without its NUL, as Linux has it */
        mk_note(&notes, "Xen", 4, 10, v->features, (uint32_t)strlen(v->features));
    put_number(&notes, 1, v->entry, v->bits);
    put_number(&notes, 2, v->hypercall_page, v->bits);
    put_number(&notes, 3, v->virt_base, v->bits);
    put_number(&notes, 4, v->paddr_offset, v->bits);
    put_number(&notes, 12, v->hv_start_low, v->bits);
    put_number(&notes, 15, v->init_p2m, v->bits);
    put_number(&notes, 16, v->mod_start_pfn, 32);
    elf.phdrs[0] = (struct mk_phdr){.type = 1,
                                    .flags = 7,
                                    .vaddr = v->paddr,
                                    .paddr = v->paddr,
                                    .data = p->code,
                                    .filesz = CODE_LEN,
                                    .memsz = CODE_LEN + BSS_LEN};
    elf.phdrs[1] = (struct mk_phdr){
        .type = 4, .flags = 4, .data = notes.data, .filesz = notes.len, .memsz = notes.len};
    mk_elf(&elf, &file);
    if (v->codec) {
        mk_payload(v->codec, file.data, file.len, &payload);
        bz.payload = payload.data;
        bz.payload_bytes = payload.len;
        mk_bzimage(&bz, &bzimage);
    }
    put_file(p->kernel, v->codec ? bzimage.data : file.data, v->codec ? bzimage.len : file.len);
    slip__buf_dispose(&notes);
    slip__buf_dispose(&file);
    slip__buf_dispose(&payload);
    slip__buf_dispose(&bzimage);
}

/* Of the kernel that is there. */
static int start(struct place *p, const struct variant *v, bool dry_run, struct slip_built *ret,
                 struct slip_error **err)
{
    static struct slip_guest guest; /* outlives the plan */
    static struct slip_str modules[3];

    for (unsigned i = 0; i < 3; i++)
        modules[i] = (struct slip_str){GIVEN, p->module[i]};
    guest = (struct slip_guest){.type = {GIVEN, SLIP_TYPE_PV},
                                .memory = {GIVEN, v->memory_mib},
                                .kernel = {GIVEN, p->kernel},
                                .cmdline = {GIVEN, (char *)(v->cmdline ? v->cmdline : "quiet")},
                                .autoconsole = {GIVEN, 1},
                                .ramdisk = {GIVEN, v->modules, modules}};
    return slip__build_guest(&guest, &slip__engine_null, dry_run ? NULL : p->record, false, dry_run,
                             NULL, NULL, ret, err);
}

static int build(struct place *p, const struct variant *v, bool dry_run, struct slip_built *ret,
                 struct slip_error **err)
{
    make_kernel(p, v);
    return start(p, v, dry_run, ret, err);
}

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
    return (const uint64_t *)(m->ram + pfn_of(m, mfn) * PAGE);
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
    assert_memory_equal(m->ram + gpa, p->modules[index], module_bytes(index));
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
        assert_int_equal(len, module_bytes(0));
        check_module(p, m, 0, gpa);
        return;
    }
    memcpy(list, m->ram + gpa, sizeof(list));
    for (unsigned i = 0; i < m->v->modules; i++) {
        assert_int_equal(list[4 * i + 1] - list[4 * i], module_bytes(i));
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

static const struct variant good[] = {
    {"Linux", LIKE_LINUX, .codec = "xz", .modules = 1},
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

    for (size_t i = 0; i < SLIP_COUNT(good); i++) {
        struct slip_built built = {0};
        struct slip_error *err = NULL;

        if (build(p, &good[i], false, &built, &err) < 0)
            fail_msg("%s: %s", good[i].name, slip_error_message(err));
        check_guest(p, &good[i], built.plan);
        slip__built_dispose(&built);
    }
}

/* The message has the kernel's path; the rest is checked whole. */
static void refused(struct place *p, const struct variant *v, unsigned want_code, const char *want,
                    const char *want_hint)
{
    struct slip_built built = {0};
    struct slip_error *err = NULL;
    char message[512];
    const char *hole;

    for (int dry = 0; dry < 2; dry++) {
        if (build(p, v, dry, &built, &err) == 0)
            fail_msg("not refused: %s", want);
        hole = strstr(want, "%s");
        snprintf(message, sizeof(message), "%.*s%s%s", hole ? (int)(hole - want) : 0, want,
                 hole ? p->kernel : "", hole ? hole + 2 : want);
        assert_string_equal(slip_error_message(err), message);
        assert_int_equal(slip_error_code(err), want_code);
        if (want_hint)
            assert_string_equal(slip_error_hint(err), want_hint);
        else
            assert_null(slip_error_hint(err));
        assert_true(access(p->record, F_OK) < 0);
        slip_error_free(err);
        err = NULL;
    }
}

#define NO_START "kernel '%s' cannot start as a pv guest: "

static void refusals(void **state)
{
    static char line[1025];
    const struct {
        struct variant v;
        unsigned code;
        const char *message, *hint;
    } bad[] = {
        {{"", LIKE_LINUX, .loader = NULL, .version = NULL},
         SLIP_CODE_NO_PV_ENTRY,
         NO_START "it has no Xen PV notes (a __xen_guest section, the way before Xen 3.0.4, is not "
                  "read)",
         "Linux starts as a pv guest when it is built with CONFIG_XEN_PV=y"},
        {{"", LIKE_LINUX, .entry = LINUX64},
         SLIP_CODE_NO_PV_ENTRY,
         NO_START "its PV entry 0xffffffff80000000 is in none of its 1 segments, which lie from "
                  "0xffffffff81000000 on",
         "Linux starts as a pv guest when it is built with CONFIG_XEN_PV=y"},
        {{"", LIKE_LINUX, .version = "xen-4.0"},
         SLIP_CODE_PV_VERSION,
         NO_START "it is made for the PV interface 'xen-4.0', Xen's is 'xen-3.0'",
         NULL},
        {{"", LIKE_LINUX, .os = "other", .loader = "gro\033b"},
         SLIP_CODE_PV_VERSION,
         NO_START "it is made for the loader 'gro?b', only 'generic' is known",
         NULL},
        {{"", LIKE_LINUX, .features = "pae_pgdir_above_4gb|!dom0"},
         SLIP_CODE_PV_FEATURE,
         NO_START "it requires the feature 'dom0', which no PV guest has",
         NULL},
        {{"", LIKE_LINUX, .features = "!auto_translated_physmap"},
         SLIP_CODE_PV_FEATURE,
         NO_START "it requires the feature 'auto_translated_physmap', which no PV guest has",
         NULL},
        {{"", LIKE_LINUX, .features = "!teleport|future"},
         SLIP_CODE_PV_FEATURE,
         NO_START "it requires the feature 'teleport', which Xen does not have",
         NULL},
        {{"", LIKE_LINUX, .symtab = "yes"},
         SLIP_CODE_PV_FEATURE,
         NO_START "it wants its symbol table loaded (note BSD_SYMTAB), which this version does not "
                  "do",
         NULL},
        {{"", .bits = 32, PV_NOTES, .entry = 0, .memory_mib = 16, .pae = "no"},
         SLIP_CODE_PV_PAE,
         NO_START "it is a 32-bit kernel without PAE (its PAE_MODE note is 'no'), which no 64-bit "
                  "Xen runs",
         NULL},
        {{"", LIKE_LINUX, .hypercall_page = LINUX64 + 0x1000800},
         SLIP_CODE_PV_NOTE,
         NO_START "its HYPERCALL_PAGE note, 0xffffffff81000800, is not a page of its segments",
         NULL},
        {{"", LIKE_LINUX, .virt_base = NONE},
         SLIP_CODE_PV_NOTE,
         NO_START "it has a PADDR_OFFSET note but no VIRT_BASE note",
         NULL},
        {{"", LIKE_LINUX, .virt_base = LINUX64 + 8},
         SLIP_CODE_PV_NOTE,
         NO_START "its notes VIRT_BASE 0xffffffff80000008 and PADDR_OFFSET 0x0 are no addresses of "
                  "pages",
         NULL},
        {{"", LIKE_LINUX, .paddr_offset = 0x2000000, .entry = LINUX64 - 0x1000000,
          .hypercall_page = NONE},
         SLIP_CODE_PV_NOTE,
         "kernel '%s': its segment 0 is at 0x1000000, below the 0x2000000 of its PADDR_OFFSET note",
         NULL},
        {{"", LIKE_LINUX, .hv_start_low = 0xffffc00000000000},
         SLIP_CODE_PV_ADDRESS,
         NO_START "it wants the hypervisor's range to begin at 0xffffc00000000000 at the lowest "
                  "(note HV_START_LOW), but Xen's begins at 0xffff800000000000",
         NULL},
        {{"", LIKE_LINUX, .virt_base = 0xffff87fffe000000, .entry = 0xffff87ffff000000,
          .hypercall_page = NONE},
         SLIP_CODE_PV_ADDRESS,
         "kernel '%s': its initial mapping would be 0x1400000 bytes from 0xffff87fffe000000 on, "
         "which is not all a 64-bit pv guest's to map",
         NULL},
        {{"", LIKE_LINUX, .init_p2m = 0xffff800000000000},
         SLIP_CODE_PV_ADDRESS,
         "kernel '%s': its p2m list would be 0x20000 bytes from 0xffff800000000000 on, which is "
         "not all a 64-bit pv guest's to map",
         NULL},
        {{"", LIKE_LINUX, .init_p2m = LINUX64 - 0x1000},
         SLIP_CODE_PV_ADDRESS,
         "kernel '%s': its p2m list, 0x20000 bytes from 0xffffffff7ffff000 on, runs into its "
         "initial mapping from 0xffffffff80000000 on",
         NULL},
        {{"", .bits = 32, PV_NOTES, .virt_base = 0xf5780000, .entry = 0xf5780000, .memory_mib = 16},
         SLIP_CODE_PV_ADDRESS,
         "kernel '%s': its initial mapping would be 0x480000 bytes from 0xf5780000 on, which is "
         "not all a 32-bit pv guest's to map",
         NULL},
        {{"", LIKE_LINUX, .modules = 2},
         SLIP_CODE_PV_MODULES,
         "kernel '%s' is Linux, which takes one initrd as a pv guest; this guest has 2 modules",
         "join them: cat FIRST SECOND > initrd.img"},
        {{"", LIKE_LINUX, .memory_mib = 20, .modules = 1},
         SLIP_CODE_PV_MEMORY,
         "kernel '%s' as a pv guest needs at least 21 MiB of memory with its modules, frame list "
         "and page tables, the guest has 20 MiB",
         "memory = 21"},
        {{"", LIKE_LINUX, .cmdline = line},
         SLIP_CODE_PV_CMDLINE,
         "the command line has 1024 bytes, a xenpv machine's start info has room for 1023",
         NULL},
    };

    memset(line, 'x', 1024);
    for (size_t i = 0; i < SLIP_COUNT(bad); i++)
        refused(*state, &bad[i].v, bad[i].code, bad[i].message, bad[i].hint);
}

/* The longest line that fits, and a hint that is enough. */
static void limits(void **state)
{
    static char line[1024];
    struct variant v = {"", LIKE_LINUX, .cmdline = line};
    struct slip_built built = {0};

    memset(line, 'x', 1023);
    assert_int_equal(build(*state, &v, false, &built, NULL), 0);
    assert_string_equal(built.plan->cmdline, line);
    assert_int_equal(built.plan->console, SLIP_CONSOLE_NO_ROOM);
    check_guest(*state, &v, built.plan);
    slip__built_dispose(&built);
    v = (struct variant){"", LIKE_LINUX, .modules = 1};
    v.memory_mib = 21;
    assert_int_equal(build(*state, &v, false, &built, NULL), 0);
    check_guest(*state, &v, built.plan);
    slip__built_dispose(&built);
}

static const char golden[] =
    "guest      ?, type pv\n"
    "machine    xenpv\n"
    "protocol   Xen PV: a pv guest starts by Xen's PV interface, 64-bit; the 64-bit ELF in the "
    "bzImage (xz) wants to be mapped from 0xffffffff80000000 on and entered at 0xffffffff81000040 "
    "(Xen notes)\n"
    "start      rip 0xffffffff81000040, rsi 0xffffffff81010000 (start info), rsp "
    "0xffffffff81021000\n"
    "virtual    0xffffffff80000000 - 0xffffffff813fffff is memory from 0 on; 13 page tables at "
    "0xffffffff81013000\n"
    "           0x8000000000 - 0x800001ffff is the p2m list (note INIT_P2M)\n"
    "modules    told as page frame 0x1400, 9000 bytes, not mapped (note MOD_START_PFN)\n"
    "vCPUs      1\n"
    "memory     64 MiB\n"
    "\n"
    "pseudo-physical memory\n"
    "  0x0000000000 - 0x0003ffffff      64 MiB  RAM\n"
    "\n"
    "in memory at the start (all else is zero)\n"
    "  0x0001000000 - 0x000100f455    61.1 KiB  kernel segment 0: FILE, at 0xffffffff81000000, "
    "entry\n"
    "  0x0001010000 - 0x0001010fff       4 KiB  start info, at 0xffffffff81010000, rsi\n"
    "  0x0001011000 - 0x0001011fff       4 KiB  XenStore page, zero, at 0xffffffff81011000\n"
    "  0x0001012000 - 0x0001012fff       4 KiB  console page, zero, at 0xffffffff81012000\n"
    "  0x0001013000 - 0x000101ffff      52 KiB  page tables, at 0xffffffff81013000\n"
    "  0x0001020000 - 0x0001020fff       4 KiB  boot stack, zero, at 0xffffffff81020000\n"
    "  0x0001400000 - 0x0001402327      9000 B  module 0: FILE, 9000 bytes\n"
    "  0x0001403000 - 0x0001422fff     128 KiB  p2m list, at 0x8000000000\n"
    "  0x0001423000 - 0x0001425fff      12 KiB  p2m list's page tables\n"
    "\n"
    "command line (18 bytes; [console=] is ours, autoconsole = 0 leaves it out)\n"
    "  [console=hvc0] quiet\n";

/* text with what stands between a colon and the next comma or line's end, if it is a path, as FILE. */
static void hide_paths(char *text)
{
    char *at;

    while ((at = strstr(text, ": /"))) {
        size_t len = strcspn(at + 2, ",\n");

        memmove(at + 6, at + 2 + len, strlen(at + 2 + len) + 1);
        memcpy(at + 2, "FILE", 4);
    }
}

static void reports(void **state)
{
    struct slip_built built = {0};
    char *text = NULL;
    json_t *json;
    const char *entry, *protocol, *source;
    int gpa, tables;

    assert_int_equal(build(*state, &good[0], true, &built, NULL), 0);
    assert_int_equal(slip_plan_to_text(built.plan, &text, NULL), 0);
    hide_paths(text);
    assert_string_equal(text, golden);
    free(text);
    assert_int_equal(slip_plan_to_json(built.plan, &text, NULL), 0);
    json = json_loads(text, 0, NULL);
    assert_non_null(json);
    assert_int_equal(json_unpack(json, "{s:s, s:{s:s, s:[{s:i, s:i}]}, s:[{}, {s:s}]}", "protocol",
                                 &protocol, "start", "entry", &entry, "mappings", "gpa", &gpa,
                                 "tables", &tables, "pieces", "source", &source),
                     0);
    assert_string_equal(protocol, "xen-pv");
    assert_string_equal(entry, "0xffffffff81000040");
    assert_int_equal(gpa, 0);
    assert_int_equal(tables, 13);
    assert_string_equal(source, "frames");
    json_decref(json);
    free(text);
    assert_int_equal(slip_plan_to_svg(built.plan, &text, NULL), 0);
    assert_non_null(strstr(text, ">rip 0xffffffff81000040 &#160; rsi 0xffffffff81010000 &#160; rsp "
                                 "0xffffffff81021000</text>"));
    assert_non_null(strstr(text, "61.1 KiB, at 0xffffffff81000000, entry</text>"));
    assert_null(strstr(text, "class=\"acpi\""));
    free(text);
    slip__built_dispose(&built);
}

/* Each allocation of ours in turn fails: nothing is left, and the call says so. */
static void out_of_memory(void **state)
{
    struct place *p = *state;
    bool failed = true;

    make_kernel(p, &good[0]);
    for (unsigned n = 1; failed; n++) {
        struct slip_built built = {0};
        struct slip_error *err = NULL;
        char *text = NULL;
        int rc;

        fail_allocation(n);
        rc = start(p, &good[0], true, &built, &err);
        if (rc == 0)
            rc = slip_plan_to_text(built.plan, &text, &err);
        failed = allocation_failed();
        fail_allocation(0);
        assert_int_equal(rc, failed ? SLIP_ENOMEM : 0);
        assert_true(failed || n > 30);
        free(text);
        slip_error_free(err);
        slip__built_dispose(&built);
    }
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
        if (build(*state, &v, false, &built, &err) < 0) {
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
        cmocka_unit_test(guests),    cmocka_unit_test(refusals), cmocka_unit_test(limits),
        cmocka_unit_test(any_notes), cmocka_unit_test(reports),  cmocka_unit_test(out_of_memory),
    };

    return cmocka_run_group_tests_name("pv", tests, make_place, remove_place);
}
