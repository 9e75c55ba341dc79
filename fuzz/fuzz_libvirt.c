/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzzes the reader of libvirt's XML: any bytes as a description; a guest that comes of it is written, and what was written reads back
 * and writes the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "slipway/guest.h"

/* Every place that a message points at must be one. */
static void look_at_places(const struct slip_diags *diags)
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

/* The text as libvirt's XML once more, NULL: it is no guest. */
static char *again(const void *data, size_t size, const char *to)
{
    struct slip_guest_options options = {
        .size = sizeof(options), .format = "libvirt", .flags = SLIP_GUEST_CONVERT};
    struct slip_convert_options how = {.size = sizeof(how), .format = to};
    struct slip_diags *diags = slip_diags_new();
    struct slip_guest *guest = NULL;
    struct slip_error *err = NULL;
    char *text = NULL;
    int rc = slip_guest_parse("fuzz.xml", "/", data, size, &options, diags, &guest, &err);

    if ((rc == 0) != (guest != NULL) || (rc == 0) != (err == NULL) ||
        (rc == 0) != (slip_diags_errors(diags) == 0))
        abort();
    if (guest && slip_guest_convert(guest, &how, diags, &text, NULL, &err) < 0)
        text = NULL;
    look_at_places(diags);
    slip_guest_free(guest);
    slip_error_free(err);
    slip_diags_free(diags);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *once = again(data, size, "libvirt"), *twice;

    if (!once)
        return 0;
    twice = again(once, strlen(once), "libvirt");
    if (!twice || strcmp(once, twice) != 0)
        abort();
    free(twice);
    free(once);
    free(again(data, size, "xl"));
    return 0;
}
