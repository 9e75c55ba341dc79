# SPDX-License-Identifier: LGPL-2.1-or-later
"""libxl's JSON as xl prints it, beside ours: what differs, and what differs on purpose."""
import json

# What differs on purpose: description -> why. Nothing else of these descriptions may differ than the keys named.
DIFFERENCES = {
    "altp2mhvm": (["altp2m"], "altp2mhvm is the deprecated spelling of altp2m = \"mixed\": libxl takes both for the same"),
    "cpuid": (["cpuid"], "flags by name are bits by xl's own table of processors: reported as lost"),
    "cpus-all": (["vcpu_hard_affinity"], "xl writes down the CPUs of the host it runs on; all is what libxl does unasked"),
    "e820": (["rdm_policy"], "xl reads the hvm half of a union that holds a pv guest's: 0 is strict there"),
    "platform-pvh": (["apic"], "xl passes over apic of a pvh guest; libxl has a place for it"),
    "rdm": (["strategy", "policy"], "xl sets them before it makes the union that they are in, which clears them"),
    "usb": (["type.hostdev"], "xl forgets bus and address of a device whose type is not said"),
    "vif-more": (["trusted"], "trusted came with Xen 4.17's successor"),
    "virtio": (["virtios"], "virtio came with Xen 4.18"),
}


def differences(theirs, ours, path=""):
    """Paths at which two values differ, with both."""
    found = []
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in sorted(set(theirs) | set(ours)):
            found += differences(theirs.get(key), ours.get(key), path + "/" + key)
    elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        for i, pair in enumerate(zip(theirs, ours)):
            found += differences(pair[0], pair[1], "%s[%d]" % (path, i))
    elif theirs != ours:
        found.append("%s: xl has %s, we have %s" % (path, json.dumps(theirs), json.dumps(ours)))
    return found


def unexplained(name, theirs, ours):
    """The differences that the list has no reason for. Also those of the list that are none."""
    keys = DIFFERENCES.get(name, ([], ""))[0]
    found = differences(theirs, ours)
    bad = [d for d in found if d.split(": ")[0].split("[")[0].rsplit("/", 1)[1] not in keys and
           d.split(": ")[0].rsplit("/", 1)[1].split("[")[0] not in keys]
    if keys and not found:
        bad.append("nothing differs any more: the list of reasons is wrong")
    return bad
