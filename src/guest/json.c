/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Objects of the schema as JSON and back. Every field by its table; no field is named here, and none can be forgotten. */
#include "guest/json.h"

#include <string.h>

#include "base/json.h"
#include "base/limits.h"

static json_t *strs_json(const struct slip_strs *strs)
{
    json_t *array = json_array();

    for (size_t i = 0; i < strs->count; i++)
        json_array_append_new(array, json_string(strs->items[i].value));
    /* An append that failed for want of memory must not look like a shorter list. */
    if (json_array_size(array) == strs->count)
        return array;
    json_decref(array);
    return NULL;
}

/* Every list of records has the shape of struct slip_disk_list (schema.c checks it). */
static json_t *list_json(const struct slip_record *item, const struct slip_disk_list *list)
{
    json_t *array = json_array();

    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(
            array,
            slip__object_to_json(item, (const char *)(const void *)list->items + i * item->size));
    if (json_array_size(array) == list->count)
        return array;
    json_decref(array);
    return NULL;
}

static json_t *value_json(const struct slip_field *field, const void *value)
{
    const struct slip_num *num = value;

    switch (field->kind) {
    case SLIP_KIND_STR:
        return json_string(((const struct slip_str *)value)->value);
    case SLIP_KIND_INT:
        return json_integer(num->value);
    case SLIP_KIND_BOOL:
        return json_boolean(num->value);
    case SLIP_KIND_ENUM:
        return json_string(slip__enum_word(field->words, num->value));
    case SLIP_KIND_STRS:
        return strs_json(value);
    case SLIP_KIND_LIST:
        return list_json(field->item, value);
    }
    return NULL;
}

/* key: value in object. NULL, and both gone, when either is NULL or memory is short. (json_pack() would say the same in a
 * line, and takes three times as long.) */
static json_t *put(json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new_nocheck(object, key, value) == 0) /* takes value in any case */
        return object;
    json_decref(object);
    return NULL;
}

static json_t *span_json(const struct slip_span *span)
{
    json_t *json = put(json_object(), "source", json_integer(span->source));

    json = put(json, "start", json_integer(span->start));
    return put(json, "end", json_integer(span->end));
}

static json_t *field_json(const struct slip_field *field, const void *object)
{
    const void *value = (const char *)object + field->offset;
    const struct slip_mark *mark = value;
    json_t *json = put(json_object(), "value", value_json(field, value));

    json = put(json, "from", json_string(mark->origin == SLIP_GIVEN ? "description" : "default"));
    return mark->span.source ? put(json, "span", span_json(&mark->span)) : json;
}

json_t *slip__object_to_json(const struct slip_record *record, const void *object)
{
    json_t *json = json_object();

    for (size_t i = 0; json && i < record->n_fields; i++) {
        const struct slip_field *field = &record->fields[i];
        const struct slip_mark *mark = (const void *)((const char *)object + field->offset);

        if (mark->origin != SLIP_UNSET)
            json = put(json, field->name, field_json(field, object));
    }
    return json;
}

/* --- the way back ----------------------------------------------------------------------------------------------- */

static int wrong(const struct slip_field *field, const char *what, struct slip_error **err)
{
    return slip__error_code(err, SLIP_EINVAL, SLIP_CODE_BAD_MESSAGE, "'%s' %s", field->name, what);
}

static int num_from_json(const struct slip_field *field, struct slip_num *num, const json_t *value,
                         struct slip_mark mark, struct slip_error **err)
{
    int64_t n = 0;

    switch (field->kind) {
    case SLIP_KIND_INT:
        n = json_integer_value(value);
        if (!json_is_integer(value) || n < field->min || n > field->max)
            return wrong(field, "is no number of its range", err);
        break;
    case SLIP_KIND_BOOL:
        if (!json_is_boolean(value))
            return wrong(field, "is neither true nor false", err);
        n = json_is_true(value);
        break;
    default:
        if (!json_is_string(value) || !slip__enum_value(field->words, json_string_value(value),
                                                        json_string_length(value), &n))
            return wrong(field, "is none of its words", err);
    }
    slip__num_set(num, n, mark);
    return 0;
}

/* No value of ours has a NUL inside: C would read less than was checked. */
static bool is_text(const json_t *value)
{
    return json_is_string(value) && strlen(json_string_value(value)) == json_string_length(value);
}

static int str_from_json(const struct slip_field *field, struct slip_str *str, const json_t *value,
                         struct slip_mark mark, struct slip_error **err)
{
    if (!is_text(value))
        return wrong(field, "is no text", err);
    if (slip__str_set(str, json_string_value(value), json_string_length(value), mark) < 0)
        return slip__error_oom(err);
    return 0;
}

static int strs_from_json(const struct slip_field *field, struct slip_strs *strs,
                          const json_t *value, struct slip_mark mark, struct slip_error **err)
{
    if (!json_is_array(value) || json_array_size(value) > SLIP_LIMIT_MODULES)
        return wrong(field, "is no list of texts", err);
    strs->mark = mark; /* an empty list is set, too */
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *item = json_array_get(value, i);

        if (!is_text(item))
            return wrong(field, "has an item that is no text", err);
        if (slip__strs_add(strs, json_string_value(item), json_string_length(item), mark) < 0)
            return slip__error_oom(err);
    }
    return 0;
}

static int list_from_json(const struct slip_field *field, void *object, const json_t *value,
                          struct slip_mark mark, struct slip_error **err)
{
    int rc = 0;

    if (!json_is_array(value) || json_array_size(value) > SLIP_LIMIT_LIST_ITEMS)
        return wrong(field, "is no list", err);
    *slip__field_mark(field, object) = mark;
    for (size_t i = 0; rc == 0 && i < json_array_size(value); i++) {
        void *item = slip__list_add(field, object, mark);

        rc = item ? slip__object_from_json(field->item, json_array_get(value, i), item, err)
                  : slip__error_oom(err);
    }
    return rc;
}

static int field_from_json(const struct slip_field *field, void *object, const json_t *json,
                           struct slip_error **err)
{
    const json_t *value = json_object_get(json, "value"), *from = json_object_get(json, "from");
    const char *origin = json_string_value(from);
    void *dst = slip__field_mark(field, object);
    struct slip_mark mark = {.origin = SLIP_GIVEN};

    if (!value || !origin)
        return wrong(field, "has no value, or does not say where it is from", err);
    if (strcmp(origin, "default") == 0)
        mark.origin = SLIP_DEFAULT;
    else if (strcmp(origin, "description") != 0)
        return wrong(field, "is from nowhere that is known", err);
    switch (field->kind) {
    case SLIP_KIND_STR:
        return str_from_json(field, dst, value, mark, err);
    case SLIP_KIND_STRS:
        return strs_from_json(field, dst, value, mark, err);
    case SLIP_KIND_LIST:
        return list_from_json(field, object, value, mark, err);
    default:
        return num_from_json(field, dst, value, mark, err);
    }
}

int slip__object_from_json(const struct slip_record *record, const json_t *json, void *object,
                           struct slip_error **err)
{
    const char *name;
    json_t *member;
    int rc = 0;

    memset(object, 0, record->size);
    if (!json_is_object(json))
        return slip__error_code(err, SLIP_EINVAL, SLIP_CODE_BAD_MESSAGE, "a %s is no JSON object",
                                record->name);
    json_object_foreach((json_t *)json, name, member)
    {
        const struct slip_field *field = slip__field_named(record, name);

        rc = field ? field_from_json(field, object, member, err)
                   : slip__error_code(err, SLIP_EINVAL, SLIP_CODE_BAD_MESSAGE,
                                      "a %s has no '%.60s'", record->name, name);
        if (rc < 0)
            break;
    }
    if (rc < 0)
        slip__object_dispose(record, object);
    return rc;
}
