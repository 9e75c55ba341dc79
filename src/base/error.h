/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making errors (the public header says what one is). Rule: callee never inspects *err; first one wins. */
#ifndef SLIP_BASE_ERROR_H
#define SLIP_BASE_ERROR_H

#include "slipway/codes.h"
#include "slipway/error.h"

/* Sets *err (if err) and returns rc, so that `return slip__error(err, SLIP_EIMAGE, ...)` is the whole failure path.
 * err points to NULL. Out of memory makes it a static out-of-memory error. */
int slip__error(struct slip_error **err, enum slip_rc rc, const char *fmt, ...) SLIP_PRINTF(3, 4);
/* The same with a code of codes.def. */
int slip__error_code(struct slip_error **err, enum slip_rc rc, enum slip_code code, const char *fmt,
                     ...) SLIP_PRINTF(4, 5);
/* ... "cannot open X: No such file": appends strerror(errnum) and picks rc from errnum (ENOENT, EACCES, ENOMEM, else fallback). */
int slip__error_errno(struct slip_error **err, enum slip_rc fallback, int errnum, const char *fmt,
                      ...) SLIP_PRINTF(4, 5);
/* Gives an error just set its code of codes.def. */
void slip__error_set_code(struct slip_error **err, enum slip_code code);
int slip__error_oom(struct slip_error **err);
/* Adds a hint to an error just set; nothing if err or *err is NULL. */
void slip__error_hint(struct slip_error **err, const char *fmt, ...) SLIP_PRINTF(2, 3);
/* Prepends "text: " to the message of an error that is on its way up. */
void slip__error_prefix(struct slip_error **err, const char *fmt, ...) SLIP_PRINTF(2, 3);
/* Sets *err to the same as from (may be NULL: nothing), and returns its code. */
int slip__error_copy(struct slip_error **err, const struct slip_error *from);
/* Makes an error from its parts (one that came over a socket). */
int slip__error_make(struct slip_error **err, enum slip_rc rc, unsigned code, const char *message,
                     const char *hint);

#endif
