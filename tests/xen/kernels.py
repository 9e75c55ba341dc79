# SPDX-License-Identifier: LGPL-2.1-or-later
"""Other people's kernels: GRUB for Xen, and a 32-bit Linux as PVH."""
import os

import host
import slipway
import tap


def grub(container, image):
    """Boot one of Debian's GRUB images to its prompt."""
    with host.Host() as xen:
        name = xen.name("grub")
        terminal = xen.spawn("run", xen.small("pvh", name=name, type=container, memory=128, extra=None,
                                              kernel=os.path.join(host.GRUB, image)))
        terminal.expect("grub>|GRUB version", 60 * host.SLOW)
        terminal.send("echo typed-$((1))\recho here\r")
        terminal.expect("here", 30 * host.SLOW)
        terminal.send("halt\r")
        tap.equal(terminal.wait(60 * host.SLOW), 0, "exit code after halt")
        xen.assert_clean()


@host.full("grub-i386-xen_pvh.bin reaches its prompt", 120)
def grub_pvh():
    grub("pvh", "grub-i386-xen_pvh.bin")


@host.full("grub-x86_64-xen.bin reaches its prompt", 120)
def grub_pv():
    grub("pv", "grub-x86_64-xen.bin")


@host.full("Debian's 32-bit kernel boots as PVH", 200)
def i386():
    kernel = slipway.guest_file("i386/vmlinuz")
    if not os.path.exists(kernel):
        tap.skip("no i386 kernel: scripts/guest-kernel made none")
    # Without it Xen reads the instruction that exited by the guest's page tables, and under an emulated SVM a 32-bit kernel with
    # paging never gets past its first CPUID, whoever made the guest.
    if "SVM:" in host.xl("dmesg") and "Next-RIP" not in host.xl("dmesg"):
        tap.skip("this processor's SVM does not save the next instruction's address (nrip-save)")
    with host.Host() as xen:
        result = xen.boot(xen.debian("pvh", kernel=kernel, ramdisk=slipway.guest_file("i386/initrd.img"), extra="panic=-1"),
                          seconds=180)
        tap.contains(result.out, "i686 is up", "the 32-bit init")
        tap.equal(result.code, 0, "exit code (%s)" % result.err[-2000:])
        xen.assert_clean()
