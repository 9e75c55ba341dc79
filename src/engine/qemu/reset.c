/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The reset ROM as a file, and its block in guest memory. Must not know how the rest of memory was filled. */
#include "engine/qemu/reset.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/gdt.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "build/start.h"
#include "reset_block.h"
#include "reset_rom.h"

/* Selectors of a state that names none. */
#define SEL_CODE 0x08u
#define SEL_DATA 0x10u
#define SEL_TSS  0x18u

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

/* What the state leaves open is as the ROM of a PVH start always had it: the guest can see selectors. */
static struct slip_start with_selectors(const struct slip_start *start)
{
    struct slip_start ret = *start;

    ret.cs = start->cs ? start->cs : SEL_CODE;
    ret.ds = start->ds ? start->ds : SEL_DATA;
    ret.tr = start->tr ? start->tr : SEL_TSS;
    return ret;
}

/* Can the ROM do that? It runs below 4 GiB, and its table has the last descriptor for itself. */
static int check_start(const struct slip_start *start, struct slip_error **err)
{
    const uint16_t selectors[] = {start->cs, start->ds, start->tr};
    bool wide = start->mode == SLIP_CPU_LONG64;

    if ((!wide && start->entry_gpa > UINT32_MAX) || start->cr3 > UINT32_MAX ||
        start->gdt_gpa > UINT32_MAX || start->gdt_bytes > UINT16_MAX + 1u)
        return slip__error(err, SLIP_EINTERNAL,
                           "entry 0x%llx, page tables 0x%llx and descriptors 0x%llx must lie below "
                           "4 GiB",
                           (unsigned long long)start->entry_gpa, (unsigned long long)start->cr3,
                           (unsigned long long)start->gdt_gpa);
    for (size_t i = 0; i < SLIP_COUNT(selectors); i++) {
        if (selectors[i] < SLIP_RESET_SELECTOR_FIRST || selectors[i] > SLIP_RESET_SELECTOR_LAST ||
            selectors[i] % SLIP_GDT_SELECTOR_BYTES)
            return slip__error(err, SLIP_EINTERNAL, "no selector of the reset ROM: 0x%x",
                               selectors[i]);
    }
    return 0;
}

int slip__reset_block_write(struct slip_ram *ram, const struct slip_plan *plan,
                            struct slip_error **err)
{
    const struct slip_start start = with_selectors(&plan->start);
    const struct {
        unsigned offset, bytes;
        uint64_t value;
    } fields[] = {
        {SLIP_RESET_BLOCK_MAGIC, 8, SLIP_RESET_BLOCK_MAGIC_VALUE},
        {SLIP_RESET_BLOCK_ENTRY, 8, start.entry_gpa},
        {SLIP_RESET_BLOCK_RAX, 8, start.rax},
        {SLIP_RESET_BLOCK_RBX, 8, start.rbx},
        {SLIP_RESET_BLOCK_RCX, 8, start.rcx},
        {SLIP_RESET_BLOCK_RSI, 8, start.rsi},
        {SLIP_RESET_BLOCK_RDI, 8, start.rdi},
        {SLIP_RESET_BLOCK_RBP, 8, start.rbp},
        {SLIP_RESET_BLOCK_RSP, 8, start.rsp},
        {SLIP_RESET_BLOCK_CR3, 8, start.cr3},
        {SLIP_RESET_BLOCK_GDTR, 2, start.gdt_bytes ? start.gdt_bytes - 1 : 0},
        {SLIP_RESET_BLOCK_GDTR + 2, 8, start.gdt_bytes ? start.gdt_gpa : 0},
        {SLIP_RESET_BLOCK_CS, 2, start.cs},
        {SLIP_RESET_BLOCK_DS, 2, start.ds},
        {SLIP_RESET_BLOCK_TR, 2, start.tr},
        {SLIP_RESET_BLOCK_LONG, 4, start.mode == SLIP_CPU_LONG64},
    };
    uint64_t gdt[SLIP_START_GDT_MAX];
    uint8_t *block;
    int rc = check_start(&start, err);

    static_assert(SLIP_START_GDT_MAX == SLIP_RESET_GDT_ENTRIES, "one table");
    if (rc < 0)
        return rc;
    block = slip__ram_at(ram, "reset block", SLIP_RESET_BLOCK_GPA, SLIP_RESET_BLOCK_BYTES, err);
    if (!block)
        return SLIP_EIMAGE;
    slip__start_gdt(&start, gdt);
    gdt[SLIP_RESET_GDT_ENTRIES - 1] = SLIP_GDT_CODE32;
    for (size_t i = 0; i < SLIP_COUNT(fields); i++)
        put(block + fields[i].offset, fields[i].value, fields[i].bytes);
    for (size_t i = 0; i < SLIP_COUNT(gdt); i++)
        put(block + SLIP_RESET_BLOCK_GDT + 8 * i, gdt[i], 8);
    return 0;
}
