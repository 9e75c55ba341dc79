/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The same for a 32-bit PAE guest: esi is the start info. Its kernel is mapped high, as such kernels are. */
#include <xen/elfnote.h>

#define BASE 0xc0000000

#define NOTE_TEXT(type, text)                  \
        .balign 4;                             \
        .long   4, 2f - 1f, type;              \
        .asciz  "Xen";                         \
1:      .asciz  text;                          \
2:      .balign 4
#define NOTE_ADDRESS(type, value)              \
        .balign 4;                             \
        .long   4, 4, type;                    \
        .asciz  "Xen";                         \
        .long   value

        .section .note.Xen, "a", @note
        NOTE_TEXT(XEN_ELFNOTE_GUEST_OS, "slipway-test")
        NOTE_TEXT(XEN_ELFNOTE_GUEST_VERSION, "1")
        NOTE_TEXT(XEN_ELFNOTE_XEN_VERSION, "xen-3.0")
        NOTE_TEXT(XEN_ELFNOTE_LOADER, "generic")
        NOTE_TEXT(XEN_ELFNOTE_PAE_MODE, "yes")
        NOTE_TEXT(XEN_ELFNOTE_FEATURES, "!writable_page_tables|pae_pgdir_above_4gb")
        NOTE_ADDRESS(XEN_ELFNOTE_VIRT_BASE, BASE)
        NOTE_ADDRESS(XEN_ELFNOTE_PADDR_OFFSET, 0)
        NOTE_ADDRESS(XEN_ELFNOTE_HV_START_LOW, 0xf5800000)
        NOTE_ADDRESS(XEN_ELFNOTE_ENTRY, _start)
        NOTE_ADDRESS(XEN_ELFNOTE_HYPERCALL_PAGE, hypercall_page)

        .text
        .globl _start
_start: movl    %esi, boot
        movl    %esp, boot + 4
        pushfl
        popl    boot + 8
        movl    $stack_end, %esp
        movl    %cs, %eax
        movl    %eax, boot + 12
        movl    %ss, %eax
        movl    %eax, boot + 16
        movl    %cr0, %eax
        movl    %eax, boot + 28
        movl    %cr3, %eax
        movl    %eax, boot + 32
        movl    %cr4, %eax
        movl    %eax, boot + 36
        call    guest_main
        ud2

        .data
        .globl  boot
        .balign 8
boot:   .fill   15, 4, 0

        .bss
        .balign 4096
        .globl  hypercall_page
hypercall_page:
        .skip   4096
        .skip   16384
        .globl  stack_end
stack_end:
        .section .note.GNU-stack, "", @progbits
