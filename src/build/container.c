/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The registries of containers, by type (hvm has none yet), and of boot protocols. Knows their tables and nothing of what is in
 * them. */
#include "build/container.h"

#include "build/containers.h"

static const struct slip_container *const containers[SLIP_TYPES] = {
    [SLIP_TYPE_PVH] = &slip__container_pvh,
    [SLIP_TYPE_PV] = &slip__container_pv,
};

const struct slip_container *slip__container(enum slip_type type)
{
    return (unsigned)type < SLIP_TYPES ? containers[type] : NULL;
}

/* A pv guest's start is its container's: words alone. */
static const struct slip_boot_protocol xen_pv = {
    .name = "Xen PV", .key = "xen-pv", .info = "start info"};

static const struct slip_boot_protocol *const protocols[SLIP_PROTOCOLS] = {
    [SLIP_PROTOCOL_PVH] = &slip__boot_pvh,
    [SLIP_PROTOCOL_LINUX64] = &slip__boot_linux64,
    [SLIP_PROTOCOL_LINUX32] = &slip__boot_linux32,
    [SLIP_PROTOCOL_MULTIBOOT2] = &slip__boot_multiboot2,
    [SLIP_PROTOCOL_MULTIBOOT1] = &slip__boot_multiboot1,
    [SLIP_PROTOCOL_FLAT] = &slip__boot_flat,
    [SLIP_PROTOCOL_XEN_PV] = &xen_pv,
};

const struct slip_boot_protocol *slip__boot_protocol(enum slip_protocol protocol)
{
    return protocols[protocol];
}
