/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ACPI tables as they lie in memory: offsets and values of the few that a direct-booted guest needs.
 * Facts: ACPI specification 6.3, sections 5.2.5 (RSDP), 5.2.6 (header), 5.2.9 (FADT), 5.2.10 (FACS), 5.2.12 (MADT).
 */
#ifndef SLIP_ABI_ACPI_H
#define SLIP_ABI_ACPI_H

#include <stdint.h>

/* The header of every table but RSDP and FACS. */
enum {
    SLIP_ACPI_LENGTH = 4,   /* u32, the whole table */
    SLIP_ACPI_REVISION = 8, /* u8 */
    SLIP_ACPI_CHECKSUM = 9, /* u8: all bytes sum to 0 */
    SLIP_ACPI_HEADER_BYTES = 36
};

enum {
    SLIP_RSDP_CHECKSUM = 8, /* of the first 20 bytes, ACPI 1.0's RSDP */
    SLIP_RSDP_V1_BYTES = 20,
    SLIP_RSDP_XSDT = 24,
    SLIP_RSDP_EXTENDED_CHECKSUM = 32, /* of all 36 */
    SLIP_RSDP_BYTES = 36
};

enum {
    SLIP_FADT_FIRMWARE_CTRL = 36, /* u32: FACS; X_FIRMWARE_CTRL stays 0 then */
    SLIP_FADT_DSDT = 40,
    SLIP_FADT_SCI_INT = 46, /* u16 */
    SLIP_FADT_PM1_EVT_LEN = 88,
    SLIP_FADT_PM1_CNT_LEN = 89,
    SLIP_FADT_P_LVL2_LAT = 96, /* u16; over 100: no C2 */
    SLIP_FADT_P_LVL3_LAT = 98, /* u16; over 1000: no C3 */
    SLIP_FADT_CENTURY = 108,
    SLIP_FADT_IAPC_BOOT_ARCH = 109, /* u16 */
    SLIP_FADT_FLAGS = 112,
    SLIP_FADT_RESET_REG = 116, /* generic address structure, 12 bytes */
    SLIP_FADT_RESET_VALUE = 128,
    SLIP_FADT_MINOR_REVISION = 131,
    SLIP_FADT_X_DSDT = 140,
    SLIP_FADT_X_PM1A_EVT_BLK =
        148, /* generic addresses; the 32-bit fields are for ports and stay 0 then */
    SLIP_FADT_X_PM1A_CNT_BLK = 172,
    SLIP_FADT_BYTES = 276 /* revision 6 */
};

/* The first four bytes of a generic address structure: space, bit width, bit offset, access size. 8 bytes of address follow. */
#define SLIP_ACPI_GAS(space, width, offset, access)                          \
    ((uint32_t)(space) | (uint32_t)(width) << 8 | (uint32_t)(offset) << 16 | \
     (uint32_t)(access) << 24)
#define SLIP_ACPI_MEMORY 0u
#define SLIP_ACPI_BYTE   1u /* access sizes */
#define SLIP_ACPI_WORD   2u

/* FADT flags */
#define SLIP_FADT_WBINVD        (1u << 0)
#define SLIP_FADT_PROC_C1       (1u << 2)
#define SLIP_FADT_PWR_BUTTON    (1u << 4) /* no fixed power button: a control method device, or none */
#define SLIP_FADT_SLP_BUTTON    (1u << 5)
#define SLIP_FADT_FIX_RTC       (1u << 6) /* RTC wake status is not in the fixed registers */
#define SLIP_FADT_RESET_REG_SUP (1u << 10)
#define SLIP_FADT_HW_REDUCED    (1u << 20)

/* IAPC_BOOT_ARCH */
#define SLIP_FADT_LEGACY_DEVICES (1u << 0)
#define SLIP_FADT_VGA_ABSENT     (1u << 2)
#define SLIP_FADT_NO_CMOS_RTC    (1u << 5)

enum { SLIP_FACS_BYTES = 64, SLIP_FACS_VERSION = 2 };

/* MADT entries: type u8, length u8, then: */
enum {
    SLIP_MADT_LAPIC = 0,    /* processor uid u8, apic id u8, flags u32 */
    SLIP_MADT_IOAPIC = 1,   /* id u8, reserved u8, address u32, first GSI u32 */
    SLIP_MADT_OVERRIDE = 2, /* bus u8, irq u8, gsi u32, flags u16 */
    SLIP_MADT_LAPIC_NMI = 4 /* processor uid u8 (0xff: all), flags u16, LINT u8 */
};
#define SLIP_MADT_LEVEL_HIGH    0x000du /* flags of an override: active high, level-triggered */
#define SLIP_MADT_PCAT_COMPAT   1u      /* the machine also has two 8259s */
#define SLIP_MADT_LAPIC_ENABLED 1u

#endif
