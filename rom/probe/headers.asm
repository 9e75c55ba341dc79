; SPDX-License-Identifier: LGPL-2.1-or-later
; The files that the probe's flat image (probe.bin, for 1 MiB) is wrapped in: -d ELF32: a page with an ELF header, a PVH note and both
; Multiboot headers (ELF32_PVH: without these); -d ELF64: the same with Xen's PV notes; -d BZIMAGE: Linux' setup sectors. Entries: see entry.S.
bits 32
LOAD        equ 0x100000
MEMORY      equ 0x80000
ENTRY_PVH   equ LOAD + 0x10
ENTRY_MB    equ LOAD + 0x20
ENTRY_PV    equ LOAD + 0x40
HYPER       equ LOAD + 0x1000

%macro note_number 3                ; type, dd or dq, value
    dd 4, %%end - %%value, %1
    db "Xen", 0
%%value: %2 %3
%%end:
%endmacro
%macro note_text 2
    dd 4, %%end - %%value, %1
    db "Xen", 0
%%value: db %2, 0
%%end:
    align 4, db 0
%endmacro

%ifdef ELF32_PVH
%define ELF32
%endif
%ifdef ELF32
org 0
    db 0x7f, "ELF", 1, 1, 1, 0
    times 8 db 0
    dw 2, 3                         ; ET_EXEC, EM_386
    dd 1, ENTRY_MB, 52, 0, 0
    dw 52, 32, 2, 0, 0, 0
    dd 1, image, LOAD, LOAD, image_end - image, MEMORY, 7, 0x1000
    dd 4, notes, 0, 0, notes_end - notes, notes_end - notes, 4, 4
notes:
    note_number 18, dd, ENTRY_PVH
notes_end:

%ifndef ELF32_PVH
align 8, db 0
mb1:
    dd 0x1badb002, 3, -(0x1badb002 + 3)     ; modules on pages, memory map
align 8, db 0
mb2:
    dd 0xe85250d6, 0, mb2_end - mb2, -(0xe85250d6 + (mb2_end - mb2))
    dw 1, 0                         ; information request: 1 command line, 3 modules, 6 map, 15 ACPI 2
    dd 24, 1, 3, 6, 15
    dw 6, 0                         ; modules on pages
    dd 8
    dw 0, 0
    dd 8
mb2_end:
%endif
%endif

%ifdef ELF64
org 0
    db 0x7f, "ELF", 2, 1, 1, 0
    times 8 db 0
    dw 2, 62                        ; ET_EXEC, EM_X86_64
    dd 1
    dq ENTRY_PV, 64, 0
    dd 0
    dw 64, 56, 2, 0, 0, 0
    dd 1, 7
    dq image, LOAD, LOAD, image_end - image, MEMORY, 0x1000
    dd 4, 4
    dq notes, 0, 0, notes_end - notes, notes_end - notes, 4
notes:
    note_text 6, "slipway-probe"    ; GUEST_OS
    note_text 7, "1"                ; GUEST_VERSION
    note_text 5, "xen-3.0"          ; XEN_VERSION
    note_text 8, "generic"          ; LOADER
    note_text 10, "!writable_page_tables|pae_pgdir_above_4gb"   ; FEATURES
    note_number 3, dq, 0            ; VIRT_BASE
    note_number 4, dq, 0            ; PADDR_OFFSET
    note_number 1, dq, ENTRY_PV
    note_number 2, dq, HYPER
notes_end:
%endif

%ifdef BZIMAGE
%include "setup.asm"
%else
times 4096 - ($ - $$) db 0
%endif
image:
incbin "probe.bin"
image_end:
