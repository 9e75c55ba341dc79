#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""driver.py: bring up the Xen lab, run the tests of this folder in its dom0, hand on what they print (TAP).

The environment says what to test: SLIPWAY_RELEASE is the folder of a release build (dom0 has no sanitizers' libraries), SLIPWAY_GUEST
what scripts/guest made, SLIPWAY_XEN_GUESTS our test guests, XEN_TEST_SET "smoke" or "all"; XEN_TEST_WORDS: only the cases whose titles
contain one of these words; SLIPWAY_XEN_ARGS: Xen's own command line (by default memory is not scrubbed, which takes long). It must not know what is tested.
"""
import os
import shlex
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
RELEASE = os.path.realpath(os.environ.get("SLIPWAY_RELEASE", os.path.join(ROOT, "build")))
GUEST = os.path.realpath(os.environ.get("SLIPWAY_GUEST", os.path.join(ROOT, "build", "guest")))
KERNELS = os.environ.get("SLIPWAY_XEN_GUESTS", "").split(os.pathsep)
LAB = os.environ.get("SLIPWAY_XEN_LAB", os.path.join(ROOT, "build", "lab", "xen"))
SET = os.environ.get("XEN_TEST_SET", "smoke")
WORDS = os.environ.get("XEN_TEST_WORDS", "").split()
SECONDS = {"smoke": 840, "all": 5400}[SET]

JOB = """#!/bin/bash
# Local copies: the host's folder is slow.
cp -r /lab/in/guest /lab/in/kernels /root/
export SLIPWAY=/opt/slipway/bin/slipway SLIPWAY_GUEST=/root/guest XEN_TEST_SET=%s PYTHONDONTWRITEBYTECODE=1
python3 /lab/in/tests/xen/inlab %s
status=$?
{ xl list; xenstore-ls -f; xl dmesg; dmesg; } >/lab/out/state 2>&1
cp -r /var/log/xen /lab/out/log
exit $status
"""


def cannot_run():
    """Why there can be no lab here, or None."""
    for program in ("qemu-system-x86_64", "debootstrap", "mkfs.ext4"):
        if not shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            return "%s is not installed" % program
    if os.geteuid() != 0 and not os.path.isdir(LAB):
        return "only root can make the lab's dom0, once"
    if not os.path.exists(os.path.join(RELEASE, "slipway")):
        return "no release build in %s" % os.path.basename(RELEASE)
    if not os.path.exists(os.path.join(GUEST, "vmlinuz")):
        return "no guest to boot: scripts/guest made none"
    if not KERNELS[0]:
        return "built without Xen's headers"
    return None


def libvirt():
    """The lab's options for a disk with libvirt's Xen driver, for the whole set. Its case says so when there is none."""
    if SET != "all":
        return []
    made = subprocess.run([os.path.join(ROOT, "labs", "xen", "extra"), LAB, "libvirt-daemon-driver-xen", "libvirt-daemon",
                           "libvirt-clients"], stdout=subprocess.PIPE, text=True, check=False)
    return ["-d", made.stdout.strip()] if made.returncode == 0 else []


def main():
    """Run the lab in our place."""
    reason = cannot_run()
    if reason:
        print("1..0 # SKIP " + reason)
        return 0
    base = subprocess.run([os.path.join(ROOT, "labs", "xen", "base"), LAB], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          text=True, check=False)
    if base.returncode:     # no network, say
        print("1..0 # SKIP the lab's dom0 cannot be made: " + base.stderr.strip().splitlines()[-1])
        return 0
    out = os.path.join(RELEASE, "xen-tests")
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    job = os.path.join(out, "job")
    with open(job, "w", encoding="utf-8") as file:
        file.write(JOB % (SET, shlex.join(WORDS)))
    words = [os.path.join(ROOT, "labs", "xen", "run"), "-t", str(SECONDS), "-o", out, "-b", RELEASE, "-q",
             "-M", "3584", "-x", os.environ.get("SLIPWAY_XEN_ARGS", "bootscrub=0")]
    for name in ("vmlinuz", "initrd.img", "i386/vmlinuz", "i386/initrd.img"):
        if os.path.exists(os.path.join(GUEST, name)):
            words += ["-f", "%s:guest/%s" % (os.path.join(GUEST, name), name)]
    if SET == "all":    # made here, where it takes 2 s
        without_note = os.path.join(out, "pvhless")
        subprocess.run([sys.executable, os.path.join(ROOT, "tests", "lib", "pvhless.py"), os.path.join(GUEST, "vmlinuz"), without_note],
                       stdout=subprocess.DEVNULL, check=True)
        words += ["-f", without_note + ":guest/pvhless"]
    for kernel in KERNELS:
        words += ["-f", "%s:kernels/%s" % (kernel, os.path.basename(kernel))]
    words += ["-f", HERE + ":tests/xen", "-f", os.path.join(ROOT, "tests", "lib") + ":tests/lib",
              "-f", os.path.join(ROOT, "tests", "data", "xl") + ":tests/data/xl",
              "-f", os.path.join(ROOT, "tests", "data", "libvirt-9.0") + ":tests/data/libvirt-9.0", job]
    words[1:1] = libvirt()
    sys.stdout.flush()
    os.execve(words[0], words, dict(os.environ, SLIPWAY_XEN_LAB=LAB))
    return 1


if __name__ == "__main__":
    sys.exit(main())
