# SPDX-License-Identifier: LGPL-2.1-or-later
"""Initrds of every size for tests: archives put together by hand, and zeros that take no room on the host's disk. It must not know
what they are tests of."""
import os

import slipway


def cpio_entry(path, mode, content, length=None):
    """A file in a cpio archive (Linux, Documentation/driver-api/early-userspace/buffer-format.rst)."""
    length = len(content) if length is None else length
    head = "070701" + "".join("%08x" % n for n in (1, mode, 0, 0, 1, 0, length, 0, 0, 0, 0, len(path) + 1, 0))
    text = head.encode() + path + b"\0"
    text += bytes(-len(text) % 4) + content
    return text + bytes(-len(text) % 4)


def big(home, mib):
    """The stock initrd behind an entry with that many zeros in it. Linux steps over what is in a folder's entry."""
    path = home.write("big.img", cpio_entry(b"padding", 0o040755, b"", mib << 20))
    with open(slipway.guest_file("initrd.img"), "rb") as file:
        initrd = file.read()
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) + (mib << 20))
        file.write(initrd)
    return path


def host_mib():
    """Memory that the host could still give."""
    with open("/proc/meminfo", encoding="ascii") as file:
        rows = dict(line.split(":", 1) for line in file)
    return int(rows["MemAvailable"].split()[0]) // 1024
