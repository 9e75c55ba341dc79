/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Between the two halves of XenStore's client, private to them: store.c has the connection, store_nodes.c what is asked over it.
 * Requests are bytes as they are sent, each with its head, but for the numbers in it. Source: public/io/xs_wire.h.
 */
#ifndef SLIP_ENGINE_XEN_STORE_WIRE_H
#define SLIP_ENGINE_XEN_STORE_WIRE_H

#include "engine/xen/store.h"

/* What is to be done with one answer: type is the request's, or XS_ERROR. index counts the requests of the exchange. */
typedef void slip_xen_answer_fn(void *payload, unsigned index, uint32_t type, const char *bytes,
                                size_t len);

/* Begins a request of this type, whose len bytes come next. */
void slip__xen_wire_head(struct slip_buf *bytes, uint32_t type, size_t len);
/* Sends the count requests in bytes and hands their answers, which may be refusals, to fn. Fails, with XENSTORE_FAILED, when the
 * connection does. */
int slip__xen_wire_exchange(struct slip_xen_store *store, struct slip_buf *bytes, unsigned count,
                            slip_xen_answer_fn *fn, void *payload, struct slip_error **err);

/* The answer to one request. */
struct slip_xen_answer {
    int errnum;            /* why it was refused; 0: it was not */
    struct slip_buf bytes; /* dispose it */
};
/* Keeps it: payload is a struct slip_xen_answer of zeroes. */
void slip__xen_wire_one_answer(void *payload, unsigned index, uint32_t type, const char *bytes,
                               size_t len);
/* One request of up to three texts, each sent with its end. A refusal is an error too. *ret (NULL: not wanted) gets the answer:
 * dispose it. */
int slip__xen_wire_request(struct slip_xen_store *store, uint32_t type, const char *const texts[3],
                           struct slip_buf *ret, struct slip_error **err);

/* Terminated text out of bytes that need not be; false, and "", if it does not fit or has a NUL in it. */
bool slip__xen_wire_text(char *ret, size_t size, const char *bytes, size_t len);

#endif
