#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A stock kernel as a PV guest, built by the null engine and read back through its page tables, as Xen and the kernel do.

What the bytes mean is Xen's public header xen.h. It must not know how the builder places things.
"""
import json
import os
import re
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
import slipway
import tap

PAGE = 4096
MEMORY = 160


class Machine:
    """What `run -e null --record` left: memory, frames, plan."""

    def __init__(self, folder):
        with open(os.path.join(folder, "p2m"), "rb") as file:
            data = file.read()
        self.p2m = struct.unpack("<%dQ" % (len(data) // 8), data)
        self.pfn = {mfn: pfn for pfn, mfn in enumerate(self.p2m)}
        self.ram = open(os.path.join(folder, "ram.img"), "rb")  # pylint: disable=consider-using-with
        with open(os.path.join(folder, "plan.json"), encoding="utf-8") as file:
            self.plan = json.load(file)
        start = self.plan["start"]
        tables = int(start["page_tables"], 16) - int(start["mappings"][0]["virtual"], 16)
        self.root = self.p2m[tables // PAGE]

    def physical(self, gpa, size):
        """Bytes at a pseudo-physical address."""
        self.ram.seek(gpa)
        return self.ram.read(size)

    def entry(self, address):
        """The page-table entry for a virtual address, 0 without one."""
        mfn = self.root
        entry = 0
        for level in (3, 2, 1, 0):
            index = address >> (12 + 9 * level) & 511
            entry = struct.unpack("<Q", self.physical(self.pfn[mfn] * PAGE + 8 * index, 8))[0]
            if not entry & 1:
                return 0
            mfn = (entry & 0xffffffffff000) >> 12
        return entry

    def read(self, address, size):
        """Bytes at a virtual address, page by page."""
        data = b""
        while len(data) < size:
            at = address + len(data)
            entry = self.entry(at)
            tap.check(entry, "0x%x is mapped" % at)
            count = min(size - len(data), PAGE - at % PAGE)
            data += self.physical(self.pfn[(entry & 0xffffffffff000) >> 12] * PAGE + at % PAGE, count)
        return data


def record(home, **keys):
    """Build a guest; return what was recorded."""
    folder = os.path.join(home.work, "record")
    result = home.run("run", "-e", "null", "--record", folder, home.guest(type="pv", memory=MEMORY, **keys), seconds=60)
    tap.equal(result.code, 0, "exit code (%s)" % result.err)
    return Machine(folder)


@tap.case("a stock kernel as PV: start info, frames, initrd, page tables", 120)
def stock():
    with slipway.Home() as home:
        machine = record(home, extra="slipway.test=report")
        start = machine.plan["start"]
        info = machine.read(int(start["start_info"], 16), 1168)
        pages, shared = struct.unpack_from("<QQ", info, 32)
        base, frames, mfns, module, length = struct.unpack_from("<5Q", info, 88)
        tap.equal(info[:32].rstrip(b"\0"), b"xen-3.0-x86_64", "magic")
        tap.equal((pages, shared % PAGE), (MEMORY * 256, 0), "pages and shared info")
        tap.equal(info[128:1152].rstrip(b"\0"), b"console=hvc0 slipway.test=report", "command line")
        tap.equal(base, int(start["page_tables"], 16), "pt_base")
        for page in range(frames):
            tap.equal(machine.entry(base + page * PAGE) & 2, 0, "page table %d is read-only" % page)
        tap.equal(struct.unpack("<%dQ" % pages, machine.read(mfns, 8 * pages)), machine.p2m, "the p2m list")
        with open(slipway.guest_file("initrd.img"), "rb") as file:
            initrd = file.read()
        tap.equal(length, len(initrd), "mod_len")
        tap.check(machine.physical(module * PAGE, length) == initrd, "the initrd's bytes")
        tap.check(machine.read(int(start["entry"], 16), 16) != bytes(16), "code at the entry")
        home.assert_clean()


@tap.case("inspect and plan say how a stock kernel starts as PV, and the qemu engine that it can't", 60)
def words():
    with slipway.Home() as home:
        result = home.run("inspect", slipway.guest_file("vmlinuz"))
        tap.check(re.search(r"^  pv   yes: it has Xen PV notes, 64-bit, mapped from 0xffffffff80000000$", result.out, re.M),
                  "inspect: %s" % result.out)
        result = home.run("plan", "-e", "null", home.guest(type="pv"))
        tap.contains(result.out, "protocol   Xen PV: a pv guest starts by Xen's PV interface, 64-bit; ", "plan")
        result = home.run("plan", "-e", "qemu", home.guest(type="pv"))
        tap.equal(result.code, 3, "exit code of qemu's refusal")
        tap.contains(result.err, "the qemu engine can't start a pv guest: those need Xen [SLIP-603]", "its words")


@tap.case("kernels for the wrong container are told the right one", 60)
def wrong():
    with slipway.Home() as home:
        result = home.run("plan", "-e", "null", home.guest(type="pv", kernel=os.environ["SLIPWAY_START"], ramdisk=None))
        tap.equal(result.code, 4, "exit code")
        tap.contains(result.err, "cannot start as a pv guest: it has no Xen PV notes", "the reason")
        tap.contains(result.err, 'hint: it has a PVH entry: type = "pvh" starts it', "the hint")


if __name__ == "__main__":
    tap.main(None if os.path.exists(slipway.guest_file("vmlinuz")) else "no kernel: scripts/guest made no vmlinuz")
