/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ACPI tables (ACPI 6.x, chapter 5): found, whole, and what they say of processors and of turning the machine off. */
#include "probe.h"

#define HEADER      36u
#define MAX_BYTES   (1u << 20)
#define FADT_DSDT   40u
#define FADT_PM1A   64u  /* 4: a port */
#define FADT_FLAGS  112u /* 4 */
#define FADT_X_DSDT 140u
#define FADT_X_PM1A 172u /* a generic address: space, width, offset, access, then 8 bytes */
#define FADT_SLEEP  244u /* the sleep control register */
#define HW_REDUCED  (1u << 20)
#define SLP_EN      (1u << 13)

uint8_t apic_ids[MAX_CPUS];
unsigned n_apic_ids;

static uint64_t fadt, dsdt;
static unsigned n_tables;
static uint64_t broken;

static uint8_t byte_sum(uint64_t address, uint64_t bytes)
{
    const volatile uint8_t *p = at(address);
    uint8_t sum = 0;

    for (uint64_t i = 0; i < bytes; i++)
        sum = (uint8_t)(sum + p[i]);
    return sum;
}

static bool is_signature(const char *text, uint64_t address)
{
    const volatile char *p = at(address);

    for (unsigned i = 0; text[i]; i++) {
        if (p[i] != text[i])
            return false;
    }
    return true;
}

/* A MADT's processors. */
static void read_madt(uint64_t madt, uint64_t bytes)
{
    const volatile uint8_t *p = at(madt);
    uint64_t i = HEADER + 8;

    while (i + 2 <= bytes && p[i + 1] >= 2) {
        if (p[i] == 0 && p[i + 1] >= 8 && (p[i + 4] & 1) && n_apic_ids < MAX_CPUS)
            apic_ids[n_apic_ids++] = p[i + 3];
        i += p[i + 1];
    }
}

static void read_table(uint64_t address, const char *what)
{
    uint64_t bytes;

    if (!address || address >= GIB4) {
        broken = address;
        return;
    }
    bytes = get(at(address), 4, 4);
    if (bytes < 8 || bytes > MAX_BYTES) {
        broken = address;
        return;
    }
    piece_add_acpi(what, address, bytes);
    n_tables++;
    if (!is_signature("FACS", address) && byte_sum(address, bytes))
        broken = address;
    if (is_signature("APIC", address))
        read_madt(address, bytes);
    if (is_signature("FACP", address)) {
        fadt = address;
        dsdt = bytes >= FADT_X_DSDT + 8 ? get(at(address), FADT_X_DSDT, 8) : 0;
        if (!dsdt)
            dsdt = get(at(address), FADT_DSDT, 4);
        read_table(dsdt, "DSDT");
        if (get(at(address), 36, 4))
            read_table(get(at(address), 36, 4), "FACS");
    }
}

uint64_t find_rsdp(void)
{
    for (uint64_t a = 0xe0000; a < 0x100000; a += 16) {
        if (is_signature("RSD PTR ", a) && !byte_sum(a, 20))
            return a;
    }
    return 0;
}

void check_acpi(uint64_t rsdp, bool is_copy)
{
    bool has_rsdp = rsdp && rsdp < GIB4 && is_signature("RSD PTR ", rsdp);
    bool v2 = has_rsdp && get(at(rsdp), 15, 1) >= 2;
    uint64_t root = 0, bytes, width = 4;

    clause("rsdp: where it is said to be, its sums right",
           has_rsdp && !byte_sum(rsdp, 20) && (!v2 || !byte_sum(rsdp, 36)), "at", rsdp);
    if (!has_rsdp)
        return;
    if (!is_copy)
        piece_add_acpi("RSDP", rsdp, v2 ? 36 : 20);
    if (v2) {
        root = get(at(rsdp), 24, 8);
        width = 8;
    }
    if (!root) {
        root = get(at(rsdp), 16, 4);
        width = 4;
    }
    read_table(root, width == 8 ? "XSDT" : "RSDT");
    bytes = broken ? 0 : get(at(root), 4, 4);
    for (uint64_t i = HEADER; i + width <= bytes; i += width)
        read_table(get(at(root), (unsigned)i, (unsigned)width), "ACPI table");
    clause("acpi: every table can be reached, below 4 GiB, its sum right", !broken && n_tables >= 3,
           "at", broken);
    clause("acpi-fadt-madt: the machine and its processors are described", fadt && n_apic_ids, NULL,
           0);
    if (expected.vcpus)
        clause("madt-cpus: as many enabled as given", n_apic_ids == expected.vcpus, "found",
               n_apic_ids);
}

/* The sleep type of S5 from the DSDT: NameOp "_S5_" PackageOp length count, then a byte constant or a small integer. */
static unsigned sleep_type(void)
{
    const volatile uint8_t *p = at(dsdt);
    uint64_t bytes = get(at(dsdt), 4, 4);

    for (uint64_t i = HEADER; i + 12 < bytes; i++) {
        if (!is_signature("_S5_", dsdt + i) || p[i + 4] != 0x12)
            continue;
        i += 5 + 1 + (p[i + 5] >> 6) + 1; /* one byte of length, or more */
        return p[i] == 0x0a ? p[i + 1] : p[i] == 1 ? 1 : 0;
    }
    return 0;
}

bool acpi_poweroff(void)
{
    const uint8_t *table = fadt ? at(fadt) : NULL;
    uint64_t bytes = fadt ? get(table, 4, 4) : 0, address = 0;
    unsigned type;

    if (!fadt || !dsdt)
        return false;
    type = sleep_type();
    if (get(table, FADT_FLAGS, 4) & HW_REDUCED) {
        address = bytes >= FADT_SLEEP + 12 ? get(table, FADT_SLEEP + 4, 8) : 0;
        if (address)
            *(volatile uint8_t *)at(address) = (uint8_t)(type << 2 | 1 << 5);
        return address != 0;
    }
    if (bytes >= FADT_X_PM1A + 12)
        address = get(table, FADT_X_PM1A + 4, 8);
    if (address && get(table, FADT_X_PM1A, 1) == 0) {
        /* In memory there is but one byte of it: the one that the bit offset says. */
        address += get(table, FADT_X_PM1A + 2, 1) / 8;
        *(volatile uint8_t *)at(address) = (uint8_t)((type << 10 | SLP_EN) >> 8);
        return true;
    }
    out16((uint16_t)(address ? address : get(table, FADT_PM1A, 4)),
          (uint16_t)(type << 10 | SLP_EN));
    return true;
}
