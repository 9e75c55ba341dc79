; SPDX-License-Identifier: LGPL-2.1-or-later
;
; The reset ROM of the qemu engine: 64 KiB that the machine maps at 0xffff0000. It takes vCPU 0 from the reset vector to
; the PVH start state and jumps to the guest's entry point; the other vCPUs never run it (they wait for a start-up IPI).
;
; It must not know what it starts: no image format, no memory map, no table, no device. All it is told is in the reset
; block, which whoever fills guest memory writes at RESET_BLOCK_GPA. The block is in RAM and not in here because `ltr`
; marks the TSS descriptor busy, so the descriptor table must be writable. The same layout for C: reset_block.h.
;
;   offset  size  what
;   0x00    8     magic "SLIPRST1"; without it the ROM stops the vCPU instead of jumping somewhere
;   0x08    4     gpa of hvm_start_info, handed over in ebx
;   0x0c    4     gpa of the entry point
;   0x10    8     GDT entry 0x00: null
;   0x18    8     GDT entry 0x08: code, base 0, limit 4 GiB, 32-bit, execute/read
;   0x20    8     GDT entry 0x10: data, base 0, limit 4 GiB, 32-bit, read/write
;   0x28    8     GDT entry 0x18: 32-bit TSS, available, base 0, limit 0x67 (becomes active by `ltr`)
;   0x30          end
;
; Where: the page at 0x1000. The first page belongs to the guest (real-mode vectors and BIOS data, which kernels read
; even under PVH), 0x1000 is the first after it, and it is below every address a kernel is linked at. Memory that nobody
; fills is zero, so the block is wiped before the jump: the guest finds no trace of it and owns the page.
;
; What the entry point finds (the public PVH start state, Xen's docs/misc/pvh.pandoc): paging off, cr0 = PE|ET, cr4 = 0,
; cs 0/4G execute/read, ds es ss (fs gs too) 0/4G read/write, tr an active 32-bit TSS 0/0x67, IF, TF, VM and DF
; clear in eflags, ebx = start info, GDTR and IDTR 0/0 as Xen leaves them, ldtr null, and every other general register 0
; but edx, which holds the entry point: a jump to anywhere needs a register or memory, and the memory is wiped.

%define ROM_GPA         0xffff0000
%define ROM_BYTES       0x10000
%define START_OFFSET    0xff00          ; within reach of a 16-bit near jump from the reset vector, in its last paragraphs
%define VECTOR_OFFSET   0xfff0

%define RESET_BLOCK_GPA 0x1000
%define BLOCK_MAGIC     0x00
%define BLOCK_INFO      0x08
%define BLOCK_ENTRY     0x0c
%define BLOCK_GDT       0x10
%define BLOCK_BYTES     0x30
%define GDT_BYTES       0x20
%define SEL_CODE        0x08
%define SEL_DATA        0x10
%define SEL_TSS         0x18

%define CR0_PE_ET       0x11

org 0
bits 16
times START_OFFSET db 0xf4              ; hlt: a stray jump into the ROM stops

start:
    cli
    cld
    ; Real mode, cs base ROM_GPA, ds base 0: the magic can be checked before anything is loaded from the block.
    xor ax, ax
    mov ds, ax
    cmp dword [RESET_BLOCK_GPA + BLOCK_MAGIC], 'SLIP'
    jne stop
    cmp dword [RESET_BLOCK_GPA + BLOCK_MAGIC + 4], 'RST1'
    jne stop
    o32 lgdt [cs:gdt_pointer]
    mov eax, CR0_PE_ET                  ; from reset cr0 has CD and NW too: PVH wants them clear
    mov cr0, eax
    jmp dword SEL_CODE:(ROM_GPA + protected)

stop:
    hlt
    jmp stop

bits 32
protected:
    mov eax, SEL_DATA
    mov ds, eax
    mov es, eax
    mov ss, eax
    mov fs, eax
    mov gs, eax
    mov eax, SEL_TSS
    ltr ax
    xor eax, eax
    lldt ax
    mov cr4, eax

    mov ebx, [RESET_BLOCK_GPA + BLOCK_INFO]
    mov edx, [RESET_BLOCK_GPA + BLOCK_ENTRY]
    ; The hidden parts of the segment registers are loaded, so the table they came from may go.
    mov edi, RESET_BLOCK_GPA
    mov ecx, BLOCK_BYTES / 4
    rep stosd
    lgdt [cs:ROM_GPA + null_pointer]
    lidt [cs:ROM_GPA + null_pointer]

    xor edi, edi                        ; eax and ecx are zero already
    xor esi, esi
    xor ebp, ebp
    xor esp, esp
    jmp edx

align 8
gdt_pointer:
    dw GDT_BYTES - 1
    dd RESET_BLOCK_GPA + BLOCK_GDT
align 8
null_pointer:
    dw 0
    dd 0

times VECTOR_OFFSET - ($ - $$) db 0xf4
bits 16
    jmp start
times ROM_BYTES - ($ - $$) db 0
