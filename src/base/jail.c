/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The maker's side of a jail: starting it, talking to it, saying how it ended. What it confines itself by: confine.c. */
#include "base/jail.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/confine.h"
#include "base/file.h"
#include "base/reader.h"

/* Message of a child that can't be confined: the step and its errno, four bytes each. */
#define KIND_UNCONFINED SLIP_JAIL_KINDS
/* Descriptors that a child may be given, its end of the socket among them. */
#define MAX_KEEP 8u
/* From the socket's end to the process's. */
#define END_MS 2000

static const char *const doing[] = {
#define STEP(symbol, doing) doing,
    SLIP_CONFINE_STEPS(STEP)
#undef STEP
};

static _Noreturn void child_main(const struct slip_confine *how, int fd, slip_jail_fn *fn,
                                 void *payload)
{
    enum slip_confine_step step = SLIP_CONFINE_SIGNALS;
    int errnum = slip__confine(how, &step);

    if (errnum) {
        uint32_t words[2] = {(uint32_t)step, (uint32_t)errnum};

        slip__frame_send(fd, SLIP_FRAME_FOREVER, KIND_UNCONFINED, words, sizeof(words), -1);
        _exit(1);
    }
    fn(fd, payload);
    _exit(0);
}

static int by_number(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static int cannot_start(int errnum, struct slip_error **err)
{
    int rc = slip__error_errno(err, SLIP_EENGINE, errnum, "cannot start a process to read it in");

    slip__error_set_code(err, SLIP_CODE_JAIL_START);
    return rc;
}

static void set_deadline(struct slip_jail *jail)
{
    jail->deadline_us = slip__now_us() + jail->terms.reply_ms * 1000ull;
}

int slip__jail_start(struct slip_jail *jail, const struct slip_jail_terms *terms, slip_jail_fn *fn,
                     void *payload, const int *keep, size_t n_keep, struct slip_error **err)
{
    struct slip_confine how = {.terms = terms, .parent = getpid()};
    int kept[MAX_KEEP], ends[2], pidfd, errnum;
    sigset_t all, before;
    pid_t pid;

    *jail = SLIP_JAIL_NONE;
    if (n_keep >= MAX_KEEP)
        return slip__error(err, SLIP_EINTERNAL, "a jail is given %zu descriptors", n_keep);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return cannot_start(errno, err);
    for (size_t i = 0; i < n_keep; i++)
        kept[i] = keep[i];
    kept[n_keep] = ends[1];
    qsort(kept, n_keep + 1, sizeof(kept[0]), by_number);
    how.keep = kept;
    how.n_keep = n_keep + 1;
    sigfillset(&all); /* so that no handler of ours runs in the child */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid = fork();
    errnum = errno;
    if (pid == 0)
        child_main(&how, ends[1], fn, payload);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return cannot_start(errnum, err);
    }
    /* Where SIGCHLD is ignored the child may be gone without a trace: ESRCH. Its socket tells. */
    pidfd = pidfd_open(pid, 0);
    errnum = errno;
    *jail = (struct slip_jail){.terms = *terms, .fd = ends[0], .pidfd = pidfd, .pid = pid};
    set_deadline(jail);
    if (pidfd < 0 && errnum != ESRCH) {
        slip__jail_dispose(jail);
        return cannot_start(errnum, err);
    }
    return 0;
}

void slip__jail_end(struct slip_jail *jail)
{
    if (jail->fd >= 0)
        close(jail->fd);
    jail->fd = -1;
    if (jail->pidfd >= 0)
        pidfd_send_signal(jail->pidfd, SIGKILL, NULL, 0);
}

/* How it ended. False: somebody else knows. Waits for it. */
static bool reap(struct slip_jail *jail, siginfo_t *ret)
{
    idtype_t by = jail->pidfd >= 0 ? P_PIDFD : P_PID;
    id_t id = jail->pidfd >= 0 ? (id_t)jail->pidfd : (id_t)jail->pid;
    int r;

    *ret = (siginfo_t){0};
    if (jail->pid == 0)
        return false;
    do
        r = waitid(by, id, ret, WEXITED | __WALL);
    while (r < 0 && errno == EINTR);
    jail->pid = 0;
    return r == 0;
}

void slip__jail_dispose(struct slip_jail *jail)
{
    siginfo_t info;

    slip__jail_end(jail);
    if (jail->pidfd < 0 && jail->pid) /* it was never reaped: the number is its own */
        kill(jail->pid, SIGKILL);
    reap(jail, &info);
    if (jail->pidfd >= 0)
        close(jail->pidfd);
    *jail = SLIP_JAIL_NONE;
}

static int say(const struct slip_jail *jail, enum slip_code code, struct slip_error **err,
               const char *fmt, ...) SLIP_PRINTF(4, 5);
static int say(const struct slip_jail *jail, enum slip_code code, struct slip_error **err,
               const char *fmt, ...)
{
    char text[200];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    slip__error_code(err, jail->terms.rc, code, "%s %s", jail->terms.what, text);
    slip__error_hint(err, "the file is broken, or made to do harm; what reads it is locked up, so "
                          "that no harm was done");
    return jail->terms.rc;
}

int slip__jail_nonsense(const struct slip_jail *jail, const char *why, struct slip_error **err)
{
    return say(jail, SLIP_CODE_JAIL_REPLY, err, "gave an answer that makes no sense: %s", why);
}

static int say_late(const struct slip_jail *jail, struct slip_error **err)
{
    return say(jail, SLIP_CODE_JAIL_TIME, err, "did not answer in %u seconds",
               (jail->terms.reply_ms + 999) / 1000);
}

/* It hung up. It has a moment to end as well: then there is a reason to tell. */
static int say_end(struct slip_jail *jail, struct slip_error **err)
{
    struct pollfd pfd = {.fd = jail->pidfd, .events = POLLIN};
    siginfo_t info;
    int signal;

    if (jail->pidfd >= 0 && poll(&pfd, 1, END_MS) == 0) {
        slip__jail_end(jail);
        return say(jail, SLIP_CODE_JAIL_CRASH, err, "hung up without an answer");
    }
    if (!reap(jail, &info))
        return say(jail, SLIP_CODE_JAIL_CRASH, err, "ended, and somebody else was told how");
    signal = info.si_status;
    if (info.si_code == CLD_EXITED)
        return say(jail, SLIP_CODE_JAIL_CRASH, err, "ended without an answer (status %d)", signal);
    switch (signal) {
    case SIGSYS:
        return say(jail, SLIP_CODE_JAIL_CALL, err, "tried to do what no reader does");
    case SIGXCPU:
        return say(jail, SLIP_CODE_JAIL_TIME, err, "took more than %u seconds of processor time",
                   jail->terms.cpu_seconds);
    case SIGKILL:
        return say(jail, SLIP_CODE_JAIL_KILLED, err,
                   "was killed: the host ran out of memory, or somebody ended it");
    default:
        return say(jail, SLIP_CODE_JAIL_CRASH, err, "crashed (signal %d, %s)", signal,
                   sigdescr_np(signal) ? sigdescr_np(signal) : "unknown");
    }
}

static int explain(struct slip_jail *jail, int rc, struct slip_error **err)
{
    switch (rc) {
    case 0:
        return 0;
    case -ETIMEDOUT:
        slip__jail_end(jail);
        return say_late(jail, err);
    case -EPIPE:
        return say_end(jail, err);
    case -EMSGSIZE:
        return slip__jail_nonsense(jail, "it is too long", err);
    case -ENOMEM:
        return slip__error_oom(err);
    default:
        return slip__error_errno(err, SLIP_EIO, -rc, "cannot talk to %s", jail->terms.what);
    }
}

void slip__jail_adopt(struct slip_jail *jail, const struct slip_jail_terms *terms, int socket)
{
    *jail = (struct slip_jail){.terms = *terms, .fd = socket, .pidfd = -1};
    set_deadline(jail);
}

int slip__jail_ask(struct slip_jail *jail, uint32_t kind, const void *bytes, size_t len,
                   int pass_fd, struct slip_error **err)
{
    set_deadline(jail);
    return slip__jail_send(jail, kind, bytes, len, pass_fd, err);
}

int slip__jail_send(struct slip_jail *jail, uint32_t kind, const void *bytes, size_t len,
                    int pass_fd, struct slip_error **err)
{
    return explain(jail, slip__frame_send(jail->fd, jail->deadline_us, kind, bytes, len, pass_fd),
                   err);
}

static int say_unconfined(struct slip_jail *jail, const struct slip_buf *words,
                          struct slip_error **err)
{
    struct slip_reader r = slip__reader(words->data, words->len);
    uint32_t step = slip__reader_u32(&r, 0), errnum = slip__reader_u32(&r, 4);

    if (!slip__reader_ok(&r) || step >= SLIP_CONFINE_COUNT || errnum > INT16_MAX)
        return slip__jail_nonsense(jail, "a refusal of its own making", err);
    slip__error_errno(err, SLIP_EENGINE, (int)errnum, "%s cannot be locked up: cannot %s",
                      jail->terms.what, doing[step]);
    slip__error_set_code(err, SLIP_CODE_JAIL_START);
    return SLIP_EENGINE;
}

int slip__jail_receive(struct slip_jail *jail, size_t limit, uint32_t *ret_kind,
                       struct slip_buf *ret, struct slip_error **err)
{
    int rc = explain(
        jail, slip__frame_receive(jail->fd, jail->deadline_us, limit, ret_kind, ret, NULL), err);

    return rc == 0 && *ret_kind == KIND_UNCONFINED ? say_unconfined(jail, ret, err) : rc;
}

bool slip__jailed_send(int fd, uint32_t kind, const void *bytes, size_t len)
{
    return slip__frame_send(fd, SLIP_FRAME_FOREVER, kind, bytes, len, -1) == 0;
}

bool slip__jailed_receive(int fd, size_t limit, uint32_t *ret_kind, struct slip_buf *ret,
                          int *ret_fd)
{
    return slip__frame_receive(fd, SLIP_FRAME_FOREVER, limit, ret_kind, ret, ret_fd) == 0;
}
