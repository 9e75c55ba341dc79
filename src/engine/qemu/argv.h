/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * QEMU's command line for a guest: pure, from the guest, the numbers of the descriptors QEMU inherits, and the accelerator.
 * QEMU gets no path on the host but /proc/self/fd.
 */
#ifndef SLIP_ENGINE_QEMU_ARGV_H
#define SLIP_ENGINE_QEMU_ARGV_H

#include <stdint.h>

#include "base/error.h"
#include "guest/schema.h"

struct slip_machine;

/* What QEMU inherits, besides the console as its standard input and output. */
struct slip_qemu_fds {
    int ram, rom, qmp;
    const int *disks; /* one per disk of the guest, in order */
};

struct slip_qemu_argv {
    char **items; /* NULL-terminated; owned, as each of them is */
    size_t count;
};

int slip__qemu_argv_make(struct slip_qemu_argv *ret, const char *program,
                         const struct slip_guest *guest, const struct slip_qemu_fds *fds, bool kvm,
                         struct slip_error **err);
void slip__qemu_argv_dispose(struct slip_qemu_argv *argv);

#define SLIP_MAC_TEXT_BYTES 18
/* The address of an interface for which none is given: from the guest's uuid and the interface's number, so that it is the
 * same at every start, below the prefix 00:16:3e that Xen guests have (IEEE's registry: Xensource, Inc.). */
void slip__qemu_mac(const char *uuid, size_t index, char ret[SLIP_MAC_TEXT_BYTES]);

#endif
