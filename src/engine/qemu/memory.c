/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest against the host's memory (memory.h says by which measure). */
#include "engine/qemu/memory.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ckd.h"
#include "base/cleanup.h"

/* Both lines are among the first 20; all of it is under 2 KiB. */
#define MEMINFO_BYTES 4096u

/* The number behind a key at the start of a line, in KiB. False: there is none. */
static bool find_kib(const char *text, const char *key, uint64_t *ret)
{
    size_t len = strlen(key);

    for (const char *line = text; line; line = strchr(line, '\n')) {
        char *end;

        line += *line == '\n';
        if (strncmp(line, key, len) != 0)
            continue;
        *ret = strtoull(line + len, &end, 10);
        return strncmp(end, " kB", 3) == 0;
    }
    return false;
}

int slip__memory_check(const char *meminfo, uint64_t bytes, struct slip_error **err)
{
    uint64_t ram_kib, swap_kib = 0, kib;

    if (!find_kib(meminfo, "MemTotal:", &ram_kib))
        return 0;
    find_kib(meminfo, "SwapTotal:", &swap_kib);
    if (slip__ckd_add(&kib, ram_kib, swap_kib) || bytes >> 10 <= kib)
        return 0;
    slip__error_code(
        err, SLIP_EENGINE, SLIP_CODE_HOST_MEMORY,
        "the guest has %llu MiB of memory, this host has %llu MiB (RAM %llu, swap %llu)",
        (unsigned long long)(bytes >> 20), (unsigned long long)(kib >> 10),
        (unsigned long long)(ram_kib >> 10), (unsigned long long)(swap_kib >> 10));
    slip__error_hint(err, "memory = %llu is the most that could ever fit, less is wise",
                     (unsigned long long)(kib >> 10));
    return SLIP_EENGINE;
}

int slip__memory_check_here(uint64_t bytes, struct slip_error **err)
{
    SLIP_AUTO_CLOSE int fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
    char text[MEMINFO_BYTES];
    ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

    text[len > 0 ? len : 0] = '\0';
    return slip__memory_check(text, bytes, err);
}
