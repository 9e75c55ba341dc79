#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The stub (rom/stub): a stock bzImage started through a PVH loader that knows nothing of Linux, ours and QEMU's own.

What arrives is told from inside, by Debian's kernel or by the probe shaped like a bzImage. It must not know how the stub does it.
"""
import json
import os
import re
import shutil
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
import initrd as initrds
import probe
import pvhless
import slipway
import tap

BOOT = 120
STUB = os.environ["SLIPWAY_STUB"]
PROBE = os.path.join(os.environ["SLIPWAY_PROBE"], "probe.bzImage")
VERSION, LOADFLAGS, RELOCATABLE, XLOADFLAGS = 0x206, 0x211, 0x234, 0x236     # Linux, boot.rst
MASK = 0xffffffff


def kernel(**changes):
    """Debian's bzImage with header fields changed."""
    with open(slipway.guest_file("vmlinuz"), "rb") as file:
        data = bytearray(file.read())
    if "protocol" in changes:
        struct.pack_into("<H", data, VERSION, changes["protocol"])
    if "relocatable" in changes:
        data[RELOCATABLE] = changes["relocatable"]
    if "xloadflags" in changes:
        struct.pack_into("<H", data, XLOADFLAGS, changes["xloadflags"])
    return bytes(data)


def initrd():
    """The guest's initrd."""
    with open(slipway.guest_file("initrd.img"), "rb") as file:
        return file.read()


def boot(modules, memory=256, cmdline="console=ttyS0 quiet panic=-1 slipway.test=report", stub=STUB, **keys):
    """Boot the stub with these modules on the qemu engine; return what the guest printed."""
    with slipway.Home() as home:
        files = [home.write("module%d" % i, data) for i, data in enumerate(modules)]
        result = home.boot(home.guest(kernel=stub, ramdisk=files or None, memory=memory, extra=None, autoconsole=0,
                                      cmdline=cmdline, **keys), seconds=BOOT - 10)
        tap.equal(result.code, 0, "exit code (%s%s)" % (result.out[-2000:], result.err[-2000:]))
        home.assert_clean()
    return result.out


def linux(modules, cmdline="console=ttyS0 quiet panic=-1 slipway.test=report", **keys):
    """Boot Linux by the stub; check that it is what was asked for."""
    if slipway.cannot_boot():
        tap.skip(slipway.cannot_boot())
    report = slipway.report(boot(modules, cmdline=cmdline, **keys))
    tap.equal(report["cmdline_bytes"], [str(len(cmdline))], "length of the command line")
    tap.equal(report["modules"], [str(len(modules))], "modules of the start info, which the kernel was not told of")


def plain_qemu(*words, seconds=BOOT - 10):
    """QEMU as people call it, with the stub as its kernel; return what the guest printed."""
    done = subprocess.run(["qemu-system-x86_64", "-accel", "tcg", "-display", "none", "-serial", "stdio", "-no-reboot",
                           "-kernel", STUB, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=seconds, check=False)
    return done.stdout.decode("utf-8", "replace")


def stopped(modules, words):
    """The stub has to stop and say why."""
    with slipway.Home() as home:
        files = [home.write("module%d" % i, data) for i, data in enumerate(modules)]
        terminal = home.spawn("run", home.guest(kernel=STUB, ramdisk=files or None, memory=64, extra=None, autoconsole=0))
        terminal.expect("slipway stub: [^\n]*" + re.escape(words), 60)


@tap.case("a file of at most 8 KiB, with a PVH note and one to be moved by")
def size():
    tap.check(os.path.getsize(STUB) <= 8192, "bytes of the file: %d" % os.path.getsize(STUB))
    with slipway.Home() as home:
        result = home.run("inspect", STUB)
    tap.check(re.search(r"^  pvh  yes: it has a PHYS32_ENTRY note", result.out, re.M), result.out)


@tap.case("bzImage and initrd as two modules, by its 64-bit entry", BOOT)
def two():
    linux([kernel(), initrd()])


@tap.case("bzImage with the initrd right behind it as one module", BOOT)
def one():
    linux([kernel() + initrd()])


@tap.case("the 32-bit entry of a kernel that offers no other", BOOT)
def entry32():
    linux([kernel(xloadflags=0), initrd()])


@tap.case("a kernel that cannot be relocated", BOOT)
def fixed():
    linux([kernel(relocatable=0), initrd()])


@tap.case("boot protocol 2.04: to 1 MiB, where the stub is itself; tables by the command line", BOOT)
def old():
    with slipway.Home() as home:
        files = [home.write("kernel", kernel(protocol=0x204)), home.write("initrd", initrd())]
        result = home.boot(home.guest(kernel=STUB, ramdisk=files, memory=256, extra=None, autoconsole=0,
                                      cmdline="console=ttyS0 quiet panic=-1 slipway.test=report"), seconds=BOOT - 10)
    tap.contains(result.out, "SLIP-REPORT-BEGIN", "the guest's report (%s)" % result.err)


@tap.case("a kernel whose PVH note is destroyed, which the stub has no use for", BOOT)
def without_note():
    image = kernel()
    broken = pvhless.without_pvh(image)
    tap.check(broken != image and len(broken) == len(image), "the note is gone")
    linux([broken, initrd()])


@tap.case("a 32-bit kernel", BOOT)
def i386():
    files = []
    for name in ("i386/vmlinuz", "i386/initrd.img"):
        if not os.path.exists(slipway.guest_file(name)):
            tap.skip("scripts/guest-i386 made no 32-bit kernel")
        with open(slipway.guest_file(name), "rb") as file:
            files.append(file.read())
    linux(files)


@tap.case("an initrd above 4 GiB", 2 * BOOT)
def high_initrd():
    mib = 7 * 1024
    if slipway.cannot_boot():
        tap.skip(slipway.cannot_boot())
    if initrds.host_mib() < mib - 1024:
        tap.skip("the host has %d MiB of memory left, %d are needed" % (initrds.host_mib(), mib - 1024))
    with slipway.Home() as home:
        config = home.guest(kernel=STUB, ramdisk=[slipway.guest_file("vmlinuz"), initrds.big(home, 3 * 1024)], memory=mib)
        made = home.run("plan", "-e", "qemu", "--json", config)
        at = [piece["gpa"] for piece in json.loads(made.out)["pieces"] if piece["what"] == "module 1"][0]
        tap.check(at >= 4 << 30, "module 1 lies at 0x%x" % at)
        result = home.boot(config, seconds=2 * BOOT - 20)
        tap.equal(result.code, 0, "exit code (%s%s)" % (result.out[-2000:], result.err[-2000:]))
        found = slipway.report(result.out)
        tap.equal(int(found["initrd"][0].split()[0], 16), at, "where the kernel says that the initrd lies")


def moved(by):
    """The stub's ELF as if it were linked elsewhere: its addresses changed, not a byte of what is loaded but the note's."""
    with open(STUB, "rb") as file:
        data = bytearray(file.read())
    headers, = struct.unpack_from("<I", data, 28)
    for at in (headers, headers + 32):      # a PT_LOAD and a PT_NOTE (ELF-32: offset 8 and 12 are the addresses)
        kind, offset, virtual, physical, size = struct.unpack_from("<5I", data, at)
        struct.pack_into("<II", data, at + 8, (virtual + by) & MASK, (physical + by) & MASK)
        if kind == 4:
            note = data.index(struct.pack("<III4s", 4, 4, slipway.PVH_NOTE, b"Xen"), offset, offset + size) + 16
            struct.pack_into("<I", data, note, struct.unpack_from("<I", data, note)[0] + by & MASK)
    struct.pack_into("<I", data, 24, struct.unpack_from("<I", data, 24)[0] + by & MASK)
    return bytes(data)


@tap.case("it runs wherever it is put: at 3 MiB, in the middle of where the kernel goes, near the end of memory", 2 * BOOT)
def anywhere():
    with slipway.Home() as home:
        for by in (0x200000, 0x1234000, 0x3700000):
            linux([kernel(), initrd()], memory=96, stub=home.write("stub.elf", moved(by)))


@tap.case("PHYS32_RELOC: linked where there is no RAM, or where something else is, it is put where its note allows", 2 * BOOT)
def relocated():
    for linked in (0xd0000000, 0):
        with slipway.Home() as home:
            stub = home.write("stub.elf", moved((linked - 0x100000) & 0xffffffff))
            looked = home.run("inspect", "--json", stub)
            tap.equal(json.loads(looked.out)["segments"][0]["gpa"], "0x%x" % linked, "where it is linked")
            made = home.run("plan", "-e", "qemu", "--json", home.guest(kernel=stub, ramdisk=None, memory=96))
            tap.equal(made.code, 0, "exit code of plan (%s)" % made.err)
            at = [piece["gpa"] for piece in json.loads(made.out)["pieces"] if piece["what"].startswith("kernel")][0]
            tap.check(at != linked and 4096 <= at < 96 << 20, "where it goes: 0x%x" % at)
            linux([kernel(), initrd()], memory=96, stub=stub)


@tap.case("stub-merge.elf: a zero page that leads to the start info does not keep a kernel from booting", BOOT)
def merge():
    linux([kernel(), initrd()], stub=os.path.join(os.path.dirname(STUB), "stub-merge.elf"))


@tap.case("QEMU's own PVH loader starts it: q35, one module", BOOT)
def qemu():
    if slipway.cannot_boot():
        tap.skip(slipway.cannot_boot())
    with slipway.Home() as home:
        both = home.write("both", kernel() + initrd())
        out = plain_qemu("-M", "q35", "-m", "256", "-initrd", both, "-append", "console=ttyS0 quiet panic=-1 slipway.test=report")
    tap.equal(slipway.report(out)["cpus"], ["1"], "CPUs")


@tap.case("every clause of Linux' start that can be seen: by the probe, whose place is the stub's", BOOT)
def clauses():
    module = bytes(i * 7 & 0xff for i in range(70001))
    with open(PROBE, "rb") as file:
        image = file.read()
    for modules in ([image, module], [image + module]):
        line = probe.line(2, 64 << 10, [module])
        report = probe.report(boot(modules, memory=64, cmdline=line, vcpus=2))
        tap.equal(report.protocol, "linux64", "the entry")
        # It leaves behind what it moved: that RAM is zero is the loader's word, not the stub's.
        tap.equal([name for name in report.missed if name != "zero"], [], "clauses missed")
        tap.check({"zero-page", "gdt", "identity", "cmdline", "module-contents", "overlap"} <= set(report.passed), "clauses kept")


@tap.case("what it cannot do it says, and stops", BOOT)
def refusals():
    stopped([], "no module")
    stopped([b"x" * 5000], "module 0 is no bzImage")
    stopped([kernel()[:100000]], "the bzImage is cut off")
    zimage = bytearray(kernel())
    zimage[LOADFLAGS] &= ~1
    stopped([bytes(zimage)], "module 0 is a zImage")


tap.main(None if shutil.which("qemu-system-x86_64") else "qemu-system-x86_64 is not installed")
