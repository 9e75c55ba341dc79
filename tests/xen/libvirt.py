# SPDX-License-Identifier: LGPL-2.1-or-later
"""libvirt's own Xen driver beside us: what `virsh domxml-from-native` says of each description in tests/data/xl is what is kept in
tests/data/libvirt-9.0 (which tests/unit/test_libvirt_corpus.c compares ours with, every difference with its reason), and it takes
our XML for each of them. The driver comes on a disk of its own (labs/xen/extra)."""
import glob
import os
import subprocess
import time

import host
import tap

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data")
DISK = "/dev/vdb"
DRIVERS = "/usr/lib/x86_64-linux-gnu/libvirt/connection-driver"
CPU = "/usr/share/libvirt/cpu_map/x86_486.xml"
# Those that this libvirt does not read.
REFUSED = {"cpuid-list": "lists of leaves", "cpus-all": "the word all", "cpus-list": "lists of sets", "pci-all": "all functions of a device",
           "pci": "names in place of addresses", "timers-numbers": "modes by number", "viridian-all": "groups", "viridian-defaults": "groups",
           "viridian-list": "groups"}


def install():
    """Link the packages' files into dom0's tree, and do what their scripts would have done."""
    os.makedirs("/extra", exist_ok=True)
    host.command("mount", "-o", "ro", DISK, "/extra")
    host.command("cp", "-rs", "/extra/.", "/", seconds=120)
    host.command("ldconfig", seconds=120)
    for folder in ("/run/libvirt", "/var/lib/libvirt", "/var/log/libvirt", "/etc/libvirt", "/root/off"):
        os.makedirs(folder, exist_ok=True)
    for driver in os.listdir(DRIVERS):      # the rest would only want to be set up, too
        if "libxl" not in driver:
            os.rename(os.path.join(DRIVERS, driver), os.path.join("/root/off", driver))
    with open("/etc/group", "a", encoding="ascii") as groups:
        groups.write("libvirt:x:990:\n")
    with open("/etc/libvirt/libvirtd.conf", "w", encoding="ascii") as conf:
        conf.write('auth_unix_rw = "none"\nunix_sock_group = "root"\nlog_outputs = "2:stderr"\n')
    # The lab's processor has less than the least that libvirt knows: without a name for it the driver does not start.
    with open(CPU, encoding="ascii") as file:
        text = file.read()
    os.unlink(CPU)
    with open(CPU, "w", encoding="ascii") as file:
        file.write(text.replace("    <feature name='vme'/>\n", ""))


def virsh(*words):
    """What a command of virsh prints; an error is a text that begins with error:."""
    done = subprocess.run(["virsh", "-c", "xen:///system", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=60 * host.SLOW, check=False)
    return done.stdout if done.returncode == 0 else done.stderr or "error: exit code %d" % done.returncode


def start():
    """Start the daemon; it ends with dom0."""
    subprocess.Popen(["libvirtd", "--config", "/etc/libvirt/libvirtd.conf"],    # pylint: disable=consider-using-with
                     stdin=subprocess.DEVNULL, stdout=open("/lab/out/libvirtd.log", "wb"), stderr=subprocess.STDOUT)
    deadline = time.monotonic() + 60 * host.SLOW
    said = ""
    while "Running hypervisor" not in said:
        tap.check(time.monotonic() < deadline, "libvirtd does not start (see libvirtd.log): " + said)
        time.sleep(1)
        said = virsh("version")


def meaning(xml):
    """A text of XML without what is about the text alone."""
    return [line.strip() for line in xml.strip().splitlines() if line.strip()]


@host.full("libvirt's Xen driver says of our descriptions what is kept of it, and takes our XML of them", 1800)
def as_libvirt():
    if not os.path.exists(DISK):
        tap.skip("libvirt is not here: no packages could be fetched for it")
    install()
    start()
    names = [os.path.basename(path)[:-4] for path in sorted(glob.glob(os.path.join(DATA, "xl", "*.cfg")))]
    bad = []
    for name in names:
        text = virsh("domxml-from-native", "xen-xl", os.path.join(DATA, "xl", name + ".cfg"))
        if name in REFUSED:
            if not text.startswith("error:"):
                bad.append("%s: libvirt takes it by now" % name)
            continue
        with open(os.path.join(DATA, "libvirt-9.0", name + ".xml"), encoding="utf-8") as file:
            if meaning(file.read()) != meaning(text):
                bad.append("%s: libvirt says\n%s" % (name, text))
    tap.check(not bad, "\n".join(bad))

    ours = "/root/ours"
    os.makedirs(ours, exist_ok=True)
    for name in names:
        path = os.path.join(ours, name + ".xml")
        host.command(os.environ["SLIPWAY"], "convert", "--xl-compat", "--to", "libvirt", "-o", path, os.path.join(DATA, "xl", name + ".cfg"))
        # Two words that this libvirt writes no xl.cfg of, although it is its own older one, and a newer one's.
        with open(path, encoding="utf-8") as file:
            text = file.read().replace("type='rawset'", "type='slic'")
        if ">hvm</type>" in text:
            text = text.replace(" adjustment='reset'", "")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        taken = virsh("domxml-to-native", "xen-xl", "--xml", path)
        if taken.startswith("error:"):
            bad.append("%s: %s" % (name, taken))
    tap.check(not bad, "libvirt does not take our XML:\n" + "\n".join(bad))
