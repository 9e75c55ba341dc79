/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between the files of this folder: the bzImage. Nobody else includes this. */
#ifndef SLIP_IMAGE_BZIMAGE_H
#define SLIP_IMAGE_BZIMAGE_H

#include "image/elf.h"

/* The name of a compression that is known but not unpacked here, as static text; NULL: none is called so. */
const char *slip__bzimage_unhandled(const char *name);
/* Do the first len bytes of a file look like one? */
bool slip__bzimage_probe(const uint8_t *head, size_t len);
/* Reads the setup header, opens the payload's stream and reads the ELF headers in it. */
int slip__bzimage_open(struct slip_image *image, const uint8_t *head, size_t len,
                       struct slip_error **err);
/* After loading: the stream's end, sizes, the relocation table, and the entries that the boot header offers. */
int slip__bzimage_finish(struct slip_image *image, struct slip_error **err);

#endif
