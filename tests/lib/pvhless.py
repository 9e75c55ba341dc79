#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""pvhless.py BZIMAGE OUT: the same bzImage with the PVH note of the kernel inside destroyed, still able to unpack itself.

The kernel's own unpacking code knows the compressed length, so the payload keeps it: one bit of it is changed. Knows lz4 alone, which
Debian's cloud kernel is packed with.
"""
import struct
import sys

TYPE_AT, NAME_END = 8, 16       # of a note from its start, whose name is "Xen"
NOTES = [struct.pack("<III", 4, size, 18) + b"Xen\0" for size in (4, 8)]   # XEN_ELFNOTE_PHYS32_ENTRY (Xen, public/elfnote.h)
LZ4_MAGIC = b"\x02\x21\x4c\x18"   # lz4's doc/lz4_Frame_format.md, "Legacy frame"


def find_note(elf):
    """Where the PVH note starts."""
    for note in NOTES:
        at = elf.find(note)
        if at >= 0:
            return at
    return -1


def lz4_block(block):
    """A block unpacked, and for each literal run (its place in the block, its place in the result, its length)."""
    out, runs, at = bytearray(), [], 0
    while at < len(block):
        token = block[at]
        at += 1
        count = token >> 4
        if count == 15:
            while True:
                count += block[at]
                at += 1
                if block[at - 1] != 255:
                    break
        runs.append((at, len(out), count))
        out += block[at:at + count]
        at += count
        if at >= len(block):
            break
        back = block[at] | block[at + 1] << 8
        at += 2
        count = (token & 15) + 4
        if count == 19:
            while True:
                count += block[at]
                at += 1
                if block[at - 1] != 255:
                    break
        if back >= count:
            out += out[-back:len(out) - back + count] if back > count else out[-back:]
        else:
            piece = bytes(out[-back:])
            out += (piece * (count // back + 1))[:count]
    return out, runs


def lz4_without(packed):
    """One bit in one of the sequences that make the note: nothing but the note may come out differently."""
    packed, at = bytearray(packed), len(LZ4_MAGIC)
    while at + 4 <= len(packed):
        size = int.from_bytes(packed[at:at + 4], "little")
        block = packed[at + 4:at + 4 + size]
        plain, runs = lz4_block(block)
        note = find_note(plain)
        for place, start, count in runs if note >= 0 else ():
            if not note <= start + count < note + NAME_END:
                continue
            for bit in range(16):       # of the distance that the match behind the literals goes back
                spot = place + count + bit // 8
                block[spot] ^= 1 << bit % 8
                again, _runs = lz4_block(block)
                if (len(again) == len(plain) and again[:note] == plain[:note] and find_note(again) < 0 and
                        again[note + NAME_END:] == plain[note + NAME_END:]):
                    packed[at + 4:at + 4 + size] = block
                    return bytes(packed)
                block[spot] ^= 1 << bit % 8
        at += 4 + size
    raise SystemExit("pvhless.py: no PVH note in it, or none that can be changed alone")


def without_pvh(image):
    """The whole file again. Where the payload is: boot.rst, payload_offset and payload_length."""
    setup = ((image[0x1f1] or 4) + 1) * 512
    offset, length = struct.unpack_from("<II", image, 0x248)
    start, end = setup + offset, setup + offset + length - 4     # its unpacked size follows
    if image[start:start + 4] != LZ4_MAGIC:
        raise SystemExit("pvhless.py: it is not compressed with lz4")
    return image[:start] + lz4_without(image[start:end]) + image[end:]


def main(args):
    """The command."""
    with open(args[0], "rb") as file:
        image = file.read()
    with open(args[1], "wb") as file:
        file.write(without_pvh(image))


if __name__ == "__main__":
    main(sys.argv[1:])
