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

/* What a text may look like. Readers of formats take what is written; slip__syntax_problem() says what is wrong with
 * it. */
enum slip_syntax {
    SLIP_SYNTAX_ANY,  /* any UTF-8 */
    SLIP_SYNTAX_PART, /* what can stand between commas: not empty, no comma, no blank at its ends */
    SLIP_SYNTAX_IDENT,       /* letters, digits, _ - . */
    SLIP_SYNTAX_PAIR,        /* KEY=VALUE, a PART */
    SLIP_SYNTAX_NUMBER,      /* decimal, of 64 bits */
    SLIP_SYNTAX_NAME,        /* of a domain */
    SLIP_SYNTAX_UUID,        /* with dashes, small letters */
    SLIP_SYNTAX_MAC,         /* six hexadecimal bytes with colons */
    SLIP_SYNTAX_CPUS,        /* CPU numbers and ranges: 0-3,^1,nodes:0; or all */
    SLIP_SYNTAX_RATE,        /* xl-network-configuration(5): 10MB/s, 100Kb/s@50ms */
    SLIP_SYNTAX_BDF,         /* DDDD:BB:DD.F in full, F: a digit or * */
    SLIP_SYNTAX_VSLOT,       /* hexadecimal slot, or slot.function */
    SLIP_SYNTAX_BOOT,        /* letters out of acdn */
    SLIP_SYNTAX_VIRIDIAN,    /* a group of enlightenments, or ! and one */
    SLIP_SYNTAX_BACKENDTYPE, /* of a disk */
    SLIP_SYNTAX_VIFTYPE,     /* of an interface */
    SLIP_SYNTAX_PREFIX,      /* of a disk, xend's: phy, file, tap:aio, ... */
    SLIP_SYNTAX_VIRTIO,      /* virtio,deviceN, or a name */
    SLIP_SYNTAX_CPUID,       /* host, FLAG=VALUE, or LEAF:REGISTER=BITS,... */
    SLIP_SYNTAXES            /* how many there are */
};

enum slip_origin {
    SLIP_UNSET = 0, /* nobody said anything */
    SLIP_GIVEN,     /* written in the description; span says where */
    SLIP_DEFAULT    /* filled in by slip__guest_resolve() */
};

/* The head of every value, so that generic code can ask any of them. */
struct slip_mark {
    struct slip_span span;
    enum slip_origin origin : 8;
    bool said : 1; /* of an emitter's copy: the text says it (config.h) */
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

#define SLIP_TYPES     (SLIP_TYPE_HVM + 1) /* how many there are */
#define SLIP_PROTOCOLS (SLIP_PROTOCOL_XEN_PV + 1)

/* Records: struct slip_disk, struct slip_vif, struct slip_guest; lists of records: struct slip_disk_list */
#define SLIP_RECORD(r, doc)                           struct slip_##r {
#define SLIP_TXT(r, f, syntax, key, def, doc)         struct slip_str f;
#define SLIP_INT(r, f, key, min, max, unit, def, doc) struct slip_num f;
#define SLIP_BOOL(r, f, key, def, doc)                struct slip_num f;
#define SLIP_ENUM_FIELD(r, f, e, key, def, doc)       struct slip_num f;
#define SLIP_TXTS(r, f, syntax, key, doc)             struct slip_strs f;
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
    const char *key; /* "": xl has no word for it */
    unsigned key_len;
    enum slip_kind kind;
    enum slip_syntax syntax;             /* STR, STRS */
    size_t offset;                       /* in its record */
    int64_t min, max;                    /* INT */
    const char *unit;                    /* INT, BOOL: "MiB" or "" */
    const struct slip_enum_table *words; /* ENUM */
    const struct slip_record *item;      /* LIST */
    const char *default_text;
    const char *doc;
};

/* Fields from offset on, up to the next topic's, are about this. */
struct slip_topic {
    const char *title;
    size_t offset;
};

struct slip_record {
    const char *name;
    const char *doc;
    size_t size;
    size_t n_fields;
    const struct slip_field *fields;
    const unsigned char *name_lens; /* of each field's name: to pass over most of them when one is looked for */
};

/* slip__record_guest, slip__record_disk, ... */
#define SLIP_RECORD(r, doc) extern const struct slip_record slip__record_##r;
#include "guest/schema.def"

/* The topics of the guest's record. */
extern const struct slip_topic slip__guest_topics[];
extern const size_t slip__guest_n_topics;

/* The field called key, or NULL. */
const struct slip_field *slip__field_find(const struct slip_record *record, const char *key);
const struct slip_field *slip__field_find_len(const struct slip_record *record, const char *key,
                                              size_t len);
/* The field of that name, which every one has, or NULL. */
const struct slip_field *slip__field_named(const struct slip_record *record, const char *name);
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

/* What is wrong with a text of a syntax, to follow "'TEXT' "; NULL: nothing. */
const char *slip__syntax_problem(enum slip_syntax syntax, const char *text);
/* The viridian enlightenments are numbered (libxl_types.idl, libxl_viridian_enlightenment): the word for a number, NULL: there is
 * none yet. */
const char *slip__viridian_word(size_t number);

/* A number that may be unset, with what it is then. */
static inline int64_t slip__num_or(const struct slip_num *num, int64_t unset)
{
    return num->mark.origin == SLIP_UNSET ? unset : num->value;
}

#define SLIP_IS_SET(field)   ((field).mark.origin != SLIP_UNSET)
#define SLIP_IS_GIVEN(field) ((field).mark.origin == SLIP_GIVEN)

#endif
