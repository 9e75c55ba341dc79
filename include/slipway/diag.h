/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Diagnostics: what is wrong with a description, each with a code, a severity, a place, notes and a hint.
 *
 * A place is a byte range of a source (a file, stdin, or "<command line>"). Line and column are found when asked.
 * Nothing here prints: a program renders diagnostics as it likes (the slipway command shows carets or JSON).
 */
#ifndef SLIPWAY_DIAG_H
#define SLIPWAY_DIAG_H

#include <stdbool.h>
#include <stddef.h>

#include "slipway/api.h"
#include "slipway/codes.h"

SLIP_BEGIN_DECLS

/* A byte range [start, end) of source number `source` (1, 2, ...); source 0 means "no place". */
struct slip_span {
    unsigned source;
    unsigned start;
    unsigned end;
};

/* Where a span begins, for people. Lines and columns count from 1; columns count bytes. text is the whole line without its
 * end (not terminated: use text_len), text_col the offset in it where the span starts, mark_len how many bytes of the
 * span lie on that line. All borrowed from the list. */
struct slip_place {
    const char *source_name;
    unsigned line;
    unsigned column;
    const char *text;
    size_t text_len;
    size_t text_col;
    size_t mark_len;
};

struct slip_diags; /* a list, and the texts its spans point into */
struct slip_diag;  /* one entry; borrowed from its list */

SLIP_API struct slip_diags *slip_diags_new(void); /* NULL when out of memory */
SLIP_API void slip_diags_free(struct slip_diags *diags);

SLIP_API size_t slip_diags_count(const struct slip_diags *diags);
/* How many entries have severity SLIP_ERROR. */
SLIP_API size_t slip_diags_errors(const struct slip_diags *diags);
/* How many more there were after the list was full (SLIP_LIMIT_DIAGS). */
SLIP_API size_t slip_diags_dropped(const struct slip_diags *diags);
/* In order of appearance. NULL past the end. */
SLIP_API const struct slip_diag *slip_diags_at(const struct slip_diags *diags, size_t index);
/* Finds the place of a span; false if the span has none. */
SLIP_API bool slip_diags_place(const struct slip_diags *diags, struct slip_span span,
                               struct slip_place *ret);

SLIP_API unsigned slip_diag_code(const struct slip_diag *diag);
SLIP_API enum slip_severity slip_diag_severity(const struct slip_diag *diag);
SLIP_API const char *slip_diag_message(const struct slip_diag *diag);
SLIP_API struct slip_span slip_diag_span(const struct slip_diag *diag);
/* NULL if there is none. */
SLIP_API const char *slip_diag_hint(const struct slip_diag *diag);
SLIP_API size_t slip_diag_note_count(const struct slip_diag *diag);
/* Note number index: its message, and its place in *ret_span (which may be NULL). NULL past the end. */
SLIP_API const char *slip_diag_note(const struct slip_diag *diag, size_t index,
                                    struct slip_span *ret_span);

SLIP_END_DECLS

#endif
