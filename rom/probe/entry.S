/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The probe's first instructions, one entry per protocol at a fixed offset. Each saves what it finds before it touches
 * anything, tries the loader's segments with nothing but its own interrupt table, and goes on in 64-bit mode. Nothing
 * of bss is written before it was looked through; what is needed until then is in data.
 */
#include "state.h"

#define SEL_CODE32 0x1e0        /* far from what loaders use: the loader's task register is to find its own number free */
#define SEL_DATA   0x1e8
#define SEL_CODE64 0x1f0

        .section .entry, "ax"
        .code32
        .org    0x000           /* Linux, 32-bit */
        movl    $LINUX32, saved
        jmp     save32
        .org    0x010           /* PVH */
        movl    $PVH, saved
        jmp     save32
        .org    0x020           /* Multiboot 1 and 2: eax says which */
        movl    $MULTIBOOT1, saved
        cmpl    $0x36d76289, %eax
        jne     save32
        jmp     multiboot2
        .code64
        .org    0x040           /* Xen PV */
        movq    $XEN_PV, saved
        jmp     save_pv
        .code32
        .org    0x060           /* Linux, by way of its real-mode setup (setup.asm) */
        movl    $LINUX16, saved
        jmp     save32
        .code64
        .org    0x200           /* Linux, 64-bit */
        movq    $LINUX64, saved
        jmp     save64

        .code32
multiboot2:
        movl    $MULTIBOOT2, saved
save32: movl    %eax, saved + RAX
        movl    %ebx, saved + RBX
        movl    %ecx, saved + RCX
        movl    %edx, saved + RDX
        movl    %esi, saved + RSI
        movl    %edi, saved + RDI
        movl    %ebp, saved + RBP
        movl    %esp, saved + RSP
        movl    $early_stack, %esp
        pushfl
        popl    saved + RFLAGS
        cld
        movl    %cr0, %eax
        movl    %eax, saved + CR0
        movl    %cr3, %eax
        movl    %eax, saved + CR3
        movl    %cr4, %eax
        movl    %eax, saved + CR4
        movl    $0xc0000080, %ecx
        rdmsr
        movl    %eax, saved + EFER
        movl    %edx, saved + EFER + 4
        call    save_selectors
        sgdtl   table
        movzwl  table, %eax
        movl    %eax, saved + GDT
        movl    table + 2, %eax
        movl    %eax, saved + GDT + 8
        sidtl   table
        movzwl  table, %eax
        movl    %eax, saved + IDT
        movl    table + 2, %eax
        movl    %eax, saved + IDT + 8
        call    check_bss
        call    try_segments

        /* 64-bit mode, on page tables of our own: the first 4 GiB where they are, see memory.c for the rest. */
        lgdtl   gdt_pointer
        movl    $SEL_DATA, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %ss
        movl    %eax, %fs
        movl    %eax, %gs
        ljmpl   $SEL_CODE32, $1f
1:      call    make_tables
        call    long_on
        ljmpl   $SEL_CODE64, $start64

        .code32
/* Into long mode and out of it, with paging. Clobber eax, ecx, edx. */
        .globl  long_on, long_off
long_on:
        movl    $page_tables, %eax
        movl    %eax, %cr3
        movl    $0x20, %eax             /* PAE */
        movl    %eax, %cr4
        movl    $0xc0000080, %ecx
        rdmsr
        orl     $0x100, %eax            /* LME */
        wrmsr
        movl    $0x80000011, %eax
        movl    %eax, %cr0
        ret
long_off:
        movl    $0x11, %eax
        movl    %eax, %cr0
        movl    $0xc0000080, %ecx
        rdmsr
        andl    $~0x100, %eax
        wrmsr
        xorl    %eax, %eax
        movl    %eax, %cr4
        ret

save_selectors:
        movw    %cs, saved + CS
        movw    %ds, saved + DS
        movw    %es, saved + ES
        movw    %ss, saved + SS
        movw    %fs, saved + FS
        movw    %gs, saved + GS
        strw    saved + TR
        sldtw   saved + LDT
        ret

/* PML4, PDPT, four page directories of 2 MiB pages. */
make_tables:
        movl    $page_tables + 0x1000 + 3, page_tables
        movl    $page_tables + 0x2000 + 3, %eax
        movl    $page_tables + 0x1000, %edi
        movl    $4, %ecx
1:      movl    %eax, (%edi)
        addl    $0x1000, %eax
        addl    $8, %edi
        loop    1b
        movl    $page_tables + 0x2000, %edi
        movl    $0x83, %eax
        movl    $2048, %ecx
1:      movl    %eax, (%edi)
        addl    $0x200000, %eax
        addl    $8, %edi
        loop    1b
        ret

check_bss:
        movl    $bss_start, %edi
        movl    $bss_end, %ecx
        subl    %edi, %ecx
        xorl    %eax, %eax
        repe scasb
        je      1f
        decl    %edi
        movl    %edi, saved + BSS_DIRTY
        /* C relies on it being zero. */
        movl    $bss_start, %edi
        movl    $bss_end, %ecx
        subl    %edi, %ecx
        rep stosb
1:      ret

/* Every vector of our interrupt table leads here: the test that faulted is over, and did not pass. Only the code
 * segment has become ours. */
fault:  movl    $early_stack - 4, %esp
        jmp     *recover

/* enum segment_test */
        .set CS_32BIT, 0
        .set CS_READ, 1
        .set CS_LIMIT, 2
        .set DS_READ, 3
        .set DS_WRITE, 4
        .set DS_LIMIT, 5
        .set ES_READ, 6
        .set ES_WRITE, 7
        .set ES_LIMIT, 8
        .set SS_WRITE, 9
        .set SS_LIMIT, 10
        .set SS_32BIT, 11
        .set FS_LIMIT, 12
        .set GS_LIMIT, 13

.macro try bit
        movl    $try_end_\bit, recover
.endm
.macro tried bit
        orl     $(1 << \bit), saved + PASSED
try_end_\bit:
.endm

try_segments:
        movl    $idt, %edi
        movl    $32, %ecx
        movl    $fault, %eax
        movl    %eax, %edx
        andl    $0xffff, %eax
        orl     $SEL_CODE32 << 16, %eax
        andl    $0xffff0000, %edx
        orl     $0x8e00, %edx
1:      movl    %eax, (%edi)
        movl    %edx, 4(%edi)
        addl    $8, %edi
        loop    1b
        lidtl   idt_pointer
        lgdtl   gdt_pointer             /* for the faults alone: what is loaded stays loaded */

        /* b8 takes four bytes where the default is 32 bits, and two where it is 16: then an add and a nop follow. */
        movl    $0x5a5a5a5a, %edx
        .byte   0xb8, 0x5a, 0x5a, 0x5a, 0x5a
        cmpl    %edx, %eax
        jne     not_32bit
        orl     $1 << CS_32BIT, saved + PASSED
not_32bit:
        try     CS_READ
        movl    %cs:pattern, %eax
        cmpl    $0x51a7e5af, %eax
        jne     try_end_CS_READ
        tried   CS_READ
        try     CS_LIMIT
        movl    %cs:0xfffffffc, %eax
        tried   CS_LIMIT
        try     DS_READ
        movl    %ds:pattern, %eax
        cmpl    $0x51a7e5af, %eax
        jne     try_end_DS_READ
        tried   DS_READ
        try     DS_WRITE
        movl    $0x1234abcd, %ds:scratch
        cmpl    $0x1234abcd, %cs:scratch
        jne     try_end_DS_WRITE
        tried   DS_WRITE
        try     DS_LIMIT
        movl    %ds:0xfffffffc, %eax
        tried   DS_LIMIT
        try     ES_READ
        movl    %es:pattern, %eax
        cmpl    $0x51a7e5af, %eax
        jne     try_end_ES_READ
        tried   ES_READ
        try     ES_WRITE
        movl    $0x2345bcde, %es:scratch
        cmpl    $0x2345bcde, %cs:scratch
        jne     try_end_ES_WRITE
        tried   ES_WRITE
        try     ES_LIMIT
        movl    %es:0xfffffffc, %eax
        tried   ES_LIMIT
        try     SS_WRITE
        movl    $0x3456cdef, %ss:scratch
        cmpl    $0x3456cdef, %cs:scratch
        jne     try_end_SS_WRITE
        tried   SS_WRITE
        try     SS_LIMIT
        movl    %ss:0xfffffffc, %eax
        tried   SS_LIMIT
        /* A 16-bit stack would push to another place: our stack is above 64 KiB. */
        try     SS_32BIT
        movl    $0x4567def0, %eax
        pushl   %eax
        cmpl    %eax, %cs:early_stack - 8
        popl    %eax
        jne     try_end_SS_32BIT
        tried   SS_32BIT
        try     FS_LIMIT
        movl    %fs:0xfffffffc, %eax
        tried   FS_LIMIT
        try     GS_LIMIT
        movl    %gs:0xfffffffc, %eax
        tried   GS_LIMIT
        ret

        .code64
save64: movq    %rax, saved + RAX
        movq    %rbx, saved + RBX
        movq    %rcx, saved + RCX
        movq    %rdx, saved + RDX
        movq    %rsi, saved + RSI
        movq    %rdi, saved + RDI
        movq    %rbp, saved + RBP
        movq    %rsp, saved + RSP
        movq    %r8, saved + R8
        movq    %r9, saved + R8 + 8
        movq    %r10, saved + R8 + 16
        movq    %r11, saved + R8 + 24
        movq    %r12, saved + R8 + 32
        movq    %r13, saved + R8 + 40
        movq    %r14, saved + R8 + 48
        movq    %r15, saved + R8 + 56
        movq    $early_stack, %rsp
        pushfq
        popq    saved + RFLAGS
        cld
        movq    %cr0, %rax
        movq    %rax, saved + CR0
        movq    %cr3, %rax
        movq    %rax, saved + CR3
        movq    %cr4, %rax
        movq    %rax, saved + CR4
        movl    $0xc0000080, %ecx
        rdmsr
        movl    %eax, saved + EFER
        movl    %edx, saved + EFER + 4
        movw    %cs, saved + CS
        movw    %ds, saved + DS
        movw    %es, saved + ES
        movw    %ss, saved + SS
        movw    %fs, saved + FS
        movw    %gs, saved + GS
        strw    saved + TR
        sldtw   saved + LDT
        sgdt    table
        movzwl  table, %eax
        movq    %rax, saved + GDT
        movq    table + 2, %rax
        movq    %rax, saved + GDT + 8
        sidt    table
        movzwl  table, %eax
        movq    %rax, saved + IDT
        movq    table + 2, %rax
        movq    %rax, saved + IDT + 8
        /* The rest in 32-bit mode, as everybody else. */
        lgdt    gdt_pointer
        pushq   $SEL_CODE32
        pushq   $1f
        lretq
        .code32
1:      movl    $SEL_DATA, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %ss
        movl    %eax, %fs
        movl    %eax, %gs
        call    long_off
        call    check_bss
        call    make_tables
        call    long_on
        ljmpl   $SEL_CODE64, $start64

        .code64
start64:
        movl    $stack_end, %esp
        call    probe_main
1:      hlt
        jmp     1b

/* Xen has the tables, and no instruction of ours that asks for them is allowed. */
save_pv:
        movq    %rsi, saved + RSI
        movq    %rsp, saved + RSP
        pushfq                          /* the boot stack has to work */
        popq    saved + RFLAGS
        movw    %cs, saved + CS
        movw    %ds, saved + DS
        movw    %es, saved + ES
        movw    %ss, saved + SS
        movq    %cr0, %rax              /* Xen emulates these */
        movq    %rax, saved + CR0
        movq    %cr3, %rax
        movq    %rax, saved + CR3
        movq    %cr4, %rax
        movq    %rax, saved + CR4
        cld
        movl    $bss_start, %edi
        movl    $bss_end, %ecx
        subl    %edi, %ecx
        xorl    %eax, %eax
        repe scasb
        je      1f
        decq    %rdi
        movq    %rdi, saved + BSS_DIRTY
        movl    $bss_start, %edi
        movl    $bss_end, %ecx
        subl    %edi, %ecx
        rep stosb
1:      jmp     start64

        .section .hyper, "ax"
        .globl  hypercall_page
hypercall_page:
        .skip   4096, 0xcc

        .data
        .balign 16
        .globl  saved
saved:  .fill   SAVED_WORDS, 8, 0
        .balign 16
        .globl  gdt
gdt:    .skip   SEL_CODE32
        .quad   0x00cf9b000000ffff      /* 32-bit code */
        .quad   0x00cf93000000ffff      /* data */
        .quad   0x00af9b000000ffff      /* 64-bit code */
        .globl  gdt_task
gdt_task:
        .quad   0                       /* 0x1f8: task.S */
        .quad   0x00cffb000000ffff      /* 0x200: code of ring 3 */
        .quad   0x00cff3000000ffff      /* 0x208: data of ring 3 */
gdt_end:
        .globl  gdt_pointer, idt_pointer, idt, recover
gdt_pointer:
        .word   gdt_end - gdt - 1
        .quad   gdt
idt_pointer:
        .word   32 * 8 - 1
        .quad   idt
table:  .skip   16
        .balign 4
pattern:
        .long   0x51a7e5af
scratch:
        .long   0
recover:
        .long   0
        .balign 8
idt:    .skip   0x41 * 8
        .skip   128
early_stack:

        .bss
        .balign 4096
        .globl  page_tables
page_tables:
        .skip   7 * 4096                /* the last: memory.c's window */
        .skip   16384
stack_end:
        .section .note.GNU-stack, "", @progbits
