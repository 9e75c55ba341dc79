// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The DSDT of PVH guests on Xen. There is nothing to describe: processors are in the MADT, devices in XenStore, and a guest
// powers off by a hypercall. ACPI wants a DSDT all the same. It must not know how many CPUs a guest has.
DefinitionBlock ("dsdt_xen.aml", "DSDT", 2, "SLIPWY", "XENPVH", 1)
{
    Scope (_SB)
    {
    }
}
