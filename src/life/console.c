/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The console ring and its viewers (console.h says how). Nothing here blocks. */
#include "life/console.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "life/limits.h"

/* A guest that prints without end must not keep us from the rest: so much at a time. */
#define CHUNK_BYTES 16384
/* What can still be in a socket when the engine ends: more than any socket buffer's default. */
#define DRAIN_BYTES (1u << 20)

int slip__console_init(struct slip_console *console, size_t ring_bytes)
{
    *console = (struct slip_console){.guest_fd = -1, .guest_in_fd = -1, .ring_bytes = ring_bytes};
    console->ring = malloc(ring_bytes);
    return console->ring ? 0 : -1;
}

void slip__console_dispose(struct slip_console *console)
{
    for (unsigned i = 0; i < console->n_viewers; i++)
        if (console->viewers[i].fd >= 0)
            close(console->viewers[i].fd);
    free(console->ring);
    *console = (struct slip_console){.guest_fd = -1, .guest_in_fd = -1};
}

void slip__console_put(struct slip_console *console, const void *bytes, size_t len)
{
    const char *p = bytes;

    while (len) {
        size_t at = console->written % console->ring_bytes, room = console->ring_bytes - at;
        size_t part = len < room ? len : room;

        memcpy(console->ring + at, p, part);
        console->written += part;
        p += part;
        len -= part;
    }
}

/* The place of the oldest byte that is still there. */
static uint64_t oldest(const struct slip_console *console)
{
    return console->written > console->ring_bytes ? console->written - console->ring_bytes : 0;
}

/* Does the stream end in these bytes? */
static bool ends_in(const struct slip_console *console, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (console->ring[(console->written - len + i) % console->ring_bytes] != bytes[i])
            return false;
    }
    return true;
}

void slip__console_complete(struct slip_console *console, const char *last_words, size_t len,
                            size_t unheard)
{
    size_t heard = len - unheard;

    if (unheard == 0 || heard > console->received || heard > console->ring_bytes ||
        !ends_in(console, last_words, heard))
        return;
    slip__console_put(console, last_words + heard, unheard);
    console->received += unheard;
    console->known += unheard;
}

bool slip__console_attach(struct slip_console *console, int fd)
{
    if (console->n_viewers == SLIP_LIMIT_CLIENTS)
        return false;
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    console->viewers[console->n_viewers++] =
        (struct slip_viewer){.fd = fd, .place = oldest(console)};
    return true;
}

static void drop(struct slip_viewer *viewer)
{
    close(viewer->fd);
    viewer->fd = -1;
}

static void sweep(struct slip_console *console)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < console->n_viewers; i++)
        if (console->viewers[i].fd >= 0)
            console->viewers[kept++] = console->viewers[i];
    console->n_viewers = kept;
}

static bool viewer_pending(const struct slip_console *console, const struct slip_viewer *viewer)
{
    return viewer->fd >= 0 && (viewer->note_len || viewer->place < console->written);
}

bool slip__console_pending(const struct slip_console *console)
{
    for (unsigned i = 0; i < console->n_viewers; i++)
        if (viewer_pending(console, &console->viewers[i]))
            return true;
    return false;
}

uint64_t slip__console_due_us(const struct slip_console *console)
{
    return console->guest_fd >= 0 ? console->rest_until_us : 0;
}

unsigned slip__console_fds(const struct slip_console *console, uint64_t now_us,
                           struct pollfd ret[SLIP_CONSOLE_MAX_FDS])
{
    bool room = console->input_len < sizeof(console->input);
    unsigned n = 0;

    for (; n < console->n_viewers; n++) {
        const struct slip_viewer *viewer = &console->viewers[n];
        int events = (viewer_pending(console, viewer) ? POLLOUT : 0) |
                     (room && !viewer->input_closed ? POLLIN : 0);

        ret[n] = (struct pollfd){.fd = viewer->fd, .events = (short)events};
    }
    if (console->guest_fd >= 0 && now_us >= console->rest_until_us)
        ret[n++] = (struct pollfd){.fd = console->guest_fd, .events = POLLIN};
    if (console->guest_in_fd >= 0 && console->input_len)
        ret[n++] = (struct pollfd){.fd = console->guest_in_fd, .events = POLLOUT};
    return n;
}

/* Sends some; false when the viewer is gone. */
static bool send_some(struct slip_viewer *viewer, const char *bytes, size_t len, size_t *ret_sent)
{
    ssize_t r = send(viewer->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);

    *ret_sent = r > 0 ? (size_t)r : 0;
    return r >= 0 || errno == EAGAIN || errno == EINTR;
}

/* What is missed while a note waits to be sent goes into that note; once it is on its way, into the next. */
static void note_what_was_missed(const struct slip_console *console, struct slip_viewer *viewer)
{
    uint64_t first = oldest(console);

    if (viewer->note_sent)
        return;
    if (viewer->place < first) {
        viewer->missed += first - viewer->place;
        viewer->place = first;
    }
    if (viewer->missed)
        viewer->note_len = (size_t)snprintf(viewer->note, sizeof(viewer->note),
                                            "\r\n[slipway: %llu bytes of output were missed]\r\n",
                                            (unsigned long long)viewer->missed);
}

static void send_note(struct slip_viewer *viewer)
{
    size_t sent;

    if (!send_some(viewer, viewer->note + viewer->note_sent, viewer->note_len - viewer->note_sent,
                   &sent))
        drop(viewer);
    viewer->note_sent += sent;
    if (viewer->note_sent < viewer->note_len)
        return;
    viewer->note_len = viewer->note_sent = 0;
    viewer->missed = 0;
}

static void viewer_send(struct slip_console *console, struct slip_viewer *viewer)
{
    size_t at, len, sent;

    note_what_was_missed(console, viewer);
    if (viewer->note_len) {
        send_note(viewer);
        return;
    }
    at = viewer->place % console->ring_bytes;
    len = console->ring_bytes - at;
    if (len > console->written - viewer->place)
        len = console->written - viewer->place;
    if (!send_some(viewer, console->ring + at, len, &sent))
        drop(viewer);
    viewer->place += sent;
}

static void viewer_receive(struct slip_console *console, struct slip_viewer *viewer)
{
    size_t room = sizeof(console->input) - console->input_len;
    ssize_t r;

    if (!room)
        return; /* an earlier viewer of this round took it */
    r = recv(viewer->fd, console->input + console->input_len, room, MSG_DONTWAIT);
    if (r > 0 && console->guest_in_fd >= 0)
        console->input_len += (size_t)r;
    else if (r == 0)
        viewer->input_closed = true;
    else if (r < 0 && errno != EAGAIN && errno != EINTR)
        drop(viewer);
}

/* Both directions are closed: nobody is there. (A half-closed one still watches.) */
static bool is_gone(const struct pollfd *pfd)
{
    return pfd->revents & (POLLHUP | POLLERR | POLLNVAL) && !(pfd->revents & POLLIN);
}

static void viewer_dispatch(struct slip_console *console, struct slip_viewer *viewer,
                            const struct pollfd *pfd)
{
    if (is_gone(pfd)) {
        drop(viewer);
        return;
    }
    if (pfd->revents & POLLIN)
        viewer_receive(console, viewer);
    if (viewer_pending(console, viewer))
        viewer_send(console, viewer);
}

/* True while there may be more. */
static bool guest_receive(struct slip_console *console)
{
    char chunk[CHUNK_BYTES];
    ssize_t r = read(console->guest_fd, chunk, sizeof(chunk));

    if (r > 0) {
        size_t known = (uint64_t)r < console->known ? (size_t)r : console->known;

        slip__console_put(console, chunk + known, (size_t)r - known);
        console->known -= known;
        console->received += (uint64_t)r - known;
        console->rest_until_us = slip__now_us() + SLIP_CONSOLE_GATHER_US;
    } else if (r == 0 || (errno != EAGAIN && errno != EINTR)) {
        console->guest_fd = -1; /* closed: the engine will tell why */
    }
    return r > 0;
}

static void guest_send(struct slip_console *console)
{
    /* The engine may give us any kind of stream, so no send(); supervisors ignore SIGPIPE. */
    ssize_t r = write(console->guest_in_fd, console->input, console->input_len);

    if (r > 0) {
        console->input_len -= (size_t)r;
        memmove(console->input, console->input + r, console->input_len);
    } else if (r < 0 && errno != EAGAIN && errno != EINTR) {
        console->input_len = 0; /* nobody to type at any more */
    }
}

void slip__console_dispatch(struct slip_console *console, const struct pollfd *fds, unsigned n_fds)
{
    unsigned viewers = console->n_viewers;

    if (n_fds > viewers && fds[viewers].fd == console->guest_fd && fds[viewers].revents)
        guest_receive(console);
    if (console->guest_in_fd >= 0 && console->input_len)
        guest_send(console);
    for (unsigned i = 0; i < viewers; i++)
        viewer_dispatch(console, &console->viewers[i], &fds[i]);
    sweep(console);
}

void slip__console_drain(struct slip_console *console)
{
    for (unsigned i = 0; console->guest_fd >= 0 && i < DRAIN_BYTES / CHUNK_BYTES; i++)
        if (!guest_receive(console))
            break;
    console->guest_fd = console->guest_in_fd = -1;
    console->input_len = 0;
}
