/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words that the reports of a plan share. */
#include "build/report.h"

#include <string.h>

#include "abi/e820.h"

const char *slip__report_type_word(enum slip_type type)
{
    static const char *const words[] = {
        [SLIP_TYPE_PV] = "pv", [SLIP_TYPE_PVH] = "pvh", [SLIP_TYPE_HVM] = "hvm"};

    return words[type];
}

const char *slip__report_map_word(uint32_t type)
{
    static const char *const words[] = {
        [SLIP_E820_RAM] = "RAM",
        [SLIP_E820_RESERVED] = "reserved",
        [SLIP_E820_ACPI] = "ACPI, reclaimable",
        [SLIP_E820_NVS] = "ACPI, kept (NVS)",
    };

    return type < sizeof(words) / sizeof(words[0]) && words[type] ? words[type] : "other";
}

const char *slip__report_console_word(enum slip_console_word word)
{
    static const char *const words[] = {
        [SLIP_CONSOLE_ADDED] = "added",
        [SLIP_CONSOLE_NAMED] = "named",
        [SLIP_CONSOLE_OFF] = "off",
        [SLIP_CONSOLE_NO_ROOM] = "no-room",
    };

    return words[word];
}

void slip__report_size(struct slip_buf *buf, uint64_t bytes)
{
    static const char *const units[] = {"TiB", "GiB", "MiB", "KiB", "B"};
    const unsigned n_units = sizeof(units) / sizeof(units[0]);

    /* Exact if that takes no more than four digits, */
    for (unsigned i = 0; i < n_units; i++) {
        uint64_t scale = 1ull << (10 * (n_units - 1 - i));

        if (bytes >= scale && bytes % scale == 0 && bytes / scale < 10000) {
            slip__buf_printf(buf, "%llu %s", (unsigned long long)(bytes / scale), units[i]);
            return;
        }
    }
    /* else rounded in the largest unit that it fills. */
    for (unsigned i = 0; i < n_units; i++) {
        uint64_t scale = 1ull << (10 * (n_units - 1 - i));

        if (bytes >= scale) {
            slip__buf_printf(buf, "%.1f %s", (double)bytes / (double)scale, units[i]);
            return;
        }
    }
    slip__buf_puts(buf, "0 B");
}

const char *slip__report_file(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* Bytes of the well-formed UTF-8 character at text; 0: there is none (RFC 3629, section 4). */
static size_t utf8_length(const unsigned char *text)
{
    static const struct {
        unsigned char first, last, second_first, second_last;
        size_t length;
    } forms[] = {
        {0x01, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (text[0] < forms[i].first || text[0] > forms[i].last)
            continue;
        if (forms[i].length > 1 &&
            (text[1] < forms[i].second_first || text[1] > forms[i].second_last))
            return 0;
        for (size_t n = 2; n < forms[i].length; n++) {
            if ((text[n] & 0xc0) != 0x80)
                return 0;
        }
        return forms[i].length;
    }
    return 0;
}

void slip__report_utf8(struct slip_buf *buf, const char *text, size_t limit)
{
    slip__buf_puts(buf, "");
    for (; *text && limit; limit--) {
        size_t n = utf8_length((const unsigned char *)text);

        slip__buf_put(buf, n ? text : "?", n ? n : 1);
        text += n ? n : 1;
    }
    if (*text)
        slip__buf_puts(buf, "...");
}
