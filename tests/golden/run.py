#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Golden texts: what the command says of a description, to the byte, and the status it exits with.

Each NAME.cfg is copied into an empty folder as vm.cfg and given to `$SLIPWAY check vm.cfg`, or to what NAME.args says with
@ for the file. Standard error and a last line "exit N" are NAME.expected; the folder's path is written DIR. Descriptions
that are too large to keep are made here. `run.py --update` writes what is said now: read the difference before you keep it.
"""
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import tap  # noqa: E402

GUEST = 'name = "web"\ntype = "pvh"\nkernel = "vmlinuz"\n'
MADE = {
    "103-too-long": GUEST + "#" * ((1 << 20) + 1 - len(GUEST)),
    "111-list": GUEST + "vnuma = [\n" + "1,\n" * 4097 + "]\n",
    "220-modules": GUEST + "ramdisk = [\n" + "'m',\n" * 1025 + "]\n",
    "221-cmdline": GUEST + "".join("cmdline += '%s'\n" % ("x" * 64) for _ in range(1024)),
}


def names():
    """All cases, in the order of their codes."""
    kept = [f[:-4] for f in os.listdir(HERE) if f.endswith(".cfg")]
    return sorted(kept + list(MADE))


def said(name):
    """What the command says of a case."""
    args = "check @"
    if os.path.exists(os.path.join(HERE, name + ".args")):
        with open(os.path.join(HERE, name + ".args"), encoding="utf-8") as file:
            args = file.read().strip()
    with tempfile.TemporaryDirectory(prefix="slipway-golden-") as folder:
        if name in MADE:
            text = MADE[name].encode()
        else:
            with open(os.path.join(HERE, name + ".cfg"), "rb") as file:
                text = file.read()
        with open(os.path.join(folder, "vm.cfg"), "wb") as file:
            file.write(text)
        env = dict(os.environ, LC_ALL="C.UTF-8", NO_COLOR="1")
        done = subprocess.run([os.environ["SLIPWAY"]] + args.replace("@", "vm.cfg").split(), cwd=folder, env=env,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                              check=False)
        text = done.stderr.replace(os.path.realpath(folder).encode(), b"DIR")
        return text + b"exit %d\n" % done.returncode


def expected(name):
    """What it should say."""
    with open(os.path.join(HERE, name + ".expected"), "rb") as file:
        return file.read()


def add_case(name):
    """A case of its own for each description."""
    @tap.case(name)
    def golden():
        got, want = said(name), expected(name)
        tap.check(got == want, "said:\n%s\nexpected:\n%s" % (got.decode(errors="replace"), want.decode(errors="replace")))


def codes(table):
    """The numbers below 400 in the table of codes."""
    with open(table, encoding="utf-8") as file:
        return [n for n in re.findall(r"^SLIP_CODE\((\d+)", file.read(), re.M) if int(n) < 400]


# Shown where a file of the needed kind is made: tests/unit/test_payload.c.
ELSEWHERE = {"383"}


@tap.case("every code of descriptions has a golden text that shows it")
def all_codes():
    shown = {}
    for name in names():
        for code in re.findall(rb"\[SLIP-(\d+)\]", expected(name)):
            shown.setdefault(code.decode(), name)
    table = os.path.join(HERE, "..", "..", "include", "slipway", "codes.def")
    missing = [n for n in codes(table) if n not in shown and n not in ELSEWHERE]
    tap.equal(missing, [], "codes without a golden text")


if "--update" in sys.argv:
    for case_name in names():
        with open(os.path.join(HERE, case_name + ".expected"), "wb") as out:
            out.write(said(case_name))
else:
    for case_name in names():
        add_case(case_name)
    tap.main(None if os.environ.get("SLIPWAY") else "SLIPWAY names no command")
