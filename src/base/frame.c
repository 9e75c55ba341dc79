/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Framed messages; see frame.h. What comes is foreign: a length is held against the limit before anything is kept. */
#include "base/frame.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

struct header {
    uint32_t kind;
    uint32_t bytes;
};
_Static_assert(sizeof(struct header) == SLIP_FRAME_HEADER_BYTES, "no padding");

/* Until the socket is ready for events, or was hung up. With no deadline calls block instead. */
static int await(int fd, short events, uint64_t deadline_us)
{
    struct pollfd pfd = {.fd = fd, .events = events};

    for (;;) {
        uint64_t now = slip__now_us();
        uint64_t left_ms = deadline_us > now ? (deadline_us - now + 999) / 1000 : 0;
        int r = poll(&pfd, 1, left_ms > INT32_MAX ? INT32_MAX : (int)left_ms);

        if (r > 0)
            return 0;
        if (r < 0 && errno != EINTR)
            return -errno;
        if (r == 0 && left_ms == 0)
            return -ETIMEDOUT;
    }
}

/* What became of a call that did not work: 0, try again. */
static int failed(int fd, short events, uint64_t deadline_us)
{
    if (errno == EINTR)
        return 0;
    if (errno == EAGAIN && deadline_us != SLIP_FRAME_FOREVER)
        return await(fd, events, deadline_us);
    return errno == ECONNRESET ? -EPIPE : -errno;
}

static void attach(struct msghdr *msg, void *control, size_t size, int pass_fd)
{
    struct cmsghdr *c;

    msg->msg_control = control;
    msg->msg_controllen = size;
    c = CMSG_FIRSTHDR(msg);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &pass_fd, sizeof(int));
}

int slip__frame_send(int fd, uint64_t deadline_us, uint32_t kind, const void *bytes, size_t len,
                     int pass_fd)
{
    struct header header = {kind, (uint32_t)len};
    struct iovec parts[2] = {{&header, sizeof(header)}, {(void *)(uintptr_t)bytes, len}};
    struct msghdr msg = {.msg_iov = parts, .msg_iovlen = 2};
    int flags = MSG_NOSIGNAL | (deadline_us == SLIP_FRAME_FOREVER ? 0 : MSG_DONTWAIT);
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};

    if (pass_fd >= 0)
        attach(&msg, control, sizeof(control), pass_fd);
    while (parts[0].iov_len || parts[1].iov_len) {
        ssize_t n = sendmsg(fd, &msg, flags);
        int rc;

        if (n < 0) {
            rc = failed(fd, POLLOUT, deadline_us);
            if (rc < 0)
                return rc;
            continue;
        }
        msg.msg_control = NULL; /* it went with the first byte */
        msg.msg_controllen = 0;
        for (size_t i = 0; i < 2; i++) {
            size_t used = (size_t)n < parts[i].iov_len ? (size_t)n : parts[i].iov_len;

            if (used) /* else there may be no bytes at all */
                parts[i].iov_base = (char *)parts[i].iov_base + used;
            parts[i].iov_len -= used;
            n -= (ssize_t)used;
        }
    }
    return 0;
}

/* Exactly len bytes. */
static int receive(int fd, uint64_t deadline_us, void *dst, size_t len)
{
    char *at = dst;

    while (len) {
        ssize_t n = recv(fd, at, len, deadline_us == SLIP_FRAME_FOREVER ? 0 : MSG_DONTWAIT);

        if (n == 0)
            return -EPIPE;
        if (n < 0) {
            int rc = failed(fd, POLLIN, deadline_us);

            if (rc < 0)
                return rc;
            continue;
        }
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

/* The header, and the descriptor that came with its first byte. Blocks: for who waits without a deadline. */
static int receive_with_fd(int fd, struct header *header, int *ret_fd)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    struct iovec part = {header, sizeof(*header)};
    struct msghdr msg = {.msg_iov = &part,
                         .msg_iovlen = 1,
                         .msg_control = control,
                         .msg_controllen = sizeof(control)};
    struct cmsghdr *c;
    ssize_t n;

    do
        n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        return n < 0 && errno != ECONNRESET ? -errno : -EPIPE;
    c = CMSG_FIRSTHDR(&msg);
    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
        c->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(ret_fd, CMSG_DATA(c), sizeof(int));
    return receive(fd, SLIP_FRAME_FOREVER, (char *)header + n, sizeof(*header) - (size_t)n);
}

int slip__frame_receive(int fd, uint64_t deadline_us, size_t limit, uint32_t *ret_kind,
                        struct slip_buf *ret, int *ret_fd)
{
    SLIP_AUTO_CLOSE int passed = -1;
    struct header header;
    int rc = ret_fd ? receive_with_fd(fd, &header, &passed)
                    : receive(fd, deadline_us, &header, sizeof(header));

    if (rc < 0)
        return rc;
    if (header.bytes > limit)
        return -EMSGSIZE;
    ret->len = 0;
    ret->failed = false;
    if (!slip__buf_reserve(ret, header.bytes))
        return -ENOMEM;
    rc = receive(fd, deadline_us, ret->data, header.bytes);
    if (rc < 0)
        return rc;
    ret->len = header.bytes;
    ret->data[ret->len] = '\0';
    *ret_kind = header.kind;
    if (ret_fd)
        *ret_fd = slip__steal_fd(&passed);
    return 0;
}
