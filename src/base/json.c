/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What jansson leaves to be done with care: large numbers, and running out of memory. */
#include "base/json.h"

#include <stdlib.h>

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

/* json_dumps() gives a text with holes when memory runs out while it is written (jansson 2.14 passes over such a failure
 * in an object's key), so it is measured first and written into what is there. */
static char *to_text(const json_t *json, size_t flags)
{
    size_t len = json_dumpb(json, NULL, 0, flags);
    char *text = len ? malloc(len + 1) : NULL;

    if (!text)
        return NULL;
    if (json_dumpb(json, text, len, flags) != len) {
        free(text);
        return NULL;
    }
    text[len] = 0;
    return text;
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
