/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the fuzz targets for descriptions do with bytes: read them as a guest, write it, and see that both keep their promises. It must
 * not know any format. */
#ifndef SLIP_FUZZ_TEXT_TARGET_H
#define SLIP_FUZZ_TEXT_TARGET_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "slipway/guest.h"

/* Every place that a message points at must be one. */
static inline void fuzz_places(const struct slip_diags *diags)
{
    struct slip_place place;

    for (size_t i = 0; i < slip_diags_count(diags); i++) {
        const struct slip_diag *diag = slip_diags_at(diags, i);

        if (slip_diags_place(diags, slip_diag_span(diag), &place) &&
            place.text_col + place.mark_len > place.text_len + 1)
            abort();
        if (!slip_diag_message(diag)[0])
            abort();
    }
}

/* NULL: it is no guest, and a message says why. The caller's to free. */
static inline struct slip_guest *fuzz_read(const void *data, size_t size,
                                           const struct slip_guest_options *options)
{
    struct slip_diags *diags = slip_diags_new();
    struct slip_guest *guest = NULL;
    struct slip_error *err = NULL;
    int rc = slip_guest_parse("fuzz", "/", data, size, options, diags, &guest, &err);

    if ((rc == 0) != (guest != NULL) || (rc == 0) != (err == NULL) ||
        (rc == 0) != (slip_diags_errors(diags) == 0))
        abort();
    fuzz_places(diags);
    slip_error_free(err);
    slip_diags_free(diags);
    return guest;
}

/* NULL: the format can't say this guest at all. The caller's to free. */
static inline char *fuzz_write(const struct slip_guest *guest,
                               const struct slip_convert_options *options)
{
    struct slip_diags *diags = slip_diags_new();
    char *text = NULL;

    if (slip_guest_convert(guest, options, diags, &text, NULL, NULL) < 0)
        text = NULL;
    fuzz_places(diags);
    slip_diags_free(diags);
    return text;
}

/* What is written must be read again, and be the same when written once more. False: there was nothing to write. */
static inline bool fuzz_there_and_back(const struct slip_guest *guest,
                                       const struct slip_guest_options *from,
                                       const struct slip_convert_options *to)
{
    char *first = fuzz_write(guest, to), *second;
    struct slip_guest *again;

    if (!first)
        return false;
    again = fuzz_read(first, strlen(first), from);
    second = again ? fuzz_write(again, to) : NULL;
    if (!second || strcmp(first, second) != 0)
        abort();
    slip_guest_free(again);
    free(first);
    free(second);
    return true;
}

#endif
