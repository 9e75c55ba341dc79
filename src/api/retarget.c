/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The public way to the same guest in another container. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "guest/guest.h"
#include "guest/retarget.h"
#include "slipway/guest.h"

void slip_changes_free(struct slip_changes *changes)
{
    if (!changes)
        return;
    slip__changes_dispose(changes);
    free(changes);
}

size_t slip_changes_count(const struct slip_changes *changes)
{
    return changes->count;
}

int slip_changes_to_text(const struct slip_changes *changes, size_t index, char **ret,
                         struct slip_error **err)
{
    const struct slip_change *c;

    if (!changes || !ret || index >= changes->count)
        return slip__error(err, SLIP_EINVAL, "slip_changes_to_text() needs changes and a result");
    c = &changes->items[index];
    if (asprintf(ret, "%s: %s%s%s (%s)", c->setting, c->before[0] ? c->before : "added",
                 c->after[0] ? c->before[0] ? " -> " : ": " : " is gone", c->after,
                 c->reason) < 0) {
        *ret = NULL;
        return slip__error_oom(err);
    }
    return 0;
}

int slip_changes_to_json(const struct slip_changes *changes, char **ret, struct slip_error **err)
{
    json_t *array = json_array();

    if (!changes || !ret) {
        json_decref(array);
        return slip__error(err, SLIP_EINVAL, "slip_changes_to_json() needs changes and a result");
    }
    for (size_t i = 0; i < changes->count; i++) {
        const struct slip_change *c = &changes->items[i];

        array = slip__json_append(array,
                                  json_pack("{s:s, s:s, s:s, s:s}", "setting", c->setting, "before",
                                            c->before, "after", c->after, "reason", c->reason));
    }
    return slip__json_dump(array, JSON_INDENT(2), ret, err);
}

int slip_guest_retarget(const struct slip_guest *guest, const char *type, struct slip_guest **ret,
                        struct slip_changes **ret_changes, struct slip_error **err)
{
    const struct slip_field *field = slip__field_named(&slip__record_guest, "type");
    struct slip_changes *changes;
    struct slip_guest *copy;
    int64_t to;

    if (!guest || !type || !ret || !ret_changes)
        return slip__error(err, SLIP_EINVAL,
                           "slip_guest_retarget() needs a guest, a type and two results");
    if (!slip__enum_value(field->words, type, strlen(type), &to)) {
        slip__error(err, SLIP_EINVAL, "no type '%.40s'", type);
        slip__error_hint(err, "one of pv, pvh, hvm");
        return SLIP_EINVAL;
    }
    copy = slip__guest_new();
    changes = calloc(1, sizeof(*changes));
    if (!copy || !changes || slip__object_copy(&slip__record_guest, copy, guest) < 0 ||
        slip__guest_retarget(copy, (enum slip_type)to, changes) < 0) {
        slip__guest_free(copy);
        slip_changes_free(changes);
        return slip__error_oom(err);
    }
    *ret = copy;
    *ret_changes = changes;
    return 0;
}
