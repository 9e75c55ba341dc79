#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian's kernels in every form that kernels are handed around in, each booted to user space and asked from inside.

Files are made anew by tests/lib/pack.c and bench/bzimage.py, as Linux' own build would pack them. It must not know how they are read.
"""
import functools
import os
import shutil
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "lib"), os.path.join(HERE, "..", "..", "bench")]
# pylint: disable=wrong-import-position
import bzimage
import slipway
import tap

BOOT = 150      # seconds for one boot with all that goes with it, on a busy machine without KVM
PACK = os.environ["SLIPWAY_PACK"]


def read(name):
    """A file that scripts/guest* made; the case is skipped where there is none."""
    if slipway.cannot_boot():
        tap.skip(slipway.cannot_boot())
    if not os.path.exists(slipway.guest_file(name)):
        tap.skip("%s was not made: scripts/guest-%s" % (name, name.split("/")[0].replace("generic", "kernel")))
    with open(slipway.guest_file(name), "rb") as file:
        return file.read()


@functools.lru_cache
def pack(codec, plain):
    """Compressed as Linux' build does, without the size that it puts behind."""
    return subprocess.run([PACK, codec], input=plain, stdout=subprocess.PIPE, check=True, timeout=BOOT).stdout


def boots(kernel, initrd="initrd.img", words=(), **keys):
    """Boot it to its end: it has to report what it was given. What inspect says of it goes back."""
    with slipway.Home() as home:
        path = home.write("kernel", kernel)
        looked = home.run("inspect", path)
        tap.equal(looked.code, 0, "exit code of inspect (%s)" % looked.err[-2000:])
        result = home.boot(home.guest(kernel=path, ramdisk=slipway.guest_file(initrd), memory=256, **keys), *words, seconds=BOOT - 20)
        tap.equal(result.code, 0, "exit code of a guest that powered off (%s)" % result.err[-2000:])
        found = slipway.report(result.out)
        tap.equal(found["cpus"], ["1"], "CPUs online")
        tap.equal(found["complaint"], [], "complaints of the guest's kernel")
        home.assert_clean()
    return looked.out


def recompressed(codec):
    """Debian's bzImage with its payload packed by codec."""
    image = read("vmlinuz")
    elf = bzimage.elf_of(image)
    payload = pack(codec, elf)
    # Linux' build puts the size behind; gzip ends in it anyway.
    if codec not in bzimage.OWN_SIZE:
        payload += struct.pack("<I", len(elf))
    return bzimage.with_payload(image, payload)


def codec_case(codec):
    """A case for one packing."""
    @tap.case("a bzImage packed with %s" % codec, BOOT)
    def one():
        if codec == "lzo" and not os.environ["SLIPWAY_LZO"]:
            tap.skip("built without LZO")
        tap.contains(boots(recompressed(codec)), codec, "what inspect says")
    return one


for name in ("none", "gzip", "bzip2", "lzma", "xz", "lzo", "lz4", "zstd"):
    codec_case(name)


@tap.case("an ELF compressed as a whole: gzip, xz, zstd", 3 * BOOT)
def whole():
    elf = bzimage.elf_of(read("vmlinuz"))
    for codec in ("gzip", "xz", "zstd"):
        tap.contains(boots(pack(codec, elf)), codec, "what inspect says")


@tap.case("Debian's generic kernel, not the cloud's: its bzImage by PVH and by Linux' own entry, the ELF inside", 3 * BOOT)
def generic():
    image = read("generic/vmlinuz")
    boots(image, "generic/initrd.img")
    boots(image, "generic/initrd.img", ["protocol=linux64"])
    boots(bzimage.elf_of(image), "generic/initrd.img")


if __name__ == "__main__":
    tap.main(None if shutil.which("qemu-system-x86_64") else "qemu-system-x86_64 is not installed")
