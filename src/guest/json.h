/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Objects of the schema (a guest, a disk, ...) as JSON: {"FIELD": {"value": ..., "from": "description" | "default"}, ...}; what
 * is unset is not there. */
#ifndef SLIP_GUEST_JSON_H
#define SLIP_GUEST_JSON_H

#include <jansson.h>

#include "base/error.h"
#include "guest/schema.h"

/* A new reference; NULL when out of memory. */
json_t *slip__object_to_json(const struct slip_record *record, const void *object);
/* Fills object (what was in it is not disposed of). Strict: unknown fields, wrong kinds, numbers out of range and unknown words
 * are SLIP_EINVAL, and object is then all unset. Places are not taken over: they mean nothing in another process. */
int slip__object_from_json(const struct slip_record *record, const json_t *json, void *object,
                           struct slip_error **err);

#endif
