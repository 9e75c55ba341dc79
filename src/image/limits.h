/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Named limits on what a kernel file may make us allocate or do, with the reason beside each. */
#ifndef SLIP_IMAGE_LIMITS_H
#define SLIP_IMAGE_LIMITS_H

/* A decompressed kernel. Xen's builder has stopped at 1 GiB since XSA-25; real ones are below 100 MiB. */
#define SLIP_LIMIT_INFLATED_BYTES (1ull << 30)
/* Bytes behind the end of an ELF in a file that is compressed as a whole: read only to see the checksum at the end. More is
 * no kernel any more, and may be a bomb. */
#define SLIP_LIMIT_PACKED_EXCESS_BYTES (64ull << 20)
/* A bzImage, or a Multiboot image that is no ELF, in a file that is compressed as a whole: unpacked into memory first. The
 * largest distribution bzImages have 20 MiB. */
#define SLIP_LIMIT_SPOOLED_BYTES (96ull << 20)
/* What an xz or zstd stream may ask for its dictionary. Linux's xz kernels ask for up to 128 MiB since 6.12. */
#define SLIP_LIMIT_DICTIONARY_BYTES (160ull << 20)
/* A block of lzop's: 256 KiB by default and in Linux's kernels. */
#define SLIP_LIMIT_LZO_BLOCK_BYTES (8u << 20)
/* Program headers we look at. An ELF kernel has under 10; the format allows 65535. */
#define SLIP_LIMIT_PROGRAM_HEADERS 256u
/* Section headers we look at. Distribution kernels with debug information have under 100. */
#define SLIP_LIMIT_SECTION_HEADERS 4096u
/* Bytes of one note segment or section. Linux's are under 1 KiB. */
#define SLIP_LIMIT_NOTE_BYTES (64u << 10)
/* Notes we look at in one image. */
#define SLIP_LIMIT_NOTES 1024u
/* Note segments, and note sections, of one image. Real ones have up to three. */
#define SLIP_LIMIT_NOTE_AREAS 64u
/* Bytes of one program or section header: 32 to 64 by the standard; more would be for the future. */
#define SLIP_LIMIT_HEADER_BYTES 256u
/* Times a compressed stream may be started again to reach bytes that were passed by. */
#define SLIP_LIMIT_REWINDS 3u

/* What a reader in its jail may use. Memory: the largest dictionary, and twice a block of lz4 with its buffers, come to 190 MiB. Time:
 * the longest that is within the other limits (1 GiB of bzip2, four times) takes two minutes; an emulated machine that others
 * compete with is ten times as slow, and sees no difference between that and work. */
#define SLIP_LIMIT_READER_BYTES       (256ull << 20)
#define SLIP_LIMIT_READER_CPU_SECONDS 600u
#define SLIP_LIMIT_READER_SECONDS     1200u

#endif
