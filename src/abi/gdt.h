/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Descriptors of the processor's tables that a first vCPU starts with. Facts: Intel SDM volume 3, 3.4.5 (segment descriptors) and
 * 7.2.2 (TSS descriptor). All have base 0. */
#ifndef SLIP_ABI_GDT_H
#define SLIP_ABI_GDT_H

#define SLIP_GDT_CODE32 0x00cf9b000000ffffull /* limit 4 GiB, 32-bit, execute/read, accessed */
#define SLIP_GDT_CODE64 0x00af9b000000ffffull /* 64-bit, execute/read, accessed */
#define SLIP_GDT_DATA   0x00cf93000000ffffull /* limit 4 GiB, 32-bit, read/write, accessed */
#define SLIP_GDT_TSS \
    0x0000890000000067ull /* limit 0x67, 32-bit TSS, available: `ltr` makes it active */
#define SLIP_GDT_BUSY 0x0000020000000000ull /* a TSS with this is active */

#define SLIP_GDT_SELECTOR_BYTES 8u /* a descriptor's; selectors count bytes */

#endif
