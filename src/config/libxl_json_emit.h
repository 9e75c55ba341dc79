/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pieces of the writer of libxl's JSON. Inside this folder only. All: NULL when out of memory, what was put in is gone. */
#ifndef SLIP_CONFIG_LIBXL_JSON_EMIT_H
#define SLIP_CONFIG_LIBXL_JSON_EMIT_H

#include "config/libxl_json.h"

/* key: value in object. */
json_t *slip__jx_put(json_t *object, const char *key, json_t *value);
json_t *slip__jx_append(json_t *array, json_t *item);
/* The same for an array, which is left out when it is empty. */
json_t *slip__jx_put_list(json_t *object, const char *key, json_t *array);
/* The given fields of record that the object has keys for. */
json_t *slip__jx_fields(enum jx_object object, void *record, json_t *json);
/* The arrays of devices. */
json_t *slip__jx_devices(json_t *json, struct slip_emit *e);

#endif
