# SPDX-License-Identifier: LGPL-2.1-or-later
"""Decompression bombs: one stream of each format that begins with some bytes and goes on with gigabytes of zeros.

    bombs.FORMATS["xz"](head, 10 << 30)     -> the stream, some megabytes at most

Nothing of that size is ever compressed here: a block of zeros is made once, and repeated as the format allows. The streams are
whole up to their very end, which nobody should reach. This file must not know who reads them.
"""
import bz2
import lzma
import struct
import subprocess
import zlib

MIB = 1 << 20


def gzip(head, size):
    """RFC 1952 around RFC 1951: after a full flush compressed bytes depend on nothing before them."""
    def deflate(content):
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        return packer.compress(content) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08" + bytes(7) + deflate(head) + deflate(bytes(16 * MIB)) * (size // (16 * MIB))


def _xz_block(content, claim):
    """Stream header, and what is between it and the index (xz-file-format, sections 2 and 4)."""
    stream = lzma.compress(content, check=lzma.CHECK_CRC32,
                           filters=[{"id": lzma.FILTER_LZMA2, "dict_size": MIB, "preset": 1}])
    index_size = (struct.unpack_from("<I", stream, len(stream) - 8)[0] + 1) * 4
    block = stream[12:len(stream) - 12 - index_size]
    if claim:
        header = bytearray(block[:(block[0] + 1) * 4])
        # The filter's number, the size of its properties, which are one byte (5.3.1); the header's checksum is its end.
        header[header.index(b"\x21\x01") + 2] = next(
            n for n in range(40) if (2 | n & 1) << n // 2 + 11 == claim)
        header[-4:] = struct.pack("<I", zlib.crc32(bytes(header[:-4])))
        block = bytes(header) + block[len(header):]
    return stream[:12], block


def xz(head, size, claim=None):
    """Blocks of one stream. claim: the dictionary that they say they need, in bytes."""
    start, first = _xz_block(head, claim)
    return start + first + _xz_block(bytes(64 * MIB), claim)[1] * (size // (64 * MIB))


def lzma_alone(head, size):
    """Nothing in it can be repeated, so most of it is only promised: 80 MiB are there."""
    packer = lzma.LZMACompressor(lzma.FORMAT_ALONE, filters=[
        {"id": lzma.FILTER_LZMA1, "dict_size": MIB, "preset": 0, "nice_len": 273}])
    pieces = [packer.compress(head)]
    zeros = bytes(16 * MIB)
    for _ in range(5):
        pieces.append(packer.compress(zeros))
    stream = b"".join(pieces) + packer.flush()
    return stream[:5] + struct.pack("<Q", size) + stream[13:]


BZ2_BLOCK = "314159265359"


def _bz2_bits(content):
    """The bits of the blocks of a bzip2 stream, and where each begins."""
    stream = bz2.compress(content)
    bits = bin(int.from_bytes(b"\1" + stream[4:], "big"))[3:]
    magic = "".join("{:08b}".format(byte) for byte in bytes.fromhex(BZ2_BLOCK))
    starts, at = [], bits.find(magic)
    while at >= 0:
        starts.append(at)
        at = bits.find(magic, at + 1)
    return bits, starts


def bzip2(head, size):
    """Blocks are a number of bits long, the same for the same content: eight of them are bytes. A run of zeros is five bytes in
    four and a count, 259 at most: so much is in a block of 900 kB, less what does not fill it."""
    bits, starts = _bz2_bits(bytes(3 * 47 * 10**6))
    second, third = starts[1], starts[2]
    block = bits[second:third]
    per_block = 45 * 10**6      # at least
    head_bits, _ = _bz2_bits(head)
    # Without the end of its stream: a magic of 48 bits, a checksum of 32, and filling.
    end = head_bits.rfind("{:048b}".format(0x177245385090))
    body = head_bits[:end] + block * (size // per_block)
    body += "0" * (-len(body) % 8)
    return b"BZh9" + int(body, 2).to_bytes(len(body) // 8, "big")


def zstd(head, size):
    """RFC 8878: a frame of one raw block and blocks of one repeated byte, 128 KiB each."""
    def block(kind, length, content):
        return struct.pack("<I", length << 3 | kind << 1)[:3] + content
    assert len(head) <= 128 << 10
    return (b"\x28\xb5\x2f\xfd\x00\x38" + block(0, len(head), head) +        # a window of 128 KiB, no sizes
            block(1, 128 << 10, b"\0") * (size // (128 << 10)))


def _lz4_block(content):
    packed = subprocess.run(["lz4", "-l", "-c", "-9"], input=content, stdout=subprocess.PIPE, check=True).stdout
    return packed[4:]


def lz4(head, size):
    """The legacy format, as kernels have it: blocks of 8 MiB, each with its size before it. The first may hold less."""
    return b"\x02\x21\x4c\x18" + _lz4_block(head) + _lz4_block(bytes(8 * MIB)) * (size // (8 * MIB))


FORMATS = {"gzip": gzip, "bzip2": bzip2, "lzma": lzma_alone, "xz": xz, "lz4": lz4, "zstd": zstd}
