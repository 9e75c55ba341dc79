; SPDX-License-Identifier: LGPL-2.1-or-later
; A Multiboot kernel of a few hundred bytes, version 1 or 2 by -DVERSION=n: prints what its first instruction found and what it was
; told on the first serial port, a "name value" line each, and powers off as the microvm board wants it. nasm -f bin makes the ELF
; file itself. Facts: Multiboot Specification 0.6.96 and 2.0.
%include "report.inc"
bits 32
org 0x300000

LOAD_GPA    equ 0x300000

elf_header:
    db 0x7f, "ELF", 1, 1, 1, 0
    times 8 db 0
    dw 2, 3                     ; ET_EXEC, EM_386
    dd 1, start, program_header - LOAD_GPA, 0, 0
    dw 52, 32, 1, 0, 0, 0

program_header:
    dd 1, 0, LOAD_GPA, LOAD_GPA, file_end - LOAD_GPA, memory_end - LOAD_GPA, 7, 0x1000

align 8
header:
%if VERSION == 1
FLAGS equ 3                     ; modules on pages, memory map
    dd 0x1badb002, FLAGS, -(0x1badb002 + FLAGS)
%else
    dd 0xe85250d6, 0, header_end - header, -(0xe85250d6 + (header_end - header))
    dw 1, 0                     ; must have: command line, loader, modules, memory map
    dd 24
    dd 1, 2, 3, 6
    dw 5, 1                     ; a screen, if there is one
    dd 20
    dd 0, 0, 0
    align 8
    dw 6, 0                     ; modules on pages
    dd 8
    dw 0, 0
    dd 8
%endif
header_end:

start:
    mov [saved.esp], esp
    mov esp, stack_end
    pushfd
    pop dword [saved.eflags]
    mov [saved.eax], eax
    mov [saved.ebx], ebx
    mov eax, cr0
    mov [saved.cr0], eax
    mov eax, cr4
    mov [saved.cr4], eax

    open_serial

    report "eax", [saved.eax]
    report "cr0", [saved.cr0]
    report "cr4", [saved.cr4]
    report "eflags", [saved.eflags]
    mov ebp, [saved.ebx]

%if VERSION == 1
    report "flags", [ebp]
    report "lower", [ebp + 4]
    report "upper", [ebp + 8]
    mov esi, [ebp + 16]
    call report_cmdline
    mov esi, [ebp + 64]
    call save_text
    report "loader-sum", [saved.sum]
    report "modules", [ebp + 20]
    mov ebx, [ebp + 24]
    mov edi, [ebp + 20]
.module:
    sub edi, 1
    jb .modules_done
    mov eax, [ebx]
    mov ecx, [ebx + 4]
    mov esi, [ebx + 8]
    call report_module
    add ebx, 16
    jmp .module
.modules_done:
    mov ebx, [ebp + 48]
    mov edi, ebx
    add edi, [ebp + 44]
.entry:
    cmp ebx, edi
    jae done
    report "map-base", [ebx + 4]
    report "map-bytes", [ebx + 12]
    report "map-type", [ebx + 20]
    add ebx, [ebx]
    add ebx, 4
    jmp .entry
%else
    report "total", [ebp]
    lea ebx, [ebp + 8]
.tag:
    cmp dword [ebx], 0
    je .end
    report "tag", [ebx]
    cmp dword [ebx], 1
    jne .no_cmdline
    lea esi, [ebx + 8]
    call report_cmdline
.no_cmdline:
    cmp dword [ebx], 2
    jne .no_loader
    lea esi, [ebx + 8]
    call save_text
    report "loader-sum", [saved.sum]
.no_loader:
    cmp dword [ebx], 3
    jne .no_module
    mov eax, [ebx + 8]
    mov ecx, [ebx + 12]
    lea esi, [ebx + 16]
    call report_module
.no_module:
    cmp dword [ebx], 4
    jne .no_memory
    report "lower", [ebx + 8]
    report "upper", [ebx + 12]
.no_memory:
    cmp dword [ebx], 6
    jne .next
    mov [saved.tag], ebx
    mov edi, ebx
    add edi, [ebx + 4]
    add ebx, 16
.entry:
    cmp ebx, edi
    jae .entries_done
    report "map-base", [ebx]
    report "map-bytes", [ebx + 8]
    report "map-type", [ebx + 16]
    mov eax, [saved.tag]
    add ebx, [eax + 8]
    jmp .entry
.entries_done:
    mov ebx, [saved.tag]
.next:
    add ebx, [ebx + 4]
    add ebx, 7
    and ebx, -8
    jmp .tag
.end:
    sub ebx, ebp
    add ebx, 8
    report "end", ebx
%endif

done:
    report "done", 1
    power_off

; esi: text.
report_cmdline:
    call save_text
    report "cmdline-bytes", [saved.length]
    report "cmdline-sum", [saved.sum]
    ret

; eax: first byte, ecx: one past the last, esi: its text.
report_module:
    mov [saved.first], eax
    sub ecx, eax
    mov [saved.bytes], ecx
    call save_text
    mov esi, [saved.first]
    mov ecx, [saved.bytes]
    mov eax, [saved.sum]
    push eax
    call checksum
    mov [saved.sum], edx
    report "module-at", [saved.first]
    report "module-bytes", [saved.bytes]
    report "module-sum", [saved.sum]
    pop eax
    mov esi, .name
    call print_line
    ret
.name: db "module-name", 0

; esi: text. Its length and sum go to saved. Clobbers eax, ecx, edx, esi.
save_text:
    call checksum_text
    mov [saved.length], ecx
    mov [saved.sum], edx
    ret

report_functions
file_end:

absolute file_end
    alignb 16
saved:
.esp    resd 1
.eax    resd 1
.ebx    resd 1
.eflags resd 1
.cr0    resd 1
.cr4    resd 1
.tag    resd 1
.first  resd 1
.bytes  resd 1
.length resd 1
.sum    resd 1
    resb 1024
stack_end:
memory_end:
