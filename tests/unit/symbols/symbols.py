#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The shared library exports what src/slipway.map says, and calls nothing that prints, exits or asks the environment.

    symbols.py MAP LIBRARY
"""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
# pylint: disable=wrong-import-position
import tap

MAP, LIBRARY = sys.argv[1:3]
del sys.argv[1:]    # tap takes the names of cases there

# A library's caller decides what is printed, when the process ends and what the environment means. The checked forms of
# glibc (__printf_chk, ...) count as the functions they stand for. Writing into memory streams is fine, so it is stdout and
# stderr that are looked for; _exit() is the end of a forked supervisor; secure_getenv() is how PATH and the state folder
# are found, where a caller gave none.
FORBIDDEN = {
    "printf", "vprintf", "puts", "putchar", "stderr", "stdout", "perror", "psignal", "syslog", "vsyslog",
    "err", "errx", "warn", "warnx", "error", "exit", "quick_exit", "atexit", "abort", "__assert_fail", "getenv",
    "system", "popen"}


def nm(*options):
    """(type, name without its version) of each symbol."""
    text = subprocess.run(["nm", *options, LIBRARY], check=True, capture_output=True, text=True).stdout
    return [(line.split()[-2], line.split()[-1].partition("@")[0]) for line in text.splitlines()]


def mapped():
    """The names that the map exports."""
    with open(MAP, encoding="utf-8") as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
    return set(re.findall(r"\b(slip_\w+)\s*;", text.partition("local:")[0]))


@tap.case("exported symbols are those of the map")
def exported():
    found = {name for kind, name in nm("-D", "--defined-only") if kind != "A"}
    tap.equal(sorted(found - mapped()), [], "exported and not in the map")
    tap.equal(sorted(mapped() - found), [], "in the map and not exported")


@tap.case("no function that prints, exits or reads the environment is called")
def called():
    used = set()
    for _kind, name in nm("-D", "--undefined-only"):
        checked = re.fullmatch(r"__(\w+)_chk", name)
        used.add(checked[1] if checked else name)
    tap.check("malloc" in used or "calloc" in used, "nm shows what is called")
    tap.equal(sorted(used & FORBIDDEN), [], "called")


tap.main()
