/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Diagnostics for people (with the line and carets) and for programs (JSON lines). */
#ifndef SLIP_CLI_RENDER_H
#define SLIP_CLI_RENDER_H

#include <stdbool.h>
#include <stdio.h>

#include "slipway/diag.h"
#include "slipway/error.h"

struct render {
    FILE *out;
    bool color;
    bool json;
    const char *name; /* what a diagnostic without a place is about: the file's name */
};

/* Prints the diagnostics from number first on, and how many there were if that is more than one. */
void render_diags(const struct render *r, const struct slip_diags *diags, size_t first);
/* Prints one error: message, code (0: none), hint (NULL: none). */
void render_error(const struct render *r, const char *message, unsigned code, const char *hint);

#endif
