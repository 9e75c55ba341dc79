/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Edit distance with transpositions counted once, bounded to short words. */
#include "base/suggest.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>

/* Longer words are never typed keys. */
#define MAX_WORD 40

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned m = a < b ? a : b;

    return m < c ? m : c;
}

static int same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static unsigned distance(const char *a, size_t alen, const char *b, size_t blen)
{
    unsigned rows[3][MAX_WORD + 1];

    for (size_t j = 0; j <= blen; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= alen; i++) {
        unsigned *cur = rows[i % 3], *prev = rows[(i + 2) % 3], *prev2 = rows[(i + 1) % 3];

        cur[0] = (unsigned)i;
        for (size_t j = 1; j <= blen; j++) {
            cur[j] = min3(prev[j] + 1, cur[j - 1] + 1, prev[j - 1] + !same(a[i - 1], b[j - 1]));
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]) &&
                prev2[j - 2] + 1 < cur[j])
                cur[j] = prev2[j - 2] + 1;
        }
    }
    return rows[alen % 3][blen];
}

struct slip_suggest slip__suggest(const char *word, size_t len)
{
    return (struct slip_suggest){.word = word, .word_len = len, .best_distance = UINT_MAX};
}

void slip__suggest_try(struct slip_suggest *s, const char *candidate)
{
    size_t len = strlen(candidate);
    unsigned d, limit = s->word_len <= 3 ? 1 : s->word_len <= 7 ? 2 : 3;

    if (s->word_len == 0 || s->word_len > MAX_WORD || len > MAX_WORD)
        return;
    /* Each byte that one has more than the other is an edit. */
    if (len > s->word_len + limit || s->word_len > len + limit)
        return;
    d = distance(s->word, s->word_len, candidate, len);
    if (d <= limit && d < s->best_distance) {
        s->best = candidate;
        s->best_distance = d;
    }
}
