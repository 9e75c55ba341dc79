/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every named limit on what input may make us allocate or do, with the reason beside it. */
#ifndef SLIP_BASE_LIMITS_H
#define SLIP_BASE_LIMITS_H

/* A description is written by hand; the largest known (generated, 100 disks) is under 100 KiB. */
#define SLIP_LIMIT_DESCRIPTION_BYTES (1u << 20)
/* Lists in lists in lists is the deepest xl.cfg knows (vnuma); more is a mistake or an attack on the stack. */
#define SLIP_LIMIT_NESTING 16u
/* Items of one list in a description. */
#define SLIP_LIMIT_LIST_ITEMS 4096u
/* Errors shown for one description, and as many warnings: past this, more of them help nobody. */
#define SLIP_LIMIT_DIAGS 20u
/* Notes on one diagnostic. */
#define SLIP_LIMIT_DIAG_NOTES 8u
/* A guest's name becomes a file name and a XenStore value. */
#define SLIP_LIMIT_NAME_BYTES 100u
/* A decompressed kernel. Xen's builder has stopped at 1 GiB since XSA-25; real ones are below 100 MiB. */
#define SLIP_LIMIT_INFLATED_BYTES (1ull << 30)
/* What an xz or zstd stream may ask for its dictionary. Linux's xz kernels ask for up to 128 MiB since 6.12. */
#define SLIP_LIMIT_DICTIONARY_BYTES (160ull << 20)
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
/* A JSON message between command and supervisor. */
#define SLIP_LIMIT_MESSAGE_BYTES (64u << 10)
/* One QMP message. QEMU's are under 2 KiB here. */
#define SLIP_LIMIT_QMP_BYTES (256u << 10)
/* Console output kept for those who attach later. */
#define SLIP_LIMIT_CONSOLE_HISTORY_BYTES (128u << 10)
/* Consoles attached to one guest at a time. */
#define SLIP_LIMIT_CLIENTS 16u

#endif
