/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* struct saved and its neighbours for the assembler; probe.h has them for C, state.c compares. */
#ifndef SLIP_PROBE_STATE_H
#define SLIP_PROBE_STATE_H

#define RAX       0x08
#define RBX       0x10
#define RCX       0x18
#define RDX       0x20
#define RSI       0x28
#define RDI       0x30
#define RBP       0x38
#define RSP       0x40
#define R8        0x48
#define RFLAGS    0x88
#define CR0       0x90
#define CR3       0x98
#define CR4       0xa0
#define EFER      0xa8
#define CS        0xb0
#define DS        0xb8
#define ES        0xc0
#define SS        0xc8
#define FS        0xd0
#define GS        0xd8
#define TR        0xe0
#define LDT       0xe8
#define GDT       0xf0
#define IDT       0x100
#define BSS_DIRTY 0x110
#define PASSED    0x118

#define SAVED_WORDS 36

#ifdef __ASSEMBLER__
#define PVH        1
#define LINUX32    2
#define LINUX64    3
#define MULTIBOOT1 4
#define MULTIBOOT2 5
#define XEN_PV     6
#define LINUX16    7
#endif

#endif
