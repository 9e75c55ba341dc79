/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Microseconds to read, check and dump one description: describe CFG [ROUNDS]. */
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/limits.h"
#include "slipway/slipway.h"

static int once(const char *name, const char *text, size_t len)
{
    struct slip_diags *diags = slip_diags_new();
    struct slip_guest *guest = NULL;
    struct slip_error *err = NULL;
    char *json = NULL;
    int rc = slip_guest_parse(name, NULL, text, len, NULL, diags, &guest, &err);

    if (rc == 0)
        rc = slip_guest_to_json(guest, &json, &err);
    if (rc < 0)
        fprintf(stderr, "describe: %s\n", slip_error_message(err));
    slip_error_free(err);
    free(json);
    slip_guest_free(guest);
    slip_diags_free(diags);
    return rc;
}

int main(int argc, char **argv)
{
    long rounds = argc > 2 ? strtol(argv[2], NULL, 10) : 5000;
    struct slip_error *err = NULL;
    char *text = NULL;
    uint64_t start;
    size_t len;

    if (argc < 2 || slip__file_read("description", argv[1], SLIP_LIMIT_DESCRIPTION_BYTES, &text, &len, &err) < 0) {
        fprintf(stderr, "usage: describe CFG [ROUNDS]\n");
        return 2;
    }
    start = slip__now_us();
    for (long i = 0; i < rounds; i++) {
        if (once(argv[1], text, len) < 0)
            return 1;
    }
    printf("%.2f\n", (double)(slip__now_us() - start) / (double)rounds);
    free(text);
    return 0;
}
