/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What commands and supervisors say to each other: one JSON object per line, at most SLIP_LIMIT_MESSAGE_BYTES, over a Unix
 * stream socket. It must not know who acts on it.
 *
 *   request   {"version":1, "request":"pause"}
 *   reply     {"version":1, "ok":true, ...} or {"version":1, "ok":false, "error":{"rc","code","message","hint"}}
 *   event     {"version":1, "event":"progress", "stage","done","total"}      while a creator waits for its reply
 *             {"version":1, "event":"end", "end", "reason", "timing", "error"}  the last line on every connection
 *
 * After the reply to "console" the stream is raw: the console both ways.
 */
#ifndef SLIP_LIFE_PROTOCOL_H
#define SLIP_LIFE_PROTOCOL_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/error.h"
#include "life/limits.h"
#include "slipway/domain.h"

#define SLIP_CONTROL_VERSION 1

/* The end of a domain, as told to everybody who is connected. */
struct slip_ending {
    enum slip_end end; /* 0: not yet */
    char *reason;      /* one phrase, or NULL; owned */
    struct slip_timing timing;
    struct slip_error *err; /* SLIP_END_FAILED: what failed; owned */
};

void slip__ending_dispose(struct slip_ending *ending);

/* Makers. NULL when out of memory. */
json_t *slip__message_request(const char *verb);
json_t *slip__message_ok(void);
json_t *slip__message_error(const struct slip_error *err);
json_t *slip__message_progress(enum slip_stage stage, uint64_t done, uint64_t total);
json_t *slip__message_end(const struct slip_ending *ending);
json_t *slip__info_to_json(const struct slip_domain_info *info);
/* The state folder's record: the same, but that it says when the domain was created, which stays true. */
json_t *slip__record_to_json(const struct slip_domain_info *info, uint64_t created_us);
json_t *slip__device_to_json(const struct slip_device_info *device);

/* Appends message as a line and drops the reference to it (NULL: out of memory). */
int slip__message_put(struct slip_buf *out, json_t *message, struct slip_error **err);
/* Parses one line; refuses what is not an object of our version. */
int slip__message_parse(const char *line, size_t len, json_t **ret, struct slip_error **err);
/* Looks into a reply: 0 if it is ok, else the error it carries. */
int slip__message_result(const json_t *reply, struct slip_error **err);
/* A member's text, or "" if it is none; never NULL. Borrowed from the message. */
const char *slip__message_text(const json_t *message, const char *key);
/* A member's number; 0 if it is none or negative. */
uint64_t slip__message_uint(const json_t *message, const char *key);

/* Fill what is there; the rest stays zero. ret->size is kept. */
void slip__info_from_json(const json_t *message, struct slip_domain_info *ret);
void slip__record_from_json(const json_t *message, struct slip_domain_info *ret);
void slip__device_from_json(const json_t *message, struct slip_device_info *ret);
void slip__ending_from_json(const json_t *message, struct slip_ending *ret);

/* Deadlines are slip__now_us() times; SLIP_NO_DEADLINE waits as long as it takes. */
#define SLIP_NO_DEADLINE UINT64_MAX

/* Sends a message (taking the reference), waiting for room. */
int slip__message_send(int fd, json_t *message, uint64_t deadline_us, struct slip_error **err);
/* Receives one line and not a byte of what follows it. *ret NULL: the other side closed. */
int slip__message_receive(int fd, uint64_t deadline_us, json_t **ret, struct slip_error **err);

#endif
