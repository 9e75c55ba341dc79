# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian's kernel in both containers: CPUs, restarts, pauses, orderly ends."""
import re

import host
import smoke
import slipway
import tap


@host.full("Debian's kernel as PVH with 4 vCPUs: disk and network work, it powers off, nothing is left", 150)
def pvh_four():
    smoke.debian_with_devices("pvh", 4)


@host.full("Debian's kernel as PV with 1 vCPU: disk and network work, it powers off, nothing is left", 150)
def pv_one():
    smoke.debian_with_devices("pv", 1)


def reboot_once(container):
    """A guest that reboots itself on its first boot."""
    with host.Host() as xen:
        config = xen.debian(container, extra="quiet panic=-1 slipway.test=reboot-once", on_reboot="restart",
                            disk=["%s,raw,xvda,rw" % xen.disk()])
        result = xen.boot(config, seconds=240)
        tap.equal(result.code, 0, "exit code (%s)" % result.err[-2000:])
        tap.contains(result.out, "slipway: rebooting once", "first boot")
        tap.contains(result.out, "slipway: second boot", "second boot")
        xen.assert_clean()


@host.full("on_reboot=restart builds Debian's guest afresh, PVH", 260)
def reboot_pvh():
    reboot_once("pvh")


@host.full("on_reboot=restart builds Debian's guest afresh, PV", 260)
def reboot_pv():
    reboot_once("pv")


@host.full("a paused guest stands still and goes on, then obeys the power button", 200)
def pause():
    with host.Host() as xen:
        name = xen.name("pause")
        guest = xen.shell(xen.debian("pvh", name=name))
        guest.send("while :; do i=$((i+1)); echo tick $i; sleep 1; done\n")
        guest.expect(r"tick 2\r", 60 * host.SLOW)
        xen.ok("pause", name)
        tap.equal(host.domain(name).state[2], "p", "paused, by xl")
        tap.equal(xen.listed()[name]["state"], "paused", "paused, by slipway")
        used = host.xl("list", name).split()[-1]
        tap.equal(host.xl("list", name).split()[-1], used, "CPU time of a paused guest")
        xen.ok("unpause", name)
        seen = int(re.findall(r"tick (\d+)", guest.text)[-1])
        guest.expect("tick %d\r" % (seen + 3), 60 * host.SLOW)
        xen.ok("shutdown", name)
        tap.equal(guest.wait(60 * host.SLOW), 0, "exit code")
        xen.assert_clean()


@host.full("slipway reboot restarts Debian's guest, slipway destroy ends it", 300)
def reboot_verb():
    with host.Host() as xen:
        name = xen.name("again")
        guest = xen.shell(xen.debian("pvh", name=name, on_reboot="restart"))
        first = host.domain(name).domid
        xen.ok("reboot", name)
        guest.expect("A shell in the guest", 120 * host.SLOW)
        tap.check(host.domain(name).domid > first, "a new domain")
        xen.ok("destroy", name)
        guest.wait(60 * host.SLOW)
        xen.assert_clean()


@host.full("a panic is a crash: exit code 10", 200)
def panic():
    with host.Host() as xen:
        result = xen.boot(xen.debian("pvh", extra="quiet panic=-1 slipway.test=panic", on_crash="destroy"), seconds=150)
        tap.equal(result.code, 10, "exit code (%s)" % result.err[-2000:])
        xen.assert_clean()


@host.full("what Debian's kernel says of its start: memory, command line, no complaints", 200)
def report():
    for container in ("pvh", "pv"):
        with host.Host() as xen:
            result = xen.boot(xen.debian(container, vcpus=2, maxvcpus=2, extra="quiet panic=-1 slipway.test=report"), seconds=150)
            tap.equal(result.code, 0, "exit code (%s)" % result.err[-2000:])
            found = slipway.report(result.out)
            tap.equal(found["cpus"], ["2"], "CPUs")
            tap.check(int(found["memtotal_kib"][0]) > 180 << 10, "memory: %r" % found["memtotal_kib"])
            # Every Linux says that of a second vCPU where there are no ACPI tables, under xl too.
            complaints = [line for line in found["complaint"] if "APIC id mismatch" not in line or container != "pv"]
            tap.equal(complaints, [], "complaints")
            xen.assert_clean()
