#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The life of real guests: watched, paused, shut down, rebooted; and whatever is killed, nothing is left that seems alive or
keeps a name.

It must not know how a supervisor works; only that there is one process, and a QEMU below it.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
import slipway
import tap

OK, FAILED, CRASHED = 0, 1, 10
QUIET = "quiet panic=-1 slipway.test="
NOBODY = 65534


def listed(home):
    """What `list` shows, by name."""
    result = home.run("list", "--json")
    tap.equal((result.code, result.err), (OK, ""), "list")
    return {guest["name"]: guest for guest in json.loads(result.out)}


def expect_ok(home, *arguments):
    """Run a command that must succeed without a word on stderr."""
    result = home.run(*arguments)
    tap.equal((result.code, result.err), (OK, ""), "slipway " + " ".join(arguments))
    return result


def children(pid):
    """The processes below one."""
    with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


def wait_until(condition, what, seconds=20):
    """Wait until condition() holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        tap.check(time.monotonic() < deadline, "not within %d s: %s" % (seconds, what))
        time.sleep(0.02)


def assert_name_is_free(home, config):
    """The same name again, at once."""
    expect_ok(home, "create", "-p", config)
    expect_ok(home, "destroy", home.name())
    home.assert_clean()


@tap.case("two consoles, pause, and an end by the power button")
def by_hand():
    with slipway.Home() as home:
        name = home.name()
        expect_ok(home, "create", home.guest(extra=QUIET + "powerbutton"))
        one = home.spawn("console", name)
        one.expect("ready for the power button")
        two = home.spawn("console", name)
        two.expect("ready for the power button", 20)    # printed before it came
        guest = listed(home)[name]
        tap.equal((guest["state"], guest["engine"], guest["type"], guest["memory_bytes"], guest["vcpus"], guest["boots"]),
                  ("running", "qemu", "pvh", 128 << 20, 1, 1), "list")
        expect_ok(home, "pause", name)
        tap.equal(listed(home)[name]["state"], "paused", "state")
        qemu = children(guest["supervisor_pid"])[0]
        before = cpu_ticks(qemu)
        time.sleep(0.3)
        tap.check(cpu_ticks(qemu) - before < 10, "a paused guest runs: %d ticks" % (cpu_ticks(qemu) - before))
        expect_ok(home, "unpause", name)
        two.send("\x1d")    # one leaves, the other stays
        tap.equal(two.wait(20), OK, "exit code of a console that was left")
        expect_ok(home, "shutdown", name)
        one.expect("Power down", 60)
        tap.equal(one.wait(30), OK, "exit code of console")
        home.assert_clean()


def cpu_ticks(pid):
    """Hundredths of seconds that a process has used."""
    with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


@tap.case("reboot by hand starts it afresh, on the same console")
def reboot():
    with slipway.Home() as home:
        name = home.name()
        expect_ok(home, "create", home.guest(extra=QUIET + "hang"))
        console = home.spawn("console", name)
        console.expect("slipway: hanging")
        expect_ok(home, "reboot", name)
        tap.equal(listed(home)[name]["boots"], 2, "boots")
        console.expect("slipway: hanging")
        expect_ok(home, "destroy", name)
        tap.equal(console.wait(20), OK, "exit code of console")
        home.assert_clean()


@tap.case("a guest that reboots itself goes on, and run with it")
def reboots_itself():
    with slipway.Home() as home:
        config = home.guest(extra=QUIET + "reboot-once", disk=["format=raw,vdev=xvda,target=" + home.disk()])
        result = home.boot(config)
        tap.equal(result.code, OK, "exit code (%s)" % result.err[-2000:])
        tap.check(re.search("rebooting once.*second boot", result.out, re.S), "both boots in:\n" + result.out[-2000:])
        home.assert_clean()


@tap.case("destroy at once, and the name again at once")
def name_again():
    with slipway.Home() as home:
        config = home.guest(extra=QUIET + "hang")
        for _ in range(5):
            expect_ok(home, "create", config)
            expect_ok(home, "destroy", home.name())
            tap.equal(listed(home), {}, "list")
        home.assert_clean()
        for verb in ("pause", "unpause", "shutdown", "reboot", "destroy", "console"):
            result = home.run(verb, home.name())
            tap.equal(result.code, FAILED, verb + " of no guest")
            tap.contains(result.err, "SLIP-651", verb + " of no guest")


@tap.case("two creates of one name at once: one wins")
def both_create():
    with slipway.Home() as home:
        config = home.guest(extra=QUIET + "hang")
        for _ in range(8):
            pair = [home.popen(["create", "-p", config], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(2)]
            errors = [process.communicate(timeout=30)[1].decode() for process in pair]
            tap.equal(sorted(process.returncode for process in pair), [OK, FAILED], "exit codes (%s)" % errors)
            loser = errors[0] or errors[1]
            tap.contains(loser, "'%s' is alive" % home.name(), "what the loser is told")
            tap.contains(loser, "SLIP-650", "what the loser is told")
            tap.equal(list(listed(home)), [home.name()], "list")
            expect_ok(home, "destroy", home.name())
        home.assert_clean()


@tap.case("a killed supervisor takes its guest along and frees the name")
def supervisor_killed():
    with slipway.Home() as home:
        config = home.guest(extra=QUIET + "hang")
        expect_ok(home, "create", config)
        supervisor = listed(home)[home.name()]["supervisor_pid"]
        qemu = children(supervisor)
        tap.equal(len(qemu), 1, "processes below the supervisor")
        os.kill(supervisor, signal.SIGKILL)
        wait_until(lambda: supervisor not in home.processes(), "the supervisor's end")
        tap.equal(listed(home), {}, "list")
        assert_name_is_free(home, config)

        run = home.popen(["run", config], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        wait_until(lambda: listed(home).get(home.name(), {}).get("state") == "running", "a running guest")
        os.kill(listed(home)[home.name()]["supervisor_pid"], signal.SIGKILL)
        err = run.communicate(timeout=30)[1].decode()
        tap.equal(run.returncode, CRASHED, "exit code of run (%s)" % err)
        tap.contains(err, "SLIP-654", "what run says")
        tap.equal(listed(home), {}, "list")
        home.assert_clean()


@tap.case("a killed QEMU ends the guest as failed")
def qemu_killed():
    with slipway.Home() as home:
        config = home.guest(extra=QUIET + "hang")
        run = home.popen(["run", config], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        wait_until(lambda: listed(home).get(home.name(), {}).get("state") == "running", "a running guest")
        os.kill(children(listed(home)[home.name()]["supervisor_pid"])[0], signal.SIGKILL)
        err = run.communicate(timeout=30)[1].decode()
        tap.equal(run.returncode, CRASHED, "exit code of run (%s)" % err)
        tap.contains(err, "SLIP-631", "what run says")
        home.assert_clean()
        assert_name_is_free(home, config)


@tap.case("run that is killed takes its guest along")
def run_killed():
    with slipway.Home() as home:
        config = home.guest(extra=QUIET + "hang")
        run = home.popen(["run", config], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        tap.check(run.stdout.read(1), "no console")
        run.kill()
        run.stdout.close()
        run.wait()
        home.assert_clean()
        assert_name_is_free(home, config)


@tap.case("create that is killed at any moment leaves a whole guest or nothing")
def create_killed():
    with slipway.Home() as home:
        config = home.guest(extra=QUIET + "hang")
        whole = 0
        for delay_ms in (0, 2, 4, 6, 8, 12, 16, 24, 40, 60, 90, 130, 180, 250, 400):
            create = home.popen(["create", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(delay_ms / 1000)
            create.kill()
            create.wait()
            # What is still being built is undone when it is done.
            wait_until(lambda: all(guest["state"] == "running" for guest in listed(home).values()), "a decision")
            if listed(home):
                whole += 1
                expect_ok(home, "destroy", home.name())
            home.assert_clean()
        tap.check(whole < 15, "it was never killed in time")
        assert_name_is_free(home, config)


@tap.case("a guest that makes events without end keeps nobody from it")
def event_storm():
    # mov $0x505, %dx; mov $2, %al; again: out %al, (%dx); jmp again: pvpanic's "I loaded a crash kernel" (QEMU's docs/specs/pvpanic)
    storm = slipway.elf(b"\x66\xba\x05\x05\xb0\x02\xee\xeb\xfd")
    with slipway.Home() as home:
        name = home.name()
        expect_ok(home, "create", home.guest(kernel=home.write("storm.elf", storm)))
        for verb in "pause", "unpause", "shutdown", "pause", "destroy":
            expect_ok(home, verb, name)
        home.assert_clean()


@tap.case("a stopped supervisor is listed, keeps its name, and holds up no list")
def supervisor_stopped():
    with slipway.Home() as home:
        config = home.guest(extra=QUIET + "hang")
        expect_ok(home, "create", "-p", config)
        other = home.guest("other.cfg", name=home.name("other"), extra=QUIET + "hang")
        expect_ok(home, "create", "-p", other)
        supervisor = listed(home)[home.name()]["supervisor_pid"]
        os.kill(supervisor, signal.SIGSTOP)
        guests = listed(home)
        tap.equal(sorted(guests), sorted([home.name(), home.name("other")]), "list")
        tap.equal((guests[home.name()]["state"], guests[home.name()]["supervisor_pid"]), ("paused", supervisor), "its record")
        tap.contains(home.run("create", config).err, "SLIP-650", "create of its name")
        os.kill(supervisor, signal.SIGCONT)
        expect_ok(home, "destroy", home.name())
        expect_ok(home, "destroy", home.name("other"))
        home.assert_clean()


@tap.case("a kernel that cannot be read leaves nothing, however often")
def failed_builds():
    with slipway.Home() as home:
        config = home.guest(kernel="/nonexistent")
        for _ in range(3):
            result = home.run("create", config)
            tap.check(result.code not in (OK, FAILED), "exit code %d (%s)" % (result.code, result.err))
            home.assert_clean()


@tap.case("a create whose output is piped ends the pipe")
def pipes_are_let_go():
    with slipway.Home() as home:
        config = home.guest(extra=QUIET + "hang")
        # run() reads both pipes to their end: a supervisor that held them would keep it waiting.
        started = time.monotonic()
        expect_ok(home, "create", "-p", config)
        tap.check(time.monotonic() - started < slipway.SECONDS, "create took too long")
        expect_ok(home, "destroy", home.name())


class Other:
    """Another user, with a place and copies of all they need."""

    def __init__(self, home):
        self.path = tempfile.mkdtemp(prefix="slipway-nobody-")
        for name in ("vmlinuz", "initrd.img"):
            shutil.copy(slipway.guest_file(name), self.path)
        self.binary = os.path.join(self.path, "slipway")
        shutil.copy(slipway.BINARY, self.binary)
        for library in self._libraries():
            shutil.copy(library, self.path)
        self.runtime = os.path.join(self.path, "run")
        os.mkdir(self.runtime, 0o700)
        self.config = os.path.join(self.path, "guest.cfg")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write('name="%s"\ntype="pvh"\nkernel="vmlinuz"\nramdisk="initrd.img"\nmemory=96\nextra="%s"\n'
                       % (home.name("nobody"), QUIET + "hang"))
        for folder, _folders, names in os.walk(self.path):
            for name in [folder] + [os.path.join(folder, name) for name in names]:
                os.chown(name, NOBODY, NOBODY)
        self.env = dict(home.env, XDG_RUNTIME_DIR=self.runtime, LD_LIBRARY_PATH=self.path)

    @staticmethod
    def _libraries():
        """The program's own shared library, if it is not linked in."""
        out = subprocess.run(["ldd", slipway.BINARY], capture_output=True, text=True, check=True).stdout
        return re.findall(r"=> (\S*libslipway\S*)", out)

    def run(self, *arguments, **env):
        """Run slipway as that user."""
        result = subprocess.run(["setpriv", "--reuid=%d" % NOBODY, "--regid=%d" % NOBODY, "--clear-groups", "--",
                                 self.binary, *arguments], cwd=self.path, env=dict(self.env, **env), timeout=slipway.SECONDS,
                                stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        return slipway.Result(result.returncode, result.stdout, result.stderr)


@tap.case("other users have guests of their own")
def unprivileged():
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        tap.skip("needs root and setpriv to become another user")
    with slipway.Home() as home:
        other = Other(home)
        name = home.name("nobody")
        fallback = "/tmp/slipway-%d" % NOBODY
        try:
            # Three places for their state: named, so long that no socket address holds it, and none at all.
            deep = os.path.join(other.runtime, "d" * 200)
            os.mkdir(deep, 0o700)
            os.chown(deep, NOBODY, NOBODY)
            for runtime in (other.runtime, deep, ""):
                result = other.run("create", other.config, XDG_RUNTIME_DIR=runtime)
                tap.equal((result.code, result.err), (OK, ""), "create with XDG_RUNTIME_DIR=%r" % runtime)
                shown = json.loads(other.run("list", "--json", XDG_RUNTIME_DIR=runtime).out)
                tap.equal([guest["name"] for guest in shown], [name], "their list")
                tap.equal(os.stat("/proc/%d" % shown[0]["supervisor_pid"]).st_uid, NOBODY, "whose supervisor it is")
                tap.equal(listed(home), {}, "root's list")
                result = other.run("destroy", name, XDG_RUNTIME_DIR=runtime)
                tap.equal((result.code, result.err), (OK, ""), "destroy")
            home.assert_clean()
            # A folder that others may write to is no place for state.
            os.chmod(os.path.join(other.runtime, "slipway"), 0o777)
            result = other.run("list")
            tap.equal(result.code, FAILED, "list with a folder open to all")
            tap.contains(result.err, "SLIP-655", "why")
        finally:
            shutil.rmtree(other.path, ignore_errors=True)
            if os.path.isdir(fallback) and not os.listdir(fallback):
                os.rmdir(fallback)


tap.main(slipway.cannot_boot())
