/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The registry of containers, by type: hvm has none yet. Knows their tables and nothing of what is in them. */
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
