/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The schema's tables, and what walks them: setting, dispose, copy, equal. One place for every field of every record; it
 * must not know what any field means.
 */
#include "guest/schema.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* Enumerations. */
#define SLIP_ENUM(e)                          static const struct slip_enumerator enumerators_##e[] = {
#define SLIP_ENUMERATOR(e, symbol, word, doc) {word, symbol, doc},
#define SLIP_ENUM_END(e)                                                                   \
    }                                                                                      \
    ;                                                                                      \
    static const struct slip_enum_table enum_table_##e = {#e, SLIP_COUNT(enumerators_##e), \
                                                          enumerators_##e};
#include "guest/schema.def"

/* Fields, record by record; a record comes after those that it has lists of. */
#define SLIP_RECORD(r, doc) static const struct slip_field fields_##r[] = {
#define SLIP_TXT(r, f, s, k, def, d)         \
    {.name = #f,                             \
     .key = k,                               \
     .key_len = sizeof(k) - 1,               \
     .kind = SLIP_KIND_STR,                  \
     .syntax = SLIP_SYNTAX_##s,              \
     .offset = offsetof(struct slip_##r, f), \
     .default_text = def,                    \
     .doc = d},
#define SLIP_INT(r, f, k, lo, hi, u, def, d) \
    {.name = #f,                             \
     .key = k,                               \
     .key_len = sizeof(k) - 1,               \
     .kind = SLIP_KIND_INT,                  \
     .offset = offsetof(struct slip_##r, f), \
     .min = lo,                              \
     .max = hi,                              \
     .unit = u,                              \
     .default_text = def,                    \
     .doc = d},
#define SLIP_BOOL(r, f, k, def, d)           \
    {.name = #f,                             \
     .key = k,                               \
     .key_len = sizeof(k) - 1,               \
     .kind = SLIP_KIND_BOOL,                 \
     .unit = "",                             \
     .offset = offsetof(struct slip_##r, f), \
     .max = 1,                               \
     .default_text = def,                    \
     .doc = d},
#define SLIP_ENUM_FIELD(r, f, e, k, def, d)  \
    {.name = #f,                             \
     .key = k,                               \
     .key_len = sizeof(k) - 1,               \
     .kind = SLIP_KIND_ENUM,                 \
     .offset = offsetof(struct slip_##r, f), \
     .words = &enum_table_##e,               \
     .default_text = def,                    \
     .doc = d},
#define SLIP_TXTS(r, f, s, k, d)             \
    {.name = #f,                             \
     .key = k,                               \
     .key_len = sizeof(k) - 1,               \
     .kind = SLIP_KIND_STRS,                 \
     .syntax = SLIP_SYNTAX_##s,              \
     .offset = offsetof(struct slip_##r, f), \
     .default_text = "none",                 \
     .doc = d},
#define SLIP_LIST(r, f, it, k, d)            \
    {.name = #f,                             \
     .key = k,                               \
     .key_len = sizeof(k) - 1,               \
     .kind = SLIP_KIND_LIST,                 \
     .offset = offsetof(struct slip_##r, f), \
     .item = &slip__record_##it,             \
     .default_text = "none",                 \
     .doc = d},
#define SLIP_RECORD_END(r) \
    }                      \
    ;
#include "guest/schema.def"

#define SLIP_RECORD(r, doc)                  static const unsigned char name_lens_##r[] = {
#define SLIP_TXT(r, f, s, k, def, d)         sizeof(#f) - 1,
#define SLIP_INT(r, f, k, lo, hi, u, def, d) sizeof(#f) - 1,
#define SLIP_BOOL(r, f, k, def, d)           sizeof(#f) - 1,
#define SLIP_ENUM_FIELD(r, f, e, k, def, d)  sizeof(#f) - 1,
#define SLIP_TXTS(r, f, s, k, d)             sizeof(#f) - 1,
#define SLIP_LIST(r, f, it, k, d)            sizeof(#f) - 1,
#define SLIP_RECORD_END(r) \
    }                      \
    ;
#include "guest/schema.def"

#define SLIP_RECORD(r, d)                         \
    const struct slip_record slip__record_##r = { \
        .name = #r,                               \
        .doc = d,                                 \
        .size = sizeof(struct slip_##r),          \
        .n_fields = SLIP_COUNT(fields_##r),       \
        .fields = fields_##r,                     \
        .name_lens = name_lens_##r,               \
    };
#include "guest/schema.def"

#define SLIP_TOPIC_guest(f, t) {t, offsetof(struct slip_guest, f)},
#define SLIP_TOPIC(r, f, t)    SLIP_TOPIC_##r(f, t)
const struct slip_topic slip__guest_topics[] = {
#include "guest/schema.def"
};
const size_t slip__guest_n_topics = SLIP_COUNT(slip__guest_topics);

/* A list of records, whatever its records are: the head of every struct slip_<record>_list. */
struct any_list {
    struct slip_mark mark;
    size_t count;
    void *items;
};

#define CHECK_LIST(r)                                                           \
    _Static_assert(sizeof(struct slip_##r##_list) == sizeof(struct any_list) && \
                       offsetof(struct slip_##r##_list, items) ==               \
                           offsetof(struct any_list, items),                    \
                   "every list of records has the shape of any_list");
#define SLIP_LIST(r, f, item, k, d) CHECK_LIST(item)
#include "guest/schema.def"

const struct slip_field *slip__field_find_len(const struct slip_record *record, const char *key,
                                              size_t len)
{
    /* Most keys differ in length or in the first letter; a compare of each would cost a description of a few lines more than all
     * the rest of its reading. */
    for (size_t i = 0; len && i < record->n_fields; i++) {
        const struct slip_field *field = &record->fields[i];

        if (field->key_len == len && field->key[0] == key[0] && memcmp(field->key, key, len) == 0)
            return field;
    }
    return NULL;
}

const struct slip_field *slip__field_find(const struct slip_record *record, const char *key)
{
    return slip__field_find_len(record, key, strlen(key));
}

const struct slip_field *slip__field_named(const struct slip_record *record, const char *name)
{
    const unsigned char *lens = record->name_lens, *end = lens + record->n_fields, *at;
    size_t len = strlen(name);

    for (at = lens; (at = memchr(at, (int)len, (size_t)(end - at))); at++) {
        const struct slip_field *field = &record->fields[at - lens];

        if (memcmp(field->name, name, len) == 0)
            return field;
    }
    return NULL;
}

struct slip_mark *slip__field_mark(const struct slip_field *field, void *object)
{
    return (struct slip_mark *)(void *)((char *)object + field->offset);
}

static void *value_of(const struct slip_field *field, void *object)
{
    return (char *)object + field->offset;
}

static const void *const_value_of(const struct slip_field *field, const void *object)
{
    return (const char *)object + field->offset;
}

static char *copy_text(const char *text, size_t len)
{
    char *copy = malloc(len + 1);

    if (!copy)
        return NULL;
    if (len)
        memcpy(copy, text, len);
    copy[len] = 0;
    return copy;
}

int slip__str_set(struct slip_str *str, const char *text, size_t len, struct slip_mark mark)
{
    char *copy = copy_text(text, len);

    if (!copy)
        return -1;
    free(str->value);
    *str = (struct slip_str){mark, copy};
    return 0;
}

void slip__num_set(struct slip_num *num, int64_t value, struct slip_mark mark)
{
    *num = (struct slip_num){mark, value};
}

int slip__strs_add(struct slip_strs *strs, const char *text, size_t len, struct slip_mark mark)
{
    struct slip_str *items = realloc(strs->items, (strs->count + 1) * sizeof(*items));

    if (!items)
        return -1;
    strs->items = items;
    items[strs->count] = (struct slip_str){0};
    if (slip__str_set(&items[strs->count], text, len, mark) < 0)
        return -1;
    strs->count++;
    if (strs->mark.origin == SLIP_UNSET)
        strs->mark = mark;
    return 0;
}

void *slip__list_add(const struct slip_field *field, void *object, struct slip_mark mark)
{
    struct any_list *list = value_of(field, object);
    char *items = realloc(list->items, (list->count + 1) * field->item->size);
    char *item;

    if (!items)
        return NULL;
    list->items = items;
    item = items + list->count * field->item->size;
    memset(item, 0, field->item->size);
    list->count++;
    if (list->mark.origin == SLIP_UNSET)
        list->mark = mark;
    return item;
}

static void strs_dispose(struct slip_strs *strs)
{
    for (size_t i = 0; i < strs->count; i++)
        free(strs->items[i].value);
    free(strs->items);
    *strs = (struct slip_strs){0};
}

static void list_dispose(const struct slip_field *field, struct any_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        slip__object_dispose(field->item, (char *)list->items + i * field->item->size);
    free(list->items);
    *list = (struct any_list){0};
}

void slip__field_dispose(const struct slip_field *field, void *object)
{
    void *value = value_of(field, object);

    switch (field->kind) {
    case SLIP_KIND_STR:
        free(((struct slip_str *)value)->value);
        *(struct slip_str *)value = (struct slip_str){0};
        break;
    case SLIP_KIND_STRS:
        strs_dispose(value);
        break;
    case SLIP_KIND_LIST:
        list_dispose(field, value);
        break;
    case SLIP_KIND_INT:
    case SLIP_KIND_BOOL:
    case SLIP_KIND_ENUM:
        *(struct slip_num *)value = (struct slip_num){0};
        break;
    }
}

void slip__object_dispose(const struct slip_record *record, void *object)
{
    for (size_t i = 0; i < record->n_fields; i++)
        slip__field_dispose(&record->fields[i], object);
}

static int strs_copy(struct slip_strs *dst, const struct slip_strs *src)
{
    dst->mark = src->mark;
    for (size_t i = 0; i < src->count; i++) {
        const struct slip_str *s = &src->items[i];

        if (slip__strs_add(dst, s->value, strlen(s->value), s->mark) < 0)
            return -1;
    }
    return 0;
}

static int list_copy(const struct slip_field *field, void *dst_object, const struct any_list *src)
{
    *slip__field_mark(field, dst_object) = src->mark;
    for (size_t i = 0; i < src->count; i++) {
        void *item = slip__list_add(field, dst_object, src->mark);

        if (!item || slip__object_copy(field->item, item,
                                       (const char *)src->items + i * field->item->size) < 0)
            return -1;
    }
    return 0;
}

static int field_copy(const struct slip_field *field, void *dst, const void *src)
{
    const void *value = const_value_of(field, src);
    const struct slip_str *s = value;

    switch (field->kind) {
    case SLIP_KIND_STR:
        return s->value ? slip__str_set(value_of(field, dst), s->value, strlen(s->value), s->mark)
                        : 0;
    case SLIP_KIND_STRS:
        return strs_copy(value_of(field, dst), value);
    case SLIP_KIND_LIST:
        return list_copy(field, dst, value);
    case SLIP_KIND_INT:
    case SLIP_KIND_BOOL:
    case SLIP_KIND_ENUM:
        *(struct slip_num *)value_of(field, dst) = *(const struct slip_num *)value;
        break;
    }
    return 0;
}

int slip__object_copy(const struct slip_record *record, void *dst, const void *src)
{
    memset(dst, 0, record->size);
    for (size_t i = 0; i < record->n_fields; i++) {
        if (field_copy(&record->fields[i], dst, src) < 0) {
            slip__object_dispose(record, dst);
            return -1;
        }
    }
    return 0;
}

static bool strs_equal(const struct slip_strs *a, const struct slip_strs *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (strcmp(a->items[i].value, b->items[i].value) != 0)
            return false;
    }
    return true;
}

static bool list_equal(const struct slip_record *item, const struct any_list *a,
                       const struct any_list *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (!slip__object_equal(item, (const char *)a->items + i * item->size,
                                (const char *)b->items + i * item->size))
            return false;
    }
    return true;
}

static bool field_equal(const struct slip_field *field, const void *a, const void *b)
{
    const struct slip_mark *ma = const_value_of(field, a), *mb = const_value_of(field, b);

    if ((ma->origin == SLIP_UNSET) != (mb->origin == SLIP_UNSET))
        return false;
    if (ma->origin == SLIP_UNSET)
        return true;
    switch (field->kind) {
    case SLIP_KIND_STR:
        return strcmp(((const struct slip_str *)(const void *)ma)->value,
                      ((const struct slip_str *)(const void *)mb)->value) == 0;
    case SLIP_KIND_STRS:
        return strs_equal(const_value_of(field, a), const_value_of(field, b));
    case SLIP_KIND_LIST:
        return list_equal(field->item, const_value_of(field, a), const_value_of(field, b));
    case SLIP_KIND_INT:
    case SLIP_KIND_BOOL:
    case SLIP_KIND_ENUM:
        break;
    }
    return ((const struct slip_num *)(const void *)ma)->value ==
           ((const struct slip_num *)(const void *)mb)->value;
}

bool slip__object_equal(const struct slip_record *record, const void *a, const void *b)
{
    for (size_t i = 0; i < record->n_fields; i++) {
        if (!field_equal(&record->fields[i], a, b))
            return false;
    }
    return true;
}

const char *slip__enum_word(const struct slip_enum_table *table, int64_t value)
{
    for (size_t i = 0; i < table->count; i++) {
        if (table->items[i].value == value)
            return table->items[i].word;
    }
    return NULL;
}

bool slip__enum_value(const struct slip_enum_table *table, const char *word, size_t len,
                      int64_t *ret)
{
    for (size_t i = 0; i < table->count; i++) {
        if (strlen(table->items[i].word) == len && memcmp(table->items[i].word, word, len) == 0) {
            *ret = table->items[i].value;
            return true;
        }
    }
    return false;
}
