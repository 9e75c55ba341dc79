/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The reset ROM as a file, and its block in guest memory. Must not know how the rest of memory was filled. */
#include "engine/qemu/reset.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "reset_block.h"
#include "reset_rom.h"

int slip__reset_rom_file(struct slip_error **err)
{
    SLIP_AUTO_CLOSE int fd = memfd_create("reset-rom", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int r;

    if (fd < 0)
        return slip__error_errno(err, SLIP_EENGINE, errno, "cannot make the reset ROM's file");
    r = slip__write_all(fd, slip_reset_rom, sizeof(slip_reset_rom));
    if (r < 0)
        return slip__error_errno(err, SLIP_EENGINE, -r, "cannot write the reset ROM's file");
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
        return slip__error_errno(err, SLIP_EENGINE, errno, "cannot seal the reset ROM's file");
    return slip__steal_fd(&fd);
}

/* Little-endian, whatever the host is. */
static void put(uint8_t *dst, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        dst[i] = (uint8_t)(value >> (8 * i));
}

int slip__reset_block_write(struct slip_ram *ram, const struct slip_plan *plan,
                            struct slip_error **err)
{
    static const uint64_t gdt[] = {SLIP_RESET_GDT_NULL, SLIP_RESET_GDT_CODE, SLIP_RESET_GDT_DATA,
                                   SLIP_RESET_GDT_TSS};
    const struct slip_start *start = &plan->start;
    uint8_t *block;

    if (start->entry_gpa > UINT32_MAX || start->start_info_gpa > UINT32_MAX)
        return slip__error(
            err, SLIP_EINTERNAL, "entry 0x%llx and start info 0x%llx must lie below 4 GiB",
            (unsigned long long)start->entry_gpa, (unsigned long long)start->start_info_gpa);
    block = slip__ram_at(ram, "reset block", SLIP_RESET_BLOCK_GPA, SLIP_RESET_BLOCK_BYTES, err);
    if (!block)
        return SLIP_EIMAGE;
    put(block + SLIP_RESET_BLOCK_MAGIC, SLIP_RESET_BLOCK_MAGIC_VALUE, 8);
    put(block + SLIP_RESET_BLOCK_START_INFO, start->start_info_gpa, 4);
    put(block + SLIP_RESET_BLOCK_ENTRY, start->entry_gpa, 4);
    for (size_t i = 0; i < SLIP_COUNT(gdt); i++)
        put(block + SLIP_RESET_BLOCK_GDT + 8 * i, gdt[i], 8);
    return 0;
}
