/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `slipway conform -e null`: what can be judged of a guest that was recorded and not run: its memory and the first
 * vCPU's registers. Follows the same pointers as the guest would. It must not know how the builder places things.
 */
#include "conform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOAD_GPA 0x100000u /* rom/probe/probe.lds */
#define KERNEL_BYTES \
    4096u /* of the probe, from its second page on: the first one of PV guests' is Xen's */
#define SCAN_BYTES  65536u
#define START_MAGIC 0x336ec578u

struct record {
    struct conform_protocol *p;
    const struct conform_case *c;
    json_t *plan;
    int ram;
};

static bool read_ram(const struct record *r, uint64_t gpa, void *ret, size_t len)
{
    return pread(r->ram, ret, len, (off_t)gpa) == (ssize_t)len;
}

static uint64_t number(const struct record *r, uint64_t gpa, unsigned bytes)
{
    unsigned char data[8] = {0};
    uint64_t value = 0;

    if (!read_ram(r, gpa, data, bytes))
        return 0;
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)data[i] << (8 * i);
    return value;
}

static void judge(const struct record *r, const char *name, const char *text, bool holds)
{
    conform_judge(r->p, r->c, name, text, holds ? CONFORM_PASSED : CONFORM_MISSED, NULL);
}

static uint64_t gpa_of(const json_t *piece)
{
    return (uint64_t)json_integer_value(json_object_get(piece, "gpa"));
}

static uint64_t end_of(const json_t *piece)
{
    return gpa_of(piece) + (uint64_t)json_integer_value(json_object_get(piece, "bytes"));
}

static uint64_t reg(const struct record *r, const char *name)
{
    return (uint64_t)json_integer_value(
        json_object_get(json_object_get(json_object_get(r->plan, "start"), "registers"), name));
}

static bool is_there(const struct record *r, uint64_t gpa, const void *data, size_t len)
{
    char *found = malloc(len + 1);
    bool same = found && read_ram(r, gpa, found, len) && memcmp(found, data, len) == 0;

    free(found);
    return same;
}

static void check_line(const struct record *r, uint64_t gpa)
{
    judge(r, "cmdline", "byte-exact to its NUL",
          gpa && is_there(r, gpa, r->c->line, strlen(r->c->line) + 1));
}

static bool has_module(const struct record *r, unsigned i, uint64_t gpa, uint64_t bytes)
{
    return i < r->c->n_modules && bytes == r->c->module_bytes[i] &&
           is_there(r, gpa, r->c->modules[i], bytes);
}

/* RAM entries of the map that the guest is told, gpa, bytes and type per entry, must be those of the plan. */
static void check_map(const struct record *r, uint64_t gpa, uint64_t count, unsigned stride)
{
    const json_t *map = json_object_get(r->plan, "memory_map");
    uint64_t last = 0;
    bool same = count == json_array_size(map), sorted = true;

    for (uint64_t i = 0; same && i < count; i++) {
        uint64_t start = number(r, gpa + i * stride, 8), bytes = number(r, gpa + i * stride + 8, 8);
        const json_t *entry = json_array_get(map, i);

        same = start == gpa_of(entry) && start + bytes == end_of(entry);
        sorted = sorted && bytes && start >= last;
        last = start + bytes;
    }
    judge(r, "map", "as the plan says", same);
    judge(r, "map-sorted", "ascending, no entry empty or over another", sorted);
}

static bool mode_is(const struct record *r, const char *mode)
{
    const char *found =
        json_string_value(json_object_get(json_object_get(r->plan, "start"), "mode"));

    return found && strcmp(found, mode) == 0;
}

static void check_pvh(const struct record *r)
{
    uint64_t info = reg(r, "ebx"), list = number(r, info + 16, 8);
    bool modules = number(r, info + 12, 4) == r->c->n_modules;

    judge(r, "mode", "32-bit", mode_is(r, "32-bit"));
    judge(r, "start-info", "ebx points to it, magic, version 1",
          number(r, info, 4) == START_MAGIC && number(r, info + 4, 4) == 1);
    for (unsigned i = 0; i < r->c->n_modules; i++)
        modules = modules &&
                  has_module(r, i, number(r, list + 32 * i, 8), number(r, list + 32 * i + 8, 8));
    judge(r, "modules", "as many as given, sizes and contents byte-exact", modules);
    check_line(r, number(r, info + 24, 8));
    check_map(r, number(r, info + 40, 8), number(r, info + 48, 4), 24);
}

static void check_linux(const struct record *r)
{
    bool wide = strcmp(r->p->name, "linux64") == 0;
    uint64_t zero = reg(r, wide ? "rsi" : "esi");
    uint64_t initrd = number(r, zero + 0x218, 4) | number(r, zero + 0xc0, 4) << 32;
    uint64_t bytes = number(r, zero + 0x21c, 4) | number(r, zero + 0xc4, 4) << 32;

    judge(r, "mode", "64-bit or 32-bit, as the protocol has it",
          mode_is(r, wide ? "64-bit" : "32-bit"));
    judge(r, "registers", "ebp, edi and ebx are zero",
          wide || !(reg(r, "ebp") | reg(r, "edi") | reg(r, "ebx")));
    judge(r, "zero-page", "rsi points to it, the setup header is in it, type_of_loader set",
          number(r, zero + 0x202, 4) == 0x53726448 && number(r, zero + 0x210, 1) != 0);
    judge(r, "modules", "the initrd, byte-exact",
          r->c->n_modules ? has_module(r, 0, initrd, bytes) : !bytes);
    check_line(r, number(r, zero + 0x228, 4) | number(r, zero + 0xc8, 4) << 32);
    check_map(r, zero + 0x2d0, number(r, zero + 0x1e8, 1), 20);
}

static void check_multiboot1(const struct record *r)
{
    uint64_t info = reg(r, "ebx"), list = number(r, info + 24, 4);
    bool modules = number(r, info + 20, 4) == r->c->n_modules;

    judge(r, "mode", "32-bit", mode_is(r, "32-bit"));
    judge(r, "magic", "in eax", reg(r, "eax") == 0x2badb002);
    for (unsigned i = 0; i < r->c->n_modules; i++) {
        uint64_t start = number(r, list + 16 * i, 4);

        modules = modules && has_module(r, i, start, number(r, list + 16 * i + 4, 4) - start);
    }
    judge(r, "modules", "as many as given, sizes and contents byte-exact", modules);
    check_line(r, number(r, info + 16, 4));
}

static void check_multiboot2(const struct record *r)
{
    uint64_t info = reg(r, "ebx"), total = number(r, info, 4), tag = 8, line = 0;
    unsigned n = 0;
    bool modules = true;

    judge(r, "mode", "32-bit", mode_is(r, "32-bit"));
    judge(r, "magic", "in eax", reg(r, "eax") == 0x36d76289);
    while (tag + 8 <= total && number(r, info + tag, 4) && number(r, info + tag + 4, 4) >= 8) {
        uint64_t start = number(r, info + tag + 8, 4);

        if (number(r, info + tag, 4) == 1)
            line = info + tag + 8;
        if (number(r, info + tag, 4) == 3)
            modules = has_module(r, n++, start, number(r, info + tag + 12, 4) - start) && modules;
        tag = (tag + number(r, info + tag + 4, 4) + 7) & ~7ull;
    }
    judge(r, "tags", "end in an end tag, where the total says", tag + 8 == total);
    judge(r, "modules", "as many as given, sizes and contents byte-exact",
          modules && n == r->c->n_modules);
    check_line(r, line);
}

/* A PV guest's start info names virtual addresses; the probe's begin at 0, so they are those of its memory. */
static void check_pv(const struct record *r)
{
    const char *text =
        json_string_value(json_object_get(json_object_get(r->plan, "start"), "start_info"));
    uint64_t info = text ? strtoull(text, NULL, 16) : 0;

    judge(r, "start-info", "magic, as many pages as given",
          is_there(r, info, "xen-3.0-x86_64", 15) && number(r, info + 32, 8) == (uint64_t)r->c->mib
                                                                                    << 8);
    judge(r, "modules", "the module, byte-exact",
          r->c->n_modules ? has_module(r, 0, number(r, info + 112, 8), number(r, info + 120, 8))
                          : !number(r, info + 120, 8));
    check_line(r, info + 128);
}

static const json_t *piece_at(const json_t *pieces, uint64_t gpa)
{
    const json_t *piece;
    size_t i;

    json_array_foreach((json_t *)pieces, i, piece)
    {
        if (gpa >= gpa_of(piece) && gpa < end_of(piece))
            return piece;
    }
    return NULL;
}

/* The first byte of data, of memory at gpa, that is in no piece and not zero; len: there is none. */
static size_t dirt(const json_t *pieces, uint64_t gpa, const unsigned char *data, size_t len)
{
    const json_t *owner;
    size_t at = 0;

    while (at < len) {
        if (!data[at]) {
            at++;
        } else {
            owner = piece_at(pieces, gpa + at);
            if (!owner)
                return at;
            at = end_of(owner) - gpa < len ? (size_t)(end_of(owner) - gpa) : len;
        }
    }
    return len;
}

static void check_zero(const struct record *r)
{
    const json_t *pieces = json_object_get(r->plan, "pieces");
    static unsigned char data[SCAN_BYTES];
    off_t at = 0;
    ssize_t n;
    bool clean = true;

    /* Holes are zero. */
    while (clean && (at = lseek(r->ram, at, SEEK_DATA)) >= 0) {
        n = pread(r->ram, data, sizeof(data), at);
        if (n <= 0)
            break;
        clean = dirt(pieces, (uint64_t)at, data, (size_t)n) == (size_t)n;
        at += n;
    }
    judge(r, "zero", "RAM that nothing was put into is zero", clean);
}

static void check_pieces(const struct record *r)
{
    const json_t *pieces = json_object_get(r->plan, "pieces"),
                 *ram = json_object_get(r->plan, "ram"), *piece, *region;
    bool apart = true, inside = true;
    uint64_t last = 0;
    size_t i, k;

    json_array_foreach((json_t *)pieces, i, piece)
    {
        bool found = false;

        apart = apart && gpa_of(piece) >= last;
        last = end_of(piece);
        json_array_foreach((json_t *)ram, k, region) found =
            found || (gpa_of(piece) >= gpa_of(region) && end_of(piece) <= end_of(region));
        inside = inside && found;
    }
    judge(r, "overlap", "nothing that was handed over lies on something else", apart && last);
    judge(r, "in-ram", "all of it lies in RAM", inside);
}

static const struct {
    const char *name;
    size_t image_offset; /* of what is at LOAD_GPA */
    void (*check)(const struct record *r);
} protocols[] = {
    {"pvh", 4096, check_pvh},
    {"linux64", 4608, check_linux},
    {"linux32", 4608, check_linux},
    {"multiboot1", 4096, check_multiboot1},
    {"multiboot2", 4096, check_multiboot2},
    {"xen-pv", 4096, check_pv},
};

static void check_all(const struct record *r)
{
    const char *protocol = json_string_value(json_object_get(r->plan, "protocol"));

    for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
        if (strcmp(protocols[i].name, r->p->name) != 0)
            continue;
        judge(r, "started", "by the protocol that was asked for",
              protocol && strcmp(protocol, r->p->name) == 0);
        judge(r, "kernel", "byte-exact where it is linked",
              is_there(r, LOAD_GPA, r->p->image + protocols[i].image_offset, KERNEL_BYTES));
        protocols[i].check(r);
    }
    check_pieces(r);
    check_zero(r);
}

bool conform_static(struct conform_protocol *p, const struct conform_case *c, const char *folder)
{
    struct record r = {.p = p, .c = c, .ram = -1};
    char path[128];
    bool read;

    snprintf(path, sizeof(path), "%s/plan.json", folder);
    r.plan = json_load_file(path, 0, NULL);
    snprintf(path, sizeof(path), "%s/ram.img", folder);
    r.ram = open(path, O_RDONLY | O_CLOEXEC);
    read = r.plan && r.ram >= 0;
    if (read)
        check_all(&r);
    json_decref(r.plan);
    if (r.ram >= 0)
        close(r.ram);
    return read;
}
