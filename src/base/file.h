/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening and reading files that people name, with the refusals they deserve. */
#ifndef SLIP_BASE_FILE_H
#define SLIP_BASE_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* What a thing of this st_mode is, with its article: "a directory". */
const char *slip__file_kind(mode_t mode);
/* Opens path read-only and close-on-exec. A directory, or anything that is not a regular file, is refused with its kind
 * in the message (SLIP_EIO). what names it in messages ("kernel"). *ret_fd is the caller's. */
int slip__file_open(const char *what, const char *path, int *ret_fd, uint64_t *ret_size,
                    struct slip_error **err);
/* Reads all of path ("-": standard input), at most limit bytes, into *ret (free() it), NUL-terminated. too_long is the code of
 * the refusal if it has more. */
int slip__file_read(const char *what, const char *path, size_t limit, enum slip_code too_long,
                    char **ret, size_t *ret_len, struct slip_error **err);
/* pread() until len bytes are in dst; short files are an error that names both numbers. */
int slip__file_pread(int fd, const char *what, void *dst, uint64_t len, uint64_t offset,
                     struct slip_error **err);
/* write() all of it. Returns 0 or -errno. */
int slip__write_all(int fd, const void *bytes, size_t len);
/* Monotonic microseconds. */
uint64_t slip__now_us(void);

#endif
