// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * reset_block.h - what the reset ROM is told: the layout of the block that whoever fills guest memory leaves for it.
 *
 * The other half of rom/reset.asm, whose head says what each field is for and why the block is where it is; the two
 * change together. It must not know what fills the block. All fields are little-endian; addresses are guest physical.
 * The ROM wipes the whole block before it jumps, so a guest finds zeros there and the page needs no reservation.
 */
#ifndef SLIP_ROM_RESET_BLOCK_H
#define SLIP_ROM_RESET_BLOCK_H

/* Where the ROM itself appears: at the top of the first 4 GiB, and again (hiding RAM) below 1 MiB. */
#define SLIP_RESET_ROM_GPA       0xffff0000u
#define SLIP_RESET_ROM_BYTES     0x10000u
#define SLIP_RESET_ROM_ALIAS_GPA 0xf0000u

#define SLIP_RESET_BLOCK_GPA   0x1000u
#define SLIP_RESET_BLOCK_BYTES 0x30u

/* Offsets in the block. */
#define SLIP_RESET_BLOCK_MAGIC      0x00u /* 8 bytes */
#define SLIP_RESET_BLOCK_START_INFO 0x08u /* 4 bytes: gpa of hvm_start_info, for ebx */
#define SLIP_RESET_BLOCK_ENTRY      0x0cu /* 4 bytes: gpa of the 32-bit entry point */
#define SLIP_RESET_BLOCK_GDT        0x10u /* 4 descriptors of 8 bytes, in the order of the values below */

/* "SLIPRST1" as a little-endian number. */
#define SLIP_RESET_BLOCK_MAGIC_VALUE 0x3154535250494c53ull

/* The GDT: Intel SDM volume 3, 3.4.5 (segment descriptors) and 7.2.2 (TSS descriptor). */
#define SLIP_RESET_GDT_NULL 0x0000000000000000ull
#define SLIP_RESET_GDT_CODE \
    0x00cf9b000000ffffull /* base 0, limit 4 GiB, 32-bit, execute/read, accessed */
#define SLIP_RESET_GDT_DATA \
    0x00cf93000000ffffull /* base 0, limit 4 GiB, 32-bit, read/write, accessed */
#define SLIP_RESET_GDT_TSS \
    0x0000890000000067ull /* base 0, limit 0x67, 32-bit TSS, available: `ltr` makes it active */

#endif
