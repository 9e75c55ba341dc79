#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real s-expressions: each sxpr/*/*.sexpr under $SLIPWAY_CORPUS is read, leniently, and written again; sxpr/to/ files, which were
written for a xend, are equal as s-expressions then, up to the list below. They are read in place and are no part of this project."""
import collections
import glob
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import tap  # noqa: E402

CORPUS = os.environ.get("SLIPWAY_CORPUS")
FILES = sorted(glob.glob(os.path.join(CORPUS or "", "sxpr", "*", "*.sexpr"))) if CORPUS else []

# Written for another version than 1.
VERSIONS = {"curmem": 2, "net-bridged": 2, "pci-devs": 2, "fv-kernel": 4, "escape": 4}
# What differs on purpose: words that stand in the difference, and why.
KERNEL = (["dev=", "localtime=", "rtc_timeoffset="],
          "it has the kernel of an hvm guest and version 1's names of disks; no such xend starts kernels: version 4 is written")
DIFFERENCES = {
    "fv-kernel": KERNEL,
    "escape": KERNEL,
    "disk-file": (["/linux/localtime="], "version 1 has it once, the original twice"),
    "fv-usbtablet": (["localtime=", "rtc_timeoffset="], "the original has version 4's clock in a version 1 file"),
}
# The same from the XML beside: USB is a controller that libvirt's writer made up for each hvm guest.
XML_DIFFERENCES = dict({n: (["usb="], "") for n in ("fv", "fv-localtime", "fv-serial-tcp", "fv-sound")}, **DIFFERENCES)
for each in ("fv-kernel", "escape"):
    XML_DIFFERENCES[each] = (KERNEL[0] + ["usb="], KERNEL[1])
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def parse(text):
    """The first s-expression of a text. It has no other mistakes than missing parentheses."""
    stack, i = [[]], 0
    while i < len(text):
        c = text[i]
        if c.isspace():
            i += 1
        elif c == "\\" and text[i + 1:i + 2] in ("\n", ""):
            i += 2
        elif c == "(":
            stack.append([])
            i += 1
        elif c == ")":
            if len(stack) > 1:
                stack[-2].append(stack.pop())
            i += 1
        elif c in "'\"":
            i, word = i + 1, ""
            while text[i] != c:
                if text[i] == "\\":
                    word += "" if text[i + 1] == "\n" else ESCAPES.get(text[i + 1], text[i + 1])
                    i += 2
                else:
                    word += text[i]
                    i += 1
            stack[-1].append(word)
            i += 1
        else:
            start = i
            while i < len(text) and not text[i].isspace() and text[i] not in "()'\"":
                i += 1
            stack[-1].append(text[start:i])
    while len(stack) > 1:
        stack[-2].append(stack.pop())
    return stack[0][0]


def leaves(node, path=""):
    """/vm/image/linux/kernel=... of each leaf; devices are numbered, the order of other keys does not matter."""
    if isinstance(node, str):
        return ["%s=%s" % (path, node)]
    path, device, found = "%s/%s" % (path, node[0] if node and isinstance(node[0], str) else ""), 0, []
    for item in node[1:] if node and isinstance(node[0], str) else node:
        if isinstance(item, list) and item and item[0] == "device":
            found += leaves(item, "%s[%d]" % (path, device))
            device += 1
        else:
            found += leaves(item, path)
    return found or [path]


def convert(path, version, text=None):
    """The s-expression that is written of one."""
    done = subprocess.run([os.environ["SLIPWAY"], "convert", "--xl-compat", "--to", "sxpr", "--xend-version", str(version), path],
                          input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    tap.equal(done.returncode, 0, "the exit status, after saying:\n" + done.stderr)
    return done.stdout


def add_case(path):
    """A case of its own for each file."""
    name = os.path.basename(path)[:-6].replace("xml2sexpr-", "").replace("sexpr2xml-", "")
    version = VERSIONS.get(name, 1) if "/to/" in path else 4

    @tap.case(os.path.relpath(path, CORPUS))
    def pair():
        text = convert(path, version)
        tap.equal(convert("-", version, text), text, "the same, read and written again")
        if "/to/" not in path:
            return
        compare(name, path, text, DIFFERENCES)

    if "/to/" in path and os.path.exists(path[:-5] + "xml"):
        @tap.case(os.path.relpath(path[:-5] + "xml", CORPUS))
        def xml():
            compare(name, path, convert(path[:-5] + "xml", version), XML_DIFFERENCES)


def compare(name, path, text, reasons):
    """What was written is what the file has, up to what there is a reason for."""
    with open(path, encoding="utf-8") as file:
        theirs = collections.Counter(leaves(parse(file.read())))
    ours = collections.Counter(leaves(parse(text)))
    words = reasons.get(name, ([], ""))[0]
    differ = ["- " + d for d in theirs - ours] + ["+ " + d for d in ours - theirs]
    bad = [d for d in differ if not any(w in d for w in words)]
    tap.check(not bad, "\n".join(bad))
    tap.check(differ or not words, "nothing differs any more: the list of reasons is wrong")


for file in FILES:
    add_case(file)
if not CORPUS:
    tap.main("set SLIPWAY_CORPUS to a folder with sxpr/*/*.sexpr of your own to have them read too")
tap.check(FILES, "no s-expressions in " + CORPUS)
tap.main()
