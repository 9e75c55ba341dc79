; SPDX-License-Identifier: LGPL-2.1-or-later
; A bzImage's boot sector and setup header, protocol 2.15 (Linux Documentation/arch/x86/boot.rst), without real-mode code.
SETUP_SECTS equ 1
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
version:
    db "slipway-probe", 0
times 512 * (1 + SETUP_SECTS) - ($ - $$) db 0
