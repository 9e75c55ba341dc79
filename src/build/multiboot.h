/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What both versions of Multiboot share. Private to build/. */
#ifndef SLIP_BUILD_MULTIBOOT_H
#define SLIP_BUILD_MULTIBOOT_H

#include "abi/e820.h"
#include "build/layout.h"

/* Memory as both count it, in KiB: from 0 up to the PC's hole, and from 1 MiB up to the next. */
void slip__multiboot_memory(const struct slip_layout *layout, uint32_t *ret_lower,
                            uint32_t *ret_upper);

/* Modules have 32-bit addresses, and the header may want them lower. */
static inline uint64_t slip__multiboot_module_end(const struct slip_multiboot *header)
{
    return header->module_max && header->module_max < SLIP_4_GIB - 1 ? header->module_max + 1
                                                                     : SLIP_4_GIB;
}

#endif
