# SPDX-License-Identifier: LGPL-2.1-or-later
"""Slipway and Xen's own xl on one host: each sees and manages the other's guests, and cannot tell them apart."""
import json
import os
import pty
import re
import select
import subprocess
import time

import host
import tap


def obeying(name):
    """Wait until a test guest obeys XenStore."""
    domid = host.wait_for("the guest", lambda: host.domain(name)).domid
    host.wait_for("obeying", lambda: host.command(
        "xenstore-read", "/local/domain/%d/control/feature-poweroff" % domid, check=False).strip() == "1", 40)


@host.full("xl pauses, unpauses and shuts down ours; slipway says so", 90)
def xl_manages():
    with host.Host() as xen:
        name = xen.name("ours")
        xen.ok("create", xen.small("pvh", name=name, extra="mode=obey"))
        obeying(name)
        host.xl("pause", name)
        tap.equal(xen.listed()[name]["state"], "paused", "after xl pause")
        host.xl("unpause", name)
        tap.equal(xen.listed()[name]["state"], "running", "after xl unpause")
        host.xl("shutdown", name)
        host.wait_for("gone", lambda: not host.domain(name))
        tap.equal(xen.listed(), {}, "slipway's list")
        xen.assert_clean()


@host.full("xl reboot of ours restarts it, by our supervisor", 90)
def xl_reboots():
    with host.Host() as xen:
        name = xen.name("ours")
        xen.ok("create", xen.small("pvh", name=name, extra="mode=obey", on_reboot="restart"))
        obeying(name)
        first = host.domain(name).domid
        host.xl("reboot", name)
        host.wait_for("a new domain", lambda: host.domain(name) and host.domain(name).domid > first, 40)
        xen.ok("destroy", name)
        xen.assert_clean()


@host.full("slipway pauses, unpauses, shuts down and destroys xl's", 120)
def slipway_manages():
    with host.Host() as xen:
        name = xen.name("theirs")
        config = xen.small("pvh", name=name, extra="mode=obey")
        host.xl("create", config)
        obeying(name)
        xen.ok("pause", name)
        tap.equal(host.domain(name).state[2], "p", "after slipway pause")
        xen.ok("unpause", name)
        tap.check(host.domain(name).state[2] != "p", "after slipway unpause")
        xen.ok("shutdown", name)
        host.wait_for("gone", lambda: not host.domain(name))
        host.xl("create", config)
        xen.ok("destroy", str(host.domain(name).domid))
        tap.equal(host.domain(name), None, "destroyed by number")
        xen.assert_clean()


def talk(words, lines, seconds):
    """Run a command on a terminal, type lines each after a pattern was seen; return all output."""
    main, side = pty.openpty()
    process = subprocess.Popen(words, stdin=side, stdout=side, stderr=side, start_new_session=True)
    os.close(side)
    text, deadline = "", time.monotonic() + seconds * host.SLOW
    while time.monotonic() < deadline:
        if lines and re.search(lines[0][0], text):
            os.write(main, lines.pop(0)[1].encode())
        if not select.select([main], [], [], 0.2)[0]:
            if process.poll() is not None:
                break
            continue
        try:
            data = os.read(main, 4096)
        except OSError:
            break
        if not data:
            break
        text += data.decode("utf-8", "replace")
    process.kill()
    process.wait()
    os.close(main)
    return text


@host.full("xl console of ours, slipway console of xl's", 120)
def consoles():
    with host.Host() as xen:
        name = xen.name("ours")
        xen.ok("create", xen.small("pvh", name=name, extra="mode=echo"))
        text = talk([host.XL, "console", name], [("echo ready", "from xl\r"), ("heard from xl", "bye\r")], 40)
        tap.contains(text, "heard from xl", "through xl console")
        host.wait_for("gone", lambda: not host.domain(name))
        name = xen.name("theirs")
        host.xl("create", xen.small("pvh", name=name, extra="mode=echo"))
        terminal = xen.spawn("console", name)
        terminal.send("\r")
        terminal.expect("heard", 30 * host.SLOW)
        terminal.send("from slipway\r")
        terminal.expect("heard from slipway", 30 * host.SLOW)
        terminal.send("bye\r")
        terminal.wait(30 * host.SLOW)
        host.wait_for("gone", lambda: not host.domain(name))
        xen.assert_clean()


def tree(domid, uuid):
    """A domain's XenStore nodes with numbers taken out, and who may read and write them."""
    found = {}
    for line in host.command("xenstore-ls", "-f", "-p").splitlines():
        path, _equals, rest = line.partition(" = ")
        value, permissions = re.match(r'"(.*)"\s+\((.*)\)', rest).groups()
        if not re.search(r"/%d(/|$)|%s" % (domid, uuid), path):
            continue
        path = re.sub(r"^(/local/domain(?:/0/backend/[\w-]+|/0/device-model)?|/libxl)/%d(?=/|$)" % domid, r"\1/ID", path).replace(uuid, "UUID")
        permissions = re.sub(r"\b([nrwb])%d\b" % domid, r"\1ID", permissions)
        value = re.sub(r"(?<=[/])%d(?=/|$)" % domid, "ID", value).replace(uuid, "UUID")
        if re.search(r"/(domid|frontend-id)$", path):
            value = value.replace(str(domid), "ID")
        found[path] = (value, permissions)
    return found


# What differs on purpose: xl describes the first console as a device, too, which no driver ever looks at. We attach a disk's
# loop device ourselves and say which it is; xl's script does, and leaves notes of it.
ON_PURPOSE = re.compile(r"/libxl/ID/device(/console(/.*)?)?$|/local/domain/0/backend/console/ID(/.*)?$|"
                        r"/local/domain/ID/console/backend(-id)?$|"
                        r"/local/domain/0/backend/vbd/ID/\d+/(hotplug-status|node|physical-device-path|params)$|"
                        r"/libxl/ID/device/vbd/\d+/(physical-device|params)$")
VOLATILE = re.compile(r"/(tty|start_time|port|ring-ref|target|image/.*|script|hotplug-error|physical-device.*|mac|uuid|limit|type)$")


def compare(container, **keys):
    """Make the same guest by both, paused; return the differences of what XenStore says."""
    trees = []
    for maker in ("xl", "slipway"):
        with host.Host() as xen:
            name = "same"
            config = xen.small(container, name=name, **keys)
            if maker == "xl":
                host.xl("create", "-p", config)
            else:
                xen.ok("create", "-p", config)
            domid = host.domain(name).domid
            uuid = host.command("xenstore-read", "/local/domain/%d/vm" % domid).strip().rpartition("/")[2]
            # xenconsoled answers when it gets to it.
            host.wait_for("a console", lambda: "tty" in str(tree(domid, uuid).keys()))
            trees.append(tree(domid, uuid))
            if maker == "slipway":
                listing = json.loads(host.xl("list", "-l", name))
                tap.equal(listing[0]["config"]["c_info"]["name"], name, "name, by xl list -l")
            host.xl("destroy", name)
            xen.assert_clean()
    theirs, ours = trees
    words = ["ours has no %s" % path for path in sorted(set(theirs) - set(ours)) if not ON_PURPOSE.match(path)]
    words += ["ours has also %s" % path for path in sorted(set(ours) - set(theirs)) if not ON_PURPOSE.match(path)]
    for path in sorted(set(ours) & set(theirs)):
        if ON_PURPOSE.match(path):
            continue
        if ours[path][1] != theirs[path][1]:
            words.append("%s: permissions %s, xl has %s" % (path, ours[path][1], theirs[path][1]))
        if ours[path][0] != theirs[path][0] and not VOLATILE.search(path):
            words.append("%s: %s, xl has %s" % (path, ours[path][0], theirs[path][0]))
    return words


@host.full("XenStore says the same of a PVH guest, whoever made it", 90)
def same_store_pvh():
    tap.equal(compare("pvh", extra="mode=block", vcpus=2), [], "differences")


@host.full("XenStore says the same of a PV guest, whoever made it", 90)
def same_store_pv():
    tap.equal(compare("pv64", extra="mode=block", vcpus=2), [], "differences")


@host.full("XenStore says the same of disks and vifs, whoever made them", 120)
def same_store_devices():
    host.bridge()
    with open("/tmp/same.img", "wb") as file:
        file.truncate(8 << 20)
    tap.equal(compare("pvh", extra="mode=block", disk=["/tmp/same.img,raw,xvda,rw"],
                      vif=["mac=00:16:3e:00:00:01,bridge=" + host.BRIDGE]), [], "differences")


@host.full("a PVH guest's first vCPU starts in the same state as xl's, by xen-hvmctx")
def same_context():
    contexts = []
    for maker in ("xl", "slipway"):
        with host.Host() as xen:
            name = xen.name("ctx")
            config = xen.small("pvh", name=name, extra="mode=block")
            if maker == "xl":
                host.xl("create", "-p", config)
            else:
                xen.ok("create", "-p", config)
            text = host.command("xen-hvmctx", str(host.domain(name).domid))
            contexts.append(re.sub(r"tsc 0x[0-9a-f]+|TSC.*", "", text))
            xen.ok("destroy", name)
    pick = [re.findall(r"^\s+(r[a-z0-9]+|cr\d|[c-gs]s|tr|ldtr|gdtr|idtr|efer|flags).*$", text, re.M) for text in contexts]
    lines = [[line.strip() for line in text.splitlines() if re.match(r"\s+(rip|cr0|cs|ds|es|ss|tr|gdtr|idtr)\b", line)]
             for text in contexts]
    tap.check(pick[0] and lines[0], "xen-hvmctx prints registers: " + contexts[0][:500])
    # Where the start info lies is everybody's own business.
    strip = [[re.sub(r"(rbx|rip) 0x[0-9a-f]+", "", line) for line in part] for part in lines]
    tap.equal(strip[1], strip[0], "registers")
