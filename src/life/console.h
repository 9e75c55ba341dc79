/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest's console: what it printed last, and everybody who watches and types. It must not know domains or policy.
 *
 * There is one ring of bytes and each viewer has a place in it, so that a slow viewer costs no memory and holds up nobody: when
 * the ring has gone round past its place it is told how much it missed. What viewers type waits in one small buffer; while that
 * is full nobody's typing is read.
 */
#ifndef SLIP_LIFE_CONSOLE_H
#define SLIP_LIFE_CONSOLE_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "life/limits.h"

/* A guest prints byte by byte, and each byte that wakes a reader costs it more than the byte itself: a kernel's boot messages
 * take 0.1 s longer. So after a read its output gathers for this long, which nobody sees at a terminal. */
#define SLIP_CONSOLE_GATHER_US 4000u

/* What is typed but not yet taken by the guest: a pasted screenful. */
#define SLIP_CONSOLE_INPUT_BYTES 4096u

struct slip_viewer {
    int fd; /* -1: gone, to be swept */
    bool input_closed;
    uint64_t place;  /* bytes of the stream it has, or has missed */
    uint64_t missed; /* those it was not yet told of */
    char note[64];   /* "so much was missed", to be sent before anything else */
    size_t note_len, note_sent;
};

struct slip_console {
    int guest_fd;           /* what the guest prints; borrowed from the engine; -1: none */
    int guest_in_fd;        /* where typing goes; borrowed; -1: none, then typing is dropped */
    uint64_t received;      /* bytes that came from there */
    uint64_t known;         /* bytes that are still to come from there and were put already */
    uint64_t rest_until_us; /* until then what the guest prints is left to gather */
    char *ring;
    size_t ring_bytes;
    uint64_t written; /* bytes ever put; the last ring_bytes of them are in the ring */
    char input[SLIP_CONSOLE_INPUT_BYTES];
    size_t input_len;
    struct slip_viewer viewers[SLIP_LIMIT_CLIENTS];
    unsigned n_viewers;
};

#define SLIP_CONSOLE_MAX_FDS (SLIP_LIMIT_CLIENTS + 2)

/* -1 when out of memory. */
int slip__console_init(struct slip_console *console, size_t ring_bytes);
/* Closes the viewers too. */
void slip__console_dispose(struct slip_console *console);

/* Appends to what the guest printed. */
void slip__console_put(struct slip_console *console, const void *bytes, size_t len);
/* The guest has ended, and these are its last bytes, of which the last unheard ones have not come. They are put, if what came before
 * them is what came: else somebody else has read there, too, and it can't be told what is missing. */
void slip__console_complete(struct slip_console *console, const char *last_words, size_t len,
                            size_t unheard);
/* Adds a viewer, who first gets what is in the ring. Takes fd and makes it non-blocking; false (fd is still the caller's) when
 * there are SLIP_LIMIT_CLIENTS already. */
bool slip__console_attach(struct slip_console *console, int fd);

/* The event loop's two halves: what to poll for, then what to do about it. dispatch takes the same array. */
/* now_us: the time, as by slip__now_us(). */
unsigned slip__console_fds(const struct slip_console *console, uint64_t now_us,
                           struct pollfd ret[SLIP_CONSOLE_MAX_FDS]);
/* When fds() is to be asked again even if nothing becomes ready; 0: never. */
uint64_t slip__console_due_us(const struct slip_console *console);
void slip__console_dispatch(struct slip_console *console, const struct pollfd *fds, unsigned n_fds);
/* Takes what the guest has printed so far, before its engine goes. */
void slip__console_drain(struct slip_console *console);
/* Has a viewer not yet got everything? */
bool slip__console_pending(const struct slip_console *console);

#endif
