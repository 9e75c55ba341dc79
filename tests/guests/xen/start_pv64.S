/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A 64-bit PV guest's first instruction: the kernel's page tables are on, rsi is the start info (Xen public/xen.h). */
#include <xen/elfnote.h>

#define NOTE_TEXT(type, text)                  \
        .balign 4;                             \
        .long   4, 2f - 1f, type;              \
        .asciz  "Xen";                         \
1:      .asciz  text;                          \
2:      .balign 4
#define NOTE_ADDRESS(type, value)              \
        .balign 4;                             \
        .long   4, 8, type;                    \
        .asciz  "Xen";                         \
        .quad   value

        .section .note.Xen, "a", @note
        NOTE_TEXT(XEN_ELFNOTE_GUEST_OS, "slipway-test")
        NOTE_TEXT(XEN_ELFNOTE_GUEST_VERSION, "1")
        NOTE_TEXT(XEN_ELFNOTE_XEN_VERSION, "xen-3.0")
        NOTE_TEXT(XEN_ELFNOTE_LOADER, "generic")
        NOTE_TEXT(XEN_ELFNOTE_FEATURES, "!writable_page_tables|pae_pgdir_above_4gb")
        NOTE_ADDRESS(XEN_ELFNOTE_VIRT_BASE, 0)
        NOTE_ADDRESS(XEN_ELFNOTE_PADDR_OFFSET, 0)
        NOTE_ADDRESS(XEN_ELFNOTE_ENTRY, _start)
        NOTE_ADDRESS(XEN_ELFNOTE_HYPERCALL_PAGE, hypercall_page)

        .text
        .globl _start
_start: movq    %rsi, boot
        movq    %rsp, boot + 8
        pushfq                          /* the boot stack has to work */
        popq    boot + 16
        movq    $stack_end, %rsp
        movq    %cs, %rax
        movq    %rax, boot + 24
        movq    %ss, %rax
        movq    %rax, boot + 32
        movq    %cr0, %rax              /* Xen emulates these */
        movq    %rax, boot + 56
        movq    %cr3, %rax
        movq    %rax, boot + 64
        movq    %cr4, %rax
        movq    %rax, boot + 72
        call    guest_main
        ud2

        .data
        .globl  boot
        .balign 8
boot:   .fill   15, 8, 0

        .bss
        .balign 4096
        .globl  hypercall_page
hypercall_page:
        .skip   4096
        .skip   16384
        .globl  stack_end
stack_end:
        .section .note.GNU-stack, "", @progbits
