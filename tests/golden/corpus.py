#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real descriptions made for xl and xm: each is read, in xl's own leniency, without an error, and written so that reading what was
written and writing it again gives the same bytes, with nothing lost.

$SLIPWAY_CORPUS is a folder that has them as xl/*.cfg and xm/*.cfg; they are read in place and are no part of this project.
"""
import glob
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import tap  # noqa: E402

CORPUS = os.environ.get("SLIPWAY_CORPUS")
FILES = sorted(glob.glob(os.path.join(CORPUS or "", "x[lm]", "*.cfg"))) if CORPUS else []


def converted(text):
    """A description as xl.cfg, and what was said."""
    done = subprocess.run([os.environ["SLIPWAY"], "convert", "--xl-compat", "--to", "xl", "-"], input=text,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
    tap.equal(done.returncode, 0, "the exit status, after saying:\n" + done.stderr.decode(errors="replace"))
    tap.check(b"[SLIP-230]" not in done.stderr, "a loss:\n" + done.stderr.decode(errors="replace"))
    return done.stdout


def add_case(path):
    """A case of its own for each description."""
    @tap.case(os.path.relpath(path, CORPUS))
    def description():
        done = subprocess.run([os.environ["SLIPWAY"], "check", "--xl-compat", path], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
        text = done.stderr.decode(errors="replace")
        tap.equal(done.returncode, 0, "the exit status, after saying:\n" + text)
        tap.check("[SLIP-1" not in text, "a complaint about the text itself:\n" + text)
        with open(path, "rb") as file:
            once = converted(file.read())
        tap.equal(converted(once), once, "written twice")


for file in FILES:
    add_case(file)
if not CORPUS:
    tap.main("set SLIPWAY_CORPUS to a folder with xl/*.cfg and xm/*.cfg of your own to have them read too")
tap.check(FILES, "no descriptions in " + CORPUS)
tap.main()
