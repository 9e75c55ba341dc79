/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Microseconds of processor time to read, check and write a description, for each pair of formats, over a set of files:
 * pairs ROUNDS FORMAT:FILE... prints a line for each pair: FROM TO FILES MEAN MEDIAN WORST. Each file is first made into every format, so
 * that all pairs have the same guests; those that a format cannot say are left out there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/limits.h"
#include "slipway/slipway.h"

static const char *const formats[] = {"xl", "xm", "libvirt", "sxpr", "libxl-json"};
#define FORMATS (sizeof(formats) / sizeof(formats[0]))

/* The text in format to, NULL: it can't be said. */
static char *convert(const char *text, const char *from, const char *to)
{
    struct slip_guest_options how = {.size = sizeof(how),
                                     .format = from,
                                     .flags = SLIP_GUEST_XL_COMPAT | SLIP_GUEST_CONVERT};
    struct slip_convert_options target = {.size = sizeof(target), .format = to};
    struct slip_diags *diags = slip_diags_new();
    struct slip_losses *losses = NULL;
    struct slip_guest *guest = NULL;
    char *ret = NULL;

    if (slip_guest_parse("bench", "/", text, strlen(text), &how, diags, &guest, NULL) < 0 ||
        slip_guest_convert(guest, &target, diags, &ret, &losses, NULL) < 0)
        ret = NULL;
    slip_losses_free(losses);
    slip_guest_free(guest);
    slip_diags_free(diags);
    return ret;
}

static double cpu_us(const char *text, const char *from, const char *to, long rounds)
{
    clock_t start = clock();

    for (long i = 0; i < rounds; i++)
        free(convert(text, from, to));
    return (double)(clock() - start) * 1e6 / CLOCKS_PER_SEC / (double)rounds;
}

static int by_size(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

static void pair(char *(*texts)[FORMATS], size_t files, size_t from, size_t to, long rounds)
{
    double *us = calloc(files + 1, sizeof(*us)), sum = 0;
    size_t n = 0;

    for (size_t i = 0; us && i < files; i++) {
        if (!texts[i][from] || !texts[i][to])
            continue;
        us[n] = cpu_us(texts[i][from], formats[from], formats[to], rounds);
        sum += us[n++];
    }
    if (n) {
        qsort(us, n, sizeof(*us), by_size);
        printf("%s %s %zu %.1f %.1f %.1f\n", formats[from], formats[to], n, sum / (double)n,
               us[n / 2], us[n - 1]);
    }
    free(us);
}

int main(int argc, char **argv)
{
    long rounds = argc > 2 ? strtol(argv[1], NULL, 10) : 0;
    size_t files = argc > 2 ? (size_t)argc - 2 : 0;
    char *(*texts)[FORMATS] = calloc(files + 1, sizeof(*texts));

    if (rounds < 1 || !texts) {
        fprintf(stderr, "usage: pairs ROUNDS FORMAT:FILE...\n");
        free(texts);
        return 2;
    }
    for (size_t i = 0; i < files; i++) {
        char *from = argv[i + 2], *path = strchr(from, ':'), *text = NULL;
        size_t len;

        if (!path || (*path++ = 0, slip__file_read("description", path,
                                                   SLIP_LIMIT_DESCRIPTION_BYTES, SLIP_CODE_NONE,
                                                   &text, &len, NULL) < 0)) {
            fprintf(stderr, "pairs: cannot read %s\n", argv[i + 2]);
            return 1;
        }
        for (size_t k = 0; k < FORMATS; k++)
            texts[i][k] = convert(text, from, formats[k]);
        free(text);
    }
    for (size_t from = 0; from < FORMATS; from++) {
        for (size_t to = 0; to < FORMATS; to++)
            pair(texts, files, from, to, rounds);
    }
    for (size_t i = 0; i < files; i++) {
        for (size_t k = 0; k < FORMATS; k++)
            free(texts[i][k]);
    }
    free(texts);
    return 0;
}
