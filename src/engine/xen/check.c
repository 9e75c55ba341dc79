/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The xen engine's refusals and warnings, but for devices (devices.c). Must not know how a value was written, and opens
 * nothing.
 *
 * Not here because they are not the engine's to honour: what starts the guest (boot and build), what to do when it ends
 * (on_*, the supervisor), device_model_* (for hvm alone, and said so by the guest's own rules).
 */
#include "engine/xen/check.h"

#include <string.h>

#include "base/cleanup.h"
#include "build/machine.h"
#include "engine/xen/devices.h"

static void check_type(const struct slip_guest *guest, struct slip_diags *diags)
{
    struct slip_diag *diag;

    if (guest->type.value != SLIP_TYPE_HVM)
        return;
    diag = slip__diag(diags, SLIP_CODE_ENGINE_TYPE, guest->type.mark.span,
                      "the xen engine can't start an hvm guest yet: it runs no device model");
    slip__diag_hint(diag,
                    "type = \"pvh\" or \"pv\" starts a kernel directly; `slipway inspect` says "
                    "what it can be");
}

static void check_memory(const struct slip_guest *guest, struct slip_diags *diags)
{
    if (guest->type.value == SLIP_TYPE_PVH && SLIP_IS_GIVEN(guest->maxmem) &&
        guest->maxmem.value > guest->memory.value)
        slip__diag(
            diags, SLIP_CODE_ENGINE_NO_EFFECT, guest->maxmem.mark.span,
            "maxmem has no effect on a pvh guest of the xen engine: it keeps its %lld MiB, it "
            "can't grow to %lld",
            (long long)guest->memory.value, (long long)guest->maxmem.value);
}

static void check_vcpus(const struct slip_guest *guest, struct slip_diags *diags)
{
    unsigned max = guest->type.value == SLIP_TYPE_PV ? slip__machine_xen_pv.vcpus_max
                                                     : slip__machine_xen_pvh.vcpus_max;
    bool more = SLIP_IS_GIVEN(guest->maxvcpus);
    int64_t vcpus =
        guest->maxvcpus.value > guest->vcpus.value ? guest->maxvcpus.value : guest->vcpus.value;

    if (vcpus > (int64_t)max)
        slip__diag(diags, SLIP_CODE_ENGINE_VCPUS,
                   more ? guest->maxvcpus.mark.span : guest->vcpus.mark.span,
                   "%lld vCPUs are more than the %u that Xen gives such a guest", (long long)vcpus,
                   max);
}

/* There is no emulated serial port without a device model; the console is Xen's own. */
static void check_serial(const struct slip_guest *guest, struct slip_diags *diags)
{
    static const char *const console[] = {"pty", "stdio", "none"};

    for (size_t i = 0; i < guest->serial.count; i++) {
        const struct slip_str *item = &guest->serial.items[i];
        bool known = false;

        for (size_t k = 0; k < SLIP_COUNT(console); k++)
            known = known || strcmp(item->value, console[k]) == 0;
        if (i == 0 && known)
            continue;
        slip__diag(diags, SLIP_CODE_ENGINE_NO_EFFECT, item->mark.span,
                   "serial has no effect on the xen engine: pv and pvh guests have no serial port; "
                   "their console is hvc0");
    }
}

void slip__xen_check(const struct slip_guest *guest, struct slip_diags *diags)
{
    check_type(guest, diags);
    check_memory(guest, diags);
    check_vcpus(guest, diags);
    check_serial(guest, diags);
    slip__xen_devices_check(guest, diags);
}
