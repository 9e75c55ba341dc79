/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest as an object: made, freed, asked its name, shown as JSON. It must not know what makes a guest right or wrong. */
#include "guest/guest.h"

#include <stdlib.h>

#include "base/json.h"

struct slip_guest *slip__guest_new(void)
{
    return calloc(1, sizeof(struct slip_guest));
}

void slip__guest_free(struct slip_guest *guest)
{
    if (!guest)
        return;
    slip__object_dispose(&slip__record_guest, guest);
    free(guest);
}

void slip_guest_free(struct slip_guest *guest)
{
    slip__guest_free(guest);
}

const char *slip_guest_name(const struct slip_guest *guest)
{
    return guest->name.value;
}

enum slip_boot_method slip__guest_boot_method(const struct slip_guest *guest)
{
    if (SLIP_IS_SET(guest->kernel))
        return SLIP_BOOT_KERNEL;
    return SLIP_IS_SET(guest->bootloader) ? SLIP_BOOT_BOOTLOADER : SLIP_BOOT_FIRMWARE;
}

static json_t *object_json(const struct slip_record *record, const void *object);

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
            array, object_json(item, (const char *)(const void *)list->items + i * item->size));
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

static json_t *object_json(const struct slip_record *record, const void *object)
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

int slip_guest_to_json(const struct slip_guest *guest, char **ret, struct slip_error **err)
{
    if (!guest || !ret)
        return slip__error(err, SLIP_EINVAL, "slip_guest_to_json() needs a guest and a result");
    return slip__json_dump(object_json(&slip__record_guest, guest), JSON_INDENT(2), ret, err);
}
