/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes QEMU's command line. Opens nothing, looks at nothing but its arguments. */
#include "engine/qemu/argv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "guest/uuid.h"

/* PIT, PIC and RTC: clocks a guest can calibrate against where the accelerator has none of its own (TCG). One IOAPIC: with
 * two the virtio-mmio slots move and change in number. */
#define MACHINE                                                                        \
    "microvm,acpi=on,ioapic2=off,pit=on,pic=on,rtc=on,isa-serial=on,pcie=off,usb=off," \
    "dump-guest-core=off,memory-backend=ram"

/*
 * All that TCG can (x86-64-v3 and more) but la57 (a fifth level of page tables to walk in software), erms (`rep movsb` goes
 * byte by byte), monitor (mwait spins), and svm and mpx, which nobody runs here.
 *
 * It calls itself family 6 model 53, an in-order Atom, for its clock: kernels trust that model's TSC, rightly, as all vCPUs
 * read one host clock. Under QEMU's own identity (AMD family 15) Linux drops the TSC with two vCPUs and is left with 4 ms
 * ticks, which lose time on a busy host. A side effect: Linux takes that model as free of speculation bugs and applies no
 * mitigations inside the guest. TCG is no security boundary (QEMU says so itself); with KVM the guest gets the host's CPU.
 */
#define TCG_CPU \
    "max,-la57,-erms,-monitor,-svm,-mpx,vendor=GenuineIntel,family=6,model=53,stepping=1"

/* The board without what a container needs not: no device that we did not ask for, no file of the host, no helper process. */
static const char *const fixed_args[] = {
    "-nodefaults",
    "-no-user-config",
    "-display",
    "none",
    "-sandbox",
    "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
    "-machine",
    MACHINE,
    /* virtio 1 as every driver of the last ten years wants it, not the draft before it. */
    "-global",
    "virtio-mmio.force-legacy=off",
    /* However the guest ends, QEMU stays, stopped, and tells us: what to do is not its decision. */
    "-action",
    "reboot=shutdown,shutdown=pause,panic=pause",
    "-device",
    "pvpanic",
    /* Nothing runs before RAM is written. */
    "-S",
};

struct args {
    struct slip_qemu_argv argv;
    size_t cap;
    bool failed;
};

/* Takes text. */
static void take(struct args *args, char *text)
{
    if (args->argv.count + 2 > args->cap) {
        size_t cap = args->cap ? 2 * args->cap : 64;
        char **items = realloc(args->argv.items, cap * sizeof(*items));

        if (!items) {
            args->failed = true;
            free(text);
            return;
        }
        args->argv.items = items;
        args->cap = cap;
    }
    args->failed = args->failed || !text;
    args->argv.items[args->argv.count++] = text;
    args->argv.items[args->argv.count] = NULL;
}

static void add(struct args *args, const char *text)
{
    take(args, strdup(text));
}

static void addf(struct args *args, const char *option, const char *fmt, ...) SLIP_PRINTF(3, 4);
static void addf(struct args *args, const char *option, const char *fmt, ...)
{
    va_list ap;
    char *text;

    add(args, option);
    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) < 0)
        text = NULL;
    va_end(ap);
    take(args, text);
}

/* A text of the description inside an option: QEMU's option syntax doubles commas. Sets failed and returns NULL if short. */
static char *escape(struct args *args, const char *text)
{
    struct slip_buf buf = {0};
    char *ret;

    slip__buf_puts(&buf, "");
    for (; *text; text++) {
        if (*text == ',')
            slip__buf_putc(&buf, ',');
        slip__buf_putc(&buf, *text);
    }
    ret = slip__buf_steal(&buf);
    args->failed = args->failed || !ret;
    return ret;
}

void slip__qemu_mac(const char *uuid, size_t index, char ret[SLIP_MAC_TEXT_BYTES])
{
    char spelled[SLIP_UUID_TEXT_BYTES];
    uint64_t hash = 0xcbf29ce484222325; /* FNV-1a, 64 bits */
    uint32_t low;

    /* One UUID is one address however it is spelled. */
    for (const char *p = uuid && slip__uuid_normalize(uuid, spelled) ? spelled : ""; *p; p++)
        hash = (hash ^ (uint8_t)*p) * 0x100000001b3;
    /* Folded before the index is added: two interfaces of a guest never have the same. */
    low = (uint32_t)((hash ^ hash >> 24 ^ hash >> 48) + index) & 0x7fffff;
    snprintf(ret, SLIP_MAC_TEXT_BYTES, "00:16:3e:%02x:%02x:%02x", low >> 16 & 0xff, low >> 8 & 0xff,
             low & 0xff);
}

static void add_identity(struct args *args, const struct slip_guest *guest)
{
    char uuid[SLIP_UUID_TEXT_BYTES],
        *name = escape(args, guest->name.value ? guest->name.value : "");

    if (name)
        addf(args, "-name", "guest=%s", name);
    free(name);
    if (guest->uuid.value && slip__uuid_normalize(guest->uuid.value, uuid))
        addf(args, "-uuid", "%s", uuid);
}

static void add_board(struct args *args, const struct slip_guest *guest,
                      const struct slip_qemu_fds *fds, bool kvm)
{
    long long mib = guest->memory.value;

    addf(args, "-accel", "%s", kvm ? "kvm" : "tcg,thread=multi");
    addf(args, "-cpu", "%s", kvm ? "host" : TCG_CPU);
    addf(args, "-smp", "%lld", (long long)guest->vcpus.value);
    addf(args, "-m", "%lldM", mib);
    addf(args, "-object",
         "memory-backend-file,id=ram,size=%lldM,mem-path=/proc/self/fd/%d,share=on", mib, fds->ram);
    addf(args, "-bios", "/proc/self/fd/%d", fds->rom);
    addf(args, "-chardev", "stdio,id=serial0,signal=off");
    addf(args, "-serial", "chardev:serial0");
    addf(args, "-chardev", "socket,id=qmp0,fd=%d", fds->qmp);
    addf(args, "-mon", "chardev=qmp0,mode=control");
}

/*
 * Slots are named, so the guest sees the devices in the description's order: it walks the DSDT's slots upwards, disks
 * first. A failed write goes to the guest: stopping it, QEMU's habit when the host's disk is full, would look like a hang.
 */
static void add_disk(struct args *args, const struct slip_disk *disk, size_t index, int fd,
                     size_t slot)
{
    const char *read_only = disk->access.value == SLIP_DISK_ACCESS_RW ? "off" : "on";
    char *serial = escape(args, disk->vdev.value ? disk->vdev.value : "");

    addf(args, "-add-fd", "fd=%d,set=%zu", fd, index);
    addf(args, "-blockdev",
         "driver=file,node-name=file%zu,filename=/dev/fdset/%zu,read-only=%s,locking=auto", index,
         index, read_only);
    addf(args, "-blockdev", "driver=raw,node-name=disk%zu,file=file%zu,read-only=%s", index, index,
         read_only);
    if (serial)
        addf(args, "-device",
             "virtio-blk-device,bus=virtio-mmio-bus.%zu,drive=disk%zu,serial=%s,rerror=report,"
             "werror=report",
             slot, index, serial);
    free(serial);
}

static void add_vif(struct args *args, const struct slip_guest *guest, size_t index, size_t slot)
{
    const char *given = guest->vif.items[index].mac.value;
    char made[SLIP_MAC_TEXT_BYTES], *mac;

    slip__qemu_mac(guest->uuid.value, index, made);
    mac = escape(args, given ? given : made);
    addf(args, "-netdev", "user,id=net%zu", index);
    if (mac)
        addf(args, "-device", "virtio-net-device,bus=virtio-mmio-bus.%zu,netdev=net%zu,mac=%s",
             slot, index, mac);
    free(mac);
}

int slip__qemu_argv_make(struct slip_qemu_argv *ret, const char *program,
                         const struct slip_guest *guest, const struct slip_qemu_fds *fds, bool kvm,
                         struct slip_error **err)
{
    struct args args = {0};
    size_t slot = 0;

    add(&args, program);
    add_identity(&args, guest);
    for (size_t i = 0; i < sizeof(fixed_args) / sizeof(fixed_args[0]); i++)
        add(&args, fixed_args[i]);
    add_board(&args, guest, fds, kvm);
    for (size_t i = 0; i < guest->disk.count; i++)
        add_disk(&args, &guest->disk.items[i], i, fds->disks[i], slot++);
    for (size_t i = 0; i < guest->vif.count; i++)
        add_vif(&args, guest, i, slot++);
    if (args.failed) {
        slip__qemu_argv_dispose(&args.argv);
        return slip__error_oom(err);
    }
    *ret = args.argv;
    return 0;
}

void slip__qemu_argv_dispose(struct slip_qemu_argv *argv)
{
    for (size_t i = 0; i < argv->count; i++)
        free(argv->items[i]);
    free(argv->items);
    *argv = (struct slip_qemu_argv){0};
}
