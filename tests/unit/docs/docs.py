#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The documents say what the tree says: the table of who sees whom, links between files, the man page's markup.
It must not know what the documents are about.
"""
import ast
import glob
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
# pylint: disable=wrong-import-position
import tap


def read(*path):
    """A file of the tree."""
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


@tap.case("docs/architecture.md has the include graph of src/meson.build")
def graph():
    text = re.search(r"^graph = (\[.*?^\])", read("src", "meson.build"), re.M | re.S)[1]
    want = {folder: seen for folder, seen in ast.literal_eval(text)}
    found = {}
    for folder, seen in re.findall(r"^\| (\w+) \| (.*?)\|$", read("docs", "architecture.md"), re.M):
        if folder != "folder":
            found[folder] = [word for word in seen.strip().split(", ") if word]
    tap.equal(found, want, "the table")


@tap.case("links between documents lead somewhere")
def links():
    pages = glob.glob(os.path.join(ROOT, "*.md")) + glob.glob(os.path.join(ROOT, "docs", "*.md"))
    tap.check(len(pages) >= 4, "documents: %s" % pages)
    for page in pages:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", read(page)):
            if not target.startswith(("http:", "https:")):
                tap.check(os.path.exists(os.path.join(os.path.dirname(page), target)), "%s: no %s" % (page, target))


@tap.case("the man page is clean")
def man():
    if not shutil.which("groff"):
        tap.skip("groff is not installed")
    done = subprocess.run(["groff", "-man", "-mdoc", "-ww", "-z", "-Tutf8", os.path.join(ROOT, "docs", "slipway.1")],
                          capture_output=True, text=True, timeout=60, check=False)
    tap.equal((done.returncode, done.stderr), (0, ""), "groff")


tap.main()
