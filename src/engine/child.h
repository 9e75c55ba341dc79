/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A child program that has exactly the descriptors meant for it, dies with us, and whose words are kept. Knows no program.
 *
 * It gets standard input from /dev/null, its output and errors go to a bounded log in memory, it leads a session of its own,
 * and it is killed when the thread that started it ends (PR_SET_PDEATHSIG counts threads, not processes): start it from a
 * thread that lives as long as it should. Its end sends no SIGCHLD, and no wait() of the program we are part of can reap it.
 */
#ifndef SLIP_ENGINE_CHILD_H
#define SLIP_ENGINE_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/privilege.h"

/* What a child's output is cut at: enough for every refusal, and a guest that makes it chatter can't fill our memory. */
#define SLIP_CHILD_LOG_BYTES (16u << 10)

struct slip_child {
    int pidfd; /* readable once it has ended; -1: none */
    pid_t pid;
    int log_fd;
    bool reaped;
    int how; /* once reaped: CLD_EXITED, CLD_KILLED, ... of waitid(); 0: somebody else reaped it */
    int status; /* exit status or signal */
};

/* An empty slip_child: dispose is fine on it. */
#define SLIP_CHILD_NONE ((struct slip_child){.pidfd = -1, .log_fd = -1})

/* The child's standard input and output, and what it is to be allowed. */
struct slip_child_io {
    int in, out;
    gid_t group;      /* it is in this one besides its own when it gives up root; 0: in none */
    bool keep_root;   /* it needs a file that is root's alone */
    char *const *env; /* its environment; NULL: LC_ALL and PATH alone */
};

/* Starts argv[0] (a path). Of our descriptors it gets io's (NULL, or in and out -1: nothing to read, and its log) as 0 and 1, its
 * log as 2, and keep[0..n_keep) under the same numbers. Returns without waiting: that it could not be executed shows as its end, with the
 * reason in its log. */
int slip__child_start(struct slip_child *child, char *const argv[], const struct slip_child_io *io,
                      const int *keep, size_t n_keep, struct slip_error **err);
/* Has it ended? Reaps it if so. Never blocks. */
bool slip__child_ended(struct slip_child *child);
/* The same, waiting at most so long. */
bool slip__child_wait(struct slip_child *child, int timeout_ms);
/* What it said, at most size - 1 bytes, terminated. */
void slip__child_output(const struct slip_child *child, char *ret, size_t size);
/* "exited with status 1: its last words": how it ended (after slip__child_ended() said so), for an error message. */
void slip__child_describe_end(const struct slip_child *child, char *ret, size_t size);
/* Kills it, with what it started and did not set apart, if it lives; reaps it, closes all. */
void slip__child_dispose(struct slip_child *child);

#endif
