# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill -9 at any moment: what is left is shown as what it is, can be taken away, and nobody else is touched."""
import os
import random
import signal
import subprocess
import time

import host
import slipway
import tap

TIMES = 50
WITH_VIF = 10     # of them; its scripts, in shell, take most of such a create


def bystander(xen):
    """A guest that nothing may happen to."""
    xen.ok("create", xen.small("pvh", "by.cfg", name="bystander", extra="mode=block"))
    return host.domain("bystander").domid


def working_on(config):
    """The processes that build this description: the command, its supervisor, what that has forked. (Nobody's child is the supervisor.)"""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            try:
                with open("/proc/%s/cmdline" % name, encoding="utf-8") as file:
                    if config in file.read().split("\0"):
                        found.append(int(name))
            except OSError:
                pass
    return found


def check_and_clean(xen, by, recreate, config):
    """After a kill: nothing hides, and the name can be had again."""
    seen, by_xl = xen.listed(), {d.name: d for d in host.domains()}
    tap.equal(by_xl["bystander"].domid, by, "the bystander")
    hidden = [d for d in by_xl.values() if d.domid not in [entry.get("domid") for entry in seen.values()]]
    tap.equal(hidden, [], "domains that slipway list does not show")
    if recreate:
        if seen.get("victim", {}).get("state") == "paused":     # the kill came after its end: it is whole, and stays
            tap.contains(xen.refused("create", "-p", config)[1], "SLIP-650", "a second one of the name")
            xen.ok("destroy", "victim")
        xen.ok("create", "-p", config)
        xen.ok("destroy", "victim")
    elif "victim" in seen:
        xen.ok("destroy", "victim")
    else:
        for entry in seen.values():     # it may have no name yet
            if entry["domid"] != by:
                xen.ok("destroy", str(entry["domid"]))
    tap.equal([d.name for d in host.domains()], ["bystander"], "domains left")


def settled(xen, config):
    """A supervisor that was left alone has finished the guest, or undone it and gone; so have the host's scripts."""
    if working_on(config):
        return xen.listed().get("victim", {}).get("state") == "paused"
    return "scripts/" not in host.command("ps", "ax", "-o", "args")


def kill_often(xen, by, times, whole, config):
    """Kill create of that guest so many times, and see after each."""
    start = time.monotonic()
    xen.ok("create", "-p", config)
    typical = time.monotonic() - start
    xen.ok("destroy", "victim")
    for i in range(times):
        process = subprocess.Popen([slipway.BINARY, "create", "-p", config], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=xen.env)
        time.sleep(random.random() * typical * 1.2)
        for pid in working_on(config) if whole else [process.pid]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        process.wait()
        host.wait_for("an end of it", lambda: settled(xen, config), 40)
        check_and_clean(xen, by, i % 2 == 0, config)


def kill_at_random(whole):
    """Kill create (and its supervisor, if whole) at random moments, and see."""
    host.bridge()
    random.seed(4711)
    with host.Host() as xen:
        by = bystander(xen)
        before = host.state()
        for times, vif in ((TIMES - WITH_VIF, None), (WITH_VIF, ["bridge=" + host.BRIDGE])):
            kill_often(xen, by, times, whole,
                       xen.small("pvh", name="victim", extra="mode=block", disk=["%s,raw,xvda,rw" % xen.disk()], vif=vif))
        left = host.wait_for("clean", lambda: [host.difference(before, host.state())], 10)[0]
        tap.equal(left, [], "left on the host")
        xen.ok("destroy", "bystander")
        xen.assert_clean()


@host.full("the command is killed at %d moments of create" % TIMES, 900)
def kill_command():
    kill_at_random(False)


@host.full("the command and its supervisor are killed at %d moments of create" % TIMES, 900)
def kill_both():
    kill_at_random(True)


@host.full("a running guest's supervisor is killed: it is shown, can be managed and taken away", 120)
def kill_supervisor():
    with host.Host() as xen:
        config = xen.small("pvh", name="orphan", extra="mode=block")
        xen.ok("create", config)
        domid = host.domain("orphan").domid
        os.kill(xen.listed()["orphan"]["supervisor_pid"], signal.SIGKILL)
        host.wait_for("an orphan", lambda: not xen.listed().get("orphan", {}).get("supervisor_pid"))
        tap.equal(host.domain("orphan").domid, domid, "it goes on")
        xen.ok("pause", "orphan")
        xen.ok("unpause", "orphan")
        xen.ok("destroy", "orphan")
        xen.ok("create", config)
        os.kill(xen.listed()["orphan"]["supervisor_pid"], signal.SIGKILL)
        time.sleep(1)
        # It runs: the name is taken, for nobody asked to end it.
        xen.refused("create", config)
        xen.ok("destroy", "orphan")
        xen.assert_clean()
