/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Xen's ELF notes: types and names. A note is Xen's when its name is exactly "Xen" with its NUL.
 *
 * Source: Xen, xen/include/public/elfnote.h (XEN_ELFNOTE_*).
 */
#ifndef SLIP_ABI_XEN_NOTES_H
#define SLIP_ABI_XEN_NOTES_H

#define SLIP_XEN_NOTE_NAME       "Xen"
#define SLIP_XEN_NOTE_NAME_BYTES 4u /* with the NUL */

#define SLIP_XEN_NOTE_ENTRY        1
#define SLIP_XEN_NOTE_PHYS32_ENTRY 18

/* NUMBER: the descriptor is one number of 4 or 8 bytes; STRING: text; RAW: something else. */
#define SLIP_XEN_NOTES(X)               \
    X(0, "INFO", STRING)                \
    X(1, "ENTRY", NUMBER)               \
    X(2, "HYPERCALL_PAGE", NUMBER)      \
    X(3, "VIRT_BASE", NUMBER)           \
    X(4, "PADDR_OFFSET", NUMBER)        \
    X(5, "XEN_VERSION", STRING)         \
    X(6, "GUEST_OS", STRING)            \
    X(7, "GUEST_VERSION", STRING)       \
    X(8, "LOADER", STRING)              \
    X(9, "PAE_MODE", STRING)            \
    X(10, "FEATURES", STRING)           \
    X(11, "BSD_SYMTAB", STRING)         \
    X(12, "HV_START_LOW", NUMBER)       \
    X(13, "L1_MFN_VALID", RAW)          \
    X(14, "SUSPEND_CANCEL", NUMBER)     \
    X(15, "INIT_P2M", NUMBER)           \
    X(16, "MOD_START_PFN", NUMBER)      \
    X(17, "SUPPORTED_FEATURES", NUMBER) \
    X(18, "PHYS32_ENTRY", NUMBER)       \
    X(19, "PHYS32_RELOC", RAW)

#endif
