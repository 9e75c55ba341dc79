/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writing xl.cfg: how values look. xl_emit.c writes keys, xl_emit_devices.c the items of lists of devices. Nothing
 * outside this folder includes this header.
 */
#ifndef SLIP_CONFIG_XL_EMIT_H
#define SLIP_CONFIG_XL_EMIT_H

#include "base/buf.h"
#include "config/config.h"

/* A text in double quotes, with escapes. */
void slip__xl_put_quoted(struct slip_buf *out, const char *text);

/* Items of a list, each already in quotes or brackets, each ended by a newline: an escape stands for any other. */
void slip__xl_put_items(struct slip_buf *out, const char *key, const struct slip_buf *items);

/* The items of a list of devices of e->guest, marked as said as far as they are. -1 when out of memory. */
int slip__xl_device_items(struct slip_emit *e, const struct slip_field *field,
                          struct slip_buf *items);

/* Adds ",KEY=VALUE" ("KEY=VALUE" where text is empty) for every value of the record that was given and can be said
 * so. */
void slip__xl_put_pairs(struct slip_buf *text, const struct slip_record *record, void *object);

/* The keys of guest for which wanted(field) holds (NULL: all), by topics, in the schema's order. -1 when out of
 * memory. */
int slip__xl_emit_keys(struct slip_emit *e, bool (*wanted)(const struct slip_field *field));

#endif
