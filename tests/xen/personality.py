# SPDX-License-Identifier: LGPL-2.1-or-later
"""Scripts that were written for xl, run with our command in its place: once by Xen's xl, once by ours, same answers."""
import os
import re
import subprocess

import host
import tap

# What scripts for test guests do: create paused, remember the number, open the console, let it run, wait for its end.
SCRIPT = r"""
set -e
virt=$(xl info virt_caps)
case $virt in *hvm*) echo "has hvm" ;; esac
xl create -p %(config)s >/dev/null
id=$(xl domid %(name)s)
[ "$(xl domname $id)" = %(name)s ] && echo "names agree"
xl list %(name)s | tail -n +2 | awk '{ print $1, $3, $4, $5 }'
xl list | head -n 1
xl pause %(name)s
xl unpause %(name)s
for i in $(seq 200); do
    case $(xl list %(name)s | awk 'NR == 2 { print $5 }') in *b*) break ;; esac
    sleep 0.2
done
xl destroy %(name)s
xl list %(name)s 2>/dev/null || echo "gone: $?"
xl destroy %(name)s 2>/dev/null || echo "cannot: $?"
xl nosuchverb >/dev/null 2>&1 || echo "no verb: $?"
xl create /nowhere.cfg >/dev/null 2>&1 || echo "no file: $?"
"""

FOREGROUND = r"""
xl create -F %(config)s >/dev/null 2>&1
echo "ended: $?"
xl list | wc -l
"""


def both(xen, script, **words):
    """Run a script with Xen's xl first on the PATH, then with ours; return the two outputs."""
    outputs = []
    for folder in ("/usr/sbin", "/opt/slipway/bin"):
        done = subprocess.run(["bash", "-c", script % words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
                              timeout=200 * host.SLOW, env=dict(xen.env, PATH=folder + ":" + os.environ["PATH"]))
        tap.equal(done.returncode, 0, "exit code with %s/xl (%s%s)" % (folder, done.stdout, done.stderr))
        tap.equal(host.domains(), [], "domains left by %s/xl" % folder)
        outputs.append(done.stdout)
    return outputs


@host.full("a script of create -p, domid, list, pause, unpause, destroy says the same by both", 200)
def script():
    with host.Host() as xen:
        theirs, ours = both(xen, SCRIPT, name="scripted", config=xen.small("pvh", name="scripted", extra="mode=block"))
        tap.contains(theirs, "names agree", "Xen's own")
        tap.equal(ours, theirs, "what the script printed")
        xen.assert_clean()


@host.full("create -F stays until the guest ends, by both", 120)
def foreground():
    with host.Host() as xen:
        theirs, ours = both(xen, FOREGROUND, config=xen.small("pvh", extra="mode=poweroff"))
        tap.equal(ours, theirs, "what the script printed")
        xen.assert_clean()


@host.full("xl info and xl list -l: the same keys, by both", 120)
def info():
    with host.Host() as xen:
        theirs, ours = both(xen, "xl info | sed 's/ *:.*//'")
        missing = sorted(set(theirs.split()) - set(ours.split()))
        tap.equal(missing, [], "keys of xl info that ours has not")
        for key in ("virt_caps", "xen_version", "total_memory", "nr_cpus"):
            theirs, ours = both(xen, "xl info " + key)
            tap.equal(ours, theirs, "xl info " + key)
        tap.check(re.search(r"\d", both(xen, "xl dmesg | grep -c Xen")[1]), "xl dmesg")


@host.full("xl console through our xl", 120)
def console():
    import toolstacks
    with host.Host() as xen:
        xen.ok("create", xen.small("pvh", name="talker", extra="mode=echo"))
        text = toolstacks.talk(["/opt/slipway/bin/xl", "console", "talker"], [("echo ready", "hello\r"), ("heard hello", "bye\r")], 40)
        tap.contains(text, "heard hello", "through the console")
        host.wait_for("gone", lambda: not host.domain("talker"))
        xen.assert_clean()
