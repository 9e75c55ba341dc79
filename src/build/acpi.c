/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ACPI tables for a direct-booted guest. On a board with a PC's chips they are deliberately not hardware-reduced: under TCG
 * no clock exists that a hardware-reduced system could calibrate its timers against, while the PIT always works. SMI_CMD is
 * 0, which says that the machine is in ACPI mode already. On Xen there are no such chips, and Xen's own clock. Must not know
 * engines or layout.
 */
#include "build/acpi.h"

#include <string.h>

#include "abi/acpi.h"

/* Tables start on this boundary: FACS must (ACPI 5.2.10), the others may as well. */
#define TABLE_ALIGN 64

static const char oem_id[6] = {'S', 'L', 'I', 'P', 'W', 'Y'};

struct maker {
    const struct slip_machine *machine;
    struct slip_buf *buf;
    uint64_t gpa;
    struct slip_acpi_table *tables;
    unsigned n_tables;
};

/* Makes the bytes of a table sum to zero. Does nothing for a buffer that failed: it is incomplete and never used. */
static void checksum(struct slip_buf *buf, size_t start, size_t len, size_t at)
{
    uint8_t sum = 0;

    if (buf->failed)
        return;
    slip__buf_patch(buf, start + at, 0, 1);
    for (size_t i = 0; i < len; i++)
        sum = (uint8_t)(sum + (uint8_t)buf->data[start + i]);
    slip__buf_patch(buf, start + at, (uint8_t)-sum, 1);
}

/* Starts a table on its boundary and returns where. */
static size_t begin(struct maker *m, const char *signature)
{
    struct slip_acpi_table *table = &m->tables[m->n_tables++];

    slip__buf_align(m->buf, TABLE_ALIGN);
    memcpy(table->signature, signature, strlen(signature) + 1);
    table->gpa = m->gpa + m->buf->len;
    return m->buf->len;
}

static uint32_t end(struct maker *m, size_t start)
{
    m->tables[m->n_tables - 1].bytes = m->buf->len - start;
    return (uint32_t)(m->gpa + start);
}

static size_t begin_sdt(struct maker *m, const char *signature, uint8_t revision)
{
    size_t start = begin(m, signature);

    slip__buf_puts(m->buf, signature);
    slip__buf_uint(m->buf, 0, 4); /* length, in end_sdt() */
    slip__buf_uint(m->buf, revision, 1);
    slip__buf_uint(m->buf, 0, 1); /* checksum, in end_sdt() */
    slip__buf_put(m->buf, oem_id, sizeof(oem_id));
    slip__buf_printf(m->buf, "%-8.8s", m->machine->name); /* OEM table id */
    slip__buf_uint(m->buf, 1, 4);                         /* OEM revision */
    slip__buf_puts(m->buf, "SLIP");                       /* creator */
    slip__buf_uint(m->buf, 1, 4);
    return start;
}

static uint32_t end_sdt(struct maker *m, size_t start)
{
    size_t len = m->buf->len - start;

    slip__buf_patch(m->buf, start + SLIP_ACPI_LENGTH, len, 4);
    checksum(m->buf, start, len, SLIP_ACPI_CHECKSUM);
    return end(m, start);
}

static void zeros(struct slip_buf *buf, size_t len)
{
    while (len--)
        slip__buf_putc(buf, 0);
}

/* Compiled from rom/ at build time; its own header and checksum are right already. */
static uint32_t make_dsdt(struct maker *m)
{
    size_t start = begin(m, "DSDT");

    slip__buf_put(m->buf, m->machine->dsdt, m->machine->dsdt_bytes);
    return end(m, start);
}

static uint32_t make_facs(struct maker *m)
{
    size_t start = begin(m, "FACS");

    slip__buf_puts(m->buf, "FACS");
    slip__buf_uint(m->buf, SLIP_FACS_BYTES, 4);
    zeros(m->buf, 24); /* hardware signature, waking vectors, global lock, flags */
    slip__buf_uint(m->buf, SLIP_FACS_VERSION, 1);
    zeros(m->buf, SLIP_FACS_BYTES - 33);
    return end(m, start);
}

/* PM1 status and enable, in memory: no fixed event ever comes, but switching one on and off reads back as it should. */
static uint32_t make_pm1_event(struct maker *m)
{
    uint64_t gpa;

    slip__buf_align(m->buf, TABLE_ALIGN);
    gpa = m->gpa + m->buf->len;
    zeros(m->buf, 4);
    return (uint32_t)gpa;
}

struct field {
    size_t offset;
    uint64_t value;
    unsigned bytes;
};

static uint32_t put_fadt(struct maker *m, const struct field *fields, size_t count)
{
    size_t start = begin_sdt(m, "FACP", 6);

    zeros(m->buf, SLIP_FADT_BYTES - SLIP_ACPI_HEADER_BYTES);
    for (size_t i = 0; i < count; i++)
        slip__buf_patch(m->buf, start + fields[i].offset, fields[i].value, fields[i].bytes);
    return end_sdt(m, start);
}

/* No fixed hardware at all: ACPI 5.2.9, "Hardware-reduced ACPI". */
static uint32_t make_reduced_fadt(struct maker *m, uint32_t dsdt)
{
    const struct field fields[] = {
        {SLIP_FADT_DSDT, dsdt, 4},
        {SLIP_FADT_IAPC_BOOT_ARCH, SLIP_FADT_VGA_ABSENT | SLIP_FADT_NO_CMOS_RTC, 2},
        {SLIP_FADT_FLAGS,
         SLIP_FADT_WBINVD | SLIP_FADT_PROC_C1 | SLIP_FADT_PWR_BUTTON | SLIP_FADT_SLP_BUTTON |
             SLIP_FADT_FIX_RTC | SLIP_FADT_HW_REDUCED,
         4},
        {SLIP_FADT_MINOR_REVISION, 3, 1},
        {SLIP_FADT_X_DSDT, dsdt, 8},
    };

    return put_fadt(m, fields, sizeof(fields) / sizeof(fields[0]));
}

static uint32_t make_fadt(struct maker *m, uint32_t facs, uint32_t dsdt, uint32_t pm1_event)
{
    const struct slip_machine *machine = m->machine;
    const struct field fields[] = {
        {SLIP_FADT_FIRMWARE_CTRL, facs, 4},
        {SLIP_FADT_DSDT, dsdt, 4},
        {SLIP_FADT_SCI_INT, machine->sci_irq, 2},
        {SLIP_FADT_PM1_EVT_LEN, 4, 1},
        {SLIP_FADT_PM1_CNT_LEN, 2, 1},
        {SLIP_FADT_P_LVL2_LAT, 101, 2},
        {SLIP_FADT_P_LVL3_LAT, 1001, 2},
        {SLIP_FADT_CENTURY, 0x32, 1}, /* where the MC146818 of a PC keeps it */
        {SLIP_FADT_IAPC_BOOT_ARCH, SLIP_FADT_LEGACY_DEVICES | SLIP_FADT_VGA_ABSENT, 2},
        {SLIP_FADT_FLAGS,
         SLIP_FADT_WBINVD | SLIP_FADT_PROC_C1 | SLIP_FADT_PWR_BUTTON | SLIP_FADT_SLP_BUTTON |
             SLIP_FADT_FIX_RTC | SLIP_FADT_RESET_REG_SUP,
         4},
        {SLIP_FADT_RESET_REG, SLIP_ACPI_GAS(SLIP_ACPI_MEMORY, 8, 0, SLIP_ACPI_BYTE), 4},
        {SLIP_FADT_RESET_REG + 4, machine->reset_register_gpa, 8},
        {SLIP_FADT_RESET_VALUE, machine->reset_value, 1},
        /* 6.3 is the first that tells processors which can never come up from those that may (online capable) */
        {SLIP_FADT_MINOR_REVISION, 3, 1},
        {SLIP_FADT_X_DSDT, dsdt, 8},
        {SLIP_FADT_X_PM1A_EVT_BLK, SLIP_ACPI_GAS(SLIP_ACPI_MEMORY, 32, 0, SLIP_ACPI_WORD), 4},
        {SLIP_FADT_X_PM1A_EVT_BLK + 4, pm1_event, 8},
        /* Of the two bytes of PM1 control only the upper one, with SLP_TYP and SLP_EN, is there: the sleep register. */
        {SLIP_FADT_X_PM1A_CNT_BLK, SLIP_ACPI_GAS(SLIP_ACPI_MEMORY, 16, 8, SLIP_ACPI_BYTE), 4},
        {SLIP_FADT_X_PM1A_CNT_BLK + 4, machine->sleep_register_gpa - 1, 8},
    };

    return put_fadt(m, fields, sizeof(fields) / sizeof(fields[0]));
}

/* flags 0: polarity and trigger of the bus. */
static void put_override(struct slip_buf *buf, uint8_t irq, uint32_t gsi, uint16_t flags)
{
    slip__buf_uint(buf, SLIP_MADT_OVERRIDE | 10 << 8, 2);
    slip__buf_uint(buf, (uint64_t)irq << 8, 2); /* bus 0: ISA */
    slip__buf_uint(buf, gsi, 4);
    slip__buf_uint(buf, flags, 2);
}

/* Those past vcpus are neither enabled nor online capable: no machine of ours can add a processor later. */
static void put_lapics(struct maker *m, unsigned vcpus, unsigned maxvcpus)
{
    for (unsigned id = 0; id < maxvcpus; id++) {
        slip__buf_uint(m->buf, SLIP_MADT_LAPIC | 8 << 8, 2);
        slip__buf_uint(m->buf, id | (id * m->machine->apic_step) << 8, 2);
        slip__buf_uint(m->buf, id < vcpus ? SLIP_MADT_LAPIC_ENABLED : 0, 4);
    }
}

static void put_ioapic(struct maker *m)
{
    struct slip_buf *buf = m->buf;

    slip__buf_uint(buf, SLIP_MADT_IOAPIC | 12 << 8, 2);
    slip__buf_uint(buf, 0, 2);
    slip__buf_uint(buf, m->machine->ioapic_gpa, 4);
    slip__buf_uint(buf, 0, 4);
    /* The PIT's interrupt 0 arrives at input 2, as on every PC. */
    put_override(buf, 0, 2, 0);
    put_override(buf, m->machine->sci_irq, m->machine->sci_irq, SLIP_MADT_LEVEL_HIGH);
}

static uint32_t make_madt(struct maker *m, unsigned vcpus, unsigned maxvcpus)
{
    struct slip_buf *buf = m->buf;
    size_t start = begin_sdt(m, "APIC", 5);

    slip__buf_uint(buf, m->machine->lapic_gpa, 4);
    slip__buf_uint(buf, m->machine->no_ioapic ? 0 : SLIP_MADT_PCAT_COMPAT, 4);
    put_lapics(m, vcpus, maxvcpus);
    if (!m->machine->no_ioapic)
        put_ioapic(m);
    slip__buf_uint(buf, SLIP_MADT_LAPIC_NMI | 6 << 8, 2);
    slip__buf_uint(buf, 0xff, 1);
    slip__buf_uint(buf, 0, 2); /* polarity and trigger of the bus */
    slip__buf_uint(buf, 1, 1); /* LINT1 */
    return end_sdt(m, start);
}

static uint32_t make_xsdt(struct maker *m, uint32_t fadt, uint32_t madt)
{
    size_t start = begin_sdt(m, "XSDT", 1);

    slip__buf_uint(m->buf, fadt, 8);
    slip__buf_uint(m->buf, madt, 8);
    return end_sdt(m, start);
}

unsigned slip__acpi_make(const struct slip_machine *machine, unsigned vcpus, unsigned maxvcpus,
                         uint64_t gpa, struct slip_buf *buf,
                         struct slip_acpi_table tables[SLIP_ACPI_MAX_TABLES])
{
    struct maker m = {.machine = machine, .buf = buf, .gpa = gpa, .tables = tables};
    uint32_t dsdt, facs, fadt, madt, xsdt;
    size_t rsdp = begin(&m, "RSD PTR ");

    slip__buf_puts(buf, "RSD PTR ");
    slip__buf_uint(buf, 0, 1); /* checksum */
    slip__buf_put(buf, oem_id, sizeof(oem_id));
    slip__buf_uint(buf, 2, 1); /* revision */
    slip__buf_uint(buf, 0, 4); /* no RSDT: every reader since ACPI 2.0 takes the XSDT */
    slip__buf_uint(buf, SLIP_RSDP_BYTES, 4);
    zeros(buf, SLIP_RSDP_BYTES - SLIP_RSDP_XSDT);
    end(&m, rsdp);

    dsdt = make_dsdt(&m);
    if (machine->hw_reduced) {
        fadt = make_reduced_fadt(&m, dsdt);
    } else {
        facs = make_facs(&m);
        fadt = make_fadt(&m, facs, dsdt, make_pm1_event(&m));
    }
    madt = make_madt(&m, vcpus, maxvcpus);
    xsdt = make_xsdt(&m, fadt, madt);
    slip__buf_patch(buf, rsdp + SLIP_RSDP_XSDT, xsdt, 8);
    checksum(buf, rsdp, SLIP_RSDP_V1_BYTES, SLIP_RSDP_CHECKSUM);
    checksum(buf, rsdp, SLIP_RSDP_BYTES, SLIP_RSDP_EXTENDED_CHECKSUM);
    return m.n_tables;
}
