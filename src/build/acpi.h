/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ACPI tables of a machine, as bytes for one place in guest memory. Knows no layout: it is told the place. */
#ifndef SLIP_BUILD_ACPI_H
#define SLIP_BUILD_ACPI_H

#include "base/buf.h"
#include "build/machine.h"

/* One table of those made, for reports. */
struct slip_acpi_table {
    char signature[9]; /* "APIC"; "RSD PTR " for the RSDP */
    uint64_t gpa;
    uint64_t bytes;
};

#define SLIP_ACPI_MAX_TABLES 8

/* Appends to the empty buf RSDP (first), DSDT, FACS (not on hardware-reduced boards), FADT, MADT and XSDT, meant for gpa (64-byte aligned, below 4 GiB):
 * vcpus processors are enabled, the others up to maxvcpus are described and not. Fills tables and returns how many.
 * Memory shortage shows in buf. */
unsigned slip__acpi_make(const struct slip_machine *machine, unsigned vcpus, unsigned maxvcpus,
                         uint64_t gpa, struct slip_buf *buf,
                         struct slip_acpi_table tables[SLIP_ACPI_MAX_TABLES]);

#endif
