/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words and bytes on a screen. Knows nothing of guests. */
#ifndef SLIP_CLI_TEXT_H
#define SLIP_CLI_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* One thing on the screen: a character, a tab, or what stands for a byte that is neither (\xNN). */
struct text_cell {
    size_t bytes;     /* of the source; at least 1 */
    unsigned columns; /* on the screen; a tab counts as 1 */
    bool tab;
    char shown[8]; /* terminated */
};

/* The cell at text[at]; at < len. Control bytes and what is not UTF-8 are escaped, so that no input steers a terminal. */
struct text_cell text_cell_at(const char *text, size_t len, size_t at);
/* Prints text with what is not printable escaped, tabs and newlines too. */
void text_print(FILE *out, const char *text);
/* A JSON string of any bytes: escaped as text_print does where they are not UTF-8. NULL when out of memory; text NULL:
 * JSON's null. */
json_t *text_json(const char *text, size_t len);
/* Prints paragraphs (separated by newlines) filled to 80 columns, each line indented. */
void text_fill(FILE *out, const char *text, unsigned indent);

/* How far a is from b, in inserted, removed, changed and swapped letters; more than limit comes back as limit + 1. */
unsigned text_distance(const char *a, const char *b, unsigned limit);
/* "0.4 ms", "310 ms", "1.9 s", "2 min 5 s". */
void text_duration(char *ret, size_t size, uint64_t us);
/* Monotonic microseconds. */
uint64_t text_now_us(void);
/* Whether a stream wants colour: a terminal, NO_COLOR not set, TERM not "dumb". */
bool text_color(FILE *out);

#endif
