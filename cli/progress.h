/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A progress bar for work that takes long, on a terminal. */
#ifndef SLIP_CLI_PROGRESS_H
#define SLIP_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "slipway/domain.h"

struct progress {
    bool terminal; /* else nothing is ever drawn */
    bool drawn;
    uint64_t start_us;
    uint64_t last_us;
};

void progress_init(struct progress *p);
/* A slip_progress_fn; payload is the struct progress. */
void progress_update(enum slip_stage stage, uint64_t done, uint64_t total, void *payload);
/* Wipes the bar. */
void progress_dispose(struct progress *p);

#endif
