/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of disks into numbers. */
#include "engine/xen/vdev.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define EXTENDED (1u << 28)

/* Letters as in a spreadsheet's columns: a to z are 0 to 25, aa is 26. */
static const char *take_letters(const char *p, uint32_t *ret)
{
    uint32_t n = 0;

    for (; *p >= 'a' && *p <= 'z'; p++) {
        n = n * 26 + (uint32_t)(*p - 'a') + 1;
        if (n > 1u << 20)
            return NULL;
    }
    *ret = n - 1;
    return n ? p : NULL;
}

/* A decimal number without zeros in front. */
static const char *take_number(const char *p, uint32_t *ret)
{
    uint32_t n = 0;

    if (*p < '0' || *p > '9' || (*p == '0' && p[1] >= '0' && p[1] <= '9'))
        return NULL;
    for (; *p >= '0' && *p <= '9'; p++) {
        n = n * 10 + (uint32_t)(*p - '0');
        if (n > 1u << 20)
            return NULL;
    }
    *ret = n;
    return p;
}

/* Of the kinds of names, with the majors and widths of Linux's drivers of old. */
static bool xvd_number(uint32_t disk, uint32_t part, uint32_t *ret)
{
    if (disk >= 1u << 20 || part >= 256)
        return false;
    *ret = disk < 16 && part < 16 ? 202u << 8 | disk << 4 | part : EXTENDED | disk << 8 | part;
    return true;
}

static bool sd_number(uint32_t disk, uint32_t part, uint32_t *ret)
{
    *ret = 8u << 8 | disk << 4 | part;
    return disk < 16 && part < 16;
}

static bool hd_number(uint32_t disk, uint32_t part, uint32_t *ret)
{
    *ret = (disk < 2 ? 3u : 22u) << 8 | (disk & 1) << 6 | part;
    return disk < 4 && part < 64;
}

static const struct {
    const char *prefix;
    bool (*number)(uint32_t disk, uint32_t part, uint32_t *ret);
} kinds[] = {{"xvd", xvd_number}, {"sd", sd_number}, {"hd", hd_number}};

static bool plain_number(const char *name, uint32_t *ret)
{
    char *end;
    unsigned long value;

    if (*name < '0' || *name > '9')
        return false;
    value = strtoul(name, &end, 0);
    *ret = (uint32_t)value;
    return !*end && value && value < 1ul << 29;
}

/* d0p1: disk and partition as numbers. */
static bool by_numbers(const char *name, uint32_t *ret)
{
    uint32_t disk, part = 0;
    const char *p = *name == 'd' ? take_number(name + 1, &disk) : NULL;

    if (p && *p == 'p')
        p = take_number(p + 1, &part);
    return p && !*p && xvd_number(disk, part, ret);
}

bool slip__xen_vdev_number(const char *name, uint32_t *ret)
{
    for (size_t i = 0; i < SLIP_COUNT(kinds); i++) {
        size_t len = strlen(kinds[i].prefix);
        uint32_t disk, part = 0;
        const char *p;

        if (strncmp(name, kinds[i].prefix, len) != 0)
            continue;
        p = take_letters(name + len, &disk);
        if (p && *p)
            p = take_number(p, &part);
        return p && !*p && kinds[i].number(disk, part, ret);
    }
    return by_numbers(name, ret) || plain_number(name, ret);
}
