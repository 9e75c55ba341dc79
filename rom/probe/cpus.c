/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processors: the ids that the MADT has, and whether each starts by INIT and a start-up IPI (Intel SDM volume 3,
 * 9.4.4). */
#include "probe.h"

#define LAPIC      0xfee00000ull
#define LAPIC_ID   0x20u
#define LAPIC_SVR  0xf0u
#define LAPIC_LOW  0x300u
#define LAPIC_HIGH 0x310u
#define BUSY       (1u << 12)
#define INIT       0x4500u
#define STARTUP    0x4600u
#define APIC_BASE  0x1bu
#define X2APIC     (1u << 10)
#define ENABLED    (1u << 11)
#define TRAMPOLINE \
    0x8000ull /* a page below 1 MiB; the table of those that came is at 0x100 in it */
#define CAME     0x100u
#define WAIT_TSC 6000000000ull

static volatile uint32_t *lapic(unsigned reg)
{
    return (volatile uint32_t *)(LAPIC + reg);
}

static uint64_t apic_base(void)
{
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(APIC_BASE));
    return (uint64_t)high << 32 | low;
}

/* Real mode: marks its own local APIC id as come, and sleeps. */
static const uint8_t trampoline[] = {
    0xfa,                               /* cli */
    0x8c, 0xc8,                         /* mov ax, cs */
    0x8e, 0xd8,                         /* mov ds, ax */
    0x66, 0xb8, 0x01, 0x00, 0x00, 0x00, /* mov eax, 1 */
    0x0f, 0xa2,                         /* cpuid */
    0x66, 0xc1, 0xeb, 0x18,             /* shr ebx, 24 */
    0xc6, 0x87, 0x00, 0x01, 0x01,       /* mov byte [bx + 0x100], 1 */
    0xf4,                               /* hlt */
    0xeb, 0xfd,                         /* jmp to it */
};

static void send(uint8_t id, uint32_t what)
{
    *lapic(LAPIC_HIGH) = (uint32_t)id << 24;
    *lapic(LAPIC_LOW) = what;
    for (unsigned i = 0; i < 1000000 && (*lapic(LAPIC_LOW) & BUSY); i++)
        __asm__ volatile("pause");
}

static bool start(uint8_t id)
{
    volatile uint8_t *came = (volatile uint8_t *)(TRAMPOLINE + CAME + id);
    uint64_t begin;

    send(id, INIT);
    for (unsigned i = 0; i < 2 && !*came; i++) {
        send(id, STARTUP | (uint32_t)(TRAMPOLINE >> 12));
        begin = read_tsc();
        while (!*came && read_tsc() - begin < WAIT_TSC)
            __asm__ volatile("pause");
    }
    return *came;
}

void check_cpus(void)
{
    uint64_t base = apic_base(), missing = 0, strangers = 0;
    uint32_t regs[4];
    unsigned listed = 0;
    bool all = true;
    uint8_t me;

    clause("lapic: enabled, at its usual place, not in x2APIC mode",
           (base & ENABLED) && !(base & X2APIC) && (base & 0xffffff000ull) == LAPIC, "MSR", base);
    if (!(base & ENABLED) || (base & X2APIC))
        return;
    cpuid(1, regs);
    me = (uint8_t)(regs[1] >> 24);
    clause("lapic-id: CPUID and the local APIC agree", (*lapic(LAPIC_ID) >> 24) == me, "register",
           *lapic(LAPIC_ID));
    for (unsigned i = 0; i < n_apic_ids; i++)
        listed += apic_ids[i] == me;
    clause("madt-self: the first vCPU is in the MADT, once", listed == 1, "id", me);
    if (!is_ram(TRAMPOLINE, PAGE)) {
        skip("cpus-start: every other vCPU starts, as the id that the MADT has",
             "no RAM at 0x8000 to start them in");
        return;
    }
    if (n_apic_ids < 2) {
        skip("cpus-start: every other vCPU starts, as the id that the MADT has", "there is none");
        return;
    }
    *lapic(LAPIC_SVR) |= 0x100;
    for (unsigned i = 0; i < 256; i++) /* what is there is not needed any more */
        ((volatile uint8_t *)TRAMPOLINE)[CAME + i] = 0;
    for (unsigned i = 0; i < sizeof(trampoline); i++)
        ((volatile uint8_t *)TRAMPOLINE)[i] = trampoline[i];
    for (unsigned i = 0; i < n_apic_ids; i++) {
        if (apic_ids[i] != me && !start(apic_ids[i])) {
            all = false;
            missing = apic_ids[i];
        }
    }
    for (unsigned i = 0; i < 256; i++) {
        bool known = false;

        for (unsigned k = 0; k < n_apic_ids; k++)
            known = known || apic_ids[k] == i;
        if (*(volatile uint8_t *)(TRAMPOLINE + CAME + i) && !known)
            strangers++;
    }
    clause("cpus-start: every other vCPU starts, as the id that the MADT has", all && !strangers,
           "id", missing);
}
