/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Xen's ELF notes: types and names. A note is Xen's when its name is exactly "Xen" with its NUL.
 *
 * Source: Xen, xen/include/public/elfnote.h (XEN_ELFNOTE_*), features.h (XENFEAT_*).
 */
#ifndef SLIP_ABI_XEN_NOTES_H
#define SLIP_ABI_XEN_NOTES_H

#define SLIP_XEN_NOTE_NAME       "Xen"
#define SLIP_XEN_NOTE_NAME_BYTES 4u /* with the NUL */

#define SLIP_XEN_NOTE_ENTRY          1
#define SLIP_XEN_NOTE_HYPERCALL_PAGE 2
#define SLIP_XEN_NOTE_VIRT_BASE      3
#define SLIP_XEN_NOTE_PADDR_OFFSET   4
#define SLIP_XEN_NOTE_XEN_VERSION    5
#define SLIP_XEN_NOTE_GUEST_OS       6
#define SLIP_XEN_NOTE_LOADER         8
#define SLIP_XEN_NOTE_PAE_MODE       9
#define SLIP_XEN_NOTE_FEATURES       10
#define SLIP_XEN_NOTE_BSD_SYMTAB     11
#define SLIP_XEN_NOTE_HV_START_LOW   12
#define SLIP_XEN_NOTE_INIT_P2M       15
#define SLIP_XEN_NOTE_MOD_START_PFN  16
#define SLIP_XEN_NOTE_PHYS32_ENTRY   18
#define SLIP_XEN_NOTE_PHYS32_RELOC   19

/* PHYS32_RELOC: up to three words: align, lowest address of the first byte, highest of the last. Each may be missing. Without an
 * align it is the greatest p_align of what is loaded if that is a page or more, else this. */
#define SLIP_XEN_RELOC_ALIGN 0x200000u
#define SLIP_XEN_RELOC_MIN   0u
#define SLIP_XEN_RELOC_MAX   0xffffffffu

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

/* Features by their bit, with whether a PV guest can have one that it requires. The others are for guests in hardware
 * containers, for dom0, for ARM, or went with the shadow modes of Xen 3. */
#define SLIP_XEN_FEATURES(X)                  \
    X(0, "writable_page_tables", true)        \
    X(1, "writable_descriptor_tables", false) \
    X(2, "auto_translated_physmap", false)    \
    X(3, "supervisor_mode_kernel", false)     \
    X(4, "pae_pgdir_above_4gb", true)         \
    X(5, "mmu_pt_update_preserve_ad", true)   \
    X(6, "highmem_assist", true)              \
    X(7, "gnttab_map_avail_bits", true)       \
    X(8, "hvm_callback_vector", false)        \
    X(9, "hvm_safe_pvclock", false)           \
    X(10, "hvm_pirqs", false)                 \
    X(11, "dom0", false)                      \
    X(12, "grant_map_identity", false)        \
    X(13, "memory_op_vnode_supported", true)  \
    X(14, "ARM_SMCCC_supported", false)       \
    X(15, "linux_rsdp_unrestricted", true)    \
    X(16, "not_direct_mapped", true)          \
    X(17, "direct_mapped", false)

#endif
