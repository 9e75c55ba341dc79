; SPDX-License-Identifier: LGPL-2.1-or-later
;
; The reset ROM of the qemu engine: 64 KiB that the machine maps at 0xffff0000. It takes vCPU 0 from the reset vector to
; the start state that it is told, 32-bit flat or long mode, and jumps to the guest's entry point; the other vCPUs never run
; it (they wait for a start-up IPI).
;
; It must not know what it starts: no image format, no protocol, no memory map, no table, no device. All it is told is in
; the reset block, which whoever fills guest memory writes at RESET_BLOCK_GPA. The block is in RAM and not in here because
; `ltr` marks the TSS descriptor busy, so the descriptor table must be writable. The same layout for C: reset_block.h.
;
;   offset  size  what
;   0x00    8     magic "SLIPRST2"; without it the ROM stops the vCPU instead of jumping somewhere
;   0x08    8     gpa of the entry point
;   0x10    7*8   rax, rbx, rcx, rsi, rdi, rbp, rsp at the entry point
;   0x48    8     gpa of the top page table (long mode), below 4 GiB
;   0x50    10    what stays in GDTR: limit, address
;   0x5a    2     selector for cs; 0x5c: for ds es ss fs gs; 0x5e: for tr. All in the table below
;   0x60    4     0: 32-bit mode, paging off; 1: long mode
;   0x68    8     room for the ROM's own far returns
;   0x70    64    8 GDT entries: those that the selectors name, and the last is 32-bit code for the ROM itself
;   0xb0          end
;
; Where: the page at 0x1000. The first page belongs to the guest (real-mode vectors and BIOS data, which kernels read
; even under PVH), 0x1000 is the first after it, and it is below every address a kernel is linked at. Memory that nobody
; fills is zero, so the block is wiped before the jump: the guest finds no trace of it and owns the page. In long mode the
; page tables must map the block and this ROM to themselves.
;
; What the entry point finds in 32-bit mode: paging off, cr0 = PE|ET, cr4 = 0; in long mode cr0 = PG|PE|ET, cr4 = PAE, EFER =
; LME|LMA. In both: ds es ss fs gs and cs as their descriptors say, tr an active TSS, ldtr null, IDTR 0/0, IF, TF, VM and DF clear,
; the general registers as told, r8 to r15 zero, and edx the entry point: a jump to anywhere needs a register or memory, and
; the memory is wiped. That is the public PVH start state (Xen's docs/misc/pvh.pandoc) when the block says so.

%define ROM_GPA         0xffff0000
%define ROM_BYTES       0x10000
%define START_OFFSET    0xf800          ; within reach of a 16-bit near jump from the reset vector
%define VECTOR_OFFSET   0xfff0

%define BLOCK           0x1000
%define BLOCK_MAGIC     BLOCK + 0x00
%define BLOCK_ENTRY     BLOCK + 0x08
%define BLOCK_RAX       BLOCK + 0x10
%define BLOCK_RBX       BLOCK + 0x18
%define BLOCK_RCX       BLOCK + 0x20
%define BLOCK_RSI       BLOCK + 0x28
%define BLOCK_RDI       BLOCK + 0x30
%define BLOCK_RBP       BLOCK + 0x38
%define BLOCK_RSP       BLOCK + 0x40
%define BLOCK_CR3       BLOCK + 0x48
%define BLOCK_GDTR      BLOCK + 0x50
%define BLOCK_CS        BLOCK + 0x5a
%define BLOCK_DS        BLOCK + 0x5c
%define BLOCK_TR        BLOCK + 0x5e
%define BLOCK_LONG      BLOCK + 0x60
%define BLOCK_STACK_END BLOCK + 0x70
%define BLOCK_GDT       BLOCK + 0x70
%define BLOCK_END       BLOCK + 0xb0
%define GDT_BYTES       64
%define SEL_OWN         0x38

%define CR0_PE_ET       0x11
%define CR0_PG          0x80000000
%define CR4_PAE         0x20
%define MSR_EFER        0xc0000080
%define EFER_LME        0x100

; Instructions that name their address: nothing but memory changes, no register, no flag.
%macro wipe_block 0
%assign %%at BLOCK
%rep (BLOCK_END - BLOCK) / 4
    mov dword [%%at], 0
%assign %%at %%at + 4
%endrep
%endmacro

org 0
bits 16
times START_OFFSET db 0xf4              ; hlt: a stray jump into the ROM stops

start:
    cli
    cld
    ; Real mode, cs base ROM_GPA, ds base 0: the magic can be checked before anything is loaded from the block.
    xor ax, ax
    mov ds, ax
    cmp dword [BLOCK_MAGIC], 'SLIP'
    jne stop
    cmp dword [BLOCK_MAGIC + 4], 'RST2'
    jne stop
    o32 lgdt [cs:gdt_pointer]
    mov eax, CR0_PE_ET                  ; from reset cr0 has CD and NW too: they want to be clear
    mov cr0, eax
    jmp dword SEL_OWN:(ROM_GPA + protected)

stop:
    hlt
    jmp stop

bits 32
protected:
    xor eax, eax                        ; above 16 bits
    mov ax, [cs:BLOCK_DS]
    mov ds, eax
    mov es, eax
    mov ss, eax
    mov fs, eax
    mov gs, eax
    mov ax, [BLOCK_TR]
    ltr ax
    xor eax, eax
    lldt ax
    mov cr4, eax
    lidt [cs:ROM_GPA + null_pointer]

    ; cs at last, by a far return: only that takes the selector from memory without a pointer of its own.
    mov esp, BLOCK_STACK_END
    mov ax, [BLOCK_CS]
    push eax
    cmp dword [BLOCK_LONG], 0
    jne enter_long
    push dword ROM_GPA + flat
    retf

    ; The hidden parts of the segment registers are loaded, so the table they came from may go.
flat:
    lgdt [BLOCK_GDTR]
    mov edx, [BLOCK_ENTRY]
    mov eax, [BLOCK_RAX]
    mov ebx, [BLOCK_RBX]
    mov ecx, [BLOCK_RCX]
    mov esi, [BLOCK_RSI]
    mov edi, [BLOCK_RDI]
    mov ebp, [BLOCK_RBP]
    mov esp, [BLOCK_RSP]
    wipe_block
    jmp edx

enter_long:
    push dword ROM_GPA + wide
    mov eax, CR4_PAE
    mov cr4, eax
    mov eax, [BLOCK_CR3]
    mov cr3, eax
    mov ecx, MSR_EFER
    xor edx, edx
    mov eax, EFER_LME
    wrmsr
    mov eax, CR0_PG | CR0_PE_ET
    mov cr0, eax
    retf

bits 64
default abs
wide:
    lgdt [BLOCK_GDTR]
%assign number 8
%rep 8
    xor r %+ number %+ d, r %+ number %+ d
%assign number number + 1
%endrep
    mov rdx, [BLOCK_ENTRY]
    mov rax, [BLOCK_RAX]
    mov rbx, [BLOCK_RBX]
    mov rcx, [BLOCK_RCX]
    mov rsi, [BLOCK_RSI]
    mov rdi, [BLOCK_RDI]
    mov rbp, [BLOCK_RBP]
    mov rsp, [BLOCK_RSP]
    wipe_block
    jmp rdx

bits 32
align 8
gdt_pointer:
    dw GDT_BYTES - 1
    dd BLOCK_GDT
align 8
null_pointer:
    dw 0
    dd 0

times VECTOR_OFFSET - ($ - $$) db 0xf4
bits 16
    jmp start
times ROM_BYTES - ($ - $$) db 0
