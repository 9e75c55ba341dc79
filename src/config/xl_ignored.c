/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keys that mean nothing any more: xl itself (tools/xl/xl_parse.c of Xen 4.17 to 4.20) passes over them. One table: the
 * reader warns from it and docs/guest-file.md lists it. Keys that mean something and that no engine acts on are no
 * business of a reader: what engines do with them is said when a guest is planned. It must not know how a key is read.
 */
#include <string.h>

#include "base/cleanup.h"
#include "config/xl.h"

static const struct group {
    const char *reason;
    const char *keys[32]; /* ends with a NULL, or full */
} groups[] = {
    {"Slipway makes no such device", {"vif2"}},
    {"viewers are started by whoever wants to view", {"vncviewer", "vncconsole"}},
    {"Xen has no such thing any more", {"static_shm", "superpages", "features"}},
};

static const struct part {
    const char *record;
    const char *key;
    const char *reason;
} parts[] = {
    {"vif", "accel", "xl does not act on it either"},
};

const char *slip__xl_ignored_next(struct xl_ignored_cursor *cursor, const char **ret_reason)
{
    while (cursor->group < SLIP_COUNT(groups)) {
        const struct group *g = &groups[cursor->group];

        if (cursor->key < SLIP_COUNT(g->keys) && g->keys[cursor->key]) {
            *ret_reason = g->reason;
            return g->keys[cursor->key++];
        }
        *cursor = (struct xl_ignored_cursor){cursor->group + 1, 0};
    }
    return NULL;
}

const char *slip__xl_ignored_reason(const char *key, size_t len)
{
    struct xl_ignored_cursor cursor = {0};
    const char *known, *reason;

    while ((known = slip__xl_ignored_next(&cursor, &reason))) {
        if (strlen(known) == len && memcmp(known, key, len) == 0)
            return reason;
    }
    return NULL;
}

const char *slip__xl_ignored_part_at(const char *record, size_t index, const char **ret_reason)
{
    for (size_t i = 0; i < SLIP_COUNT(parts); i++) {
        if (strcmp(parts[i].record, record) != 0 || index-- > 0)
            continue;
        if (ret_reason)
            *ret_reason = parts[i].reason;
        return parts[i].key;
    }
    return NULL;
}

const char *slip__xl_ignored_part(const char *record, const char *key, size_t len)
{
    const char *known, *reason;

    for (size_t i = 0; (known = slip__xl_ignored_part_at(record, i, &reason)); i++) {
        if (strlen(known) == len && memcmp(known, key, len) == 0)
            return reason;
    }
    return NULL;
}
