/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From PVH to Linux' native entry: builds a zero page from hvm_start_info, puts the protected-mode part of a bzImage
 * where it wants to be, and jumps. Module 0 is the bzImage and module 1 the initrd; or one module is both, one behind
 * the other.
 *
 * It runs on one CPU without paging, and so sees 4 GiB. It keeps nothing and calls nobody: what it can't do it says on
 * the serial port (and on port 0xe9, where hypervisors listen), and stops. It must not know which hypervisor it runs
 * on.
 */
#include <stdbool.h>
#include <stddef.h>

#include "abi.h"

#define PAGE     4096u
#define GIB4     0x100000000ull
#define LOW_END  0x100000u /* below is for real-mode vectors, video memory and old habits */
#define LINE_MAX 4095u
#define N_TABLES 6u /* PML4, PDPT and four page directories of 2 MiB pages: 4 GiB */

struct range {
    uint64_t start, end; /* end: one past the last byte */
};

/* What is in memory and may be still needed. */
enum busy { SELF, FILE, INITRD, LOAD, INFO, MEMMAP, MODLIST, LINE, N_BUSY };
#define HEED(what) (1u << (what))
#define HEED_ALL   (HEED(N_BUSY) - 1)

struct stub {
    const struct start_info *info;
    struct range busy[N_BUSY];  /* by enum busy */
    uint64_t code;              /* the bzImage's protected-mode part begins there */
    uint64_t load, need;        /* it goes there, and wants so much memory from there on */
    uint64_t initrd_to;         /* the initrd goes there */
    uint64_t align, initrd_max; /* initrd_max: one past its last byte */
    uint8_t *setup;             /* of the bzImage, then of the zero page */
    unsigned protocol;
    bool relocatable, bits64, above_4g;
};

extern uint8_t _start[] __attribute__((visibility("hidden")));
extern uint8_t memory_end[]
    __attribute__((visibility("hidden"))); /* relative to us, wherever we are */

static uint8_t zero_page[ZERO_PAGE_BYTES] __attribute__((aligned(4096)));
static uint64_t tables[N_TABLES][512] __attribute__((aligned(4096)));
static char line[LINE_MAX + 1];

void stub_main(const struct start_info *info, uint8_t *self);
void stub_jump(uint32_t entry, void *zero_page, uint32_t bits64, void *tables)
    __attribute__((noreturn));
/* GCC makes calls to these. */
void *memcpy(void *to, const void *from, size_t len);
void *memset(void *to, int value, size_t len);

void *memcpy(void *to, const void *from, size_t len)
{
    void *ret = to;

    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(len) : : "memory");
    return ret;
}

void *memset(void *to, int value, size_t len)
{
    void *ret = to;

    __asm__ volatile("rep stosb" : "+D"(to), "+c"(len) : "a"(value) : "memory");
    return ret;
}

static void move(uint64_t to, uint64_t from, uint64_t bytes)
{
    uint8_t *t = (uint8_t *)(uintptr_t)to, *f = (uint8_t *)(uintptr_t)from;
    uint32_t len = (uint32_t)bytes;

    if ((uintptr_t)t - (uintptr_t)f >= len) {
        memcpy(t, f, len);
        return;
    }
    t += len - 1;
    f += len - 1;
    __asm__ volatile("std; rep movsb; cld" : "+D"(t), "+S"(f), "+c"(len) : : "memory");
}

static void out(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t in(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static void say(const char *text)
{
    for (; *text; text++) {
        for (unsigned i = 0; i < 100000 && !(in(0x3fd) & 0x20); i++)
            ;
        out(0x3f8, (uint8_t)*text);
        out(0xe9, (uint8_t)*text);
    }
}

static void __attribute__((noreturn)) stop(const char *why)
{
    say("slipway stub: ");
    say(why);
    say("\r\n");
    for (;;)
        __asm__ volatile("cli; hlt");
}

/* Fields of foreign structures are nowhere aligned. */
struct __attribute__((packed, may_alias)) unaligned {
    union {
        uint16_t u16;
        uint32_t u32;
    };
};

static uint32_t get16(const uint8_t *at, unsigned offset)
{
    return ((const struct unaligned *)(at + offset))->u16;
}

static uint32_t get32(const uint8_t *at, unsigned offset)
{
    return ((const struct unaligned *)(at + offset))->u32;
}

static void put16(uint8_t *at, unsigned offset, uint32_t value)
{
    ((struct unaligned *)(at + offset))->u16 = (uint16_t)value;
}

static void put32(uint8_t *at, unsigned offset, uint32_t value)
{
    ((struct unaligned *)(at + offset))->u32 = value;
}

static void *pointer(uint64_t address, const char *why)
{
    if (address >= GIB4)
        stop(why);
    return (void *)(uintptr_t)address;
}

static bool overlap(const struct range *a, const struct range *b)
{
    return a->start < b->end && b->start < a->end;
}

static const struct memmap_entry *map(const struct stub *s, uint32_t index)
{
    return (const struct memmap_entry *)(uintptr_t)s->info->memmap + index;
}

/* Whether all of r is RAM; entries may touch each other. */
static bool is_ram(const struct stub *s, const struct range *r)
{
    uint64_t at = r->start;

    for (uint32_t i = 0; i < s->info->memmap_entries && at < r->end; i++) {
        const struct memmap_entry *e = map(s, i);

        if (e->type == TYPE_RAM && e->addr <= at && at < e->addr + e->size)
            at = e->addr + e->size;
    }
    return at >= r->end && r->end > r->start && r->end <= GIB4;
}

static uint64_t align_up(uint64_t value, uint64_t align)
{
    return (value + align - 1) & ~(align - 1);
}

/* Where r is in the way of what is heeded: its end, else 0. */
static uint64_t collides(const struct stub *s, const struct range *r, unsigned heed)
{
    for (unsigned i = 0; i < N_BUSY; i++) {
        if ((heed & HEED(i)) && overlap(r, &s->busy[i]))
            return s->busy[i].end;
    }
    return 0;
}

/* The lowest place for len bytes from min on and ending at or below max that is RAM and nothing heeded. 0: there is
 * none. What is free begins where something ends: RAM's entries apart, only those places need a look. */
static uint64_t find(const struct stub *s, uint64_t len, uint64_t align, uint64_t min, uint64_t max,
                     unsigned heed)
{
    uint64_t best = 0, end;
    struct range r;

    for (uint32_t i = 0; i < s->info->memmap_entries; i++) {
        const struct memmap_entry *e = map(s, i);

        if (e->type != TYPE_RAM || e->addr >= max)
            continue;
        r.start = align_up(e->addr < min ? min : e->addr, align);
        for (;;) {
            r.end = r.start + len;
            if (r.end > max || !is_ram(s, &r))
                break;
            end = collides(s, &r, heed);
            if (!end) {
                best = best && best < r.start ? best : r.start;
                break;
            }
            r.start = align_up(end, align);
        }
    }
    return best;
}

static void read_header(struct stub *s)
{
    const uint8_t *h = s->setup;
    uint64_t bytes = s->busy[FILE].end - s->code;

    s->relocatable = s->protocol >= 0x205 && h[RELOCATABLE];
    s->align = s->relocatable ? get32(h, KERNEL_ALIGNMENT) : PAGE;
    if (s->align < PAGE || (s->align & (s->align - 1)))
        s->align = 0x200000;
    s->load = OLD_LOAD_ADDRESS;
    s->need = OLD_GROWTH * bytes;
    if (s->protocol >= 0x20a) {
        s->load = get32(h, PREF_ADDRESS);
        s->need = get32(h, INIT_SIZE);
        if (get32(h, PREF_ADDRESS + 4))
            s->load = align_up(LOW_END, s->align);
    }
    if (s->need < bytes)
        s->need = bytes;
    s->initrd_max = (s->protocol >= 0x203 ? get32(h, INITRD_ADDR_MAX) : OLD_INITRD_MAX) + 1ull;
    if (s->protocol >= 0x20c) {
        s->bits64 = h[XLOADFLAGS] & XLF_KERNEL_64;
        s->above_4g = h[XLOADFLAGS] & XLF_ABOVE_4G;
    }
}

/* A signed kernel's certificates lie behind what its header tells of, and are no initrd (PE/COFF: optional header, data
 * directory 4: file offset, size). */
static uint64_t signed_end(const uint8_t *file, uint64_t bytes, uint64_t end)
{
    uint32_t pe = get32(file, 0x3c), directories, at, len;

    if (get16(file, 0) != 0x5a4d || pe > 0x400 || get32(file, pe) != 0x4550)
        return end;
    directories = pe + 24 + (get16(file, pe + 24) == 0x20b ? 112 : 96);
    at = get32(file, directories + 32);
    len = get32(file, directories + 36);
    if (at + 16ull < end || at > end + PAGE || (uint64_t)at + len > bytes)
        return end;
    return (uint64_t)at + len;
}

static void read_modules(struct stub *s)
{
    const struct module *m = pointer(s->info->modlist, "the module list is above 4 GiB");
    uint64_t bytes, setup, end;

    if (!s->info->nr_modules)
        stop("no module: the first is to be a bzImage");
    bytes = m[0].size;
    if (m[0].paddr + bytes > GIB4)
        stop("the bzImage is above 4 GiB");
    s->setup = pointer(m[0].paddr, "");
    if (bytes < 0x400 || get16(s->setup, BOOT_FLAG) != 0xaa55 ||
        get32(s->setup, HEADER_MAGIC) != HEADER_MAGIC_VALUE)
        stop("module 0 is no bzImage");
    s->protocol = get16(s->setup, PROTOCOL);
    if (s->protocol < 0x200 || !(s->setup[LOADFLAGS] & LOADED_HIGH))
        stop("module 0 is a zImage, which needs a BIOS");
    setup = 512 * (1 + (s->setup[SETUP_SECTS] ? s->setup[SETUP_SECTS] : 4u));
    end = setup +
          16ull * (s->protocol >= 0x204 ? get32(s->setup, SYSSIZE) : get16(s->setup, SYSSIZE));
    if (end > bytes + 16 || setup >= bytes)
        stop("the bzImage is cut off");
    if (end > bytes)
        end = bytes;
    s->code = m[0].paddr + setup;
    s->busy[FILE] = (struct range){m[0].paddr, m[0].paddr + end};
    if (s->info->nr_modules == 1)
        s->busy[INITRD] =
            (struct range){m[0].paddr + signed_end(s->setup, bytes, end), m[0].paddr + bytes};
    else
        s->busy[INITRD] = (struct range){m[1].paddr, m[1].paddr + m[1].size};
    if (s->info->nr_modules > 2)
        say("slipway stub: only the first two modules are used\r\n");
}

/* Where the kernel goes: where it prefers to; or elsewhere, if it can; or the initrd has to leave. A kernel unpacks
 * itself no lower than where it prefers to be, wherever it was put. Returns whether the initrd has to leave. */
static bool place_kernel(struct stub *s)
{
    struct range at = {s->load, s->load + s->need};
    uint64_t to;

    if (is_ram(s, &at) && !overlap(&at, &s->busy[INITRD]))
        return false;
    to = s->relocatable ? find(s, s->need, s->align, align_up(s->load, s->align), GIB4,
                               HEED(SELF) | HEED(INITRD))
                        : 0;
    if (!to && !is_ram(s, &at))
        stop("not enough memory where the kernel has to be");
    if (to)
        s->load = to;
    return !to;
}

/* Linux wants its initrd to begin with a page, but can live without. */
static void place_initrd(struct stub *s, bool must_move)
{
    const struct range *initrd = &s->busy[INITRD];
    uint64_t len = initrd->end - initrd->start, to;

    s->initrd_to = initrd->start;
    if (!len)
        return;
    must_move = must_move || (initrd->end > s->initrd_max && !s->above_4g);
    if (!must_move && !(initrd->start & (PAGE - 1)))
        return;
    to = find(s, len, PAGE, LOW_END, s->above_4g ? GIB4 : s->initrd_max, HEED_ALL & ~HEED(INITRD));
    if (!to)
        to = find(s, len, PAGE, LOW_END, s->above_4g ? GIB4 : s->initrd_max, HEED_ALL);
    if (!to && must_move)
        stop("no room for the initrd where this kernel can use it");
    if (to && initrd->end > GIB4)
        stop("the initrd is above 4 GiB, where this kernel can't use it, and out of my reach");
    if (to)
        s->initrd_to = to;
}

/* In the kernel's way: the same program elsewhere starts afresh. */
static void step_aside(const struct stub *s)
{
    uint64_t to;

    if (!overlap(&s->busy[SELF], &s->busy[LOAD]))
        return;
    to = find(s, s->busy[SELF].end - s->busy[SELF].start, PAGE, LOW_END, GIB4, HEED_ALL);
    if (!to)
        stop("no room for myself outside of the kernel's memory");
    memcpy((void *)(uintptr_t)to, (void *)(uintptr_t)s->busy[SELF].start,
           (size_t)(s->busy[SELF].end - s->busy[SELF].start));
    __asm__ volatile(
        "jmp *%0"
        :
        : "r"((uint32_t)to + (uint32_t)(uintptr_t)_start - (uint32_t)s->busy[SELF].start),
          "b"(s->info));
    __builtin_unreachable();
}

static void append(unsigned *n, const char *text)
{
    while (*text && *n < LINE_MAX)
        line[(*n)++] = *text++;
}

/* Kernels before 2.14 are told of the ACPI tables by their command line, if at all. */
static void append_rsdp(unsigned *n, uint32_t rsdp)
{
    char word[] = " acpi_rsdp=0x00000000";

    for (unsigned i = 0; i < 8; i++)
        word[sizeof(word) - 2 - i] = "0123456789abcdef"[rsdp >> (4 * i) & 15];
    append(n, word);
}

static void take_line(const struct stub *s)
{
    unsigned max = s->protocol >= 0x206 ? get32(s->setup, CMDLINE_SIZE) : OLD_CMDLINE_MAX, n = 0;

    if (s->info->cmdline)
        append(&n, pointer(s->info->cmdline, "the command line is above 4 GiB"));
    if (s->info->rsdp && s->protocol < 0x20e)
        append_rsdp(&n, (uint32_t)s->info->rsdp);
    if (n > max || n == LINE_MAX) {
        say("slipway stub: the kernel takes less of the command line than there is\r\n");
        n = n > max ? max : n;
    }
    line[n] = 0;
}

static void fill_map(const struct stub *s, uint8_t *zero)
{
    uint32_t n = s->info->memmap_entries;
    uint64_t ext = 0;

    if (n > E820_MAX)
        stop("the memory map has more entries than a zero page");
    for (uint32_t i = 0; i < n; i++) {
        memcpy(zero + E820_TABLE + 20 * i, map(s, i), 20);
        if (map(s, i)->type == TYPE_RAM && map(s, i)->addr <= LOW_END &&
            map(s, i)->addr + map(s, i)->size > LOW_END)
            ext = (map(s, i)->addr + map(s, i)->size - LOW_END) >> 10;
    }
    zero[E820_ENTRIES] = (uint8_t)n;
    if (ext > 0x3fffff)
        ext = 0x3fffff;
    put32(zero, ALT_MEM_K, (uint32_t)ext);
    put16(zero, EXT_MEM_K, ext > 0xfc00 ? 0xfc00 : (uint32_t)ext);
}

static uint8_t *fill_zero_page(const struct stub *s)
{
    unsigned end = HEADER_MAGIC + s->setup[HEADER_JUMP];
    uint64_t len = s->busy[INITRD].end - s->busy[INITRD].start;
    uint8_t *zero = zero_page;

    memcpy(zero + HEADER_START, s->setup + HEADER_START,
           (end > HEADER_END_MAX ? HEADER_END_MAX : end) - HEADER_START);
    zero[TYPE_OF_LOADER] = LOADER_UNDEFINED;
    put32(zero, CODE32_START, (uint32_t)s->load);
    if (len) {
        put32(zero, RAMDISK_IMAGE, (uint32_t)s->initrd_to);
        put32(zero, RAMDISK_SIZE, (uint32_t)len);
        put32(zero, EXT_RAMDISK_IMAGE, (uint32_t)(s->initrd_to >> 32));
        put32(zero, EXT_RAMDISK_SIZE, (uint32_t)(len >> 32));
    }
    put32(zero, ACPI_RSDP, (uint32_t)s->info->rsdp);
    put32(zero, ACPI_RSDP + 4, (uint32_t)(s->info->rsdp >> 32));
    fill_map(s, zero);
#ifdef STUB_MERGE
    put32(zero, HARDWARE_SUBARCH, SUBARCH_XEN);
    put32(zero, SUBARCH_DATA, (uint32_t)(uintptr_t)s->info);
#endif
    if (s->protocol >= 0x202) {
        put32(zero, CMD_LINE_PTR, (uint32_t)(uintptr_t)line);
        return zero;
    }
    /* Kernels this old know one place for both. */
    put16(zero, OLD_CL_MAGIC, OLD_CL_MAGIC_VALUE);
    put16(zero, OLD_CL_OFFSET, OLD_LINE);
    memcpy((void *)(uintptr_t)(OLD_ZERO_PAGE + OLD_LINE), line, OLD_CMDLINE_MAX + 1);
    return memcpy((void *)(uintptr_t)OLD_ZERO_PAGE, zero, ZERO_PAGE_BYTES);
}

static bool has_long_mode(void)
{
    uint32_t a = 0x80000000, b, c, d;

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
    if (a < 0x80000001)
        return false;
    a = 0x80000001;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
    return d >> 29 & 1;
}

/* The first 4 GiB where they are. */
static void *make_tables(void)
{
    tables[0][0] = (uintptr_t)tables[1] | 3;
    for (unsigned i = 0; i < 4; i++) {
        tables[1][i] = (uintptr_t)tables[2 + i] | 3;
        for (unsigned k = 0; k < 512; k++)
            tables[2 + i][k] = (uint64_t)(i * 512 + k) << 21 | 0x83;
    }
    return tables;
}

static void read_info(struct stub *s, const struct start_info *info, uint8_t *self)
{
    if (info->magic != START_MAGIC)
        stop("ebx points to no hvm_start_info");
    if (info->version < 1 || !info->memmap_entries)
        stop("the loader gives no memory map (hvm_start_info of version 0)");
    pointer(info->memmap, "the memory map is above 4 GiB");
    s->info = info;
    s->busy[SELF] = (struct range){(uintptr_t)self, (uintptr_t)memory_end};
    s->busy[INFO] = (struct range){(uintptr_t)info, (uintptr_t)info + sizeof(*info)};
    s->busy[MEMMAP] = (struct range){info->memmap, info->memmap + info->memmap_entries *
                                                                      sizeof(struct memmap_entry)};
    s->busy[MODLIST] =
        (struct range){info->modlist, info->modlist + info->nr_modules * sizeof(struct module)};
    s->busy[LINE] = (struct range){info->cmdline, info->cmdline + PAGE};
}

void stub_main(const struct start_info *info, uint8_t *self)
{
    struct stub s = {0};
    uint8_t *zero;
    bool must_move;

    read_info(&s, info, self);
    read_modules(&s);
    read_header(&s);
    must_move = place_kernel(&s);
    s.busy[LOAD] = (struct range){s.load, s.load + s.need};
    place_initrd(&s, must_move);
    step_aside(&s);
    take_line(&s);
    zero = fill_zero_page(&s);
    /* From here on nothing but ourselves, these two and the zero page has to survive. */
    if (s.initrd_to != s.busy[INITRD].start)
        move(s.initrd_to, s.busy[INITRD].start, s.busy[INITRD].end - s.busy[INITRD].start);
    move(s.load, s.code, s.busy[FILE].end - s.code);
    s.bits64 = s.bits64 && has_long_mode();
    stub_jump((uint32_t)s.load + (s.bits64 ? ENTRY64 : 0), zero, s.bits64,
              s.bits64 ? make_tables() : NULL);
}
