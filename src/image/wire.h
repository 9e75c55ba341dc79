/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an image says of itself, as bytes and back: for the answer of a reader in a jail. By tables, a line for each field. Knows no
 * process and no socket. Nobody outside of this folder includes this, but for tests.
 */
#ifndef SLIP_IMAGE_WIRE_H
#define SLIP_IMAGE_WIRE_H

#include "base/buf.h"
#include "image/image.h"

/* The longest there is: all notes that the limits allow, all segments, and room for the rest. */
#define SLIP_LIMIT_WIRE_BYTES (1u << 20)

enum slip_wire_kind {
    SLIP_WIRE_NUMBER, /* of 1 to 8 bytes, at most max */
    SLIP_WIRE_FLAG,   /* a bool */
    SLIP_WIRE_TEXT,   /* an array of ASCII with its NUL; what is not printable arrives as '?' */
    SLIP_WIRE_BYTES,  /* an array of anything */
    SLIP_WIRE_CODEC,  /* the name of a compression of the tables, or NULL */
    SLIP_WIRE_STRUCT, /* count structs of table of */
    SLIP_WIRE_LIST, /* a pointer to structs of table of; how many says the number before it, at most max */
    SLIP_WIRE_LOCAL /* is not sent: each side has its own */
};

struct slip_wire_table;

struct slip_wire_field {
    enum slip_wire_kind kind;
    size_t offset, size;
    uint64_t max;
    const struct slip_wire_table *of;
    size_t count;
};

struct slip_wire_table {
    const char *name; /* of the struct */
    size_t bytes, n_fields;
    const struct slip_wire_field *fields;
};

/* The tables there are; NULL past the end. For the test that no field is forgotten. */
const struct slip_wire_table *slip__wire_table(size_t index);

/* Appends the image's bytes. */
void slip__wire_put(struct slip_buf *buf, const struct slip_image *image);
/* Takes foreign bytes for what image says of itself, in the place of all but its local fields. NULL; or why they are none, one
 * phrase, and the image is as it was. SLIP_WIRE_OOM: there is no memory. */
const char *slip__wire_take(const void *bytes, size_t len, struct slip_image *image);
extern const char SLIP_WIRE_OOM[];

/* What image.h promises of any image, whoever read it. NULL, or what does not hold, one phrase (check.c). */
const char *slip__image_check(const struct slip_image *image);

#endif
