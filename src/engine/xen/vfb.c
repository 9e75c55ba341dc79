/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Screens. Keys as libxl's libxl_console.c. */
#include "engine/xen/vfb.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "engine/xen/dm.h"

void slip__xen_vfb_check(const struct slip_guest *guest, struct slip_diags *diags)
{
    struct slip_diag *diag;

    if (guest->vfb.count && !slip__xen_dm_path()) {
        diag = slip__diag(diags, SLIP_CODE_ENGINE_NO_EFFECT, guest->vfb.mark.span,
                          "the guest gets no screen: there is no QEMU with Xen support here");
        slip__diag_hint(diag, "Debian has one in the package qemu-system-xen");
    }
    for (size_t i = 0; i < guest->vfb.count; i++) {
        const struct slip_str *listen = &guest->vfb.items[i].vnclisten;

        /* QEMU's option ends there. */
        if (listen->value && strchr(listen->value, ','))
            slip__diag(diags, SLIP_CODE_ENGINE_REFUSES, listen->mark.span,
                       "a VNC server can't listen on '%.60s'", listen->value);
    }
    if (guest->vfb.count > 1)
        slip__diag(diags, SLIP_CODE_ENGINE_NO_EFFECT, guest->vfb.items[1].vnc.mark.span,
                   "only the first screen is shown by VNC or in a window, as with xl");
}

void slip__xen_vfb_devices(uint32_t domid, uint32_t devid,
                           struct slip_xen_device ret[SLIP_XEN_VFB_DEVICES])
{
    ret[0] = (struct slip_xen_device){domid, devid, "vfb", "vfb"};
    ret[1] = (struct slip_xen_device){domid, devid, "vkbd", "vkbd"};
}

void slip__xen_vfb_nodes(const struct slip_vfb *vfb, uint32_t domid, uint32_t devid,
                         struct slip_xen_nodes *nodes)
{
    struct slip_xen_device devs[SLIP_XEN_VFB_DEVICES];
    char number[24];
    const struct {
        const char *key;
        const struct slip_num *num; /* either */
        const struct slip_str *str; /* or */
    } back[] = {
        {"vnc", &vfb->vnc, NULL},
        {"vnclisten", NULL, &vfb->vnclisten},
        {"vncpasswd", NULL, &vfb->vncpasswd},
        {"vncdisplay", &vfb->vncdisplay, NULL},
        {"vncunused", &vfb->vncunused, NULL},
        {"sdl", &vfb->sdl, NULL},
        {"opengl", &vfb->opengl, NULL},
        {"display", NULL, &vfb->display},
        {"xauthority", NULL, &vfb->xauthority},
        {"keymap", NULL, &vfb->keymap},
    };

    slip__xen_vfb_devices(domid, devid, devs);
    slip__xen_device_begin(&devs[0], nodes);
    for (size_t i = 0; i < SLIP_COUNT(back); i++) {
        if (back[i].num)
            snprintf(number, sizeof(number), "%lld", (long long)back[i].num->value);
        if (back[i].num || (back[i].str->value && back[i].str->value[0]))
            slip__xen_device_put_back(&devs[0], nodes, back[i].key,
                                      back[i].num ? number : back[i].str->value);
    }
    slip__xen_device_put_front(&devs[0], nodes, "state", "1");
    slip__xen_device_begin(&devs[1], nodes);
    slip__xen_device_put_front(&devs[1], nodes, "state", "1");
}
