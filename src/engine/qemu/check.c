/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The qemu engine's refusals and warnings. Must not know how a value was written, and opens nothing.
 *
 * Not here because they are not the engine's to honour: what starts the guest (boot and build), what to do when it ends
 * (on_*, the supervisor), device_model_* (for hvm alone, and said so by the guest's own rules).
 */
#include "engine/qemu/check.h"

#include <string.h>

#include "base/cleanup.h"
#include "build/machine.h"

/* Text values of a vif or a disk that have no effect: where they are, and why. */
struct idle {
    size_t offset; /* of a struct slip_str */
    const char *key;
    const char *why;
};

static const struct idle idle_vif[] = {
    {offsetof(struct slip_vif, bridge), "bridge",
     "its networks are user-mode, behind the host's address"},
    {offsetof(struct slip_vif, script), "script", "it runs no hotplug scripts"},
    {offsetof(struct slip_vif, ip), "ip",
     "addresses are for Xen's hotplug scripts; guests get one by DHCP"},
    {offsetof(struct slip_vif, vifname), "vifname",
     "a user-mode network has no interface on the host"},
};

static void check_idle(const void *item, const struct idle *idle, struct slip_diags *diags)
{
    const struct slip_str *str = (const void *)((const char *)item + idle->offset);

    if (SLIP_IS_GIVEN(*str))
        slip__diag(diags, SLIP_CODE_ENGINE_NO_EFFECT, str->mark.span,
                   "'%s' has no effect on the qemu engine: %s", idle->key, idle->why);
}

static void check_type(const struct slip_guest *guest, struct slip_diags *diags)
{
    struct slip_diag *diag;
    bool pv = guest->type.value == SLIP_TYPE_PV;

    if (guest->type.value == SLIP_TYPE_PVH)
        return;
    diag = slip__diag(diags, SLIP_CODE_ENGINE_TYPE, guest->type.mark.span,
                      pv ? "the qemu engine can't start a pv guest: those need Xen"
                         : "the qemu engine can't start an hvm guest: it has no firmware yet");
    slip__diag_hint(
        diag, "type = \"pvh\" starts a kernel directly; `slipway inspect` says whether it can");
}

static void check_memory(const struct slip_guest *guest, struct slip_diags *diags)
{
    if (SLIP_IS_GIVEN(guest->maxmem) && guest->maxmem.value > guest->memory.value)
        slip__diag(
            diags, SLIP_CODE_ENGINE_NO_EFFECT, guest->maxmem.mark.span,
            "maxmem has no effect on the qemu engine: the guest keeps its %lld MiB, it can't grow to %lld",
            (long long)guest->memory.value, (long long)guest->maxmem.value);
}

static void check_vcpus(const struct slip_guest *guest, struct slip_diags *diags)
{
    unsigned max = slip__machine_microvm.vcpus_max;

    if (guest->vcpus.value > (int64_t)max)
        slip__diag(diags, SLIP_CODE_ENGINE_VCPUS, guest->vcpus.mark.span,
                   "%lld vCPUs are more than the %u of the qemu engine's machine",
                   (long long)guest->vcpus.value, max);
    if (SLIP_IS_GIVEN(guest->maxvcpus) && guest->maxvcpus.value > guest->vcpus.value)
        slip__diag(
            diags, SLIP_CODE_ENGINE_NO_EFFECT, guest->maxvcpus.mark.span,
            "maxvcpus has no effect on the qemu engine: the guest keeps its %lld vCPUs, it can't bring up %lld",
            (long long)guest->vcpus.value, (long long)guest->maxvcpus.value);
}

static void check_disk(const struct slip_disk *disk, struct slip_diags *diags)
{
    struct slip_diag *diag;

    if (disk->format.value != SLIP_DISK_FORMAT_RAW) {
        diag = slip__diag(diags, SLIP_CODE_ENGINE_REFUSES, disk->format.mark.span,
                          "the qemu engine takes raw disks only");
        slip__diag_hint(diag, "`qemu-img convert -O raw` makes one of any other format");
    }
    if (SLIP_IS_GIVEN(disk->script))
        slip__diag(
            diags, SLIP_CODE_ENGINE_REFUSES, disk->script.mark.span,
            "the qemu engine runs no hotplug scripts: name the block device that '%s' would make",
            disk->script.value);
    if (SLIP_IS_GIVEN(disk->backendtype))
        slip__diag(diags, SLIP_CODE_ENGINE_NO_EFFECT, disk->backendtype.mark.span,
                   "'backendtype' has no effect on the qemu engine: QEMU serves every disk");
    if (disk->cdrom.value)
        slip__diag(diags, SLIP_CODE_ENGINE_NO_EFFECT, disk->cdrom.mark.span,
                   "the qemu engine has no CD-ROM drive: the guest sees a disk it can only read");
}

static void check_vif(const struct slip_vif *vif, struct slip_diags *diags)
{
    bool emulated = SLIP_IS_GIVEN(vif->type) && strcmp(vif->type.value, "ioemu") == 0;

    for (size_t i = 0; i < SLIP_COUNT(idle_vif); i++)
        check_idle(vif, &idle_vif[i], diags);
    if (SLIP_IS_GIVEN(vif->model) && strncmp(vif->model.value, "virtio", 6) != 0)
        slip__diag(diags, SLIP_CODE_ENGINE_NO_EFFECT, vif->model.mark.span,
                   "the qemu engine has no card '%s': the guest sees a virtio one",
                   vif->model.value);
    if (emulated)
        slip__diag(diags, SLIP_CODE_ENGINE_NO_EFFECT, vif->type.mark.span,
                   "the qemu engine emulates no card: the guest sees a virtio one");
}

static void check_vfbs(const struct slip_guest *guest, struct slip_diags *diags)
{
    if (guest->vfb.count)
        slip__diag(diags, SLIP_CODE_ENGINE_NO_EFFECT, guest->vfb.mark.span,
                   "'vfb' has no effect on the qemu engine: its machine has no screen, and "
                   "paravirtual ones need Xen");
}

static void check_devices(const struct slip_guest *guest, struct slip_diags *diags)
{
    size_t slots = slip__machine_microvm.virtio_mmio_slots;
    size_t disks = guest->disk.count, vifs = guest->vif.count;

    for (size_t i = 0; i < disks; i++)
        check_disk(&guest->disk.items[i], diags);
    for (size_t i = 0; i < vifs; i++)
        check_vif(&guest->vif.items[i], diags);
    if (disks + vifs > slots)
        slip__diag(
            diags, SLIP_CODE_ENGINE_SLOTS,
            disks > slots || !vifs ? guest->disk.mark.span : guest->vif.mark.span,
            "%zu disks and %zu network interfaces need %zu slots, the qemu engine's machine has %zu",
            disks, vifs, disks + vifs, slots);
}

/* One serial port, and it is the console whatever the ones on Xen would lead to. */
static void check_serial(const struct slip_guest *guest, struct slip_diags *diags)
{
    static const char *const console[] = {"pty", "stdio", "none"};

    for (size_t i = 0; i < guest->serial.count; i++) {
        const struct slip_str *item = &guest->serial.items[i];
        struct slip_diag *diag;
        bool known = false;

        for (size_t k = 0; k < SLIP_COUNT(console); k++)
            known = known || strcmp(item->value, console[k]) == 0;
        if (i == 0 && !known) {
            diag = slip__diag(diags, SLIP_CODE_ENGINE_REFUSES, item->mark.span,
                              "the qemu engine can't lead the serial port to '%s'", item->value);
            slip__diag_hint(diag, "\"pty\" makes it the console, which `slipway console` shows");
        }
        if (i > 0)
            slip__diag(diags, SLIP_CODE_ENGINE_REFUSES, item->mark.span,
                       "the qemu engine's machine has one serial port; this is number %zu", i + 1);
    }
}

void slip__qemu_check(const struct slip_guest *guest, struct slip_diags *diags)
{
    check_type(guest, diags);
    check_memory(guest, diags);
    check_vcpus(guest, diags);
    check_devices(guest, diags);
    check_serial(guest, diags);
    check_vfbs(guest, diags);
    if (SLIP_IS_GIVEN(guest->on_watchdog))
        slip__diag(diags, SLIP_CODE_ENGINE_NO_EFFECT, guest->on_watchdog.mark.span,
                   "on_watchdog has no effect on the qemu engine: its machine has no watchdog");
}
