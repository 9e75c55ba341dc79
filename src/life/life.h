/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The life of a guest above the engines: one supervisor process per domain that builds it, carries out on_poweroff, on_reboot
 * and on_crash, serves the console and answers a control socket; and the state folder through which domains are found.
 */
#ifndef SLIP_LIFE_LIFE_H
#define SLIP_LIFE_LIFE_H

#include "engine/engine.h"
#include "slipway/domain.h"

/* The stages of building one guest on one engine, shared by `plan`, the first start and every restart (pipeline.c). */
struct slip_built {
    struct slip_run *run; /* NULL for a dry run */
    struct slip_plan *plan;
    struct slip_timing timing; /* image, build and engine filled in */
};

/* Payload -> engine.begin -> probe -> fits -> engine.create -> load into RAM -> plan -> write -> start. engine->create and start are
 * skipped with dry_run, which only plans. On failure nothing is left. */
int slip__build_guest(const struct slip_guest *guest, const struct slip_engine *engine,
                      const char *record, bool paused, bool dry_run, slip_progress_fn *progress,
                      void *payload, struct slip_built *ret, struct slip_error **err);
void slip__built_dispose(struct slip_built *built);

#endif
