/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest memory shared with QEMU. Must not know what is written into it. */
#include "engine/qemu/ram.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/ckd.h"
#include "base/error.h"

#define HIGH_GPA (4ull << 30)

/* Where a guest address lies in the file. The door (slip__ram_at) has checked that it is RAM. */
static void *ram_map(struct slip_ram *base, uint64_t gpa, uint64_t len, struct slip_error **err)
{
    struct slip_qemu_ram *ram = (struct slip_qemu_ram *)base;
    uint64_t offset = gpa < HIGH_GPA ? gpa : gpa - HIGH_GPA + ram->low_bytes;

    if (!slip__range_fits(offset, len, ram->bytes)) {
        slip__error(err, SLIP_EINTERNAL, "guest address 0x%llx is RAM but not in its file",
                    (unsigned long long)gpa);
        return NULL;
    }
    return ram->base + offset;
}

/* Of a size that nobody can change any more: were the file cut short, our next touch would be a bus error. */
static int make_file(uint64_t bytes, struct slip_error **err)
{
    int fd = memfd_create("guest-ram", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0)
        return slip__error_errno(err, SLIP_EENGINE, errno, "cannot make the guest's memory");
    if (ftruncate(fd, (off_t)bytes) < 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
        int errnum = errno;

        close(fd);
        return slip__error_errno(err, SLIP_EENGINE, errnum,
                                 "cannot make %llu MiB of memory for the guest",
                                 (unsigned long long)(bytes >> 20));
    }
    return fd;
}

int slip__qemu_ram_init(struct slip_qemu_ram *ram, const struct slip_machine *machine,
                        uint64_t bytes, struct slip_error **err)
{
    int fd = make_file(bytes, err);
    void *base;

    if (fd < 0)
        return fd;
    base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
    if (base == MAP_FAILED) {
        int errnum = errno;

        close(fd);
        return slip__error_errno(err, SLIP_EENGINE, errnum,
                                 "cannot map %llu MiB of memory for the guest",
                                 (unsigned long long)(bytes >> 20));
    }
    madvise(base, bytes, MADV_DONTDUMP); /* a guest's secrets are not for our core dumps */
    *ram = (struct slip_qemu_ram){.ram = {.map = ram_map}, .fd = fd, .base = base, .bytes = bytes};
    ram->low_bytes = bytes < machine->low_ram_max_bytes ? bytes : machine->low_ram_max_bytes;
    ram->ram.in_file = true; /* as ram_map() reads it */
    ram->ram.fd = fd;
    ram->ram.n_regions = slip__layout_ram(machine, bytes, ram->ram.regions);
    return 0;
}

void slip__qemu_ram_release(struct slip_qemu_ram *ram)
{
    madvise(ram->base, ram->bytes, MADV_DONTNEED);
}

void slip__qemu_ram_dispose(struct slip_qemu_ram *ram)
{
    if (!ram->base)
        return;
    munmap(ram->base, ram->bytes);
    close(ram->fd);
    *ram = (struct slip_qemu_ram){.fd = -1};
}
