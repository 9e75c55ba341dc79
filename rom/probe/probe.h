/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The probe: a guest that tells from inside what a loader handed over. One program at 1 MiB in three files: an ELF32
 * with a PVH note and both Multiboot headers, an ELF64 with Xen's PV notes, and a file shaped like a bzImage. entry.S
 * saves everything before anything of it is touched; from then on it runs in 64-bit mode, whatever it came from.
 *
 * It prints one TAP line per clause, "ok 3 - cr0: ..." with the clause's short name first, "# SKIP why" at what can't
 * be seen here. What only the host knows (modules, memory, vCPUs) comes in the command line, see expect.c. It must not
 * know who loaded it, and takes no number from Slipway's own headers.
 */
#ifndef SLIP_PROBE_H
#define SLIP_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE 4096ull
#define GIB4 0x100000000ull

enum protocol { PVH = 1, LINUX32, LINUX64, MULTIBOOT1, MULTIBOOT2, XEN_PV, LINUX16 };

/* What the first instruction found: filled by entry.S, in this order. */
struct saved {
    uint64_t protocol;
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rflags, cr0, cr3, cr4, efer;
    uint64_t cs, ds, es, ss, fs, gs, tr, ldt;
    uint64_t gdt_limit, gdt_base, idt_limit, idt_base;
    uint64_t
        bss_dirty;   /* address of the first byte of our own bss that was not zero; 0: all were */
    uint64_t passed; /* bits of enum segment_test */
};
extern struct saved saved;

/* What entry.S tried with the loader's own segments, in 32-bit mode. */
enum segment_test {
    CS_32BIT,
    CS_READ,
    CS_LIMIT,
    DS_READ,
    DS_WRITE,
    DS_LIMIT,
    ES_READ,
    ES_WRITE,
    ES_LIMIT,
    SS_WRITE,
    SS_LIMIT,
    SS_32BIT,
    FS_LIMIT,
    GS_LIMIT
};

/* task.S, the last test of all: what the loader's task register does. Bits of the answer. */
#define TASK_IO_DENIED 1u /* no port beyond the limit 0x67 is open to ring 3 */
#define TASK_SWITCHED  2u /* the state was saved as a 32-bit TSS at 0 takes it */
uint32_t task_test(bool ring3);

extern char image_start[], bss_end[], hypercall_page[];

/* report.c */
void console_init(void);
void print(const char *text);
void print_hex(uint64_t value);
void console_flush(void);
/* One clause. more: NULL, or a name for value, printed if it does not hold. */
void clause(const char *name, bool holds, const char *more, uint64_t value);
void skip(const char *name, const char *why);
void note(const char *name, uint64_t value); /* a line that is no test */
/* The plan line. Returns whether all held. */
bool report_end(void);

/* memory.c: what is where. Addresses are guest-physical. */
#define RAM_TYPE 1u
struct area {
    uint64_t start, end; /* one past the last byte */
    uint32_t type;       /* of the memory map */
    const char *what;    /* of a piece */
};
void map_add(uint64_t start, uint64_t bytes, uint32_t type);
/* Something that the loader has put there. acpi: belongs in reserved memory, everything else in RAM. */
void piece_add(const char *what, uint64_t start, uint64_t bytes);
void piece_add_acpi(const char *what, uint64_t start, uint64_t bytes);
void memory_check(void);
bool is_ram(uint64_t start, uint64_t bytes);
/* A pointer to guest-physical memory: below 4 GiB as long as one likes, above that until the next call. */
void *at(uint64_t address);
uint64_t text_bytes(uint64_t address);
uint32_t checksum(uint64_t address, uint64_t bytes);

/* expect.c: what the host said. */
struct expected {
    bool told;
    uint64_t vcpus, memory_kib, n_modules;
    struct {
        uint64_t bytes, sum;
    } modules[64];
};
extern struct expected expected;
/* prefix_allowed: a loader may put the file's name in front. */
void check_cmdline(uint64_t address, bool prefix_allowed);
void check_modules(uint64_t n, uint64_t (*module)(uint64_t index, uint64_t *ret_bytes));

/* acpi.c, cpus.c */
#define MAX_CPUS 256u
extern uint8_t apic_ids[MAX_CPUS];
extern unsigned n_apic_ids;
void check_acpi(uint64_t rsdp, bool is_copy); /* is_copy: the RSDP, inside of something else */
uint64_t find_rsdp(void);
void check_cpus(void);
bool acpi_poweroff(void);

/* xen.c */
bool xen_found(void);
void xen_init(void);
long hypercall(unsigned nr, unsigned long a, unsigned long b, unsigned long c);
void xen_notify(uint32_t port);
void xen_shutdown(void);
struct xen_console {
    volatile uint8_t *ring;
    uint32_t port;
};
extern struct xen_console xen_console;

/* One each. */
void check_pvh(void);
void check_linux(void);
void check_multiboot(void);
void check_pv(void);
void check_segments(bool bits32);

static inline void out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void out16(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t in8(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void barrier(void)
{
    __asm__ volatile("" ::: "memory");
}

static inline uint64_t read_tsc(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static inline void cpuid(uint32_t leaf, uint32_t ret[4])
{
    __asm__ volatile("cpuid"
                     : "=a"(ret[0]), "=b"(ret[1]), "=c"(ret[2]), "=d"(ret[3])
                     : "a"(leaf), "c"(0));
}

/* Fields of foreign structures are nowhere aligned. */
static inline uint64_t get(const void *at, unsigned offset, unsigned bytes)
{
    const volatile uint8_t *from = (const volatile uint8_t *)at + offset;
    uint64_t value = 0;

    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)from[i] << (8 * i);
    return value;
}

#endif
