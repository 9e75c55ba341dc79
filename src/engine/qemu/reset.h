/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Our side of the reset ROM (rom/reset.asm): the file QEMU gets it from, and the block in RAM that tells it where to go. */
#ifndef SLIP_ENGINE_QEMU_RESET_H
#define SLIP_ENGINE_QEMU_RESET_H

#include "build/plan.h"

/* A sealed memfd that holds the ROM. Returns it (close-on-exec), or a negative code. */
int slip__reset_rom_file(struct slip_error **err);
/* Fills the block that takes the first vCPU to the plan's start state. The ROM wipes it before the guest runs. */
int slip__reset_block_write(struct slip_ram *ram, const struct slip_plan *plan,
                            struct slip_error **err);

#endif
