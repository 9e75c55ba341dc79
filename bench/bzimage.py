#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""bzimage.py: takes a bzImage apart and puts it together again with another compression.

    bzimage.py payload BZIMAGE OUT           the compressed payload, without its 4-byte size trailer
    bzimage.py elf BZIMAGE OUT               what is in it: the kernel's ELF (and its relocation table)
    bzimage.py recompress CODEC BZIMAGE OUT  the same kernel with payload in CODEC (gzip xz zstd lz4 none)
    bzimage.py shout BZIMAGE OUT             the same with other first instructions: they print a byte on the first serial port, by
                                             whichever entry it is started, and halt
    bzimage.py shout-elf BZIMAGE OUT         the ELF in that

Offsets are those of Linux's Documentation/arch/x86/boot.rst. The result is for loaders that unpack on the host: the
kernel's own unpacking code keeps its old idea of the payload's length.
"""
import os
import struct
import subprocess
import sys

# How Linux's own build calls each tool, and how its output begins.
CODECS = {
    "gzip": (["gzip", "-n", "-9"], ["gzip", "-dc"], b"\x1f\x8b"),
    "xz": (["xz", "--check=crc32", "--x86", "--lzma2=dict=32MiB"], ["xz", "-dc"], b"\xfd7zXZ\0"),
    "zstd": (["zstd", "-q", "-19"], ["zstd", "-q", "-dc"], b"\x28\xb5\x2f\xfd"),
    "lz4": (["lz4", "-q", "-l", "-9"], ["lz4", "-q", "-dc"], b"\x02\x21\x4c\x18"),
    "none": (None, None, b"\x7fELF"),
}
# Linux's build puts the decompressed size behind the others; gzip ends in it anyway.
OWN_SIZE = ("none", "gzip")


def parse(data):
    """(start of the payload in the file, its length with trailer)"""
    if data[0x202:0x206] != b"HdrS":
        raise SystemExit("bzimage.py: no Linux setup header")
    setup = (data[0x1f1] or 4) * 512 + 512
    offset, length = struct.unpack_from("<II", data, 0x248)
    return setup + offset, length


def codec_of(payload):
    for name, (_, _, magic) in CODECS.items():
        if payload.startswith(magic):
            return name
    raise SystemExit("bzimage.py: unknown compression " + payload[:6].hex())


def pipe(command, data):
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


def payload_of(data):
    start, length = parse(data)
    whole = data[start:start + length]
    name = codec_of(whole)
    return name, whole if name in OWN_SIZE else whole[:-4]


def elf_of(data):
    name, payload = payload_of(data)
    return payload if name == "none" else pipe(CODECS[name][1], payload)


def recompress(data, codec):
    elf = elf_of(data)
    payload = elf if codec == "none" else pipe(CODECS[codec][0], elf)
    return with_payload(data, payload if codec in OWN_SIZE else payload + struct.pack("<I", len(elf)))


def with_payload(data, payload):
    """The bzImage with another payload, which ends in its size as Linux' build would have it."""
    start, length = parse(data)
    out = bytearray(data[:start] + payload + data[start + length:])
    struct.pack_into("<I", out, 0x24c, len(payload))
    out += bytes(-len(out) % 16)  # the header counts the kernel in paragraphs
    protected = len(out) - ((data[0x1f1] or 4) * 512 + 512)
    struct.pack_into("<I", out, 0x1f4, protected // 16)
    return bytes(out)


# mov dx, 0x3f8; mov al, '!'; out dx, al; hlt; jmp to the hlt. The first byte is what makes dx 16 bits wide in 32-bit code.
SHOUT16 = b"\xba\xf8\x03\xb0\x21\xee\xf4\xeb\xfd"
SHOUT32 = b"\x66" + SHOUT16
PVH_NOTES = [struct.pack("<III4s", 4, size, 18, b"Xen") for size in (4, 8)]     # XEN_ELFNOTE_PHYS32_ENTRY


def shouting_elf(data):
    """The kernel's ELF with other instructions at its PVH entry."""
    elf = bytearray(elf_of(data))
    at = max(elf.find(note) for note in PVH_NOTES)
    if at < 0:
        raise SystemExit("bzimage.py: the kernel has no PVH note")
    entry, = struct.unpack_from("<I", elf, at + 16)
    headers, = struct.unpack_from("<Q", elf, 32)
    size, count = struct.unpack_from("<HH", elf, 54)
    for i in range(count):
        kind, _flags, offset, _virtual, physical, length = struct.unpack_from("<IIQQQQ", elf, headers + i * size)
        if kind == 1 and physical <= entry < physical + length:
            entry += offset - physical
            elf[entry:entry + len(SHOUT32)] = SHOUT32
            return bytes(elf)
    raise SystemExit("bzimage.py: the PVH entry is in no segment")


def shout(data):
    name, _payload = payload_of(data)
    elf = shouting_elf(data)
    packed = pipe(CODECS[name][0], elf) + (b"" if name in OWN_SIZE else struct.pack("<I", len(elf)))
    out = bytearray(with_payload(data, packed))
    # The setup code begins with a jump over its header (boot.rst, "jump"): two bytes, the second how far.
    start = 0x202 + out[0x201]
    out[start:start + len(SHOUT16)] = SHOUT16
    return bytes(out)


def main(args):
    verb, *rest = args
    with open(rest[-2], "rb") as f:
        data = f.read()
    result = {
        "payload": lambda: payload_of(data)[1],
        "elf": lambda: elf_of(data),
        "recompress": lambda: recompress(data, rest[0]),
        "shout": lambda: shout(data),
        "shout-elf": lambda: shouting_elf(data),
    }[verb]()
    with open(rest[-1] + ".new", "wb") as f:
        f.write(result)
    os.rename(rest[-1] + ".new", rest[-1])


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(sys.argv[1:])
