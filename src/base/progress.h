/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How long work tells how far it is. */
#ifndef SLIP_BASE_PROGRESS_H
#define SLIP_BASE_PROGRESS_H

#include <stdint.h>

/* done of total bytes; total 0: unknown. */
typedef void slip_bytes_fn(uint64_t done, uint64_t total, void *payload);

#endif
