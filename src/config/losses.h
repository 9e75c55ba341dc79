/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a conversion loses. Nobody has to remember to report one: an emitter marks each value that its text says, and
 * what was given and is not marked at the end is a loss. An emitter reports by itself only what it knows better: why a
 * value can't be said, a default that it had to write out, a number that it rounded.
 */
#ifndef SLIP_CONFIG_LOSSES_H
#define SLIP_CONFIG_LOSSES_H

#include "guest/guest.h"

enum slip_loss_kind {
    SLIP_LOSS_UNSAYABLE, /* the format has no words for it */
    SLIP_LOSS_DEFAULT, /* nothing is lost: not given, and written out, as the format's own default is another */
    SLIP_LOSS_ROUNDED, /* said, but not exactly */
    SLIP_LOSS_OWN      /* said in a word that only Slipway reads there */
};

struct slip_loss {
    enum slip_loss_kind kind;
    char *setting; /* "vif[0].rate": the schema's names; owned */
    char *message; /* a sentence about it; owned */
    struct slip_span span;
};

struct slip_losses {
    size_t count;
    struct slip_loss *items; /* owned */
};

void slip__losses_dispose(struct slip_losses *losses);

/* Appends a loss. setting NULL: the message says which. -1 when out of memory. */
int slip__loss(struct slip_losses *losses, enum slip_loss_kind kind, const char *setting,
               struct slip_span span, const char *fmt, ...) SLIP_PRINTF(5, 6);

/* Marks a value as said. */
static inline void slip__said(struct slip_mark *mark)
{
    mark->said = true;
}
/* Marks all values of an object, lists in it too. */
void slip__said_all(const struct slip_record *record, void *object);

/* Reports every value that was given and is not marked: unsayable in the format of that name. A list of which
 * nothing is marked is one loss. The mark of a list of devices says that each of them is there, whatever is said of
 * it; without that mark a device of which nothing is marked is one loss. -1 when out of memory. */
int slip__losses_sweep(struct slip_losses *losses, const char *format,
                       const struct slip_guest *guest);

/* The word for a kind in JSON: "unsayable", ... */
const char *slip__loss_word(enum slip_loss_kind kind);

#endif
