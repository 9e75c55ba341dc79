/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of disks and their numbers on Xen: xen-vbd-interface(7). Pure. */
#ifndef SLIP_ENGINE_XEN_VDEV_H
#define SLIP_ENGINE_XEN_VDEV_H

#include <stdbool.h>
#include <stdint.h>

/* The number of a disk called xvda1, hda, sdb2, d0p1, ... or that number itself (51712, 0xca00). False if there is none. */
bool slip__xen_vdev_number(const char *name, uint32_t *ret);

#endif
