/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Named limits of a guest, with the reason beside each. */
#ifndef SLIP_GUEST_LIMITS_H
#define SLIP_GUEST_LIMITS_H

/* A guest's name becomes a file name, and a value in the hypervisor's store. */
#define SLIP_LIMIT_NAME_BYTES 100u
/* Modules (initrds) of a guest. */
#define SLIP_LIMIT_MODULES 1024u
/* A command line. Linux takes 2047 bytes; other kernels may take more. */
#define SLIP_LIMIT_CMDLINE_BYTES 65535u
/* The longest line Linux takes whole (COMMAND_LINE_SIZE of arch/x86 less the NUL); the rest it cuts off. */
#define SLIP_LIMIT_LINUX_CMDLINE_BYTES 2047u
/* Memory of one guest, in MiB: 46 bits of physical address, what every 64-bit CPU can map. */
#define SLIP_LIMIT_MEMORY_MIB (1ull << 26)
/* vCPUs of one guest: 8-bit APIC ids, 255 is the broadcast. */
#define SLIP_LIMIT_VCPUS 255u
/* Numbers of devices, controllers, nodes, and turns in an order: far more than a guest can have. */
#define SLIP_LIMIT_ORDER 65535u
/* A page frame's number: 52 bits of physical address, all that x86 defines. */
#define SLIP_LIMIT_FRAME ((1ull << 40) - 1)

#endif
