/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a command to a supervisor: claim the name, fork, wait for the outcome. The supervisor is forked, not executed: it starts
 * with the checked guest in its memory and needs no program file, and a start costs a millisecond less.
 */
#include "life/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "life/supervisor.h"

/* A detached process is deaf to terminals and survives readers who leave. */
static void set_signals(void)
{
    static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTSTP, SIGTTIN, SIGTTOU};
    sigset_t none;

    for (int i = 1; i < NSIG; i++)
        signal(i, SIG_DFL);
    for (size_t i = 0; i < SLIP_COUNT(ignored); i++)
        signal(ignored[i], SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static int by_number(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* Closes every descriptor but these, so that the caller's pipes, terminals and locks don't live as long as the guest. */
static void keep_only(int *fds, size_t count)
{
    int next = STDERR_FILENO + 1;

    qsort(fds, count, sizeof(*fds), by_number);
    for (size_t i = 0; i < count; i++) {
        if (fds[i] > next)
            syscall(SYS_close_range, (unsigned)next, (unsigned)fds[i] - 1, 0u);
        if (fds[i] >= next)
            next = fds[i] + 1;
    }
    syscall(SYS_close_range, (unsigned)next, ~0u, 0u);
}

static void silence(void)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int i = STDIN_FILENO; fd >= 0 && i <= STDERR_FILENO; i++)
        dup2(fd, i);
}

/* A caller may run with descriptors 0 to 2 closed: ours must not be where the standard ones belong. */
static bool move_up(int *fd)
{
    int up = *fd <= STDERR_FILENO ? fcntl(*fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1) : *fd;

    *fd = up;
    return up >= 0;
}

/* The child: becomes the supervisor. Never returns to the caller's code. */
static _Noreturn void become_supervisor(struct slip_supervisor_start *start)
{
    int *own[] = {&start->entry.root_fd, &start->entry.folder_fd, &start->entry.lock_fd,
                  &start->owner_fd, &start->console_fd};
    int keep[SLIP_COUNT(own)];
    size_t n = 0;
    char title[32];

    for (size_t i = 0; i < SLIP_COUNT(own); i++) {
        if (*own[i] < 0)
            continue; /* no console */
        if (!move_up(own[i]))
            _exit(1);
        keep[n++] = *own[i];
    }
    setsid();
    set_signals();
    silence();
    keep_only(keep, n);
    if (chdir("/") < 0)
        _exit(1);
    snprintf(title, sizeof(title), "slipway: %.16s", start->entry.name);
    prctl(PR_SET_NAME, title);
    slip__supervisor_run(start);
    _exit(0);
}

/*
 * Forks twice, so that the caller never has a child it does not know of to wait for. The process in the middle borrows our memory
 * (vfork) instead of copying it: it does nothing but fork, which Linux allows it, and copying takes longer than all the rest.
 * Signals wait meanwhile: a handler of the caller's would run in it, on the caller's own memory. Returns 0 or -errno.
 */
static int fork_supervisor(struct slip_supervisor_start *start)
{
    sigset_t all, before;
    int status = 0;
    pid_t middle;

    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    middle = vfork();
    if (middle == 0) {
        pid_t pid = fork();

        if (pid == 0)
            become_supervisor(start);
        _exit(pid < 0 ? errno : 0); /* an errno fits an exit status */
    }
    if (middle < 0)
        status = -errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (middle < 0)
        return status;
    while (waitpid(middle, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? -WEXITSTATUS(status) : 0;
}

static int died(const char *name, struct slip_error **err)
{
    slip__error_code(err, SLIP_EINTERNAL, SLIP_CODE_SUPERVISOR_DIED,
                     "the supervisor died while it built guest '%s'", name);
    slip__error_hint(err, "the system's log may say why: it ran out of memory, or was killed");
    return SLIP_EINTERNAL;
}

/* Reads what the supervisor tells until it has said how it went. */
static int await_outcome(struct slip_client *client, const struct slip_spawn *spawn,
                         struct slip_error **err)
{
    for (;;) {
        json_t *message = NULL;
        int rc = slip__message_receive(client->fd, SLIP_NO_DEADLINE, &message, err);

        if (rc < 0)
            return rc;
        if (!message)
            return died(client->name, err);
        if (strcmp(slip__message_text(message, "event"), "progress") != 0) {
            rc = slip__message_result(message, err);
            if (rc == 0 && spawn->info)
                slip__info_from_json(message, spawn->info);
            json_decref(message);
            return rc;
        }
        if (spawn->progress)
            spawn->progress((enum slip_stage)slip__message_uint(message, "stage"),
                            slip__message_uint(message, "done"),
                            slip__message_uint(message, "total"), spawn->payload);
        json_decref(message);
    }
}

static int start(const struct slip_spawn *spawn, const struct slip_entry *entry,
                 struct slip_client *client, struct slip_error **err)
{
    int control[2] = {-1, -1}, console[2] = {-1, -1}, r = 0;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) < 0 ||
        (spawn->console && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, console) < 0))
        r = -errno;
    client->fd = control[0];
    client->console_fd = console[0];
    if (r == 0) {
        struct slip_supervisor_start child = {.entry = *entry,
                                              .guest = spawn->guest,
                                              .engine = spawn->engine,
                                              .record = spawn->record,
                                              .paused = spawn->paused,
                                              .owned = spawn->owned,
                                              .progress = spawn->progress != NULL,
                                              .wants_info = spawn->info != NULL,
                                              .owner_fd = control[1],
                                              .console_fd = console[1]};

        r = fork_supervisor(&child);
    }
    if (control[1] >= 0)
        close(control[1]);
    if (console[1] >= 0)
        close(console[1]);
    return r < 0 ? slip__error_errno(err, SLIP_EINTERNAL, -r, "cannot start a supervisor") : 0;
}

/* The name, and on engines whose hypervisor keeps domains all else that must be ours alone. */
static int claim(int root_fd, const struct slip_spawn *spawn, struct slip_entry *entry,
                 struct slip_error **err)
{
    int rc = slip__state_claim(root_fd, spawn->guest->name.value, entry, err);

    if (rc < 0)
        return rc;
    if (entry->leftover) {
        rc = slip__stray_settle(entry, err);
        if (rc < 0) {
            slip__state_forget(entry); /* what is dead stays as it is */
            return rc;
        }
    }
    if (!spawn->engine->hosted || !spawn->engine->hosted->list)
        return 0;
    rc = slip__stray_check_name(entry, spawn->engine, spawn->guest->uuid.value, err);
    if (rc < 0)
        slip__state_release(entry);
    return rc;
}

int slip__spawn(int root_fd, const struct slip_spawn *spawn, struct slip_client *ret,
                struct slip_error **err)
{
    struct slip_client client = SLIP_CLIENT_INIT;
    struct slip_entry entry;
    int rc;

    rc = claim(root_fd, spawn, &entry, err);
    if (rc < 0)
        return rc;
    memcpy(client.name, entry.name, sizeof(client.name));
    client.owned = spawn->owned;
    rc = start(spawn, &entry, &client, err);
    if (rc < 0)
        slip__state_release(&entry);
    else
        slip__state_forget(&entry); /* the supervisor's copy is the life now */
    if (rc == 0)
        rc = await_outcome(&client, spawn, err);
    if (rc < 0) {
        slip__client_dispose(&client);
        slip__stray_clear(root_fd, entry.name, true); /* a supervisor that died could not */
        return rc;
    }
    client.root_fd = root_fd;
    *ret = client;
    return 0;
}
