/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens the files and block devices behind a guest's disks. */
#include "engine/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"

/*
 * QEMU's image locks: a read lock on byte 100 + n says "I use permission n", one on 200 + n "nobody else may use it".
 * Permission 1 is writing (QEMU's block/file-posix.c RAW_LOCK_*_BASE, include/block/block-common.h BLK_PERM_WRITE).
 */
#define LOCK_WRITES     (100 + 1)
#define LOCK_BARS_WRITE (200 + 1)

static int refuse(struct slip_error **err, size_t index, const char *path, const char *why)
{
    return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_DISK_UNUSABLE, "disk %zu: '%s' %s", index,
                            path, why);
}

static int refuse_errno(struct slip_error **err, size_t index, const char *path, const char *doing)
{
    char why[128];
    int errnum = errno;

    slip__error_code(err, SLIP_EENGINE, SLIP_CODE_DISK_UNUSABLE, "disk %zu: cannot %s '%s': %s",
                     index, doing, path, strerror_r(errnum, why, sizeof(why)));
    if (errnum == EROFS || errnum == EACCES || errnum == EPERM)
        slip__error_hint(err, "a disk the guest only reads is given with access 'ro'");
    return SLIP_EENGINE;
}

/* Does somebody else hold a lock on this byte? False too where locks are not supported: QEMU then can't lock either. */
static bool locked(int fd, off_t byte)
{
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1, .l_pid = 0};

    return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

static bool hold(int fd, off_t byte)
{
    struct flock lock = {
        .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1, .l_pid = 0};

    return fcntl(fd, F_OFD_SETLK, &lock) == 0 || (errno != EAGAIN && errno != EACCES);
}

bool slip__disk_lock(int fd, bool writable)
{
    /* First held, then looked at: of two at once at least one sees the other. */
    return hold(fd, LOCK_BARS_WRITE) && (!writable || hold(fd, LOCK_WRITES)) &&
           !locked(fd, LOCK_WRITES) && !(writable && locked(fd, LOCK_BARS_WRITE));
}

static int check_use(int fd, bool writable, const char *path, size_t index, struct slip_error **err)
{
    const char *how = locked(fd, LOCK_WRITES)                   ? "written"
                      : writable && locked(fd, LOCK_BARS_WRITE) ? "used"
                                                                : NULL;

    if (!how)
        return 0;
    slip__error_code(err, SLIP_EENGINE, SLIP_CODE_DISK_IN_USE,
                     "disk %zu: '%s' is being %s by another guest or tool", index, path, how);
    slip__error_hint(err, "end the other one, or give both the disk with access 'ro'");
    return SLIP_EENGINE;
}

static int check_size(int fd, bool device, const char *path, size_t index, struct slip_error **err)
{
    struct stat st;
    uint64_t bytes = 0;

    if (device ? ioctl(fd, BLKGETSIZE64, &bytes) < 0 : fstat(fd, &st) < 0)
        return refuse_errno(err, index, path, "get the size of");
    if (!device)
        bytes = (uint64_t)st.st_size;
    return bytes ? 0 : refuse(err, index, path, "is empty: a disk has at least one sector");
}

/* What kind of file it is, found without opening it: opening some devices does something. */
static int look(const char *path, size_t index, int *ret_fd, bool *ret_device,
                struct slip_error **err)
{
    SLIP_AUTO_CLOSE int fd = open(path, O_PATH | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return refuse_errno(err, index, path, "open");
    if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode)) {
        slip__error_code(err, SLIP_EENGINE, SLIP_CODE_DISK_UNUSABLE,
                         "disk %zu: '%s' is %s, not a file or a block device", index, path,
                         slip__file_kind(st.st_mode));
        return SLIP_EENGINE;
    }
    *ret_device = S_ISBLK(st.st_mode);
    *ret_fd = slip__steal_fd(&fd);
    return 0;
}

int slip__disk_open(const struct slip_disk *disk, size_t index, struct slip_error **err)
{
    const char *path = disk->target.value;
    bool writable = disk->access.value == SLIP_DISK_ACCESS_RW, device = false;
    SLIP_AUTO_CLOSE int path_fd = -1;
    SLIP_AUTO_CLOSE int fd = -1;
    char self[64];
    int rc;

    if (!path || !*path)
        return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_DISK_UNUSABLE,
                                "disk %zu has no target: no file or device is named", index);
    rc = look(path, index, &path_fd, &device, err);
    if (rc)
        return rc;
    /* The very file that was looked at. O_EXCL on a block device: busy if the host itself uses it (open(2)). */
    snprintf(self, sizeof(self), "/proc/self/fd/%d", path_fd);
    fd = open(self, O_CLOEXEC | O_NONBLOCK | (writable ? O_RDWR : O_RDONLY) |
                        (device && writable ? O_EXCL : 0));
    if (fd < 0 && errno == EBUSY)
        return slip__error_code(
            err, SLIP_EENGINE, SLIP_CODE_DISK_IN_USE,
            "disk %zu: '%s' is in use by the host: mounted, or part of another device", index,
            path);
    if (fd < 0)
        return refuse_errno(err, index, path, writable ? "write to" : "read");
    rc = check_size(fd, device, path, index, err);
    if (rc)
        return rc;
    rc = check_use(fd, writable, path, index, err);
    if (rc)
        return rc;
    return slip__steal_fd(&fd);
}
