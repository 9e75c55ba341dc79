/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The QMP conversation: bounded lines in, commands out, replies matched by id. Must not know what a guest is. */
#include "engine/qemu/qmp.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "engine/qemu/limits.h"

#define READ_BYTES 4096u
/* Steps (a read, or a message passed over) that one look takes at most: some milliseconds. */
#define STEPS_MAX 256u

void slip__qmp_init(struct slip_qmp *qmp, int fd, const char *const *events)
{
    *qmp = (struct slip_qmp){.fd = fd, .events = events};
}

void slip__qmp_dispose(struct slip_qmp *qmp)
{
    free(qmp->buf);
    json_decref(qmp->backlog);
    *qmp = (struct slip_qmp){.fd = -1};
}

/* Takes the first line out of the buffer as JSON. 1, 0: there is no whole line, negative: *err. */
static int take_line(struct slip_qmp *qmp, json_t **ret, struct slip_error **err)
{
    char *end = qmp->len > qmp->scanned
                    ? memchr(qmp->buf + qmp->scanned, '\n', qmp->len - qmp->scanned)
                    : NULL;
    json_error_t why;
    json_t *message;
    size_t len;

    if (!end) {
        qmp->scanned = qmp->len;
        return 0;
    }
    len = (size_t)(end - qmp->buf) + 1;
    message = json_loadb(qmp->buf, len, JSON_REJECT_DUPLICATES, &why);
    qmp->len -= len;
    memmove(qmp->buf, qmp->buf + len, qmp->len);
    qmp->scanned = 0;
    if (!message && json_error_code(&why) == json_error_out_of_memory)
        return slip__error_oom(err);
    if (!json_is_object(message)) {
        json_decref(message);
        return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_QEMU_FAILED,
                                "QEMU sent %zu bytes that are no QMP message", len);
    }
    *ret = message;
    return 1;
}

/* Reads what is there. 1: something came, 0: nothing now or the end, negative: *err. */
static int fill(struct slip_qmp *qmp, struct slip_error **err)
{
    ssize_t got;

    if (qmp->eof)
        return 0;
    if (qmp->len >= SLIP_LIMIT_QMP_BYTES)
        return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_QEMU_FAILED,
                                "QEMU sent a QMP message of more than %u bytes",
                                SLIP_LIMIT_QMP_BYTES);
    if (qmp->cap - qmp->len < READ_BYTES) {
        size_t cap = qmp->cap ? 2 * qmp->cap : READ_BYTES;
        char *buf = realloc(qmp->buf, cap);

        if (!buf)
            return slip__error_oom(err);
        qmp->buf = buf;
        qmp->cap = cap;
    }
    got = recv(qmp->fd, qmp->buf + qmp->len, qmp->cap - qmp->len, MSG_DONTWAIT);
    if (got > 0) {
        qmp->len += (size_t)got;
        return 1;
    }
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return 0;
    if (got < 0 && errno != ECONNRESET)
        return slip__error_errno(err, SLIP_EENGINE, errno, "cannot read from QEMU");
    qmp->eof = qmp->gone = true;
    return 0;
}

/* Replies, and the events that were asked for. */
static bool is_wanted(const struct slip_qmp *qmp, const json_t *message)
{
    const char *event = json_string_value(json_object_get(message, "event"));

    for (const char *const *wanted = qmp->events; event && *wanted; wanted++)
        if (strcmp(event, *wanted) == 0)
            return true;
    return !event;
}

/* What a step towards the next message came to. */
enum { NOTHING_THERE = 0, GOT_MESSAGE = 1, STEPPED = 2 };

/* A step towards the next message off the socket, past the backlog. */
static int step(struct slip_qmp *qmp, json_t **ret, struct slip_error **err)
{
    json_t *message;
    int rc = take_line(qmp, &message, err);

    if (rc == 0) {
        rc = fill(qmp, err);
        return rc > 0 ? STEPPED : rc;
    }
    if (rc < 0)
        return rc;
    if (!is_wanted(qmp, message)) {
        json_decref(message);
        return STEPPED;
    }
    *ret = message;
    return GOT_MESSAGE;
}

int slip__qmp_next(struct slip_qmp *qmp, json_t **ret, struct slip_error **err)
{
    int rc = STEPPED;

    qmp->more = true;
    if (json_array_size(qmp->backlog)) {
        *ret = json_incref(json_array_get(qmp->backlog, 0));
        json_array_remove(qmp->backlog, 0);
        return GOT_MESSAGE;
    }
    for (unsigned i = 0; rc == STEPPED && i < STEPS_MAX; i++)
        rc = step(qmp, ret, err);
    qmp->more = rc > 0;
    return rc == STEPPED ? 0 : rc;
}

/* Takes message. */
static int keep_for_later(struct slip_qmp *qmp, json_t *message, struct slip_error **err)
{
    if (!qmp->backlog)
        qmp->backlog = json_array();
    if (json_array_size(qmp->backlog) >= SLIP_QMP_BACKLOG) {
        json_decref(message);
        return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_QEMU_FAILED,
                                "QEMU sent more than %u messages instead of a reply",
                                SLIP_QMP_BACKLOG);
    }
    if (json_array_append_new(qmp->backlog, message) < 0)
        return slip__error_oom(err);
    return 0;
}

/* Waits for more to read, until deadline; does not wait if there is something. */
static int wait_readable(struct slip_qmp *qmp, const char *what, bool there, uint64_t deadline_us,
                         struct slip_error **err)
{
    struct pollfd pfd = {.fd = qmp->fd, .events = POLLIN};
    uint64_t now = slip__now_us();

    if (qmp->eof && !there)
        return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_QEMU_FAILED,
                                "QEMU hung up where %s was expected", what);
    if (now >= deadline_us)
        return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_QEMU_FAILED,
                                "QEMU did not answer in time: no %s", what);
    if (there)
        return 0;
    if (poll(&pfd, 1, (int)((deadline_us - now) / 1000 + 1)) < 0 && errno != EINTR)
        return slip__error_errno(err, SLIP_EENGINE, errno, "cannot wait for QEMU");
    return 0;
}

/* The next message off the socket, waiting for it. */
static int receive_until(struct slip_qmp *qmp, const char *what, uint64_t deadline_us, json_t **ret,
                         struct slip_error **err)
{
    int rc;

    qmp->more = true; /* a reply comes with what follows it */
    for (;;) {
        rc = step(qmp, ret, err);
        if (rc < 0 || rc == GOT_MESSAGE)
            return rc < 0 ? rc : 0;
        rc = wait_readable(qmp, what, rc == STEPPED, deadline_us, err);
        if (rc)
            return rc;
    }
}

int slip__qmp_send(struct slip_qmp *qmp, const char *command, uint64_t *ret_id,
                   struct slip_error **err)
{
    char line[128];
    int len = snprintf(line, sizeof(line), "{\"execute\": \"%s\", \"id\": %llu}\n", command,
                       (unsigned long long)++qmp->last_id);
    ssize_t r;

    if (len < 0 || (size_t)len >= sizeof(line))
        return slip__error(err, SLIP_EINTERNAL, "QMP command '%s' is too long", command);
    /* Small against any socket buffer: it goes whole or, if the peer has long stopped reading, not at all. */
    do
        r = send(qmp->fd, line, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (r < 0 && errno == EINTR);
    qmp->gone = qmp->gone || (r < 0 && (errno == EPIPE || errno == ECONNRESET));
    if (r < 0)
        return slip__error_errno(err, SLIP_EENGINE, errno, "cannot send '%s' to QEMU", command);
    if (r != len)
        return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_QEMU_FAILED,
                                "QEMU took only %zd of the %d bytes of '%s'", r, len, command);
    *ret_id = qmp->last_id;
    return 0;
}

/* What a reply says: 0 and *ret, or the peer's error. */
static int open_reply(const json_t *reply, const char *command, json_t **ret,
                      struct slip_error **err)
{
    json_t *value = json_object_get(reply, "return");
    const char *desc = json_string_value(json_object_get(json_object_get(reply, "error"), "desc"));

    if (!value)
        return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_QEMU_FAILED,
                                "QEMU refused '%s': %.200s", command,
                                desc ? desc : "it gave no reason");
    if (ret)
        *ret = json_incref(value);
    return 0;
}

static uint64_t deadline(int timeout_ms)
{
    return slip__now_us() + (uint64_t)timeout_ms * 1000;
}

int slip__qmp_call(struct slip_qmp *qmp, const char *command, json_t **ret, int timeout_ms,
                   struct slip_error **err)
{
    uint64_t until = deadline(timeout_ms), id;
    json_t *message;
    int rc = slip__qmp_send(qmp, command, &id, err);

    while (rc == 0) {
        const json_t *got;

        rc = receive_until(qmp, command, until, &message, err);
        if (rc)
            break;
        got = json_object_get(message, "id");
        if (json_is_integer(got) && (uint64_t)json_integer_value(got) == id) {
            rc = open_reply(message, command, ret, err);
            json_decref(message);
            break;
        }
        rc = keep_for_later(qmp, message, err);
    }
    return rc;
}

int slip__qmp_open(struct slip_qmp *qmp, int timeout_ms, struct slip_error **err)
{
    json_t *message;
    bool greeted;
    int rc = receive_until(qmp, "greeting", deadline(timeout_ms), &message, err);

    if (rc)
        return rc;
    greeted = json_is_object(json_object_get(message, "QMP"));
    json_decref(message);
    if (!greeted)
        return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_QEMU_FAILED,
                                "QEMU's first message is no QMP greeting");
    return slip__qmp_call(qmp, "qmp_capabilities", NULL, timeout_ms, err);
}
