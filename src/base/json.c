/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What jansson leaves to be done with care: large numbers, and running out of memory. */
#include "base/json.h"

#include "base/buf.h"

json_t *slip__json_uint(uint64_t value)
{
    return value <= INT64_MAX ? json_integer((json_int_t)value) : json_real((double)value);
}

json_t *slip__json_append(json_t *array, json_t *item)
{
    if (json_array_append_new(array, item) == 0) /* takes item in any case */
        return array;
    json_decref(array);
    return NULL;
}

json_t *slip__json_put(json_t *object, const char *key, json_t *value)
{
    if (object && json_object_set_new(object, key, value) == 0)
        return object;
    if (!object)
        json_decref(value);
    json_decref(object);
    return NULL;
}

static int take(const char *bytes, size_t len, void *payload)
{
    struct slip_buf *buf = payload;

    slip__buf_put(buf, bytes, len);
    return buf->failed ? -1 : 0;
}

/* Into a buffer of our own, whose failure stays: json_dumps() gives a text with holes when memory runs out while it is written
 * (jansson 2.14 passes over such a failure in an object's key). */
static char *to_text(const json_t *json, size_t flags)
{
    struct slip_buf buf = {0};

    if (json_dump_callback(json, take, &buf, flags) == 0)
        return slip__buf_steal(&buf);
    slip__buf_dispose(&buf);
    return NULL;
}

int slip__json_dump(json_t *json, size_t flags, char **ret, struct slip_error **err)
{
    char *text = json ? to_text(json, flags) : NULL;

    json_decref(json);
    if (!text)
        return slip__error_oom(err);
    *ret = text;
    return 0;
}
