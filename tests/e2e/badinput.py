#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Gives the command everything it should refuse: each has a message of its own, the right exit code, and leaves
nothing behind. No case here boots a guest, but for one that needs a neighbour. It must not know who found out.
"""
import os
import re
import shutil
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
import slipway
import tap

USAGE, DESCRIPTION, IMAGE, ENGINE = 2, 3, 4, 5
KIB = 1024
MIB = 1 << 20


def refused(home, result, code, *patterns):
    """The command failed with that code, said all of that on stderr, and left nothing behind."""
    text = result.err
    tap.equal(result.code, code, "exit code (%s)" % text[-2000:])
    for pattern in patterns:
        tap.check(re.search(pattern, text, re.I), "no /%s/ in:\n%s" % (pattern, text[-2000:]))
    tap.check("AddressSanitizer" not in text and "runtime error" not in text, text[-4000:])
    home.assert_clean()


def refused_run(code, *patterns, **keys):
    """Running a guest with these keys is refused like that."""
    with slipway.Home() as home:
        refused(home, home.run("run", home.guest(**keys)), code, *patterns)


def refused_text(text, *patterns, verb="check"):
    """This description is refused, with a place."""
    with slipway.Home() as home:
        refused(home, home.run(verb, home.write("bad.cfg", text)), DESCRIPTION, *patterns)


def refused_kernel(kernel, *patterns, code=IMAGE, **keys):
    """A guest with this kernel (bytes), and nothing of the stock guest, is refused."""
    with slipway.Home() as home:
        path = home.write("kernel.bin", kernel)
        refused(home, home.run("run", home.guest(kernel=path, ramdisk=None, **keys)), code, *patterns)


def stock_kernel():
    """The bytes of Debian's bzImage."""
    if not os.path.exists(slipway.guest_file("vmlinuz")):
        tap.skip("no stock kernel: scripts/guest has not run")
    with open(slipway.guest_file("vmlinuz"), "rb") as file:
        return file.read()


def payload_range(kernel):
    """Where the compressed kernel lies in a bzImage: offset and length (Linux Documentation/arch/x86/boot.rst)."""
    setup = (kernel[0x1F1] or 4) * 512 + 512
    offset, length = struct.unpack_from("<II", kernel, 0x248)
    return setup + offset, length


def stock_elf():
    """The ELF inside Debian's bzImage."""
    kernel = stock_kernel()
    offset, length = payload_range(kernel)
    payload = kernel[offset:offset + length]
    for magic, command in ((b"\x02\x21\x4c\x18", "lz4"), (b"\xfd7zXZ", "xz"), (b"\x28\xb5\x2f\xfd", "zstd"),
                           (b"\x1f\x8b", "gzip")):
        if payload.startswith(magic):
            if not shutil.which(command):
                tap.skip("%s is not installed" % command)
            # The last four bytes are the size, not part of the stream.
            if command == "lz4":
                payload = payload[:-4]
            return subprocess.run([command, "-dc"], input=payload, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                  check=False).stdout
    tap.skip("the stock kernel is compressed in a way that this test does not know")
    return b""


def truncations(content, places):
    """inspect refuses content cut at every one of these places, and says so each time."""
    wrong = []
    with slipway.Home() as home:
        for place in places:
            result = home.run("inspect", home.write("cut.bin", content[:place]))
            if result.code != IMAGE or not re.search(r"\d", result.err):
                wrong.append("cut at %d: exit %d: %s" % (place, result.code, result.err.strip()[-300:]))
        home.assert_clean()
    tap.equal(wrong, [], "truncated files that were not refused")


# --- the command line ---

@tap.case("no verb, an unknown verb, an unknown option, no file")
def usage():
    with slipway.Home() as home:
        for words in ([], ["launch"], ["run"], ["run", "--frobnicate", "x"], ["inspect"], ["explain", "SLIP-99999"]):
            refused(home, home.run(*words), USAGE, "usage|unknown|no such|there is no|help|missing|needs")


@tap.case("an unknown engine")
def unknown_engine():
    with slipway.Home() as home:
        result = home.run("run", "-e", "bhyve", home.guest())
        tap.check(result.code in (USAGE, ENGINE), "exit code %d (%s)" % (result.code, result.err))
        tap.contains(result.err, "bhyve", "the message")
        tap.contains(result.err, "qemu", "what there is instead")
        home.assert_clean()


# --- the description ---

@tap.case("no such description, a directory, an empty one")
def no_description():
    with slipway.Home() as home:
        refused(home, home.run("run", "nowhere.cfg"), DESCRIPTION, "nowhere.cfg.*no such file")
        refused(home, home.run("run", home.work), DESCRIPTION, "director")
        refused(home, home.run("run", home.write("empty.cfg", b"")), DESCRIPTION, "empty.cfg")


@tap.case("a description that is not one")
def not_a_description():
    refused_text(b"\x7fELF\x00\x01\x02\xff" * 64, "bad.cfg")
    refused_text("name = \"a\nb = 1\n", "bad.cfg:1:")
    refused_text("name = \"x\"\nmemory = [ 1, 2\n", "bad.cfg:")
    refused_text("[" * 100000, "bad.cfg:1:")


@tap.case("an unknown key, with a guess")
def unknown_key():
    with slipway.Home() as home:
        refused(home, home.run("run", home.guest(memroy=64)), DESCRIPTION, "memroy", "did you mean.*memory", r"\^")


@tap.case("two boot methods, an unknown type, a type and a builder that differ")
def contradictions():
    refused_run(DESCRIPTION, "firmware", "kernel", firmware="ovmf")
    refused_run(DESCRIPTION, "pvhh", "pvh", type="pvhh")
    refused_run(DESCRIPTION, "builder", builder="hvm")


@tap.case("sizes out of range")
def out_of_range():
    refused_run(DESCRIPTION, "memory", memory=0)
    refused_run(DESCRIPTION, "vcpus", vcpus=0)
    refused_run(DESCRIPTION, "vcpus", vcpus=100000)
    refused_text('name = "x"\nmemory = 99999999999999999999999\n', "bad.cfg:2:")


@tap.case("a boot method that is not built yet")
def not_built():
    with slipway.Home() as home:
        disk = ["%s,raw,xvda,r" % home.write("disk.img", "")]
        for code, word, keys in ((DESCRIPTION, "firmware", {"type": "hvm", "firmware": "ovmf"}),
                                 (DESCRIPTION, "pv guest", {"type": "pv", "bootloader": "pygrub", "disk": disk}),
                                 (ENGINE, "pygrub.*not built", {"type": "pvh", "bootloader": "pygrub", "disk": disk})):
            refused(home, home.run("run", home.guest(kernel=None, ramdisk=None, extra=None, **keys)), code, word)


# --- the kernel file ---

@tap.case("a kernel that is missing, empty, a directory")
def no_kernel():
    refused_run(IMAGE, "nowhere.*no such file", kernel="nowhere")
    refused_run(IMAGE, "director", kernel="/")
    refused_kernel(b"", "empty")


@tap.case("a kernel that is no kernel")
def no_image():
    refused_kernel(b"#!/bin/sh\necho this is no kernel\n" * 100, "kernel.bin")
    refused_kernel(bytes(65536), "kernel.bin")


@tap.case("a bzImage cut at every KiB of its headers")
def cut_headers():
    kernel = stock_kernel()
    truncations(kernel, range(KIB, payload_range(kernel)[0] + 1, KIB))


@tap.case("a bzImage cut at ten places of its payload", 240)
def cut_payload():
    kernel = stock_kernel()
    offset, length = payload_range(kernel)
    truncations(kernel, [offset + 1 + length * i // 10 for i in range(10)])


@tap.case("a bzImage with a broken byte in its payload")
def broken_payload():
    kernel = bytearray(stock_kernel())
    offset, length = payload_range(kernel)
    for place in range(offset + length // 3, offset + length // 3 + 4096):
        kernel[place] ^= 0xA5
    refused_kernel(bytes(kernel), "kernel.bin")


@tap.case("an ELF cut at every KiB of its headers and ten places of its segments", 240)
def cut_elf():
    kernel = stock_elf()
    phoff, = struct.unpack_from("<Q", kernel, 32)
    size, count = struct.unpack_from("<HH", kernel, 54)
    ends = []
    for i in range(count):
        kind, _, offset, _, _, filesz = struct.unpack_from("<IIQQQQ", kernel, phoff + i * size)
        if kind == 1:
            ends.append(offset + filesz)
    headers = list(range(KIB, phoff + size * count + KIB, KIB)) + [64, phoff + 1, phoff + size * count - 1]
    truncations(kernel, headers + [1 + max(ends) * i // 10 for i in range(1, 10)] + [max(ends) - 1])


@tap.case("segments that overlap, wrap or lie outside the memory")
def bad_segments():
    code = b"\xf4" * 4096
    at = slipway.CODE_AT
    refused_kernel(slipway.elf(code, [(at, code, 8192), (at + 4096, code, 4096)]), "overlap", r"0x[0-9a-f]+")
    refused_kernel(slipway.elf(code, [(at, code, 4096), (2**64 - 4096, code, 8192)]), r"0x[0-9a-f]+")
    refused_kernel(slipway.elf(code, [(at, code, 2**64 - 4096)]), r"\d")
    refused_kernel(slipway.elf(code, [(at, code, 4096), (1 << 40, code, 4096)]), r"\d")
    refused_kernel(slipway.elf(code, [(at, code, 1024)]), r"\d")


@tap.case("an entry point outside of all segments")
def bad_entry():
    refused_kernel(slipway.elf(b"\xf4" * 64, notes=slipway.note(slipway.PVH_NOTE, 0x4000000)), "0x4000000")


@tap.case("a kernel without a PVH note is told what it has instead")
def no_note():
    code = b"\xf4" * 64
    refused_kernel(slipway.elf(code, notes=b""), "PVH", "note")
    refused_kernel(slipway.elf(code, notes=slipway.note(slipway.PVH_NOTE, slipway.CODE_AT, b"GNU\0")), "PVH", "note")
    refused_kernel(slipway.elf(code, notes=slipway.note(5, 1)), "PVH", "note")


# --- what does not fit ---

@tap.case("memory too small: how much is needed")
def too_small():
    stock_kernel()
    refused_run(IMAGE, r"needs? .*\d+ MiB", r"has .*\d+|32", memory=32)


@tap.case("more memory than the host has")
def too_large():
    # 32 TiB; a host that has it may boot this
    refused_kernel(slipway.elf(b"\xf4" * 64), "33554432 MiB.*host has [0-9]+ MiB", code=ENGINE, memory=33554432)


@tap.case("an initrd that is missing or does not fit")
def bad_initrd():
    stock_kernel()
    refused_run(IMAGE, "nowhere.*no such file", ramdisk="nowhere")
    with slipway.Home() as home:
        path = home.write("huge.img", b"")
        os.truncate(path, 300 * MIB)
        refused(home, home.run("run", home.guest(ramdisk=path, memory=128)), IMAGE, r"\d+.*\d+")


# --- the disks ---

@tap.case("a disk that is missing or a directory")
def bad_disk():
    stock_kernel()
    refused_run(ENGINE, "nowhere.img.*no such file", disk=["nowhere.img,raw,xvda,rw"])
    refused_run(ENGINE, "director", disk=["/tmp,raw,xvda,rw"])


@tap.case("a disk that may not be written")
def read_only_disk():
    stock_kernel()
    with slipway.Home() as home:
        path = home.disk(mode=0o400)
        if os.geteuid() == 0 and not slipway.mount_read_only(path):
            tap.skip("root may write everything, and may not mount here")
        refused(home, home.run("run", home.guest(disk=[path + ",raw,xvda,rw"])), ENGINE, "disk.img",
                "read-only|permission|not writable|write")


# --- the host ---

@tap.case("QEMU is missing")
def no_qemu():
    stock_kernel()
    with slipway.hidden("qemu-system-x86_64") as gone, slipway.Home() as home:
        if not gone:
            tap.skip("only root can hide the installed QEMU")
        refused(home, home.run("run", "-e", "qemu", home.guest()), ENGINE, "qemu-system-x86_64")


@tap.case("a name that is taken", 150)
def name_taken():
    reason = slipway.cannot_boot()
    if reason:
        tap.skip(reason)
    with slipway.Home() as home:
        config = home.guest(extra="quiet panic=-1 slipway.test=hang")
        terminal = home.spawn("run", config)
        terminal.expect("slipway: hanging")
        result = home.run("run", config)
        tap.check(result.code not in (0, USAGE, DESCRIPTION, IMAGE), "exit code %d" % result.code)
        tap.contains(result.err, home.name(), "the name in the message")
        tap.equal(home.run("destroy", home.name()).code, 0, "exit code of destroy")
        terminal.wait(30)
        home.assert_clean()


tap.main()
