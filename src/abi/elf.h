/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ELF file format as far as a kernel loader needs it: numbers and field offsets. Knows no file and no guest.
 *
 * Source: System V ABI, "Object Files" (gABI chapters 4 and 5). Fields are read with base/reader.h at the offsets below, so
 * that no struct is ever laid over foreign bytes. Offsets differ between the two classes: one table row each.
 */
#ifndef SLIP_ABI_ELF_H
#define SLIP_ABI_ELF_H

#include <stdint.h>

#define SLIP_ELF_MAGIC       "\177ELF"
#define SLIP_ELF_MAGIC_BYTES 4

/* e_ident[] */
#define SLIP_ELF_IDENT_CLASS   4
#define SLIP_ELF_IDENT_DATA    5
#define SLIP_ELF_IDENT_VERSION 6
#define SLIP_ELF_CLASS_32      1
#define SLIP_ELF_CLASS_64      2
#define SLIP_ELF_DATA_LITTLE   1
#define SLIP_ELF_VERSION       1

/* At the same place in both classes. */
#define SLIP_ELF_TYPE    16 /* 2 bytes */
#define SLIP_ELF_MACHINE 18 /* 2 bytes */

#define SLIP_ELF_TYPE_EXEC 2
#define SLIP_ELF_TYPE_DYN  3

#define SLIP_ELF_MACHINE_386    3
#define SLIP_ELF_MACHINE_X86_64 62

/* Program headers: p_type, p_flags. */
#define SLIP_ELF_PT_LOAD 1
#define SLIP_ELF_PT_NOTE 4
#define SLIP_ELF_PF_X    1
#define SLIP_ELF_PF_W    2
#define SLIP_ELF_PF_R    4

/* Section headers: sh_type. */
#define SLIP_ELF_SHT_NOTE   7
#define SLIP_ELF_SHT_NOBITS 8

/* A note: namesz, descsz, type (4 bytes each), then name and descriptor, each padded to 4 bytes. */
#define SLIP_ELF_NOTE_HEADER_BYTES 12
#define SLIP_ELF_NOTE_ALIGN        4

/* Where the class decides: sizes and offsets of the two layouts. Addresses, offsets and sizes are word bytes wide. */
struct slip_elf_layout {
    unsigned bits;
    unsigned word;                                 /* bytes of an address */
    unsigned ehdr_bytes, phdr_bytes, shdr_bytes;   /* smallest sizes of the structures */
    unsigned e_entry, e_phoff, e_shoff;            /* word */
    unsigned e_phentsize, e_phnum;                 /* 2 bytes */
    unsigned e_shentsize, e_shnum;                 /* 2 bytes */
    unsigned p_type, p_flags;                      /* 4 bytes */
    unsigned p_offset, p_vaddr, p_paddr, p_filesz; /* word */
    unsigned p_memsz, p_align;                     /* word */
    unsigned sh_type;                              /* 4 bytes */
    unsigned sh_offset, sh_size;                   /* word */
};

#define SLIP_ELF_LAYOUT_32                                                                         \
    {                                                                                              \
        .bits = 32, .word = 4, .ehdr_bytes = 52, .phdr_bytes = 32, .shdr_bytes = 40,               \
        .e_entry = 24, .e_phoff = 28, .e_shoff = 32, .e_phentsize = 42, .e_phnum = 44,             \
        .e_shentsize = 46, .e_shnum = 48, .p_type = 0, .p_flags = 24, .p_offset = 4, .p_vaddr = 8, \
        .p_paddr = 12, .p_filesz = 16, .p_memsz = 20, .p_align = 28, .sh_type = 4,                 \
        .sh_offset = 16, .sh_size = 20                                                             \
    }
#define SLIP_ELF_LAYOUT_64                                                                         \
    {                                                                                              \
        .bits = 64, .word = 8, .ehdr_bytes = 64, .phdr_bytes = 56, .shdr_bytes = 64,               \
        .e_entry = 24, .e_phoff = 32, .e_shoff = 40, .e_phentsize = 54, .e_phnum = 56,             \
        .e_shentsize = 58, .e_shnum = 60, .p_type = 0, .p_flags = 4, .p_offset = 8, .p_vaddr = 16, \
        .p_paddr = 24, .p_filesz = 32, .p_memsz = 40, .p_align = 48, .sh_type = 4,                 \
        .sh_offset = 24, .sh_size = 32                                                             \
    }

#endif
