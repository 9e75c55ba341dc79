/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages between commands and supervisors: made, read, sent and received. Both sides use it; neither is known here. */
#include "life/protocol.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "life/limits.h"

void slip__ending_dispose(struct slip_ending *ending)
{
    free(ending->reason);
    slip_error_free(ending->err);
    *ending = (struct slip_ending){0};
}

/* JSON is UTF-8; file names in messages need not be. What is not UTF-8 loses its high bytes rather than the message. */
static json_t *text(const char *value)
{
    SLIP_AUTO_FREE char *copy = NULL;
    json_t *string = json_string(value);

    if (string)
        return string;
    copy = strdup(value);
    for (char *p = copy; p && *p; p++)
        if (*p & 0x80)
            *p = '?';
    return copy ? json_string(copy) : NULL;
}

static json_t *message(void)
{
    return json_pack("{si}", "version", SLIP_CONTROL_VERSION);
}

/* These add members to a message made by message(). Sticky: NULL in or out of memory gives NULL. */

static json_t *with_text(json_t *object, const char *key, const char *value)
{
    return value ? slip__json_put(object, key, text(value)) : object;
}

static json_t *with_uint(json_t *object, const char *key, uint64_t value)
{
    return slip__json_put(object, key, slip__json_uint(value));
}

json_t *slip__message_request(const char *verb)
{
    return with_text(message(), "request", verb);
}

json_t *slip__message_ok(void)
{
    return slip__json_put(message(), "ok", json_true());
}

static json_t *error_to_json(const struct slip_error *err)
{
    json_t *json = json_pack("{si}", "rc", slip_error_rc(err));

    json = with_uint(json, "code", slip_error_code(err));
    json = with_text(json, "message", slip_error_message(err));
    return with_text(json, "hint", slip_error_hint(err));
}

json_t *slip__message_error(const struct slip_error *err)
{
    return slip__json_put(slip__json_put(message(), "ok", json_false()), "error",
                          error_to_json(err));
}

json_t *slip__message_progress(enum slip_stage stage, uint64_t done, uint64_t total)
{
    json_t *json = with_text(message(), "event", "progress");

    json = with_uint(json, "stage", stage);
    json = with_uint(json, "done", done);
    return with_uint(json, "total", total);
}

json_t *slip__message_end(const struct slip_ending *ending)
{
    const struct slip_timing *t = &ending->timing;
    json_t *json = with_text(message(), "event", "end");
    json_t *timing = with_uint(json_object(), "image_us", t->image_us);

    timing = with_uint(timing, "build_us", t->build_us);
    timing = with_uint(timing, "engine_us", t->engine_us);
    timing = with_uint(timing, "guest_us", t->guest_us);
    json = with_uint(json, "end", ending->end);
    json = with_text(json, "reason", ending->reason);
    json = slip__json_put(json, "timing", timing);
    return ending->err ? slip__json_put(json, "error", error_to_json(ending->err)) : json;
}

/* What does not change by itself. */
static json_t *lasting_info(json_t *json, const struct slip_domain_info *info)
{
    json = with_text(json, "name", info->name);
    json = with_text(json, "uuid", info->uuid);
    json = with_text(json, "engine", info->engine);
    json = with_text(json, "type", info->type);
    json = with_uint(json, "state", info->state);
    json = with_uint(json, "supervisor_pid", (uint64_t)info->supervisor_pid);
    json = with_uint(json, "memory_bytes", info->memory_bytes);
    json = with_uint(json, "vcpus", info->vcpus);
    if (info->domid >= 0)
        json = with_uint(json, "domid", (uint64_t)info->domid);
    return with_uint(json, "boots", info->boots);
}

json_t *slip__info_to_json(const struct slip_domain_info *info)
{
    json_t *json = lasting_info(slip__json_put(message(), "ok", json_true()), info);

    json = with_uint(json, "uptime_us", info->uptime_us);
    json = with_uint(json, "cpu_us", info->cpu_us);
    json = slip__json_put(json, "on_cpu", json_boolean(info->on_cpu));
    return slip__json_put(json, "blocked", json_boolean(info->blocked));
}

json_t *slip__record_to_json(const struct slip_domain_info *info, uint64_t created_us)
{
    return with_uint(lasting_info(message(), info), "created_us", created_us);
}

/* -1 is left out. */
static const struct {
    const char *key;
    size_t offset;
} device_numbers[] = {
    {"backend_domid", offsetof(struct slip_device_info, backend_domid)},
    {"guest_state", offsetof(struct slip_device_info, guest_state)},
    {"event_channel", offsetof(struct slip_device_info, event_channel)},
    {"ring_ref", offsetof(struct slip_device_info, ring_ref)},
    {"ring_ref_rx", offsetof(struct slip_device_info, ring_ref_rx)},
};

json_t *slip__device_to_json(const struct slip_device_info *device)
{
    json_t *json = with_uint(json_object(), "kind", device->kind);

    if (device->devid >= 0)
        json = with_uint(json, "devid", (uint64_t)device->devid);
    json = with_text(json, "name", device->name);
    json = with_text(json, "backend", device->backend);
    json = with_text(json, "target", device->target);
    json = with_text(json, "mac", device->mac);
    json = with_uint(json, "state", (uint64_t)device->state);
    json = with_text(json, "path", device->path);
    for (size_t i = 0; i < SLIP_COUNT(device_numbers); i++) {
        const int *number = (const void *)((const char *)device + device_numbers[i].offset);

        if (*number >= 0)
            json = with_uint(json, device_numbers[i].key, (uint64_t)*number);
    }
    return slip__json_put(json, "read_only", json_boolean(device->read_only));
}

int slip__message_put(struct slip_buf *out, json_t *msg, struct slip_error **err)
{
    SLIP_AUTO_FREE char *line = NULL;
    int rc = slip__json_dump(msg, JSON_COMPACT, &line, err);

    if (rc < 0)
        return rc;
    slip__buf_puts(out, line);
    slip__buf_putc(out, '\n');
    return out->failed ? slip__error_oom(err) : 0;
}

int slip__message_parse(const char *line, size_t len, json_t **ret, struct slip_error **err)
{
    json_error_t why;
    json_t *json = json_loadb(line, len, JSON_REJECT_DUPLICATES, &why);
    json_int_t version;

    if (!json || !json_is_object(json)) {
        json_decref(json);
        return slip__error_code(err, SLIP_EINVAL, SLIP_CODE_BAD_MESSAGE,
                                "a message of %zu bytes is not a JSON object", len);
    }
    version = json_integer_value(json_object_get(json, "version"));
    if (version != SLIP_CONTROL_VERSION) {
        json_decref(json);
        slip__error_code(err, SLIP_EINVAL, SLIP_CODE_BAD_MESSAGE,
                         "a message of protocol version %lld, this is version %d",
                         (long long)version, SLIP_CONTROL_VERSION);
        slip__error_hint(err, "the guest was started by another version of slipway; use that one");
        return SLIP_EINVAL;
    }
    *ret = json;
    return 0;
}

const char *slip__message_text(const json_t *msg, const char *key)
{
    const char *value = json_string_value(json_object_get(msg, key));

    return value ? value : "";
}

uint64_t slip__message_uint(const json_t *msg, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(msg, key));

    return value < 0 ? 0 : (uint64_t)value;
}

/* Makes the error that json describes; what is no error of ours is a mistake of the other side. */
static int error_from_json(const json_t *json, struct slip_error **err)
{
    json_int_t rc = json_integer_value(json_object_get(json, "rc"));
    const char *hint = slip__message_text(json, "hint");

    if (rc >= SLIP_OK || rc < SLIP_ENOTSUP)
        rc = SLIP_EINTERNAL;
    return slip__error_make(err, (enum slip_rc)rc, (unsigned)slip__message_uint(json, "code"),
                            slip__message_text(json, "message"), *hint ? hint : NULL);
}

int slip__message_result(const json_t *reply, struct slip_error **err)
{
    if (json_is_true(json_object_get(reply, "ok")))
        return 0;
    return error_from_json(json_object_get(reply, "error"), err);
}

static void copy_text(char *dst, size_t size, const json_t *msg, const char *key)
{
    snprintf(dst, size, "%s", slip__message_text(msg, key));
}

/* A number that an int holds; otherwise if it is none. */
static int small_number(const json_t *msg, const char *key, int otherwise)
{
    uint64_t value = slip__message_uint(msg, key);

    return json_object_get(msg, key) && value <= INT_MAX ? (int)value : otherwise;
}

void slip__info_from_json(const json_t *msg, struct slip_domain_info *ret)
{
    *ret = (struct slip_domain_info){.size = ret->size};
    copy_text(ret->name, sizeof(ret->name), msg, "name");
    copy_text(ret->uuid, sizeof(ret->uuid), msg, "uuid");
    copy_text(ret->engine, sizeof(ret->engine), msg, "engine");
    copy_text(ret->type, sizeof(ret->type), msg, "type");
    ret->state = (enum slip_state)slip__message_uint(msg, "state");
    ret->supervisor_pid = (pid_t)small_number(msg, "supervisor_pid", 0);
    ret->domid = small_number(msg, "domid", -1);
    ret->memory_bytes = slip__message_uint(msg, "memory_bytes");
    ret->vcpus = (unsigned)slip__message_uint(msg, "vcpus");
    ret->uptime_us = slip__message_uint(msg, "uptime_us");
    ret->boots = (unsigned)slip__message_uint(msg, "boots");
    ret->cpu_us = slip__message_uint(msg, "cpu_us");
    ret->on_cpu = json_is_true(json_object_get(msg, "on_cpu"));
    ret->blocked = json_is_true(json_object_get(msg, "blocked"));
}

void slip__record_from_json(const json_t *msg, struct slip_domain_info *ret)
{
    uint64_t created = slip__message_uint(msg, "created_us"), now = slip__now_us();

    slip__info_from_json(msg, ret);
    ret->uptime_us = created && created < now ? now - created : 0;
}

void slip__device_from_json(const json_t *msg, struct slip_device_info *ret)
{
    *ret = (struct slip_device_info){.size = sizeof(*ret),
                                     .kind = (enum slip_device_kind)small_number(msg, "kind", 0),
                                     .devid = small_number(msg, "devid", -1),
                                     .state = small_number(msg, "state", 0),
                                     .read_only = json_is_true(json_object_get(msg, "read_only"))};
    copy_text(ret->name, sizeof(ret->name), msg, "name");
    copy_text(ret->backend, sizeof(ret->backend), msg, "backend");
    copy_text(ret->target, sizeof(ret->target), msg, "target");
    copy_text(ret->mac, sizeof(ret->mac), msg, "mac");
    copy_text(ret->path, sizeof(ret->path), msg, "path");
    for (size_t i = 0; i < SLIP_COUNT(device_numbers); i++)
        *(int *)(void *)((char *)ret + device_numbers[i].offset) =
            small_number(msg, device_numbers[i].key, -1);
}

void slip__ending_from_json(const json_t *msg, struct slip_ending *ret)
{
    const json_t *timing = json_object_get(msg, "timing"), *error = json_object_get(msg, "error");
    const char *reason = slip__message_text(msg, "reason");
    uint64_t end = slip__message_uint(msg, "end");

    *ret = (struct slip_ending){
        .end = end >= SLIP_END_POWEROFF && end <= SLIP_END_FAILED ? (enum slip_end)end
                                                                  : SLIP_END_FAILED,
        .reason = *reason ? strdup(reason) : NULL,
        .timing = {.image_us = slip__message_uint(timing, "image_us"),
                   .build_us = slip__message_uint(timing, "build_us"),
                   .engine_us = slip__message_uint(timing, "engine_us"),
                   .guest_us = slip__message_uint(timing, "guest_us")},
    };
    if (error)
        error_from_json(error, &ret->err);
}

/* Waits until fd is ready for events or closed. False: the deadline passed. */
static bool wait_for(int fd, short events, uint64_t deadline_us)
{
    for (;;) {
        struct pollfd pfd = {.fd = fd, .events = events};
        uint64_t now = slip__now_us();
        struct timespec left = {0};
        int r;

        if (deadline_us > now && deadline_us != SLIP_NO_DEADLINE)
            left = (struct timespec){.tv_sec = (time_t)((deadline_us - now) / 1000000),
                                     .tv_nsec = (long)((deadline_us - now) % 1000000) * 1000};
        r = ppoll(&pfd, 1, deadline_us == SLIP_NO_DEADLINE ? NULL : &left, NULL);
        if (r > 0)
            return true;
        if (r == 0 && now >= deadline_us)
            return false;
    }
}

static int no_answer(struct slip_error **err)
{
    slip__error_code(err, SLIP_EIO, SLIP_CODE_NO_ANSWER, "the supervisor does not answer");
    return SLIP_EIO;
}

int slip__message_send(int fd, json_t *msg, uint64_t deadline_us, struct slip_error **err)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf line = {0};
    size_t sent = 0;
    int rc = slip__message_put(&line, msg, err);

    if (rc < 0)
        return rc;
    while (sent < line.len) {
        ssize_t r = send(fd, line.data + sent, line.len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (r >= 0)
            sent += (size_t)r;
        else if (errno == EAGAIN) {
            if (!wait_for(fd, POLLOUT, deadline_us))
                return no_answer(err);
        } else if (errno != EINTR) {
            return slip__error_errno(err, SLIP_EIO, errno, "cannot talk to the supervisor");
        }
    }
    return 0;
}

/* Moves bytes up to and with the first newline from the socket into line: what comes after a reply to "console" belongs to
 * somebody else. 1: the line is whole, 0: more is to come, -1: closed. */
static int take_line(int fd, struct slip_buf *line)
{
    char chunk[4096];
    ssize_t r = recv(fd, chunk, sizeof(chunk), MSG_PEEK | MSG_DONTWAIT);
    const char *newline;

    if (r < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    if (r == 0)
        return -1;
    newline = memchr(chunk, '\n', (size_t)r);
    r = recv(fd, chunk, newline ? (size_t)(newline - chunk) + 1 : (size_t)r, MSG_DONTWAIT);
    if (r > 0)
        slip__buf_put(line, chunk, (size_t)r);
    return newline ? 1 : 0;
}

int slip__message_receive(int fd, uint64_t deadline_us, json_t **ret, struct slip_error **err)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf line = {0};
    int r = 0;

    while (r == 0) {
        if (!wait_for(fd, POLLIN, deadline_us))
            return no_answer(err);
        r = take_line(fd, &line);
        if (line.len > SLIP_LIMIT_MESSAGE_BYTES)
            return slip__error_code(err, SLIP_EIO, SLIP_CODE_BAD_MESSAGE,
                                    "a message of over %u bytes", SLIP_LIMIT_MESSAGE_BYTES);
        if (line.failed)
            return slip__error_oom(err);
    }
    if (r < 0) {
        *ret = NULL;
        return 0;
    }
    return slip__message_parse(line.data, line.len, ret, err);
}
