/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Small guests for real Xen that report from inside what their first instruction found, and then end as their command line
 * says. One program in three builds: PVH (32-bit), PV (64-bit), PV (32-bit PAE). Everything about Xen is from its own public
 * headers, not from ours, so that a wrong number of ours is noticed. The guests judge little: they print "name value" lines
 * (hexadecimal) on the console, and the tests compare.
 */
#ifndef SLIP_TEST_GUEST_H
#define SLIP_TEST_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/xen.h>

#define PAGE 4096ul

/* What the first instruction found, saved by start_*.S in this order. */
struct boot {
    unsigned long info; /* PVH: ebx, PV: esi or rsi */
    unsigned long stack, flags, cs, ss, ds, es, cr0, cr3, cr4;
    unsigned long efer, tr, gdt_limit, idt_limit, eax; /* PVH only */
};
extern struct boot boot;
extern char stack_end[]; /* of the guest's own stack */
extern char hypercall_page[];

/* The container's half, in pvh.c and pv.c. */
struct shared {
    struct xencons_interface *console;
    struct xenstore_domain_interface *store;
    uint32_t console_port, store_port;
    const volatile struct shared_info *info; /* NULL: it could not be mapped */
};
/* Makes hypercalls work and finds what is shared with others, and the command line, which may not be there (NULL). */
void container_init(struct shared *ret, const char **ret_cmdline);
void container_report(void);
extern const char container_name[];

/* multiboot.c: was it a Multiboot loader that started this? Then boot.info is what it hands over, and no start info. */
bool multiboot_started(void);
const char *multiboot_cmdline(void); /* NULL: none */
void multiboot_report(void);

/* hypercall.c: negative errno on failure. */
long hypercall(unsigned nr, unsigned long a, unsigned long b, unsigned long c, unsigned long d);
void notify(uint32_t port);
void shutdown(unsigned reason) __attribute__((noreturn));
/* Sleeps for some milliseconds, so that a waiting guest leaves the CPU to others. */
void rest(void);
/* Sleeps for ever. */
void halt(void) __attribute__((noreturn));
void clock_init(const volatile struct shared_info *info);

/* console.c */
void console_init(const struct shared *shared);
void print(const char *text);
void print_bytes(const char *text, size_t len);
void print_hex(unsigned long long value);
void report(const char *name, unsigned long long value);
/* The next byte that was typed, -1: none yet. */
int console_read(void);
/* Until everything printed was taken away, or nobody seems to. */
void console_flush(void);

/* store.c: this guest's own XenStore nodes, relative to its folder. */
void store_init(const struct shared *shared);
/* The length, or -1 (no such node, no answer). The value in ret ends in 0. */
int store_read(const char *path, char *ret, size_t size);
int store_write(const char *path, const char *value);

/* grants.c: reports the entries that the toolstack left for the console and the store. table: entries of version 1. */
void report_grants(const volatile void *table);

static inline void barrier(void)
{
    __asm__ volatile("" ::: "memory");
}

/* A sum that knows the order of the bytes, as start.asm makes it. */
static inline uint32_t checksum(const volatile unsigned char *at, size_t len)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < len; i++)
        sum = ((sum << 1) | (sum >> 31)) + at[i];
    return sum;
}

static inline size_t length(const char *text)
{
    size_t n = 0;

    while (text[n])
        n++;
    return n;
}

#endif
