/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A progress bar on stderr, drawn only on a terminal and only once the work has taken a while: a flash helps nobody. */
#include "progress.h"

#include <stdio.h>
#include <unistd.h>

#include "text.h"

#define QUIET_US  200000u /* shorter work shows nothing */
#define REDRAW_US 50000u
#define BAR_CELLS 30u

static const char *const stage_names[] = {
    [SLIP_STAGE_ENGINE] = "starting engine",
    [SLIP_STAGE_IMAGE] = "loading kernel",
    [SLIP_STAGE_MODULES] = "loading modules",
    [SLIP_STAGE_START] = "starting guest",
};

void progress_init(struct progress *p)
{
    *p = (struct progress){.terminal = isatty(STDERR_FILENO), .start_us = text_now_us()};
}

static const char *stage_name(enum slip_stage stage)
{
    size_t i = (size_t)stage;

    return i < sizeof(stage_names) / sizeof(stage_names[0]) && stage_names[i] ? stage_names[i] : "";
}

void progress_update(enum slip_stage stage, uint64_t done, uint64_t total, void *payload)
{
    struct progress *p = payload;
    uint64_t now;
    unsigned full;

    if (!p->terminal)
        return;
    now = text_now_us();
    if (now - p->start_us < QUIET_US || now - p->last_us < REDRAW_US)
        return;
    p->last_us = now;
    p->drawn = true;
    fprintf(stderr, "\r\033[K%-16s", stage_name(stage));
    if (total) {
        full = done < total ? (unsigned)((double)done / (double)total * BAR_CELLS) : BAR_CELLS;
        fprintf(stderr, "[%.*s%*s] %3u%%", (int)full, "##############################",
                (int)(BAR_CELLS - full), "", full * 100 / BAR_CELLS);
    }
    fflush(stderr);
}

void progress_dispose(struct progress *p)
{
    if (p->drawn)
        fputs("\r\033[K", stderr);
    p->drawn = false;
}
