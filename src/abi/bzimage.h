/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The setup header of a Linux bzImage: field offsets in the file, and the numbers that go with them. Knows no file.
 *
 * Source: Linux, Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header". All fields are little-endian.
 */
#ifndef SLIP_ABI_BZIMAGE_H
#define SLIP_ABI_BZIMAGE_H

#define SLIP_BZIMAGE_MAGIC       "HdrS"
#define SLIP_BZIMAGE_MAGIC_BYTES 4

/* Offset: name, size, first protocol. Where no protocol is named: all that have the magic. */
#define SLIP_BZIMAGE_SETUP_SECTS     0x1f1 /* 1; 0 means 4 */
#define SLIP_BZIMAGE_SYSSIZE         0x1f4 /* 4; 16-byte units of what follows the setup; 2.04 */
#define SLIP_BZIMAGE_JUMP_OFFSET     0x201 /* 1; the setup header's end, from the magic on */
#define SLIP_BZIMAGE_HEADER          0x202 /* 4; the magic */
#define SLIP_BZIMAGE_VERSION         0x206 /* 2; major << 8 | minor */
#define SLIP_BZIMAGE_KERNEL_VERSION  0x20e /* 2; of a string, less 0x200; 0: none */
#define SLIP_BZIMAGE_LOADFLAGS       0x211 /* 1 */
#define SLIP_BZIMAGE_CODE32_START    0x214 /* 4 */
#define SLIP_BZIMAGE_HEADER_MIN_END  0x224 /* where 2.00's ends */
#define SLIP_BZIMAGE_INITRD_MAX      0x22c /* 4; of the last byte; 2.03 */
#define SLIP_BZIMAGE_ALIGNMENT       0x230 /* 4; 2.05 */
#define SLIP_BZIMAGE_RELOCATABLE     0x234 /* 1; 2.05 */
#define SLIP_BZIMAGE_MIN_ALIGNMENT   0x235 /* 1; a power of two, 0: none given; 2.10 */
#define SLIP_BZIMAGE_XLOADFLAGS      0x236 /* 2; 2.12 */
#define SLIP_BZIMAGE_CMDLINE_SIZE    0x238 /* 4; without the NUL; 2.06 */
#define SLIP_BZIMAGE_PAYLOAD_OFFSET  0x248 /* 4; from the end of the setup; 2.08 */
#define SLIP_BZIMAGE_PAYLOAD_LENGTH  0x24c /* 4; 2.08 */
#define SLIP_BZIMAGE_PREF_ADDRESS    0x258 /* 8; 2.10 */
#define SLIP_BZIMAGE_INIT_SIZE       0x260 /* 4; 2.10 */
#define SLIP_BZIMAGE_HEADER_READ_END 0x268 /* one past the last byte of the above */

#define SLIP_BZIMAGE_SECTOR_BYTES        512u
#define SLIP_BZIMAGE_DEFAULT_SECTS       4u
#define SLIP_BZIMAGE_KERNEL_VERSION_BASE 0x200u
#define SLIP_BZIMAGE_SYSSIZE_UNIT        16u
#define SLIP_BZIMAGE_LOADED_HIGH         0x01u /* loadflags: a bzImage; clear: a zImage */
#define SLIP_BZIMAGE_XLF_KERNEL_64       0x01u /* xloadflags: has the 64-bit entry */
#define SLIP_BZIMAGE_XLF_ABOVE_4G        0x02u /* xloadflags: it and its data may lie above 4 GiB */
#define SLIP_BZIMAGE_ENTRY64_OFFSET      0x200u  /* of the 64-bit entry from the 32-bit one */
#define SLIP_BZIMAGE_PROTOCOL_CMDLINE    0x0202u /* takes the command line as it is passed today */
#define SLIP_BZIMAGE_PROTOCOL_INITRD_MAX 0x0203u
#define SLIP_BZIMAGE_PROTOCOL_SYSSIZE    0x0204u
#define SLIP_BZIMAGE_PROTOCOL_RELOC      0x0205u
#define SLIP_BZIMAGE_PROTOCOL_CMD_SIZE   0x0206u
#define SLIP_BZIMAGE_PROTOCOL_PAYLOAD    0x0208u
#define SLIP_BZIMAGE_PROTOCOL_PREFERRED  0x020au
#define SLIP_BZIMAGE_PROTOCOL_XLOADFLAGS 0x020cu

/* What holds for kernels that are too old to say. */
#define SLIP_BZIMAGE_DEFAULT_GPA        0x100000u
#define SLIP_BZIMAGE_DEFAULT_INITRD_MAX 0x37ffffffu
#define SLIP_BZIMAGE_DEFAULT_CMDLINE    255u

/* Every codec but gzip has the inflated size appended to the payload (4 bytes); gzip's own trailer ends the same way
 * (RFC 1952, ISIZE). Source: Linux, scripts/Makefile.lib, size_append. */
#define SLIP_BZIMAGE_SIZE_TRAILER_BYTES 4u

#endif
