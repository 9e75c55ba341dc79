/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a Multiboot loader hands over (Multiboot Specification 0.6.96, 3.3, and 2.0, 3.6), for the guest of a PVH container that was
 * started by one. */
#include "guest.h"

#define MAGIC1 0x2badb002ul
#define MAGIC2 0x36d76289ul
#define RAM    1u

/* Version 1: words of the information structure. */
enum { CMDLINE = 4, MODULES = 5, MODULE_LIST = 6, MAP_BYTES = 11, MAP = 12 };
/* Version 2: types of tags. */
enum { TAG_END = 0, TAG_CMDLINE = 1, TAG_MODULE = 3, TAG_MAP = 6 };

static const uint32_t *info(void)
{
    return (const uint32_t *)boot.info;
}

bool multiboot_started(void)
{
    return boot.eax == MAGIC1 || boot.eax == MAGIC2;
}

/* The next tag of that type behind tag (NULL: the first), or NULL. */
static const uint32_t *find_tag(const uint32_t *tag, uint32_t type)
{
    const uint32_t *at = tag ? tag + (tag[1] + 7) / 8 * 2 : info() + 2;

    while (at[0] != type && at[0] != TAG_END)
        at += (at[1] + 7) / 8 * 2;
    return at[0] == type ? at : NULL;
}

const char *multiboot_cmdline(void)
{
    const uint32_t *tag;

    if (boot.eax == MAGIC1)
        return (const char *)(unsigned long)info()[CMDLINE];
    tag = find_tag(NULL, TAG_CMDLINE);
    return tag ? (const char *)(tag + 2) : NULL;
}

static void report_module(uint32_t start, uint32_t end)
{
    report("module-bytes", end - start);
    report("module-sum",
           checksum((const volatile unsigned char *)(unsigned long)start, end - start));
}

static void report_modules(void)
{
    const uint32_t *list = (const uint32_t *)(unsigned long)info()[MODULE_LIST], *tag = NULL;

    for (uint32_t i = 0; boot.eax == MAGIC1 && i < info()[MODULES]; i++)
        report_module(list[4 * i], list[4 * i + 1]);
    while (boot.eax == MAGIC2 && (tag = find_tag(tag, TAG_MODULE)))
        report_module(tag[2], tag[3]);
}

/* Words of an entry: base, length, of two each, type. */
static uint64_t ram_of(const uint32_t *entry)
{
    return entry[4] == RAM ? entry[2] | (uint64_t)entry[3] << 32 : 0;
}

static uint64_t ram(void)
{
    const char *at = (const char *)(unsigned long)info()[MAP];
    const uint32_t *tag = NULL;
    uint64_t sum = 0;

    if (boot.eax == MAGIC1) {
        for (uint32_t done = 0; done < info()[MAP_BYTES];
             done += *(const uint32_t *)(at + done) + 4)
            sum += ram_of((const uint32_t *)(at + done + 4));
    } else if ((tag = find_tag(NULL, TAG_MAP))) {
        at = (const char *)tag;
        for (uint32_t done = 16; done < tag[1]; done += tag[2])
            sum += ram_of((const uint32_t *)(at + done));
    }
    return sum;
}

void multiboot_report(void)
{
    report_modules();
    report("ram", ram());
}
