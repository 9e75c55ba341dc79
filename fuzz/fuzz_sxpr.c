/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzzes the reader and the writer of s-expressions: any bytes as one, strictly and leniently. What was read is written for each of
 * xend's versions, read again and written again, which must give the same bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "slipway/guest.h"

static struct slip_guest *parse(const void *data, size_t size, unsigned flags)
{
    struct slip_guest_options options = {
        .size = sizeof(options), .flags = flags | SLIP_GUEST_CONVERT, .format = "sxpr"};
    struct slip_diags *diags = slip_diags_new();
    struct slip_guest *guest = NULL;
    struct slip_error *err = NULL;
    struct slip_place place;
    int rc = slip_guest_parse("fuzz.sxp", "/", data, size, &options, diags, &guest, &err);

    if ((rc == 0) != (guest != NULL) || (rc == 0) != (err == NULL))
        abort();
    for (size_t i = 0; i < slip_diags_count(diags); i++) {
        if (slip_diags_place(diags, slip_diag_span(slip_diags_at(diags, i)), &place) &&
            place.text_col + place.mark_len > place.text_len + 1)
            abort();
    }
    slip_error_free(err);
    slip_diags_free(diags);
    return guest;
}

static char *convert(const struct slip_guest *guest, unsigned version)
{
    struct slip_convert_options options = {
        .size = sizeof(options), .format = "sxpr", .compact = version & 1, .xend_version = version};
    struct slip_diags *diags = slip_diags_new();
    char *text = NULL;

    if (slip_guest_convert(guest, &options, diags, &text, NULL, NULL) < 0)
        text = NULL;
    slip_diags_free(diags);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (unsigned version = 1; version <= 4; version++) {
        unsigned flags = version & 1 ? 0 : SLIP_GUEST_XL_COMPAT;
        struct slip_guest *guest = parse(data, size, flags);
        char *first = guest ? convert(guest, version) : NULL;
        struct slip_guest *again = first ? parse(first, strlen(first), flags) : NULL;
        char *second = again ? convert(again, version) : NULL;

        if (first && (!second || strcmp(first, second) != 0))
            abort();
        free(first);
        free(second);
        slip_guest_free(guest);
        slip_guest_free(again);
    }
    return 0;
}
