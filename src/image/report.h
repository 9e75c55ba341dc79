/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words that the text and the JSON about an image share. Private to this folder. */
#ifndef SLIP_IMAGE_REPORT_H
#define SLIP_IMAGE_REPORT_H

#include "base/buf.h"
#include "image/image.h"

#define SLIP_REPORT_CONTAINERS 3u
#define SLIP_REPORT_ENTRIES    8u

struct slip_entry_words {
    const char *key;     /* "linux64" */
    const char *label;   /* "Linux 64-bit" */
    const char *article; /* "a Linux 64-bit entry" */
};

/* All kinds, in the order in which they are shown: that of choice, then those for other containers. */
extern const enum slip_entry_kind slip__report_entry_order[SLIP_REPORT_ENTRIES];

const struct slip_entry_words *slip__report_entry_words(enum slip_entry_kind kind);
/* The note's type by name ("PHYS32_ENTRY"), or NULL. */
const char *slip__report_note_type(const struct slip_note *note);
/* The descriptor in the form that suits the type: a number, a text or bytes. */
void slip__report_note_value(struct slip_buf *buf, const struct slip_note *note);
/* "r-x" */
void slip__report_flags(struct slip_buf *buf, unsigned flags);
/* "bzImage": of the file, or of what is in it when it is compressed as a whole. */
const char *slip__report_format(const struct slip_image *image);
/* "i386" */
const char *slip__report_machine(const struct slip_image *image);
/* Container index of SLIP_REPORT_CONTAINERS: its name; does this version boot the image in it; and why (not). */
const char *slip__report_container(const struct slip_image *image, size_t index, bool *ret_boots,
                                   struct slip_buf *why);
/* text with '?' for control characters, and, if ascii, for all that is not ASCII: fit for a terminal, for JSON. */
void slip__report_clean(struct slip_buf *buf, const char *text, bool ascii);
/* Is it a printable character of ASCII? Asks no locale. */
bool slip__report_is_plain(uint8_t c);

#endif
