/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life of one domain: built, run, built again or ended, as policy.c says. It must not know who is connected (control.c),
 * nor how a guest is built (pipeline.c) or run (the engine). */
#include "life/supervisor.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "life/limits.h"

/* How long those who are still reading the last output are waited for, from the last byte they took. */
#define LINGER_US 10000000u
/* A picture for people needs no more than this often. */
#define PROGRESS_US 30000u

static void clock_start(struct slip_supervisor *s)
{
    s->running_since_us = slip__now_us();
}

static void clock_stop(struct slip_supervisor *s)
{
    if (s->running_since_us)
        s->boot_ran_us += slip__now_us() - s->running_since_us;
    s->running_since_us = 0;
}

/* The record is a help for those we can't answer: without it they see less, so no failure stops us. */
static void set_state(struct slip_supervisor *s, enum slip_state state)
{
    s->info.state = state;
    slip__state_write_record(&s->entry, &s->info, s->created_us, NULL);
}

/* Should we die from here on, what is left of the domain is nothing that runs: the record says so first. */
static void set_incomplete(struct slip_supervisor *s, enum slip_state state)
{
    if (!s->engine->hosted && state != SLIP_STATE_BUILDING)
        return; /* it goes with us, and nobody needs to know how far */
    set_state(s, state);
}

void slip__supervisor_finish(struct slip_supervisor *s, enum slip_end end, const char *reason,
                             struct slip_error *err)
{
    if (s->ending.end) {
        slip_error_free(err);
        return;
    }
    s->ending.end = end;
    s->ending.reason = strdup(reason);
    s->ending.err = err;
}

/* Stops the run for good: what it printed is kept, what it used is free. */
static void end_run(struct slip_supervisor *s)
{
    clock_stop(s);
    s->ending.timing.guest_us += s->boot_ran_us;
    s->boot_ran_us = 0;
    slip__console_drain(&s->console);
    s->console.guest_fd = s->console.guest_in_fd = -1;
    s->console.received = s->console.known = 0;
    s->console_open = false;
    slip__built_dispose(&s->built);
    s->info.domid = -1;
}

static void free_guest(struct slip_guest *guest)
{
    if (!guest)
        return;
    slip__object_dispose(&slip__record_guest, guest);
    free(guest);
}

/* With the run gone, nobody holds on to what it was built from. */
static void take_next_guest(struct slip_supervisor *s)
{
    if (!s->next)
        return;
    free_guest(s->own);
    s->guest = s->own = s->next;
    s->next = NULL;
}

int slip__supervisor_console(struct slip_supervisor *s, bool wanted, struct slip_error **err)
{
    struct slip_run *run = s->built.run;
    int rc = 0;

    if (!run || !s->engine->console || wanted == s->console_open)
        return 0;
    rc = s->engine->console(run, wanted, err);
    if (rc < 0 && wanted)
        return rc;
    s->console_open = wanted;
    s->console.guest_fd = run->console_fd;
    s->console.guest_in_fd = run->console_in_fd;
    return rc;
}

/* For viewers who were there before the console was. */
static void reopen_console(struct slip_supervisor *s)
{
    struct slip_error *err = NULL;
    SLIP_AUTO_FREE char *note = NULL;
    int len;

    if (!s->console.n_viewers || slip__supervisor_console(s, true, &err) == 0)
        return;
    len = asprintf(&note, "\r\n[slipway: no console: %s]\r\n", slip_error_message(err));
    if (len > 0)
        slip__console_put(&s->console, note, (size_t)len);
    slip_error_free(err);
}

static bool is_live(const struct slip_supervisor *s)
{
    return s->info.state == SLIP_STATE_RUNNING || s->info.state == SLIP_STATE_PAUSED;
}

/* What can be paused by others is. What else became of the guest is an event, and that is on its way. */
static void adopt_state(struct slip_supervisor *s, enum slip_state state)
{
    if (!is_live(s) || state == s->info.state)
        return;
    if (state != SLIP_STATE_RUNNING && state != SLIP_STATE_PAUSED) {
        s->look_again = true;
        return;
    }
    if (state == SLIP_STATE_RUNNING)
        clock_start(s);
    else
        clock_stop(s);
    set_state(s, state);
}

void slip__supervisor_look(struct slip_supervisor *s)
{
    struct slip_domain_info now = s->info;

    s->info.uptime_us = slip__now_us() - s->created_us;
    if (!s->engine->look || !s->built.run || s->engine->look(s->built.run, &now, NULL) < 0)
        return;
    s->info.domid = now.domid;
    s->info.memory_bytes = now.memory_bytes;
    s->info.cpu_us = now.cpu_us;
    s->info.on_cpu = now.on_cpu;
    s->info.blocked = now.blocked;
    adopt_state(s, now.state);
}

/* The run has begun, paused or not. */
static void begin_run(struct slip_supervisor *s, bool paused)
{
    s->info.boots++;
    s->look_again = true;
    s->console.guest_fd = s->built.run->console_fd;
    s->console.guest_in_fd = s->built.run->console_in_fd;
    s->console_open = false;
    s->trim = true;
    if (!paused)
        clock_start(s);
    s->console.received = s->console.known = 0; /* of this run */
    s->info.domid = s->built.run->domid ? (int)s->built.run->domid : -1;
    set_state(s, paused ? SLIP_STATE_PAUSED : SLIP_STATE_RUNNING);
    reopen_console(s);
}

/* The guest is built afresh: files are read again, as xl does. */
static void restart(struct slip_supervisor *s)
{
    struct slip_error *err = NULL;

    set_incomplete(s, SLIP_STATE_BUILDING);
    end_run(s);
    take_next_guest(s);
    set_state(s, SLIP_STATE_BUILDING); /* the old number is no more */
    if (slip__build_guest(s->guest, s->engine, s->record, false, false, NULL, NULL, &s->built,
                          &err) < 0) {
        slip__error_prefix(&err, "the guest could not be started again");
        slip__supervisor_finish(s, SLIP_END_FAILED, "the guest could not be started again", err);
        return;
    }
    begin_run(s, false);
}

static void preserve(struct slip_supervisor *s, const struct slip_decision *d)
{
    SLIP_AUTO_FREE char *note = NULL;
    int len;

    slip__console_drain(&s->console);
    len = asprintf(&note, "\r\n[slipway: %s; it is kept until it is destroyed]\r\n", d->reason);
    if (len > 0)
        slip__console_put(&s->console, note, (size_t)len);
    set_state(s, d->state);
}

static void carry_out(struct slip_supervisor *s, const struct slip_decision *d)
{
    switch (d->verdict) {
    case SLIP_VERDICT_RESTART:
        restart(s);
        break;
    case SLIP_VERDICT_PRESERVE:
        preserve(s, d);
        break;
    default:
        slip__supervisor_finish(s, d->end, d->reason, NULL);
    }
}

/* A kept guest is out of the engine's hands: what still comes from there is of no interest, but where others may end it. */
static bool heeds_engine(const struct slip_supervisor *s)
{
    return !s->ending.end && s->built.run && (is_live(s) || s->engine->hosted);
}

/* What the guest printed last and what did not come by its console, if the engine knows. Nothing may come in between the count that
 * the engine was told and this. */
static void complete_console(struct slip_supervisor *s)
{
    const struct slip_run *run = s->built.run;

    if (run->unheard_bytes)
        slip__console_complete(&s->console, run->last_words, run->last_words_bytes,
                               run->unheard_bytes);
}

static void dispatch_engine(struct slip_supervisor *s)
{
    struct slip_error *err = NULL;
    struct slip_decision d;
    enum slip_event event;

    if (!heeds_engine(s))
        return;
    s->built.run->console_received = s->console.received;
    event = s->engine->dispatch(s->built.run, &err);
    if (event == SLIP_EVENT_NONE)
        return;
    complete_console(s);
    s->look_again = true;
    if (event == SLIP_EVENT_GONE) {
        clock_stop(s);
        slip_error_free(err);
        slip__supervisor_finish(s, SLIP_END_DESTROYED, "somebody else ended it", NULL);
        return;
    }
    if (!is_live(s)) {
        slip_error_free(err);
        return;
    }
    clock_stop(s);
    if (event == SLIP_EVENT_DIED) {
        slip__supervisor_finish(s, SLIP_END_FAILED, "the engine failed", err);
        return;
    }
    d = slip__policy_decide(&s->policy, event, s->boot_ran_us);
    carry_out(s, &d);
}

int slip__supervisor_check_live(const struct slip_supervisor *s, struct slip_error **err)
{
    if (is_live(s))
        return 0;
    slip__error_code(err, SLIP_ESTATE, SLIP_CODE_WRONG_STATE,
                     "guest '%s' is not running: it has %s", s->info.name,
                     s->info.state == SLIP_STATE_CRASHED ? "crashed and is kept"
                                                         : "stopped and is kept");
    slip__error_hint(err, "slipway destroy %s", s->info.name);
    return SLIP_ESTATE;
}

int slip__supervisor_pause(struct slip_supervisor *s, struct slip_error **err)
{
    int rc = slip__supervisor_check_live(s, err);

    if (rc < 0)
        return rc;
    slip__supervisor_look(s);
    if (s->info.state == SLIP_STATE_PAUSED)
        return 0;
    rc = s->engine->pause(s->built.run, err);
    if (rc < 0)
        return rc;
    clock_stop(s);
    set_state(s, SLIP_STATE_PAUSED);
    s->look_again = true;
    return 0;
}

int slip__supervisor_unpause(struct slip_supervisor *s, struct slip_error **err)
{
    int rc = slip__supervisor_check_live(s, err);

    if (rc < 0)
        return rc;
    slip__supervisor_look(s);
    if (s->info.state == SLIP_STATE_RUNNING)
        return 0;
    rc = s->engine->unpause(s->built.run, err);
    if (rc < 0)
        return rc;
    clock_start(s);
    set_state(s, SLIP_STATE_RUNNING);
    s->look_again = true;
    return 0;
}

int slip__supervisor_shutdown(struct slip_supervisor *s, struct slip_error **err)
{
    int rc = slip__supervisor_check_live(s, err);

    if (rc < 0)
        return rc;
    s->look_again = true; /* engines may read events while they wait for an answer */
    return s->engine->shutdown(s->built.run, err);
}

int slip__supervisor_reboot(struct slip_supervisor *s, struct slip_error **err)
{
    struct slip_decision d;
    int rc = slip__supervisor_check_live(s, err);

    if (rc < 0)
        return rc;
    d = slip__policy_reboot(&s->policy);
    if (s->engine->reboot && s->info.state == SLIP_STATE_RUNNING) {
        s->look_again = true;
        return s->engine->reboot(s->built.run, err);
    }
    if (d.verdict == SLIP_VERDICT_PRESERVE && s->info.state == SLIP_STATE_RUNNING) {
        rc = s->engine->pause(s->built.run, err);
        if (rc < 0)
            return rc;
        clock_stop(s);
    }
    carry_out(s, &d);
    return slip__error_copy(err, s->ending.err);
}

#define MAX_FDS (SLIP_CONSOLE_MAX_FDS + SLIP_CONTROL_MAX_FDS + SLIP_ENGINE_MAX_FDS)

/* One turn: wait, then console, then requests, then the engine, so that what a guest printed before it ended is in the ring
 * when its end is seen. */
static void turn(struct slip_supervisor *s, const struct timespec *timeout)
{
    struct pollfd fds[MAX_FDS];
    unsigned n_console, n_control, n = 0;
    uint64_t now = slip__now_us(), due = slip__console_due_us(&s->console);
    struct timespec rest;

    if (!timeout && due > now) {
        rest = (struct timespec){.tv_nsec = (long)(due - now) * 1000};
        timeout = &rest;
    }
    n_console = slip__console_fds(&s->console, now, fds);
    n_control = slip__control_fds(&s->control, fds + n_console);
    n = n_console + n_control;
    if (heeds_engine(s))
        n += s->engine->fds(s->built.run, fds + n);
    ppoll(fds, n, timeout, NULL); /* failed: nothing is ready */
    slip__console_dispatch(&s->console, fds, n_console);
    slip__control_dispatch(s, fds + n_console, n_control);
    if (!s->console.n_viewers)
        slip__supervisor_console(s, false, NULL);
    dispatch_engine(s);
}

static void live(struct slip_supervisor *s)
{
    static const struct timespec now = {0};

    while (!s->ending.end) {
        bool again = s->look_again;

        s->look_again = false;
        if (!again && s->trim) {
            s->trim = false;
            malloc_trim(0);
        }
        turn(s, again ? &now : NULL);
    }
}

/* The domain is gone; those who still read get what there is, as long as they do read. */
static void linger(struct slip_supervisor *s)
{
    const struct timespec step = {.tv_sec = LINGER_US / 1000000};

    while (slip__console_pending(&s->console) || slip__control_pending(&s->control)) {
        struct pollfd fds[MAX_FDS];
        unsigned n_console = slip__console_fds(&s->console, slip__now_us(), fds);
        unsigned n_control = slip__control_fds(&s->control, fds + n_console);

        for (unsigned i = 0; i < n_console + n_control; i++)
            if (!(fds[i].events &= POLLOUT))
                fds[i].fd = -1;
        if (ppoll(fds, n_console + n_control, &step, NULL) <= 0)
            return;
        slip__console_dispatch(&s->console, fds, n_console);
        slip__control_flush(&s->control);
    }
}

static void fill_info(struct slip_supervisor *s)
{
    const struct slip_guest *guest = s->guest;
    const struct slip_field *type = slip__field_find(&slip__record_guest, "type");
    const char *word = slip__enum_word(type->words, guest->type.value);
    struct slip_domain_info *info = &s->info;

    snprintf(info->name, sizeof(info->name), "%s", s->entry.name);
    snprintf(info->uuid, sizeof(info->uuid), "%s", guest->uuid.value ? guest->uuid.value : "");
    snprintf(info->engine, sizeof(info->engine), "%s", s->engine->name);
    snprintf(info->type, sizeof(info->type), "%s", word ? word : "");
    info->memory_bytes = (uint64_t)guest->memory.value << 20;
    info->vcpus = (unsigned)guest->vcpus.value;
    info->supervisor_pid = getpid();
    info->domid = -1;
}

struct teller {
    int owner_fd;
    uint64_t last_us;
    enum slip_stage stage;
};

/* A creator who is gone is noticed when it is answered; one who does not read misses some of the progress, in whole messages: a
 * Unix socket takes one this small whole or not at all. */
static void send_progress(enum slip_stage stage, uint64_t done, uint64_t total, void *payload)
{
    struct teller *teller = payload;
    uint64_t now = slip__now_us();

    if (stage == teller->stage && now - teller->last_us < PROGRESS_US)
        return;
    teller->stage = stage;
    teller->last_us = now;
    slip__message_send(teller->owner_fd, slip__message_progress(stage, done, total), now, NULL);
}

/* Everything up to the first instruction. On failure nothing is left but the entry. */
static int build(struct slip_supervisor *s, const struct slip_supervisor_start *start,
                 struct slip_error **err)
{
    struct teller teller = {.owner_fd = start->owner_fd};
    int rc;

    if (slip__console_init(&s->console, SLIP_LIMIT_CONSOLE_HISTORY_BYTES) < 0)
        return slip__error_oom(err);
    if (start->console_fd >= 0)
        slip__console_attach(&s->console, start->console_fd);
    fill_info(s);
    s->info.state = SLIP_STATE_BUILDING;
    rc = slip__state_write_record(&s->entry, &s->info, s->created_us, err);
    if (rc < 0)
        return rc; /* should we die, nobody could tell whose the domain is */
    if (s->engine->hosted && s->guest->uuid.value)
        rc = slip__stray_link(&s->entry, s->guest->uuid.value, err);
    if (rc < 0)
        return rc;
    rc = slip__build_guest(s->guest, s->engine, s->record, start->paused, false,
                           start->progress ? send_progress : NULL, &teller, &s->built, err);
    if (rc < 0)
        return rc;
    rc = slip__state_listen(&s->entry, &s->control.listen_fd, err);
    if (rc < 0)
        return rc;
    s->ending.timing = s->built.timing;
    begin_run(s, start->paused);
    return 0;
}

static void tear_down(struct slip_supervisor *s)
{
    if (s->built.run)
        set_incomplete(s, SLIP_STATE_DYING);
    end_run(s);
    slip__state_release(&s->entry);
}

/* Did the creator die, or give up, while we built? */
static bool is_gone(int fd)
{
    char byte;
    ssize_t r = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

    return r == 0 || (r < 0 && errno != EAGAIN && errno != EINTR);
}

/* From the first instruction to the end. */
static void live_and_end(struct slip_supervisor *s, const struct slip_supervisor_start *start)
{
    if (is_gone(start->owner_fd))
        slip__supervisor_finish(s, SLIP_END_DESTROYED, "its creator is gone", NULL);
    dispatch_engine(s); /* a guest that has ended by now is told as one that has */
    if (s->ending.end)
        tear_down(s);
    slip__control_add_owner(&s->control, start->owner_fd, start->owned,
                            start->wants_info && !s->ending.end ? &s->info : NULL);
    if (!s->ending.end) {
        live(s);
        tear_down(s);
    }
    slip__control_tell_end(s);
    linger(s);
}

void slip__supervisor_run(const struct slip_supervisor_start *start)
{
    struct slip_supervisor *s = calloc(1, sizeof(*s));
    struct slip_error *err = NULL;
    int rc;

    if (!s)
        return; /* the creator sees us gone */
    s->entry = start->entry;
    s->guest = start->guest;
    s->engine = start->engine;
    s->record = start->record;
    s->policy = slip__policy(start->guest);
    s->created_us = slip__now_us();
    slip__control_init(&s->control);
    rc = build(s, start, &err);
    if (rc < 0) {
        tear_down(s);
        slip__message_send(start->owner_fd, slip__message_error(err), SLIP_NO_DEADLINE, NULL);
        slip_error_free(err);
        close(start->owner_fd);
    } else {
        live_and_end(s, start);
    }
    slip__control_dispose(&s->control);
    slip__console_dispose(&s->console);
    slip__ending_dispose(&s->ending);
    free_guest(s->own);
    free_guest(s->next);
    free(s);
}
