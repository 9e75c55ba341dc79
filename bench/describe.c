/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Microseconds of processor time to read and check one description, to do that and dump it as JSON, and to do that and write it
 * canonically: describe CFG [ROUNDS]. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/file.h"
#include "base/limits.h"
#include "slipway/slipway.h"

enum then { NOTHING, DUMP, WRITE };

static int once(const char *name, const char *text, size_t len, enum then then)
{
    const struct slip_convert_options to = {.size = sizeof(to), .format = "xl"};
    struct slip_diags *diags = slip_diags_new();
    struct slip_guest *guest = NULL;
    struct slip_error *err = NULL;
    char *json = NULL;
    int rc = slip_guest_parse(name, NULL, text, len, NULL, diags, &guest, &err);

    if (rc == 0 && then == DUMP)
        rc = slip_guest_to_json(guest, &json, &err);
    if (rc == 0 && then == WRITE)
        rc = slip_guest_convert(guest, &to, diags, &json, NULL, &err);
    if (rc < 0)
        fprintf(stderr, "describe: %s\n", slip_error_message(err));
    slip_error_free(err);
    free(json);
    slip_guest_free(guest);
    slip_diags_free(diags);
    return rc;
}

/* Not of the clock on the wall: this waits for nothing, and what else runs here is not its doing. Negative: it failed. */
static double cpu_us(const char *name, const char *text, size_t len, enum then then, long rounds)
{
    clock_t start = clock();

    for (long i = 0; i < rounds; i++) {
        if (once(name, text, len, then) < 0)
            return -1;
    }
    return (double)(clock() - start) * 1e6 / CLOCKS_PER_SEC / (double)rounds;
}

int main(int argc, char **argv)
{
    long rounds = argc > 2 ? strtol(argv[2], NULL, 10) : 5000;
    struct slip_error *err = NULL;
    double check, dump, convert;
    char *text = NULL;
    size_t len;

    if (argc < 2 || slip__file_read("description", argv[1], SLIP_LIMIT_DESCRIPTION_BYTES,
                                    SLIP_CODE_NONE, &text, &len, &err) < 0) {
        fprintf(stderr, "usage: describe CFG [ROUNDS]\n");
        return 2;
    }
    check = cpu_us(argv[1], text, len, NOTHING, rounds);
    dump = cpu_us(argv[1], text, len, DUMP, rounds);
    convert = cpu_us(argv[1], text, len, WRITE, rounds);
    free(text);
    if (check < 0 || dump < 0 || convert < 0)
        return 1;
    printf("%.2f %.2f %.2f\n", check, dump, convert);
    return 0;
}
