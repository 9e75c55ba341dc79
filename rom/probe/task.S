/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the loader's task register really is: str gives its selector alone. Two things depend on the rest. Ring 3 may
 * use a port if the permission map, up to the TSS's limit, says so: with a limit of 0x67 there is no map, and with a
 * greater one the zeroes behind it in memory would open everything. And a switch to another task saves the state in the
 * old task's TSS: at base 0, in the order of a 32-bit TSS, or not at all (#TS) if the limit is less than 0x67. A
 * register that is not as it should be may end in a triple fault, so this is the last test of all; and QEMU's TCG ends
 * itself when ring 3 is left with a TSS that was active from the start, as hypervisors have it, so that one is not
 * always tried.
 *
 * Runs in 32-bit mode without paging, and writes to the first 0x80 bytes of memory, where the ABI has the TSS.
 */
#include "state.h"

#define SEL_CODE32 0x1e0
#define SEL_DATA   0x1e8
#define SEL_CODE64 0x1f0
#define SEL_TASK   0x1f8
#define SEL_CODE3  0x203
#define SEL_DATA3  0x20b
#define RETURN_INT 0x40
#define DEBUG_PORT 0x80         /* nobody minds */

#define TASK_IO_DENIED 1
#define TASK_SWITCHED  2

        .text
        .code64
        .globl  task_test
task_test:
        pushq   %rbx
        pushq   %rbp
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        movq    %rsp, task_rsp
        movl    $0, task_found
        movl    %edi, %ebp              /* whether ring 3 is to be tried */
        pushq   $SEL_CODE32
        pushq   $1f
        lretq
        .code32
1:      call    long_off
        movl    $SEL_DATA, %eax
        movl    %eax, %ss
        movl    %eax, %ds
        movl    %eax, %es
        movl    $task_stack_end, %esp
        lidtl   task_idt_pointer
        movl    $ring3_back, %eax
        movw    %ax, idt + 8 * RETURN_INT
        movw    $SEL_CODE32, idt + 8 * RETURN_INT + 2
        andl    $0xffff0000, %eax
        orl     $0xee00, %eax
        movl    %eax, idt + 8 * RETURN_INT + 4

        movl    $task_stack_end, 0x04   /* esp0, ss0; the permission map, if the limit leaves one: all open */
        movl    $SEL_DATA, 0x08
        movl    $0x00680000, 0x64
        testl   %ebp, %ebp
        jz      ring3_back
        movl    $ring3_denied, recover
        pushl   $SEL_DATA3
        pushl   $ring3_stack_end
        pushl   $2
        pushl   $SEL_CODE3
        pushl   $ring3
        iretl
ring3:  inb     $DEBUG_PORT, %al
        int     $RETURN_INT
ring3_denied:
        movl    $SEL_DATA, %eax
        movl    %eax, %ds
        orl     $TASK_IO_DENIED, task_found
ring3_back:
        movl    $SEL_DATA, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    $task_stack_end, %esp

        /* The old task's descriptor is marked as no longer busy: it wants a place in our table. */
        movl    saved + TR, %edi
        testl   $4, %edi
        jnz     task_done
        andl    $0xfff8, %edi
        cmpl    $SEL_CODE32, %edi
        jae     task_done
        movl    $0x00000067, gdt(%edi)
        movl    $0x00008b00, gdt + 4(%edi)
        movl    $task_tss, %eax
        movw    $0x67, gdt_task
        movw    %ax, gdt_task + 2
        shrl    $16, %eax
        movb    %al, gdt_task + 4
        movb    $0x89, gdt_task + 5
        movb    %ah, gdt_task + 7
        movl    $task_done, recover
        movl    $0x7e57a5c0, %eax
        movl    $0x0dd5e1ec, %ecx
        ljmpl   $SEL_TASK, $0
task_left:
        jmp     task_done
task_new:
        clts
        cmpl    $task_left, 0x20        /* eip, eax, ecx */
        jne     task_done
        cmpl    $0x7e57a5c0, 0x28
        jne     task_done
        cmpl    $0x0dd5e1ec, 0x2c
        jne     task_done
        orl     $TASK_SWITCHED, task_found
task_done:
        call    long_on
        ljmpl   $SEL_CODE64, $2f
        .code64
2:      movq    task_rsp, %rsp
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbp
        popq    %rbx
        movl    task_found, %eax
        ret

        .data
        .balign 16
task_tss:
        .skip   0x20
        .long   task_new, 2             /* eip, eflags */
        .skip   0x10
        .long   task_stack_end
        .skip   0x0c
        .long   SEL_DATA, SEL_CODE32, SEL_DATA, SEL_DATA, SEL_DATA, SEL_DATA, 0, 0x00680000
task_idt_pointer:
        .word   0x41 * 8 - 1
        .long   idt
        .bss
        .balign 16
task_rsp:
        .skip   8
task_found:
        .skip   8
        .skip   512
task_stack_end:
        .skip   256
ring3_stack_end:
        .section .note.GNU-stack, "", @progbits
