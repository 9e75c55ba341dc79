/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An image: what a kernel file is. Reading one starts nothing and needs no hypervisor and no root. */
#ifndef SLIPWAY_IMAGE_H
#define SLIPWAY_IMAGE_H

#include "slipway/api.h"
#include "slipway/error.h"

SLIP_BEGIN_DECLS

struct slip_image;

/* Opens and reads a kernel file completely: format, compression, segments, notes, entry points. The caller frees *ret.
 * SLIP_ENOENT, SLIP_EPERM, SLIP_EIO: it can't be read; SLIP_EIMAGE: it is no kernel, or a broken one. */
SLIP_API int slip_image_open(const char *path, struct slip_image **ret,
                             struct slip_error **err) SLIP_MUST_CHECK;
SLIP_API void slip_image_free(struct slip_image *image); /* NULL is fine */

/* What it is, for people (several lines) and for programs. The caller frees *ret with free(). */
SLIP_API int slip_image_to_text(const struct slip_image *image, char **ret,
                                struct slip_error **err);
SLIP_API int slip_image_to_json(const struct slip_image *image, char **ret,
                                struct slip_error **err);

SLIP_END_DECLS

#endif
