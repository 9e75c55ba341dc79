# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the probe guest (rom/probe) is told and what it says: the command line that carries the expectations, and its TAP report.
It must not know who boots it.
"""
import collections
import re

Report = collections.namedtuple("Report", "protocol passed missed unseen whole")


def checksum(data):
    """The sum that the probe makes: rotate left by one, add the next byte."""
    total = 0
    for byte in data:
        total = (((total << 1) | (total >> 31)) + byte) & 0xffffffff
    return total


def line(vcpus, kib, modules=()):
    """The command line for a guest of so many vCPUs and KiB, with these modules."""
    text = "probe.vcpus=%d probe.memory=%d" % (vcpus, kib)
    if modules:
        text += " probe.modules=" + ",".join("%d:%x" % (len(data), checksum(data)) for data in modules)
    return text + " probe.line=%d:%x" % (len(text), checksum(text.encode()))


def report(text):
    """A probe's output as a Report: clauses by name, {name: what they say, or why not}. whole: it came to its end."""
    protocol = re.search(r"^# probe: started by (\S+)", text, re.M)
    passed, missed, unseen = {}, {}, {}
    lines = text.replace("\r", "").splitlines()
    for i, one in enumerate(lines):
        found = re.match(r"(not )?ok \d+ - ([\w-]+): (.*?)(?: # SKIP (.*))?$", one)
        if not found:
            continue
        if found[1]:
            detail = lines[i + 1][2:] if i + 1 < len(lines) and lines[i + 1].startswith("# ") else ""
            missed[found[2]] = "%s (%s)" % (found[3], detail) if detail else found[3]
        elif found[4]:
            unseen[found[2]] = found[4]
        else:
            passed[found[2]] = found[3]
    plan = re.search(r"^1\.\.(\d+)\r?$", text, re.M)
    return Report(protocol[1] if protocol else None, passed, missed, unseen,
                  bool(plan) and int(plan[1]) == len(passed) + len(missed) + len(unseen))
