# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests in dom0 share: a slipway.Home on a real Xen host, Xen's own tools beside it, and what must not be left.

    with host.Host() as xen:
        result = xen.boot(xen.small("pvh", extra="mode=poweroff"))
        ...
        xen.assert_clean()

Leaving it takes every domain away, by xl, whoever made it. It must not know what slipway ought to answer.
"""
import collections
import glob
import json
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
import slipway
import tap

# A second of a quiet machine may be many of a busy one that emulates another.
SLOW = int(os.environ.get("XEN_TEST_SLOW", "4"))
KERNELS = os.environ.get("XEN_TEST_KERNELS", "/root/kernels")   # guest-*.elf
XL = "/usr/sbin/xl"         # Xen's own, whatever the PATH says
BRIDGE, DOM0_ADDRESS = "xenbr0", "10.9.0.1"
GRUB = "/usr/lib/grub-xen"

Domain = collections.namedtuple("Domain", "name domid mib vcpus state")


def case(title, seconds=60):
    """A case of the smoke set: every `make check` runs it."""
    return tap.case(title, seconds * SLOW)


def full(title, seconds=60):
    """A case that only `make check-xen` runs."""
    if os.environ.get("XEN_TEST_SET") == "smoke":
        return lambda function: None
    return tap.case(title, seconds * SLOW)


def command(*words, seconds=60, check=True, stdin=None, **kw):
    """Run a program of the host to its end; return what it printed."""
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, input=stdin or "",
                          timeout=seconds * SLOW, check=False, **kw)
    if check and done.returncode:
        raise AssertionError("%s: exit code %d: %s%s" % (" ".join(words), done.returncode, done.stdout, done.stderr))
    return done.stdout


def xl(*words, **kw):
    """Xen's own xl."""
    return command(XL, *words, **kw)


def wait_for(what, truth, seconds=20):
    """Look until truth() is true; return what it returned."""
    deadline = time.monotonic() + seconds * SLOW
    while True:
        value = truth()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError("not within %d s: %s" % (seconds * SLOW, what))
        time.sleep(0.1)


def domains():
    """Xen's domains but its own, by xl."""
    found = []
    for line in xl("list").splitlines()[1:]:
        name, domid, mib, vcpus, state, _time = line.rsplit(None, 5)
        if domid != "0":
            found.append(Domain(name, int(domid), int(mib), int(vcpus), state))
    return found


def domain(name):
    """The domain of that name, or None."""
    return next((d for d in domains() if d.name == name), None)


def nodes():
    """The paths of all XenStore nodes but those that come and go by themselves."""
    listing = command("xenstore-ls", "-f").splitlines()
    paths = {line.partition(" = ")[0] for line in listing}
    # Left empty by whoever first made something below them; xl leaves them too.
    return {path for path in paths if not re.fullmatch(
        r"/(libxl|vm|local/pool.*|local/domain/0/(backend|device)(/\w+)?|local/domain/0/device-model.*)", path)}


def loops():
    """The files behind loop devices."""
    found = []
    for path in glob.glob("/sys/block/loop*/loop/backing_file"):
        try:
            with open(path, encoding="utf-8") as file:
                found.append(file.read().strip())
        except OSError:
            pass
    return sorted(found)


def free_mib():
    """Xen's free memory."""
    return int(re.search(r"^free_memory\s*: (\d+)", xl("info"), re.M)[1])


def open_files(program):
    """How many descriptors a daemon of the host has open."""
    pid = command("pidof", "-s", program).strip()
    return len(os.listdir("/proc/%s/fd" % pid))


def state():
    """Everything that domains may leave behind, as a dict that can be compared."""
    return {
        "domains": [d.name for d in domains()],
        "nodes": nodes(),
        "loops": loops(),
        "interfaces": sorted(os.listdir("/sys/class/net")),
        "userdata": sorted(name for name in os.listdir("/var/lib/xen") if ".0." not in name),
        "xenstored files": open_files("oxenstored"),
        "xenconsoled files": open_files("xenconsoled"),
    }


def difference(before, after):
    """What is not as it was, in words."""
    words = []
    for key, value in before.items():
        if isinstance(value, set):
            words += ["more %s: %s" % (key, item) for item in sorted(after[key] - value)]
            words += ["fewer %s: %s" % (key, item) for item in sorted(value - after[key])]
        elif value != after[key]:
            words.append("%s: %r, was %r" % (key, after[key], value))
    return words


def guest_report(text):
    """What a test guest of ours printed, as {name: [rest of the line]}."""
    found = re.search(r"GUEST-BEGIN (\S+)\r?\n(.*?)GUEST-END", text, re.S)
    if not found:
        raise AssertionError("no report from the guest in:\n" + text[-3000:])
    values = collections.defaultdict(list)
    values["container"].append(found[1])
    for line in found[2].splitlines():
        name, _space, value = line.rstrip("\r").partition(" ")
        values[name].append(value)
    return values


def numbers(values):
    """Hexadecimal words as numbers."""
    return [int(value, 16) for value in values]


def bridge():
    """The bridge that guests' networks are plugged into. Once for all cases."""
    if os.path.exists("/sys/class/net/" + BRIDGE):
        return
    command("ip", "link", "add", BRIDGE, "type", "bridge")
    command("ip", "addr", "add", DOM0_ADDRESS + "/24", "dev", BRIDGE)
    command("ip", "link", "set", BRIDGE, "up")


class Host(slipway.Home):
    """A Home on Xen; whatever domains it leaves are taken away."""

    def __init__(self):
        super().__init__()
        self._before = state()

    def __exit__(self, *unused):
        for left in domains():
            xl("destroy", str(left.domid), check=False)
        super().__exit__(*unused)

    def small(self, container, file=None, **keys):
        """Write the description of a test guest of ours ("pvh", "pv64"); return its path."""
        values = {"name": self.name(container), "type": "pvh" if container == "pvh" else "pv", "ramdisk": None,
                  "kernel": os.path.join(KERNELS, "guest-%s.elf" % container), "memory": 32, "extra": "mode=poweroff"}
        values.update(keys)
        return self.guest(file or container + ".cfg", **values)

    def debian(self, container, file=None, **keys):
        """Write the description of Debian's kernel with a shell on the console; return its path."""
        values = {"name": self.name("deb" + container), "type": container, "memory": 256,
                  "extra": "quiet panic=-1 slipway.shell"}
        values.update(keys)
        return self.guest(file or "deb%s.cfg" % container, **values)

    def ok(self, *arguments, seconds=60, stdin=b""):
        """slipway, which must succeed; return what it printed."""
        result = self.run(*arguments, seconds=seconds * SLOW, stdin=stdin)
        tap.equal(result.code, 0, "exit code of slipway %s (%s%s)" % (" ".join(arguments), result.out, result.err))
        return result.out

    def refused(self, *arguments, seconds=60):
        """slipway, which must not; return (exit code, what it said)."""
        result = self.run(*arguments, seconds=seconds * SLOW)
        tap.check(result.code != 0, "slipway %s was not refused: %s" % (" ".join(arguments), result.out))
        tap.check(result.code > 0, "slipway %s died of signal %d" % (" ".join(arguments), -result.code))
        tap.check(result.err.strip(), "slipway %s gave no reason" % " ".join(arguments))
        return result.code, result.err

    def listed(self):
        """slipway's own list, by name (Domain-0 left out)."""
        entries = json.loads(self.ok("list", "--json"))
        if isinstance(entries, dict):
            entries = entries.get("domains", [entries])
        return {entry["name"]: entry for entry in entries if entry.get("domid") != 0}

    def boot(self, config, *overrides, seconds=60):
        """`slipway run` to the guest's end."""
        return super().boot(config, *overrides, seconds=seconds * SLOW)

    def shell(self, config, *arguments, seconds=90):
        """Boot a Debian guest on a terminal up to its shell."""
        terminal = self.spawn("run", config, *arguments)
        terminal.expect("A shell in the guest", seconds * SLOW)
        terminal.expect("# ", 30 * SLOW)
        return terminal

    def assert_clean(self, seconds=10):
        """Fail unless, within that time, everything on this host is as it was before."""
        super().assert_clean(seconds * SLOW)
        left = []

        def clean():
            left[:] = difference(self._before, state())
            return not left
        try:
            wait_for("clean", clean, seconds)
        except AssertionError:
            raise AssertionError("left on the host: " + "; ".join(left)) from None


def ask(terminal, line, seconds=30):
    """Run a line in a guest's shell; return (exit code, output)."""
    start = len(terminal.text)
    terminal.send(line + r"; printf '\n=%d=\n' $?" + "\n")
    code = int(terminal.expect(r"\n=(\d+)=\r", seconds * SLOW)[1])
    text = terminal.text[start:]
    return code, text[:text.rindex("\r\n=")].partition("\n")[2].replace("\r", "")
