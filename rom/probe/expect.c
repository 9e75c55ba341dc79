/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What only the host knows comes in the command line, as words:
 *   probe.vcpus=N probe.memory=KIB probe.modules=BYTES:SUM,...  probe.line=BYTES:SUM
 * Numbers are decimal, sums hexadecimal: rotate left by one, add the next byte. The first word begins the line, probe.line is the
 * last and covers all bytes before the blank in front of it. Words of other names are filling.
 */
#include "probe.h"

struct expected expected;

static const char *word(const char *line, const char *name)
{
    for (const char *p = line; *p; p++) {
        unsigned n = 0;

        if (p != line && p[-1] != ' ')
            continue;
        while (name[n] && p[n] == name[n])
            n++;
        if (!name[n])
            return p + n;
    }
    return NULL;
}

static uint64_t number(const char **p, unsigned base)
{
    uint64_t value = 0;

    for (;; ++*p) {
        char c = **p;
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                                                : 99;

        if (digit >= base)
            return value;
        value = value * base + digit;
    }
}

static void read_modules(const char *p)
{
    while (*p && *p != ' ' && expected.n_modules < 64) {
        expected.modules[expected.n_modules].bytes = number(&p, 10);
        if (*p == ':')
            p++;
        expected.modules[expected.n_modules++].sum = number(&p, 16);
        if (*p == ',')
            p++;
    }
}

void check_cmdline(uint64_t address, bool prefix_allowed)
{
    const char *line, *begin, *p;
    uint64_t bytes, sum;

    if (!address) {
        clause("cmdline: there is one", false, NULL, 0);
        return;
    }
    line = at(address);
    begin = word(line, "probe.");
    begin = begin ? begin - 6 : line;
    if (!prefix_allowed)
        clause("cmdline-alone: nothing stands in front of what was said", begin == line, "bytes",
               (uint64_t)(begin - line));
    p = word(begin, "probe.line=");
    if (!p) {
        skip("cmdline: byte-exact", "the host did not say what it is");
        return;
    }
    expected.told = true;
    bytes = number(&p, 10);
    if (*p == ':')
        p++;
    sum = number(&p, 16);
    /* Blanks behind it are in many a loader's nature, but not what was said. */
    clause("cmdline: byte-exact to its NUL",
           *p == 0 && text_bytes((uintptr_t)begin) > bytes &&
               checksum((uintptr_t)begin, bytes) == sum,
           "bytes found", text_bytes((uintptr_t)begin));
    if ((p = word(begin, "probe.vcpus=")))
        expected.vcpus = number(&p, 10);
    if ((p = word(begin, "probe.memory=")))
        expected.memory_kib = number(&p, 10);
    if ((p = word(begin, "probe.modules=")))
        read_modules(p);
}

void check_modules(uint64_t n, uint64_t (*module)(uint64_t index, uint64_t *ret_bytes))
{
    bool sizes = true, contents = true;
    uint64_t address, bytes, wrong = 0;

    if (!expected.told) {
        skip("modules: as many as given", "the host did not say which");
        return;
    }
    clause("modules: as many as given", n == expected.n_modules, "found", n);
    for (uint64_t i = 0; i < n && i < expected.n_modules; i++) {
        address = module(i, &bytes);
        if (bytes != expected.modules[i].bytes) {
            sizes = false;
            wrong = bytes;
        } else if (checksum(address, bytes) != expected.modules[i].sum) {
            contents = false;
        }
    }
    clause("module-sizes: exact bytes", sizes && n == expected.n_modules, "bytes", wrong);
    clause("module-contents: byte-exact", sizes && contents && n == expected.n_modules, NULL, 0);
}
