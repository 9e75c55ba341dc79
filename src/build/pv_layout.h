/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The layout of a PV guest. Private to build/. */
#ifndef SLIP_BUILD_PV_LAYOUT_H
#define SLIP_BUILD_PV_LAYOUT_H

#include "build/layout.h"
#include "build/pv.h"

/* Fills l->pv and the rest of l; what is in l afterwards is the caller's to dispose, also on failure. */
int slip__pv_layout(const struct slip_layout_input *in, struct slip_layout *l,
                    struct slip_error **err);

#endif
