/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * QMP, QEMU's control protocol: a JSON object per line (QEMU's docs/interop/qmp-spec). One client, one socket.
 *
 * The peer is not trusted, nor is the guest behind it, who can make events as fast as it likes (by writing to pvpanic's port):
 * lines are bounded, what is no JSON object ends the conversation, events that nobody asked for are passed over, those that
 * nobody fetched are bounded. Calls wait with a deadline; slip__qmp_next() never waits and does a bounded piece of work. Knows
 * commands and events only as words.
 */
#ifndef SLIP_ENGINE_QEMU_QMP_H
#define SLIP_ENGINE_QEMU_QMP_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Messages kept while waiting for a reply. Of the events that are asked for a guest makes a handful; more is a peer gone wild. */
#define SLIP_QMP_BACKLOG 256u

struct slip_qmp {
    int fd;                    /* borrowed, non-blocking */
    const char *const *events; /* those that are asked for, NULL-terminated; static */
    char *buf;
    size_t len, cap;
    size_t scanned; /* bytes of buf known to hold no end of line */
    uint64_t last_id;
    json_t *backlog; /* array: messages that came while a reply was waited for */
    bool eof;        /* the peer closed; what was complete has been handed out */
    bool gone;       /* the peer closed; there may be more to read */
    bool
        more; /* there may be messages that fd does not tell of: look again without waiting for it */
};

void slip__qmp_init(struct slip_qmp *qmp, int fd, const char *const *events);
void slip__qmp_dispose(struct slip_qmp *qmp);

/* Waits for the greeting and leaves negotiation mode. */
int slip__qmp_open(struct slip_qmp *qmp, int timeout_ms, struct slip_error **err);
/* Sends a command (no arguments: none is needed yet) and waits for its reply. *ret, if ret: its "return", owned by the
 * caller. An error reply is SLIP_EENGINE with the peer's words. */
int slip__qmp_call(struct slip_qmp *qmp, const char *command, json_t **ret, int timeout_ms,
                   struct slip_error **err);
/* Sends a command without waiting; its reply comes through slip__qmp_next() with *ret_id as "id". */
int slip__qmp_send(struct slip_qmp *qmp, const char *command, uint64_t *ret_id,
                   struct slip_error **err);
/* The next message, in order. 1: *ret is one, owned by the caller; 0: none now (see more and eof); negative: *err. */
int slip__qmp_next(struct slip_qmp *qmp, json_t **ret, struct slip_error **err);

#endif
