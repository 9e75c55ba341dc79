#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every boot protocol on real kernels and on small ones of ours, each asked from inside what it found.

Debian's kernel with its PVH note destroyed (tests/lib/pvhless.py) starts by Linux' own entries. The Multiboot kernels
(tests/guests/multiboot.asm) and the flat one print what they were handed. It must not know how an engine gets there.
"""
import json
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
import initrd
import pvhless
import slipway
import tap

BOOT = 150      # seconds for one boot with all that goes with it, on a busy machine without KVM
GIB_MIB = 1024
EFLAGS_IF, EFLAGS_VM = 1 << 9, 1 << 17
MEMTEST = "/boot/memtest86+x64.bin"
GRUB_PC = "/usr/lib/grub/i386-pc"


def boot_report(home, config, *overrides):
    """Run the guest to its end; return what it reported."""
    result = home.boot(config, *overrides, seconds=BOOT - 20)
    tap.equal(result.code, 0, "exit code of a guest that powered off (%s)" % result.err[-2000:])
    home.assert_clean()
    return slipway.report(result.out)


def plan(home, config, *overrides):
    """What would be built, as JSON."""
    result = home.run("plan", "-e", "qemu", "--json", config, *overrides)
    tap.equal(result.code, 0, "exit code of plan (%s)" % result.err[-2000:])
    return json.loads(result.out)


def need_guest():
    """Skip where no stock kernel is."""
    if slipway.cannot_boot():
        tap.skip(slipway.cannot_boot())


def pvhless_kernel(home):
    """Debian's kernel without its PVH note."""
    kernel = home.write("vmlinuz-pvhless", b"")
    pvhless.main([slipway.guest_file("vmlinuz"), kernel])
    return kernel


def check_linux(found, vcpus):
    """What holds for a guest that reached user space."""
    tap.equal(found["cpus"], [str(vcpus)], "CPUs online")
    tap.equal(found["complaint"], [], "complaints of the guest's kernel")


@tap.case("a bzImage without a PVH note: Linux' 64-bit entry by itself, 32-bit by order; plan says the same", 3 * BOOT)
def without_note():
    need_guest()
    with slipway.Home() as home:
        config = home.guest(kernel=pvhless_kernel(home), memory=256, vcpus=2)
        for order, protocol in ((None, "linux64"), ("linux64", "linux64"), ("linux32", "linux32")):
            words = ["protocol=" + order] if order else []
            made = plan(home, config, *words)
            tap.equal(made["protocol"], protocol, "protocol")
            passed = {entry["protocol"]: entry["why"] for entry in made["passed_over"]}
            tap.equal(sorted(passed), sorted({"pvh", "linux64", "linux32", "multiboot2", "multiboot1"} - {protocol}), "passed")
            tap.equal(made["start"]["mode"], "64-bit" if protocol == "linux64" else "32-bit", "mode")
            check_linux(boot_report(home, config, *words), 2)


@tap.case("the same kernel with its note: PVH by itself, both of Linux' entries by order", 3 * BOOT)
def with_note():
    need_guest()
    with slipway.Home() as home:
        config = home.guest(memory=256)
        tap.equal(plan(home, config)["protocol"], "pvh", "the first choice")
        for protocol in ("linux64", "linux32"):
            tap.equal(plan(home, config, "protocol=" + protocol)["protocol"], protocol, "by order")
            check_linux(boot_report(home, config, "protocol=" + protocol), 1)


@tap.case("a 32-bit kernel: PVH by itself, its 32-bit entry by order, no 64-bit one", 3 * BOOT)
def i386():
    need_guest()
    if not os.path.exists(slipway.guest_file("i386/vmlinuz")):
        tap.skip("scripts/guest-i386 made no 32-bit kernel")
    with slipway.Home() as home:
        config = home.guest(kernel=slipway.guest_file("i386/vmlinuz"), ramdisk=slipway.guest_file("i386/initrd.img"), memory=256)
        tap.equal(plan(home, config)["protocol"], "pvh", "the first choice")
        check_linux(boot_report(home, config), 1)
        check_linux(boot_report(home, config, "protocol=linux32"), 1)
        tap.equal(home.run("plan", "-e", "qemu", config, "protocol=linux64").code, 4, "exit code of a 64-bit start")


@tap.case("Linux as a plain ELF without notes: refused with the order that starts it, which does", 2 * BOOT)
def forced_elf():
    need_guest()
    with slipway.Home() as home:
        elf = home.write("vmlinux", b"")
        subprocess.run([sys.executable, os.path.join(slipway.ROOT, "bench", "bzimage.py"), "elf", slipway.guest_file("vmlinuz"),
                        elf], check=True, timeout=BOOT)
        with open(elf, "rb") as file:
            data = bytearray(file.read())
        # All of Xen's notes, so that nothing but the ELF header is left to go by.
        for match in list(re.finditer(rb"\x04\0\0\0[\x01-\xff]\0\0\0[\x01-\x20]\0\0\0Xen\0", data)):
            data[match.start() + 12:match.start() + 16] = b"Xxx\0"
        with open(elf, "wb") as file:
            file.write(data)
        config = home.guest(kernel=elf, memory=256)
        refused = home.run("plan", "-e", "qemu", config)
        tap.equal(refused.code, 4, "exit code without an order")
        tap.check('protocol = "linux64"' in refused.err, "the hint names the order: %s" % refused.err)
        check_linux(boot_report(home, config, "protocol=linux64"), 1)


@tap.case("several initrds are one for Linux: each begins on a multiple of 4, and it boots from the last", 2 * BOOT)
def two_initrds():
    need_guest()
    with slipway.Home() as home:
        # A cpio archive that replaces nothing and adds one file; its odd length puts the next on a multiple of 4.
        archive = initrd.cpio_entry(b"second", 0o100644, b"from the second archive\n") + initrd.cpio_entry(b"TRAILER!!!", 0, b"")
        files = [home.write("odd.cpio", archive + b"\0\0\0\0\0"), slipway.guest_file("initrd.img")]
        made = plan(home, home.guest(memory=256, ramdisk=files), "protocol=linux64")
        pieces = {piece["what"]: piece for piece in made["pieces"]}
        first, second = pieces["module 0"], pieces["module 1"]
        tap.equal(second["gpa"], first["gpa"] + -(-first["bytes"] // 4) * 4, "the second lies right behind the first")
        check_linux(boot_report(home, home.guest(memory=256, ramdisk=files), "protocol=linux64"), 1)


@tap.case("64 modules as one initrd", BOOT)
def many_modules():
    need_guest()
    with slipway.Home() as home:
        files = [home.write("pad%d" % i, bytes(4 * i)) for i in range(1, 64)] + [slipway.guest_file("initrd.img")]
        check_linux(boot_report(home, home.guest(memory=256, ramdisk=files), "protocol=linux64"), 1)


@tap.case("an initrd above 4 GiB", 2 * BOOT)
def initrd_above_4_gib():
    need_guest()
    if initrd.host_mib() < 6 * GIB_MIB:
        tap.skip("the host has %d MiB of memory left, %d are needed" % (initrd.host_mib(), 6 * GIB_MIB))
    with slipway.Home() as home:
        config = home.guest(memory=7 * GIB_MIB, ramdisk=initrd.big(home, 3 * GIB_MIB), extra="quiet panic=-1 slipway.test=report")
        made = plan(home, config, "protocol=linux64")
        gpa = [piece for piece in made["pieces"] if piece["what"] == "module 0"][0]["gpa"]
        tap.check(gpa >= 4 << 30, "where it lies")
        found = boot_report(home, config, "protocol=linux64")
        check_linux(found, 1)
        tap.equal(int(found["initrd"][0].split()[0], 16), gpa, "where the kernel says that it lies")


@tap.case("an initrd of 2 GiB", 2 * BOOT)
def initrd_of_2_gib():
    need_guest()
    if initrd.host_mib() < 5 * GIB_MIB:
        tap.skip("the host has %d MiB of memory left, %d are needed" % (initrd.host_mib(), 5 * GIB_MIB))
    with slipway.Home() as home:
        config = home.guest(memory=5 * GIB_MIB, ramdisk=initrd.big(home, 2 * GIB_MIB))
        check_linux(boot_report(home, config, "protocol=linux64"), 1)


def checksum(data):
    """The sum that our guests make."""
    total = 0
    for byte in data:
        total = (((total << 1) | (total >> 31)) + byte) & 0xffffffff
    return total


def lines(home, **keys):
    """Boot a kernel of ours; return its lines as name -> list of numbers."""
    result = home.boot(home.guest(extra=None, autoconsole=0, **keys), seconds=BOOT - 20)
    tap.equal(result.code, 0, "exit code (%s)" % result.err[-2000:])
    home.assert_clean()
    found = {}
    for name, value in re.findall(r"^(\S+) ([0-9a-f]{8})\r?$", result.out, re.M):
        found.setdefault(name, []).append(int(value, 16))
    tap.equal(found.get("done"), [1], "it came to its end")
    return found


@tap.case("Multiboot 1 and 2: machine state, command line, modules and memory map as the kernel finds them", 4 * BOOT)
def multiboot():
    contents = [bytes((i * 7 + k * 13) & 0xff for k in range(1 + i * 331)) for i in range(64)]
    cmdline = "one 'two' three=4"
    for version, eax in (1, 0x2badb002), (2, 0x36d76289):
        with slipway.Home() as home:
            files = [home.write("module%d" % i, content) for i, content in enumerate(contents)]
            found = lines(home, kernel=os.environ["SLIPWAY_MULTIBOOT%d" % version], memory=64, cmdline=cmdline, ramdisk=files)
        tap.equal(found["eax"], [eax], "magic in eax")
        tap.equal(found["cr0"] + found["cr4"], [0x11, 0], "paging off")
        tap.equal(found["eflags"][0] & (EFLAGS_IF | EFLAGS_VM), 0, "IF and VM")
        tap.equal(found["lower"] + found["upper"], [640, 63 * 1024], "KiB of memory")
        tap.equal(found["cmdline-bytes"] + found["cmdline-sum"], [len(cmdline), checksum(cmdline.encode())], "command line")
        tap.equal(found["loader-sum"], [checksum(b"Slipway")], "name of the loader")
        tap.equal(found["module-bytes"], [len(content) for content in contents], "sizes of modules")
        tap.equal(found["module-sum"], [checksum(content) for content in contents], "contents of modules")
        tap.equal([at % 4096 for at in found["module-at"]], [0] * 64, "modules on pages")
        tap.equal(found["module-name"], [checksum(b"module%d" % i) for i in range(64)], "names of modules")
        tap.equal(found["map-base"][0], 0, "the map begins at 0")
        ram = sum(size for size, kind in zip(found["map-bytes"], found["map-type"]) if kind == 1)
        tap.equal(ram, (63 << 20) + (640 << 10), "RAM in the map")
        if version == 2:
            tap.equal(found["end"], found["total"], "the end tag is where the size says")
            tap.equal(sorted(set(found["tag"])), [1, 2, 3, 4, 6, 14, 15], "tags; none for a screen")


@tap.case("a flat binary at a stated address, entered at a stated one", BOOT)
def flat():
    with slipway.Home() as home:
        config = home.guest(kernel=os.environ["SLIPWAY_FLAT"], memory=16, extra=None, autoconsole=0, ramdisk=None,
                            protocol="flat", load_address=0x200000, entry_address=0x200010)
        result = home.boot(config, seconds=BOOT - 20)
        tap.equal(result.code, 0, "exit code (%s)" % result.err[-2000:])
        tap.check("336ec578" in result.out, "start info at ebx: %r" % result.out)
        home.assert_clean()


@tap.case("orders that can't be followed are refused before anything is made", slipway.SECONDS)
def refused():
    with slipway.Home() as home:
        kernel = home.write("kernel", slipway.elf(b"\xf4" * 64))
        for protocol in ("linux32", "multiboot1", "multiboot2"):
            result = home.run("run", "-e", "qemu", home.guest(kernel=kernel, ramdisk=None), "protocol=" + protocol)
            tap.equal(result.code, 4, "exit code for " + protocol)
            tap.check("[SLIP-530]" in result.err, result.err)
        home.assert_clean()


@tap.case("memtest86+, a bzImage that holds no kernel, starts by Linux' entry and comes to its screen", BOOT)
def memtest():
    if not os.path.exists(MEMTEST):
        tap.skip("Debian's memtest86+ is not installed")
    with slipway.Home() as home:
        config = home.guest(kernel=MEMTEST, memory=64, ramdisk=None, extra=None, 
                            cmdline="console=ttyS0 nosmp nosm nomch nopause keyboard=legacy")   # a board without PCI and USB
        tap.equal(plan(home, config)["protocol"], "linux64", "protocol")
        terminal = home.spawn("run", "-e", "qemu", config)
        terminal.expect(r"Memtest86\+ v\d", seconds=BOOT - 20)
        terminal.expect(r"Memory  : +64MB", seconds=BOOT - 20)


@tap.case("GRUB's own Multiboot image: its header's addresses, not an ELF's", slipway.SECONDS)
def grub():
    if not shutil.which("grub-mkimage") or not os.path.isdir(GRUB_PC):
        tap.skip("Debian's grub-pc-bin is not installed")
    with slipway.Home() as home:
        image = os.path.join(home.work, "core.img")
        subprocess.run(["grub-mkimage", "-O", "i386-pc", "-d", GRUB_PC, "-p", "/boot", "-o", image, "serial", "terminal", "echo"],
                       check=True, timeout=slipway.SECONDS)
        made = plan(home, home.guest(kernel=image, memory=64, ramdisk=None))
        tap.equal(made["protocol"], "multiboot1", "protocol")


if __name__ == "__main__":
    tap.main(None if shutil.which("qemu-system-x86_64") else "qemu-system-x86_64 is not installed")
