# SPDX-License-Identifier: LGPL-2.1-or-later
"""Other people's kernels: GRUB for Xen, a 32-bit Linux as PVH; and every other way into a pvh guest than PVH's."""
import os
import struct

import host
import slipway
import tap


def grub(container, image):
    """Boot one of Debian's GRUB images to its prompt."""
    with host.Host() as xen:
        name = xen.name("grub")
        terminal = xen.spawn("run", xen.small("pvh", name=name, type=container, memory=128, extra=None,
                                              kernel=os.path.join(host.GRUB, image)))
        terminal.expect("grub>|GRUB version", 60 * host.SLOW)
        terminal.send("echo typed-$((1))\recho here\r")
        terminal.expect("here", 30 * host.SLOW)
        terminal.send("halt\r")
        tap.equal(terminal.wait(60 * host.SLOW), 0, "exit code after halt")
        xen.assert_clean()


@host.full("grub-i386-xen_pvh.bin reaches its prompt", 120)
def grub_pvh():
    grub("pvh", "grub-i386-xen_pvh.bin")


@host.full("grub-x86_64-xen.bin reaches its prompt", 120)
def grub_pv():
    grub("pv", "grub-x86_64-xen.bin")


@host.full("Debian's 32-bit kernel boots as PVH", 200)
def i386():
    kernel = slipway.guest_file("i386/vmlinuz")
    if not os.path.exists(kernel):
        tap.skip("no i386 kernel: scripts/guest-i386 made none")
    # Without it Xen reads the instruction that exited by the guest's page tables, and under an emulated SVM a 32-bit kernel with
    # paging never gets past its first CPUID, whoever made the guest.
    if "SVM:" in host.xl("dmesg") and "Next-RIP" not in host.xl("dmesg"):
        tap.skip("this processor's SVM does not save the next instruction's address (nrip-save)")
    with host.Host() as xen:
        result = xen.boot(xen.debian("pvh", kernel=kernel, ramdisk=slipway.guest_file("i386/initrd.img"), extra="panic=-1"),
                          seconds=180)
        tap.contains(result.out, "i686 is up", "the 32-bit init")
        tap.equal(result.code, 0, "exit code (%s)" % result.err[-2000:])
        xen.assert_clean()


def by_linux_entry(protocol):
    """Debian's bzImage by Linux' own entry, which unpacks itself in the guest, with its command line and its initrd."""
    line = "console=hvc0 panic=-1 slipway.test=report"
    with host.Host() as xen:
        result = xen.boot(xen.debian("pvh", protocol=protocol, vcpus=2, extra=None, cmdline=line), seconds=180)
        tap.equal(result.code, 0, "exit code (%s%s)" % (result.out[-2000:], result.err[-2000:]))
        found = slipway.report(result.out)
        tap.equal(found["cmdline_bytes"], [str(len(line))], "length of the command line")
        tap.equal(found["cpus"], ["2"], "CPUs")
        tap.check(int(found["memtotal_kib"][0]) > 180 << 10, "memory: %r" % found["memtotal_kib"])
        xen.assert_clean()


@host.full("Debian's bzImage by Linux' 64-bit entry", 220)
def linux64():
    by_linux_entry("linux64")


@host.full("Debian's bzImage by Linux' 32-bit entry", 220)
def linux32():
    by_linux_entry("linux32")


def checksum(data):
    """The sum that our guests make."""
    total = 0
    for byte in data:
        total = (((total << 1) | (total >> 31)) + byte) & 0xffffffff
    return total


def start_small(**keys):
    """Boot our PVH guest in another way; check what holds in all of them, return its report."""
    modules = [bytes(i * 5 & 0xff for i in range(70001)), b"x"]
    with host.Host() as xen:
        files = [xen.write("module%d" % i, data) for i, data in enumerate(modules)]
        image = keys.pop("image", None)
        if image:
            keys["kernel"] = xen.write("kernel", image)
        result = xen.boot(xen.small("pvh", extra=None, cmdline="one 'two' three=4", autoconsole=0, ramdisk=files, **keys))
        tap.equal(result.code, 0, "exit code (%s)" % result.err[-2000:])
        report = host.guest_report(result.out)
        xen.assert_clean()
    tap.equal(host.numbers(report["cr0"] + report["cr4"] + report["efer"]), [0x11, 0, 0], "cr0, cr4, EFER")
    tap.equal(report["cmdline"], ["one 'two' three=4"], "the command line")
    tap.equal(host.numbers(report["module-bytes"]), [len(data) for data in modules], "sizes of the modules")
    tap.equal(host.numbers(report["module-sum"]), [checksum(data) for data in modules], "contents of the modules")
    return report


@host.full("a kernel of ours by Multiboot 1 and 2: magic, command line, modules, memory map")
def multiboot():
    for version, magic in (1, 0x2badb002), (2, 0x36d76289):
        report = start_small(protocol="multiboot%d" % version)
        tap.equal(host.numbers(report["eax"]), [magic], "eax")
        ram = host.numbers(report["ram"])[0]
        tap.check(31 << 20 <= ram <= 32 << 20, "RAM in the memory map: %#x" % ram)


@host.full("a kernel of ours as bytes of no format, at a stated address")
def flat():
    with open(os.path.join(host.KERNELS, "guest-pvh.elf"), "rb") as file:
        elf = file.read()
    # ELF-32: e_entry and e_phoff of the header; offset, address and both sizes of its first segment.
    entry, headers = struct.unpack_from("<II", elf, 24)
    offset, _virtual, address, in_file, in_memory = struct.unpack_from("<5I", elf, headers + 4)
    image = elf[offset:offset + in_file] + bytes(in_memory - in_file)
    report = start_small(image=image, protocol="flat", load_address=address, entry_address=entry)
    tap.equal(host.numbers(report["magic"]), [0x336ec578], "the start info")
