// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The DSDT of the machine "microvm", shared by every engine that offers this machine: what a PVH guest can't probe for.
// The addresses are those of QEMU's hw/i386/microvm.h with acpi=on,ioapic2=off. It must not know how many CPUs, how much
// memory or which devices a guest has: those are in the MADT, the memory map and the slots' own identity registers.
//
//   0x000003f8  GSI 4       serial port
//   0x00000070  GSI 8       real-time clock
//   0x00000505              panic notifier (QEMU0001): one byte, bit 0 "panicked", bit 1 "crash kernel loaded"
//   0xfea00000  GSI 9       generic event device: event selector, 32 bits, cleared by reading
//   0xfeb00000  GSI 16..23  eight virtio-mmio slots, 0x200 bytes each
//
// All eight slots are listed. An empty one reads device id 0, at which a driver's probe stops at once, so that one table
// serves every guest.
//
// Power-off is not here: the FADT's PM1 control block leads to the sleep register. Not in _PTS either, for Linux runs
// _PTS with S5 before a reboot too. The SCI (GSI 11, in the FADT) is not the GED's interrupt, because a GED wants its
// line for itself, edge-triggered.
DefinitionBlock ("dsdt.aml", "DSDT", 2, "SLIPWY", "MICROVM", 1)
{
    // Sleep type 5 in PM1 control, which is what the sleep register takes for "off".
    Name (_S5, Package () { 5, 5, 0, 0 })

    Scope (_SB)
    {
        Device (COM1)
        {
            Name (_HID, EisaId ("PNP0501"))
            Name (_UID, 1)
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, 0x3f8, 0x3f8, 0, 8)
                IRQNoFlags () { 4 }
            })
        }

        Device (RTC)
        {
            Name (_HID, EisaId ("PNP0B00"))
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, 0x70, 0x70, 0, 8)
                IRQNoFlags () { 8 }
            })
        }

        Device (PWRB)
        {
            Name (_HID, EisaId ("PNP0C0C"))
            Name (_UID, 0)
        }

        Device (GED)
        {
            Name (_HID, "ACPI0013")
            Name (_UID, 0)
            Name (_CRS, ResourceTemplate ()
            {
                Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive) { 9 }
            })
            OperationRegion (EVTR, SystemMemory, 0xfea00000, 0x04)
            Field (EVTR, DWordAcc, NoLock, WriteAsZeros)
            {
                ESEL, 32
            }
            Method (_EVT, 1, Serialized)
            {
                Local0 = ESEL
                If (Local0 & 0x02)  // power-down event
                {
                    Notify (PWRB, 0x80)
                }
            }
        }

        Device (PEVT)
        {
            Name (_HID, "QEMU0001")
            Name (_UID, 0)
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, 0x505, 0x505, 1, 1)
            })
        }

        Device (VR00)
        {
            Name (_HID, "LNRO0005")
            Name (_UID, 0)
            Name (_CCA, 1)
            Name (_CRS, ResourceTemplate ()
            {
                Memory32Fixed (ReadWrite, 0xfeb00000, 0x200)
                Interrupt (ResourceConsumer, Level, ActiveHigh, Exclusive) { 16 }
            })
        }

        Device (VR01)
        {
            Name (_HID, "LNRO0005")
            Name (_UID, 1)
            Name (_CCA, 1)
            Name (_CRS, ResourceTemplate ()
            {
                Memory32Fixed (ReadWrite, 0xfeb00200, 0x200)
                Interrupt (ResourceConsumer, Level, ActiveHigh, Exclusive) { 17 }
            })
        }

        Device (VR02)
        {
            Name (_HID, "LNRO0005")
            Name (_UID, 2)
            Name (_CCA, 1)
            Name (_CRS, ResourceTemplate ()
            {
                Memory32Fixed (ReadWrite, 0xfeb00400, 0x200)
                Interrupt (ResourceConsumer, Level, ActiveHigh, Exclusive) { 18 }
            })
        }

        Device (VR03)
        {
            Name (_HID, "LNRO0005")
            Name (_UID, 3)
            Name (_CCA, 1)
            Name (_CRS, ResourceTemplate ()
            {
                Memory32Fixed (ReadWrite, 0xfeb00600, 0x200)
                Interrupt (ResourceConsumer, Level, ActiveHigh, Exclusive) { 19 }
            })
        }

        Device (VR04)
        {
            Name (_HID, "LNRO0005")
            Name (_UID, 4)
            Name (_CCA, 1)
            Name (_CRS, ResourceTemplate ()
            {
                Memory32Fixed (ReadWrite, 0xfeb00800, 0x200)
                Interrupt (ResourceConsumer, Level, ActiveHigh, Exclusive) { 20 }
            })
        }

        Device (VR05)
        {
            Name (_HID, "LNRO0005")
            Name (_UID, 5)
            Name (_CCA, 1)
            Name (_CRS, ResourceTemplate ()
            {
                Memory32Fixed (ReadWrite, 0xfeb00a00, 0x200)
                Interrupt (ResourceConsumer, Level, ActiveHigh, Exclusive) { 21 }
            })
        }

        Device (VR06)
        {
            Name (_HID, "LNRO0005")
            Name (_UID, 6)
            Name (_CCA, 1)
            Name (_CRS, ResourceTemplate ()
            {
                Memory32Fixed (ReadWrite, 0xfeb00c00, 0x200)
                Interrupt (ResourceConsumer, Level, ActiveHigh, Exclusive) { 22 }
            })
        }

        Device (VR07)
        {
            Name (_HID, "LNRO0005")
            Name (_UID, 7)
            Name (_CCA, 1)
            Name (_CRS, ResourceTemplate ()
            {
                Memory32Fixed (ReadWrite, 0xfeb00e00, 0x200)
                Interrupt (ResourceConsumer, Level, ActiveHigh, Exclusive) { 23 }
            })
        }
    }
}
