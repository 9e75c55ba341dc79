/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Framed messages over a stream socket between two processes of one program. Each has a kind, and no more bytes than its receiver
 * allows. Knows no kind and no process.
 */
#ifndef SLIP_BASE_FRAME_H
#define SLIP_BASE_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Kind and length go ahead of the bytes, in the byte order of the host that both ends share. */
#define SLIP_FRAME_HEADER_BYTES 8u

/* For deadline: never. Otherwise in microseconds of slip__now_us(). */
#define SLIP_FRAME_FOREVER UINT64_MAX

/* Sends a message; pass_fd, unless it is -1, goes with it. 0, -ETIMEDOUT, -EPIPE (nobody is there any more) or another -errno. No
 * SIGPIPE is raised. */
int slip__frame_send(int fd, uint64_t deadline_us, uint32_t kind, const void *bytes, size_t len,
                     int pass_fd);
/* Receives one: its bytes replace what ret holds. A descriptor that came with it goes to *ret_fd (-1: none came); with ret_fd NULL
 * none is taken. 0, -ETIMEDOUT, -EPIPE, -EMSGSIZE (it says that it has over limit bytes), -ENOMEM or another -errno. */
int slip__frame_receive(int fd, uint64_t deadline_us, size_t limit, uint32_t *ret_kind,
                        struct slip_buf *ret, int *ret_fd);

#endif
