/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* XenStore's requests about nodes: lists of changes, which store.c carries out, and reading. Knows no socket. */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <xen/io/xs_wire.h>

#include "base/cleanup.h"
#include "engine/xen/limits.h"
#include "engine/xen/store_wire.h"

/* Lists of changes. */

void slip__xen_nodes_dispose(struct slip_xen_nodes *nodes)
{
    slip__buf_dispose(&nodes->bytes);
    *nodes = (struct slip_xen_nodes){0};
}

/* A path of this format into ret. */
__attribute__((format(printf, 2, 0))) static bool format_path(char ret[SLIP_XEN_PATH_BYTES],
                                                              const char *fmt, va_list args)
{
    int len = vsnprintf(ret, SLIP_XEN_PATH_BYTES, fmt, args);

    return len > 0 && len < SLIP_XEN_PATH_BYTES;
}

static void add(struct slip_xen_nodes *nodes, uint32_t type, const char *path, bool path_ok,
                const char *rest, size_t rest_len)
{
    size_t path_len = strlen(path) + 1;

    if (!path_ok || path_len + rest_len > XENSTORE_PAYLOAD_MAX) {
        nodes->failed = true;
        return;
    }
    slip__xen_wire_head(&nodes->bytes, type, path_len + rest_len);
    slip__buf_put(&nodes->bytes, path, path_len);
    slip__buf_put(&nodes->bytes, rest, rest_len);
    nodes->count++;
}

/* Permissions as they are sent: each with its end instead of the commas. */
static void add_perms(struct slip_xen_nodes *nodes, const char *path, bool path_ok,
                      const char *perms)
{
    char text[64];
    size_t len = strlen(perms) + 1;

    if (len > sizeof(text)) {
        nodes->failed = true;
        return;
    }
    for (size_t i = 0; i < len; i++)
        text[i] = perms[i] == ',' ? '\0' : perms[i];
    add(nodes, XS_SET_PERMS, path, path_ok, text, len);
}

void slip__xen_nodes_write(struct slip_xen_nodes *nodes, const char *value, const char *path, ...)
{
    char whole[SLIP_XEN_PATH_BYTES];
    va_list args;
    bool ok;

    va_start(args, path);
    ok = format_path(whole, path, args);
    va_end(args);
    add(nodes, XS_WRITE, whole, ok, value, strlen(value));
}

void slip__xen_nodes_perms(struct slip_xen_nodes *nodes, const char *perms, const char *path, ...)
{
    char whole[SLIP_XEN_PATH_BYTES];
    va_list args;
    bool ok;

    va_start(args, path);
    ok = format_path(whole, path, args);
    va_end(args);
    add_perms(nodes, whole, ok, perms);
}

void slip__xen_nodes_mkdir(struct slip_xen_nodes *nodes, const char *perms, const char *path, ...)
{
    char whole[SLIP_XEN_PATH_BYTES];
    va_list args;
    bool ok;

    va_start(args, path);
    ok = format_path(whole, path, args);
    va_end(args);
    add(nodes, XS_MKDIR, whole, ok, "", 0);
    if (perms)
        add_perms(nodes, whole, ok, perms);
}

void slip__xen_nodes_introduce(struct slip_xen_nodes *nodes, uint32_t domid, uint64_t frame,
                               uint32_t port)
{
    char id[16], rest[48];
    int len;

    snprintf(id, sizeof(id), "%u", domid);
    len = snprintf(rest, sizeof(rest), "%llu%c%u", (unsigned long long)frame, 0, port);
    add(nodes, XS_INTRODUCE, id, true, rest, (size_t)len + 1);
}

void slip__xen_nodes_watch(struct slip_xen_nodes *nodes, const char *path, const char *token)
{
    add(nodes, XS_WATCH, path, true, token, strlen(token) + 1);
}

void slip__xen_nodes_remove(struct slip_xen_nodes *nodes, const char *path, ...)
{
    char whole[SLIP_XEN_PATH_BYTES];
    va_list args;
    bool ok;

    va_start(args, path);
    ok = format_path(whole, path, args);
    va_end(args);
    add(nodes, XS_RM, whole, ok, "", 0);
}

/* Reading. */

static void note_read(void *payload, unsigned index, uint32_t type, const char *bytes, size_t len)
{
    struct slip_xen_read *read = (struct slip_xen_read *)payload + index;

    read->found = type == XS_READ && slip__xen_wire_text(read->value, read->size, bytes, len);
    if (!read->found && read->size)
        read->value[0] = '\0';
}

int slip__xen_store_read_all(struct slip_xen_store *store, struct slip_xen_read *reads,
                             size_t count, struct slip_error **err)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf bytes = {0};

    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(reads[i].path) + 1;

        slip__xen_wire_head(&bytes, XS_READ, len);
        slip__buf_put(&bytes, reads[i].path, len);
        reads[i].found = false;
        if (reads[i].size)
            reads[i].value[0] = '\0';
    }
    return count ? slip__xen_wire_exchange(store, &bytes, (unsigned)count, note_read, reads, err)
                 : 0;
}

bool slip__xen_store_read(struct slip_xen_store *store, char *ret, size_t size, const char *path,
                          ...)
{
    struct slip_xen_read read = {.value = ret, .size = size};
    va_list args;
    bool ok;

    va_start(args, path);
    ok = format_path(read.path, path, args);
    va_end(args);
    ret[0] = '\0';
    return ok && slip__xen_store_read_all(store, &read, 1, NULL) == 0 && read.found;
}

bool slip__xen_store_parse_uint(const char *text, uint64_t *ret)
{
    uint64_t value = 0;

    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || __builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
            return false;
    }
    *ret = value;
    return true;
}

bool slip__xen_store_read_uint(struct slip_xen_store *store, uint64_t *ret, const char *path, ...)
{
    char whole[SLIP_XEN_PATH_BYTES], text[24];
    va_list args;
    bool ok;

    va_start(args, path);
    ok = format_path(whole, path, args);
    va_end(args);
    return ok && slip__xen_store_read(store, text, sizeof(text), "%s", whole) &&
           slip__xen_store_parse_uint(text, ret);
}

/* A folder of more than one message's names, part after part. The generation in front of each tells whether it changed
 * meanwhile; then it is read anew. */
static int list_parts(struct slip_xen_store *store, struct slip_buf *ret, const char *path,
                      struct slip_error **err)
{
    char generation[32] = "", offset[32];

    ret->len = 0;
    while (ret->len < SLIP_LIMIT_XENSTORE_LIST_BYTES) {
        SLIP_AUTO(slip__buf_dispose) struct slip_buf part = {0};
        const char *names;
        size_t len;
        int rc;

        snprintf(offset, sizeof(offset), "%zu", ret->len);
        rc = slip__xen_wire_request(store, XS_DIRECTORY_PART, (const char *[3]){path, offset},
                                    &part, err);
        if (rc < 0)
            return rc;
        names = part.data ? memchr(part.data, 0, part.len) : NULL;
        if (!names || names - part.data >= (ptrdiff_t)sizeof(generation))
            break;
        if (ret->len && strcmp(generation, part.data) != 0) {
            ret->len = 0;
            continue;
        }
        memcpy(generation, part.data, (size_t)(names - part.data) + 1);
        len = part.len - (size_t)(++names - part.data);
        /* The last part ends in an empty name. */
        if (len && !names[len - 1] && (len == 1 || !names[len - 2])) {
            slip__buf_put(ret, names, len - 1);
            return 0;
        }
        if (!len)
            break;
        slip__buf_put(ret, names, len);
    }
    return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_XENSTORE_FAILED,
                            "XenStore's list of '%s' makes no sense", path);
}

int slip__xen_store_list(struct slip_xen_store *store, struct slip_buf *ret, const char *path, ...)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf bytes = {0};
    char whole[SLIP_XEN_PATH_BYTES];
    struct slip_xen_answer answer = {0};
    va_list args;
    bool ok;
    int rc;

    *ret = (struct slip_buf){0};
    va_start(args, path);
    ok = format_path(whole, path, args);
    va_end(args);
    if (!ok)
        return SLIP_EENGINE;
    slip__xen_wire_head(&bytes, XS_DIRECTORY, strlen(whole) + 1);
    slip__buf_put(&bytes, whole, strlen(whole) + 1);
    rc = slip__xen_wire_exchange(store, &bytes, 1, slip__xen_wire_one_answer, &answer, NULL);
    *ret = answer.bytes;
    if (rc == 0 && answer.errnum == E2BIG)
        rc = list_parts(store, ret, whole, NULL);
    else if (rc == 0 && answer.errnum && answer.errnum != ENOENT)
        rc = SLIP_EENGINE;
    if (rc == 0 && ret->len && (ret->failed || ret->data[ret->len - 1]))
        rc = SLIP_EENGINE;
    if (rc < 0)
        slip__buf_dispose(ret);
    return rc;
}

const char *slip__xen_store_list_next(const struct slip_buf *names, const char *name)
{
    const char *next = name ? name + strlen(name) + 1 : names->data;

    return next && next < names->data + names->len ? next : NULL;
}
