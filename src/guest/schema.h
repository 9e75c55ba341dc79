/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a guest is made of, from schema.def: each value with where it was written and where it comes from. Generic init,
 * dispose, copy, equal and JSON walk the tables; nobody writes them per field.
 */
#ifndef SLIP_GUEST_SCHEMA_H
#define SLIP_GUEST_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest/limits.h"
#include "slipway/diag.h"
#include "slipway/guest.h"

enum slip_origin {
    SLIP_UNSET = 0, /* nobody said anything */
    SLIP_GIVEN,     /* written in the description; span says where */
    SLIP_DEFAULT    /* filled in by slip__guest_resolve() */
};

/* The head of every value, so that generic code can ask any of them. */
struct slip_mark {
    struct slip_span span;
    enum slip_origin origin;
};

struct slip_str {
    struct slip_mark mark;
    char *value; /* owned; NULL when unset */
};

/* Integers, booleans (0, 1) and enumerators. */
struct slip_num {
    struct slip_mark mark;
    int64_t value;
};

struct slip_strs {
    struct slip_mark mark;
    size_t count;
    struct slip_str *items; /* owned */
};

/* Enumerations: enum slip_type { SLIP_TYPE_PV, ... } */
#define SLIP_ENUM(e) \
    enum slip_##e    \
    {
#define SLIP_ENUMERATOR(e, symbol, word, doc) symbol,
#define SLIP_ENUM_END(e) \
    }                    \
    ;
#include "guest/schema.def"

#define SLIP_TYPES (SLIP_TYPE_HVM + 1) /* how many there are */

/* Records: struct slip_disk, struct slip_vif, struct slip_guest; lists of records: struct slip_disk_list */
#define SLIP_RECORD(r, doc)                           struct slip_##r {
#define SLIP_STR(r, f, key, def, doc)                 struct slip_str f;
#define SLIP_INT(r, f, key, min, max, unit, def, doc) struct slip_num f;
#define SLIP_BOOL(r, f, key, def, doc)                struct slip_num f;
#define SLIP_ENUM_FIELD(r, f, e, key, def, doc)       struct slip_num f;
#define SLIP_STRS(r, f, key, doc)                     struct slip_strs f;
#define SLIP_LIST(r, f, item, key, doc)               struct slip_##item##_list f;
#define SLIP_RECORD_END(r)      \
    }                           \
    ;                           \
    struct slip_##r##_list {    \
        struct slip_mark mark;  \
        size_t count;           \
        struct slip_##r *items; \
    };
#include "guest/schema.def"

enum slip_kind {
    SLIP_KIND_STR,
    SLIP_KIND_INT,
    SLIP_KIND_BOOL,
    SLIP_KIND_ENUM,
    SLIP_KIND_STRS,
    SLIP_KIND_LIST
};

struct slip_enumerator {
    const char *word;
    int64_t value;
    const char *doc;
};

struct slip_enum_table {
    const char *name;
    size_t count;
    const struct slip_enumerator *items;
};

struct slip_record;

struct slip_field {
    const char *name;
    const char *key;
    enum slip_kind kind;
    size_t offset;                       /* in its record */
    int64_t min, max;                    /* INT */
    const char *unit;                    /* INT, BOOL: "MiB" or "" */
    const struct slip_enum_table *words; /* ENUM */
    const struct slip_record *item;      /* LIST */
    const char *default_text;
    const char *doc;
};

struct slip_record {
    const char *name;
    const char *doc;
    size_t size;
    size_t n_fields;
    const struct slip_field *fields;
};

extern const struct slip_record slip__record_guest;
extern const struct slip_record slip__record_disk;
extern const struct slip_record slip__record_vif;
extern const struct slip_record slip__record_vfb;

/* The field called key, or NULL. */
const struct slip_field *slip__field_find(const struct slip_record *record, const char *key);
/* The mark at the head of a field's value. */
struct slip_mark *slip__field_mark(const struct slip_field *field, void *object);

/* Setting. Each replaces what was there; -1 when out of memory. mark says where it comes from. */
int slip__str_set(struct slip_str *str, const char *text, size_t len, struct slip_mark mark);
void slip__num_set(struct slip_num *num, int64_t value, struct slip_mark mark);
int slip__strs_add(struct slip_strs *strs, const char *text, size_t len, struct slip_mark mark);
/* Appends an empty item to a list-of-records value (field->kind LIST) and returns it, NULL when out of memory. */
void *slip__list_add(const struct slip_field *field, void *object, struct slip_mark mark);

/* Unsets one field. */
void slip__field_dispose(const struct slip_field *field, void *object);

/* Whole objects. dispose leaves it all unset. copy: -1 when out of memory, dst is then disposed. */
void slip__object_dispose(const struct slip_record *record, void *object);
int slip__object_copy(const struct slip_record *record, void *dst, const void *src);
/* Values and lists compared; spans and origins not. */
bool slip__object_equal(const struct slip_record *record, const void *a, const void *b);

/* The word for an enumerator's value, and the value for a whole word (false if it is none). */
const char *slip__enum_word(const struct slip_enum_table *table, int64_t value);
bool slip__enum_value(const struct slip_enum_table *table, const char *word, size_t len,
                      int64_t *ret);

#define SLIP_IS_SET(field)   ((field).mark.origin != SLIP_UNSET)
#define SLIP_IS_GIVEN(field) ((field).mark.origin == SLIP_GIVEN)

#endif
