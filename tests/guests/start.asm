; SPDX-License-Identifier: LGPL-2.1-or-later
; A 32-bit PVH kernel of a few hundred bytes: prints what its first instruction found on the first serial port, a
; "name value" line each, and powers off as the microvm board wants it. nasm -f bin makes the ELF file itself.
; It is the start state seen from inside: xen/include/public/arch-x86/hvm/start_info.h and Xen's docs/misc/pvh.pandoc.
%include "report.inc"
bits 32
org 0x200000

LOAD_GPA    equ 0x200000
BLOCK_GPA   equ 0x1000          ; rom/reset_block.h: wiped before we run
BLOCK_BYTES equ 0xb0

elf_header:
    db 0x7f, "ELF", 1, 1, 1, 0
    times 8 db 0
    dw 2, 3                     ; ET_EXEC, EM_386
    dd 1, start, program_headers - LOAD_GPA, 0, 0
    dw 52, 32, 2, 0, 0, 0

program_headers:
    dd 1, 0, LOAD_GPA, LOAD_GPA, file_end - LOAD_GPA, memory_end - LOAD_GPA, 7, 0x1000
    dd 4, note - LOAD_GPA, note, note, note_end - note, note_end - note, 4, 4

align 4
note:
    dd 4, 4, 18                 ; name size, descriptor size, XEN_ELFNOTE_PHYS32_ENTRY
    db "Xen", 0
    dd start
note_end:

start:
    mov [saved.esp], esp
    mov esp, stack_end
    pushfd
    pop dword [saved.eflags]
    mov [saved.ebx], ebx
    mov dword [saved.tr], 0
    str [saved.tr]
    sgdt [saved.gdt]
    sidt [saved.idt]
    mov eax, cr0
    mov [saved.cr0], eax
    mov eax, cr4
    mov [saved.cr4], eax
    mov ecx, 0xc0000080         ; EFER
    rdmsr
    mov [saved.efer], eax

    open_serial

    report "cr0", [saved.cr0]
    report "cr4", [saved.cr4]
    report "efer", [saved.efer]
    report "eflags", [saved.eflags]
    report "tr", [saved.tr]
    movzx ebx, word [saved.gdt]
    report "gdt-limit", ebx
    movzx ebx, word [saved.idt]
    report "idt-limit", ebx

    xor ebx, ebx                ; is the ROM's block wiped?
    mov esi, BLOCK_GPA
    mov ecx, BLOCK_BYTES / 4
.sum:
    or ebx, [esi]
    add esi, 4
    loop .sum
    report "reset-block", ebx

    mov ebp, [saved.ebx]
    report "magic", [ebp]
    report "version", [ebp + 4]
    report "flags", [ebp + 8]
    report "modules", [ebp + 12]
    mov ebx, [ebp + 16]         ; the module list
    mov edi, [ebp + 12]
.module:
    sub edi, 1
    jb .modules_done
    report "module-bytes", [ebx + 8]
    mov esi, [ebx]
    mov ecx, [ebx + 8]
    call checksum
    report "module-sum", edx
    add ebx, 32
    jmp .module
.modules_done:
    mov esi, [ebp + 24]
    call checksum_text
    mov [saved.length], ecx
    mov [saved.sum], edx
    report "cmdline-bytes", [saved.length]
    report "cmdline-sum", [saved.sum]
    mov esi, [ebp + 32]
    report "rsdp-first", [esi]
    report "map-entries", [ebp + 48]

    power_off

report_functions
file_end:

absolute file_end
    alignb 16
saved:
.esp    resd 1
.ebx    resd 1
.eflags resd 1
.tr     resd 1
.cr0    resd 1
.cr4    resd 1
.efer   resd 1
.length resd 1
.sum    resd 1
.gdt    resb 8
.idt    resb 8
    resb 1024
stack_end:
memory_end:
