/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loop devices: a file as a block device, which the kernel frees by itself with its last user. Knows no guest. */
#ifndef SLIP_ENGINE_XEN_LOOP_H
#define SLIP_ENGINE_XEN_LOOP_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

#define SLIP_LOOP_PATH_BYTES 32

/* Attaches the open file to a free loop device. ret_path names that, *ret_fd is it, open: as long as that or any other user has it
 * open, it lives. name is for people who list loop devices. */
int slip__loop_attach(int file_fd, bool read_only, const char *name,
                      char ret_path[SLIP_LOOP_PATH_BYTES], int *ret_fd, struct slip_error **err);

/* What is behind the loop device of this number. False: it is no loop device, or none in use. */
struct slip_loop {
    dev_t device; /* the file system's */
    ino_t inode;
    bool read_only;
    char file[256]; /* the file's name when it was attached, "" if it can't be known */
};
bool slip__loop_look(dev_t number, struct slip_loop *ret);

#endif
