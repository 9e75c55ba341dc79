/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Microseconds of processor time to read and check one description, and to do that and dump it as JSON:
 * describe CFG [ROUNDS]. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/file.h"
#include "base/limits.h"
#include "slipway/slipway.h"

static int once(const char *name, const char *text, size_t len, bool dump)
{
    struct slip_diags *diags = slip_diags_new();
    struct slip_guest *guest = NULL;
    struct slip_error *err = NULL;
    char *json = NULL;
    int rc = slip_guest_parse(name, NULL, text, len, NULL, diags, &guest, &err);

    if (rc == 0 && dump)
        rc = slip_guest_to_json(guest, &json, &err);
    if (rc < 0)
        fprintf(stderr, "describe: %s\n", slip_error_message(err));
    slip_error_free(err);
    free(json);
    slip_guest_free(guest);
    slip_diags_free(diags);
    return rc;
}

/* Not of the clock on the wall: this waits for nothing, and what else runs here is not its doing. Negative: it failed. */
static double cpu_us(const char *name, const char *text, size_t len, bool dump, long rounds)
{
    clock_t start = clock();

    for (long i = 0; i < rounds; i++) {
        if (once(name, text, len, dump) < 0)
            return -1;
    }
    return (double)(clock() - start) * 1e6 / CLOCKS_PER_SEC / (double)rounds;
}

int main(int argc, char **argv)
{
    long rounds = argc > 2 ? strtol(argv[2], NULL, 10) : 5000;
    struct slip_error *err = NULL;
    double check, dump;
    char *text = NULL;
    size_t len;

    if (argc < 2 || slip__file_read("description", argv[1], SLIP_LIMIT_DESCRIPTION_BYTES,
                                    SLIP_CODE_NONE, &text, &len, &err) < 0) {
        fprintf(stderr, "usage: describe CFG [ROUNDS]\n");
        return 2;
    }
    check = cpu_us(argv[1], text, len, false, rounds);
    dump = cpu_us(argv[1], text, len, true, rounds);
    free(text);
    if (check < 0 || dump < 0)
        return 1;
    printf("%.2f %.2f\n", check, dump);
    return 0;
}
