# SPDX-License-Identifier: LGPL-2.1-or-later
"""Disks and vifs from the guest's side: several of each, by every backend."""
import os

import host
import tap


@host.full("two disks (one read-only) and two vifs: the guest finds all of them", 200)
def several():
    host.bridge()
    with host.Host() as xen:
        first, second = xen.disk("first.img", 64), xen.disk("second.img", 32)
        guest = xen.shell(xen.debian("pvh", disk=["%s,raw,xvda,rw" % first, "%s,raw,xvdb,ro" % second], vif=[
            "mac=00:16:3e:01:02:03,bridge=" + host.BRIDGE, "mac=00:16:3e:01:02:04,bridge=" + host.BRIDGE]))
        for disk, sectors, read_only in (("xvda", 64 << 11, "0"), ("xvdb", 32 << 11, "1")):
            found = host.ask(guest, "cat /sys/block/%s/size /sys/block/%s/ro" % (disk, disk))[1].split()
            tap.equal(found, [str(sectors), read_only], disk)
        found = host.ask(guest, "cat /sys/class/net/eth*/address")[1].split()
        tap.equal(found, ["00:16:3e:01:02:03", "00:16:3e:01:02:04"], "hardware addresses")
        code, _said = host.ask(guest, "echo x | dd of=/dev/xvdb bs=1 count=1 conv=fsync")
        tap.check(code != 0, "a write to a read-only disk")
        guest.send("exit\n")
        tap.equal(guest.wait(60 * host.SLOW), 0, "exit code")
        xen.assert_clean()


@host.full("a block device of the host (phy) as a disk", 200)
def phy():
    with host.Host() as xen:
        device = host.command("losetup", "-f", "--show", xen.disk()).strip()
        try:
            guest = xen.shell(xen.debian("pv", disk=["phy:%s,xvda,w" % device]))
            tap.contains(host.ask(guest, "head -c 17 /dev/xvda")[1], "SLIPWAY TEST DISK", "the disk")
            guest.send("exit\n")
            tap.equal(guest.wait(60 * host.SLOW), 0, "exit code")
        finally:
            host.command("losetup", "-d", device)
        xen.assert_clean()


@host.full("a disk that QEMU serves (qdisk)", 200)
def qdisk():
    if not os.path.exists("/run/xen/qemu-dom0.pid"):
        tap.skip("no QEMU serves disks here")
    with host.Host() as xen:
        guest = xen.shell(xen.debian("pvh", disk=["format=raw,vdev=xvda,access=rw,backendtype=qdisk,target=%s" % xen.disk()]))
        tap.contains(host.ask(guest, "head -c 17 /dev/xvda")[1], "SLIPWAY TEST DISK", "the disk")
        guest.send("exit\n")
        tap.equal(guest.wait(60 * host.SLOW), 0, "exit code")
        xen.assert_clean()


@host.full("xl plugs a disk into ours, slipway pulls it", 300)
def across():
    with host.Host() as xen:
        name, disk = xen.name("across"), xen.disk()
        guest = xen.shell(xen.debian("pvh", name=name))
        host.xl("block-attach", name, "format=raw,vdev=xvdb,access=rw,target=" + disk)
        tap.equal(host.ask(guest, "sleep 1; cat /sys/block/xvdb/size")[1].strip(), str(64 << 11), "the disk, from inside")
        xen.ok("detach", name, "disk", "xvdb")
        tap.check(host.ask(guest, "sleep 1; test -e /sys/block/xvdb")[0] != 0, "the disk is gone")
        guest.send("exit\n")
        tap.equal(guest.wait(60 * host.SLOW), 0, "exit code")
        xen.assert_clean()
