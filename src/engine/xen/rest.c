/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waiting for the last words of a guest; rest.h says why. */
#include "engine/xen/rest.h"

#include <sys/timerfd.h>
#include <unistd.h>
#include <xen/io/console.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "engine/xen/limits.h"
#include "engine/xen/run.h"

_Static_assert(sizeof(((struct xencons_interface *)0)->out) == SLIP_XEN_RING_BYTES, "the ring");

static void arm(const struct slip_xen_rest *rest)
{
    const struct itimerspec when = {.it_value = {.tv_nsec = SLIP_LIMIT_REST_QUIET_MS * 1000000L}};

    timerfd_settime(rest->timer_fd, 0, &when, NULL);
}

static void begin(struct slip_xen_run *run)
{
    const xen_pfn_t frame = run->console.frame;
    struct slip_xen_rest *rest = &run->rest;

    rest->waiting = true;
    rest->heard = run->run.console_received;
    rest->until_us = slip__now_us() + SLIP_LIMIT_REST_MS * 1000ull;
    rest->ring = slip__xen_map_frames(run->xen.memory, run->domid, &frame, 1, NULL);
    rest->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (rest->timer_fd >= 0)
        arm(rest);
}

/* Bytes that the guest wrote and the terminal did not give (both counts wrap). Nonsense if somebody else reads there, too, or the
 * guest makes its own count up; 0 or less: all have come. */
static int32_t unheard(const struct slip_xen_run *run)
{
    const struct xencons_interface *ring = run->rest.ring;

    return (int32_t)(__atomic_load_n(&ring->out_prod, __ATOMIC_ACQUIRE) -
                     (uint32_t)run->run.console_received);
}

/* Is there no more to hope for? Words that come give the next ones all of the time again: xenconsoled's memory has an end. */
static bool is_quiet(struct slip_xen_run *run)
{
    struct slip_xen_rest *rest = &run->rest;
    uint64_t times, now = slip__now_us();

    if (rest->heard != run->run.console_received) {
        rest->heard = run->run.console_received;
        rest->until_us = now + SLIP_LIMIT_REST_MS * 1000ull;
    }
    if (now >= rest->until_us)
        return true;
    /* Woken by anything but the timer, by new words above all: the quiet begins anew. */
    return read(rest->timer_fd, &times, sizeof(times)) == sizeof(times) &&
           (!rest->ring || unheard(run) <= (int32_t)SLIP_XEN_RING_BYTES);
}

/* The ring's newest bytes, in order, whoever has taken them since. */
static void keep_last_words(struct slip_xen_run *run)
{
    struct slip_xen_rest *rest = &run->rest;
    uint32_t end, bytes;
    int32_t left;

    if (!rest->ring)
        return;
    end = __atomic_load_n(&rest->ring->out_prod, __ATOMIC_ACQUIRE);
    bytes = end < SLIP_XEN_RING_BYTES ? end : SLIP_XEN_RING_BYTES;
    for (uint32_t i = 0; i < bytes; i++)
        rest->last_words[i] = rest->ring->out[MASK_XENCONS_IDX(end - bytes + i, rest->ring->out)];
    left = unheard(run);
    run->run.last_words = rest->last_words;
    run->run.last_words_bytes = bytes;
    run->run.unheard_bytes = left > 0 && (uint32_t)left <= bytes ? (size_t)left : 0;
}

bool slip__xen_rest_is_out(struct slip_xen_run *run)
{
    struct slip_xen_rest *rest = &run->rest;

    if (!rest->waiting)
        begin(run);
    if (rest->timer_fd >= 0 && (!rest->ring || unheard(run) > 0) && !is_quiet(run)) {
        arm(rest);
        return false;
    }
    keep_last_words(run);
    return true;
}

void slip__xen_rest_dispose(struct slip_xen_run *run)
{
    struct slip_xen_rest *rest = &run->rest;

    if (!rest->waiting)
        return;
    if (rest->ring)
        xenforeignmemory_unmap(run->xen.memory, rest->ring, 1);
    if (rest->timer_fd >= 0)
        close(rest->timer_fd);
    rest->waiting = false;
}
