/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Machines: where an engine's virtual board has its RAM, holes, ports and registers. Facts only, shared by the layout, the
 * ACPI tables and the engines that present such a board. Const tables; no hypervisor handle.
 */
#ifndef SLIP_BUILD_MACHINE_H
#define SLIP_BUILD_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slip_machine {
    const char *name;    /* "microvm" */
    const char *console; /* the console= word a guest's command line gets: "ttyS0" */

    unsigned
        cmdline_max; /* bytes its start info has for a command line, NUL not counted; 0: as many as one likes */

    /* What the board lacks of a PC: what PVH guests of Xen are told. */
    bool
        hw_reduced; /* no SCI, PM1 registers, sleep or reset register: ACPI's hardware-reduced profile */
    bool no_ioapic;     /* interrupts are the hypervisor's events; no PIC, PIT or RTC either */
    unsigned apic_step; /* vCPU n's local APIC id is n * apic_step */

    /* RAM: [0, low_end_max) below 4 GiB, the rest from 4 GiB on. */
    uint64_t low_ram_max_bytes; /* RAM below 4 GiB is at most this */
    uint64_t
        hidden_gpa; /* the range below 1 MiB that RAM does not show through, e.g. a ROM's alias */
    uint64_t hidden_bytes;

    /* Guest memory that is the hypervisor's or shared with it, outside RAM: reserved in the map. 0 bytes: none. */
    uint64_t special_gpa;
    uint64_t special_bytes;

    /* Where the first vCPU's start block goes for engines that start through a reset ROM; 0 bytes: none. */
    uint64_t reset_block_gpa;
    uint64_t reset_block_bytes;

    uint32_t lapic_gpa;
    uint32_t ioapic_gpa;
    uint16_t sci_irq; /* nothing raises it, but ACPI wants one that no device has */

    uint64_t reset_register_gpa; /* FADT RESET_REG and the value that resets */
    uint8_t reset_value;
    uint64_t sleep_register_gpa; /* ACPI's sleep control: one byte, SLP_TYP << 2 | SLP_EN << 5 */

    uint64_t virtio_mmio_gpa; /* slot 0; slots are stride apart */
    uint32_t virtio_mmio_stride;
    uint32_t virtio_mmio_slots;
    uint32_t virtio_mmio_gsi; /* of slot 0 */

    unsigned vcpus_max;

    const uint8_t *dsdt; /* compiled AML, whole table */
    size_t dsdt_bytes;
};

/* QEMU's microvm with ACPI: what the qemu engine runs, and the board of the kvm engine. */
extern const struct slip_machine slip__machine_microvm;
/* What a PVH guest finds on Xen. */
extern const struct slip_machine slip__machine_xen_pvh;
/* Pseudo-physical memory of a PV guest on Xen: RAM and nothing else. */
extern const struct slip_machine slip__machine_xen_pv;

#endif
