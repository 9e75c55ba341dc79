/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Does this host have the memory that a guest is described with? Knows no guest and no QEMU. */
#ifndef SLIP_ENGINE_QEMU_MEMORY_H
#define SLIP_ENGINE_QEMU_MEMORY_H

#include <stdint.h>

#include "base/error.h"

/* Refuses (SLIP_EENGINE) more bytes than the host's RAM and swap together, which no waiting can ever free: meminfo is the text
 * of /proc/meminfo (proc_meminfo(5): "MemTotal:" and "SwapTotal:", in KiB). What is free now is not asked for: that changes,
 * and a guest seldom uses all it has. A text that does not say allows everything. */
int slip__memory_check(const char *meminfo, uint64_t bytes, struct slip_error **err);
/* The same for this host. */
int slip__memory_check_here(uint64_t bytes, struct slip_error **err);

#endif
