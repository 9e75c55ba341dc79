#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""libxl's JSON: ours of each tests/data/xl/NAME.cfg is NAME.json, which is what `xl create -n` of Xen 4.17 printed of it (but for the
list in tests/lib/libxl_json.py, with reasons); and reading ours and writing it again gives the same bytes."""
import glob
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import libxl_json  # noqa: E402
import tap  # noqa: E402

DATA = os.path.join(HERE, "..", "data", "xl")


def convert(path, text=None):
    """What FILE, or the text, is in libxl's JSON."""
    done = subprocess.run([os.environ["SLIPWAY"], "convert", "--xl-compat", "--to", "libxl-json", path], input=text,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    tap.equal(done.returncode, 0, "the exit status, after saying:\n" + done.stderr)
    return done.stdout


def add_case(path):
    """A case of its own for each description."""
    name = os.path.basename(path)[:-4]

    @tap.case(name)
    def description():
        text = convert(path)
        if os.path.exists(path[:-3] + "json"):
            with open(path[:-3] + "json", encoding="utf-8") as file:
                bad = libxl_json.unexplained(name, json.load(file), json.loads(text))
            tap.check(not bad, "\n".join(bad))
        tap.equal(convert("-", text), text, "the same, read and written again")


for cfg in sorted(glob.glob(os.path.join(DATA, "*.cfg"))):
    add_case(cfg)
tap.main()
