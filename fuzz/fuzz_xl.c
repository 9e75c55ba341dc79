/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzzes the reader and the writer of xl.cfg: any bytes as a description, then as a description with overrides, the guest as JSON, and
 * the guest written as xl.cfg, which reads without a mistake and is then written as it was.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "slipway/guest.h"

static void show(const struct slip_guest *guest)
{
    char *text = NULL;

    if (slip_guest_to_json(guest, &text, NULL) == 0)
        free(text);
}

static char *write_xl(const struct slip_guest *guest, struct slip_diags *diags)
{
    const struct slip_convert_options to = {.size = sizeof(to), .format = "xl"};
    char *text = NULL;

    if (slip_guest_convert(guest, &to, diags, &text, NULL, NULL) < 0)
        abort();
    return text;
}

/* What is written reads again, and is the same when written once more. */
static void there_and_back(const struct slip_guest *guest, struct slip_diags *diags)
{
    const struct slip_guest_options options = {.size = sizeof(options),
                                               .flags = SLIP_GUEST_CONVERT | SLIP_GUEST_XL_COMPAT};
    struct slip_diags *new_diags = slip_diags_new();
    struct slip_guest *back = NULL;
    char *text = write_xl(guest, diags), *again;

    if (slip_guest_parse("back.cfg", "/", text, strlen(text), &options, new_diags, &back, NULL) < 0)
        abort();
    again = write_xl(back, new_diags);
    if (strcmp(text, again) != 0)
        abort();
    free(again);
    free(text);
    slip_guest_free(back);
    slip_diags_free(new_diags);
}

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

static void parse(const uint8_t *data, size_t size, const struct slip_guest_options *options)
{
    struct slip_diags *diags = slip_diags_new();
    struct slip_guest *guest = NULL;
    struct slip_error *err = NULL;
    int rc = slip_guest_parse("fuzz.cfg", "/", data, size, options, diags, &guest, &err);

    if ((rc == 0) != (guest != NULL) || (rc == 0) != (err == NULL) ||
        (rc == 0) != (slip_diags_errors(diags) == 0))
        abort();
    look_at_places(diags);
    if (guest) {
        show(guest);
        there_and_back(guest, diags);
    }
    slip_guest_free(guest);
    slip_error_free(err);
    slip_diags_free(diags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char good[] = "name='a';type='pvh';kernel='k'";
    struct slip_guest_options options = {.size = sizeof(options), .flags = SLIP_GUEST_XL_COMPAT};
    char *line = malloc(size + 1);
    const char *overrides[1] = {line};

    if (!line)
        return 0;
    parse(data, size, NULL);
    parse(data, size, &options);
    /* The same bytes as one KEY=VALUE of a command line. */
    if (size)
        memcpy(line, data, size);
    line[size] = 0;
    options.overrides = overrides;
    options.n_overrides = 1;
    parse((const uint8_t *)good, sizeof(good) - 1, &options);
    free(line);
    return 0;
}
