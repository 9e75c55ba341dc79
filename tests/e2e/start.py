#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the first instruction finds, told by a kernel of ours (tests/guests/start.asm), and Debian's kernel as a plain ELF.

The expected values are the PVH ABI's: 32-bit flat protected mode without paging, an active task register, the start info
in ebx. It must not know how an engine gets there.
"""
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
import slipway
import tap

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
BOOT = 120
EFLAGS_TF, EFLAGS_IF, EFLAGS_DF, EFLAGS_VM = 1 << 8, 1 << 9, 1 << 10, 1 << 17


def checksum(data):
    """The sum that the guest makes."""
    total = 0
    for byte in data:
        total = (((total << 1) | (total >> 31)) + byte) & 0xffffffff
    return total


def start(home, **keys):
    """Boot start.elf; return its lines as name -> list of numbers."""
    result = home.boot(home.guest(kernel=os.environ["SLIPWAY_START"], extra=None, autoconsole=0, **keys), seconds=BOOT - 20)
    tap.equal(result.code, 0, "exit code (%s)" % result.err[-2000:])
    home.assert_clean()
    found = {}
    for name, value in re.findall(r"^(\S+) ([0-9a-f]{8})\r?$", result.out, re.M):
        found.setdefault(name, []).append(int(value, 16))
    return found


@tap.case("the start state: registers, task register, tables of the reset ROM gone", BOOT)
def registers():
    with slipway.Home() as home:
        found = start(home, memory=16, vcpus=1, cmdline="x", ramdisk=None)
    tap.equal(found["cr0"], [0x11], "cr0: PE and ET alone")
    tap.equal(found["cr4"], [0], "cr4")
    tap.equal(found["efer"], [0], "efer")
    tap.equal(found["eflags"][0] & (EFLAGS_TF | EFLAGS_IF | EFLAGS_DF | EFLAGS_VM), 0, "TF, IF, DF, VM in eflags")
    tap.check(found["tr"][0] != 0, "a task register that was loaded")
    tap.equal(found["gdt-limit"] + found["idt-limit"], [0, 0], "limits of GDT and IDT, as a guest finds them on Xen")
    tap.equal(found["reset-block"], [0], "what the reset ROM used, wiped")


@tap.case("the start info, without modules", BOOT)
def start_info():
    with slipway.Home() as home:
        found = start(home, memory=16, vcpus=1, cmdline="", ramdisk=None)
    tap.equal(found["magic"], [0x336ec578], "magic")
    tap.equal(found["version"] + found["flags"] + found["modules"], [1, 0, 0], "version, flags, modules")
    tap.equal(found["cmdline-bytes"], [0], "length of an empty command line")
    tap.equal(found["rsdp-first"], [int.from_bytes(b"RSD ", "little")], "where the RSDP is said to be")
    tap.check(found["map-entries"][0] >= 3, "a memory map")


@tap.case("64 modules of odd sizes and 2047 bytes of command line arrive to the byte", BOOT)
def modules():
    cmdline = "".join(chr(33 + i % 90) for i in range(2047)).replace('"', "q").replace("\\", "b")
    contents = [bytes((i * 7 + k * 13) & 0xff for k in range(1 + i * 331)) for i in range(64)]
    with slipway.Home() as home:
        files = [home.write("module%d" % i, content) for i, content in enumerate(contents)]
        found = start(home, memory=32, vcpus=4, cmdline=cmdline, ramdisk=files)
    tap.equal(found["modules"], [64], "number of modules")
    tap.equal(found["module-bytes"], [len(content) for content in contents], "sizes")
    tap.equal(found["module-sum"], [checksum(content) for content in contents], "contents")
    tap.equal(found["cmdline-bytes"], [2047], "length of the command line")
    tap.equal(found["cmdline-sum"], [checksum(cmdline.encode())], "the command line")


@tap.case("Debian's kernel as the ELF that is inside its bzImage", 2 * BOOT)
def plain_elf():
    if slipway.cannot_boot():
        tap.skip(slipway.cannot_boot())
    with slipway.Home() as home:
        elf = home.write("vmlinux", b"")
        subprocess.run([sys.executable, os.path.join(ROOT, "bench", "bzimage.py"), "elf", slipway.guest_file("vmlinuz"), elf],
                       check=True, timeout=BOOT)
        result = home.boot(home.guest(kernel=elf, memory=256, cmdline="console=ttyS0 quiet slipway.test=report", extra=None),
                           seconds=BOOT)
        tap.equal(result.code, 0, "exit code (%s)" % result.err[-2000:])
        tap.equal(slipway.report(result.out)["cpus"], ["1"], "CPUs")
        home.assert_clean()


tap.main(None if shutil.which("qemu-system-x86_64") else "qemu-system-x86_64 is not installed")
