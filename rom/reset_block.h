/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The reset block that reset.asm reads, for C: what it is and why it is there is said in that file. */
#ifndef SLIP_ROM_RESET_BLOCK_H
#define SLIP_ROM_RESET_BLOCK_H

#define SLIP_RESET_BLOCK_GPA         0x1000
#define SLIP_RESET_BLOCK_BYTES       0x30
#define SLIP_RESET_MAGIC             "SLIPRST1" /* 8 bytes, no terminator */
#define SLIP_RESET_MAGIC_OFFSET      0x00
#define SLIP_RESET_START_INFO_OFFSET 0x08 /* u32 */
#define SLIP_RESET_ENTRY_OFFSET      0x0c /* u32 */
#define SLIP_RESET_GDT_OFFSET        0x10
/* null; code 0/4G execute/read; data 0/4G read/write; an available 32-bit TSS 0/0x67 */
#define SLIP_RESET_GDT 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x0000890000000067

#endif
