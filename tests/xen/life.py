# SPDX-License-Identifier: LGPL-2.1-or-later
"""How guests live and end: events, policies, consoles, with test guests that do just that."""
import glob
import os
import signal
import subprocess
import time

import host
import smoke
import tap


def ends(container, mode, code, **keys):
    """Run a guest that ends by itself."""
    with host.Host() as xen:
        result = xen.boot(xen.small(container, extra="quiet mode=" + mode, **keys))
        tap.equal(result.code, code, "exit code (%s)" % result.err[-2000:])
        xen.assert_clean()


@host.full("power-off, crash, reboot without restart: exit codes and nothing left", 120)
def codes():
    for container in ("pvh", "pv64"):
        ends(container, "poweroff", 0)
        ends(container, "crash", 10, on_crash="destroy")
        # At once after its start: that is how a triple fault looks.
        ends(container, "reboot", 10, on_reboot="destroy")


@host.full("a triple fault is a reset (PVH), a fault without a handler a crash (PV)", 120)
def faults():
    ends("pv64", "triple", 10, on_crash="destroy")
    with host.Host() as xen:
        result = xen.boot(xen.small("pvh", extra="quiet mode=triple", on_reboot="destroy"))
        tap.check(result.code in (0, 10), "exit code %d" % result.code)
        xen.assert_clean()


@host.full("Xen's watchdog for a guest that hangs: it is ended")
def watchdog():
    ends("pvh", "watchdog", 10, on_crash="destroy", on_watchdog="destroy")


@host.full("a guest that reboots is built afresh, again and again, until it is destroyed", 120)
def restarts():
    with host.Host() as xen:
        name = xen.name("phoenix")
        # Faster than one boot a second is taken for a boot loop.
        xen.ok("create", xen.small("pvh", name=name, extra="mode=obey", on_reboot="restart"))
        seen = set()
        for _ in range(3):
            seen.add(host.wait_for("the guest", lambda: host.domain(name)).domid)
            host.wait_for("obeying", lambda: host.command(
                "xenstore-read", "/local/domain/%d/control/feature-reboot" % max(seen), check=False).strip() == "1")
            xen.ok("reboot", name)
            host.wait_for("a new domain", lambda: host.domain(name) and host.domain(name).domid not in seen)
        tap.equal(len(seen), 3, "domains")
        xen.ok("destroy", name)
        tap.equal(host.domains(), [], "domains left")
        xen.assert_clean()


@host.full("create -p leaves it before its first instruction; unpause, pause, destroy")
def paused():
    for container in ("pvh", "pv64"):
        with host.Host() as xen:
            name = xen.name("still")
            xen.ok("create", "-p", xen.small(container, name=name, extra="mode=block"))
            tap.equal(host.domain(name).state, "--p---", "state by xl")
            tap.equal(host.xl("list", name).split()[-1], "0.0", "CPU time")
            xen.ok("unpause", name)
            host.wait_for("blocked", lambda: host.domain(name).state == "-b----")
            xen.ok("pause", name)
            tap.equal(host.domain(name).state[2], "p", "state by xl")
            xen.ok("destroy", name)
            tap.equal(host.domain(name), None, "destroyed")
            xen.assert_clean()


@host.full("the console: what is typed arrives, what was printed before is shown, two may watch", 120)
def console():
    for container in ("pvh", "pv64"):
        with host.Host() as xen:
            name = xen.name("talk")
            xen.ok("create", xen.small(container, name=name, extra="mode=echo"))
            first = xen.spawn("console", name)
            first.expect("echo ready", 30 * host.SLOW)
            first.send("one\r")
            first.expect("heard one", 20 * host.SLOW)
            second = xen.spawn("console", name)
            second.expect("heard one", 20 * host.SLOW)
            second.send("two\r")
            first.expect("heard two", 20 * host.SLOW)
            second.expect("heard two", 20 * host.SLOW)
            first.send("bye\r")
            tap.equal(first.wait(30 * host.SLOW), 0, "exit code")
            second.wait(30 * host.SLOW)
            xen.assert_clean()


@host.full("slipway shutdown: the guest is told through XenStore and powers off", 90)
def shutdown():
    for container in ("pvh", "pv64"):
        with host.Host() as xen:
            name = xen.name("obey")
            run = xen.spawn("run", xen.small(container, name=name, extra="mode=obey"))
            run.expect("obeying", 30 * host.SLOW)
            xen.ok("shutdown", name)
            run.expect("told to poweroff", 30 * host.SLOW)
            tap.equal(run.wait(30 * host.SLOW), 0, "exit code")
            xen.assert_clean()


@host.full("on_crash=preserve keeps the crashed guest for a look; destroy takes it away")
def preserve():
    with host.Host() as xen:
        name = xen.name("corpse")
        xen.ok("create", xen.small("pvh", name=name, extra="mode=crash", on_crash="preserve"))
        host.wait_for("crashed", lambda: xen.listed().get(name, {}).get("state") == "crashed")
        tap.check("c" in host.domain(name).state, "crashed, by xl: %r" % (host.domain(name),))
        xen.ok("destroy", name)
        xen.assert_clean()


@host.full("a name is one guest: the second is refused and nothing happens to the first")
def names():
    with host.Host() as xen:
        name = xen.name("one")
        config = xen.small("pvh", name=name, extra="mode=block")
        xen.ok("create", config)
        domid = host.domain(name).domid
        _code, why = xen.refused("create", config)
        tap.contains(why, name, "the reason")
        tap.equal([d.domid for d in host.domains()], [domid], "domains")
        xen.ok("destroy", name)
        xen.assert_clean()


@host.full("64 modules and a long command line arrive to the byte, PVH")
def modules():
    contents = [bytes((i * 7 + k * 13) & 0xff for k in range(1 + i * 97)) for i in range(64)]
    cmdline = "".join(chr(33 + i % 90) for i in range(1900)).replace('"', "q").replace("\\", "b")
    report = smoke.boot_small("pvh", cmdline=cmdline, extra=None, autoconsole=0, modules=contents)
    tap.equal(host.numbers(report["module-bytes"]), [len(content) for content in contents], "sizes")
    tap.equal(host.numbers(report["module-sum"]), [smoke.checksum(content) for content in contents], "contents")
    tap.equal(host.numbers(report["cmdline-sum"]), [smoke.checksum(cmdline.encode())], "the command line")


@host.full("PV guests of odd sizes: their page tables and frames hold together", 120)
def pv_sizes():
    for mib in (5, 33, 257, 1025):
        smoke.check_pv(smoke.boot_small("pv64", memory=mib, extra="mode=poweroff"), mib)
    with_module = bytes(i * 31 & 0xff for i in range(3 << 20))
    smoke.check_pv(smoke.boot_small("pv64", memory=64, modules=[with_module], extra="mode=poweroff"), 64, with_module)


@host.full("kernel and modules on a file system that reads past the page cache (9p)")
def uncached():
    with host.Host() as xen:
        for container in ("pvh", "pv64"):
            kernel = "/lab/in/kernels/guest-%s.elf" % container
            if not os.path.exists(kernel):
                tap.skip("no 9p here")
            result = xen.boot(xen.small(container, kernel=kernel, ramdisk=kernel))
            tap.equal(result.code, 0, "exit code (%s)" % result.err[-2000:])
            tap.equal(host.numbers(host.guest_report(result.out)["module-sum"]), [smoke.checksum(open(kernel, "rb").read())],
                      "the module")
        xen.assert_clean()


@host.full("last words are heard although xenconsoled is too slow for them, and only once", 90)
def last_words():
    daemon = int(host.command("pidof", "-s", "xenconsoled"))
    for container in ("pvh", "pv64"):
        with host.Host() as xen:
            name = xen.name("last")
            xen.ok("create", "-p", xen.small(container, name=name, extra="quiet mode=last", on_poweroff="preserve"))
            terminal = xen.spawn("console", name)
            host.wait_for("an open terminal", lambda: terminal_is_open(name))
            os.kill(daemon, signal.SIGSTOP)
            try:
                xen.ok("unpause", name)
                terminal.expect("these are the last words", 30 * host.SLOW)
            finally:
                os.kill(daemon, signal.SIGCONT)
            time.sleep(1)       # for xenconsoled to bring what is known by now
            xen.ok("destroy", name)
            terminal.wait(30 * host.SLOW)
            tap.equal(terminal.text.count("these are the last words"), 1, "times that they came")
            xen.assert_clean()


def terminal_is_open(name):
    """Has anybody but xenconsoled the terminal of that guest's console open?"""
    tty = host.command("xenstore-read", "/local/domain/%d/console/tty" % host.domain(name).domid, check=False).strip()
    holders = set()
    for link in glob.glob("/proc/[0-9]*/fd/*"):
        try:
            if tty and os.readlink(link) == tty:
                holders.add(link.split("/")[2])
        except OSError:
            pass
    return len(holders) > 1


@host.full("the output of 60 guests that end at once, on a busy host", 700)
def quick_guests():
    with host.Host() as xen:
        busy = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(2)]
        try:
            for number in range(60):
                config = xen.small(("pvh", "pv64")[number % 2], extra="mode=poweroff number=%d" % number)
                result = xen.boot(config)
                tap.equal(result.code, 0, "exit code (%s)" % result.err[-2000:])
                tap.contains(host.guest_report(result.out)["cmdline"][0], "number=%d" % number, "report of guest %d" % number)
        finally:
            for process in busy:
                process.kill()
                process.wait()
        xen.assert_clean()
