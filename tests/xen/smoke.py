# SPDX-License-Identifier: LGPL-2.1-or-later
"""Start states from inside, and what a life on Xen is at its shortest."""
import os

import host
import slipway
import tap

SIF_MOD_START_PFN = 1 << 3      # Xen public/xen.h
EFLAGS_TF, EFLAGS_IF, EFLAGS_VM = 1 << 8, 1 << 9, 1 << 17


def checksum(data):
    """The sum that the guest makes."""
    total = 0
    for byte in data:
        total = (((total << 1) | (total >> 31)) + byte) & 0xffffffff
    return total


def boot_small(container, **keys):
    """Boot a test guest to its end; return its report."""
    with host.Host() as xen:
        modules = keys.pop("modules", None)
        if modules is not None:
            keys["ramdisk"] = [xen.write("module%d" % i, data) for i, data in enumerate(modules)]
        result = xen.boot(xen.small(container, **keys))
        tap.equal(result.code, 0, "exit code (%s)" % result.err[-2000:])
        report = host.guest_report(result.out)
        xen.assert_clean()
    return report


def check_grants(report):
    """The toolstack's grants: dom0 may map the two rings."""
    for name in ("console", "store"):
        tap.equal(report["grant-%s-flags" % name], ["1"], name + ": GTF_permit_access, writable")
        tap.equal(report["grant-%s-domid" % name], ["0"], name + ": to dom0")


@host.case("a PVH guest of ours: registers, start info, map, tables, rings, grants, XenStore from inside")
def pvh():
    cmdline = "a command line of ours"
    module = bytes(range(256)) * 17 + b"odd"
    report = boot_small("pvh", cmdline=cmdline, extra=None, vcpus=2, modules=[module, b"x"])
    tap.equal(host.numbers(report["cr0"]), [0x11], "cr0")
    tap.equal(host.numbers(report["cr4"]) + host.numbers(report["efer"]), [0, 0], "cr4, EFER")
    tap.equal(host.numbers(report["flags-register"])[0] & (EFLAGS_TF | EFLAGS_IF | EFLAGS_VM), 0, "eflags")
    tap.equal(host.numbers(report["magic"] + report["version"] + report["flags"]), [0x336ec578, 1, 0], "start info")
    tap.equal(report["cmdline"], ["console=hvc0 " + cmdline], "the command line")
    tap.equal(host.numbers(report["module-bytes"]), [len(module), 1], "sizes of the modules")
    tap.equal(host.numbers(report["module-sum"]), [checksum(module), ord("x")], "contents of the modules")
    tap.equal(host.numbers(report["rsdp-sums"] + report["xsdt-sum"]), [0, 0], "ACPI checksums")
    tables = {line.split()[0]: line.split() for line in report["acpi"]}
    tap.check({"FACP", "APIC"} <= set(tables), "ACPI tables: %r" % report["acpi"])
    tap.equal([t[2] for t in tables.values()], ["0"] * len(tables), "sums of ACPI tables")
    ram = [[int(word, 16) for word in line.split()] for line in report["map"]]
    total = sum(size for _start, size, kind in ram if kind == 1)
    tap.check(31 << 20 <= total <= 32 << 20, "RAM in the memory map: %#x" % total)
    tap.equal(report["grant-console-frame"], report["console-pfn"], "the console's grant")
    tap.equal(report["grant-store-frame"], report["store-pfn"], "the store's grant")
    check_grants(report)
    tap.equal(report["store-target"], ["32768"], "memory/target in XenStore")


@host.case("a 64-bit PV guest of ours: start info, p2m, page tables, shared info, rings, grants from inside")
def pv64():
    module = bytes(range(256)) * 40 + b"odd"
    report = boot_small("pv64", cmdline="pv line", extra=None, vcpus=2, modules=[module])
    check_pv(report, 32, module)
    tap.equal(report["cmdline"], ["console=hvc0 pv line"], "the command line")
    tap.equal(report["magic"], ["xen-3.0-x86_64"], "magic")


def check_pv(report, mib, module=b""):
    """What every PV guest has to find."""
    number = {name: host.numbers(values)[0] for name, values in report.items()
              if values and all(c in "0123456789abcdef" for c in values[0]) and values[0]}
    tap.equal(number["nr-pages"], mib << 8, "pages")
    tap.equal(report["cr3-is-pt-base"], ["1"], "cr3 is where pt_base says")
    for name in ("frames-wrong", "mapped-wrong", "mapped-read-only", "page-tables-writable"):
        tap.equal(number[name], 0, name)
    tap.equal(number["mapped-pages"] % 1024, 0, "pages mapped: to a boundary of 4 MiB")
    tap.check(number["mapped-pages"] - number["stack-page"] - 1 >= 128, "512 KiB mapped above the stack")
    tap.equal(number["mod-len"], len(module), "size of the module")
    if module:
        tap.equal(number["flags"] & SIF_MOD_START_PFN, 0, "the module is mapped")
        tap.equal(number["module-sum"], checksum(module), "the module")
    tap.equal(number["upcall-mask"], 1, "events masked on the first CPU")
    tap.equal(report["grant-console-frame"], report["console-mfn"], "the console's grant")
    tap.equal(report["grant-store-frame"], report["store-mfn"], "the store's grant")
    check_grants(report)
    tap.equal(report["store-target"], [str(mib << 10)], "memory/target in XenStore")


def debian_with_devices(container, vcpus):
    """Boot Debian's kernel with a disk and a network, use both, power it off."""
    host.bridge()
    with host.Host() as xen:
        disk = xen.disk()
        config = xen.debian(container, vcpus=vcpus, disk=["%s,raw,xvda,rw" % disk], vif=["bridge=" + host.BRIDGE])
        guest = xen.shell(config)
        tap.equal(host.ask(guest, "nproc")[1].strip(), str(vcpus), "CPUs")
        tap.equal(host.ask(guest, "cat /sys/hypervisor/guest_type")[1].strip(), container.upper(), "container, by the kernel")
        address = "10.9.0.2"
        code, said = host.ask(guest, "ip addr flush dev eth0; ip addr add %s/24 dev eth0 && ip link set eth0 up" % address)
        tap.equal(code, 0, "giving eth0 an address: " + said)
        code, said = host.ask(guest, "ping -c 1 -W 20 " + host.DOM0_ADDRESS, 40)
        tap.equal(code, 0, "ping to dom0: " + said)
        tap.contains(host.ask(guest, "head -c 17 /dev/xvda")[1], "SLIPWAY TEST DISK", "the disk, read")
        tap.equal(host.ask(guest, "echo written-by-guest | dd of=/dev/xvda bs=512 seek=8 conv=sync,fsync")[0], 0, "writing")
        guest.send("exit\n")
        tap.equal(guest.wait(60 * host.SLOW), 0, "exit code")
        with open(disk, "rb") as file:
            file.seek(8 * 512)
            tap.equal(file.read(16), b"written-by-guest", "the disk, written")
        xen.assert_clean()


@host.case("Debian's kernel as PVH with 1 vCPU: disk and network work, it powers off, nothing is left", 150)
def debian_pvh():
    debian_with_devices("pvh", 1)


@host.case("Debian's kernel as PV with 4 vCPUs: disk and network work, it powers off, nothing is left", 150)
def debian_pv():
    debian_with_devices("pv", 4)


@host.case("xl sees and destroys ours, slipway sees and destroys xl's")
def both_ways():
    with host.Host() as xen:
        ours, theirs = xen.name("ours"), xen.name("theirs")
        xen.ok("create", xen.small("pvh", name=ours, extra="mode=block"))
        host.xl("create", xen.small("pvh", "theirs.cfg", name=theirs, extra="mode=block"))
        tap.equal(sorted(d.name for d in host.domains()), sorted([ours, theirs]), "names in xl list")
        tap.equal(sorted(xen.listed()), sorted([ours, theirs]), "names in slipway list")
        host.xl("destroy", ours)
        xen.ok("destroy", theirs)
        tap.equal(host.domains(), [], "domains left")
        xen.assert_clean()


@host.case("refused before anything is made: too little free memory, a kernel for another container")
def refusals():
    with host.Host() as xen:
        _code, why = xen.refused("create", xen.small("pvh", memory=1 << 20))
        tap.check("MiB" in why and any(c.isdigit() for c in why), "says how much is needed and free: " + why)
        _code, why = xen.refused("create", xen.small("pvh", type="pv"))
        tap.contains(why, "pv", "why not")
        tap.equal(host.domains(), [], "domains left")
        xen.assert_clean()


assert os.path.exists(slipway.BINARY), slipway.BINARY
