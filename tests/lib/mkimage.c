/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kernel files for tests; see mkimage.h. Layouts: System V ABI, chapter 4 and 5; Linux, Documentation/arch/x86/boot.rst. */
#include "mkimage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"

static void need(int ok)
{
    if (!ok) {
        fprintf(stderr, "mkimage: out of memory or a library failed\n");
        abort();
    }
}

struct field {
    const char *name;
    size_t at32, at64;
};

static const struct field ehdr_fields[] = {
    {"class", 4, 4},       {"data", 5, 5},    {"version", 6, 6},     {"type", 16, 16},
    {"machine", 18, 18},   {"entry", 24, 24}, {"phoff", 28, 32},     {"shoff", 32, 40},
    {"phentsize", 42, 54}, {"phnum", 44, 56}, {"shentsize", 46, 58}, {"shnum", 48, 60},
};
static const struct field phdr_fields[] = {
    {"type", 0, 0},    {"flags", 24, 4},   {"offset", 4, 8},  {"vaddr", 8, 16},
    {"paddr", 12, 24}, {"filesz", 16, 32}, {"memsz", 20, 40},
};

static size_t find_field(const struct field *fields, size_t n, unsigned bits, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(fields[i].name, name) == 0)
            return bits == 64 ? fields[i].at64 : fields[i].at32;
    }
    need(0);
    return 0;
}

size_t mk_ehdr_field(unsigned bits, const char *name)
{
    return find_field(ehdr_fields, sizeof(ehdr_fields) / sizeof(ehdr_fields[0]), bits, name);
}

size_t mk_phdr_field(unsigned bits, unsigned index, const char *name)
{
    size_t at = find_field(phdr_fields, sizeof(phdr_fields) / sizeof(phdr_fields[0]), bits, name);

    return (bits == 64 ? 64 + 56 * index : 52 + 32 * index) + at;
}

static void put_phdr(struct slip_buf *out, unsigned bits, const struct mk_phdr *p, unsigned size)
{
    size_t start = out->len;
    unsigned w = bits / 8;

    slip__buf_uint(out, p->type, 4);
    if (bits == 64)
        slip__buf_uint(out, p->flags, 4);
    slip__buf_uint(out, p->offset, w);
    slip__buf_uint(out, p->vaddr, w);
    slip__buf_uint(out, p->paddr, w);
    slip__buf_uint(out, p->filesz, w);
    slip__buf_uint(out, p->memsz, w);
    if (bits == 32)
        slip__buf_uint(out, p->flags, 4);
    slip__buf_uint(out, p->align, w);
    while (out->len < start + size)
        slip__buf_putc(out, 0x5a);
}

static void put_shdr(struct slip_buf *out, unsigned bits, const struct mk_section *s)
{
    unsigned w = bits / 8;

    slip__buf_uint(out, 0, 4);
    slip__buf_uint(out, s->type, 4);
    slip__buf_uint(out, 0, w);
    slip__buf_uint(out, 0, w);
    slip__buf_uint(out, s->offset, w);
    slip__buf_uint(out, s->size, w);
    slip__buf_uint(out, 0, 4);
    slip__buf_uint(out, 0, 4);
    slip__buf_uint(out, 1, w);
    slip__buf_uint(out, 0, w);
}

static void put_ehdr(struct slip_buf *out, const struct mk_elf *elf, unsigned phentsize,
                     uint64_t shoff)
{
    unsigned w = elf->bits / 8;

    slip__buf_put(out, "\177ELF", 4);
    slip__buf_uint(out, elf->bits / 32, 1);
    slip__buf_uint(out, 1, 1);
    slip__buf_uint(out, 1, 1);
    slip__buf_uint(out, 0, 8);
    slip__buf_uint(out, 0, 1);
    slip__buf_uint(out, elf->type ? elf->type : 2, 2);
    slip__buf_uint(out, elf->machine ? elf->machine : elf->bits == 64 ? 62u : 3u, 2);
    slip__buf_uint(out, 1, 4);
    slip__buf_uint(out, elf->entry, w);
    slip__buf_uint(out, elf->bits == 64 ? 64 : 52, w);
    slip__buf_uint(out, shoff, w);
    slip__buf_uint(out, 0, 4);
    slip__buf_uint(out, elf->bits == 64 ? 64 : 52, 2);
    slip__buf_uint(out, phentsize, 2);
    slip__buf_uint(out, elf->n_phdrs, 2);
    slip__buf_uint(out, elf->bits == 64 ? 64 : 40, 2);
    slip__buf_uint(out, shoff ? elf->n_sections + 1 : 0, 2);
    slip__buf_uint(out, 0, 2);
}

/* Gives everything with data its place from at on; returns the end. */
static uint64_t place(struct mk_elf *elf, uint64_t at)
{
    for (unsigned i = 0; i < elf->n_phdrs; i++) {
        if (elf->phdrs[i].data) {
            elf->phdrs[i].offset = at;
            at += (elf->phdrs[i].filesz + 7) & ~7ull;
        }
    }
    for (unsigned i = 0; i < elf->n_sections; i++) {
        if (elf->sections[i].data) {
            elf->sections[i].offset = at;
            at += (elf->sections[i].size + 7) & ~7ull;
        }
    }
    return at;
}

static void put_at(struct slip_buf *out, const void *data, uint64_t size, uint64_t offset)
{
    if (!data)
        return;
    while (out->len < offset)
        slip__buf_putc(out, 0);
    slip__buf_put(out, data, size);
}

void mk_elf(struct mk_elf *elf, struct slip_buf *out)
{
    unsigned phentsize = elf->phentsize ? elf->phentsize : elf->bits == 64 ? 56 : 32;
    uint64_t headers = (elf->bits == 64 ? 64u : 52u) + (uint64_t)elf->n_phdrs * phentsize;
    uint64_t end = place(elf, elf->data_at > headers ? elf->data_at : (headers + 15) & ~15ull);

    put_ehdr(out, elf, phentsize, elf->n_sections ? end : 0);
    for (unsigned i = 0; i < elf->n_phdrs; i++)
        put_phdr(out, elf->bits, &elf->phdrs[i], phentsize);
    for (unsigned i = 0; i < elf->n_phdrs; i++)
        put_at(out, elf->phdrs[i].data, elf->phdrs[i].filesz, elf->phdrs[i].offset);
    for (unsigned i = 0; i < elf->n_sections; i++)
        put_at(out, elf->sections[i].data, elf->sections[i].size, elf->sections[i].offset);
    while (out->len < end)
        slip__buf_putc(out, 0);
    if (elf->n_sections)
        put_shdr(out, elf->bits, &(struct mk_section){0});
    for (unsigned i = 0; i < elf->n_sections; i++)
        put_shdr(out, elf->bits, &elf->sections[i]);
    need(!out->failed);
}

void mk_note(struct slip_buf *out, const char *name, uint32_t name_bytes, uint32_t type,
             const void *desc, uint32_t desc_bytes)
{
    slip__buf_uint(out, name_bytes, 4);
    slip__buf_uint(out, desc_bytes, 4);
    slip__buf_uint(out, type, 4);
    slip__buf_put(out, name, name_bytes);
    slip__buf_align(out, 4);
    slip__buf_put(out, desc, desc_bytes);
    slip__buf_align(out, 4);
}

void mk_xen_note(struct slip_buf *out, uint32_t type, uint64_t value, unsigned bytes)
{
    uint8_t desc[8];

    for (unsigned i = 0; i < 8; i++)
        desc[i] = (uint8_t)(value >> (8 * i));
    mk_note(out, "Xen", 4, type, desc, bytes);
}

void mk_bzimage(struct mk_bzimage *bz, struct slip_buf *out)
{
    unsigned sects = bz->setup_sects ? bz->setup_sects : 4;
    size_t setup = (sects + 1) * 512u, stub = 96;
    size_t rest = (stub + bz->payload_bytes + 15) & ~(size_t)15;

    while (out->len < setup + stub)
        slip__buf_putc(out, 0);
    slip__buf_patch(out, 0x1f1, bz->setup_sects, 1);
    slip__buf_patch(out, 0x1f4, rest / 16, 4);
    slip__buf_patch(out, 0x1fe, 0xaa55, 2);
    slip__buf_patch(out, 0x202, 0x53726448, 4);
    slip__buf_patch(out, 0x206, bz->protocol ? bz->protocol : 0x20f, 2);
    slip__buf_patch(out, 0x211, 1, 1);
    slip__buf_patch(out, 0x214, 0x100000, 4);
    slip__buf_patch(out, 0x236, bz->xloadflags, 2);
    slip__buf_patch(out, 0x248, stub, 4);
    slip__buf_patch(out, 0x24c, bz->payload_bytes, 4);
    slip__buf_patch(out, 0x258, 0x1000000, 8);
    if (bz->version) {
        slip__buf_patch(out, 0x20e, 0x400 - 0x200, 2);
        memcpy(out->data + 0x400, bz->version, strlen(bz->version));
    }
    bz->payload_at = out->len;
    slip__buf_put(out, bz->payload, bz->payload_bytes);
    while (out->len < setup + rest)
        slip__buf_putc(out, 0);
    need(!out->failed);
}

void mk_payload(const char *codec, const void *bytes, size_t len, struct slip_buf *out)
{
    mk_compress(codec, bytes, len, out);
    if (strcmp(codec, "gzip") != 0 && strcmp(codec, "none") != 0)
        slip__buf_uint(out, len, 4);
}

int mk_fd(const void *bytes, size_t len)
{
    int fd = memfd_create("slipway-test", MFD_CLOEXEC);

    need(fd >= 0 && slip__write_all(fd, bytes, len) == 0);
    return fd;
}

static void *map(struct slip_ram *ram, uint64_t gpa, uint64_t len, struct slip_error **err)
{
    (void)len;
    (void)err;
    return ((struct mk_ram *)ram)->bytes + (gpa - ram->regions[0].gpa);
}

void mk_ram_init(struct mk_ram *ram, uint64_t gpa, size_t bytes)
{
    *ram = (struct mk_ram){.ram = {.n_regions = 1, .regions = {{gpa, bytes}}, .map = map}};
    ram->bytes = calloc(1, bytes);
    need(ram->bytes != NULL);
}

void mk_ram_dispose(struct mk_ram *ram)
{
    free(ram->bytes);
}

const uint8_t *mk_ram_at(const struct mk_ram *ram, uint64_t gpa)
{
    return ram->bytes + (gpa - ram->ram.regions[0].gpa);
}

void mk_fill(uint8_t *bytes, size_t len, unsigned seed)
{
    uint32_t x = seed * 2654435761u + 1;

    for (size_t i = 0; i < len; i++) {
        x = x * 1664525u + 1013904223u;
        bytes[i] = i % 4096 < 256 ? (uint8_t)(x >> 24) : (uint8_t)(i >> 12);
    }
}
