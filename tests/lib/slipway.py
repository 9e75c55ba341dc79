# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the slipway command for tests: in a private place, bounded in time, with nothing left behind.

    with slipway.Home() as home:
        config = home.guest(memory=96, extra="slipway.test=report")
        result = home.run("run", config)
        ...
        home.assert_clean()

The environment says what to test: SLIPWAY is the program, SLIPWAY_GUEST the folder that scripts/guest made.
This file must not know what slipway ought to answer.
"""
import collections
import contextlib
import ctypes
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import time

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
BINARY = os.path.realpath(os.environ.get("SLIPWAY", os.path.join(ROOT, "build", "dev", "slipway")))
GUEST = os.path.realpath(os.environ.get("SLIPWAY_GUEST", os.path.join(ROOT, "build", "guest")))

SECONDS = 30            # a command that boots nothing
BOOT_SECONDS = 110      # a command that boots a guest, on a busy machine without KVM
PR_SET_CHILD_SUBREAPER = 36     # linux/prctl.h
CLONE_NEWNS = 0x20000           # linux/sched.h
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 0x20, 0x1000, 0x4000, 0x40000   # linux/mount.h
MNT_DETACH = 2
ROOT_STATE = "/run/slipway"     # where root's domains live; everybody else's are in $XDG_RUNTIME_DIR/slipway

Result = collections.namedtuple("Result", "code out err")


def guest_file(name):
    """The path of a file that scripts/guest made."""
    return os.path.join(GUEST, name)


def cannot_boot():
    """Why no guest can be booted here, or None. (That slipway itself is missing is no reason to skip.)"""
    for name in ("vmlinuz", "initrd.img"):
        if not os.path.exists(guest_file(name)):
            return "no guest to boot: scripts/guest made no %s" % name
    if not shutil.which("qemu-system-x86_64"):
        return "qemu-system-x86_64 is not installed"
    return None


def xl_value(value):
    """A Python value in the syntax of xl.cfg."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int):
        return str(value)
    if isinstance(value, (list, tuple)):
        return "[ " + ", ".join(xl_value(v) for v in value) + " ]"
    quote = "'" if '"' in value else '"'
    return quote + value + quote


def report(text):
    """What guest-report printed, as {key: [values]}."""
    found = re.search(r"SLIP-REPORT-BEGIN\r?\n(.*?)SLIP-REPORT-END", text, re.S)
    if not found:
        raise AssertionError("no report from the guest in:\n" + text[-4000:])
    values = collections.defaultdict(list)
    for line in found[1].splitlines():
        # The kernel may speak in between; its lines begin with a time stamp.
        key, equals, value = line.partition("=")
        if equals and re.fullmatch("[a-z0-9_]+", key):
            values[key].append(value)
    return values


PVH_NOTE = 18       # XEN_ELFNOTE_PHYS32_ENTRY (Xen public/elfnote.h)
CODE_AT = 0x100000  # where elf() puts its code


def note(kind, value, name=b"Xen\0"):
    """An ELF note with a 4-byte value."""
    return struct.pack("<III", len(name), 4, kind) + name + struct.pack("<I", value)


def elf(code, segments=None, notes=None):
    """A small ELF64 kernel. segments: (paddr, file bytes, memory bytes), by default just the code at CODE_AT. notes: the
    content of its PT_NOTE, by default a PVH entry at CODE_AT; b"" leaves the segment out. (ELF-64 Object File Format.)"""
    if segments is None:
        segments = [(CODE_AT, code, len(code))]
    if notes is None:
        notes = note(PVH_NOTE, CODE_AT)
    count = len(segments) + (1 if notes else 0)
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 2, 62, 1, CODE_AT, 64, 0, 0, 64, 56, count, 64, 0, 0)
    offset = 64 + 56 * count
    table, data = b"", b""
    for paddr, content, size in segments:
        table += struct.pack("<IIQQQQQQ", 1, 7, offset + len(data), paddr, paddr, len(content), size, 1)
        data += content
    if notes:
        table += struct.pack("<IIQQQQQQ", 4, 4, offset + len(data), 0, 0, len(notes), len(notes), 4)
        data += notes
    return header + table + data


def _stat(pid):
    """(state, parent) of a process, or None."""
    try:
        with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return fields[0], int(fields[1])


def _words(pid):
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as file:
            return file.read().replace(b"\0", b" ").decode("utf-8", "replace")[:200]
    except OSError:
        return "?"


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, home, arguments):
        self.text = ""
        main, line = pty.openpty()
        self._fd = main
        self._name = os.ttyname(line)
        try:
            self.process = home.popen(arguments, stdin=line, stdout=line, stderr=line)
        finally:
            os.close(line)

    def _read(self, seconds):
        """Take what arrives within that time; False at the end."""
        if not select.select([self._fd], [], [], max(seconds, 0))[0]:
            return True
        try:
            data = os.read(self._fd, 65536)
        except OSError:     # EIO: nobody holds the other side
            return False
        self.text += data.decode("utf-8", "replace")
        return bool(data)

    def expect(self, pattern, seconds=BOOT_SECONDS):
        """Wait until pattern shows in what has not been matched yet; return the match."""
        deadline = time.monotonic() + seconds
        while True:
            found = re.search(pattern, self.text[self._seen:])
            if found:
                self._seen += found.end()
                return found
            if time.monotonic() > deadline:
                raise AssertionError("no %r within %d s in:\n%s" % (pattern, seconds, self.text[-4000:]))
            if not self._read(min(deadline - time.monotonic(), 1)):
                raise AssertionError("ended without %r:\n%s" % (pattern, self.text[-4000:]))

    _seen = 0

    def send(self, data):
        """Type that."""
        os.write(self._fd, data.encode() if isinstance(data, str) else data)

    def wait(self, seconds=BOOT_SECONDS):
        """Wait for the end of the command; return its exit code (negative: the signal)."""
        deadline = time.monotonic() + seconds
        while self._read(min(deadline - time.monotonic(), 0.2)) and time.monotonic() < deadline:
            if self.process.poll() is not None and not select.select([self._fd], [], [], 0)[0]:
                break
        try:
            return self.process.wait(max(deadline - time.monotonic(), 1))
        except subprocess.TimeoutExpired:
            raise AssertionError("still running after %d s:\n%s" % (seconds, self.text[-4000:])) from None

    def stty(self):
        """The modes that the terminal is in, as stty(1) prints them."""
        return subprocess.run(["stty", "-a", "-F", self._name], capture_output=True, text=True, check=True).stdout

    def close(self):
        """Hang up."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


@contextlib.contextmanager
def hidden(program):
    """Without that program for a while, for this process and its children. Yields False if it can't be hidden."""
    path = shutil.which(program)
    if not path:
        yield True
        return
    with tempfile.NamedTemporaryFile(prefix="slipway-test-") as empty:      # not executable
        done = _private_mounts() and _LIBC.mount(empty.name.encode(), path.encode(), None, MS_BIND, None) == 0
        try:
            yield done
        finally:
            if done:
                _LIBC.umount2(path.encode(), MNT_DETACH)


def _private_mounts():
    """Put this process in a mount namespace of its own, once; False if that is not permitted."""
    if not hasattr(_private_mounts, "done"):
        _private_mounts.done = (_LIBC.unshare(CLONE_NEWNS) == 0 and
                                _LIBC.mount(None, b"/", None, MS_REC | MS_PRIVATE, None) == 0)
    return _private_mounts.done


_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.mount.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_void_p]


def mount_read_only(path):
    """Make a file read-only even for root, for this process and its children; False if that is not permitted."""
    name = os.fsencode(path)
    return (_private_mounts() and _LIBC.mount(name, name, None, MS_BIND, None) == 0 and
            _LIBC.mount(None, name, None, MS_REMOUNT | MS_BIND | MS_RDONLY, None) == 0)


class Home:
    """A private place: state, temporary files, configurations. Leaving it ends every process started from it.

    Root's state folder is one for the whole machine. Where the kernel lets us, a private one is mounted over it; else
    the names that name() gives keep tests from meeting each other and other people's guests.
    """

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="slipway-test-")
        self.program = BINARY
        for name in ("run", "tmp", "home", "work"):
            os.mkdir(os.path.join(self.path, name), 0o700)
        self.work = os.path.join(self.path, "work")
        self.env = dict(os.environ)
        self.env.update(
            XDG_RUNTIME_DIR=os.path.join(self.path, "run"),
            TMPDIR=os.path.join(self.path, "tmp"),
            HOME=os.path.join(self.path, "home"),
            LC_ALL="C.UTF-8", TERM="xterm", NO_COLOR="1")
        self._tag = os.path.basename(self.path).rpartition("-")[2]
        self._started = []
        self._terminals = []
        self._mounted = False
        if os.geteuid() == 0:
            own = os.path.join(self.path, "run", "slipway")
            os.mkdir(own, 0o700)
            if not os.path.isdir(ROOT_STATE):
                os.mkdir(ROOT_STATE, 0o700)
            self._mounted = (_private_mounts() and
                             _LIBC.mount(own.encode(), ROOT_STATE.encode(), None, MS_BIND, None) == 0)
        # Processes that a command leaves behind become ours, so that they can be found whatever they call themselves.
        _LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def __enter__(self):
        return self

    def __exit__(self, *_unused):
        for terminal in self._terminals:
            terminal.close()
        deadline = time.monotonic() + 10
        while self.processes() and time.monotonic() < deadline:
            for pid in self.processes():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.05)
        for process in self._started:
            process.wait()
        if self._mounted:
            _LIBC.umount2(ROOT_STATE.encode(), MNT_DETACH)
        for folder, _folders, names in os.walk(self.work):
            for name in names:      # a file of ours may be a mount point
                _LIBC.umount2(os.fsencode(os.path.join(folder, name)), MNT_DETACH)
        shutil.rmtree(self.path, ignore_errors=True)

    def name(self, base="test"):
        """A guest's name that nobody else uses."""
        return base + "-" + self._tag

    def write(self, name, content):
        """Make a file in the working folder; return its path."""
        path = os.path.join(self.work, name)
        with open(path, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
        return path

    def disk(self, name="disk.img", mib=64, mode=0o600):
        """Make a sparse disk with a first sector that guest-report shows; return its path."""
        path = self.write(name, b"SLIPWAY TEST DISK\n")
        os.truncate(path, mib << 20)
        os.chmod(path, mode)
        return path

    def guest(self, file="guest.cfg", **keys):
        """Write the description of a small guest, changed by keys (None leaves a key out); return its path."""
        values = {"name": self.name(), "type": "pvh", "kernel": guest_file("vmlinuz"),
                  "ramdisk": guest_file("initrd.img"), "memory": 128, "vcpus": 1,
                  "extra": "quiet panic=-1 slipway.test=report"}
        values.update(keys)
        lines = ["%s = %s\n" % (key, xl_value(value)) for key, value in values.items() if value is not None]
        return self.write(file, "".join(lines))

    def popen(self, arguments, **streams):
        """Start slipway with these arguments in a session of its own."""
        process = subprocess.Popen([self.program, *arguments], cwd=self.work, env=self.env, start_new_session=True, **streams)
        self._started.append(process)
        return process

    def run(self, *arguments, seconds=SECONDS, stdin=b""):
        """Run slipway to its end; return its exit code (negative: the signal) and what it printed."""
        process = self.popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            out, err = process.communicate(stdin, seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = self._rest(process)
            raise AssertionError("slipway %s: still running after %d s\n%s\n%s" % (
                " ".join(arguments), seconds, out[-4000:], err[-4000:])) from None
        return Result(process.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))

    @staticmethod
    def _rest(process):
        """What a killed command had printed; whoever else holds the pipes is not waited for."""
        try:
            out, err = process.communicate(timeout=2)
        except subprocess.TimeoutExpired as partial:
            out, err = partial.stdout or b"", partial.stderr or b""
        return out.decode("utf-8", "replace"), err.decode("utf-8", "replace")

    def boot(self, config, *overrides, seconds=BOOT_SECONDS):
        """`slipway run` of a description to the guest's end."""
        return self.run("run", config, *overrides, seconds=seconds)

    def spawn(self, *arguments):
        """Start slipway on a terminal."""
        terminal = Terminal(self, arguments)
        self._terminals.append(terminal)
        return terminal

    def processes(self):
        """The living processes that our commands are or left behind."""
        known = {process.pid: process for process in self._started}
        stats = {}
        for name in os.listdir("/proc"):
            if name.isdigit():
                stat = _stat(int(name))
                if stat:
                    stats[int(name)] = stat
        children = collections.defaultdict(list)
        for pid, (_state, parent) in stats.items():
            children[parent].append(pid)
        found, queue = [], list(children[os.getpid()])
        while queue:
            pid = queue.pop()
            queue += children[pid]
            if stats[pid][0] != "Z":
                found.append(pid)
            elif pid in known:
                known[pid].poll()
            elif stats[pid][1] == os.getpid():
                os.waitpid(pid, os.WNOHANG)
        return found

    def files(self):
        """The files and folders left in the state folder and the folder for temporary files."""
        left = []
        for place in ("run", "tmp", "home"):
            for folder, folders, names in os.walk(os.path.join(self.path, place)):
                left += [os.path.relpath(os.path.join(folder, name), self.path) for name in folders + names]
        if os.geteuid() == 0 and not self._mounted:
            left += [os.path.join(ROOT_STATE, name) for name in os.listdir(ROOT_STATE) if self._tag in name]
        return sorted(set(left) - {"run/slipway"})

    def assert_clean(self, seconds=10):
        """Fail unless, within that time, no process and no file of ours is left."""
        deadline = time.monotonic() + seconds
        while self.processes() or self.files():
            if time.monotonic() > deadline:
                words = ["%d: %s" % (pid, _words(pid)) for pid in self.processes()]
                raise AssertionError("left behind: %s" % "; ".join(words + self.files()))
            time.sleep(0.05)
