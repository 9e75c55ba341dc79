/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * QEMU's microvm machine with acpi=on and ioapic2=off: facts only. From QEMU's hw/i386/microvm.c (memory, virtio-mmio),
 * include/hw/acpi/generic_event_device.h (sleep and reset registers), and our own reset ROM (rom/reset_block.h).
 */
#include "build/machine.h"
#include "dsdt.h"
#include "reset_block.h"

const struct slip_machine slip__machine_microvm = {
    .name = "microvm",
    .console = "ttyS0",
    .apic_step = 1,

    .low_ram_max_bytes = 3ull << 30,
    .hidden_gpa = 0xf0000, /* the reset ROM's alias lies above RAM */
    .hidden_bytes = 0x10000,

    .reset_block_gpa = SLIP_RESET_BLOCK_GPA,
    .reset_block_bytes = SLIP_RESET_BLOCK_BYTES,

    .lapic_gpa = 0xfee00000,
    .ioapic_gpa = 0xfec00000,
    .sci_irq = 11, /* not the generic event device's 9: the two can't share a line (rom/dsdt.asl) */

    .reset_register_gpa = 0xfea00202,
    .reset_value = 0x42,
    .sleep_register_gpa = 0xfea00200,

    .virtio_mmio_gpa = 0xfeb00000,
    .virtio_mmio_stride = 0x200,
    .virtio_mmio_slots = 8,
    .virtio_mmio_gsi = 16,

    .vcpus_max = 255,

    .dsdt = slip_dsdt_microvm,
    .dsdt_bytes = sizeof(slip_dsdt_microvm),
};
