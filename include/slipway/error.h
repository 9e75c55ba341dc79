/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An error is one: why this call failed. (What is wrong with a description is many: see diag.h.)
 *
 * Every fallible function returns 0 or a negative enum slip_rc, and takes `struct slip_error **err` last. err may be
 * NULL. On success *err is untouched; on failure it is set once, and the caller frees it. *err must be NULL on entry.
 */
#ifndef SLIPWAY_ERROR_H
#define SLIPWAY_ERROR_H

#include "slipway/api.h"

SLIP_BEGIN_DECLS

/* Few and coarse: what a program can act on. The numbers are stable and never reused. */
enum slip_rc {
    SLIP_OK = 0,
    SLIP_EINVAL = -1,    /* the caller's mistake: a bad argument */
    SLIP_ENOMEM = -2,    /* the host has no memory for this */
    SLIP_EDESC = -3,     /* the description is wrong; see the diagnostics */
    SLIP_EIMAGE = -4,    /* a kernel, firmware or module file cannot be used */
    SLIP_EENGINE = -5,   /* the engine cannot: missing, refused, failed */
    SLIP_EPERM = -6,     /* not permitted */
    SLIP_EEXIST = -7,    /* a guest of that name is alive */
    SLIP_ENOENT = -8,    /* no such guest or file */
    SLIP_EIO = -9,       /* reading or writing failed */
    SLIP_ESTATE = -10,   /* the guest is not in a state that allows this */
    SLIP_EINTERNAL = -11, /* a mistake of ours */
    SLIP_ENOTSUP = -12    /* the engine has no such thing */
};

struct slip_error;

/* The return code this error came with. */
SLIP_API int slip_error_rc(const struct slip_error *err);
/* One phrase, no newline, no full stop. Borrowed; lives as long as err. */
SLIP_API const char *slip_error_message(const struct slip_error *err);
/* What to do about it, or NULL. Borrowed. */
SLIP_API const char *slip_error_hint(const struct slip_error *err);
/* The number of its SLIP-nnn code (codes.h), or 0. */
SLIP_API unsigned slip_error_code(const struct slip_error *err);
/* Frees err; NULL is fine. */
SLIP_API void slip_error_free(struct slip_error *err);

SLIP_END_DECLS

#endif
