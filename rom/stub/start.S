/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The stub's first and last instructions: from the PVH start state into C, from C into the kernel. It runs wherever it
 * is put: a PVH loader may move it (note PHYS32_RELOC), and it moves itself out of a kernel's way.
 */
#define ENTRY_NOTE 18 /* XEN_ELFNOTE_PHYS32_ENTRY, Xen public/elfnote.h */
#define RELOC_NOTE 19 /* XEN_ELFNOTE_PHYS32_RELOC: alignment, lowest address, highest address of the last byte */

        .section .note.Xen, "a", @note
        .balign 4
        .long   4, 4, ENTRY_NOTE
        .asciz  "Xen"
        .long   _start
        .long   4, 12, RELOC_NOTE
        .asciz  "Xen"
        .long   0x1000, 0x1000, 0xffffffff

        .section .text.start, "ax"
        .code32
        .globl  _start
/* ebx: start info. The ABI gives no stack; the address of ours is found by asking for eip, which takes one: a word
 * at the start info's own place serves, and is put back. */
_start: cld
        movl    (%ebx), %edx
        leal    4(%ebx), %esp
        call    1f
1:      popl    %ebp
        movl    %edx, (%ebx)
        subl    $1b, %ebp               /* how far we are from where we were linked */
        leal    stack_end(%ebp), %esp
        leal    image_end(%ebp), %edi
        leal    memory_end(%ebp), %ecx
        subl    %edi, %ecx
        xorl    %eax, %eax
        rep stosb                       /* whoever loaded us need not have */
        leal    image_start(%ebp), %edx
        pushl   %edx
        pushl   %ebx
        call    stub_main
2:      hlt
        jmp     2b

/* stub_jump(entry, zero_page, bits64, tables): the start state of boot.rst, "32-bit Boot Protocol" and "64-bit".
 * Does not return. */
        .globl  stub_jump
stub_jump:
        movl    4(%esp), %ecx
        movl    8(%esp), %esi
        movl    12(%esp), %eax
        movl    16(%esp), %edx
        call    1f
1:      popl    %ebp
        leal    gdt - 1b(%ebp), %ebx
        movl    %ebx, gdt_pointer + 2 - 1b(%ebp)
        lgdt    gdt_pointer - 1b(%ebp)
        movl    $0x18, %ebx
        movl    %ebx, %ds
        movl    %ebx, %es
        movl    %ebx, %fs
        movl    %ebx, %gs
        movl    %ebx, %ss
        testl   %eax, %eax
        jnz     long_mode
        pushl   $0x10
        pushl   %ecx
        xorl    %ebp, %ebp
        xorl    %edi, %edi
        xorl    %ebx, %ebx
        lret

long_mode:
        movl    %cr4, %eax
        orl     $0x20, %eax             /* PAE */
        movl    %eax, %cr4
        movl    %edx, %cr3
        movl    %ecx, %edi
        movl    $0xc0000080, %ecx       /* EFER.LME */
        rdmsr
        orl     $0x100, %eax
        wrmsr
        movl    %cr0, %eax
        orl     $0x80000000, %eax
        movl    %eax, %cr0              /* now 32-bit code of long mode */
        movb    $0xaf, gdt + 0x16 - 1b(%ebp)    /* cs 0x10 becomes a 64-bit segment: L set, D clear */
        pushl   $0x10
        pushl   %edi
        xorl    %ebp, %ebp
        xorl    %edi, %edi
        xorl    %ebx, %ebx
        lret

        .balign 8
gdt:    .quad   0, 0
        .quad   0x00cf9b000000ffff      /* 0x10: code, 4 GiB, execute/read */
        .quad   0x00cf93000000ffff      /* 0x18: data, 4 GiB, read/write */
gdt_pointer:
        .word   31
        .long   0

        .bss
        .balign 16
        .skip   2048
stack_end:
        .section .note.GNU-stack, "", @progbits
