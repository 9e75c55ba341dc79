/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Guest-physical memory, and the only door from a guest address to a host pointer.
 *
 * An engine makes a slip_ram; the image loader and the plan write through it. Memory handed to a guest is zero wherever it
 * may count on that and nobody wrote: the maker's duty, or, where the maker says stale, that of those who write.
 */
#ifndef SLIP_ABI_RAM_H
#define SLIP_ABI_RAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slipway/error.h"

#define SLIP_PAGE_BYTES 4096ull

/* One run of guest RAM. */
struct slip_ram_region {
    uint64_t gpa;
    uint64_t size; /* bytes, whole pages */
};

#define SLIP_RAM_MAX_REGIONS 4

/* Where bytes go whose place in guest memory somebody else has at hand. */
struct slip_ram_sink {
    /* Room for *ret_cap bytes, until the next call; NULL and *err: there is none. */
    void *(*room)(struct slip_ram_sink *sink, size_t *ret_cap, struct slip_error **err);
    /* The len bytes at at, which lie in that room, belong at gpa. They may belong at several places. */
    int (*put)(struct slip_ram_sink *sink, const void *at, uint64_t gpa, size_t len,
               struct slip_error **err);
};

struct slip_ram {
    /* Its pages may hold what they held before, for somebody else: what must be zero is to be written. */
    bool stale;
    unsigned n_regions; /* ascending, not touching */
    struct slip_ram_region regions[SLIP_RAM_MAX_REGIONS];
    /* The regions lie in a file that can be mapped, one after another; the engine's. */
    bool in_file;
    int fd;
    struct slip_ram_sink *sink; /* not NULL: only this way goes into it; map is not to be called */
    /* Makes [gpa, gpa + len), which lies inside one region, writable at the returned address; NULL and *err if it can't.
     * The mapping stays until the engine drops the RAM. */
    void *(*map)(struct slip_ram *ram, uint64_t gpa, uint64_t len, struct slip_error **err);
};

/* The host address of [gpa, gpa + len). NULL and *err (naming what and both ranges) when a byte of it is not RAM. */
void *slip__ram_at(struct slip_ram *ram, const char *what, uint64_t gpa, uint64_t len,
                   struct slip_error **err);
/* Does [gpa, gpa + len) lie inside one region? */
int slip__ram_contains(const struct slip_ram *ram, uint64_t gpa, uint64_t len);
/* Bytes of all regions. */
uint64_t slip__ram_bytes(const struct slip_ram *ram);

#endif
