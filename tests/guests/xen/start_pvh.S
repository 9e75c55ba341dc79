/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PVH's first instruction: 32-bit, no paging, ebx is the start info (Xen docs/misc/pvh.pandoc). Multiboot's, and that of a file
 * without format, look alike; eax tells. Saves what it finds; uses nothing of it but the flat segments. */
#include <xen/elfnote.h>

        .section .note.Xen, "a", @note
        .balign 4
        .long 4, 4, XEN_ELFNOTE_PHYS32_ENTRY
        .asciz "Xen"
        .long _start

#define MB1_MAGIC 0x1badb002
#define MB1_FLAGS 3                     /* modules on pages, memory map */
#define MB2_MAGIC 0xe85250d6

        .text
        .code32
        .globl _start
_start: jmp     1f
        .balign 8
        .long   MB1_MAGIC, MB1_FLAGS, -(MB1_MAGIC + MB1_FLAGS)
        .balign 8
2:      .long   MB2_MAGIC, 0, 3f - 2b, -(MB2_MAGIC + (3f - 2b))
        .long   0, 8                    /* no more tags */
3:
1:      movl    %eax, boot + 56
        movl    %ebx, boot
        movl    %esp, boot + 4
        movl    $stack_end, %esp
        pushfl
        popl    boot + 8
        movl    %cs, %eax
        movl    %eax, boot + 12
        movl    %ss, %eax
        movl    %eax, boot + 16
        movl    %ds, %eax
        movl    %eax, boot + 20
        movl    %es, %eax
        movl    %eax, boot + 24
        movl    %cr0, %eax
        movl    %eax, boot + 28
        movl    %cr3, %eax
        movl    %eax, boot + 32
        movl    %cr4, %eax
        movl    %eax, boot + 36
        movl    $0xc0000080, %ecx       /* EFER */
        rdmsr
        movl    %eax, boot + 40
        xorl    %eax, %eax
        str     %ax
        movl    %eax, boot + 44
        sgdt    table
        movzwl  table, %eax
        movl    %eax, boot + 48
        sidt    table
        movzwl  table, %eax
        movl    %eax, boot + 52
        call    guest_main
        ud2

        .data
        .globl  boot
        .balign 8
boot:   .fill   15, 4, 0
table:  .fill   8, 1, 0

        .bss
        .balign 4096
        .globl  hypercall_page
hypercall_page:
        .skip   4096
        .skip   16384
        .globl  stack_end
stack_end:
        .section .note.GNU-stack, "", @progbits
