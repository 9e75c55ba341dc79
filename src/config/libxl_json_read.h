/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pieces of the reader of libxl's JSON. Inside this folder only. */
#ifndef SLIP_CONFIG_LIBXL_JSON_READ_H
#define SLIP_CONFIG_LIBXL_JSON_READ_H

#include "config/libxl_json.h"

/* One reading. */
struct jx_reader {
    const char *text;
    size_t len;
    unsigned source;
    size_t cursor; /* behind the last key that was found */
    unsigned lost; /* keys that were not found */
    struct slip_strictness strictness;
    struct slip_guest *guest;
    struct slip_diags *diags;
};

/* The next value of that key in the text; without a place if it is not found, or too many were not. */
struct slip_mark slip__jx_mark(struct jx_reader *r, const char *key);
/* "'KEY' takes WHAT" */
void slip__jx_wrong(struct jx_reader *r, struct slip_mark mark, const char *key, const char *what);
int slip__jx_set_text(struct slip_str *str, const char *text, struct slip_mark mark);
/* All keys of an object into record. path is where it stands, for what is kept. Here and below: -1 when out of memory. */
int slip__jx_object(struct jx_reader *r, enum jx_object object, void *record, const json_t *json,
                    const char *path);
/* A key that is not in the table. 1: unknown. */
int slip__jx_special(struct jx_reader *r, enum jx_object object, void *record, const char *key,
                     const json_t *value, struct slip_mark mark, const char *path);
/* What follows from several keys. */
void slip__jx_settle(struct jx_reader *r);

#endif
