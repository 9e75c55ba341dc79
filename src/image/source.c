/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the bytes of a kernel file are: in the file, or, unpacked, in memory. Knows no format. */
#include <string.h>

#include "base/ckd.h"
#include "base/file.h"
#include "image/stream.h"

int slip__source_read(const struct slip_source *source, void *dst, uint64_t len, uint64_t offset,
                      struct slip_error **err)
{
    if (!source->memory)
        return slip__file_pread(source->fd, "the kernel file", dst, len, offset, err);
    if (!slip__range_fits(offset, len, source->bytes))
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_TRUNCATED,
                                "the unpacked kernel file ends at byte %llu, %llu bytes at %llu "
                                "are needed",
                                (unsigned long long)source->bytes, (unsigned long long)len,
                                (unsigned long long)offset);
    if (len)
        memcpy(dst, source->memory + offset, len);
    return 0;
}
