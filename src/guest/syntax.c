/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a text of each syntax looks like. One function per syntax, one table. It must not know which field has which,
 * nor any format.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "guest/schema.h"
#include "guest/uuid.h"

#define DIGITS "0123456789"
#define HEX    DIGITS "abcdefABCDEF"
#define IDENT  DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-."

static const char *any(const char *text)
{
    (void)text;
    return NULL;
}

static const char *part(const char *text)
{
    size_t len = strlen(text);

    if (!len)
        return "is empty";
    if (memchr(text, ',', len))
        return "has a comma in it";
    if (isspace((unsigned char)text[0]) || isspace((unsigned char)text[len - 1]))
        return "has a blank at one end";
    return strpbrk(text, "\n\r") ? "has more than one line" : NULL;
}

static const char *ident(const char *text)
{
    return *text && !text[strspn(text, IDENT)] ? NULL
                                               : "is no word of letters, digits, '_', '-', '.'";
}

/* What else a name must be is a check on the guest. */
static const char *name(const char *text)
{
    return *text ? NULL : "is empty";
}

static const char *pair(const char *text)
{
    const char *equals = strchr(text, '=');

    return equals && equals > text ? part(text) : "is not KEY=VALUE";
}

static const char *number(const char *text)
{
    size_t len = strspn(text, DIGITS);

    return len && len < 19 && !text[len] ? NULL : "is not a number";
}

static const char *uuid(const char *text)
{
    char normal[SLIP_UUID_TEXT_BYTES];

    return slip__uuid_normalize(text, normal) ? NULL : "is not a UUID";
}

static const char *mac(const char *text)
{
    size_t i;

    for (i = 0; i < 17; i++) {
        if (i % 3 == 2 ? text[i] != ':' : !isxdigit((unsigned char)text[i]))
            break;
    }
    return i == 17 && !text[i] ? NULL : "is not six hexadecimal bytes with colons between them";
}

/* One item of a set: N, N-M. Returns what follows it, NULL if it is none. */
static const char *range(const char *text)
{
    char *end;
    unsigned long from, to;

    if (!isdigit((unsigned char)*text))
        return NULL;
    from = to = strtoul(text, &end, 10);
    if (*end == '-') {
        if (!isdigit((unsigned char)end[1]))
            return NULL;
        to = strtoul(end + 1, &end, 10);
    }
    return from <= to && to <= SLIP_LIMIT_ORDER ? end : NULL;
}

static const char *after(const char *text, const char *prefix)
{
    size_t len = strlen(prefix);

    return strncmp(text, prefix, len) == 0 ? text + len : text;
}

static const char *cpus(const char *text)
{
    static const char wrong[] = "is no set of CPUs";
    const char *item;

    for (;;) {
        if (strncmp(text, "all", 3) == 0) {
            text += 3;
        } else {
            item = after(text, "^");
            item = after(item, "nodes:");
            item = after(item, "node:");
            text =
                strcmp(item, "all") == 0 && item != text && *text != '^' ? item + 3 : range(item);
        }
        if (!text)
            return wrong;
        if (!*text)
            return NULL;
        if (*text++ != ',')
            return wrong;
    }
}

/* libxlu_vif.c's: BYTES or bits, per second, and over which time. */
static const char *rate(const char *text)
{
    static const char wrong[] = "is no rate, as 10MB/s or 1Mb/s@20ms";
    size_t len = strspn(text, DIGITS);

    if (!len || len > 18)
        return wrong;
    text += len;
    if (*text && strchr("GMK", *text))
        text++;
    if (*text != 'b' && *text != 'B')
        return wrong;
    text++;
    if (strncmp(text, "/s", 2) != 0)
        return wrong;
    text += 2;
    if (!*text)
        return NULL;
    if (*text++ != '@')
        return wrong;
    len = strspn(text, DIGITS);
    if (!len || len > 9)
        return wrong;
    text += len;
    if (*text == 'u' || *text == 'm')
        text++;
    return strcmp(text, "s") == 0 ? NULL : wrong;
}

static const char *bdf(const char *text)
{
    static const char form[] = "xxxx:xx:xx.";
    size_t i;

    for (i = 0; form[i]; i++) {
        if (form[i] == 'x' ? !isxdigit((unsigned char)text[i]) : text[i] != form[i])
            return "is no PCI address, as 0000:01:1a.1";
    }
    if (strcmp(text + i, "*") == 0)
        return NULL;
    /* A function, or several of them: 0, 0-3, 0,2-3=1. */
    return text[i] >= '0' && text[i] <= '7' && !text[i + strspn(text + i, "01234567-=")]
               ? NULL
               : "is no PCI address, as 0000:01:1a.1";
}

static const char *vslot(const char *text)
{
    size_t len = strspn(text, HEX);

    if (!len || len > 2)
        return "is no PCI slot";
    if (text[len] == '.' && text[len + 1] >= '0' && text[len + 1] <= '7')
        len += 2;
    return text[len] ? "is no PCI slot" : NULL;
}

static const char *boot(const char *text)
{
    return text[strspn(text, "acdn")] ? "has letters other than a, c, d, n" : NULL;
}

/* Is text one of words, which ends with a NULL? */
static bool one_of(const char *text, const char *const *words)
{
    while (*words && strcmp(*words, text) != 0)
        words++;
    return *words != NULL;
}

const char *slip__viridian_word(size_t number)
{
    static const char *const words[] = {
        "base",
        "freq",
        "time_ref_count",
        "reference_tsc",
        "hcall_remote_tlb_flush",
        "apic_assist",
        "crash_ctl",
        "synic",
        "stimer",
        "hcall_ipi",
        "ex_processor_masks",
        "no_vp_limit",
        "cpu_hotplug",
    };

    return number < SLIP_COUNT(words) ? words[number] : NULL;
}

static const char *viridian(const char *text)
{
    static const char *const groups[] = {
        "all",
        "defaults",
        NULL,
    };
    const char *word = text + (*text == '!'), *known;

    if (one_of(text, groups))
        return NULL;
    for (size_t i = 0; (known = slip__viridian_word(i)); i++) {
        if (strcmp(word, known) == 0)
            return NULL;
    }
    return "is no viridian enlightenment";
}

static const char *backendtype(const char *text)
{
    static const char *const words[] = {"phy", "qdisk", "tap", "standalone", NULL};

    return one_of(text, words) ? NULL : "is no kind of backend";
}

static const char *viftype(const char *text)
{
    static const char *const words[] = {"vif", "ioemu", NULL};

    return one_of(text, words) ? NULL : "is no type of interface";
}

static const char *prefix(const char *text)
{
    return *text && !text[strspn(text, DIGITS "abcdefghijklmnopqrstuvwxyz:")]
               ? NULL
               : "is no prefix of a disk";
}

static const char *virtio(const char *text)
{
    return part(after(text, "virtio,"));
}

/* libxl's KEY=VALUE; or xend's LEAF[,SUBLEAF]:REGISTER=BITS,REGISTER=BITS (libxl_cpuid.c). */
static const char *cpuid(const char *text)
{
    static const char values[] = "01xks";
    const char *equals = strchr(text, '='), *colon = strchr(text, ':');

    if (strcmp(text, "host") == 0)
        return NULL;
    if (colon && equals && colon < equals)
        return text[strspn(text, HEX "x,")] == ':' ? NULL : "is no cpuid leaf";
    if (!equals || equals == text || !equals[1])
        return "is no processor feature, as sse3=1";
    if (isdigit((unsigned char)equals[1])) /* a number, for family, model and the like */
        return NULL;
    return equals[2] || !strchr(values, equals[1]) ? "has a value other than 0, 1, x, k, s" : NULL;
}

static const char *(*const syntaxes[SLIP_SYNTAXES])(const char *text) = {
    [SLIP_SYNTAX_ANY] = any,
    [SLIP_SYNTAX_PART] = part,
    [SLIP_SYNTAX_IDENT] = ident,
    [SLIP_SYNTAX_PAIR] = pair,
    [SLIP_SYNTAX_NUMBER] = number,
    [SLIP_SYNTAX_NAME] = name,
    [SLIP_SYNTAX_UUID] = uuid,
    [SLIP_SYNTAX_MAC] = mac,
    [SLIP_SYNTAX_CPUS] = cpus,
    [SLIP_SYNTAX_RATE] = rate,
    [SLIP_SYNTAX_BDF] = bdf,
    [SLIP_SYNTAX_VSLOT] = vslot,
    [SLIP_SYNTAX_BOOT] = boot,
    [SLIP_SYNTAX_VIRIDIAN] = viridian,
    [SLIP_SYNTAX_BACKENDTYPE] = backendtype,
    [SLIP_SYNTAX_VIFTYPE] = viftype,
    [SLIP_SYNTAX_PREFIX] = prefix,
    [SLIP_SYNTAX_VIRTIO] = virtio,
    [SLIP_SYNTAX_CPUID] = cpuid,
};

const char *slip__syntax_problem(enum slip_syntax syntax, const char *text)
{
    return syntaxes[syntax](text);
}
