/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the jail costs: builds a guest on the null engine over and over, its kernel read by a jailed child as always and in this
 * process, in turns, and prints the medians of both in microseconds.
 *
 *   jailed CFG ROUNDS
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "image/image.h"
#include "life/life.h"
#include "slipway/slipway.h"

#define MAX_ROUNDS 1000u

static bool here;

int __real_slip__image_probe(int fd, uint64_t file_bytes, const char *name, struct slip_image **ret,
                             struct slip_error **err);
int __wrap_slip__image_probe(int fd, uint64_t file_bytes, const char *name, struct slip_image **ret,
                             struct slip_error **err);

int __wrap_slip__image_probe(int fd, uint64_t file_bytes, const char *name, struct slip_image **ret,
                             struct slip_error **err)
{
    return here ? slip__image_probe_here(fd, file_bytes, name, ret, err)
                : __real_slip__image_probe(fd, file_bytes, name, ret, err);
}

static int fail(struct slip_error *err)
{
    fprintf(stderr, "jailed: %s\n", err ? slip_error_message(err) : "failed");
    slip_error_free(err);
    return 1;
}

/* Microseconds that one build took, or 0. */
static uint64_t build(const struct slip_guest *guest, struct slip_error **err)
{
    uint64_t since = slip__now_us();
    struct slip_built built = {0};

    if (slip__build_guest(guest, &slip__engine_null, NULL, false, false, NULL, NULL, &built, err) <
        0)
        return 0;
    since = slip__now_us() - since;
    slip__built_dispose(&built);
    return since ? since : 1;
}

static int by_value(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

int main(int argc, char **argv)
{
    static uint64_t us[2][MAX_ROUNDS];
    struct slip_diags *diags = slip_diags_new();
    unsigned rounds = argc == 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    struct slip_guest *guest = NULL;
    struct slip_error *err = NULL;

    if (rounds == 0 || rounds > MAX_ROUNDS) {
        fputs("usage: jailed CFG ROUNDS\n", stderr);
        return 2;
    }
    if (!diags || slip_guest_load(argv[1], NULL, diags, &guest, &err) < 0)
        return fail(err);
    for (unsigned i = 0; i < 2 * rounds; i++) {
        here = i % 2;
        us[here][i / 2] = build(guest, &err);
        if (us[here][i / 2] == 0)
            return fail(err);
    }
    for (unsigned i = 0; i < 2; i++)
        qsort(us[i], rounds, sizeof(us[i][0]), by_value);
    printf("%llu %llu\n", (unsigned long long)us[0][rounds / 2],
           (unsigned long long)us[1][rounds / 2]);
    slip_guest_free(guest);
    slip_diags_free(diags);
    return 0;
}
