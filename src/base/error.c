/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors: one reason why one call failed. Knows nothing of what failed. */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

struct slip_error {
    enum slip_rc rc;
    unsigned code;
    char *message;
    char *hint;
};

/* What is handed out when there is no memory for a better one. Never written, never freed. */
static char oom_message[] = "out of memory";
static struct slip_error oom_error = {.rc = SLIP_ENOMEM, .message = oom_message};

int slip_error_rc(const struct slip_error *err)
{
    return err ? err->rc : SLIP_OK;
}

const char *slip_error_message(const struct slip_error *err)
{
    return err ? err->message : "";
}

const char *slip_error_hint(const struct slip_error *err)
{
    return err ? err->hint : NULL;
}

unsigned slip_error_code(const struct slip_error *err)
{
    return err ? err->code : 0;
}

void slip_error_free(struct slip_error *err)
{
    if (!err || err == &oom_error)
        return;
    free(err->message);
    free(err->hint);
    free(err);
}

/* Takes message. */
static int set(struct slip_error **err, enum slip_rc rc, unsigned code, char *message)
{
    struct slip_error *e;

    if (!err || *err) {
        free(message);
        return rc;
    }
    e = calloc(1, sizeof(*e));
    if (!e || !message) {
        free(e);
        free(message);
        *err = &oom_error;
        return rc;
    }
    e->rc = rc;
    e->code = code;
    e->message = message;
    *err = e;
    return rc;
}

SLIP_PRINTF(1, 0)
static char *format(const char *fmt, va_list ap)
{
    char *text;

    return vasprintf(&text, fmt, ap) < 0 ? NULL : text;
}

int slip__error(struct slip_error **err, enum slip_rc rc, const char *fmt, ...)
{
    va_list ap;
    char *message;

    va_start(ap, fmt);
    message = err ? format(fmt, ap) : NULL;
    va_end(ap);
    return set(err, rc, 0, message);
}

int slip__error_code(struct slip_error **err, enum slip_rc rc, enum slip_code code, const char *fmt,
                     ...)
{
    va_list ap;
    char *message;

    va_start(ap, fmt);
    message = err ? format(fmt, ap) : NULL;
    va_end(ap);
    return set(err, rc, (unsigned)code, message);
}

static enum slip_rc rc_of_errno(int errnum, enum slip_rc fallback)
{
    switch (errnum) {
    case ENOENT:
        return SLIP_ENOENT;
    case EACCES:
    case EPERM:
        return SLIP_EPERM;
    case ENOMEM:
        return SLIP_ENOMEM;
    default:
        return fallback;
    }
}

int slip__error_errno(struct slip_error **err, enum slip_rc fallback, int errnum, const char *fmt,
                      ...)
{
    SLIP_AUTO_FREE char *what = NULL;
    char buf[128], *message = NULL;
    va_list ap;

    va_start(ap, fmt);
    what = err ? format(fmt, ap) : NULL;
    va_end(ap);
    if (what && asprintf(&message, "%s: %s", what, strerror_r(errnum, buf, sizeof(buf))) < 0)
        message = NULL;
    return set(err, rc_of_errno(errnum, fallback), 0, message);
}

void slip__error_set_code(struct slip_error **err, enum slip_code code)
{
    if (err && *err && *err != &oom_error)
        (*err)->code = (unsigned)code;
}

int slip__error_oom(struct slip_error **err)
{
    if (err && !*err)
        *err = &oom_error;
    return SLIP_ENOMEM;
}

int slip__error_make(struct slip_error **err, enum slip_rc rc, unsigned code, const char *message,
                     const char *hint)
{
    set(err, rc, code, strdup(message));
    if (hint)
        slip__error_hint(err, "%s", hint);
    return rc;
}

int slip__error_copy(struct slip_error **err, const struct slip_error *from)
{
    return from ? slip__error_make(err, from->rc, from->code, from->message, from->hint) : SLIP_OK;
}

void slip__error_hint(struct slip_error **err, const char *fmt, ...)
{
    va_list ap;

    if (!err || !*err || *err == &oom_error)
        return;
    free((*err)->hint);
    va_start(ap, fmt);
    (*err)->hint = format(fmt, ap);
    va_end(ap);
}

void slip__error_prefix(struct slip_error **err, const char *fmt, ...)
{
    SLIP_AUTO_FREE char *prefix = NULL;
    char *message;
    va_list ap;

    if (!err || !*err || *err == &oom_error)
        return;
    va_start(ap, fmt);
    prefix = format(fmt, ap);
    va_end(ap);
    if (!prefix || asprintf(&message, "%s: %s", prefix, (*err)->message) < 0)
        return;
    free((*err)->message);
    (*err)->message = message;
}
