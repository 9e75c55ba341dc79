/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests of descriptions: read a text, then look at the guest and at what was said of it. */
#ifndef GUEST_FIXTURE_H
#define GUEST_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/diag.h"
#include "guest/guest.h"
#include "slipway/guest.h"

/* What reading a text gave. */
struct reading {
    struct slip_diags *diags;
    struct slip_guest *guest; /* NULL if it is wrong */
    struct slip_error *err;
    int rc;
    /* "201 3:1-4 unknown key 'typ'; 214 ...": codes, places, messages. Warnings have a 'w' before the code. */
    char said[8192];
};

static inline void reading_say(struct reading *r, const struct slip_diag *diag)
{
    struct slip_place place = {0};
    struct slip_span span = slip_diag_span(diag);
    size_t len = strlen(r->said);

    slip_diags_place(r->diags, span, &place);
    snprintf(r->said + len, sizeof(r->said) - len, "%s%s%u %u:%u+%zu %s", len ? "; " : "",
             slip_diag_severity(diag) == SLIP_WARNING ? "w" : "", slip_diag_code(diag), place.line,
             place.column, place.mark_len, slip_diag_message(diag));
}

static inline struct reading read_options(const char *text, size_t len,
                                          const struct slip_guest_options *options)
{
    struct reading r = {.diags = slip_diags_new()};

    r.rc = slip_guest_parse("vm.cfg", "/vm", text, len, options, r.diags, &r.guest, &r.err);
    for (size_t i = 0; i < slip_diags_count(r.diags); i++)
        reading_say(&r, slip_diags_at(r.diags, i));
    return r;
}

static inline struct reading read_text(const char *text)
{
    return read_options(text, strlen(text), NULL);
}

static inline struct reading read_compat(const char *text)
{
    struct slip_guest_options options = {.size = sizeof(options), .flags = SLIP_GUEST_XL_COMPAT};

    return read_options(text, strlen(text), &options);
}

static inline void reading_dispose(struct reading *r)
{
    slip_guest_free(r->guest);
    slip_error_free(r->err);
    slip_diags_free(r->diags);
    *r = (struct reading){0};
}

/* What a text is told, and nothing else. */
static inline void expect_said(struct reading r, const char *said)
{
    assert_string_equal(r.said, said);
    assert_int_equal(r.guest == NULL, slip_diags_errors(r.diags) > 0);
    reading_dispose(&r);
}

/* The hint of diagnostic number index. */
static inline const char *hint_of(const struct reading *r, size_t index)
{
    const struct slip_diag *diag = slip_diags_at(r->diags, index);

    return diag ? slip_diag_hint(diag) : NULL;
}

/* The one note of diagnostic number index, as "line:column text". */
static inline const char *note_of(const struct reading *r, size_t index, char *ret, size_t size)
{
    const struct slip_diag *diag = slip_diags_at(r->diags, index);
    struct slip_place place = {0};
    struct slip_span span;
    const char *text = diag ? slip_diag_note(diag, 0, &span) : NULL;

    if (!text)
        return NULL;
    slip_diags_place(r->diags, span, &place);
    snprintf(ret, size, "%u:%u %s", place.line, place.column, text);
    return ret;
}

/* A guest that is right, for tests that are about one key. */
#define PVH "name='a';type='pvh';kernel='k'\n"

#endif
