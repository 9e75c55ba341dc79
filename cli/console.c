/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guest's console on our standard streams: a copy loop, a raw terminal, Ctrl-] to leave.
 *
 * Signals come in through a signalfd while this runs, so that every way out passes the one place that restores the
 * terminal. Nothing is read before there is room for it: no buffer grows, and no write blocks us from seeing a signal.
 */
#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#define ESCAPE_KEY 0x1d /* Ctrl-], as telnet, virsh and xl have it */
/* At most PIPE_BUF, so that a pipe that polls writable takes all of it without blocking. */
#define CHUNK_BYTES 4096

/* Bytes on their way in one direction. */
struct flow {
    char bytes[CHUNK_BYTES];
    size_t at, len; /* what is still to be written */
};

struct console {
    int fd;
    int signal_fd;
    bool raw; /* stdin is a terminal, and raw */
    bool stdin_open;
    struct termios saved;
    struct flow to_guest, from_guest;
    struct console_result result;
};

static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGPIPE};

static void caught_set(sigset_t *ret)
{
    sigemptyset(ret);
    for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
        sigaddset(ret, caught[i]);
}

static void terminal_raw(struct console *c)
{
    struct termios raw;

    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &c->saved) < 0)
        return;
    raw = c->saved;
    cfmakeraw(&raw);
    c->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

static void terminal_restore(struct console *c)
{
    if (c->raw)
        tcsetattr(STDIN_FILENO, TCSANOW, &c->saved);
    c->raw = false;
}

/* True: leave. */
static bool leave(struct console *c, enum console_end end)
{
    c->result.end = end;
    return true;
}

static bool handle_signal(struct console *c)
{
    struct signalfd_siginfo info;

    if (read(c->signal_fd, &info, sizeof(info)) != sizeof(info))
        return false;
    if (info.ssi_signo == SIGPIPE) /* write() says the same, and where */
        return false;
    if (info.ssi_signo == SIGTSTP) {
        terminal_restore(c);
        raise(SIGSTOP);
        terminal_raw(c);
        return false;
    }
    c->result.signal = (int)info.ssi_signo;
    return leave(c, CONSOLE_SIGNAL);
}

static void write_guest(struct console *c)
{
    struct flow *f = &c->to_guest;
    ssize_t n = write(c->fd, f->bytes + f->at, f->len);

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n < 0) /* it ended; reading will say so, after its last words */
        n = (ssize_t)f->len;
    f->at += (size_t)n;
    f->len -= (size_t)n;
}

/* From a terminal, Ctrl-] is looked for even while the guest takes no input; what doesn't fit is dropped then, as a terminal
 * does itself. From anything else, input waits. */
static bool read_stdin(struct console *c)
{
    struct flow *f = &c->to_guest;
    char chunk[CHUNK_BYTES], *escape;
    ssize_t n = read(STDIN_FILENO, chunk, sizeof(chunk));
    size_t take;

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return false;
    if (n <= 0) {
        c->stdin_open = false;
        return false;
    }
    escape = c->raw ? memchr(chunk, ESCAPE_KEY, (size_t)n) : NULL;
    take = escape ? (size_t)(escape - chunk) : (size_t)n;
    memmove(f->bytes, f->bytes + f->at, f->len);
    if (take > sizeof(f->bytes) - f->len)
        take = sizeof(f->bytes) - f->len;
    memcpy(f->bytes + f->len, chunk, take);
    f->at = 0;
    f->len += take;
    if (!escape)
        return false;
    write_guest(c);
    return leave(c, CONSOLE_DETACHED);
}

static bool read_guest(struct console *c)
{
    struct flow *f = &c->from_guest;
    ssize_t n = read(c->fd, f->bytes, sizeof(f->bytes));

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return false;
    if (n <= 0) /* a terminal whose other side is gone fails with EIO */
        return leave(c, CONSOLE_ENDED);
    f->at = 0;
    f->len = (size_t)n;
    c->result.middle_of_line = f->bytes[n - 1] != '\n';
    return false;
}

static bool write_stdout(struct console *c)
{
    struct flow *f = &c->from_guest;
    ssize_t n = write(STDOUT_FILENO, f->bytes + f->at, f->len);

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return false;
    if (n < 0) {
        c->result.errnum = errno;
        return leave(c, CONSOLE_LOST);
    }
    f->at += (size_t)n;
    f->len -= (size_t)n;
    return false;
}

/* One turn; true when it is over. A descriptor of -1 is one that poll() skips. */
static bool turn(struct console *c)
{
    bool typed = c->to_guest.len > 0, printed = c->from_guest.len > 0;
    struct pollfd p[] = {
        {.fd = c->signal_fd, .events = POLLIN},
        {.fd = c->stdin_open && (c->raw || !typed) ? STDIN_FILENO : -1, .events = POLLIN},
        {.fd = typed ? c->fd : -1, .events = POLLOUT},
        {.fd = printed ? -1 : c->fd, .events = POLLIN},
        {.fd = printed ? STDOUT_FILENO : -1, .events = POLLOUT},
    };

    if (poll(p, sizeof(p) / sizeof(p[0]), -1) < 0)
        return false;
    if (p[2].revents)
        write_guest(c);
    if (p[1].revents && read_stdin(c))
        return true;
    if (p[4].revents && write_stdout(c))
        return true;
    if (p[3].revents && read_guest(c))
        return true;
    return p[0].revents && handle_signal(c);
}

/* One that our own write raised must not strike once it is unblocked. */
static void drop_sigpipe(void)
{
    struct timespec none = {0};
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    sigtimedwait(&set, NULL, &none);
}

struct console_result console_run(int fd)
{
    struct console c = {.fd = fd, .stdin_open = true};
    sigset_t set, before;

    fcntl(fd, F_SETFL,
          fcntl(fd, F_GETFL) |
              O_NONBLOCK); /* a socket, or a terminal: both may take less than is offered */
    caught_set(&set);
    sigprocmask(SIG_BLOCK, &set, &before);
    c.signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (c.signal_fd < 0) {
        c.result = (struct console_result){.end = CONSOLE_LOST, .errnum = errno};
    } else {
        terminal_raw(&c);
        while (!turn(&c))
            ;
        terminal_restore(&c);
        close(c.signal_fd);
    }
    drop_sigpipe();
    sigprocmask(SIG_SETMASK, &before, NULL);
    return c.result;
}

void console_reraise(int signal)
{
    struct sigaction fresh = {.sa_handler = SIG_DFL};
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, signal);
    sigaction(signal, &fresh, NULL);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    raise(signal);
}
