/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Random guests, made from the schema: every field of every record by its kind, range, words and syntax; what must be
 * given is always given. No field is named, so none is forgotten. The same seed makes the same guests.
 */
#ifndef SLIP_TEST_RANDOM_GUEST_H
#define SLIP_TEST_RANDOM_GUEST_H

#include "guest/guest.h"

struct random_source {
    uint64_t state; /* the seed */
};

unsigned random_roll(struct random_source *r, unsigned sides);

/* A guest as a reader gives it: every value given, none by default. percent: how many of the optional fields are
 * set. NULL when out of memory. The caller frees it with slip_guest_free(). */
struct slip_guest *random_guest(struct random_source *r, unsigned percent);

/* Takes away what was given and is not marked as said: what is left is what a text says of it. */
void random_drop_unsaid(struct slip_guest *guest);
/* Marks in guest what is marked as said in its copy. What an emitter took out of its copy counts as said: by silence. */
void random_take_said(struct slip_guest *guest, struct slip_guest *copy);

#endif
