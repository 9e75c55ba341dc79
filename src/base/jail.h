/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A child process for reading what nobody vouches for. It runs a function of ours with a copy of our memory and the descriptors
 * it is given, and can do nothing but compute, read those, and answer: no file system, no network, no new process, no new rights,
 * bounded memory and time. Whatever becomes of it, its caller gets an answer or an error. Knows not what is read.
 *
 * The child's way is fork(), so that it can allocate although the process we live in has other threads. It is not known to that
 * process: its end raises SIGCHLD like any child's, and somebody else's wait() may collect it, which costs no more than the reason
 * in a message. It does not outlive the thread that started it.
 *
 * What is not promised: the child has what our memory held when it started. It can't send that anywhere, but it can write it to
 * memory it is given.
 */
#ifndef SLIP_BASE_JAIL_H
#define SLIP_BASE_JAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/frame.h"

/* What a child is for, and may use. */
struct slip_jail_terms {
    const char *what;      /* for messages about it: "its reader" */
    enum slip_rc rc;       /* of a failure that is what it reads to blame for */
    uint64_t memory_bytes; /* private memory, on top of the size that we had as it started */
    unsigned cpu_seconds;  /* of processor time, its whole life */
    unsigned reply_ms;     /* by the clock, for all that it answers to one request */
};

struct slip_jail {
    struct slip_jail_terms terms;
    int fd;    /* our end of the socket; -1: there is no child */
    int pidfd; /* readable once it has ended; -1: it ended before we could ask for one */
    pid_t pid; /* 0: reaped */
    uint64_t deadline_us;
};

/* An empty one: dispose is fine on it. */
#define SLIP_JAIL_NONE ((struct slip_jail){.fd = -1, .pidfd = -1})

/* Kinds of messages from this number on are the jail's own. */
#define SLIP_JAIL_KINDS 0xffff0000u

/* Runs in the child, confined. fd: the socket to its maker. Its return is the child's end. */
typedef void slip_jail_fn(int fd, void *payload);

/* Starts fn. Of our descriptors it has keep[0..n_keep), under the same numbers. Returns at once: that the child can't be confined
 * is what the first receive says. */
int slip__jail_start(struct slip_jail *jail, const struct slip_jail_terms *terms, slip_jail_fn *fn,
                     void *payload, const int *keep, size_t n_keep, struct slip_error **err);
/* Takes a socket for that of a child of somebody else's: it can't be ended, nor can be said how it ended. For tests of what comes
 * from one. */
void slip__jail_adopt(struct slip_jail *jail, const struct slip_jail_terms *terms, int socket);
/* Asks it for something: sends a message, with a descriptor unless pass_fd is -1. From now on it has reply_ms; so it has from its
 * start. */
int slip__jail_ask(struct slip_jail *jail, uint32_t kind, const void *bytes, size_t len,
                   int pass_fd, struct slip_error **err);
/* Sends it a message that is no new request. */
int slip__jail_send(struct slip_jail *jail, uint32_t kind, const void *bytes, size_t len,
                    int pass_fd, struct slip_error **err);
/* Its next message, of at most limit bytes. Foreign, whatever it is. Its end, and what it is late with, are errors that say so. */
int slip__jail_receive(struct slip_jail *jail, size_t limit, uint32_t *ret_kind,
                       struct slip_buf *ret, struct slip_error **err);
/* What it said makes no sense: the error for that. Nothing it says is to be believed any more. */
int slip__jail_nonsense(const struct slip_jail *jail, const char *why, struct slip_error **err);
/* Nothing is wanted of it any more: ends it without waiting. Dispose is still due, and will have less to wait for. */
void slip__jail_end(struct slip_jail *jail);
/* Ends it if it lives, and reaps it. */
void slip__jail_dispose(struct slip_jail *jail);

/* For the child itself: sends, receives. False: nobody is there any more, and its function should return. A message of more than
 * limit bytes counts as that. ret_fd as for slip__frame_receive(). */
bool slip__jailed_send(int fd, uint32_t kind, const void *bytes, size_t len);
bool slip__jailed_receive(int fd, size_t limit, uint32_t *ret_kind, struct slip_buf *ret,
                          int *ret_fd);

#endif
