/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files that people name: open with refusals, read with a cap. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"

const char *slip__file_kind(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return "a directory";
    case S_IFCHR:
        return "a character device";
    case S_IFBLK:
        return "a block device";
    case S_IFIFO:
        return "a pipe";
    case S_IFSOCK:
        return "a socket";
    case S_IFREG:
        return "a file";
    default:
        return "of an unknown kind";
    }
}

int slip__file_open(const char *what, const char *path, int *ret_fd, uint64_t *ret_size,
                    struct slip_error **err)
{
    SLIP_AUTO_CLOSE int fd = -1;
    struct stat st;

    /* O_NONBLOCK: a named pipe must not make us wait for a writer. */
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return slip__error_errno(err, SLIP_EIO, errno, "cannot open %s '%s'", what, path);
    if (fstat(fd, &st) < 0)
        return slip__error_errno(err, SLIP_EIO, errno, "cannot look at %s '%s'", what, path);
    if (!S_ISREG(st.st_mode))
        return slip__error(err, SLIP_EIO, "%s '%s' is %s, not a file", what, path,
                           slip__file_kind(st.st_mode));
    *ret_size = (uint64_t)st.st_size;
    *ret_fd = slip__steal_fd(&fd);
    return 0;
}

int slip__file_read(const char *what, const char *path, size_t limit, enum slip_code too_long,
                    char **ret, size_t *ret_len, struct slip_error **err)
{
    SLIP_AUTO_CLOSE int opened = -1;
    SLIP_AUTO(slip__buf_dispose) struct slip_buf buf = {0};
    uint64_t size;
    char chunk[16384];
    int fd = STDIN_FILENO, rc;

    if (strcmp(path, "-") != 0) {
        rc = slip__file_open(what, path, &opened, &size, err);
        if (rc < 0)
            return rc;
        fd = opened;
        if (size > limit)
            return slip__error_code(err, SLIP_EIO, too_long,
                                    "%s '%s' has %llu bytes, the limit is %zu", what, path,
                                    (unsigned long long)size, limit);
    }
    for (;;) {
        ssize_t r = read(fd, chunk, sizeof(chunk));

        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return slip__error_errno(err, SLIP_EIO, errno, "cannot read %s '%s'", what, path);
        if (r == 0)
            break;
        if ((size_t)r > limit - buf.len)
            return slip__error_code(err, SLIP_EIO, too_long,
                                    "%s '%s' has over %zu bytes, the limit", what, path, limit);
        slip__buf_put(&buf, chunk, (size_t)r);
        if (buf.failed) /* its length, which the limit is held against, stands still now */
            return slip__error_oom(err);
    }
    *ret_len = buf.len;
    *ret = slip__buf_steal(&buf);
    return *ret ? 0 : slip__error_oom(err);
}

/* pread(), where need be by way of memory of our own: some file systems (9p, NFS, whatever reads past the page cache) let a
 * device write to dst, which pages that another machine owns refuse with EFAULT. */
static ssize_t pread_anywhere(int fd, char *dst, uint64_t len, uint64_t offset)
{
    ssize_t r = pread(fd, dst, len, (off_t)offset);
    char chunk[16384];

    if (r >= 0 || errno != EFAULT)
        return r;
    r = pread(fd, chunk, len < sizeof(chunk) ? len : sizeof(chunk), (off_t)offset);
    if (r > 0)
        memcpy(dst, chunk, (size_t)r);
    return r;
}

int slip__file_pread(int fd, const char *what, void *dst, uint64_t len, uint64_t offset,
                     struct slip_error **err)
{
    uint64_t done = 0;

    while (done < len) {
        ssize_t r = pread_anywhere(fd, (char *)dst + done, len - done, offset + done);

        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return slip__error_errno(err, SLIP_EIO, errno, "cannot read %s", what);
        if (r == 0)
            return slip__error(err, SLIP_EIO,
                               "%s ends at byte %llu, %llu bytes at %llu were wanted", what,
                               (unsigned long long)(offset + done), (unsigned long long)len,
                               (unsigned long long)offset);
        done += (uint64_t)r;
    }
    return 0;
}

int slip__write_all(int fd, const void *bytes, size_t len)
{
    const char *p = bytes;

    while (len) {
        ssize_t r = write(fd, p, len);

        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return -errno;
        p += r;
        len -= (size_t)r;
    }
    return 0;
}

uint64_t slip__now_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}
