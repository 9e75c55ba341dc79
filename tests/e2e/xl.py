#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The xl personality where no Xen is: called by that name, the command answers as Xen's xl 4.17 does (what it answers was
recorded from one). How it compares to a real xl, line by line, is tested in the Xen lab.

It must not know how guests are built, nor what slipway's own verbs print.
"""
import json
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
import slipway
import tap

OK, FAILED, USAGE, CREATE_FAILED, NO_FILE = 0, 1, 2, 3, 6
HEADER = "Name                                        ID   Mem VCPUs\tState\tTime(s)\n"
START = os.environ.get("SLIPWAY_START", os.path.join(slipway.ROOT, "build", "dev", "tests", "guests", "start.elf"))


class XlHome(slipway.Home):
    """A private place where the command is called xl."""

    def __init__(self):
        super().__init__()
        self.program = os.path.join(self.path, "xl")
        os.symlink(slipway.BINARY, self.program)


def config(home, **keys):
    """The description of a guest that reports its start state and powers off."""
    values = {"kernel": START, "ramdisk": None, "memory": 32, "extra": None}
    values.update(keys)
    return home.guest(**values)


def needs_boot():
    """Leave the case where no guest can run."""
    reason = slipway.cannot_boot()
    if reason:
        tap.skip(reason)


def on_xen():
    """Whether guests would run on Xen here."""
    return os.path.exists("/proc/xen/privcmd")


def wait_attached(process):
    """Wait until a console is what it is to be: from then on it takes signals through a descriptor."""
    deadline = time.monotonic() + 60
    while not any(os.readlink(entry.path) == "anon_inode:[signalfd]" for entry in os.scandir("/proc/%d/fd" % process.pid)):
        tap.check(time.monotonic() < deadline and process.poll() is None, "the console does not attach")
        time.sleep(0.02)


@tap.case("usage: no verb, wrong verbs, global options, help")
def usage():
    with XlHome() as home:
        result = home.run()
        tap.equal((result.code, result.err), (FAILED, ""), "no verb")
        tap.check(result.out.startswith("Usage xl [-vfNtT] <subcommand> [args]\n\nxl full list of subcommands:\n\n create   "),
                  "the list: " + result.out)
        tap.equal(home.run("help"), (OK, result.out, ""), "xl help")
        for verb in re.findall(r"^ ([a-z-]+)", result.out, re.M):
            for words in (["help", verb], [verb, "-h"], [verb, "--help"]):
                shown = home.run(*words)
                tap.equal((shown.code, shown.err), (OK, ""), "xl " + " ".join(words))
                tap.check(re.match(r"Usage: xl \[-vtTf?N?\] %s\b" % verb, shown.out), "help of %s: %s" % (verb, shown.out))
        tap.equal(home.run("help", "xyzzy"), (OK, "command \"xyzzy\" not implemented\n", ""), "help of no verb")
        tap.equal(home.run("xyzzy"), (FAILED, "", "command not implemented\n"), "no verb of xl")
        known = home.run("mem-set", "a", "4")
        tap.equal((known.code, known.out), (FAILED, ""), "a verb of xl that is not here")
        tap.contains(known.err, "mem-set", "which")
        tap.equal(home.run("-z", "list"), (FAILED, "", "xl: invalid option -- 'z'\nunknown global option\n"), "a global option")
        tap.equal(home.run("-N", "list"), (FAILED, "", "command does not implement -N (dryrun) option\n"), "-N list")
        tap.equal(home.run("list", "-x"), (USAGE, "", "option `x' not supported.\n"), "an option")
        result = home.run("pause")
        tap.equal((result.code, result.err), (USAGE, "'xl pause' requires at least 1 argument.\n\n"), "too few arguments")
        tap.contains(result.out, "Usage: xl [-vtTf] pause <Domain>", "and the help")


@tap.case("a verb may be cut short as far as it is one")
def abbreviations():
    with XlHome() as home:
        tap.equal(home.run("lis"), home.run("list"), "lis")
        tap.equal(home.run("un").code, USAGE, "un is unpause")
        tap.equal(home.run("re"), (FAILED, "", "command not implemented\n"), "re is reboot, restore, remus, rename")
        tap.equal(home.run("block-"), (FAILED, "", "command not implemented\n"), "block- is three")


@tap.case("domains that are not there")
def nobody():
    with XlHome() as home:
        name = home.name()
        for verb in ("list", "pause", "unpause", "shutdown", "reboot", "destroy", "console", "uptime", "network-list"):
            result = home.run(verb, name)
            tap.equal((result.code, result.err), (FAILED, name + " is an invalid domain identifier (rc=-6)\n"), verb)
        tap.equal(home.run("unpause", "9999").code, OK, "xl does not look at whether a number is a domain's")
        tap.equal(home.run("list", "9999"), (FAILED, "", "Error: Domain '9999' does not exist.\n"), "list 9999")
        tap.equal(home.run("domid", name), (FAILED, "", "Can't get domid of domain name '%s', maybe this domain does not exist.\n"
                                            % name), "domid")
        tap.equal(home.run("domname", "9999").code, FAILED, "domname")
        tap.equal(home.run("domname", "abc"), (FAILED, "", "Invalid domain id.\n\n"), "domname of a word")
        tap.equal(home.run("shutdown"), (FAILED, "", "You must specify -a or a domain id.\n\n"), "shutdown of none")


@tap.case("create: what can't be read, said or made")
def refusals():
    with XlHome() as home:
        tap.equal(home.run("create"), (NO_FILE, "", "Config file not specified and none in save file\n"), "no file")
        tap.equal(home.run("create", "nowhere.cfg"),
                  (CREATE_FAILED, "", "Failed to read config file: nowhere.cfg: No such file or directory\n"), "a missing file")
        path = config(home)
        result = home.run("create", path, "other.cfg")
        tap.equal((result.code, result.err), (USAGE, ""), "two files")
        tap.contains(result.out, "Usage: xl [-vtTfN] create <ConfigFile> [options] [vars]\n", "and the help")
        tap.equal(home.run("create", path, "memory=16", "-p").code, USAGE, "options after what is none")
        result = home.run("create", path, "type='foo'")
        tap.equal((result.code, result.out), (FAILED, ""), "a wrong description")
        tap.check(result.err.startswith("Parsing config from %s\n" % path), "stderr: " + result.err)
        tap.equal(home.run("create", path, "kernel='/nowhere'").code, CREATE_FAILED, "a missing kernel")
        home.assert_clean()


@tap.case("create -n, -N and -d: libxl's JSON")
def dry_run():
    with XlHome() as home:
        path = config(home, vcpus=2, maxvcpus=4, maxmem=64, root="/dev/xvda", extra="quiet", ramdisk=START,
                      on_crash="rename-restart", on_reboot="destroy",
                      disk=["/disk.img,raw,xvda,rw", "/cd.iso,,xvdb,cdrom"],
                      vif=["mac=00:16:3e:00:00:01,bridge=br0", ""])
        result = home.run("create", "-n", path)
        tap.equal((result.code, result.err), (OK, "Parsing config from %s\n" % path), "create -n")
        found = json.loads(result.out)
        uuid = found["c_info"].pop("uuid")
        tap.check(re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", uuid), "uuid: " + uuid)
        tap.equal(found, {
            "c_info": {"type": "pvh", "name": home.name(), "run_hotplug_scripts": "True"},
            "b_info": {"max_vcpus": 4, "avail_vcpus": [0, 1], "max_memkb": 65536, "target_memkb": 32768, "sched_params": {},
                       "claim_mode": "True", "kernel": START, "cmdline": "root=/dev/xvda quiet", "ramdisk": START,
                       "type.pvh": {}, "arch_arm": {}, "arch_x86": {}},
            "disks": [{"pdev_path": "/disk.img", "vdev": "xvda", "format": "raw", "readwrite": 1},
                      {"pdev_path": "/cd.iso", "vdev": "xvdb", "format": "raw", "removable": 1, "is_cdrom": 1}],
            "nics": [{"devid": 0, "mac": "00:16:3e:00:00:01", "bridge": "br0"}, {"devid": 1}],
            "on_crash": "restart_rename", "on_soft_reset": "soft_reset"}, "the JSON")
        result = home.run("-N", "create", "--quiet", path, "name='other'")
        tap.equal((result.code, result.err), (OK, ""), "-N create -q")
        tap.equal(json.loads(result.out)["c_info"]["name"], "other", "an override")
        for words in (["create", "-n", "--defconfig=" + path], ["create", "-nf", path], ["create", path, "-n"]):
            tap.equal(home.run(*words).code, OK, " ".join(words))
        result = home.run("create", "-q", "-n", "/dev/null", 'name="null"', 'type="pvh"', 'kernel="/k"', "memory=16")
        tap.equal((result.code, result.err), (OK, ""), "/dev/null")
        tap.equal(json.loads(result.out)["c_info"]["name"], "null", "from the command line alone")
        home.assert_clean()


@tap.case("unknown keys are warnings")
def unknown_keys():
    with XlHome() as home:
        result = home.run("create", "-q", "-n", config(home, memroy=4))
        tap.equal(result.code, OK, "exit code")
        tap.contains(result.err, "warning: unknown key 'memroy'", "stderr")


@tap.case("no Xen: info and dmesg say so")
def no_xen():
    if on_xen():
        tap.skip("this is a Xen")
    with XlHome() as home:
        for words in (["info"], ["info", "virt_caps"], ["dmesg"], ["dmesg", "-c"]):
            result = home.run(*words)
            tap.equal((result.code, result.out), (FAILED, ""), " ".join(words))
            tap.check(result.err.startswith("xl: error: "), "stderr: " + result.err)


@tap.case("a guest's life: create -p, list, console, unpause", seconds=200)
def life():
    needs_boot()
    with XlHome() as home:
        name = home.name()
        tap.equal(home.run("create", "-p", config(home)), (OK, "", "Parsing config from %s\n" % os.path.join(home.work, "guest.cfg")),
                  "create -p")
        result = home.run("list")
        tap.equal((result.code, result.err), (OK, ""), "list")
        tap.check(result.out.startswith(HEADER), "the header: %r" % result.out)
        line = r"%-40s +[0-9-]+    32     1     --p---  +[0-9]+\.[0-9]" % name
        tap.check(re.search("^%s$" % line, result.out, re.M), "%r in %r" % (line, result.out))
        result = home.run("list", name)
        tap.check(re.fullmatch(re.escape(HEADER) + line + "\n", result.out), "list NAME: %r" % result.out)
        result = home.run("list", "-v", name)
        tap.check(re.search(line + r" [0-9a-f-]{36} +- +-\n$", result.out), "list -v: %r" % result.out)
        found = json.loads(home.run("list", "-l", name).out)
        tap.equal([(d["config"]["c_info"]["name"], d["config"]["b_info"]["target_memkb"]) for d in found], [(name, 32768)],
                  "list -l")
        tap.equal(home.run("create", "-p", "-q", config(home)).code, CREATE_FAILED, "the name again")
        console = home.popen(["console", name], stdin=-3, stdout=-1, stderr=-1)
        wait_attached(console)
        tap.equal(home.run("unpause", name), (OK, "", ""), "unpause")
        out, err = console.communicate(timeout=slipway.BOOT_SECONDS)
        tap.equal((console.returncode, err), (OK, b""), "console")
        tap.check(out.startswith(b"cr0 ") and b"map-entries" in out, "all that it printed: %r" % out)
        home.assert_clean()


@tap.case("create -c: the console from the first byte to the end, and nothing else", seconds=200)
def create_console():
    needs_boot()
    with XlHome() as home:
        result = home.run("create", "-c", "-q", config(home), seconds=slipway.BOOT_SECONDS)
        tap.equal((result.code, result.err), (OK, ""), "create -c")
        tap.check(result.out.startswith("cr0 ") and "map-entries" in result.out, "all that it printed: %r" % result.out)
        home.assert_clean()


@tap.case("create -F stays to the end; interrupted, it leaves the guest alone", seconds=200)
def foreground():
    needs_boot()
    with XlHome() as home:
        name = home.name()
        result = home.run("create", "-F", config(home), seconds=slipway.BOOT_SECONDS)
        tap.equal((result.code, result.out), (OK, ""), "create -F")
        tap.check(re.fullmatch(r"Parsing config from .*\nWaiting for domain %s \(domid -?\d+\) to die \[pid \d+\]\n"
                               r"Domain -?\d+ has shut down, reason code 0 0x0\nDone. Exiting now\n" % name, result.err),
                  "stderr: %r" % result.err)
        process = home.popen(["create", "-F", "-p", config(home)], stdout=-3, stderr=-1)
        while b"Waiting" not in process.stderr.readline():
            pass
        process.terminate()
        process.wait(20)
        tap.contains(home.run("list").out, name, "list")
        tap.equal(home.run("destroy", name), (OK, "", ""), "destroy")
        home.assert_clean()


@tap.case("shutdown -w and destroy")
def ends():
    needs_boot()
    with XlHome() as home:
        name = home.name()
        tap.equal(home.run("create", "-e", "-p", "-q", config(home)).code, OK, "create -e")
        waiter = home.popen(["shutdown", "-w", name], stdout=-1, stderr=-1)
        waiter.stderr.readline()
        while name not in home.run("list").out:
            pass
        tap.equal(home.run("destroy", name), (OK, "", ""), "destroy")
        _out, err = waiter.communicate(timeout=20)
        tap.equal(waiter.returncode, OK, "shutdown -w (%r)" % err)
        tap.check(re.search(rb"Domain -?\d+ has been ", err), "stderr: %r" % err)
        home.assert_clean()


tap.main()
