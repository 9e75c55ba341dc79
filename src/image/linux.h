/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between the files of this folder: Linux' setup header. Nobody else includes this. */
#ifndef SLIP_IMAGE_LINUX_H
#define SLIP_IMAGE_LINUX_H

#include "base/reader.h"
#include "image/image.h"

/* Bytes of setup code, the boot sector included: what follows is the protected-mode part. */
uint64_t slip__linux_setup_bytes(struct slip_reader *head);
/* Fills image->linux_boot from the file's first bytes. boot_protocol is known, and the file is as long as the header says. */
void slip__linux_read(struct slip_image *image, struct slip_reader *head);
/* The entries of the boot header, for when the protected-mode part is at gpa; in place of those known so far. */
void slip__linux_entries(struct slip_image *image, uint64_t gpa);

#endif
