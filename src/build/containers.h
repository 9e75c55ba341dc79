/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables of containers and boot protocols, for their registries alone. Private to build/. */
#ifndef SLIP_BUILD_CONTAINERS_H
#define SLIP_BUILD_CONTAINERS_H

#include "build/container.h"

extern const struct slip_container slip__container_pvh;
extern const struct slip_boot_protocol slip__boot_pvh;
extern const struct slip_boot_protocol slip__boot_flat;
extern const struct slip_boot_protocol slip__boot_linux64;
extern const struct slip_boot_protocol slip__boot_linux32;
extern const struct slip_boot_protocol slip__boot_multiboot1;
extern const struct slip_boot_protocol slip__boot_multiboot2;
extern const struct slip_container slip__container_pv;

#endif
