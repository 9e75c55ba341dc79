#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`slipway conform`, and that the probe behind it can tell right from wrong.

What a start state has to be is in the probe (rom/probe); here it is only run, also where it has something to find.
"""
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
import probe
import slipway
import tap

PROBES = os.environ["SLIPWAY_PROBE"]
QEMU = shutil.which("qemu-system-x86_64")


def conform(engine, seconds):
    """Run the matrix; return its JSON by protocol."""
    with slipway.Home() as home:
        result = home.run("conform", "-e", engine, "--json", seconds=seconds)
        tap.equal(result.code, 0, "exit code (%s%s)" % (result.out[-4000:], result.err[-2000:]))
        home.assert_clean()
    found = json.loads(result.out)
    tap.equal((found["engine"], found["passed"]), (engine, True), "engine and verdict")
    return {entry["protocol"]: entry for entry in found["protocols"]}


def names(entry, result="passed"):
    """Clauses with that result."""
    return {clause["name"] for clause in entry["clauses"] if clause["result"] == result}


@tap.case("on null: what is recorded is what every protocol asks for", 120)
def null():
    found = conform("null", 110)
    for protocol in ("pvh", "linux64", "linux32", "multiboot2", "multiboot1", "xen-pv"):
        tap.check({"started", "modules", "cmdline", "kernel", "zero", "overlap"} <= names(found[protocol]), protocol)


@tap.case("on null where no file can be made: every guest is missed, with the reason")
def no_place():
    with slipway.Home() as home:
        home.env["TMPDIR"] = os.path.join(home.work, "none")
        result = home.run("conform", "-e", "null", "--json")
        tap.equal(result.code, 1, "exit code (%s)" % result.err)
        for entry in json.loads(result.out)["protocols"]:
            tap.equal([(clause["name"], clause["result"]) for clause in entry["clauses"]], [("record", "missed")], entry["protocol"])
            tap.contains(entry["clauses"][0]["why"], "No such file", "the reason")
        home.assert_clean()


@tap.case("on qemu: every clause holds in every guest, seen from inside", 300)
def qemu():
    if not QEMU:
        tap.skip("qemu-system-x86_64 is not installed")
    found = conform("qemu", 290)
    tap.check({"cr0", "tr", "tr-limit", "cs", "start-info", "map", "zero", "cpus-start", "module-contents"} <= names(found["pvh"]), "pvh")
    tap.check({"cr0", "identity", "gdt", "zero-page", "zero", "cpus-start", "module-contents"} <= names(found["linux64"]), "linux64")
    tap.check({"cr0", "registers", "gdt", "zero-page", "zero", "module-contents"} <= names(found["linux32"]), "linux32")
    for protocol in ("multiboot1", "multiboot2"):
        tap.check({"magic", "cr0", "cs", "memory-map", "zero", "module-contents"} <= names(found[protocol]), protocol)
    for protocol in ("pvh", "linux64", "linux32", "multiboot2", "multiboot1"):
        tap.check(found[protocol]["guests"] >= 27, "guests of " + protocol)
        tap.equal(names(found[protocol], "unseen"), set(), "clauses that could not be seen")


def boot(**keys):
    """Boot the PVH probe on the qemu engine."""
    if not QEMU:
        tap.skip("qemu-system-x86_64 is not installed")
    modules = keys.pop("modules", [])
    with slipway.Home() as home:
        files = [home.write("module%d" % i, data) for i, data in enumerate(modules)]
        return probe.report(home.boot(home.guest(kernel=os.path.join(PROBES, "probe.elf"), extra=None, autoconsole=0,
                                                 ramdisk=files or None, **keys)).out)


@tap.case("a probe that was told something else finds it missing", 120)
def told_wrong():
    module = b"what it is" * 1000
    report = boot(memory=64, vcpus=2, modules=[module], cmdline=probe.line(3, 128 << 10, [module[:-1] + b"!"]))
    tap.equal(set(report.missed), {"madt-cpus", "map-size", "module-contents"}, "clauses missed")
    report = boot(memory=64, vcpus=1, cmdline=probe.line(1, 64 << 10) + " ")
    tap.equal(set(report.missed), {"cmdline"}, "clauses missed with a blank behind the command line")
    report = boot(memory=64, vcpus=1, modules=[b"x"], cmdline="more " + probe.line(1, 64 << 10, [b"x", b"y"]))
    tap.equal(set(report.missed), {"cmdline-alone", "modules", "module-sizes", "module-contents"}, "with more of it, less modules")


@tap.case("a loader that leaves out the task register is found out", 120)
def other_loader():
    if not QEMU:
        tap.skip("qemu-system-x86_64 is not installed")
    done = subprocess.run([QEMU, "-M", "q35", "-accel", "tcg", "-m", "64", "-display", "none", "-serial", "stdio", "-no-reboot",
                           "-kernel", os.path.join(PROBES, "probe-pvh.elf"), "-append", probe.line(1, 64 << 10)],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=100, check=False)
    report = probe.report(done.stdout.decode("utf-8", "replace"))
    tap.equal(report.protocol, "pvh", "how QEMU starts it")
    tap.check("cr0" in report.passed and "cmdline" in report.passed, "what holds: %r" % (report,))
    tap.check("zero" in report.missed, "a firmware leaves something behind")
    tap.check("tr-limit" in report.missed, "the task register, which nobody loads")


tap.main()
