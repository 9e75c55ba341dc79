/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs a fuzz target over files and folders, one TAP line each, so that a corpus is a test under any compiler. It must not
 * know what the target does.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

/* No corpus file is near this; a folder may hold other things. */
#define MAX_BYTES (16u << 20)

static int run_file(const char *path, unsigned number)
{
    FILE *f = fopen(path, "rb");
    uint8_t *exact, *bytes = malloc(MAX_BYTES);
    size_t len;

    if (!f || !bytes) {
        printf("not ok %u - %s # cannot read\n", number, path);
        free(bytes);
        if (f)
            fclose(f);
        return 1;
    }
    len = fread(bytes, 1, MAX_BYTES, f);
    fclose(f);
    /* A block of just this size, so that the address sanitizer sees the first byte too many. */
    exact = malloc(len ? len : 1);
    if (exact && len)
        memcpy(exact, bytes, len);
    free(bytes);
    if (!exact)
        return 1;
    LLVMFuzzerTestOneInput(exact, len);
    free(exact);
    printf("ok %u - %s\n", number, strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
    fflush(stdout);
    return 0;
}

static int hidden(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int run_folder(const char *path, unsigned *number)
{
    struct dirent **entries;
    int n = scandir(path, &entries, hidden, alphasort), bad = 0;
    char file[4096];

    if (n < 0)
        return run_file(path, ++*number);
    for (int i = 0; i < n; i++) {
        snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
        bad |= run_file(file, ++*number);
        free(entries[i]);
    }
    free(entries);
    return bad;
}

int main(int argc, char **argv)
{
    unsigned number = 0;
    int bad = 0;

    for (int i = 1; i < argc; i++)
        bad |= run_folder(argv[i], &number);
    if (number == 0)
        printf("1..0 # SKIP no corpus given\n");
    else
        printf("1..%u\n", number);
    return bad;
}
