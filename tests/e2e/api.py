#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the worked example of the API (examples/boot.c), which is a program like anybody's: SLIPWAY_EXAMPLE names it.
It must not know how the command does the same things.
"""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
import slipway
import tap

EXAMPLE = os.environ.get("SLIPWAY_EXAMPLE", os.path.join(slipway.ROOT, "build", "dev", "examples", "boot"))
CODE = b"\x0f\x0b" + bytes(range(256))


def example(home, *arguments, seconds=slipway.SECONDS):
    """Run it to its end."""
    return subprocess.run([EXAMPLE, *arguments], cwd=home.work, env=home.env, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=seconds, check=False)


@tap.case("no arguments")
def usage():
    with slipway.Home() as home:
        result = example(home)
        tap.equal(result.returncode, 2, "exit code")
        tap.contains(result.stderr, "usage: boot FILE", "stderr")


@tap.case("a guest on the null engine: plan, record, end")
def null():
    with slipway.Home() as home:
        home.write("kernel", slipway.elf(CODE))
        home.write("module", b"m" * 5000)
        config = home.guest(kernel="kernel", ramdisk="module", memory=16)
        record = os.path.join(home.work, "record")
        result = example(home, config, "null", record)
        tap.equal(result.returncode, 0, "exit code (%s)" % result.stderr)
        tap.contains(result.stdout, "0x%x" % slipway.CODE_AT, "the plan's entry")
        tap.contains(result.stdout, "guest '%s' powered off" % home.name(), "the end")
        with open(os.path.join(record, "ram.img"), "rb") as file:
            file.seek(slipway.CODE_AT)
            tap.equal(file.read(len(CODE)), CODE, "the kernel in the recorded memory")
        with open(os.path.join(record, "plan.json"), encoding="utf-8") as file:
            tap.equal(json.load(file)["name"], home.name(), "the name in the recorded plan")
        home.assert_clean()


@tap.case("a wrong description: its diagnostics, with their places")
def wrong():
    with slipway.Home() as home:
        config = home.write("bad.cfg", 'name = "x"\nmemroy = 4\n')
        result = example(home, config, "null")
        tap.equal(result.returncode, 1, "exit code")
        tap.contains(result.stderr, "bad.cfg:2:1: ", "the place")
        tap.contains(result.stderr, "[SLIP-201]", "the code")
        home.assert_clean()


@tap.case("a kernel that is none")
def no_kernel():
    with slipway.Home() as home:
        result = example(home, home.guest(kernel=home.write("kernel", b"no kernel\n" * 99), ramdisk=None), "null")
        tap.equal(result.returncode, 1, "exit code")
        tap.contains(result.stderr, "boot: ", "the error")
        home.assert_clean()


@tap.case("a stock kernel on QEMU", 150)
def qemu():
    reason = slipway.cannot_boot()
    if reason:
        tap.skip(reason)
    with slipway.Home() as home:
        result = example(home, home.guest(extra="quiet panic=-1"), "qemu", seconds=slipway.BOOT_SECONDS)
        tap.equal(result.returncode, 0, "exit code (%s)" % result.stderr)
        tap.contains(result.stdout, " is up", "the guest's console")
        tap.contains(result.stdout, "guest '%s' powered off" % home.name(), "the end")
        home.assert_clean()


tap.main()
