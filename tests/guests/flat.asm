; SPDX-License-Identifier: LGPL-2.1-or-later
; Bytes of no format for 0x200000, entered behind the first 16: prints the first word of what ebx points to (PVH's magic) on the first
; serial port, and powers off as the microvm board wants it.
bits 32
org 0x200000

COM1      equ 0x3f8
SLEEP_GPA equ 0xfea00200
SLEEP_S5  equ 0x34

    db "no format at all"
start:
    mov ebx, [ebx]
    mov ecx, 8
.digit:
    mov dx, COM1 + 5
    in al, dx
    test al, 0x20               ; room for one more
    jz .digit
    rol ebx, 4
    mov eax, ebx
    and eax, 15
    mov al, [digits + eax]
    mov dx, COM1
    out dx, al
    loop .digit
.drain:
    mov dx, COM1 + 5
    in al, dx
    test al, 0x40               ; all sent
    jz .drain
    mov byte [SLEEP_GPA], SLEEP_S5
.halt:
    hlt
    jmp .halt
digits: db "0123456789abcdef"
