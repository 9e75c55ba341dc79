/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Linux' setup header, with what a boot loader is to assume of kernels too old to say. Facts: abi/bzimage.h. Knows nothing of
 * what is packed inside.
 */
#include "image/linux.h"

#include <string.h>

#include "abi/bzimage.h"
#include "base/ckd.h"
#include "image/elf.h"

uint64_t slip__linux_setup_bytes(struct slip_reader *head)
{
    unsigned sects = slip__reader_u8(head, SLIP_BZIMAGE_SETUP_SECTS);

    if (sects == 0)
        sects = SLIP_BZIMAGE_DEFAULT_SECTS;
    return (sects + 1) * (uint64_t)SLIP_BZIMAGE_SECTOR_BYTES; /* the boot sector comes on top */
}

/* A field of 1 to 8 bytes, or what stands for it in kernels before protocol. */
static uint64_t field(const struct slip_image *image, struct slip_reader *head, unsigned offset,
                      unsigned bytes, unsigned protocol, uint64_t otherwise)
{
    return image->boot_protocol >= protocol ? slip__reader_uint(head, offset, bytes) : otherwise;
}

/* The header's own bytes: it ends where the jump over it goes. */
static void copy_header(struct slip_linux *boot, struct slip_reader *head)
{
    unsigned end = SLIP_BZIMAGE_HEADER + slip__reader_u8(head, SLIP_BZIMAGE_JUMP_OFFSET);
    const uint8_t *from;

    if (end < SLIP_BZIMAGE_HEADER_MIN_END)
        end = SLIP_BZIMAGE_HEADER_MIN_END;
    boot->header_bytes = end - SLIP_BZIMAGE_SETUP_SECTS;
    if (boot->header_bytes > sizeof(boot->header))
        boot->header_bytes = sizeof(boot->header);
    from = slip__reader_at(head, SLIP_BZIMAGE_SETUP_SECTS, boot->header_bytes);
    if (from)
        memcpy(boot->header, from, boot->header_bytes);
    else
        boot->header_bytes = 0;
}

static bool power_of_two(uint64_t n)
{
    return n && (n & (n - 1)) == 0;
}

static void read_placement(const struct slip_image *image, struct slip_linux *boot,
                           struct slip_reader *r)
{
    unsigned min_log = (unsigned)field(image, r, SLIP_BZIMAGE_MIN_ALIGNMENT, 1,
                                       SLIP_BZIMAGE_PROTOCOL_PREFERRED, 0);
    uint64_t preferred =
        field(image, r, SLIP_BZIMAGE_PREF_ADDRESS, 8, SLIP_BZIMAGE_PROTOCOL_PREFERRED, 0);

    boot->align = field(image, r, SLIP_BZIMAGE_ALIGNMENT, 4, SLIP_BZIMAGE_PROTOCOL_RELOC, 0);
    boot->relocatable =
        field(image, r, SLIP_BZIMAGE_RELOCATABLE, 1, SLIP_BZIMAGE_PROTOCOL_RELOC, 0) &&
        power_of_two(boot->align);
    if (!power_of_two(boot->align))
        boot->align = SLIP_PAGE_BYTES;
    boot->min_align = boot->align;
    if (min_log && min_log < 32 && 1ull << min_log < boot->align)
        boot->min_align = 1ull << min_log;
    if (preferred == 0)
        preferred = slip__reader_u32(r, SLIP_BZIMAGE_CODE32_START);
    boot->preferred_gpa = preferred ? preferred : SLIP_BZIMAGE_DEFAULT_GPA;
}

/* What old kernels need is not said; thrice the packed size, in pages, is what GRUB gives them. */
static uint64_t init_bytes(const struct slip_image *image, const struct slip_linux *boot,
                           struct slip_reader *r)
{
    uint64_t pages = boot->bytes / SLIP_PAGE_BYTES + 1;
    uint64_t bytes = field(image, r, SLIP_BZIMAGE_INIT_SIZE, 4, SLIP_BZIMAGE_PROTOCOL_PREFERRED, 0);

    if (bytes == 0)
        bytes = 3 * pages * SLIP_PAGE_BYTES;
    return bytes > boot->bytes ? bytes : boot->bytes;
}

/* Up to the end of the file where the header does not say: before protocol 2.04 its size field has too few bits. */
static uint64_t protected_bytes(const struct slip_image *image, const struct slip_linux *boot,
                                struct slip_reader *r)
{
    uint64_t said = field(image, r, SLIP_BZIMAGE_SYSSIZE, 4, SLIP_BZIMAGE_PROTOCOL_SYSSIZE, 0) *
                    SLIP_BZIMAGE_SYSSIZE_UNIT;
    uint64_t left =
        image->elf->source.bytes > boot->offset ? image->elf->source.bytes - boot->offset : 0;

    return said && said < left ? said : left;
}

void slip__linux_read(struct slip_image *image, struct slip_reader *r)
{
    struct slip_linux *boot = &image->linux_boot;
    unsigned xload =
        (unsigned)field(image, r, SLIP_BZIMAGE_XLOADFLAGS, 2, SLIP_BZIMAGE_PROTOCOL_XLOADFLAGS, 0);
    uint64_t end;

    copy_header(boot, r);
    boot->offset = slip__linux_setup_bytes(r);
    boot->bytes = protected_bytes(image, boot, r);
    boot->high = slip__reader_u8(r, SLIP_BZIMAGE_LOADFLAGS) & SLIP_BZIMAGE_LOADED_HIGH;
    boot->entry32 =
        boot->high && boot->bytes && image->boot_protocol >= SLIP_BZIMAGE_PROTOCOL_CMDLINE;
    boot->entry64 = boot->entry32 && (xload & SLIP_BZIMAGE_XLF_KERNEL_64) &&
                    boot->bytes > SLIP_BZIMAGE_ENTRY64_OFFSET;
    boot->above_4g = boot->entry64 && (xload & SLIP_BZIMAGE_XLF_ABOVE_4G);
    boot->offered = boot->entry32;
    read_placement(image, boot, r);
    boot->init_bytes = init_bytes(image, boot, r);
    if (slip__ckd_add(&end, boot->preferred_gpa, boot->init_bytes))
        boot->entry32 = boot->entry64 = boot->offered = false;
    boot->initrd_max =
        field(image, r, SLIP_BZIMAGE_INITRD_MAX, 4, SLIP_BZIMAGE_PROTOCOL_INITRD_MAX, 0);
    if (boot->initrd_max == 0)
        boot->initrd_max = SLIP_BZIMAGE_DEFAULT_INITRD_MAX;
    boot->cmdline_max =
        field(image, r, SLIP_BZIMAGE_CMDLINE_SIZE, 4, SLIP_BZIMAGE_PROTOCOL_CMD_SIZE, 0);
    if (boot->cmdline_max == 0)
        boot->cmdline_max = SLIP_BZIMAGE_DEFAULT_CMDLINE;
    slip__linux_entries(image, boot->preferred_gpa);
}

void slip__linux_entries(struct slip_image *image, uint64_t gpa)
{
    const struct slip_linux *boot = &image->linux_boot;

    slip__image_drop_entry(image, SLIP_ENTRY_LINUX64);
    slip__image_drop_entry(image, SLIP_ENTRY_LINUX32);
    if (boot->entry64)
        slip__image_add_entry(image, SLIP_ENTRY_LINUX64, gpa + SLIP_BZIMAGE_ENTRY64_OFFSET);
    if (boot->entry32)
        slip__image_add_entry(image, SLIP_ENTRY_LINUX32, gpa);
}
