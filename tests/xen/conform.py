# SPDX-License-Identifier: LGPL-2.1-or-later
"""Start states on real Xen, clause by clause from inside, under slipway and under xl; the stub under both.

What a start state has to be is in rom/probe. What xl leaves out is its own affair: its column goes to the output, as comments.
"""
import json
import os
import re
import time

import host
import probe
import slipway
import tap

PROBES = os.environ.get("XEN_TEST_PROBES", "/root/kernels")     # probe*, stub.elf
STUB = os.path.join(PROBES, "stub.elf")
IMAGES = {"pvh": "probe-pvh.elf", "pv": "probe-pv.elf"}
RESULTS = {"passed": "ok", "missed": "missed", "unseen": "not observable"}
LOGS = "/var/log/xen"      # of xenconsoled, by labs/xen


def column(title, report):
    """A loader's column, as comments; make conformance reads it."""
    for name, text in report.passed.items():
        print("# %s | %s | ok | %s | " % (title, name, text))
    for name, text in report.missed.items():
        print("# %s | %s | missed | %s | %s" % (title, name, *re.fullmatch(r"(.*?)(?: \(([^()]*)\))?", text).groups("")))
    for name, text in report.unseen.items():
        print("# %s | %s | not observable | | %s" % (title, name, text))
    if not report.whole:
        print("# %s | report | missed | whole | it ends early" % title)


def logged(name, pattern, seconds):
    """What a guest of xl printed, by the log of the console's daemon, once pattern is in it or it is over."""
    path = os.path.join(LOGS, "guest-%s.log" % name)

    def text():
        if not os.path.exists(path):
            return ""
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    host.wait_for("the end of " + name, lambda: re.search(pattern, text(), re.M) or not host.domain(name), seconds)
    time.sleep(1)       # the daemon's last bytes
    return text()


@host.full("slipway conform: every clause of PVH and PV holds in every guest; its column", 300)
def conform():
    with host.Host() as xen:
        result = xen.run("conform", "-e", "xen", "--json", seconds=290 * host.SLOW)
        found = json.loads(result.out) if result.out else {}
        for entry in found.get("protocols", []):
            for clause in entry["clauses"]:
                print("# slipway %s | %s | %s | %s | %s" % (entry["protocol"], clause["name"], RESULTS[clause["result"]],
                                                          clause["text"], clause["why"]))
        missed = {(entry["protocol"], clause["name"]) for entry in found["protocols"] for clause in entry["clauses"]
                  if clause["result"] == "missed"}
        # Memory that Xen was told not to scrub is as whoever had it left it.
        if "bootscrub=0" in host.xl("info"):
            missed -= {(protocol, "zero") for protocol, _name in missed}
        tap.equal(missed, set(), "clauses missed (%s)" % result.err[-2000:])
        guests = {entry["protocol"]: entry["guests"] for entry in found["protocols"]}
        tap.check(guests["pvh"] >= 8 and guests["xen-pv"] >= 8, "guests: %r" % guests)
        xen.assert_clean()


def report_by_xl(container):
    """Boot a probe with xl create -c; return its report."""
    module = bytes(i * 7 & 0xff for i in range(70001))
    mib, vcpus = 64, 2
    with host.Host() as xen:
        name = xen.name("theirs")
        host.xl("create", xen.guest(name=name, type=container, kernel=os.path.join(PROBES, IMAGES[container]),
                                    ramdisk=xen.write("module", module), memory=mib, vcpus=vcpus, extra=None,
                                    cmdline=probe.line(vcpus, mib << 10, [module])))
        text = logged(name, r"^1\.\.\d+", 40)
    report = probe.report(text)
    column("xl " + {"pvh": "pvh", "pv": "xen-pv"}[container], report)
    return report


@host.full("the PVH probe under xl create: its column", 60)
def xl_pvh():
    report = report_by_xl("pvh")
    tap.equal(report.protocol, "pvh", "what started it")
    tap.check("cr0" in report.passed and "module-contents" in report.passed, "what holds: %r" % (report,))


@host.full("the PV probe under xl create: its column", 60)
def xl_pv():
    report = report_by_xl("pv")
    tap.equal(report.protocol, "xen-pv", "what started it")
    tap.check("p2m" in report.passed and "module-contents" in report.passed, "what holds: %r" % (report,))


LINE = "console=hvc0 panic=-1 slipway.test=report"


@host.full("the stub starts Debian's bzImage without its PVH note under slipway: two modules", 150)
def stub_slipway():
    with host.Host() as xen:
        terminal = xen.spawn("run", xen.guest(kernel=STUB, ramdisk=[slipway.guest_file("pvhless"), slipway.guest_file("initrd.img")],
                                              memory=256, extra=None, autoconsole=0, cmdline=LINE))
        terminal.expect("SLIP-REPORT-END", 120 * host.SLOW)
        report = slipway.report(terminal.text)
        tap.equal(report["cmdline_bytes"], [str(len(LINE))], "length of the command line")


@host.full("the stub starts Debian's bzImage without its PVH note under xl create: one module, the initrd behind the kernel", 150)
def stub_xl():
    with host.Host() as xen:
        with open(slipway.guest_file("pvhless"), "rb") as kernel, open(slipway.guest_file("initrd.img"), "rb") as initrd:
            both = xen.write("both", kernel.read() + initrd.read())
        name = xen.name("stub")
        host.xl("create", xen.guest(name=name, kernel=STUB, ramdisk=both, memory=256, extra=None, cmdline=LINE))
        text = logged(name, "SLIP-REPORT-END", 120)
        tap.equal(slipway.report(text)["cmdline_bytes"], [str(len(LINE))], "length of the command line")
