/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A payload: the open files that start a guest, whatever boot method found them. It must not know how an image is parsed or
 * where its bytes go.
 */
#ifndef SLIP_BOOT_PAYLOAD_H
#define SLIP_BOOT_PAYLOAD_H

#include <stdint.h>

#include "base/error.h"
#include "guest/guest.h"

struct slip_payload_file {
    int fd; /* owned, read-only, close-on-exec */
    uint64_t size_bytes;
    char *name; /* the path, for messages; owned */
};

struct slip_payload {
    enum slip_boot_method method;
    struct slip_payload_file kernel;
    struct slip_payload_file *modules;
    size_t n_modules;
};

/* Opens what guest says it starts from. A boot method that this version does not build is refused here, before anything is
 * created (SLIP_EENGINE, a code in the 3xx). Missing, empty, unreadable files and directories are refused with their
 * names: SLIP_EIMAGE for every such problem with a file, so that the command's exit code is 4. */
int slip__payload_open(const struct slip_guest *guest, struct slip_payload *ret,
                       struct slip_error **err);
void slip__payload_dispose(struct slip_payload *payload); /* idempotent; fine on a zeroed one */

#endif
