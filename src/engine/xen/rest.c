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
    rest->until_us = slip__now_us() + SLIP_LIMIT_REST_MS * 1000ull;
    rest->ring = slip__xen_map_frames(run->xen.memory, run->domid, &frame, 1, NULL);
    rest->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (rest->timer_fd >= 0)
        arm(rest);
}

/* Have as many bytes come from the terminal as the guest ever wrote? (Both counts wrap.) Not if somebody else reads there, too,
 * or the guest makes its own count up. */
static bool came_through(const struct slip_xen_run *run)
{
    const struct xencons_interface *ring = run->rest.ring;
    uint32_t written = ring ? __atomic_load_n(&ring->out_prod, __ATOMIC_ACQUIRE) : 0;

    return ring && (int32_t)(written - (uint32_t)run->run.console_received) <= 0;
}

/* xenconsoled moves out_cons on as it takes bytes. */
static bool is_empty(const struct xencons_interface *ring)
{
    return !ring || __atomic_load_n(&ring->out_cons, __ATOMIC_ACQUIRE) ==
                        __atomic_load_n(&ring->out_prod, __ATOMIC_ACQUIRE);
}

bool slip__xen_rest_is_out(struct slip_xen_run *run)
{
    struct slip_xen_rest *rest = &run->rest;
    uint64_t times;

    if (!rest->waiting)
        begin(run);
    if (rest->timer_fd < 0 || came_through(run) || slip__now_us() >= rest->until_us)
        return true;
    /* Woken by anything but the timer, by new words above all: the quiet begins anew. */
    if (read(rest->timer_fd, &times, sizeof(times)) == sizeof(times) && is_empty(rest->ring))
        return true;
    arm(rest);
    return false;
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
