#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""embed.py NAME IN OUT: writes the bytes of IN as a C array `static const unsigned char NAME[]` into OUT."""
import sys

name, source, target = sys.argv[1:4]
with open(source, "rb") as f:
    data = f.read()
with open(target, "w") as f:
    f.write(f"/* made from {source.rsplit('/', 1)[-1]} at build time */\nstatic const unsigned char {name}[] = {{\n")
    for i in range(0, len(data), 16):
        f.write("    " + ", ".join(f"0x{b:02x}" for b in data[i:i + 16]) + ",\n")
    f.write("};\n")
