/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The supervisor's side of the control socket: who is connected, what they ask, what they are answered. Nothing that comes in can
 * do more than close its own connection. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "guest/json.h"
#include "life/limits.h"
#include "life/supervisor.h"

void slip__control_init(struct slip_control *control)
{
    control->listen_fd = -1;
    control->n_peers = 0;
}

static void drop(struct slip_peer *peer)
{
    if (peer->fd >= 0)
        close(peer->fd);
    peer->fd = -1;
    slip__buf_dispose(&peer->in);
    slip__buf_dispose(&peer->out);
}

void slip__control_dispose(struct slip_control *control)
{
    for (unsigned i = 0; i < control->n_peers; i++)
        drop(&control->peers[i]);
    if (control->listen_fd >= 0)
        close(control->listen_fd);
    slip__control_init(control);
}

/* Forgets those who are gone, for whatever reason. The domain goes with its owner. */
static void sweep(struct slip_supervisor *s)
{
    struct slip_control *control = &s->control;
    unsigned kept = 0;

    for (unsigned i = 0; i < control->n_peers; i++) {
        if (control->peers[i].fd >= 0)
            control->peers[kept++] = control->peers[i];
        else if (control->peers[i].owner)
            slip__supervisor_finish(s, SLIP_END_DESTROYED, "its owner is gone", NULL);
    }
    control->n_peers = kept;
}

/* Takes fd; NULL (fd is still the caller's) when there are too many already. */
static struct slip_peer *add(struct slip_control *control, int fd)
{
    if (control->n_peers == SLIP_CONTROL_MAX_PEERS)
        return NULL;
    control->peers[control->n_peers] = (struct slip_peer){.fd = fd};
    return &control->peers[control->n_peers++];
}

/* What does not fit into the socket waits in out; reading stops until it is gone, so out is never more than one reply and
 * the end. */
static void peer_flush(struct slip_peer *peer)
{
    while (peer->fd >= 0 && peer->out.len) {
        ssize_t r = send(peer->fd, peer->out.data, peer->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (r < 0 && errno == EAGAIN)
            return;
        if (r < 0 && errno != EINTR) {
            slip__buf_dispose(&peer->out); /* gone; reading tells so in the next turn */
            return;
        }
        if (r > 0) {
            peer->out.len -= (size_t)r;
            memmove(peer->out.data, peer->out.data + r, peer->out.len);
        }
    }
}

static void reply(struct slip_peer *peer, json_t *message)
{
    if (slip__message_put(&peer->out, message, NULL) < 0)
        drop(peer);
    else
        peer_flush(peer);
}

void slip__control_add_owner(struct slip_control *control, int fd, bool owned,
                             const struct slip_domain_info *info)
{
    struct slip_peer *peer = add(control, fd);

    peer->owner = owned;
    reply(peer, info ? slip__info_to_json(info) : slip__message_ok());
}

static void reply_error(struct slip_peer *peer, struct slip_error *err)
{
    reply(peer, slip__message_error(err));
    slip_error_free(err);
}

/* For requests that do one thing and say how it went. */
typedef int action_fn(struct slip_supervisor *s, struct slip_error **err);

static void act(struct slip_supervisor *s, struct slip_peer *peer, action_fn *fn)
{
    struct slip_error *err = NULL;

    if (fn(s, &err) < 0)
        reply_error(peer, err);
    else
        reply(peer, slip__message_ok());
}

static void on_info(struct slip_supervisor *s, struct slip_peer *peer, const json_t *request)
{
    (void)request;
    slip__supervisor_look(s);
    reply(peer, slip__info_to_json(&s->info));
}

static void on_pause(struct slip_supervisor *s, struct slip_peer *peer, const json_t *request)
{
    (void)request;
    act(s, peer, slip__supervisor_pause);
}

static void on_unpause(struct slip_supervisor *s, struct slip_peer *peer, const json_t *request)
{
    (void)request;
    act(s, peer, slip__supervisor_unpause);
}

static void on_shutdown(struct slip_supervisor *s, struct slip_peer *peer, const json_t *request)
{
    (void)request;
    act(s, peer, slip__supervisor_shutdown);
}

static void on_reboot(struct slip_supervisor *s, struct slip_peer *peer, const json_t *request)
{
    (void)request;
    act(s, peer, slip__supervisor_reboot);
}

/* Answered when it is gone. */
static void on_destroy(struct slip_supervisor *s, struct slip_peer *peer, const json_t *request)
{
    (void)request;
    peer->destroys = true;
    slip__supervisor_finish(s, SLIP_END_DESTROYED, "it was destroyed", NULL);
}

static void on_detach(struct slip_supervisor *s, struct slip_peer *peer, const json_t *request)
{
    (void)s;
    (void)request;
    peer->owner = false;
    reply(peer, slip__message_ok());
}

/* The connection becomes a console. The reply goes first; an empty socket takes it whole. */
static void on_console(struct slip_supervisor *s, struct slip_peer *peer, const json_t *request)
{
    struct slip_error *err = NULL;

    (void)request;
    if (peer->owner)
        slip__error_code(&err, SLIP_ESTATE, SLIP_CODE_BAD_MESSAGE,
                         "the owner's connection cannot become a console");
    else if (s->console.n_viewers == SLIP_LIMIT_CLIENTS)
        slip__error_code(&err, SLIP_ESTATE, SLIP_CODE_TOO_MANY_CONSOLES,
                         "%u consoles of guest '%s' are open, which is the limit",
                         SLIP_LIMIT_CLIENTS, s->info.name);
    else
        slip__supervisor_console(s, true, &err);
    if (err) {
        reply_error(peer, err);
        return;
    }
    reply(peer, slip__message_ok());
    if (peer->fd >= 0 && !peer->out.len && slip__console_attach(&s->console, peer->fd))
        peer->fd = -1;
    drop(peer);
}

/* SLIP_DEVICE_DISK, SLIP_DEVICE_VIF, or 0 if the request names neither. */
static enum slip_device_kind kind_of(const json_t *request)
{
    uint64_t kind = slip__message_uint(request, "kind");

    return kind == SLIP_DEVICE_DISK || kind == SLIP_DEVICE_VIF ? (enum slip_device_kind)kind
                                                               : (enum slip_device_kind)0;
}

static int attach(struct slip_supervisor *s, const json_t *request, struct slip_error **err)
{
    const json_t *json = json_object_get(request, "device");
    const struct slip_record *record = &slip__record_disk;
    union {
        struct slip_disk disk;
        struct slip_vif vif;
    } item;
    struct slip_device device = {.kind = kind_of(request), .disk = &item.disk};
    int rc;

    if (!device.kind)
        return slip__error_code(err, SLIP_EINVAL, SLIP_CODE_BAD_MESSAGE,
                                "no kind of device that is known");
    if (device.kind == SLIP_DEVICE_VIF) {
        record = &slip__record_vif;
        device.vif = &item.vif;
    }
    rc = slip__object_from_json(record, json, &item, err);
    if (rc < 0)
        return rc;
    if (device.kind == SLIP_DEVICE_DISK ? !item.disk.vdev.value : !item.vif.mac.value)
        rc = slip__error_code(err, SLIP_EINVAL, SLIP_CODE_BAD_MESSAGE, "the device is incomplete");
    else
        rc = slip__supervisor_attach(s, &device, err);
    slip__object_dispose(record, &item);
    return rc;
}

static void answer_rc(struct slip_peer *peer, int rc, struct slip_error *err)
{
    if (rc < 0)
        reply_error(peer, err);
    else
        reply(peer, slip__message_ok());
}

static void on_attach(struct slip_supervisor *s, struct slip_peer *peer, const json_t *request)
{
    struct slip_error *err = NULL;
    int rc = attach(s, request, &err);

    answer_rc(peer, rc, err);
}

static void on_detach_device(struct slip_supervisor *s, struct slip_peer *peer,
                             const json_t *request)
{
    enum slip_device_kind kind = kind_of(request);
    const char *which = slip__message_text(request, "which");
    struct slip_error *err = NULL;
    int rc;

    if (!kind || !*which)
        rc = slip__error_code(&err, SLIP_EINVAL, SLIP_CODE_BAD_MESSAGE,
                              "no device that could be meant");
    else
        rc = slip__supervisor_detach(s, kind, which, &err);
    answer_rc(peer, rc, err);
}

static int add_device(const struct slip_device_info *info, void *payload)
{
    return json_array_append_new(payload, slip__device_to_json(info));
}

static void on_devices(struct slip_supervisor *s, struct slip_peer *peer, const json_t *request)
{
    json_t *message = slip__message_ok(), *array = json_array();
    struct slip_error *err = NULL;
    int rc = slip__supervisor_devices(s, add_device, array, &err);

    (void)request;
    if (rc < 0) {
        json_decref(array);
        json_decref(message);
        reply_error(peer, err);
        return;
    }
    if (json_object_set_new(message, "devices", array) < 0) {
        json_decref(message);
        message = NULL;
    }
    reply(peer, message);
}

static const struct {
    const char *verb;
    void (*fn)(struct slip_supervisor *s, struct slip_peer *peer, const json_t *request);
} requests[] = {
    {"info", on_info},       {"pause", on_pause},
    {"unpause", on_unpause}, {"shutdown", on_shutdown},
    {"reboot", on_reboot},   {"destroy", on_destroy},
    {"detach", on_detach},   {"console", on_console},
    {"attach", on_attach},   {"detach-device", on_detach_device},
    {"devices", on_devices},
};

static void answer(struct slip_supervisor *s, struct slip_peer *peer, const char *line, size_t len)
{
    struct slip_error *err = NULL;
    json_t *request = NULL;
    const char *verb;

    if (slip__message_parse(line, len, &request, &err) < 0) {
        reply_error(peer, err);
        return;
    }
    verb = slip__message_text(request, "request");
    for (size_t i = 0; i < SLIP_COUNT(requests); i++)
        if (strcmp(requests[i].verb, verb) == 0) {
            requests[i].fn(s, peer, request);
            json_decref(request);
            return;
        }
    slip__error_code(&err, SLIP_EINVAL, SLIP_CODE_BAD_MESSAGE, "an unknown request '%.32s'", verb);
    reply_error(peer, err);
    json_decref(request);
}

/* Answers the lines that have come in whole, until one has ended the domain or an answer is stuck. */
static void answer_all(struct slip_supervisor *s, struct slip_peer *peer)
{
    size_t done = 0;

    while (peer->fd >= 0 && !peer->out.len && !s->ending.end) {
        const char *line = peer->in.data + done;
        const char *end = peer->in.len > done ? memchr(line, '\n', peer->in.len - done) : NULL;

        if (!end)
            break;
        answer(s, peer, line, (size_t)(end - line));
        done += (size_t)(end - line) + 1;
    }
    if (peer->fd < 0 || !done)
        return;
    peer->in.len -= done;
    memmove(peer->in.data, peer->in.data + done, peer->in.len);
    if (!peer->in.len)
        slip__buf_dispose(&peer->in); /* an idle connection costs no memory */
}

static void peer_receive(struct slip_supervisor *s, struct slip_peer *peer)
{
    struct slip_error *err = NULL;
    char chunk[4096];
    ssize_t r = recv(peer->fd, chunk, sizeof(chunk), MSG_DONTWAIT);

    if (r < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (r <= 0) { /* gone; what it had asked before was answered */
        drop(peer);
        return;
    }
    slip__buf_put(&peer->in, chunk, (size_t)r);
    if (peer->in.failed) {
        drop(peer);
        return;
    }
    answer_all(s, peer);
    if (peer->fd < 0 || peer->in.len <= SLIP_LIMIT_MESSAGE_BYTES)
        return;
    slip__error_code(&err, SLIP_EINVAL, SLIP_CODE_BAD_MESSAGE, "a message of over %u bytes",
                     SLIP_LIMIT_MESSAGE_BYTES);
    reply_error(peer, err);
    drop(peer);
}

/* The folder keeps others out already; this is the second lock. */
static bool may_talk(int fd)
{
    struct ucred who;
    socklen_t len = sizeof(who);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 &&
           (who.uid == geteuid() || who.uid == 0);
}

/* Tells a newcomer why it cannot stay: there is room in a new socket. Takes fd. */
static void turn_away(int fd)
{
    struct slip_peer peer = {.fd = fd};
    struct slip_error *err = NULL;

    slip__error_code(&err, SLIP_ESTATE, SLIP_CODE_TOO_MANY_CONNECTIONS,
                     "%u connections to this guest are open, which is the limit",
                     SLIP_CONTROL_MAX_PEERS);
    reply_error(&peer, err);
    drop(&peer);
}

static void accept_one(struct slip_control *control)
{
    int fd = accept4(control->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0)
        return;
    if (!may_talk(fd))
        close(fd);
    else if (!add(control, fd))
        turn_away(fd);
}

unsigned slip__control_fds(const struct slip_control *control,
                           struct pollfd ret[SLIP_CONTROL_MAX_FDS])
{
    unsigned n = 0;

    for (; n < control->n_peers; n++)
        ret[n] = (struct pollfd){.fd = control->peers[n].fd,
                                 .events = control->peers[n].out.len ? POLLOUT : POLLIN};
    if (control->listen_fd >= 0)
        ret[n++] = (struct pollfd){.fd = control->listen_fd, .events = POLLIN};
    return n;
}

static void peer_dispatch(struct slip_supervisor *s, struct slip_peer *peer,
                          const struct pollfd *pfd)
{
    if (pfd->revents & POLLOUT) {
        peer_flush(peer);
        answer_all(s, peer); /* what waited behind the answer */
    } else if (pfd->revents) {
        peer_receive(s, peer);
    }
}

void slip__control_dispatch(struct slip_supervisor *s, const struct pollfd *fds, unsigned n_fds)
{
    struct slip_control *control = &s->control;
    unsigned peers = control->n_peers;

    for (unsigned i = 0; i < peers; i++)
        peer_dispatch(s, &control->peers[i], &fds[i]);
    if (n_fds > peers && fds[peers].revents)
        accept_one(control);
    sweep(s);
}

void slip__control_tell_end(struct slip_supervisor *s)
{
    struct slip_control *control = &s->control;

    if (control->listen_fd >= 0)
        close(control->listen_fd);
    control->listen_fd = -1;
    for (unsigned i = 0; i < control->n_peers; i++) {
        if (control->peers[i].destroys)
            reply(&control->peers[i], slip__message_ok());
        reply(&control->peers[i], slip__message_end(&s->ending));
    }
    sweep(s);
}

bool slip__control_pending(const struct slip_control *control)
{
    for (unsigned i = 0; i < control->n_peers; i++)
        if (control->peers[i].out.len)
            return true;
    return false;
}

void slip__control_flush(struct slip_control *control)
{
    for (unsigned i = 0; i < control->n_peers; i++)
        peer_flush(&control->peers[i]);
}
