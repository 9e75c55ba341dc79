/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What each boot protocol hands over, read back as a kernel reads it: offsets and numbers are those of the specifications, written
 * out here a second time. And which protocol is taken, where the kernel goes, what is refused.
 */
#include "plan_fixture.h"

#include <jansson.h>

#include "base/cleanup.h"
#include "base/reader.h"
#include "build/paging.h"
#include "slipway/codes.h"

#define GIB (1ull << 30)

static uint64_t number(const struct slip_piece *piece, size_t offset, unsigned bytes)
{
    const uint8_t *p = piece->data;
    uint64_t value = 0;

    assert_true(offset + bytes <= piece->bytes);
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)p[offset + i] << (8 * i);
    return value;
}

static void add_entry(struct fixture *f, enum slip_entry_kind kind, uint64_t address)
{
    f->image.entries[f->image.n_entries++] = (struct slip_entry){kind, address};
}

/* A bzImage set to its bare form, as slip__image_use() leaves it. */
static void make_bare(struct fixture *f, uint64_t gpa)
{
    struct slip_linux *boot = &f->image.linux_boot;

    f->image.format = SLIP_IMAGE_BZIMAGE;
    f->image.form = SLIP_FORM_LINUX;
    f->image.boot_protocol = 0x20f;
    f->image.n_entries = 0;
    *boot = (struct slip_linux){.offered = true,
                                .header_bytes = 0x77,
                                .offset = 0x4000,
                                .bytes = 0x100000,
                                .high = true,
                                .entry32 = true,
                                .entry64 = true,
                                .relocatable = true,
                                .above_4g = true,
                                .preferred_gpa = 0x1000000,
                                .align = 0x200000,
                                .min_align = 0x200000,
                                .init_bytes = 0x1800000,
                                .initrd_max = 0x7fffffff,
                                .cmdline_max = 2047};
    for (unsigned i = 0; i < boot->header_bytes; i++)
        boot->header[i] = (uint8_t)(0x80 + i);
    memcpy(boot->header + (0x230 - 0x1f1), "\x00\x00\x20\x00", 4); /* kernel_alignment */
    memset(boot->header + (0x218 - 0x1f1), 0, 8);                  /* no initrd yet */
    f->segments[0] = (struct slip_segment){
        .gpa = gpa, .file_offset = 0x4000, .file_bytes = 0x100000, .memory_bytes = 0x1800000};
    f->image.n_segments = 1;
    add_entry(f, SLIP_ENTRY_LINUX64, gpa + 0x200);
    add_entry(f, SLIP_ENTRY_LINUX32, gpa);
}

static void force(struct fixture *f, enum slip_protocol protocol)
{
    fixture_num(&f->guest.protocol, protocol);
}

/* Where the tables send an address; UINT64_MAX: nowhere. */
static uint64_t walk(const uint8_t *tables, uint64_t gpa, uint64_t bytes, uint64_t va)
{
    uint64_t table = gpa;

    for (unsigned shift = 39;; shift -= 9) {
        uint64_t at = table - gpa + ((va >> shift) & 511) * 8, entry;

        assert_true(table >= gpa && at + 8 <= bytes);
        memcpy(&entry, tables + at, 8);
        if (!(entry & 1))
            return UINT64_MAX;
        assert_int_equal(entry & 2, 2);
        table = entry & 0x000ffffffffff000;
        if (shift == 21) {
            assert_int_equal(entry & 0xfff, 0x83);
            return table + (va & 0x1fffff);
        }
        assert_int_equal(entry & 0xfff, 0x3);
    }
}

static void identity_tables(void **state)
{
    static const struct {
        uint64_t gpa, bytes;
    } runs[] = {{0, 4 * GIB}, {600 * GIB + 5, 3 * GIB}, {5 * GIB, 1}, {511 * GIB, 2 * GIB}};
    static const uint64_t mapped[] = {
        0,         0x1234567,     4 * GIB - 1, 5 * GIB + 77, 511 * GIB,
        512 * GIB, 513 * GIB - 1, 600 * GIB,   604 * GIB - 1};
    static const uint64_t unmapped[] = {4 * GIB,   6 * GIB,   510 * GIB,  513 * GIB,
                                        599 * GIB, 604 * GIB, 1024 * GIB, 5000 * GIB};
    const uint64_t gpa = 0x123000;
    struct slip_identity identity = {0};
    struct slip_buf buf = {0};

    (void)state;
    assert_int_equal(slip__identity_bytes(&identity), 0);
    for (size_t i = 0; i < SLIP_COUNT(runs); i++)
        assert_true(slip__identity_add(&identity, runs[i].gpa, runs[i].bytes));
    assert_false(slip__identity_add(&identity, 2000 * GIB, 1)); /* a run too many */
    assert_true(slip__identity_add(&identity, 3 * GIB, 1));     /* mapped already */
    assert_int_equal(identity.n_runs, 4);
    assert_int_equal(slip__identity_bytes(&identity), (1 + 2 + 4 + 1 + 2 + 4) * 4096);
    slip__identity_write(&identity, gpa, &buf);
    assert_int_equal(buf.len, slip__identity_bytes(&identity));
    for (size_t i = 0; i < SLIP_COUNT(mapped); i++)
        assert_int_equal(walk((uint8_t *)buf.data, gpa, buf.len, mapped[i]), mapped[i]);
    for (size_t i = 0; i < SLIP_COUNT(unmapped); i++)
        assert_int_equal(walk((uint8_t *)buf.data, gpa, buf.len, unmapped[i]), UINT64_MAX);
    slip__buf_dispose(&buf);
    /* Runs that a third one joins. */
    identity = (struct slip_identity){0};
    assert_true(slip__identity_add(&identity, 10 * GIB, GIB));
    assert_true(slip__identity_add(&identity, 0, GIB));
    assert_true(slip__identity_add(&identity, 20 * GIB, GIB));
    assert_true(slip__identity_add(&identity, GIB, 9 * GIB));
    assert_int_equal(identity.n_runs, 2);
    assert_int_equal(identity.runs[0].end, 11);
    assert_int_equal(identity.runs[1].first, 20);
}

/* Every byte of the zero page: zero-page.rst and boot.rst. */
static void zero_page(void **state)
{
    uint8_t want[4096] = {0}, header[0x77];
    const struct slip_piece *page;
    struct slip_plan *plan;
    struct fixture f;

    (void)state;
    fixture_init(&f, 4096);
    make_bare(&f, 0x1000000);
    strcpy(f.cmdline, "quiet");
    fixture_claim_module(&f, 0x123457);
    fixture_claim_module(&f, 0x1001);
    plan = fixture_planned(&f);
    page = fixture_piece(plan, "zero page");
    assert_int_equal(page->bytes, 4096);
    assert_int_equal(plan->protocol, SLIP_PROTOCOL_LINUX64);

    memcpy(header, f.image.linux_boot.header, sizeof(header));
    memcpy(want + 0x1f1, header, sizeof(header));
    memcpy(want + 0x1fa, "\xff\xff", 2); /* vid_mode: normal */
    want[0x210] = 0xff;                  /* type_of_loader: undefined */
    memcpy(want + 0x214, "\x00\x00\x00\x01", 4);
    {
        uint64_t first = fixture_piece(plan, "module 0")->gpa;
        uint32_t image = (uint32_t)first, size = 0x123458 + 0x1001;
        uint32_t line = (uint32_t)fixture_piece(plan, "command line")->gpa;
        uint64_t rsdp = 0xe0000;
        uint32_t alt_mem = 3071 * 1024;

        assert_true(first + size <= 0x80000000); /* initrd_addr_max */
        assert_int_equal(fixture_piece(plan, "module 1")->gpa, first + 0x123458);
        memcpy(want + 0x218, &image, 4);
        memcpy(want + 0x21c, &size, 4);
        memcpy(want + 0x228, &line, 4);
        memcpy(want + 0x70, &rsdp, 8);
        memcpy(want + 0x1e0, &alt_mem, 4);
    }
    want[0x1e8] = (uint8_t)plan->n_map;
    for (unsigned i = 0; i < plan->n_map; i++) {
        memcpy(want + 0x2d0 + 20 * i, &plan->map[i].gpa, 8);
        memcpy(want + 0x2d0 + 20 * i + 8, &plan->map[i].bytes, 8);
        memcpy(want + 0x2d0 + 20 * i + 16, &plan->map[i].type, 4);
    }
    assert_memory_equal(page->data, want, 4096);
    slip_plan_free(plan);
}

static void linux64_state(void **state)
{
    static const uint64_t gdt[] = {0, 0, 0x00af9b000000ffff, 0x00cf93000000ffff,
                                   0x00008b0000000067};
    const struct slip_piece *piece;
    struct slip_plan *plan;
    struct fixture f;

    (void)state;
    fixture_init(&f, 96);
    make_bare(&f, 0x1000000);
    plan = fixture_planned(&f);
    assert_int_equal(plan->start.mode, SLIP_CPU_LONG64);
    assert_int_equal(plan->start.entry_gpa, 0x1000200);
    assert_int_equal(plan->start.rsi, fixture_piece(plan, "zero page")->gpa);
    assert_int_equal(plan->start.rax | plan->start.rbx | plan->start.rcx | plan->start.rdi |
                         plan->start.rbp | plan->start.rsp,
                     0);
    piece = fixture_piece(plan, "descriptor table");
    assert_int_equal(plan->start.gdt_gpa, piece->gpa);
    assert_int_equal(plan->start.gdt_bytes, sizeof(gdt));
    assert_int_equal(piece->bytes, sizeof(gdt));
    assert_memory_equal(piece->data, gdt, sizeof(gdt));
    assert_int_equal(plan->start.cs, 0x10);
    assert_int_equal(plan->start.ds, 0x18);
    assert_int_equal(plan->start.tr, 0x20);
    piece = fixture_piece(plan, "page tables");
    assert_int_equal(plan->start.cr3, piece->gpa);
    assert_int_equal(piece->bytes, 6 * 4096);
    assert_int_equal(walk(piece->data, piece->gpa, piece->bytes, 0xffff0000), 0xffff0000);
    slip_plan_free(plan);
}

static void linux32_state(void **state)
{
    struct slip_plan *plan;
    struct fixture f;

    (void)state;
    fixture_init(&f, 96);
    make_bare(&f, 0x1000000);
    force(&f, SLIP_PROTOCOL_LINUX32);
    plan = fixture_planned(&f);
    assert_int_equal(plan->start.mode, SLIP_CPU_FLAT32);
    assert_int_equal(plan->start.entry_gpa, 0x1000000);
    assert_int_equal(plan->start.rsi, fixture_piece(plan, "zero page")->gpa);
    assert_int_equal(plan->start.rbx | plan->start.rbp | plan->start.rdi | plan->start.cr3, 0);
    assert_int_equal(number(fixture_piece(plan, "descriptor table"), 0x10, 8), 0x00cf9b000000ffff);
    for (size_t i = 0; i < plan->n_pieces; i++)
        assert_string_not_equal(plan->pieces[i].what, "page tables");
    slip_plan_free(plan);
}

/* An initrd goes below the header's limit, else below 4 GiB, else above, as far as the kernel can. */
static void initrd_places(void **state)
{
    struct slip_plan *plan;
    struct fixture f;
    uint64_t gpa;

    (void)state;
    fixture_init(&f, 16384);
    make_bare(&f, 0x1000000);
    fixture_claim_module(&f, 2040 * MIB); /* not below 2 GiB beside the kernel */
    plan = fixture_planned(&f);
    gpa = fixture_piece(plan, "module 0")->gpa;
    assert_int_equal(gpa, 3 * GIB - 2040 * MIB);
    slip_plan_free(plan);

    f.modules[0].bytes = 5 * GIB + 1;
    plan = fixture_planned(&f);
    gpa = fixture_piece(plan, "module 0")->gpa;
    assert_true(gpa >= 4 * GIB);
    assert_int_equal(number(fixture_piece(plan, "zero page"), 0x218, 4), (uint32_t)gpa);
    assert_int_equal(number(fixture_piece(plan, "zero page"), 0x0c0, 4), gpa >> 32);
    assert_int_equal(number(fixture_piece(plan, "zero page"), 0x21c, 4), 0x40000001);
    assert_int_equal(number(fixture_piece(plan, "zero page"), 0x0c4, 4), 1);
    {
        const struct slip_piece *tables = fixture_piece(plan, "page tables");

        assert_int_equal(walk(tables->data, tables->gpa, tables->bytes, gpa), gpa);
        assert_int_equal(walk(tables->data, tables->gpa, tables->bytes, gpa + 5 * GIB),
                         gpa + 5 * GIB);
    }
    slip_plan_free(plan);

    f.image.linux_boot.above_4g = false;
    fixture_refused(&f, SLIP_EIMAGE, SLIP_CODE_MODULE_DOES_NOT_FIT,
                    "module 0 ('initrd.img', 5368709121 bytes) does not fit: the largest free run "
                    "of the guest's 16384 MiB has 2105540608 bytes",
                    "kernel and modules need memory = 5161 at least, and the guest some more");
}

static void cmdline_limit(void **state)
{
    struct fixture f;

    (void)state;
    fixture_init(&f, 96);
    make_bare(&f, 0x1000000);
    f.image.linux_boot.cmdline_max = 255;
    fixture_cmdline(&f, 255, true);
    slip_plan_free(fixture_planned(&f));
    fixture_cmdline(&f, 256, true);
    fixture_refused(&f, SLIP_EDESC, SLIP_CODE_KERNEL_CMDLINE,
                    "the command line has 256 bytes, kernel '/boot/vmlinux' takes 255", NULL);
}

/* Linux as an ELF of its own, which only an order makes Linux. */
static void forced_elf(void **state)
{
    const struct slip_piece *page;
    struct slip_plan *plan;
    struct fixture f;

    (void)state;
    fixture_init(&f, 96);
    f.image.n_entries = 0;
    add_entry(&f, SLIP_ENTRY_ELF, FIXTURE_ENTRY_GPA);
    force(&f, SLIP_PROTOCOL_LINUX64);
    plan = fixture_planned(&f);
    assert_int_equal(plan->start.entry_gpa, FIXTURE_ENTRY_GPA);
    assert_int_equal(plan->start.mode, SLIP_CPU_LONG64);
    page = fixture_piece(plan, "zero page");
    assert_int_equal(number(page, 0x1fe, 2), 0xaa55);
    assert_int_equal(number(page, 0x202, 4), 0x53726448);
    assert_int_equal(number(page, 0x206, 2), 0x20c);
    assert_int_equal(number(page, 0x210, 1), 0xff);
    assert_int_equal(number(page, 0x230, 4), 0x1000000);
    assert_non_null(strstr(plan->why, "is entered at 0x1000100 (ELF header)"));
    slip_plan_free(plan);
    force(&f, SLIP_PROTOCOL_MULTIBOOT1);
    f.image.loaded = true;
    {
        struct slip_error *err = NULL;

        assert_int_equal(fixture_plan(&f, &plan, &err), SLIP_EIMAGE);
        assert_int_equal(slip_error_code(err), SLIP_CODE_NO_PROTOCOL_ENTRY);
        slip_error_free(err);
        f.guest.protocol = (struct slip_num){0};
        err = NULL;
        assert_int_equal(fixture_plan(&f, &plan, &err), SLIP_EIMAGE);
        assert_int_equal(slip_error_code(err), SLIP_CODE_NO_PVH_ENTRY);
        assert_non_null(strstr(slip_error_hint(err), "protocol = \"linux64\""));
        slip_error_free(err);
    }
}

/* A NUL-terminated text of a Multiboot 1 information, by its address. */
static const char *text_at(const struct slip_piece *info, uint64_t gpa)
{
    assert_true(gpa > info->gpa && gpa < info->gpa + info->bytes);
    return (char *)info->data + (gpa - info->gpa);
}

static void multiboot1(void **state)
{
    const struct slip_piece *info;
    struct slip_plan *plan;
    struct fixture f;
    uint64_t list, map;

    (void)state;
    fixture_init(&f, 4096);
    f.image.n_entries = 0;
    add_entry(&f, SLIP_ENTRY_MULTIBOOT1, FIXTURE_ENTRY_GPA);
    strcpy(f.cmdline, "one two");
    fixture_num(&f.guest.autoconsole, 0);
    fixture_claim_module(&f, 5);
    f.modules[0].name = "/boot/first.bin";
    fixture_claim_module(&f, 0x1001);
    plan = fixture_planned(&f);
    info = fixture_piece(plan, "Multiboot information");
    assert_int_equal(plan->start.rax, 0x2badb002);
    assert_int_equal(plan->start.rbx, info->gpa);
    assert_int_equal(plan->start.entry_gpa, FIXTURE_ENTRY_GPA);
    assert_int_equal(number(info, 0, 4), 0x24d); /* memory, line, modules, map, loader */
    assert_int_equal(number(info, 4, 4), 640);
    assert_int_equal(number(info, 8, 4), 3071 * 1024);
    assert_int_equal(number(info, 16, 4), fixture_piece(plan, "command line")->gpa);
    assert_string_equal(fixture_piece(plan, "command line")->data, "one two");
    assert_int_equal(number(info, 20, 4), 2);
    list = number(info, 24, 4) - info->gpa;
    for (unsigned i = 0; i < 2; i++) {
        const struct slip_piece *module = fixture_piece(plan, i ? "module 1" : "module 0");

        assert_int_equal(module->gpa % 4096, 0);
        assert_int_equal(number(info, list + 16 * i, 4), module->gpa);
        assert_int_equal(number(info, list + 16 * i + 4, 4), module->gpa + module->bytes);
        assert_string_equal(text_at(info, number(info, list + 16 * i + 8, 4)),
                            i ? "initrd.img" : "first.bin");
        assert_int_equal(number(info, list + 16 * i + 12, 4), 0);
    }
    assert_int_equal(number(info, 44, 4), 24 * plan->n_map);
    map = number(info, 48, 4) - info->gpa;
    for (unsigned i = 0; i < plan->n_map; i++) {
        assert_int_equal(number(info, map + 24 * i, 4), 20);
        assert_int_equal(number(info, map + 24 * i + 4, 8), plan->map[i].gpa);
        assert_int_equal(number(info, map + 24 * i + 12, 8), plan->map[i].bytes);
        assert_int_equal(number(info, map + 24 * i + 20, 4), plan->map[i].type);
    }
    assert_string_equal(text_at(info, number(info, 64, 4)), "Slipway");
    slip_plan_free(plan);
}

static void multiboot2(void **state)
{
    unsigned seen = 0, modules = 0;
    const struct slip_piece *info;
    struct slip_plan *plan;
    struct fixture f;

    (void)state;
    fixture_init(&f, 96);
    f.image.n_entries = 0;
    add_entry(&f, SLIP_ENTRY_MULTIBOOT1, FIXTURE_ENTRY_GPA); /* 2 comes first */
    add_entry(&f, SLIP_ENTRY_MULTIBOOT2, FIXTURE_ENTRY_GPA + 4);
    f.image.multiboot[1].reloc.offered = true;
    fixture_num(&f.guest.autoconsole, 0);
    strcpy(f.cmdline, "a line");
    fixture_claim_module(&f, 7);
    fixture_claim_module(&f, 70000);
    plan = fixture_planned(&f);
    assert_int_equal(plan->protocol, SLIP_PROTOCOL_MULTIBOOT2);
    assert_int_equal(plan->start.entry_gpa, FIXTURE_ENTRY_GPA + 4);
    info = fixture_piece(plan, "Multiboot information");
    assert_int_equal(plan->start.rax, 0x36d76289);
    assert_int_equal(plan->start.rbx, info->gpa);
    assert_int_equal(info->gpa % 8, 0);
    assert_int_equal(number(info, 0, 4), info->bytes);
    assert_int_equal(number(info, 4, 4), 0);
    for (uint64_t at = 8;; at = (at + number(info, at + 4, 4) + 7) & ~7ull) {
        uint64_t type = number(info, at, 4), size = number(info, at + 4, 4);
        const char *text = (char *)info->data + at + 8;

        assert_true(size >= 8 && at + size <= info->bytes);
        seen |= 1u << type;
        if (type == 0) {
            assert_int_equal(size, 8);
            assert_int_equal(at + 8, info->bytes);
            break;
        }
        switch (type) {
        case 1:
            assert_string_equal(text, "a line");
            assert_int_equal(size, 8 + 7);
            break;
        case 2:
            assert_string_equal(text, "Slipway");
            break;
        case 3: {
            const struct slip_piece *m = fixture_piece(plan, modules ? "module 1" : "module 0");

            assert_int_equal(number(info, at + 8, 4), m->gpa);
            assert_int_equal(number(info, at + 12, 4), m->gpa + m->bytes);
            assert_string_equal(text + 8, "initrd.img");
            modules++;
            break;
        }
        case 4:
            assert_int_equal(number(info, at + 8, 4), 640);
            assert_int_equal(number(info, at + 12, 4), 95 * 1024);
            break;
        case 6:
            assert_int_equal(number(info, at + 8, 4), 24);
            assert_int_equal(number(info, at + 12, 4), 0);
            assert_int_equal(size, 16 + 24 * plan->n_map);
            for (unsigned i = 0; i < plan->n_map; i++) {
                assert_int_equal(number(info, at + 16 + 24 * i, 8), plan->map[i].gpa);
                assert_int_equal(number(info, at + 24 + 24 * i, 8), plan->map[i].bytes);
                assert_int_equal(number(info, at + 32 + 24 * i, 4), plan->map[i].type);
                assert_int_equal(number(info, at + 36 + 24 * i, 4), 0);
            }
            break;
        case 14:
        case 15:
            assert_int_equal(size, 8 + (type == 14 ? 20 : 36));
            assert_memory_equal(text, fixture_piece(plan, "ACPI tables")->data, size - 8);
            break;
        case 21:
            assert_int_equal(size, 12);
            assert_int_equal(number(info, at + 8, 4), 0x1000000);
            break;
        default:
            fail_msg("tag %d", (int)type);
        }
    }
    assert_int_equal(modules, 2);
    assert_int_equal(seen, 1u << 0 | 1u << 1 | 1u << 2 | 1u << 3 | 1u << 4 | 1u << 6 | 1u << 14 |
                               1u << 15 | 1u << 21);
    slip_plan_free(plan);
}

/* Modules of Multiboot have 32-bit addresses. */
static void multiboot_modules_below_4_gib(void **state)
{
    struct slip_error *err = NULL;
    struct slip_plan *plan = NULL;
    struct fixture f;

    (void)state;
    fixture_init(&f, 16384);
    f.image.n_entries = 0;
    add_entry(&f, SLIP_ENTRY_MULTIBOOT1, FIXTURE_ENTRY_GPA);
    fixture_claim_module(&f, 3 * GIB);
    assert_int_equal(fixture_plan(&f, &plan, &err), SLIP_EIMAGE);
    assert_int_equal(slip_error_code(err), SLIP_CODE_MODULE_DOES_NOT_FIT);
    slip_error_free(err);
}

/* The order of choice, and what is said of the others. */
static void choices(void **state)
{
    static const struct {
        enum slip_entry_kind kind;
        enum slip_protocol protocol;
        const char *key;
    } order[] = {
        {SLIP_ENTRY_PVH, SLIP_PROTOCOL_PVH, "pvh"},
        {SLIP_ENTRY_MULTIBOOT2, SLIP_PROTOCOL_MULTIBOOT2, "multiboot2"},
        {SLIP_ENTRY_MULTIBOOT1, SLIP_PROTOCOL_MULTIBOOT1, "multiboot1"},
    };

    (void)state;
    for (size_t first = 0; first < SLIP_COUNT(order); first++) {
        struct slip_plan *plan;
        struct fixture f;
        json_t *json;
        char *text;

        fixture_init(&f, 96);
        f.image.n_entries = 0;
        for (size_t i = SLIP_COUNT(order); i-- > first;)
            add_entry(&f, order[i].kind, FIXTURE_ENTRY_GPA);
        plan = fixture_planned(&f);
        assert_int_equal(plan->protocol, order[first].protocol);
        assert_int_equal(plan->n_passed, 4);
        assert_int_equal(slip_plan_to_json(plan, &text, NULL), 0);
        json = json_loads(text, 0, NULL);
        assert_string_equal(json_string_value(json_object_get(json, "protocol")), order[first].key);
        assert_int_equal(json_array_size(json_object_get(json, "passed_over")), 4);
        json_decref(json);
        free(text);
        for (unsigned i = 0; i < plan->n_passed; i++) {
            bool has = false;

            for (size_t k = first; k < SLIP_COUNT(order); k++)
                has |= order[k].protocol == plan->passed[i].protocol;
            assert_int_equal(strstr(plan->passed[i].why, "comes first") != NULL, has);
        }
        slip_plan_free(plan);
        /* Each can be had by an order. */
        for (size_t i = first; i < SLIP_COUNT(order); i++) {
            force(&f, order[i].protocol);
            plan = fixture_planned(&f);
            assert_int_equal(plan->protocol, order[i].protocol);
            slip_plan_free(plan);
        }
    }
}

/* Where a kernel that unpacks itself goes. */
static void bare_places(void **state)
{
    static const struct {
        int64_t memory;
        uint64_t preferred, want; /* 0: refused */
    } cases[] = {
        {96, 0x1000000, 0x1000000},
        {40, 0x1000000, 0x1000000}, /* just so */
        {39, 0x1000000, 0},
        {96, 0x90000, 0x200000}, /* the PC's hole is in the way */
        {8192, 0xbf000000, 0x100000000 + 0},
    };

    (void)state;
    for (size_t i = 0; i < SLIP_COUNT(cases); i++) {
        struct slip_kernel_place place;
        struct slip_error *err = NULL;
        struct fixture f;
        int rc;

        fixture_init(&f, cases[i].memory);
        make_bare(&f, 0x1000000);
        f.image.form = SLIP_FORM_KERNEL;
        f.image.linux_boot.preferred_gpa = cases[i].preferred;
        rc = slip__kernel_place(&f.guest, &slip__machine_microvm, &f.image, &place, &err);
        if (cases[i].want == 0 || cases[i].want >= 4 * GIB) {
            assert_int_equal(rc, SLIP_EIMAGE);
            assert_int_equal(slip_error_code(err), SLIP_CODE_KERNEL_PLACE);
            slip_error_free(err);
            continue;
        }
        assert_int_equal(rc, 0);
        assert_true(place.changes);
        assert_int_equal(place.form, SLIP_FORM_LINUX);
        assert_int_equal(place.gpa, cases[i].want);
    }
}

/* A kernel is moved when it must be and may be, and only then. */
static void moved_kernels(void **state)
{
    struct slip_kernel_place place;
    struct slip_error *err = NULL;
    struct fixture f;

    (void)state;
    fixture_init(&f, 96);
    f.image.reloc =
        (struct slip_reloc){.offered = true, .align = 0x200000, .min = 0x1000000, .max = 0x3ffffff};
    assert_int_equal(slip__kernel_place(&f.guest, &slip__machine_microvm, &f.image, &place, NULL),
                     0);
    assert_false(place.changes);
    f.segments[0].gpa += 0xc0000000; /* where there never is RAM */
    f.segments[1].gpa += 0xc0000000;
    f.image.entries[0].address += 0xc0000000;
    assert_int_equal(slip__kernel_place(&f.guest, &slip__machine_microvm, &f.image, &place, NULL),
                     0);
    assert_true(place.changes);
    assert_int_equal(place.form, SLIP_FORM_KERNEL);
    assert_int_equal(place.gpa, 0x1000000);
    f.image.reloc.max = 0x10fffff; /* no room for both segments */
    assert_int_equal(slip__kernel_place(&f.guest, &slip__machine_microvm, &f.image, &place, &err),
                     SLIP_EIMAGE);
    assert_int_equal(slip_error_code(err), SLIP_CODE_KERNEL_PLACE);
    slip_error_free(err);
    f.image.reloc.offered = false; /* what then is wrong is the layout's to say */
    assert_int_equal(slip__kernel_place(&f.guest, &slip__machine_microvm, &f.image, &place, NULL),
                     0);
    assert_false(place.changes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identity_tables), cmocka_unit_test(zero_page),
        cmocka_unit_test(linux64_state),   cmocka_unit_test(linux32_state),
        cmocka_unit_test(initrd_places),   cmocka_unit_test(cmdline_limit),
        cmocka_unit_test(forced_elf),      cmocka_unit_test(multiboot1),
        cmocka_unit_test(multiboot2),      cmocka_unit_test(multiboot_modules_below_4_gib),
        cmocka_unit_test(choices),         cmocka_unit_test(bare_places),
        cmocka_unit_test(moved_kernels),
    };

    return cmocka_run_group_tests_name("protocols", tests, NULL, NULL);
}
