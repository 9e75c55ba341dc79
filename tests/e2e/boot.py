#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Boots a stock Debian kernel in every size that people ask for, and asks the guest what it found.

Axes are combined, so that a dozen boots cover them. It must not know how the guest was built.
"""
import hashlib
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
import slipway
import tap

MIB = 1 << 20
BOOT = 150      # seconds for one boot with all that goes with it, on a busy machine without KVM


def padded(start, length):
    """A command line of exactly that many bytes that begins with start and differs in every word."""
    words = start
    number = 0
    while len(words) < length:
        words += " pad.%d=%s" % (number, hashlib.sha256(b"%d" % number).hexdigest())
        number += 1
    words = words[:length]
    # A blank at the end would be trimmed by some reader on the way.
    return words[:-1] + "x" if words.endswith(" ") else words


def boot_report(home, config, *overrides):
    """Run the guest to its end; return what it reported."""
    result = home.boot(config, *overrides, seconds=BOOT - 20)
    tap.equal(result.code, 0, "exit code of a guest that powered off (%s)" % result.err[-2000:])
    home.assert_clean()
    return slipway.report(result.out)


def host_mib():
    """What the host has of RAM and swap."""
    with open("/proc/meminfo", encoding="ascii") as file:
        rows = dict(line.split(":", 1) for line in file)
    return sum(int(rows[key].split()[0]) for key in ("MemTotal", "SwapTotal")) // 1024


def ram_bytes(found):
    """All usable RAM in the map that the guest was given."""
    total = 0
    for line in found["map"]:
        start, end, kind = line.split(" ", 2)
        if kind == "System RAM":
            total += int(end, 16) - int(start, 16) + 1
    return total


def check_guest(found, vcpus, memory, cmdline):
    """What holds for every guest."""
    tap.equal(found["cpus"], [str(vcpus)], "CPUs online")
    tap.equal(found["cmdline_bytes"], [str(len(cmdline))], "length of the command line")
    tap.equal(found["cmdline_sha256"], [hashlib.sha256(cmdline.encode()).hexdigest()], "command line")
    ram = ram_bytes(found)
    tap.check((memory - 2) * MIB <= ram <= memory * MIB, "%d MiB of RAM, got %d bytes" % (memory, ram))
    # The kernel and its own tables take their part; less than a fifth beside 64 MiB.
    tap.check(int(found["memtotal_kib"][0]) >= (memory * 0.8 - 64) * 1024, "MemTotal %s" % found["memtotal_kib"])
    tap.equal(found["complaint"], [], "complaints of the guest's kernel")


def check_modules(found, paths):
    """The loader's list has these files, to the byte, and the kernel took the first as its initrd."""
    sizes = [os.path.getsize(path) for path in paths]
    tap.equal(found["start_info_version"], ["1"], "version of the start info")
    tap.equal(found["modules"], [str(len(sizes))], "number of modules")
    tap.equal([int(line.split()[1]) for line in found["module"]], sizes, "sizes of the modules")
    first, last = (int(word, 16) for word in found["initrd"][0].split())
    tap.equal(last - first + 1, -(-sizes[0] // 4096) * 4096, "initrd in whole pages")
    tap.equal(first, int(found["module"][0].split()[0], 16), "place of the initrd")


@tap.case("1 vCPU, 96 MiB, one module, 255 bytes of command line", BOOT)
def smallest():
    cmdline = padded("console=ttyS0 quiet panic=-1 slipway.test=report", 255)
    with slipway.Home() as home:
        found = boot_report(home, home.guest(memory=96, vcpus=1, cmdline=cmdline, extra=None))
        check_guest(found, 1, 96, cmdline)
        check_modules(found, [slipway.guest_file("initrd.img")])
        tap.equal(found["disk"], [], "disks of a guest without disks")
        tap.equal(found["net"], [], "networks of a guest without networks")


@tap.case("2 vCPUs, 512 MiB, three modules, 2047 bytes, two disks, a network", BOOT)
def everything():
    cmdline = padded("console=ttyS0 quiet panic=-1 slipway.test=report", 2047)
    with slipway.Home() as home:
        modules = [slipway.guest_file("initrd.img"), home.write("second", b"2" * 12345), home.write("third", b"3")]
        home.disk("a.img", mib=64)
        home.disk("b.img", mib=3)
        found = boot_report(home, home.guest(
            memory=512, vcpus=2, cmdline=cmdline, extra=None, ramdisk=modules,
            disk=["a.img,raw,xvda,rw", "b.img,raw,xvdb,ro"], vif=["mac=00:16:3e:12:34:56"]))
        check_guest(found, 2, 512, cmdline)
        check_modules(found, modules)
        tap.equal(found["disk"], ["vda %d 0 SLIPWAY TEST DISK" % (64 * MIB), "vdb %d 1 SLIPWAY TEST DISK" % (3 * MIB)],
                  "disks in the order of the description")
        tap.equal(found["net"], ["eth0 00:16:3e:12:34:56"], "network")
        tap.check(re.fullmatch(r"10\.\d+\.\d+\.\d+", found["address"][0]), "an address by DHCP: %s" % found["address"])


@tap.case("4 vCPUs, 6 GiB", BOOT)
def big():
    if host_mib() < 6144:
        tap.skip("this host has only %d MiB of RAM and swap" % host_mib())
    cmdline = "console=ttyS0 quiet panic=-1 slipway.test=report"
    with slipway.Home() as home:
        found = boot_report(home, home.guest(memory=6144, vcpus=4, cmdline=cmdline, extra=None))
        check_guest(found, 4, 6144, cmdline)
        above = [line for line in found["map"] if int(line.split()[0], 16) >= 1 << 32 and "System RAM" in line]
        tap.check(above, "RAM above 4 GiB in %s" % found["map"])


@tap.case("16 vCPUs, 512 MiB", BOOT)
def many_cpus():
    cmdline = "console=ttyS0 quiet panic=-1 slipway.test=report"
    with slipway.Home() as home:
        found = boot_report(home, home.guest(memory=512, vcpus=16, cmdline=cmdline, extra=None))
        check_guest(found, 16, 512, cmdline)


@tap.case("a command line of 1 byte, and a console that the guest has to find itself", BOOT)
def one_byte():
    with slipway.Home() as home:
        config = home.guest(memory=96, cmdline="q", extra=None, autoconsole=0)
        result = home.boot(config)
        tap.equal(result.code, 0, "exit code (%s)" % result.err[-2000:])
        tap.check(re.search(r"^cmdline: q\r?$", result.out, re.M), "the guest's command line in:\n" + result.out)
        home.assert_clean()


@tap.case("no console named: the engine's own is added", BOOT)
def own_console():
    with slipway.Home() as home:
        result = home.boot(home.guest(memory=96, extra="quiet panic=-1"))
        tap.equal(result.code, 0, "exit code (%s)" % result.err[-2000:])
        found = re.search(r"^cmdline: (.*?)\r?$", result.out, re.M)
        tap.check(found, "the guest's command line in:\n" + result.out)
        tap.equal(sorted(found[1].split()), ["console=ttyS0", "panic=-1", "quiet"], "command line")
        for stage in ("parse", "image", "build", "engine", "guest"):
            tap.contains((result.out + result.err)[-2000:], stage, "the closing line")
        home.assert_clean()


@tap.case("no initrd: the kernel starts and finds no root", BOOT)
def no_initrd():
    with slipway.Home() as home:
        # Without an initrd no module can tell us of the panic: the kernel resets, and that ends the guest.
        result = home.boot(home.guest(memory=96, ramdisk=None, extra="panic=-1", on_reboot="destroy"))
        tap.contains(result.out, "Unable to mount root fs", "the console")
        tap.equal(result.code, 0, "exit code of a guest whose reset ends it")
        home.assert_clean()


@tap.case("a panic is told and ends the guest with exit code 10", BOOT)
def panic():
    with slipway.Home() as home:
        result = home.boot(home.guest(extra="panic=0 slipway.test=panic", on_crash="destroy"))
        tap.contains(result.out, "slipway: panicking", "the console")
        tap.equal(result.code, 10, "exit code (%s)" % result.err[-2000:])
        home.assert_clean()


@tap.case("resets that come too fast end as a crash with exit code 10", 2 * BOOT)
def reset_loop():
    with slipway.Home() as home:
        # lidt [0x100800], where there are zeros; int3: a triple fault
        code = b"\x0f\x01\x1d\x00\x08\x10\x00\xcc"
        kernel = home.write("triple", slipway.elf(code, segments=[(slipway.CODE_AT, code, 4096)]))
        result = home.boot(home.guest(kernel=kernel, ramdisk=None, extra=None, on_reboot="restart"))
        tap.equal(result.code, 10, "exit code (%s)" % result.err[-2000:])
        home.assert_clean()


@tap.case("the console loses nothing, however much comes", BOOT)
def lossless():
    with slipway.Home() as home:
        result = home.boot(home.guest(memory=96, extra="quiet panic=-1 slipway.test=lines"))
        tap.equal(result.code, 0, "exit code (%s)" % result.err[-2000:])
        numbers = [int(line) for line in re.findall(r"^(\d+)\r?$", result.out, re.M)]
        lost = sorted(set(range(1, 20001)) - set(numbers))
        tap.equal(lost[:10], [], "the first of %d lines that were lost" % len(lost))
        tap.equal(len(numbers), 20000, "number of lines")
        home.assert_clean()


@tap.case("a shell on a terminal", BOOT)
def shell():
    with slipway.Home() as home:
        terminal = home.spawn("run", home.guest(extra="quiet panic=-1 slipway.shell"))
        terminal.expect(r"\n[^\n]*# ")
        terminal.send("echo $((40 + 2)) is the answer\n")
        terminal.expect("42 is the answer")
        terminal.send("exit\n")
        tap.equal(terminal.wait(), 0, "exit code")
        home.assert_clean()


tap.main(slipway.cannot_boot())
