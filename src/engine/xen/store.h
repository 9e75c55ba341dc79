/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A connection to XenStore: requests, transactions, watches. Speaks the daemon's protocol itself (public/io/xs_wire.h,
 * docs/misc/xenstore.txt), because libxenstore sends one request and waits for its answer before the next: here any number
 * are on their way at once, so that a domain's forty nodes cost three round trips. Every wait has a deadline. Knows no device
 * and no domain. Not for several threads at once.
 *
 * Answers are foreign bytes: lengths are checked, texts end where their length says. What guests write is read with the size
 * of the reader's buffer as the limit.
 */
#ifndef SLIP_ENGINE_XEN_STORE_H
#define SLIP_ENGINE_XEN_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

struct slip_xen_store;

/* Longest path that we make or watch, with its end. Xen allows 3072 bytes; the longest of a toolstack has about 100. */
#define SLIP_XEN_PATH_BYTES 256

/* Connects with the first request, whose failure says why it can't: SLIP_EPERM, or SLIP_EENGINE with the reason. */
int slip__xen_store_open(struct slip_xen_store **ret, struct slip_error **err);
/* The same by the kernel's own connection, which it shares among all who open it (where there is none: as above). Requests are
 * dearer, but the daemon looks at each connection it has before every request of anybody: what is kept open for long, only to
 * watch, should not be one. */
int slip__xen_store_open_shared(struct slip_xen_store **ret, struct slip_error **err);
/* Hangs up until the next request: watches and events are gone. */
void slip__xen_store_rest(struct slip_xen_store *store);
void slip__xen_store_close(struct slip_xen_store *store); /* NULL is fine */

/*
 * A list of changes. Failing to allocate is sticky: slip__xen_store_commit() says so. Paths of formats that are too long make
 * it fail as well. A new node has its parent's permissions, so only where they differ need they be given: in XenStore's
 * spelling, "n0" owner 0 and nobody else, "n0,r7" domain 7 may read, "n7" domain 7's own.
 */
struct slip_xen_nodes {
    struct slip_buf bytes; /* the requests as they are sent, but for the transaction's number */
    unsigned count;
    bool failed;
};

void slip__xen_nodes_dispose(struct slip_xen_nodes *nodes);
/* Writes value (no NULL) to the node of this path, making it and its parents. */
void slip__xen_nodes_write(struct slip_xen_nodes *nodes, const char *value, const char *path, ...)
    SLIP_PRINTF(3, 4);
void slip__xen_nodes_perms(struct slip_xen_nodes *nodes, const char *perms, const char *path, ...)
    SLIP_PRINTF(3, 4);
/* Makes an empty node with permissions of its own; perms NULL: with its parent's. */
void slip__xen_nodes_mkdir(struct slip_xen_nodes *nodes, const char *perms, const char *path, ...)
    SLIP_PRINTF(3, 4);
/* Removes the node and all below it; that there is none is no failure. */
void slip__xen_nodes_remove(struct slip_xen_nodes *nodes, const char *path, ...) SLIP_PRINTF(2, 3);

/* Tells the daemon of a domain (that it has been told is no failure): the frame of its ring and the guest's end of the channel
 * for it. Watches, as slip__xen_store_watch(). Both in their place in the list, and not in a transaction. */
void slip__xen_nodes_introduce(struct slip_xen_nodes *nodes, uint32_t domid, uint64_t frame,
                               uint32_t port);
void slip__xen_nodes_watch(struct slip_xen_nodes *nodes, const char *path, const char *token);

/* Carries all of it out in one transaction, again when somebody else's change came in between (a bounded number of times).
 * On failure nothing is changed. */
int slip__xen_store_commit(struct slip_xen_store *store, struct slip_xen_nodes *nodes,
                           struct slip_error **err);
/* The same one after the other, outside of a transaction: cheaper, for what nobody can see half of or what may be half done. */
int slip__xen_store_apply(struct slip_xen_store *store, struct slip_xen_nodes *nodes,
                          struct slip_error **err);

/* The same for changes that depend on what is there: fill reads, and adds what is to be changed; it is called again when
 * what it read has changed meanwhile. */
typedef int slip_xen_fill_fn(struct slip_xen_store *store, struct slip_xen_nodes *nodes,
                             void *payload, struct slip_error **err);
int slip__xen_store_transact(struct slip_xen_store *store, slip_xen_fill_fn *fill, void *payload,
                             struct slip_error **err);

/* The same, but the answers are not waited for: the daemon works while the caller does. Takes the list. Whatever is asked of the
 * connection next waits for it first, and slip__xen_store_settle() says what became of it. */
int slip__xen_store_send(struct slip_xen_store *store, struct slip_xen_nodes *nodes,
                         struct slip_error **err);
int slip__xen_store_settle(struct slip_xen_store *store, struct slip_error **err);

/* Reads a node's value as text. False when there is no such node, when it may not be read, or when it does not fit or has a
 * NUL in it; *ret is "" then. */
bool slip__xen_store_read(struct slip_xen_store *store, char *ret, size_t size, const char *path,
                          ...) SLIP_PRINTF(4, 5);
/* The same as a decimal number; ret is untouched when it is none. */
bool slip__xen_store_read_uint(struct slip_xen_store *store, uint64_t *ret, const char *path, ...)
    SLIP_PRINTF(3, 4);

/* A decimal number, and nothing but one. Pure. */
bool slip__xen_store_parse_uint(const char *text, uint64_t *ret);

/* Many reads with one round trip. */
struct slip_xen_read {
    char path[SLIP_XEN_PATH_BYTES];
    char *value; /* out: where slip__xen_store_read()'s text goes */
    size_t size;
    bool found; /* out */
};
int slip__xen_store_read_all(struct slip_xen_store *store, struct slip_xen_read *reads,
                             size_t count, struct slip_error **err);

/* The names below a node, one after the other, each with its NUL, in *ret (dispose it; it is empty on failure). None, if there
 * is no such node. Whatever else is wrong is SLIP_EENGINE, without a word. */
int slip__xen_store_list(struct slip_xen_store *store, struct slip_buf *ret, const char *path, ...)
    SLIP_PRINTF(3, 4);
/* The name after this one, NULL past the end; name NULL: the first. */
const char *slip__xen_store_list_next(const struct slip_buf *names, const char *name);

/* From now on changes of path and below make events, and one event comes at once. token names them. Watching the
 * same again is no failure. */
int slip__xen_store_watch(struct slip_xen_store *store, const char *path, const char *token,
                          struct slip_error **err);
void slip__xen_store_unwatch(struct slip_xen_store *store, const char *path, const char *token);
/* Is the connection lost? Then nothing works any more but closing it. */
bool slip__xen_store_lost(const struct slip_xen_store *store);
/* To poll for events on. They may have come with an answer meanwhile: before waiting, ask slip__xen_store_event(). */
int slip__xen_store_fd(const struct slip_xen_store *store);
/* Takes the next event off the queue. False: there is none (now). Never blocks. */
bool slip__xen_store_event(struct slip_xen_store *store, char path[SLIP_XEN_PATH_BYTES],
                           char token[SLIP_XEN_PATH_BYTES]);
/* Waits for an event until the deadline (slip__now_us()'s clock) and takes it and all others off the queue: look at what you
 * wait for again. False: the time is over, even if events never end (guests make them), or the connection is gone. */
bool slip__xen_store_wait(struct slip_xen_store *store, uint64_t deadline_us);

#endif
