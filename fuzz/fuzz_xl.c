/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzzes the reader and the writer of xl.cfg: any bytes as a description, then as a description with overrides, the guest as JSON, and
 * the guest written as xl.cfg, which reads without a mistake and is then written as it was.
 */
#include "fuzz.h"
#include "text_target.h"

static void show(const struct slip_guest *guest)
{
    char *text = NULL;

    if (slip_guest_to_json(guest, &text, NULL) == 0)
        free(text);
}

static void parse(const void *data, size_t size, const struct slip_guest_options *options)
{
    const struct slip_guest_options from = {.size = sizeof(from),
                                            .flags = SLIP_GUEST_CONVERT | SLIP_GUEST_XL_COMPAT};
    const struct slip_convert_options to = {.size = sizeof(to), .format = "xl"};
    struct slip_guest *guest = fuzz_read(data, size, options);

    if (guest) {
        show(guest);
        if (!fuzz_there_and_back(guest, &from, &to))
            abort();
    }
    slip_guest_free(guest);
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
    parse(good, sizeof(good) - 1, &options);
    free(line);
    return 0;
}
