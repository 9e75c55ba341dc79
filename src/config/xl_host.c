/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What belongs to the host and is passed through: PCI devices, I/O ports, memory, as xl-pci-configuration(5) and
 * xl.cfg(5) write them. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/xl.h"

/* For "%.*s". */
static int shown(size_t len)
{
    return len > 60 ? 60 : (int)len;
}

static int wrong(struct xl_reader *r, const struct xl_value *spec, size_t from, size_t to,
                 const char *what, const char *form)
{
    struct slip_diag *d = slip__diag(r->diags, SLIP_CODE_BAD_DEVICE, slip__xl_part(spec, from, to),
                                     "'%.*s' is no %s", shown(to - from), spec->text + from, what);

    slip__diag_hint(d, "%s", form);
    return 0;
}

/* One hexadecimal number of at most max, at *text before end. */
static bool take_hex(const char **text, const char *end, uint64_t max, uint64_t *ret)
{
    const char *p = *text;
    uint64_t value = 0;

    if (end - p > 2 && p[0] == '0' && (p[1] | 0x20) == 'x' && isxdigit((unsigned char)p[2]))
        p += 2;
    if (p == end || !isxdigit((unsigned char)*p))
        return false;
    for (; p < end && isxdigit((unsigned char)*p); p++) {
        value = value * 16 + (unsigned)(*p <= '9' ? *p - '0' : (*p | 0x20) - 'a' + 10);
        if (value > max)
            return false;
    }
    *text = p;
    *ret = value;
    return true;
}

static bool take(const char **text, const char *end, char c)
{
    if (*text == end || **text != c)
        return false;
    (*text)++;
    return true;
}

/* [DDDD:]BB:DD.F, F a function, several of them, or *. Writes it in full. */
static bool take_bdf(const char **text, const char *end, char *ret, size_t size)
{
    uint64_t a, b, c, domain = 0, bus, dev;
    const char *p = *text;
    size_t functions;

    if (!take_hex(&p, end, 0xffff, &a) || !take(&p, end, ':') || !take_hex(&p, end, 0xff, &b))
        return false;
    bus = a;
    dev = b;
    if (take(&p, end, ':')) {
        if (!take_hex(&p, end, 0x1f, &c))
            return false;
        domain = a;
        bus = b;
        dev = c;
    }
    if (bus > 0xff || dev > 0x1f || !take(&p, end, '.'))
        return false;
    functions = p < end && *p == '*' ? 1 : strspn(p, "01234567-=");
    if (!functions || p + functions > end || functions > 16)
        return false;
    snprintf(ret, size, "%04x:%02x:%02x.%.*s", (unsigned)domain, (unsigned)bus, (unsigned)dev,
             (int)functions, p);
    *text = p + functions;
    return true;
}

static int set_bdf(struct xl_reader *r, struct slip_pci *pci, const struct xl_value *spec,
                   size_t from, size_t to, size_t *ret_end)
{
    struct slip_mark mark = {slip__xl_part(spec, from, to), SLIP_GIVEN};
    const char *text = spec->text + from;
    char full[48];

    if (!take_bdf(&text, spec->text + to, full, sizeof(full))) {
        *ret_end = to;
        return wrong(r, spec, from, to, "PCI address", "an address is [DDDD:]BB:DD.F");
    }
    *ret_end = (size_t)(text - spec->text);
    return slip__str_set(&pci->bdf, full, strlen(full), mark);
}

int slip__xl_pci(struct xl_reader *r, const struct slip_field *field, const struct xl_value *spec)
{
    struct slip_pci *pci =
        slip__list_add(field, r->guest, (struct slip_mark){spec->span, SLIP_GIVEN});
    size_t pos = strspn(spec->text, " "), end = pos + strcspn(spec->text + pos, ","), bdf_end;

    if (!pci)
        return -1;
    /* The address by position, with @VSLOT behind it. */
    if (end > pos && !memchr(spec->text + pos, '=', end - pos)) {
        if (set_bdf(r, pci, spec, pos, end, &bdf_end) < 0)
            return -1;
        if (bdf_end < end && spec->text[bdf_end] == '@') {
            const struct slip_field *vslot = slip__field_named(&slip__record_pci, "vslot");

            if (slip__xl_set_field(r, vslot, pci, spec, bdf_end + 1, end) < 0)
                return -1;
        } else if (bdf_end < end) {
            wrong(r, spec, pos, end, "PCI address", "an address is [DDDD:]BB:DD.F[@VSLOT]");
        }
        pos = end;
    }
    while (pos < spec->len) {
        int rc;

        pos += strspn(spec->text + pos, " ,");
        end = pos + strcspn(spec->text + pos, ",");
        if (end <= pos)
            continue;
        rc = strncmp(spec->text + pos, "bdf=", 4) == 0
                 ? set_bdf(r, pci, spec, pos + 4, end, &bdf_end)
                 : slip__xl_pair(r, &slip__record_pci, pci, spec, pos, end);
        if (rc < 0)
            return -1;
        pos = end;
    }
    return 0;
}

static void set_num(struct slip_num *num, uint64_t value, const struct xl_value *spec)
{
    slip__num_set(num, (int64_t)value, (struct slip_mark){spec->span, SLIP_GIVEN});
}

/* FIRST[-LAST], hexadecimal whatever it looks like. */
int slip__xl_ioport(struct xl_reader *r, const struct slip_field *field,
                    const struct xl_value *spec)
{
    const char *text = spec->text, *end = text + spec->len;
    struct slip_ioport *ports;
    uint64_t first, last;

    if (!take_hex(&text, end, 0xffff, &first))
        return wrong(r, spec, 0, spec->len, "range of ports",
                     "ports are hexadecimal: \"3f8\" or \"2f8-2ff\"");
    last = first;
    if (take(&text, end, '-') && !take_hex(&text, end, 0xffff, &last))
        text = NULL;
    if (text != end || last < first)
        return wrong(r, spec, 0, spec->len, "range of ports",
                     "ports are hexadecimal: \"3f8\" or \"2f8-2ff\"");
    ports = slip__list_add(field, r->guest, (struct slip_mark){spec->span, SLIP_GIVEN});
    if (!ports)
        return -1;
    set_num(&ports->first, first, spec);
    set_num(&ports->last, last, spec);
    return 0;
}

/* START,NUMBER[@GFN], hexadecimal. */
int slip__xl_iomem(struct xl_reader *r, const struct slip_field *field, const struct xl_value *spec)
{
    const char *text = spec->text, *end = text + spec->len;
    uint64_t start, number, gfn = 0;
    struct slip_iomem *iomem;
    bool moved;

    if (!take_hex(&text, end, SLIP_LIMIT_FRAME, &start) || !take(&text, end, ',') ||
        !take_hex(&text, end, SLIP_LIMIT_FRAME, &number))
        return wrong(r, spec, 0, spec->len, "range of pages",
                     "page numbers are hexadecimal: \"START,NUMBER\" or \"START,NUMBER@GFN\"");
    moved = take(&text, end, '@');
    if ((moved && !take_hex(&text, end, SLIP_LIMIT_FRAME, &gfn)) || text != end)
        return wrong(r, spec, 0, spec->len, "range of pages",
                     "page numbers are hexadecimal: \"START,NUMBER\" or \"START,NUMBER@GFN\"");
    iomem = slip__list_add(field, r->guest, (struct slip_mark){spec->span, SLIP_GIVEN});
    if (!iomem)
        return -1;
    set_num(&iomem->start, start, spec);
    set_num(&iomem->number, number, spec);
    if (moved)
        set_num(&iomem->gfn, gfn, spec);
    return 0;
}
