# SPDX-License-Identifier: LGPL-2.1-or-later
"""Called as xl: what test runners such as XTF's do with it, and one script on Xen's xl and on ours, line by line.

It must not know what either ought to print: Xen's own xl says.
"""
import difflib
import json
import os
import re
import subprocess

import host
import slipway
import tap

HERE = os.path.dirname(os.path.abspath(__file__))


class XlHost(host.Host):
    """A host where the command is called xl."""

    def __init__(self):
        super().__init__()
        self.folder = os.path.join(self.path, "bin")
        os.mkdir(self.folder)
        self.program = os.path.join(self.folder, "xl")
        os.symlink(slipway.BINARY, self.program)


@host.case("xl create -p, console, unpause: all that the guest printed, although it ends at once")
def runner():
    with XlHost() as xen:
        config = xen.small("pvh")
        for _ in range(5):
            tap.equal(xen.run("create", "-p", "-q", config, seconds=60 * host.SLOW), (0, "", ""), "create -p")
            console = xen.popen(["console", xen.name("pvh")], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)
            host.wait_for("an attached console", lambda pid=console.pid: has_signalfd(pid))
            tap.equal(xen.run("unpause", xen.name("pvh")), (0, "", ""), "unpause")
            out, err = console.communicate(timeout=30 * host.SLOW)
            tap.equal((console.returncode, err), (0, b""), "console")
            tap.check(out.startswith(b"GUEST-BEGIN") and out.endswith(b"GUEST-END\r\n"), "all of it: %r" % out)
            host.wait_for("the end", lambda: not host.domains())
        xen.assert_clean()


def has_signalfd(pid):
    """A console that is what it is to be takes signals through a descriptor."""
    return any(os.readlink(entry.path) == "anon_inode:[signalfd]" for entry in os.scandir("/proc/%d/fd" % pid))


@host.case("xl create -F, info, list, dmesg: as Xen's own")
def questions():
    host.xl("list", "-l")   # writes nodes of domain 0 when it is the first
    with XlHost() as xen:
        result = xen.run("create", "-F", xen.small("pvh"), seconds=60 * host.SLOW)
        tap.equal((result.code, result.out), (0, ""), "create -F (%s)" % result.err)
        for words in (["info"], ["info", "virt_caps"], ["info", "xen"], ["dmesg"], ["list", "-l", "Domain-0"], ["domid", "Domain-0"]):
            theirs, ours = host.xl(*words), xen.run(*words)
            tap.equal(ours.code, 0, "xl %s (%s)" % (" ".join(words), ours.err))
            if "-l" in words:
                theirs, ours = domain0(theirs), ours._replace(out=domain0(ours.out))
            tap.equal(normal(ours.out) if isinstance(ours.out, str) else ours.out,
                      normal(theirs) if isinstance(theirs, str) else theirs, "xl " + " ".join(words))
        xen.assert_clean()


def domain0(text):
    """What scripts read of a domain in xl list -l."""
    return [(d["domid"], d["config"]["c_info"], d["config"]["b_info"]["max_memkb"]) for d in json.loads(text)]


def normal(text):
    """Without what differs from one run to the next, and without what either says to people alone."""
    text = re.sub(r"^2\|(libxl|xc|xl): .*\n", "", text, flags=re.M)     # libxl's log; our errors
    text = re.sub(r"^2\|(hint|usage): .*\n", "", text, flags=re.M)
    text = re.sub(r"^(1\|.{40}) +[1-9]\d* ", r"\1 ID ", text, flags=re.M)
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID", text)
    text = re.sub(r" +\d+\.\d(?= |$)", " SECONDS", text, flags=re.M)
    text = re.sub(r"\d+:\d\d:\d\d", "TIME", text)
    text = re.sub(r"(free_memory +: |outstanding_claims +: )\d+", r"\1N", text)
    text = re.sub(r"\b([Dd]omain|domid|pid) [1-9]\d*", r"\1 N", text)
    text = re.sub(r"^(\$ xl \w+ |1\|)[1-9]\d*$", r"\1N", text, flags=re.M)
    text = re.sub(r"^(1\|one +)\d+ ", r"\1N ", text, flags=re.M)
    text = re.sub(r"^(1\|UUID +)\d+ ", r"\1N ", text, flags=re.M)
    text = re.sub(r"^2\|This can only be done .*\n2\|\n", "", text, flags=re.M)  # what xl explains of domain 0
    # What xl tells of its own doings while it waits in the foreground.
    text = re.sub(r"^2\|(Action for shutdown reason|Domain N needs to be cleaned up).*\n", "", text, flags=re.M)
    # Text of the help, which is in everybody's own words.
    return re.sub(r"^(1\|Usage: xl .*\n)(1\|.*\n)*", r"\1", text, flags=re.M)


def same_json(match):
    """JSON as it is written is nobody's to compare: as values, without what libxl knows of its scheduler."""
    lines = re.sub(r"^1\|", "", match[0], flags=re.M)
    value = json.loads(lines)
    for domain in value if isinstance(value, list) else []:
        domain["domid"] = 0
        domain["config"]["b_info"]["sched_params"] = {}
    return "1|" + json.dumps(value, sort_keys=True) + "\n"


def run_script(folder, kernel):
    """What the script prints on the xl of that folder."""
    environment = dict(os.environ, PATH=folder + ":/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL="C.UTF-8")
    done = subprocess.run([os.path.join(HERE, "xl-script"), kernel], env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=240 * host.SLOW, text=True, check=False)
    tap.equal(done.returncode, 0, "exit code of the script: " + done.stdout)
    text = re.sub(r"^1\|(disk: )?(\[|\{)\n(?:1\|.*\n)*?1\|(\]|\})\n(1\|\n)?", lambda m: same_json(
        re.match(r"(?s).*", re.sub(r"^1\|disk: ", "1|", m[0]))), done.stdout, flags=re.M)
    return normal(text).splitlines()


@host.full("xl shutdown -w and reboot -w on guests of both, xl's and ours", 200)
def waiting():
    with XlHost() as xen:
        name = xen.name("pvh")
        config = xen.small("pvh", extra="mode=obey", on_reboot="restart")
        for create in (lambda: host.xl("create", config), lambda: xen.ok("create", "-q", config)):
            create()
            for verb in (["reboot"], ["shutdown"]):
                domid = host.wait_for("the guest", lambda: host.domain(name)).domid
                host.wait_for("obeying", lambda domid=domid: host.command(
                    "xenstore-read", "/local/domain/%d/control/feature-reboot" % domid, check=False).strip() == "1")
                result = xen.run(*verb, "-w", name, seconds=60 * host.SLOW)
                tap.equal((result.code, result.out), (0, ""), "%s -w (%s)" % (verb, result.err))
                host.wait_for("its effect", lambda domid=domid: not any(d.domid == domid for d in host.domains()))
            tap.equal(host.domains(), [], "domains left")
        xen.assert_clean()


@host.full("the same script on Xen's xl and on ours prints the same", 500)
def same_script():
    kernel = os.path.join(host.KERNELS, "guest-pvh.elf")
    with XlHost() as xen:
        theirs, ours = run_script("/usr/sbin", kernel), run_script(xen.folder, kernel)
        difference = list(difflib.unified_diff(theirs, ours, "Xen's", "ours", lineterm="", n=4))
        tap.check(not difference, "\n".join(difference))
        xen.assert_clean()
