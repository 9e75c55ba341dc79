/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls whose files are not there yet. */
#include <stdlib.h>

#include "engine/xen/devices.h"
#include "engine/xen/hosted.h"
#include "engine/xen/publish.h"
#include "engine/xen/store.h"
#include "engine/xen/userdata.h"

void slip__xen_devices_nodes(struct slip_xen_devices *devices, uint32_t domid,
                             struct slip_xen_nodes *nodes)
{
    (void)devices;
    (void)domid;
    (void)nodes;
}

int slip__xen_devices_connect(struct slip_xen *xen, uint32_t domid,
                              struct slip_xen_devices *devices, struct slip_error **err)
{
    (void)xen;
    (void)domid;
    (void)devices;
    (void)err;
    return 0;
}

int slip__xen_devices_remove(struct slip_xen *xen, uint32_t domid, bool alive,
                             struct slip_error **err)
{
    (void)xen;
    (void)domid;
    (void)alive;
    (void)err;
    return 0;
}

void slip__xen_devices_check(const struct slip_guest *guest, struct slip_diags *diags)
{
    (void)guest;
    (void)diags;
}

int slip__xen_devices_open(struct slip_xen *xen, const struct slip_guest *guest,
                           struct slip_xen_devices **ret, struct slip_error **err)
{
    (void)xen;
    (void)guest;
    (void)err;
    *ret = NULL;
    return 0;
}

void slip__xen_devices_dispose(struct slip_xen_devices *devices)
{
    (void)devices;
}

int slip__xen_device_attach(struct slip_xen *xen, uint32_t domid, const struct slip_device *device,
                            struct slip_error **err)
{
    (void)xen;
    (void)domid;
    (void)device;
    return slip__error(err, SLIP_ENOTSUP, "not finished");
}

int slip__xen_device_detach(struct slip_xen *xen, uint32_t domid, enum slip_device_kind kind,
                            const char *which, struct slip_error **err)
{
    (void)xen;
    (void)domid;
    (void)kind;
    (void)which;
    return slip__error(err, SLIP_ENOTSUP, "not finished");
}

int slip__xen_device_list(struct slip_xen *xen, uint32_t domid, slip_device_fn *fn, void *payload,
                          struct slip_error **err)
{
    (void)xen;
    (void)domid;
    (void)fn;
    (void)payload;
    return slip__error(err, SLIP_ENOTSUP, "not finished");
}
