/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Starting, watching and ending a child program. Must not know which program it is.
 *
 * Between clone and exec only what is safe there: the process we live in may have other threads.
 */
#include "engine/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/privilege.h"

/* A fixed environment: what a child does depends on what it is told, and its messages are in English. */
static char *const child_environ[] = {(char[]){"LC_ALL=C"}, (char[]){"PATH=/usr/bin:/bin"}, NULL};

/* In the child: says why it can't go on, and ends it. */
static _Noreturn void child_fail(const char *doing, const char *what)
{
    const char *why = strerrordesc_np(errno);
    const char *const parts[] = {"cannot ", doing, what, ": ", why ? why : "unknown error", "\n"};

    for (size_t i = 0; i < SLIP_COUNT(parts); i++)
        if (write(2, parts[i], strlen(parts[i])) < 0)
            break;
    _exit(127);
}

/* In the child: default dispositions, nothing blocked. What the program we live in does with signals is not its child's. */
static void child_reset_signals(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (int sig = 1; sig < NSIG; sig++)
        sigaction(sig, &action, NULL); /* fails for SIGKILL, SIGSTOP and libc's own */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void child_main(char *const argv[], const struct slip_child_io *io, int log_fd,
                                 pid_t parent, const int *keep, size_t n_keep)
{
    if (dup2(io->in, 0) < 0 || dup2(io->out, 1) < 0 || dup2(log_fd, 2) < 0)
        _exit(127);
    child_reset_signals();
    if (!io->keep_root && !slip__privilege_drop(io->group))
        child_fail("give up root", "");
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        child_fail("ask to end with the parent", "");
    if (getppid() != parent) /* it ended before we asked */
        _exit(127);
    if (setsid() < 0)
        child_fail("lead a session", "");
    if (close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
        child_fail("close descriptors", "");
    for (size_t i = 0; i < n_keep; i++)
        if (fcntl(keep[i], F_SETFD, 0) < 0)
            child_fail("hand over a descriptor", "");
    execve(argv[0], argv, io->env ? io->env : child_environ);
    child_fail("execute ", argv[0]);
}

/* A file in memory that takes SLIP_CHILD_LOG_BYTES and no more: sealed, so writing past its end fails. Unlike a pipe it
 * never blocks who writes and needs nobody to read. */
static int make_log(struct slip_error **err)
{
    int fd = memfd_create("child-log", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0)
        return slip__error_errno(err, SLIP_EENGINE, errno, "cannot make a log in memory");
    if (ftruncate(fd, SLIP_CHILD_LOG_BYTES) < 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0) {
        int errnum = errno;

        close(fd);
        return slip__error_errno(err, SLIP_EENGINE, errnum, "cannot seal a log in memory");
    }
    return fd;
}

/* A program with its standard descriptors closed gives us those numbers; they can't be handed over beside real ones. */
static int check_numbers(const struct slip_child_io *io, int log_fd, const int *keep, size_t n_keep,
                         struct slip_error **err)
{
    bool low = io->in <= 2 || io->out <= 2 || log_fd <= 2;

    for (size_t i = 0; i < n_keep; i++)
        low = low || keep[i] <= 2;
    return low ? slip__error(err, SLIP_ESTATE,
                             "descriptors 0, 1 and 2 must be open to start a process")
               : 0;
}

int slip__child_start(struct slip_child *child, char *const argv[], const struct slip_child_io *io,
                      const int *keep, size_t n_keep, struct slip_error **err)
{
    SLIP_AUTO_CLOSE int null_fd = -1, log_fd = -1;
    struct slip_child_io quiet = io ? *io : (struct slip_child_io){.in = -1, .out = -1};
    sigset_t all, before;
    pid_t parent = getpid();
    int pidfd = -1, rc, errnum;
    long r;

    *child = SLIP_CHILD_NONE;
    log_fd = make_log(err);
    if (log_fd < 0)
        return log_fd;
    if (quiet.in < 0) {
        null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (null_fd < 0)
            return slip__error_errno(err, SLIP_EENGINE, errno, "cannot open /dev/null");
        quiet.in = null_fd;
        quiet.out = log_fd;
    }
    io = &quiet;
    rc = check_numbers(io, log_fd, keep, n_keep, err);
    if (rc)
        return rc;
    sigfillset(&all); /* so that no handler of ours runs in the child */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    /* Not fork(): an exit signal of 0 keeps the child out of everybody else's wait() and SIGCHLD handling, and the
     * descriptor comes with it, so that its number can't be taken by another process meanwhile. */
    r = syscall(SYS_clone, (unsigned long)CLONE_PIDFD, NULL, &pidfd, NULL, 0ul);
    errnum = errno;
    if (r == 0)
        child_main(argv, io, log_fd, parent, keep, n_keep);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r < 0)
        return slip__error_errno(err, SLIP_EENGINE, errnum, "cannot start a process");
    child->pidfd = pidfd;
    child->pid = (pid_t)r;
    child->log_fd = slip__steal_fd(&log_fd);
    return 0;
}

static void reap(struct slip_child *child, int options)
{
    siginfo_t info = {0};
    int r;

    if (child->pidfd < 0 || child->reaped)
        return;
    do
        r = waitid(P_PIDFD, (id_t)child->pidfd, &info, WEXITED | __WALL | options);
    while (r < 0 && errno == EINTR);
    if (r == 0 && info.si_pid == 0)
        return;
    child->reaped = true;
    child->how = r == 0 ? info.si_code : 0;
    child->status = r == 0 ? info.si_status : 0;
}

bool slip__child_ended(struct slip_child *child)
{
    reap(child, WNOHANG);
    return child->pidfd < 0 || child->reaped;
}

bool slip__child_wait(struct slip_child *child, int timeout_ms)
{
    struct pollfd pfd = {.fd = child->pidfd, .events = POLLIN};

    if (child->pidfd >= 0 && !child->reaped && poll(&pfd, 1, timeout_ms) < 0 && errno != EINTR)
        return false;
    return slip__child_ended(child);
}

void slip__child_output(const struct slip_child *child, char *ret, size_t size)
{
    ssize_t got = child->log_fd < 0 ? 0 : pread(child->log_fd, ret, size - 1, 0);

    ret[got > 0 ? got : 0] = '\0';
}

/* The last line that says anything, without what no terminal should get from a process that talks to a guest. */
static void last_words(const struct slip_child *child, char *ret, size_t size)
{
    char text[SLIP_CHILD_LOG_BYTES + 1], *line;
    size_t len;

    slip__child_output(child, text, sizeof(text));
    len = strlen(text);
    while (len && (unsigned char)text[len - 1] <= ' ')
        text[--len] = '\0';
    line = strrchr(text, '\n');
    snprintf(ret, size, "%s", line ? line + 1 : text);
    for (char *p = ret; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            *p = '?';
}

void slip__child_describe_end(const struct slip_child *child, char *ret, size_t size)
{
    char words[256], how[96];
    const char *name = sigdescr_np(child->status);

    last_words(child, words, sizeof(words));
    if (child->how == CLD_EXITED)
        snprintf(how, sizeof(how), "exited with status %d", child->status);
    else if (child->how == CLD_KILLED || child->how == CLD_DUMPED)
        snprintf(how, sizeof(how), "was ended by signal %d (%s)", child->status,
                 name ? name : "unknown");
    else
        snprintf(how, sizeof(how), "ended");
    snprintf(ret, size, "%s%s%s", how, words[0] ? ": " : "", words);
}

void slip__child_dispose(struct slip_child *child)
{
    if (child->pidfd >= 0) {
        if (!slip__child_ended(child)) {
            kill(-child->pid, SIGKILL); /* its group; the number is its own until it is reaped */
            pidfd_send_signal(child->pidfd, SIGKILL, NULL, 0);
        }
        reap(child, 0);
        close(child->pidfd);
    }
    if (child->log_fd >= 0)
        close(child->log_fd);
    *child = SLIP_CHILD_NONE;
}
