/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making diagnostics (the public header says what one is). */
#ifndef SLIP_BASE_DIAG_H
#define SLIP_BASE_DIAG_H

#include "slipway/diag.h"

#define SLIP_NO_SPAN ((struct slip_span){0, 0, 0})

/* Registers a source text under the name that people see, copying both; returns its number, 0 when out of memory. */
unsigned slip__diags_add_source(struct slip_diags *diags, const char *name, const void *text,
                                size_t len);
/* The text of a source; *ret_len gets its size. NULL if there is no such source. */
const char *slip__diags_source(const struct slip_diags *diags, unsigned source, size_t *ret_len);

/* Appends a diagnostic with the code's own severity. NULL when the list is full or memory is short: the other calls here
 * take NULL, and slip_diags_errors() counts it all the same. */
struct slip_diag *slip__diag(struct slip_diags *diags, enum slip_code code, struct slip_span span,
                             const char *fmt, ...) SLIP_PRINTF(4, 5);
/* The same with a severity of its own (a personality makes errors warnings). */
struct slip_diag *slip__diag_as(struct slip_diags *diags, enum slip_severity severity,
                                enum slip_code code, struct slip_span span, const char *fmt, ...)
    SLIP_PRINTF(5, 6);
void slip__diag_note(struct slip_diag *diag, struct slip_span span, const char *fmt, ...)
    SLIP_PRINTF(3, 4);
void slip__diag_hint(struct slip_diag *diag, const char *fmt, ...) SLIP_PRINTF(2, 3);

#endif
