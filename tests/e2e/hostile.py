#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kernel files that were made to do harm: decompression bombs of each format, and readers that end before their answer. Each is
refused with its own message, takes little memory, and leaves nothing behind. No guest boots here.
"""
import os
import re
import resource
import signal
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
import bombs
import slipway
import tap

IMAGE = 4               # exit code: the kernel file is no good
MIB = 1 << 20
PEAK_MIB = 300          # of any process that a refusal takes

# What the address sanitizer keeps of freed memory is not the program's.
os.environ["ASAN_OPTIONS"] = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "quarantine_size_mb=1"]))


def head():
    """The first page of what is packed: a whole little kernel, so that reading it begins."""
    elf = slipway.elf(b"\xf4" * 64)
    return elf + bytes(4096 - len(elf))


def bzimage(payload, inflated, own_size=False):
    """A bzImage with that payload, which nothing but its unpacking can start (Linux Documentation/arch/x86/boot.rst)."""
    if not own_size:
        payload += struct.pack("<I", inflated)
    setup = bytearray(4 * 512)
    struct.pack_into("<B", setup, 0x1F1, 2)         # setup sectors, after the first
    struct.pack_into("<I", setup, 0x1F4, (512 + len(payload) + 15) // 16)
    struct.pack_into("<H", setup, 0x1FE, 0xAA55)
    struct.pack_into("<BB4sH", setup, 0x200, 0xEB, 0x66, b"HdrS", 0x20F)
    struct.pack_into("<II", setup, 0x248, 512, len(payload))
    struct.pack_into("<QI", setup, 0x258, 0x1000000, 64 * MIB)
    return bytes(setup) + payload + bytes(-len(payload) % 16)


def peak_mib():
    """The largest that any process was which this one, or one it has waited for, has waited for."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10


def refused(home, result, *patterns):
    """The command failed for the kernel file, said all of that, took little, and left nothing behind."""
    tap.equal(result.code, IMAGE, "exit code (%s)" % result.err[-2000:])
    for pattern in patterns:
        tap.check(re.search(pattern, result.err, re.I), "no /%s/ in:\n%s" % (pattern, result.err[-2000:]))
    tap.check("Sanitizer" not in result.err and "runtime error" not in result.err, result.err[-4000:])
    home.assert_clean()
    tap.check(peak_mib() < PEAK_MIB, "a process took %d MiB" % peak_mib())


def bomb_cases():
    """One case for each format: what is said to hold 64 MiB has ten gigabytes, where nobody reads it all."""
    for name, make in bombs.FORMATS.items():
        def case(name=name, make=make):
            with slipway.Home() as home:
                kernel = home.write("bomb", bzimage(make(head(), 10 << 30), 64 * MIB))
                config = home.guest(kernel=kernel, ramdisk=None, memory=512)
                for verb in (["inspect", kernel], ["plan", config], ["run", "-e", "null", config]):
                    refused(home, home.run(*verb, seconds=120), "kernel '.*bomb'",
                            "goes on past the 67108864 bytes that its size field promises")
        tap.case("a bomb of ten gigabytes in %s" % name, 400)(case)

        def whole(name=name, make=make):
            with slipway.Home() as home:
                for inside in (head(), bzimage(b"", 0)[:4096]):
                    kernel = home.write("bomb", make(inside, 10 << 30))
                    refused(home, home.run("inspect", kernel, seconds=120), r"kernel '.*bomb': its \d+ bytes \(%s" % name,
                            "unpack to more than", "SLIP-442")
        # 80 MiB of it are there, fewer than what is no ELF may have.
        if name != "lzma":
            tap.case("a file that is a bomb of ten gigabytes in %s as a whole" % name, 400)(whole)


bomb_cases()


@tap.case("a bomb that says how large it is")
def honest_bomb():
    with slipway.Home() as home:
        kernel = home.write("bomb", bzimage(bombs.zstd(head(), 2 << 30), 2 << 30))
        refused(home, home.run("inspect", kernel), "2147483648 bytes decompressed, the limit is 1073741824")


@tap.case("a Linux header that ends before what it says of itself")
def short_header():
    with slipway.Home() as home:
        kernel = bytearray(bzimage(bytes(65536), 0))
        kernel[0x201] = 2                                   # the jump over it: it ends at 0x204
        kernel[0x211] = 1                                   # loaded high ...
        struct.pack_into("<II", kernel, 0x22C, 0x7FFFFFFF, 0x200000)
        kernel[0x234:0x236] = b"\1\x0c"                     # ... may be moved, and has its alignment beyond 0x204
        struct.pack_into("<I", kernel, 0x214, 0x100000)
        struct.pack_into("<I", kernel, 0x260, MIB)
        config = home.guest(kernel=home.write("short", bytes(kernel)), ramdisk=None, extra=None)
        result = home.run("plan", config)
        tap.equal((result.code, result.err), (0, ""), "exit code and messages of plan")
        home.assert_clean()


@tap.case("a stream that asks for a dictionary of a gigabyte")
def large_dictionary():
    with slipway.Home() as home:
        kernel = home.write("dictionary", bzimage(bombs.xz(head(), 64 * MIB, claim=1 << 30), 64 * MIB))
        refused(home, home.run("inspect", kernel), "memory to decompress", "limit")


# --- the process that reads ---

@tap.case("root of a user namespace with a single id, and nobody in particular")
def other_users():
    with slipway.Home() as home:
        kernel = home.write("kernel", slipway.elf(b"\xf4" * 64))
        os.chmod(home.path, 0o755)
        for words in (["unshare", "-Ur"], ["setpriv", "--reuid", "54321", "--regid", "54321", "--clear-groups"]):
            if subprocess.run([*words, "true"], stderr=subprocess.DEVNULL, check=False).returncode:
                continue
            os.chmod(home.work, 0o755)
            done = subprocess.run([*words, slipway.BINARY, "inspect", kernel], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  text=True, check=False)
            tap.equal((done.returncode, done.stderr), (0, ""), "%s: exit code and messages" % words[0])
            tap.contains(done.stdout, "64-bit ELF", "what it says of the kernel")


def find_reader(home, seconds=20):
    """The process that reads a kernel for one of our commands, once it is locked up; None: there was none in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for pid in home.processes():
            try:
                with open("/proc/%d/status" % pid, encoding="utf-8") as file:
                    status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
            except (OSError, ValueError):
                continue
            if status.get("Name") == "slipway: jail" and status.get("Seccomp") == "2":
                return pid, status
        time.sleep(0.005)
    return None, {}


def slow_kernel(home):
    """A kernel whose reading takes a while: most of a gigabyte of zeros."""
    return home.write("slow", bzimage(bombs.bzip2(head(), 1000 * MIB), 1000 * MIB))


def while_reading(home, act):
    """Inspects a kernel that takes long, has act done with the reader meanwhile, and returns the command's result."""
    found = []

    def watch():
        pid, status = find_reader(home)
        if pid:
            found.append(status)
            act(pid)

    watcher = threading.Thread(target=watch)
    watcher.start()
    result = home.run("inspect", slow_kernel(home), seconds=200)
    watcher.join()
    tap.check(found, "no reader was found")
    return result, found[0]


@tap.case("who reads a kernel may do nothing else", 240)
def locked_up():
    seen = {}

    def look(pid):
        seen["fds"] = [os.readlink("/proc/%d/fd/%s" % (pid, fd)) for fd in os.listdir("/proc/%d/fd" % pid)]
        with open("/proc/%d/limits" % pid, encoding="utf-8") as file:
            seen["limits"] = file.read()
        os.kill(pid, signal.SIGKILL)

    if os.geteuid() != 0:
        tap.skip("only root may look at a process that hides")
    with slipway.Home() as home:
        _result, status = while_reading(home, look)
        tap.equal((status["NoNewPrivs"], status["CapEff"], status["CapPrm"]), ("1", "0" * 16, "0" * 16), "its rights")
        tap.check(not status["Uid"].startswith("0\t"), "it is root's")
        files = [link for link in seen["fds"] if not link.startswith("socket:")]
        tap.equal(len(seen["fds"]) - len(files), 1, "its sockets")
        # Under the address sanitizer it keeps standard error, for reports.
        tap.check(1 <= len(files) <= 2 and any(link.endswith("/slow") for link in files), "its files: %s" % files)
        for what in ("Max processes", "Max file size", "Max core file size"):
            tap.check(re.search(what + r" +0 +0 ", seen["limits"]), "%s in:\n%s" % (what, seen["limits"]))
        home.assert_clean()


@tap.case("a reader that is ended: an error, and no more", 240)
def dead_reader():
    with slipway.Home() as home:
        result, _status = while_reading(home, lambda pid: os.kill(pid, signal.SIGKILL))
        refused(home, result, "kernel '.*slow': its reader was killed", "SLIP-696")


@tap.case("a dictionary and a file that are both as large as may be: too large together")
def all_memory():
    with open(slipway.BINARY, "rb") as program:
        if b"__asan_init" in program.read():
            tap.skip("the address sanitizer has more memory, and copies what grows")
    with slipway.Home() as home:
        kernel = home.write("bomb", bombs.xz(bzimage(b"", 0)[:4096], 10 << 30, claim=128 * MIB))
        result = home.run("inspect", kernel, seconds=120)
        tap.check(result.code in (IMAGE, 5), "exit code %d" % result.code)
        tap.check(re.search("SLIP-442|SLIP-693", result.err), result.err)
        tap.check(peak_mib() < PEAK_MIB, "a process took %d MiB" % peak_mib())
        home.assert_clean()


tap.main()
