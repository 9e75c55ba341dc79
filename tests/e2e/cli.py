#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command line itself: verbs, options, exit codes, JSON, help, the console on pipes and terminals. Most cases start
no guest, or one on the null engine. It must not know how guests are built, nor what is wrong with which description.
"""
import json
import os
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
import slipway
import tap

OK, FAILED, USAGE, DESCRIPTION, IMAGE, ENGINE = 0, 1, 2, 3, 4, 5
CODE = b"\xf4" * 64
BOOT = 150


def tiny(home, **keys):
    """The description of a guest that any engine takes and that never gets anywhere."""
    home.write("kernel", slipway.elf(CODE))
    return home.guest(kernel="kernel", ramdisk=None, memory=16, **keys)


def needs_boot():
    """Leave the case where no guest can boot."""
    reason = slipway.cannot_boot()
    if reason:
        tap.skip(reason)


def verbs(home):
    """The verbs that help lists."""
    return re.findall(r"^  ([a-z]+) +\S", home.run("help").out, re.M)


def json_lines(text):
    """Each line as JSON."""
    return [json.loads(line) for line in text.splitlines()]


@tap.case("help and version")
def help_texts():
    with slipway.Home() as home:
        for words in (["help"], ["--help"], ["-h"]):
            result = home.run(*words)
            tap.equal((result.code, result.err), (OK, ""), "slipway " + " ".join(words))
            tap.contains(result.out, "usage: slipway", "the help")
        tap.equal(home.run().code, USAGE, "exit code without a verb")
        tap.check(re.fullmatch(r"slipway \d+\.\d+\.\d+\n", home.run("--version").out), "the version")
        found = verbs(home)
        tap.check(len(found) >= 14, "verbs: %s" % found)
        for verb in found:
            for words in (["help", verb], [verb, "--help"], [verb, "-h"]):
                result = home.run(*words)
                tap.equal((result.code, result.err), (OK, ""), "slipway " + " ".join(words))
                tap.check(result.out.startswith("usage: slipway %s" % verb), "help of %s: %s" % (verb, result.out))
                tap.check(all(len(line) <= 100 for line in result.out.splitlines()), "long lines: " + result.out)


@tap.case("the man page has every verb and every option")
def man_page():
    with open(os.path.join(slipway.ROOT, "docs", "slipway.1"), encoding="utf-8") as file:
        page = file.read()
    with slipway.Home() as home:
        for verb in verbs(home):
            entry = re.search(r"^\.It Cm %s\b(.*)$" % verb, page, re.M)
            tap.check(entry, "no entry of %s in slipway(1)" % verb)
            for option in re.findall(r"--([a-z-]+)", home.run("help", verb).out.partition("\n  ")[2]):
                tap.check(re.search(r"^\.It Fl .*-%s\b" % option, page, re.M), "no entry of --%s in slipway(1)" % option)


@tap.case("misspelt verbs and options get a guess")
def guesses():
    with slipway.Home() as home:
        for words, guess in ((["crate"], "'create'"), (["help", "lst"], "'list'"), (["run", "--jsno", "x"], "--json"),
                             (["plan", "--xlcompat", "x"], "--xl-compat")):
            result = home.run(*words)
            tap.equal(result.code, USAGE, "exit code of %s" % words)
            tap.contains(result.err, "hint: did you mean %s?" % guess, "stderr")
        tap.contains(home.run("xyzzy").err, "slipway help", "the hint for what is like nothing")


@tap.case("options that a verb lacks, arguments that are missing or too many")
def wrong_usage():
    with slipway.Home() as home:
        for words, part in ((["list", "-p"], "-p"), (["check", "-e", "qemu", "x"], "-e"), (["run", "-e"], "-e"),
                            (["run", "--engine"], "--engine"), (["list", "x"], "'x'"), (["console"], "usage: slipway console"),
                            (["console", "a", "b"], "'b'"), (["inspect", "--json=1", "x"], "--json=1")):
            result = home.run(*words)
            tap.equal((result.code, result.out), (USAGE, ""), "%s (%s)" % (words, result.err))
            tap.contains(result.err, part, "stderr of %s" % words)


@tap.case("convert: canonical text, losses on stderr, --strict, -o, and what is wrong with the command line")
def convert():
    with slipway.Home() as home:
        file = home.write("a.cfg", "memory=64;builder='hvm'\nname='a' # c\nviridian=1;vnuma=[['size=64','vcpus=0']]\n")
        result = home.run("convert", "--to", "xl", file)
        tap.equal(result.code, OK, "the exit code")
        want = ('name = "a"\ntype = "hvm"\n\nmemory = 64\nvnuma = [ [ "size=64", "vcpus=0" ] ]\n\nviridian = 1\n')
        tap.equal(result.out, want, "the text")
        tap.check("SLIP-230" not in result.err, result.err)
        again = home.run("convert", "--to", "xl", "-", stdin=result.out.encode())
        tap.equal((again.code, again.out, again.err), (OK, want, ""), "once more")
        tap.equal(home.run("convert", "--to=xl", "-o", "b.cfg", file, "memory=128").out, "", "with -o")
        with open(os.path.join(home.work, "b.cfg"), encoding="utf-8") as out:
            tap.equal(out.read(), want.replace("64\n", "128\n"), "the file")
        result = home.run("convert", "--to", "xm", file)
        tap.equal(result.code, OK, "with a loss")
        tap.contains(result.err, "xm has no words for 'vnuma' [SLIP-230]", "the loss")
        tap.contains(result.out, 'builder = "hvm"', "the text for xm")
        result = home.run("convert", "--to", "xm", "--strict", "-o", "c.cfg", file)
        tap.equal((result.code, result.out), (DESCRIPTION, ""), "--strict")
        tap.check(not os.path.exists(os.path.join(home.work, "c.cfg")), "a file in spite of --strict")
        result = home.run("convert", "--to", "xm", "--json", file)
        tap.check("SLIP-230" in [line["code"] for line in json_lines(result.err)], "losses as JSON: " + result.err)
        for words in ([file], ["--to", "nonsense", file], ["--to", "xl", "--from", "nonsense", file],
                      ["--to", "xm", "--xend-version", "5", file], ["--to", "xl"]):
            tap.equal(home.run("convert", *words).code, USAGE, "convert " + " ".join(words))
        tap.equal(home.run("convert", "--to", "xl", "-o", "no/where", file).code, FAILED, "an unwritable file")


@tap.case("check: silent when all is well, else carets on stderr, or JSON lines on stdout")
def check():
    with slipway.Home() as home:
        good = tiny(home)
        bad = home.write("bad.cfg", 'name = "a"\n\tmemroy = 4\n')
        tap.equal(home.run("check", good, good), (OK, "", ""), "good files")
        result = home.run("check", "bad.cfg")
        tap.equal((result.code, result.out), (DESCRIPTION, ""), "a bad file")
        tap.contains(result.err, "bad.cfg:2:2: error: ", "the place")
        tap.contains(result.err, "\n  2 | \tmemroy = 4\n    | \t^~~~~~\n", "the line and the carets")
        result = home.run("check", "--json", good, bad, "bad.cfg")
        tap.equal((result.code, result.err), (DESCRIPTION, ""), "with --json")
        found = [line for line in json_lines(result.out) if line["code"] == "SLIP-201"]
        tap.equal(len(found), 2, "unknown keys in:\n" + result.out)
        line = found[1]
        tap.equal((line["severity"], line["file"], line["line"], line["column"], line["end"], line["notes"]),
                  ("error", "bad.cfg", 2, 2, 8, []), "the place")
        tap.contains(line["hint"], "memory", "the hint")
        tap.equal(home.run("check", "-", stdin=b"memroy = 4\n").code, DESCRIPTION, "standard input")
        tap.contains(home.run("check", "-", stdin=b"memroy = 4\n").err, "<stdin>:1:1: error:", "standard input's name")
        result = home.run("check", "nowhere.cfg", "bad.cfg")
        tap.equal(result.code, DESCRIPTION, "a missing file and a bad one")
        tap.contains(result.err, "nowhere.cfg", "the missing file")
        tap.contains(result.err, "bad.cfg:2:2:", "the other file is checked all the same")


@tap.case("--xl-compat lets unknown keys pass with a warning")
def xl_compat():
    with slipway.Home() as home:
        config = tiny(home, memroy=4)
        tap.equal(home.run("check", config).code, DESCRIPTION, "without")
        result = home.run("check", "--xl-compat", config)
        tap.equal(result.code, OK, "with")
        tap.contains(result.err, "warning: ", "stderr")


@tap.case("colour on a terminal, unless NO_COLOR")
def color():
    with slipway.Home() as home:
        home.write("bad.cfg", "memroy = 4\n")
        terminal = home.spawn("check", "bad.cfg")
        tap.equal(terminal.wait(), DESCRIPTION, "exit code")
        tap.check("\033[" not in terminal.text, "colour with NO_COLOR: %r" % terminal.text)
        home.env["NO_COLOR"] = ""
        terminal = home.spawn("check", "bad.cfg")
        tap.equal(terminal.wait(), DESCRIPTION, "exit code")
        tap.contains(terminal.text, "\033[1;31merror:\033[0m", "a terminal")
        tap.check("\033[" not in home.run("check", "bad.cfg").err, "colour in a pipe")


@tap.case("plan: text, JSON, picture; overrides; nothing left behind")
def plan():
    with slipway.Home() as home:
        config = tiny(home)
        result = home.run("plan", config)
        tap.equal((result.code, result.err), (OK, ""), "plan")
        tap.contains(result.out, "0x%x" % slipway.CODE_AT, "the entry")
        tap.equal(home.run("create", "-n", config), result, "create -n")
        found = json.loads(home.run("plan", "--json", config, "memory=32", "vcpus=3").out)
        tap.equal((found["memory_bytes"], found["vcpus"]), (32 << 20, 3), "overridden values")
        tap.equal(home.run("plan", "--svg", "map.svg", config), (OK, "", ""), "plan --svg")
        picture = xml.etree.ElementTree.parse(os.path.join(home.work, "map.svg")).getroot()
        tap.equal(picture.tag, "{http://www.w3.org/2000/svg}svg", "the picture")
        tap.contains(home.run("plan", "--svg", "-", config).out, "<svg", "the picture on standard output")
        result = home.run("plan", "--svg", "nowhere/map.svg", config)
        tap.equal(result.code, FAILED, "a picture that can't be written")
        tap.contains(result.err, "nowhere/map.svg", "its name")
        tap.equal(home.run("plan", config, "memroy=1").code, DESCRIPTION, "a bad override")
        tap.equal(home.run("plan", config, "kernel=\"nowhere\"").code, IMAGE, "a missing kernel")
        tap.equal(home.run("plan", "-e", "bhyve", config).code, ENGINE, "an unknown engine")
        home.assert_clean()


@tap.case("inspect: text and JSON")
def inspect():
    with slipway.Home() as home:
        kernel = home.write("kernel", slipway.elf(CODE))
        result = home.run("inspect", kernel)
        tap.equal((result.code, result.err), (OK, ""), "inspect")
        tap.contains(result.out, "ELF", "the format")
        tap.check(isinstance(json.loads(home.run("inspect", "--json", kernel).out), dict), "JSON")
        result = home.run("inspect", "nowhere")
        tap.equal((result.code, result.out), (IMAGE, ""), "a missing file")
        result = home.run("inspect", "--json", "nowhere")
        tap.equal(json.loads(result.err)["severity"], "error", "an error as JSON")


@tap.case("list and engines")
def lists():
    with slipway.Home() as home:
        tap.equal(home.run("list").out.split(), ["NAME", "STATE", "MEM/MiB", "VCPUS", "TYPE", "ENGINE", "PID", "UPTIME"],
                  "no guests")
        tap.equal(json.loads(home.run("list", "--json").out), [], "no guests as JSON")
        found = {engine["name"]: engine for engine in json.loads(home.run("engines", "--json").out)}
        tap.check(found["null"]["usable"] and not found["null"]["default"], "the null engine: %s" % found["null"])
        tap.check(found["qemu"]["detail"], "what was found of qemu: %s" % found["qemu"])
        text = home.run("engines").out
        tap.check(all(re.search("^%s " % name, text, re.M) for name in found), "all engines in:\n" + text)


@tap.case("explain knows every code it lists")
def explain():
    with slipway.Home() as home:
        codes = re.findall(r"^SLIP-(\d{3}) ", home.run("explain").out, re.M)
        tap.check(len(codes) > 20 and codes == sorted(codes), "codes: %s" % codes)
        stories = json.loads(home.run("explain", "--json").out)
        tap.equal([story["code"][5:] for story in stories], codes, "the same as JSON")
        for story in stories:
            tap.check(len(story["story"]) > 40 and story["story"][-1] in ".?)", "the story of %s" % story)
        for spelling in ("SLIP-" + codes[0], "slip-" + codes[0], codes[0]):
            tap.contains(home.run("explain", spelling).out, "SLIP-%s (" % codes[0], spelling)
        tap.equal(home.run("explain", "SLIP-").code, USAGE, "no number")


@tap.case("output that cannot be written is a failure")
def full_disk():
    with slipway.Home() as home, open("/dev/full", "wb") as full:
        process = home.popen(["explain"], stdout=full, stderr=subprocess.PIPE)
        err = process.communicate(timeout=slipway.SECONDS)[1]
        tap.equal(process.returncode, FAILED, "exit code")
        tap.check(b"No space left" in err, "stderr: %r" % err)


@tap.case("guests that do not exist")
def nobody():
    with slipway.Home() as home:
        for verb in ("console", "pause", "unpause", "shutdown", "reboot", "destroy"):
            result = home.run(verb, "nobody")
            tap.equal((result.code, result.out), (FAILED, ""), "exit code of " + verb)
            tap.contains(result.err, "nobody", "the message of " + verb)
        result = home.run("pause", "nobody", "noone")
        tap.contains(result.err, "noone", "each name is tried")


@tap.case("run and create on the null engine")
def null_engine():
    with slipway.Home() as home:
        config = tiny(home)
        result = home.run("run", "-e", "null", config)
        tap.equal((result.code, result.out), (OK, ""), "run (%s)" % result.err)
        tap.check(re.fullmatch(r"guest '%s' powered off: parse [^,]+, image [^,]+, build [^,]+, engine start [^,]+, guest .+\n"
                               % home.name(), result.err), "the closing line: %r" % result.err)
        closing = json.loads(home.run("run", "-e", "null", "--json", config).err)
        tap.equal((closing["name"], closing["end"]), (home.name(), "poweroff"), "the closing line as JSON")
        tap.check(all(isinstance(closing[key + "_us"], int) for key in ("parse", "image", "build", "engine", "guest")),
                  "times: %s" % closing)
        tap.equal(home.run("create", "-F", "-e", "null", config).code, OK, "create -F")
        tap.equal(home.run("create", "-e", "null", config).code, OK, "create of a guest that ends at once")
        folder = os.path.join(home.work, "record")
        tap.equal(home.run("run", "-e", "null", "--record", folder, config).code, OK, "run --record")
        with open(os.path.join(folder, "plan.json"), encoding="utf-8") as file:
            plan = json.load(file)
        tap.equal(os.path.getsize(os.path.join(folder, "ram.img")), plan["memory_bytes"], "the size of ram.img")
        result = home.run("run", "-e", "qemu", "--record", folder, config)
        tap.equal(result.code, USAGE, "qemu records nothing")
        tap.contains(result.err, "records nothing", "the message of --record without the null engine")
        home.assert_clean()


@tap.case("run: what is piped in is typed at the guest, and end of file ends nothing", BOOT)
def piped():
    needs_boot()
    with slipway.Home() as home:
        config = home.guest(extra="quiet panic=-1 slipway.shell")
        process = home.popen(["run", config], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        seen = b""
        while not seen.endswith(b"# "):     # what is typed before its driver is up, a serial port may forget
            byte = os.read(process.stdout.fileno(), 1)
            tap.check(byte, "the guest ended before its prompt: %r" % seen)
            seen += byte
        out, err = process.communicate(b"echo $((40 + 2)) is it\nsleep 1; exit\n", slipway.BOOT_SECONDS)
        tap.equal(process.returncode, OK, "exit code (%r)" % err)
        tap.contains(out.decode(), "42 is it", "the console")
        home.assert_clean()


@tap.case("run: a signal ends the guest, and the terminal is as before", BOOT)
def interrupted():
    needs_boot()
    with slipway.Home() as home:
        config = home.guest(extra="quiet panic=-1 slipway.test=hang")
        terminal = home.spawn("run", config)
        terminal.expect("slipway: hanging")
        terminal.process.send_signal(signal.SIGTERM)
        tap.equal(terminal.wait(30), -signal.SIGTERM, "how it ended")
        terminal.expect("destroyed", 5)
        tap.contains(terminal.stty(), " icanon", "the terminal's mode")
        home.assert_clean()


@tap.case("run: Ctrl-] leaves the guest running, console comes back to it", BOOT)
def detach():
    needs_boot()
    with slipway.Home() as home:
        terminal = home.spawn("run", home.guest(extra="quiet panic=-1 slipway.shell"))
        terminal.expect(r"\n[^\n]*# ")
        tap.contains(terminal.stty(), "-icanon", "the terminal's mode")
        terminal.send("echo $((40 + 1))\n")
        terminal.expect("41")
        terminal.send("\x1d")
        terminal.expect("slipway console " + home.name(), 20)
        tap.equal(terminal.wait(20), OK, "exit code of run")
        tap.contains(terminal.stty(), " icanon", "the terminal's mode")
        tap.equal([g["state"] for g in json.loads(home.run("list", "--json").out)], ["running"], "the guest")
        terminal = home.spawn("console", home.name())
        terminal.expect("41", 20)       # what was printed before
        terminal.send("echo $((40 + 3))\n")
        terminal.expect("43", 20)
        terminal.send("exit\n")
        terminal.expect("guest '%s' ended" % home.name(), 60)
        tap.equal(terminal.wait(20), OK, "exit code of console")
        home.assert_clean()


@tap.case("create -p -c: nothing runs until unpaused", BOOT)
def paused():
    needs_boot()
    with slipway.Home() as home:
        config = home.guest(extra="quiet panic=-1")
        result = home.run("create", "-p", config)
        tap.equal((result.code, result.err), (OK, ""), "create -p")
        tap.contains(result.out, "slipway unpause " + home.name(), "what to do next")
        tap.equal(json.loads(home.run("list", "--json").out)[0]["state"], "paused", "the guest")
        terminal = home.spawn("console", home.name())
        tap.equal(home.run("unpause", home.name()).code, OK, "unpause")
        terminal.expect(" is up")
        tap.equal(terminal.wait(60), OK, "exit code of console")
        home.assert_clean()


tap.main()
