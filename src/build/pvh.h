/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The PVH start info and what it points to, as bytes. Private to build/. */
#ifndef SLIP_BUILD_PVH_H
#define SLIP_BUILD_PVH_H

#include "base/buf.h"
#include "build/layout.h"

/* Each fills an empty buf; memory shortage shows in it. */
void slip__pvh_start_info(const struct slip_layout *layout, size_t n_modules, struct slip_buf *buf);
void slip__pvh_modlist(const struct slip_layout *layout, const struct slip_module *modules,
                       size_t n_modules, struct slip_buf *buf);
void slip__pvh_memmap(const struct slip_layout *layout, struct slip_buf *buf);

#endif
