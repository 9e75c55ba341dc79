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
#define SLIP_RESET_BLOCK_BYTES 0xb0u

/* Offsets in the block. */
#define SLIP_RESET_BLOCK_MAGIC    0x00u /* 8 bytes */
#define SLIP_RESET_BLOCK_ENTRY    0x08u /* 8 bytes: gpa of the entry point */
#define SLIP_RESET_BLOCK_RAX      0x10u /* 8 bytes each; in 32-bit mode the lower half counts */
#define SLIP_RESET_BLOCK_RBX      0x18u
#define SLIP_RESET_BLOCK_RCX      0x20u
#define SLIP_RESET_BLOCK_RSI      0x28u
#define SLIP_RESET_BLOCK_RDI      0x30u
#define SLIP_RESET_BLOCK_RBP      0x38u
#define SLIP_RESET_BLOCK_RSP      0x40u
#define SLIP_RESET_BLOCK_CR3      0x48u /* 8 bytes: gpa of the top page table, below 4 GiB; long mode only */
#define SLIP_RESET_BLOCK_GDTR     0x50u /* 10 bytes: the limit (2) and address (8) that stay in GDTR */
#define SLIP_RESET_BLOCK_CS       0x5au /* 2 bytes each: selectors into the block's table */
#define SLIP_RESET_BLOCK_DS       0x5cu /* of ds, es, ss, fs and gs */
#define SLIP_RESET_BLOCK_TR       0x5eu
#define SLIP_RESET_BLOCK_LONG     0x60u /* 4 bytes: 0: 32-bit mode, paging off; 1: long mode */
#define SLIP_RESET_BLOCK_GDT      0x70u /* 8 descriptors of 8 bytes; the last is the ROM's own 32-bit code */
#define SLIP_RESET_GDT_ENTRIES    8u
#define SLIP_RESET_SELECTOR_FIRST 0x08u /* of those that a state may name */
#define SLIP_RESET_SELECTOR_LAST  0x30u

/* "SLIPRST2" as a little-endian number. */
#define SLIP_RESET_BLOCK_MAGIC_VALUE 0x3254535250494c53ull

#endif
