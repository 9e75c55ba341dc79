/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* XenStore's protocol over the daemon's socket: many requests on their way at once, answers in their order; transactions, and
 * events. What a request is about is store_nodes.c's. */
#include "engine/xen/store.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <xen/io/xs_wire.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "engine/xen/limits.h"
#include "engine/xen/store_wire.h"

#define MESSAGE_BYTES (sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX)

struct event {
    char path[SLIP_XEN_PATH_BYTES];
    char token[SLIP_XEN_PATH_BYTES];
};

/* A list of changes that was sent ahead. */
struct ahead {
    struct slip_xen_nodes nodes;
    uint32_t first_id;
    size_t sent;
    bool waiting; /* for its answers, or for the last of it to be sent */
    /* Its first failure. */
    int errnum;
    uint32_t type;
    char path[SLIP_XEN_PATH_BYTES];
};

struct slip_xen_store {
    int fd;
    bool shared;  /* by the kernel's connection, where there is one */
    bool device;  /* the kernel's, for a daemon in another domain: takes one request a write */
    int dead;     /* an errno: the connection is lost or has lost its step */
    uint32_t ids; /* the last request's number */
    uint32_t tx;  /* the transaction that requests belong to; 0: none */
    uint8_t in[4 * MESSAGE_BYTES];
    size_t in_len;
    struct event *events; /* a ring; NULL before the first of them */
    unsigned first, n_events;
    struct ahead ahead;
};

static int connect_socket(void)
{
    const char *path = secure_getenv("XENSTORED_PATH"); /* as libxenstore and Xen's own tools */
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    /* A daemon that hangs accepts nobody, and then only so many can wait for it. */
    const struct timeval limit = {.tv_sec = SLIP_LIMIT_XENSTORE_MS / 1000};
    SLIP_AUTO_CLOSE int fd = -1;

    if (!path)
        path = "/var/run/xenstored/socket";
    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0 ||
        connect(fd, (const void *)&address, sizeof(address)) < 0 ||
        fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
        return -errno;
    return slip__steal_fd(&fd);
}

int slip__xen_store_open(struct slip_xen_store **ret, struct slip_error **err)
{
    *ret = calloc(1, sizeof(**ret));
    if (!*ret)
        return slip__error_oom(err);
    (*ret)->fd = -1;
    return 0;
}

static bool connect_kernel(struct slip_xen_store *store)
{
    store->fd = open("/dev/xen/xenbus", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    store->device = store->fd >= 0;
    return store->device;
}

static int settle_ahead(struct slip_xen_store *store);

/* Many who open it ask it nothing: it connects with the first request. Failed: dead says why. */
static void connect_now(struct slip_xen_store *store)
{
    if (store->fd >= 0 || store->dead)
        return;
    if (store->shared)
        connect_kernel(store);
    if (store->fd >= 0)
        return;
    store->fd = connect_socket();
    store->dead = store->fd < 0 ? -store->fd : 0;
    if (store->dead == ENOENT && connect_kernel(store))
        store->dead = 0;
}

int slip__xen_store_open_shared(struct slip_xen_store **ret, struct slip_error **err)
{
    int rc = slip__xen_store_open(ret, err);

    if (rc == 0)
        (*ret)->shared = true;
    return rc;
}

void slip__xen_store_rest(struct slip_xen_store *store)
{
    settle_ahead(store);
    if (store->fd < 0 || store->dead)
        return;
    close(store->fd);
    store->fd = -1;
    store->device = false;
    store->ids = 0;
    store->in_len = 0;
    store->n_events = 0;
}

void slip__xen_store_close(struct slip_xen_store *store)
{
    if (!store)
        return;
    if (store->fd >= 0)
        close(store->fd);
    slip__xen_nodes_dispose(&store->ahead.nodes);
    free(store->events);
    free(store);
}

/* Requests in a buffer. */

static struct xsd_sockmsg head_at(const struct slip_buf *bytes, size_t offset)
{
    struct xsd_sockmsg head;

    memcpy(&head, bytes->data + offset, sizeof(head));
    return head;
}

void slip__xen_wire_head(struct slip_buf *bytes, uint32_t type, size_t len)
{
    struct xsd_sockmsg head = {.type = type, .len = (uint32_t)len};

    slip__buf_put(bytes, &head, sizeof(head));
}

/* Gives every request in bytes its number, and the transaction's. */
static void number(struct slip_xen_store *store, struct slip_buf *bytes)
{
    for (size_t offset = 0; offset < bytes->len;) {
        struct xsd_sockmsg head = head_at(bytes, offset);

        head.req_id = ++store->ids;
        head.tx_id = store->tx;
        memcpy(bytes->data + offset, &head, sizeof(head));
        offset += sizeof(head) + head.len;
    }
}

/* Receiving. */

/* Terminated text out of bytes that need not be; "" if it does not fit or has a NUL in it. */
bool slip__xen_wire_text(char *ret, size_t size, const char *bytes, size_t len)
{
    bool fits = len < size && !memchr(bytes, 0, len);

    if (fits)
        memcpy(ret, bytes, len);
    if (size)
        ret[fits ? len : 0] = '\0';
    return fits;
}

/* Returns 0 or a negative errno. */
static int queue_event(struct slip_xen_store *store, const char *bytes, size_t len)
{
    const char *end = memchr(bytes, 0, len);
    const char *token = end ? end + 1 : NULL;
    const char *token_end = end ? memchr(token, 0, len - (size_t)(token - bytes)) : NULL;
    struct event *event;

    if (!token_end)
        return 0;
    if (!store->events)
        store->events = calloc(SLIP_LIMIT_XENSTORE_EVENTS, sizeof(*store->events));
    if (!store->events)
        return -ENOMEM;
    if (store->n_events == SLIP_LIMIT_XENSTORE_EVENTS) { /* the oldest goes */
        store->first = (store->first + 1) % SLIP_LIMIT_XENSTORE_EVENTS;
        store->n_events--;
    }
    event = &store->events[(store->first + store->n_events) % SLIP_LIMIT_XENSTORE_EVENTS];
    slip__xen_wire_text(event->path, sizeof(event->path), bytes, (size_t)(end - bytes));
    slip__xen_wire_text(event->token, sizeof(event->token), token, (size_t)(token_end - token));
    store->n_events++;
    return 0;
}

/* What came in: events to the queue, answers to fn. Returns how many answers there were, or a negative errno. */
static int take(struct slip_xen_store *store, uint32_t first_id, unsigned done, unsigned count,
                slip_xen_answer_fn *fn, void *payload)
{
    size_t offset = 0;
    unsigned taken = 0;
    int rc;

    for (;;) {
        const char *bytes = (const char *)store->in + offset + sizeof(struct xsd_sockmsg);
        struct xsd_sockmsg head;

        if (store->in_len - offset < sizeof(head))
            break;
        memcpy(&head, store->in + offset, sizeof(head));
        if (head.len > XENSTORE_PAYLOAD_MAX)
            return -EPROTO;
        if (store->in_len - offset < sizeof(head) + head.len)
            break;
        if (head.type != XS_WATCH_EVENT && count && done + taken == count &&
            head.req_id == first_id + count && store->ids >= first_id + count)
            break; /* the first answer to what was sent behind these */
        offset += sizeof(head) + head.len;
        if (head.type == XS_WATCH_EVENT) {
            rc = queue_event(store, bytes, head.len);
            if (rc < 0)
                return rc;
            continue;
        }
        if (done + taken >= count || head.req_id != first_id + done + taken)
            return -EPROTO;
        fn(payload, done + taken, head.type, bytes, head.len);
        taken++;
    }
    memmove(store->in, store->in + offset, store->in_len - offset);
    store->in_len -= offset;
    return (int)taken;
}

/* Reads what is there. Returns 0 or a negative errno; -EAGAIN: nothing. */
static int receive(struct slip_xen_store *store)
{
    ssize_t got;

    do
        got = read(store->fd, store->in + store->in_len, sizeof(store->in) - store->in_len);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return -errno;
    if (got == 0)
        return -EPIPE;
    store->in_len += (size_t)got;
    return 0;
}

/* Sends what goes. Returns 0 or a negative errno. */
static int transmit(struct slip_xen_store *store, const struct slip_buf *bytes, size_t *sent)
{
    size_t len = bytes->len - *sent;
    ssize_t n;

    if (store->device)
        len = sizeof(struct xsd_sockmsg) + head_at(bytes, *sent).len;
    do
        n = store->device ? write(store->fd, bytes->data + *sent, len)
                          : send(store->fd, bytes->data + *sent, len, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN ? 0 : -errno;
    *sent += (size_t)n;
    return 0;
}

/* Sends and receives at once: a daemon that waits for us to read what it wrote does not read. */
static int pump(struct slip_xen_store *store, const struct slip_buf *bytes, size_t sent,
                uint32_t first_id, unsigned count, slip_xen_answer_fn *fn, void *payload)
{
    unsigned done = 0;
    int rc = 0;

    for (;;) {
        struct pollfd pfd = {.fd = store->fd, .events = POLLIN};

        rc = take(store, first_id, done, count, fn, payload);
        if (rc < 0)
            return rc;
        done += (unsigned)rc;
        if (done == count)
            return 0;
        if (sent < bytes->len) {
            rc = transmit(store, bytes, &sent);
            if (rc < 0)
                return rc;
            pfd.events |= sent < bytes->len ? POLLOUT : 0;
        }
        rc = poll(&pfd, 1, SLIP_LIMIT_XENSTORE_MS);
        if (rc < 0 && errno != EINTR)
            return -errno;
        if (rc == 0)
            return -ETIMEDOUT;
        if (rc < 0 || !(pfd.revents & ~POLLOUT))
            continue;
        rc = receive(store);
        if (rc < 0 && rc != -EAGAIN)
            return rc;
    }
}

static int lost(const struct slip_xen_store *store, struct slip_error **err)
{
    if (store->fd >= 0)
        return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_XENSTORE_FAILED,
                                store->dead == ETIMEDOUT ? "XenStore's daemon does not answer"
                                                         : "the connection to XenStore is lost: %s",
                                strerrordesc_np(store->dead));
    if (store->dead == EACCES)
        return slip__error_code(err, SLIP_EPERM, SLIP_CODE_XENSTORE_FAILED,
                                "XenStore is root's alone");
    slip__error_code(err, SLIP_EENGINE, SLIP_CODE_XENSTORE_FAILED,
                     "cannot talk to XenStore's daemon: %s", strerrordesc_np(store->dead));
    slip__error_hint(err, "is xenstored or oxenstored running?");
    return SLIP_EENGINE;
}

/* Requests right behind those that were sent ahead: the daemon need not wait for us in between. What does not go now goes later. */
static int follow(struct slip_xen_store *store, const struct slip_buf *bytes, size_t *sent)
{
    if (!store->ahead.waiting || store->device || store->ahead.sent < store->ahead.nodes.bytes.len)
        return 0;
    return transmit(store, bytes, sent);
}

/* Sends count requests in bytes and hands their answers to fn. */
int slip__xen_wire_exchange(struct slip_xen_store *store, struct slip_buf *bytes, unsigned count,
                            slip_xen_answer_fn *fn, void *payload, struct slip_error **err)
{
    uint32_t first_id;
    size_t sent = 0;
    int rc;

    if (bytes->failed)
        return slip__error_oom(err);
    connect_now(store);
    if (!store->dead) {
        first_id = store->ids + 1;
        number(store, bytes);
        rc = follow(store, bytes, &sent);
        if (rc == 0)
            rc = settle_ahead(store);
        if (rc == 0)
            rc = pump(store, bytes, sent, first_id, count, fn, payload);
        store->dead = rc < 0 ? -rc : 0;
    }
    return store->dead ? lost(store, err) : 0;
}

/* XenStore's errors are texts. */
static int error_number(const char *bytes, size_t len)
{
    char name[32];

    slip__xen_wire_text(name, sizeof(name), bytes, len && !bytes[len - 1] ? len - 1 : len);
    for (size_t i = 0; i < SLIP_COUNT(xsd_errors); i++)
        if (strcmp(xsd_errors[i].errstring, name) == 0)
            return xsd_errors[i].errnum;
    return strcmp(name, "EQUOTA") == 0 ? EDQUOT : EINVAL; /* EQUOTA: oxenstored's */
}

void slip__xen_wire_one_answer(void *payload, unsigned index, uint32_t type, const char *bytes,
                               size_t len)
{
    struct slip_xen_answer *answer = payload;

    (void)index;
    if (type == XS_ERROR)
        answer->errnum = error_number(bytes, len);
    else
        slip__buf_put(&answer->bytes, bytes, len);
}

static const char *request_name(uint32_t type)
{
    static const char *const names[] = {[XS_DIRECTORY] = "list",
                                        [XS_READ] = "read",
                                        [XS_WATCH] = "watch",
                                        [XS_WRITE] = "write",
                                        [XS_MKDIR] = "make",
                                        [XS_RM] = "remove",
                                        [XS_SET_PERMS] = "set who may see",
                                        [XS_INTRODUCE] = "introduce domain",
                                        [XS_RELEASE] = "release domain",
                                        [XS_TRANSACTION_START] = "begin a transaction on",
                                        [XS_TRANSACTION_END] = "commit a transaction on"};

    return type < SLIP_COUNT(names) && names[type] ? names[type] : "ask for";
}

static int refused(int errnum, uint32_t type, const char *what, struct slip_error **err)
{
    enum slip_rc rc = errnum == EACCES || errnum == EPERM ? SLIP_EPERM
                      : errnum == ENOENT                  ? SLIP_ENOENT
                                                          : SLIP_EENGINE;
    const char *why = errnum == EDQUOT || errnum == ENOSPC ? "its quota is used up"
                      : errnum == E2BIG ? "it is longer than XenStore's quota allows"
                                        : strerrordesc_np(errnum);

    return slip__error_code(err, rc, SLIP_CODE_XENSTORE_FAILED,
                            "XenStore refused to %s '%.200s': %s (%s)", request_name(type), what,
                            why, strerrorname_np(errnum));
}

/* One request of up to three texts, each sent with its end. *ret gets the answer if it is wanted. */
int slip__xen_wire_request(struct slip_xen_store *store, uint32_t type, const char *const texts[3],
                           struct slip_buf *ret, struct slip_error **err)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf bytes = {0};
    SLIP_AUTO(slip__buf_dispose) struct slip_buf payload = {0};
    struct slip_xen_answer answer = {0};
    int rc;

    for (size_t i = 0; i < 3 && texts[i]; i++)
        slip__buf_put(&payload, texts[i], strlen(texts[i]) + 1);
    slip__xen_wire_head(&bytes, type, payload.len);
    slip__buf_put(&bytes, payload.data, payload.len);
    bytes.failed = bytes.failed || payload.failed;
    rc = slip__xen_wire_exchange(store, &bytes, 1, slip__xen_wire_one_answer, &answer, err);
    if (rc == 0 && answer.errnum && !(type == XS_WATCH && answer.errnum == EEXIST))
        rc = refused(answer.errnum, type, texts[0], err);
    else if (rc == 0 && answer.bytes.failed)
        rc = slip__error_oom(err);
    if (rc == 0 && ret) {
        *ret = answer.bytes;
        answer.bytes = (struct slip_buf){0};
    }
    slip__buf_dispose(&answer.bytes);
    return rc < 0 ? rc : 0;
}

/* What became of a list: the first failure. */
struct outcome {
    const struct slip_xen_nodes *nodes;
    size_t offset; /* of the request whose answer comes next */
    int errnum;
    uint32_t type;
    const char *path;
};

static void note_outcome(void *payload, unsigned index, uint32_t type, const char *bytes,
                         size_t len)
{
    struct outcome *outcome = payload;
    struct xsd_sockmsg head = head_at(&outcome->nodes->bytes, outcome->offset);
    int errnum = type == XS_ERROR ? error_number(bytes, len) : 0;

    (void)index;
    if (errnum && !outcome->errnum && !(head.type == XS_RM && errnum == ENOENT)) {
        outcome->errnum = errnum;
        outcome->type = head.type;
        outcome->path = outcome->nodes->bytes.data + outcome->offset + sizeof(head);
    }
    outcome->offset += sizeof(head) + head.len;
}

static int too_long(struct slip_error **err)
{
    return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_XENSTORE_FAILED,
                            "a path or value is too long for XenStore");
}

int slip__xen_store_apply(struct slip_xen_store *store, struct slip_xen_nodes *nodes,
                          struct slip_error **err)
{
    struct outcome outcome = {.nodes = nodes};
    int rc;

    if (nodes->failed)
        return too_long(err);
    rc = slip__xen_wire_exchange(store, &nodes->bytes, nodes->count, note_outcome, &outcome, err);
    if (rc == 0 && outcome.errnum)
        rc = refused(outcome.errnum, outcome.type, outcome.path, err);
    return rc;
}

/* Its answers have come, or never will: what became of it is in ahead. Returns 0 or a negative errno: the connection is lost. */
static int settle_ahead(struct slip_xen_store *store)
{
    struct ahead *ahead = &store->ahead;
    struct outcome outcome = {.nodes = &ahead->nodes};
    int rc;

    if (!ahead->waiting)
        return 0;
    ahead->waiting = false;
    rc = store->dead ? 0
                     : pump(store, &ahead->nodes.bytes, ahead->sent, ahead->first_id,
                            ahead->nodes.count, note_outcome, &outcome);
    if (rc < 0)
        store->dead = -rc;
    ahead->errnum = outcome.errnum;
    ahead->type = outcome.type;
    snprintf(ahead->path, sizeof(ahead->path), "%s", outcome.path ? outcome.path : "");
    return rc;
}

int slip__xen_store_send(struct slip_xen_store *store, struct slip_xen_nodes *nodes,
                         struct slip_error **err)
{
    struct ahead *ahead = &store->ahead;
    size_t before;
    int rc = 0;

    if (nodes->failed || nodes->bytes.failed)
        return nodes->bytes.failed ? slip__error_oom(err) : too_long(err);
    connect_now(store);
    settle_ahead(store);
    if (store->dead)
        return lost(store, err);
    slip__xen_nodes_dispose(&ahead->nodes);
    *ahead = (struct ahead){.nodes = *nodes, .first_id = store->ids + 1, .waiting = true};
    *nodes = (struct slip_xen_nodes){0};
    number(store, &ahead->nodes.bytes);
    do {
        before = ahead->sent;
        rc = transmit(store, &ahead->nodes.bytes, &ahead->sent);
    } while (rc == 0 && ahead->sent > before && ahead->sent < ahead->nodes.bytes.len);
    if (rc < 0)
        store->dead = -rc;
    return rc < 0 ? lost(store, err) : 0;
}

int slip__xen_store_settle(struct slip_xen_store *store, struct slip_error **err)
{
    struct ahead *ahead = &store->ahead;

    settle_ahead(store);
    if (store->dead)
        return lost(store, err);
    return ahead->errnum ? refused(ahead->errnum, ahead->type, ahead->path, err) : 0;
}

static int begin(struct slip_xen_store *store, struct slip_error **err)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf id = {0};
    int rc = slip__xen_wire_request(store, XS_TRANSACTION_START, (const char *[3]){""}, &id, err);
    unsigned long tx;

    if (rc < 0)
        return rc;
    tx = id.data ? strtoul(id.data, NULL, 10) : 0; /* a slip_buf ends in a NUL */
    if (tx == 0 || tx > UINT32_MAX)
        return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_XENSTORE_FAILED,
                                "XenStore gave a transaction no number");
    store->tx = (uint32_t)tx;
    return 0;
}

/* Ends the transaction; *ret_again: it has to be done anew. */
static int finish(struct slip_xen_store *store, bool keep, bool *ret_again, struct slip_error **err)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf bytes = {0};
    struct slip_xen_answer answer = {0};
    int rc;

    slip__xen_wire_head(&bytes, XS_TRANSACTION_END, 2);
    slip__buf_put(&bytes, keep ? "T" : "F", 2);
    rc = slip__xen_wire_exchange(store, &bytes, 1, slip__xen_wire_one_answer, &answer, err);
    slip__buf_dispose(&answer.bytes);
    store->tx = 0;
    *ret_again = rc == 0 && answer.errnum == EAGAIN;
    if (rc == 0 && answer.errnum && !*ret_again)
        rc = refused(answer.errnum, XS_TRANSACTION_END, "/", err);
    return rc;
}

int slip__xen_store_transact(struct slip_xen_store *store, slip_xen_fill_fn *fill, void *payload,
                             struct slip_error **err)
{
    for (unsigned i = 0; i < SLIP_LIMIT_XENSTORE_RETRIES; i++) {
        SLIP_AUTO(slip__xen_nodes_dispose) struct slip_xen_nodes nodes = {0};
        bool again = false;
        int rc = begin(store, err);

        if (rc < 0)
            return rc;
        rc = fill(store, &nodes, payload, err);
        if (rc == 0 && (nodes.count || nodes.failed))
            rc = slip__xen_store_apply(store, &nodes, err);
        if (rc < 0) {
            finish(store, false, &again, NULL);
            return rc;
        }
        rc = finish(store, true, &again, err);
        if (!again)
            return rc;
    }
    return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_XENSTORE_FAILED,
                            "others write to the same places of XenStore all the time");
}

/* All of it is ready: it is sent from where it is. */
static int fill_ready(struct slip_xen_store *store, struct slip_xen_nodes *nodes, void *payload,
                      struct slip_error **err)
{
    (void)nodes;
    return slip__xen_store_apply(store, payload, err);
}

int slip__xen_store_commit(struct slip_xen_store *store, struct slip_xen_nodes *nodes,
                           struct slip_error **err)
{
    return slip__xen_store_transact(store, fill_ready, nodes, err);
}

/* Watches and events. */

int slip__xen_store_watch(struct slip_xen_store *store, const char *path, const char *token,
                          struct slip_error **err)
{
    return slip__xen_wire_request(store, XS_WATCH, (const char *[3]){path, token}, NULL, err);
}

void slip__xen_store_unwatch(struct slip_xen_store *store, const char *path, const char *token)
{
    slip__xen_wire_request(store, XS_UNWATCH, (const char *[3]){path, token}, NULL, NULL);
}

bool slip__xen_store_lost(const struct slip_xen_store *store)
{
    return store->dead != 0;
}

int slip__xen_store_fd(const struct slip_xen_store *store)
{
    return store->fd;
}

static void no_answer(void *payload, unsigned index, uint32_t type, const char *bytes, size_t len)
{
    (void)payload;
    (void)index;
    (void)type;
    (void)bytes;
    (void)len;
}

bool slip__xen_store_event(struct slip_xen_store *store, char path[SLIP_XEN_PATH_BYTES],
                           char token[SLIP_XEN_PATH_BYTES])
{
    const struct event *event;
    int rc;

    connect_now(store);
    settle_ahead(store);
    while (!store->n_events && !store->dead) {
        rc = receive(store);
        if (rc == 0)
            rc = take(store, 0, 0, 0, no_answer, NULL);
        if (rc == -EAGAIN)
            return false;
        store->dead = rc < 0 ? -rc : 0;
    }
    if (!store->n_events)
        return false;
    event = &store->events[store->first];
    memcpy(path, event->path, sizeof(event->path));
    memcpy(token, event->token, sizeof(event->token));
    store->first = (store->first + 1) % SLIP_LIMIT_XENSTORE_EVENTS;
    store->n_events--;
    return true;
}

bool slip__xen_store_wait(struct slip_xen_store *store, uint64_t deadline_us)
{
    char path[SLIP_XEN_PATH_BYTES], token[SLIP_XEN_PATH_BYTES];
    bool any = false;

    while (!any && !store->dead) {
        struct pollfd pfd = {.fd = store->fd, .events = POLLIN};
        uint64_t now = slip__now_us();

        /* Who writes a watched node all the time can make events as fast as they are taken: neither the deadline nor the number
         * of them may depend on a pause. */
        if (now >= deadline_us)
            break;
        for (unsigned i = 0;
             i < SLIP_LIMIT_XENSTORE_EVENTS && slip__xen_store_event(store, path, token); i++)
            any = true;
        if (any)
            break;
        if (poll(&pfd, 1, (int)((deadline_us - now) / 1000 + 1)) < 0 && errno != EINTR)
            break;
    }
    return any;
}
