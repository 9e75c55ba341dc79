# SPDX-License-Identifier: LGPL-2.1-or-later
"""What cannot be is refused with its reason, and nothing is left of it."""
import os
import re
import subprocess

import host
import slipway
import tap


@host.full("a second writer of a disk is refused, whoever has it; a second reader is not", 120)
def disk_in_use():
    with host.Host() as xen:
        disk = xen.disk()
        writer = dict(extra="mode=block", disk=["%s,raw,xvda,rw" % disk])
        for maker in ("slipway", "xl"):
            first = xen.small("pvh", "first.cfg", name="first", **writer)
            if maker == "xl":
                host.xl("create", first)
            else:
                xen.ok("create", first)
            for access in ("rw", "ro"):
                second = xen.small("pvh", "second.cfg", name="second", extra="mode=block",
                                   disk=["%s,raw,xvda,%s" % (disk, access)])
                _code, why = xen.refused("create", second)
                tap.contains(why, os.path.basename(disk), "the reason")
                tap.equal([d.name for d in host.domains()], ["first"], "domains")
            xen.ok("destroy", "first")
        reader = dict(extra="mode=block", disk=["%s,raw,xvda,ro" % disk])
        xen.ok("create", xen.small("pvh", "first.cfg", name="first", **reader))
        xen.ok("create", xen.small("pvh", "second.cfg", name="second", **reader))
        xen.ok("destroy", "first")
        xen.ok("destroy", "second")
        xen.assert_clean()


@host.full("not enough memory: the reason says how much is needed and how much is free")
def memory():
    with host.Host() as xen:
        free = host.free_mib()
        for container in ("pvh", "pv64"):
            _code, why = xen.refused("create", xen.small(container, memory=free + 64))
            said = [int(n) for n in re.findall(r"\b(\d+)\b", why)]
            tap.check(any(abs(n - free) < 64 for n in said), "says that %d MiB are free: %s" % (free, why))
            tap.equal(host.free_mib(), free, "free memory after it")
        xen.assert_clean()


@host.full("memory that does not suffice only in the middle of the build is given back", 90)
def memory_late():
    with host.Host() as xen:
        free = host.free_mib()
        # Fits by the guest's size; what Xen needs beside it (page tables, shadow pool) may not.
        for slack in (0, 1, 2, 4):
            result = xen.run("create", "-p", xen.small("pvh", name="edge", memory=free - slack), seconds=60 * host.SLOW)
            if result.code == 0:
                xen.ok("destroy", "edge")
            tap.check(result.code >= 0, "died of a signal")
            host.wait_for("memory back", lambda: abs(host.free_mib() - free) <= 1)
            xen.assert_clean()


@host.full("a user without permission is told so")
def permission():
    with host.Host() as xen:
        config = xen.small("pvh")
        os.chmod(xen.path, 0o755)
        os.chmod(xen.work, 0o755)
        os.chmod("/root", 0o755)
        for verb in (["create", "-e", "xen", config], ["engines"]):
            done = subprocess.run(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", slipway.BINARY, *verb],
                                  capture_output=True, text=True, timeout=60 * host.SLOW, check=False,
                                  env={"PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": "/tmp"})
            said = done.stdout + done.stderr
            tap.check(re.search("permi|root|privileg", said), "%s says why: %s" % (verb[0], said))
        tap.equal(host.domains(), [], "domains")


@host.full("kernels for other containers are refused with what they can")
def containers():
    with host.Host() as xen:
        for kernel, kind in (("pvh", "pv"), ("pv64", "pvh"), ("pv32", "pvh")):
            _code, why = xen.refused("create", xen.small(kernel, type=kind))
            tap.contains(why, kind, "the reason")
        _code, why = xen.refused("create", xen.small("pv32", type="pv"))
        tap.check("32" in why, "Xen without PV32: " + why)
        xen.assert_clean()


@host.full("files that are not there, disks that are no disks, bridges that are none: nothing is left", 90)
def devices():
    host.bridge()
    with host.Host() as xen:
        for keys in (dict(disk=["/nowhere/disk.img,raw,xvda,rw"]), dict(disk=["/tmp,raw,xvda,rw"]),
                     dict(vif=["bridge=nobridge"]), dict(ramdisk="/nowhere/initrd"), dict(kernel="/nowhere/kernel"),
                     dict(disk=["%s,raw,xvda,rw" % xen.disk()], vif=["bridge=nobridge"])):
            xen.refused("create", xen.small("pvh", **keys))
            tap.equal(host.domains(), [], "domains after %r" % keys)
            xen.assert_clean()
