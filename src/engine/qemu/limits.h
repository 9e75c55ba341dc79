/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Named limits on what QEMU may make us keep, with the reason beside each. */
#ifndef SLIP_ENGINE_QEMU_LIMITS_H
#define SLIP_ENGINE_QEMU_LIMITS_H

/* One QMP message. QEMU's are under 2 KiB here. */
#define SLIP_LIMIT_QMP_BYTES (256u << 10)

#endif
