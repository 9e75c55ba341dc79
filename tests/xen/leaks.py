# SPDX-License-Identifier: LGPL-2.1-or-later
"""300 guests come and go, and the host is as it was."""
import re

import host
import tap


def grants():
    """The grant entries in use, as Xen dumps them."""
    host.xl("dmesg", "-c")
    host.xl("debug-keys", "g")
    text = host.xl("dmesg")
    tap.contains(text, "grant-table", "Xen's dump")
    return sorted(re.findall(r"\) *(?:d\d+)?\s*\[0x[0-9a-f]+\].*|grant-table for remote d\d+", text))


@host.full("300 times create and destroy: memory, XenStore, descriptors, loop devices and grants are back", 1500)
def cycles():
    host.bridge()
    with host.Host() as xen:
        disk = xen.disk()
        plain = [xen.small("pvh", "pvh.cfg", name="cycle", extra="mode=block"),
                 xen.small("pv64", "pv64.cfg", name="cycle", extra="mode=block")]
        devices = xen.small("pvh", "devices.cfg", name="cycle", extra="mode=block", disk=["%s,raw,xvda,rw" % disk],
                            vif=["bridge=" + host.BRIDGE])
        for config in [*plain, devices]:    # what is made once and stays
            xen.ok("create", config)
            xen.ok("destroy", "cycle")
        host.wait_for("quiet", lambda: not host.domains())
        before, free, entries = host.state(), host.free_mib(), grants()
        for i in range(300):
            config = devices if i % 6 == 0 else plain[i % 2]
            xen.ok("create", *(["-p"] if i % 3 else []), config)
            xen.ok("destroy", "cycle")
        host.wait_for("memory back", lambda: host.free_mib() >= free)
        tap.equal(host.difference(before, host.state()), [], "what is not as before")
        tap.equal(host.free_mib(), free, "Xen's free memory")
        tap.equal(grants(), entries, "grant entries")
        xen.assert_clean()
