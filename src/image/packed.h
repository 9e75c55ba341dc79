/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between the files of this folder: files that are compressed as a whole. Nobody else includes this. */
#ifndef SLIP_IMAGE_PACKED_H
#define SLIP_IMAGE_PACKED_H

#include "image/elf.h"

/* Makes the image's stream one of what its file unpacks to, with its first bytes known. */
int slip__packed_open(struct slip_image *image, const struct slip_codec *codec,
                      struct slip_error **err);
/* Unpacks all of it into memory, which takes the place of the image's file. */
int slip__packed_spool(struct slip_image *image, struct slip_error **err);
/* After loading: to the end of the stream, for its checksum, and to see that nothing follows. */
int slip__packed_finish(struct slip_image *image, struct slip_error **err);

#endif
