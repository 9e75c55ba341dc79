/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* "Did you mean": the nearest of a set of words. */
#ifndef SLIP_BASE_SUGGEST_H
#define SLIP_BASE_SUGGEST_H

#include <stddef.h>

/* Keep one of these while walking the candidates; best stays NULL if none is near enough to be a likely slip. */
struct slip_suggest {
    const char *word;
    size_t word_len;
    const char *best;
    unsigned best_distance;
};

struct slip_suggest slip__suggest(const char *word, size_t len);
void slip__suggest_try(struct slip_suggest *s, const char *candidate);

#endif
