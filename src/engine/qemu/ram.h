/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest's memory in a memfd that both we and QEMU map: the file layout QEMU expects of a memory backend, the addresses the
 * layout promises. Sparse: what nobody touches costs nothing.
 */
#ifndef SLIP_ENGINE_QEMU_RAM_H
#define SLIP_ENGINE_QEMU_RAM_H

#include "build/plan.h"

struct slip_qemu_ram {
    struct slip_ram ram; /* first: map() gets from it to the rest */
    int fd;
    uint8_t *base;
    uint64_t bytes;
    uint64_t low_bytes; /* file bytes that lie at guest address 0; the rest lies at 4 GiB */
};

/* Makes it: zero everywhere. On failure nothing is left. */
int slip__qemu_ram_init(struct slip_qemu_ram *ram, const struct slip_machine *machine,
                        uint64_t bytes, struct slip_error **err);
/* Lets go of the pages we wrote, which stay in the file: from now on they are the guest's alone until we touch them. */
void slip__qemu_ram_release(struct slip_qemu_ram *ram);
void slip__qemu_ram_dispose(struct slip_qemu_ram *ram);

#endif
