/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Engines: what can run a guest on this host, and why not where it can't. */
#ifndef SLIPWAY_ENGINE_H
#define SLIPWAY_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "slipway/api.h"
#include "slipway/error.h"

SLIP_BEGIN_DECLS

struct slip_engine_status {
    size_t size;         /* set by the caller: sizeof(struct slip_engine_status) */
    const char *name;    /* "qemu", ...; static */
    const char *summary; /* one line; static */
    bool usable;
    bool is_default;
    char detail[256]; /* what was found ("QEMU 7.2.22, TCG: ..."), or why it can't be used */
};

/* Looks at the index-th engine. SLIP_ENOENT past the end. */
SLIP_API int slip_engine_status_at(size_t index, struct slip_engine_status *ret,
                                   struct slip_error **err);

/* What an engine (NULL: the default one) knows of this host: fn is called with names and values in the order of `xl info`,
 * until it returns non-zero. SLIP_ENOTSUP: this engine knows nothing of it. */
typedef int slip_pair_fn(const char *name, const char *value, void *payload);
SLIP_API int slip_engine_info(const char *engine, slip_pair_fn *fn, void *payload,
                              struct slip_error **err);
/* The hypervisor's own messages. The caller frees *ret. SLIP_ENOTSUP: this engine has none. */
SLIP_API int slip_engine_log(const char *engine, bool clear, char **ret, struct slip_error **err);

SLIP_END_DECLS

#endif
