/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every domain there is: those with a supervisor of this user, and those that a hypervisor of this host has besides. */
#ifndef SLIP_LIFE_LIST_H
#define SLIP_LIFE_LIST_H

#include "base/error.h"
#include "slipway/domain.h"

/* Calls fn for each until it returns non-zero. Supervisors are asked only on engines whose hypervisor cannot tell (by their lock one
 * knows that they live, by their record the rest). Dead entries of which nothing is left are cleared away. An error comes after
 * all that could be found all the same. */
int slip__list_each(int root_fd, slip_domain_fn *fn, void *payload, struct slip_error **err);

#endif
