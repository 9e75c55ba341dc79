# SPDX-License-Identifier: LGPL-2.1-or-later
"""Devices that come and go while a guest runs, those that QEMU serves, and a XenStore that runs out of room."""
import contextlib
import glob
import json
import os
import socket
import struct
import tempfile
import threading
import time

import host
import tap

XS_WRITE, XS_MKDIR, XS_SET_PERMS, XS_ERROR = 11, 12, 14, 16
XENSTORED = "/var/run/xenstored/socket"


def known_to_xl(name):
    """What xl's configuration of a domain has of disks and interfaces."""
    config = json.loads(host.xl("list", "-l", name))[0]["config"]
    return sorted([d["vdev"] for d in config.get("disks", [])] + ["vif%d" % n["devid"] for n in config.get("nics", [])])


@host.full("a disk and an interface are plugged into a running guest and pulled again", 180)
def hotplug():
    host.bridge()
    with host.Host() as xen:
        first, disk = xen.disk("first.img"), xen.disk("second.img")
        # With one of each from the start, which make the guest load its drivers.
        guest = xen.shell(xen.debian("pvh", name="hot", disk=["%s,raw,xvda,rw" % first], vif=["bridge=" + host.BRIDGE]))
        before = host.state()
        xen.ok("attach", "hot", "disk", "%s,raw,xvdb,rw" % disk)
        xen.ok("attach", "hot", "vif", "bridge=" + host.BRIDGE)
        tap.contains(host.ask(guest, "head -n 1 /dev/xvdb")[1], "SLIPWAY TEST DISK", "the disk, read")
        tap.equal(host.ask(guest, "ls /sys/class/net/eth1")[0], 0, "the interface in the guest")
        tap.contains(xen.ok("info", "hot"), "connected", "what info says of them")
        tap.equal(known_to_xl("hot"), ["vif0", "vif1", "xvda", "xvdb"], "what xl says of them")
        _code, why = xen.refused("attach", "hot", "disk", "%s,raw,xvdb,rw" % disk)
        tap.check("SLIP-622" in why or "SLIP-628" in why, "the same again: " + why)
        xen.ok("detach", "hot", "disk", "xvdb")
        xen.ok("detach", "hot", "vif", "1")
        tap.equal(host.ask(guest, "ls /sys/block/xvdb")[0], 1, "no disk in the guest")
        tap.equal(host.ask(guest, "ls /sys/class/net/eth1")[0], 1, "no interface in the guest")
        tap.equal(known_to_xl("hot"), ["vif0", "xvda"], "what xl says then")
        tap.equal(host.difference(before, host.state()), [], "what is left of them")
        _code, why = xen.refused("detach", "hot", "disk", "xvdb")
        tap.contains(why, "SLIP-627", "one that is not there")
        guest.send("exit\n")
        guest.wait(60 * host.SLOW)
        xen.assert_clean()


@host.full("a domain of xl's is given a disk while it does not run yet, and relieved of it", 90)
def hotplug_paused():
    with host.Host() as xen:
        disk = xen.disk()
        host.xl("create", "-p", xen.small("pvh", name="paused"))
        before = host.state()
        xen.ok("attach", "paused", "disk", "%s,raw,xvdb,rw" % disk)
        tap.equal(host.loops(), before["loops"] + [disk], "loop devices")
        tap.equal(known_to_xl("paused"), ["xvdb"], "what xl says of it")
        xen.ok("detach", "paused", "disk", "xvdb")
        tap.equal(host.difference(before, host.state()), [], "what is left of it")
        host.xl("destroy", "paused")
        xen.assert_clean()


def write_always(path, stop):
    """Write a node as fast as XenStore takes it."""
    with socket.socket(socket.AF_UNIX) as store:
        store.connect(XENSTORED)
        body = path.encode() + b"\0" + b"1"
        while not stop.is_set():
            store.sendall(struct.pack("<IIII", XS_WRITE, 1, 0, len(body)) + body)
            length = struct.unpack("<IIII", store.recv(16, socket.MSG_WAITALL))[3]
            store.recv(length, socket.MSG_WAITALL)


@host.full("a guest that writes its end of a device all the time keeps nobody waiting", 150)
def loud_guest():
    with host.Host() as xen:
        disk = xen.disk()
        xen.ok("create", "-p", xen.small("pvh", name="loud", extra="mode=block"))
        xen.ok("attach", "loud", "disk", "%s,raw,xvdb,rw" % disk)
        xen.ok("unpause", "loud")
        domid, stop = host.domain("loud").domid, threading.Event()
        path = "/local/domain/%d/device/vbd/51728/state" % domid
        thread = threading.Thread(target=write_always, args=(path, stop), daemon=True)
        thread.start()
        began = time.monotonic()
        xen.run("detach", "loud", "disk", "xvdb", seconds=100)     # whether it can be done or not
        seconds = time.monotonic() - began
        xen.ok("pause", "loud")     # the supervisor answers
        stop.set()
        thread.join()
        tap.check(seconds < 60, "detach took %d s" % seconds)
        xen.ok("destroy", "loud")
        xen.assert_clean()


@host.full("a disk that QEMU serves, and a screen: both ready before the guest runs, no QEMU after it", 120)
def device_model():
    if not os.path.exists("/usr/libexec/xen-qemu-system-i386"):
        tap.skip("no QEMU with Xen support here")
    with host.Host() as xen:
        disk = xen.disk()
        config = xen.small("pvh", name="qemu", disk=["format=raw,backendtype=qdisk,vdev=xvda,target=" + disk],
                           vfb=["vnc=1"])

        def destroy_forgotten():    # as if whoever started QEMU had been killed before it could note which process that is
            host.command("xenstore-rm", "/local/domain/%d/image" % host.domain("qemu").domid)
            xen.ok("destroy", "qemu")

        for end in (lambda: xen.ok("destroy", "qemu"), lambda: host.xl("destroy", "qemu"), destroy_forgotten):
            xen.ok("create", "-p", config)
            domid = host.domain("qemu").domid
            for kind, number in (("qdisk", 51712), ("vfb", 0), ("vkbd", 0)):
                path = "/local/domain/0/backend/%s/%d/%d/state" % (kind, domid, number)
                tap.equal(host.command("xenstore-read", path).strip(), "2", path)
            end()
            own = "-xen-domid %d " % domid      # the host may have one for its own disks
            host.wait_for("QEMU gone", lambda: own not in host.command("ps", "ax", "-o", "args"))  # pylint: disable=cell-var-from-loop
            tap.equal(glob.glob("/run/xen/slipway-qemu-*"), [], "its file")
            xen.assert_clean()


class FullStore:
    """A XenStore in front of the real one that has room for so many changes and no more."""

    def __init__(self, path, room):
        self._room = room
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(path)
        self._server.listen(8)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        """No more connections; those that are there end with their clients."""
        self._server.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _address = self._server.accept()
                daemon = socket.socket(socket.AF_UNIX)
                daemon.connect(XENSTORED)
                lock = threading.Lock()
                pending = threading.Event()
                threading.Thread(target=self._up, args=(client, daemon, lock, pending), daemon=True).start()
                threading.Thread(target=self._down, args=(client, daemon, lock, pending), daemon=True).start()

    @staticmethod
    def _message(connection):
        head = connection.recv(16, socket.MSG_WAITALL)
        if len(head) < 16:
            raise OSError("closed")
        length = struct.unpack("IIII", head)[3]
        return head, connection.recv(length, socket.MSG_WAITALL) if length else b""

    def _up(self, client, daemon, lock, answered):
        """One request at a time, so that a refusal comes in its turn."""
        with client, daemon:
            with contextlib.suppress(OSError):
                while True:
                    head, payload = self._message(client)
                    kind, number, transaction, _length = struct.unpack("IIII", head)
                    self._room -= kind in (XS_WRITE, XS_MKDIR, XS_SET_PERMS)
                    if kind == XS_WRITE and self._room < 0:
                        with lock:
                            client.sendall(struct.pack("IIII", XS_ERROR, number, transaction, 7) + b"EQUOTA\0")
                        continue
                    answered.clear()
                    daemon.sendall(head + payload)
                    answered.wait(60)
            daemon.shutdown(socket.SHUT_RDWR)   # wakes the other thread, which holds it too

    def _down(self, client, daemon, lock, answered):
        """Answers and events, whenever they come."""
        with contextlib.suppress(OSError):
            while True:
                head, payload = self._message(daemon)
                with lock:
                    client.sendall(head + payload)
                if struct.unpack("IIII", head)[0] != 15:    # XS_WATCH_EVENT
                    answered.set()


@host.full("XenStore's quota is used up at any moment of a create: the reason is said, nothing is left", 240)
def quota():
    with host.Host() as xen, tempfile.TemporaryDirectory() as folder:
        disk = xen.disk()
        config = xen.small("pvh", name="quota", disk=["%s,raw,xvda,rw" % disk])
        for room in (0, 3, 20, 35, 50, 60, 70):
            path = os.path.join(folder, str(room))
            store = FullStore(path, room)
            xen.env["XENSTORED_PATH"] = path
            result = xen.run("create", "-p", config, seconds=60 * host.SLOW)
            del xen.env["XENSTORED_PATH"]
            store.close()
            tap.check(result.code > 0, "room for %d changes: exit code %d" % (room, result.code))
            tap.contains(result.err, "quota", "the reason")
            tap.equal(host.domains(), [], "domains")
            xen.assert_clean()
