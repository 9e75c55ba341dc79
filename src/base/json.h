/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON as the library's reports and messages need it, over jansson. Knows no report. */
#ifndef SLIP_BASE_JSON_H
#define SLIP_BASE_JSON_H

#include <stdint.h>

#include <jansson.h>

#include "base/error.h"

/* A number of all 64 bits. jansson's integers end at 63: past them it is the nearest double, never a negative number. */
json_t *slip__json_uint(uint64_t value);
/* array with item at its end; NULL, and both gone, when either is NULL or memory is short. */
json_t *slip__json_append(json_t *array, json_t *item);
/* object with key: value; the same otherwise. */
json_t *slip__json_put(json_t *object, const char *key, json_t *value);
/* Writes json as text and drops the reference to it. NULL is taken for what a maker gives that ran out of memory. flags are
 * jansson's JSON_INDENT(2), ... *ret is the caller's to free(). */
int slip__json_dump(json_t *json, size_t flags, char **ret, struct slip_error **err);

#endif
