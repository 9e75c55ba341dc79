# SPDX-License-Identifier: LGPL-2.1-or-later
"""libxl's JSON: what real xl prints of each description in tests/data/xl, beside ours. tests/golden/libxl_json.py compares with what an
xl 4.17 printed once; this asks the xl that is here."""
import glob
import json
import os
import subprocess

import host
import libxl_json
import tap

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data", "xl")


def theirs(path):
    """What xl prints, or None if this xl does not take the description."""
    done = subprocess.run(["xl", "create", "-n", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=60,
                          check=False)
    return json.loads(done.stdout) if done.returncode == 0 else None


def ours(path):
    """What we print."""
    done = subprocess.run([os.environ["SLIPWAY"], "convert", "--xl-compat", "--to", "libxl-json", path], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    tap.equal(done.returncode, 0, path + ": the exit status, after saying:\n" + done.stderr)
    return json.loads(done.stdout)


@host.full("our JSON of 90 descriptions is what xl prints, up to the list of reasons", 600)
def as_xl():
    bad, compared = [], 0
    for path in sorted(glob.glob(os.path.join(DATA, "*.cfg"))):
        name = os.path.basename(path)[:-4]
        expected = theirs(path)
        if expected is None:
            continue
        compared += 1
        bad += ["%s: %s" % (name, d) for d in libxl_json.unexplained(name, expected, ours(path))]
    tap.check(compared >= 60, "only %d descriptions were taken by this xl" % compared)
    tap.check(not bad, "\n".join(bad))
