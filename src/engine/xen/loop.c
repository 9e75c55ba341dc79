/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loop devices by their ioctls: linux/loop.h. */
#include "engine/xen/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <linux/major.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Somebody else may take the free one between asking and taking; nobody is that unlucky so often. */
#define TRIES 64

static int try_one(int control_fd, const struct loop_config *config,
                   char ret_path[SLIP_LOOP_PATH_BYTES])
{
    SLIP_AUTO_CLOSE int fd = -1;
    bool read_only = config->info.lo_flags & LO_FLAGS_READ_ONLY;
    int number = ioctl(control_fd, LOOP_CTL_GET_FREE);

    if (number < 0)
        return -errno;
    snprintf(ret_path, SLIP_LOOP_PATH_BYTES, "/dev/loop%d", number);
    fd = open(ret_path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
    if (fd < 0 || ioctl(fd, LOOP_CONFIGURE, config) < 0)
        return -errno;
    return slip__steal_fd(&fd);
}

int slip__loop_attach(int file_fd, bool read_only, const char *name,
                      char ret_path[SLIP_LOOP_PATH_BYTES], int *ret_fd, struct slip_error **err)
{
    SLIP_AUTO_CLOSE int control_fd = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    /* Without direct I/O the host caches what the guest caches again; where the file system can't, the kernel does without. */
    struct loop_config config = {.fd = (uint32_t)file_fd,
                                 .info.lo_flags = LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO |
                                                  (read_only ? LO_FLAGS_READ_ONLY : 0)};
    int rc = -EBUSY;

    if (control_fd < 0) {
        slip__error_code(err, SLIP_EENGINE, SLIP_CODE_DISK_BACKEND,
                         "'%s' needs a loop device, and there is no /dev/loop-control: %s", name,
                         strerrordesc_np(errno));
        slip__error_hint(err, "modprobe loop");
        return SLIP_EENGINE;
    }
    snprintf((char *)config.info.lo_file_name, sizeof(config.info.lo_file_name), "%s", name);
    for (int i = 0; i < TRIES && rc == -EBUSY; i++)
        rc = try_one(control_fd, &config, ret_path);
    if (rc < 0)
        return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_DISK_BACKEND,
                                "cannot make a loop device of '%s': %s", name,
                                strerrordesc_np(-rc));
    *ret_fd = rc;
    return 0;
}

bool slip__loop_look(dev_t number, struct slip_loop *ret)
{
    SLIP_AUTO_CLOSE int fd = -1, name_fd = -1;
    struct loop_info64 info;
    char path[64];
    ssize_t len;

    *ret = (struct slip_loop){0};
    if (major(number) != LOOP_MAJOR)
        return false;
    snprintf(path, sizeof(path), "/dev/loop%u", minor(number));
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || ioctl(fd, LOOP_GET_STATUS64, &info) < 0)
        return false;
    ret->device = info.lo_device;
    ret->inode = info.lo_inode;
    ret->read_only = info.lo_flags & LO_FLAGS_READ_ONLY;
    /* The ioctl's name is cut at 63 bytes. */
    snprintf(path, sizeof(path), "/sys/block/loop%u/loop/backing_file", minor(number));
    name_fd = open(path, O_RDONLY | O_CLOEXEC);
    len = name_fd < 0 ? 0 : read(name_fd, ret->file, sizeof(ret->file) - 1);
    ret->file[len > 0 ? len : 0] = '\0';
    ret->file[strcspn(ret->file, "\n")] = '\0';
    return true;
}
