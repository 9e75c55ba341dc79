/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The containers' tables, for their registry alone. Private to build/. */
#ifndef SLIP_BUILD_CONTAINERS_H
#define SLIP_BUILD_CONTAINERS_H

#include "build/container.h"

extern const struct slip_container slip__container_pvh;
extern const struct slip_container slip__container_pv;

#endif
