; SPDX-License-Identifier: LGPL-2.1-or-later
; A bzImage's setup: boot sector and header of protocol 2.15 (Linux Documentation/arch/x86/boot.rst), whose first 4 KiB become the zero
; page, and behind them the real-mode entry, for loaders that start the real-mode way: it asks the BIOS for the memory map and goes on
; to the probe, which is told that the mode is not the loader's.
SETUP_SECTS equ 8
ENTRY_REAL  equ LOAD + 0x60
E820        equ 0x2d0
E820_COUNT  equ 0x1e8

times 0x1f1 - ($ - $$) db 0
    db SETUP_SECTS
    dw 0                            ; root_flags
    dd (image_end - image + 15) / 16
    dw 0, 0, 0                      ; ram_size, vid_mode, root_dev
    dw 0xaa55
    db 0xeb, header_end - 0x202
    db "HdrS"
    dw 0x20f
    dd 0                            ; realmode_swtch
    dw 0, version - 0x200           ; start_sys_seg, kernel_version
    db 0, 1                         ; type_of_loader; loadflags: LOADED_HIGH
    dw 0                            ; setup_move_size
    dd LOAD, 0, 0, 0                ; code32_start, ramdisk_image, ramdisk_size, bootsect_kludge
    dw 0                            ; heap_end_ptr
    db 0, 0
    dd 0, 0x7fffffff                ; cmd_line_ptr, initrd_addr_max
    dd 0x200000                     ; kernel_alignment
    db 0, 21                        ; relocatable_kernel: no; min_alignment
    dw 3                            ; xloadflags: 64-bit entry, anything may be above 4 GiB
    dd 4095, 0                      ; cmdline_size, hardware_subarch
    dq 0
    dd 0, 0                         ; payload
    dq 0, LOAD                      ; setup_data, pref_address
    dd MEMORY, 0, 0                 ; init_size, handover_offset, kernel_info_offset
header_end:
bits 16
    jmp real
version:
    db "slipway-probe", 0
times 0x1000 - ($ - $$) db 0

; cs is 0x20 above the segment that all this lies in.
real:
    cli
    cld
    mov ax, cs
    sub ax, 0x20
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov sp, stack_end
    xor ebx, ebx
    xor bp, bp
    mov di, E820
.entry:
    mov eax, 0xe820
    mov edx, 0x534d4150             ; "SMAP"
    mov ecx, 20
    int 0x15
    jc .done
    cmp eax, 0x534d4150
    jne .done
    add di, 20
    inc bp
    test ebx, ebx
    jnz .entry
.done:
    mov ax, bp
    mov [E820_COUNT], al
    ; The kernel's own setup does this, too.
    in al, 0x92
    or al, 2
    out 0x92, al
    cli
    xor esi, esi
    mov si, ds
    shl esi, 4                      ; the zero page
    lea eax, [esi + gdt]
    mov [gdt_pointer + 2], eax
    lgdt [gdt_pointer]
    mov eax, cr0
    or al, 1
    mov cr0, eax
    lea eax, [esi + flat]
    push dword 0x10
    push eax
    o32 retf
bits 32
flat:
    mov eax, 0x18
    mov ds, eax
    mov es, eax
    mov ss, eax
    mov fs, eax
    mov gs, eax
    xor ebp, ebp
    xor edi, edi
    xor ebx, ebx
    mov eax, ENTRY_REAL
    jmp eax

align 8, db 0
gdt:
    dq 0, 0
    dq 0x00cf9b000000ffff
    dq 0x00cf93000000ffff
gdt_pointer:
    dw 31
    dd 0
times 0x11fc - ($ - $$) db 0
stack_end:
times 512 * (1 + SETUP_SECTS) - ($ - $$) db 0
