/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of `slipway conform` share: the clauses that were judged, the guests to judge them in, the two ways
 * to judge. */
#ifndef SLIP_CLI_CONFORM_H
#define SLIP_CLI_CONFORM_H

#include "cli.h"

#define CONFORM_MAX_CLAUSES 96
#define CONFORM_NAME_BYTES  32
#define CONFORM_TEXT_BYTES  112
#define CONFORM_MAX_MODULES 5

/* One clause of one protocol, over all guests of the matrix. */
struct conform_clause {
    char name[CONFORM_NAME_BYTES];
    char text[CONFORM_TEXT_BYTES];
    unsigned passed, missed, unseen;  /* unseen: could not be observed there */
    char why[2 * CONFORM_TEXT_BYTES]; /* of the first miss, else why it was not seen */
};

struct conform_protocol {
    const char *name; /* as in the key `protocol` */
    const char *type; /* container */
    const unsigned char *image;
    size_t image_bytes;
    unsigned max_modules;
    /* what was found */
    unsigned guests;
    size_t n_clauses;
    struct conform_clause clauses[CONFORM_MAX_CLAUSES];
    char absent[160]; /* why none was started, or empty */
};

/* One guest of the matrix. */
struct conform_case {
    unsigned vcpus, mib, n_modules;
    size_t module_bytes[CONFORM_MAX_MODULES];
    unsigned char *modules[CONFORM_MAX_MODULES];
    char line[1024]; /* its command line */
};

enum conform_verdict { CONFORM_PASSED, CONFORM_MISSED, CONFORM_UNSEEN };
/* Counts one judgement. why may be NULL. */
void conform_judge(struct conform_protocol *p, const struct conform_case *c, const char *name,
                   const char *text, enum conform_verdict verdict, const char *why);
/* The sum that the probe makes: rotate left by one, add the next byte. */
uint32_t conform_sum(const void *data, size_t len);
/* Reads what a probe printed. end: how it ended, a phrase. */
void conform_read_tap(struct conform_protocol *p, const struct conform_case *c, char *output,
                      const char *end);
/* Judges what the null engine recorded in folder. Returns false if it can't be read. */
bool conform_static(struct conform_protocol *p, const struct conform_case *c, const char *folder);

/* Prints all of it; true if nothing was missed. */
bool conform_print(const struct cli_args *args, const char *engine,
                   const struct conform_protocol *protocols, size_t count);

#endif
