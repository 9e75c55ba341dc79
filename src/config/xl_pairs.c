/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Devices that are lists of KEY=VALUE with commas between: interfaces, screens, channels, controllers and so on, as in
 * xl.cfg(5) and xl-network-configuration(5). What kinds there are is a table; their keys are the schema's. It must not
 * know what makes one right.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/suggest.h"
#include "config/xl.h"

/* A pair being read: bytes [key, key + key_len) and [from, to) of the spec. A word without '=' is a key with an
 * empty value. */
struct pair {
    size_t key, key_len, from, to;
    bool equals;
};

struct reading;

/* A key that is no field of the record. */
struct special {
    const char *key; /* with a * at its end: all that begin so */
    int (*set)(const struct reading *p, struct pair pair);
};

struct pairs {
    const struct slip_record *record;
    const char *what;               /* "interface" */
    const char *a;                  /* with its article */
    enum slip_code code;            /* of mistakes in it */
    bool lenient;                   /* xl says of a wrong key on stderr, and goes on */
    bool trim;                      /* xl takes blanks off both ends of a value */
    const struct special *specials; /* ends with a key of NULL */
};

struct reading {
    struct xl_reader *r;
    const struct pairs *pairs;
    const struct xl_value *spec;
    void *object;
};

/* For "%.*s". */
static int shown(size_t len)
{
    return len > 60 ? 60 : (int)len;
}

static int set_field(const struct reading *p, const char *name, struct pair pair)
{
    const struct slip_field *field = slip__field_named(p->pairs->record, name);

    return slip__xl_set_field(p->r, field, p->object, p->spec, pair.from, pair.to);
}

static int set_flag(const struct reading *p, const char *name, struct pair pair, bool value)
{
    const struct slip_field *field = slip__field_named(p->pairs->record, name);

    slip__num_set(
        (struct slip_num *)(void *)slip__field_mark(field, p->object), value,
        (struct slip_mark){slip__xl_part(p->spec, pair.key, pair.key + pair.key_len), SLIP_GIVEN});
    return 0;
}

static int vif_trusted(const struct reading *p, struct pair pair)
{
    return pair.equals ? set_field(p, "trusted", pair) : set_flag(p, "trusted", pair, true);
}

static int vif_untrusted(const struct reading *p, struct pair pair)
{
    return set_flag(p, "trusted", pair, false);
}

static int vif_netdev(const struct reading *p, struct pair pair)
{
    struct slip_diag *d = slip__diag(p->r->diags, SLIP_CODE_DEPRECATED,
                                     slip__xl_part(p->spec, pair.key, pair.key + pair.key_len),
                                     "the interface's 'netdev' is deprecated");

    slip__diag_hint(d, "write gatewaydev=%.*s", shown(pair.to - pair.from),
                    p->spec->text + pair.from);
    return set_field(p, "gatewaydev", pair);
}

/* COLO's many options are one list: KEY=VALUE as it stands here. */
static int vif_colo(const struct reading *p, struct pair pair)
{
    pair.from = pair.key;
    return set_field(p, "colo", pair);
}

static const struct special vif_specials[] = {
    {"trusted", vif_trusted},
    {"untrusted", vif_untrusted},
    {"netdev", vif_netdev},
    {"colo_*", vif_colo},
    {NULL, NULL},
};

/* xm's way to say which of vnc and sdl; xl passes over it, which leaves VNC. */
static int vfb_type(const struct reading *p, struct pair pair)
{
    const char *value = p->spec->text + pair.from;
    size_t len = pair.to - pair.from;
    struct slip_diag *d;

    if (len == 3 && memcmp(value, "vnc", 3) == 0)
        return set_flag(p, "vnc", pair, true);
    if (len == 3 && memcmp(value, "sdl", 3) == 0)
        return set_flag(p, "vnc", pair, false) < 0 ? -1 : set_flag(p, "sdl", pair, true);
    d = slip__diag(p->r->diags, SLIP_CODE_UNKNOWN_WORD, slip__xl_part(p->spec, pair.from, pair.to),
                   "'type' can't be '%.*s'", shown(len), value);
    slip__diag_hint(d, "one of vnc, sdl");
    return 0;
}

static const struct special vfb_specials[] = {{"type", vfb_type}, {NULL, NULL}};

/* type=virtio,device22 has a comma: its second half comes here as a pair of its own. */
static int virtio_device(const struct reading *p, struct pair pair)
{
    struct slip_virtio *virtio = p->object;
    SLIP_AUTO_FREE char *whole = NULL;

    if (!SLIP_IS_SET(virtio->type) || strcmp(virtio->type.value, "virtio") != 0 || pair.equals)
        return slip__xl_pairs_unknown(p->r, &slip__record_virtio, p->spec, pair.key, pair.key_len);
    if (asprintf(&whole, "virtio,%.*s", (int)pair.key_len, p->spec->text + pair.key) < 0) {
        whole = NULL;
        return -1;
    }
    return slip__str_set(&virtio->type, whole, strlen(whole), virtio->type.mark);
}

static const struct special virtio_specials[] = {{"device*", virtio_device}, {NULL, NULL}};

/* ID:WIDTHxHEIGHT;... */
static int vdispl_connector(const struct reading *p, struct pair pair)
{
    const struct slip_field *list = slip__field_named(&slip__record_vdispl, "connectors");
    const char *text = p->spec->text;
    const char *colon = memchr(text + pair.from, ':', pair.to - pair.from);
    const char *x = colon ? memchr(colon, 'x', (size_t)(text + pair.to - colon)) : NULL;
    const struct {
        const char *name;
        size_t from, to;
    } parts[] = {{"id", pair.from, colon ? (size_t)(colon - text) : 0},
                 {"width", colon ? (size_t)(colon - text) + 1 : 0, x ? (size_t)(x - text) : 0},
                 {"height", x ? (size_t)(x - text) + 1 : 0, pair.to}};
    struct slip_mark mark = {slip__xl_part(p->spec, pair.from, pair.to), SLIP_GIVEN};
    void *connector;

    if (!x) {
        struct slip_diag *d =
            slip__diag(p->r->diags, SLIP_CODE_BAD_DEVICE, mark.span, "'%.*s' is no connector",
                       shown(pair.to - pair.from), text + pair.from);

        slip__diag_hint(d, "a connector is ID:WIDTHxHEIGHT");
        return 0;
    }
    connector = slip__list_add(list, p->object, mark);
    for (size_t i = 0; connector && i < SLIP_COUNT(parts); i++) {
        const struct slip_field *field = slip__field_named(&slip__record_connector, parts[i].name);

        if (slip__xl_set_field(p->r, field, connector, p->spec, parts[i].from, parts[i].to) < 0)
            return -1;
    }
    return connector ? 0 : -1;
}

static int vdispl_connectors(const struct reading *p, struct pair pair)
{
    size_t end = pair.to;

    while (pair.from < end) {
        const char *semicolon = memchr(p->spec->text + pair.from, ';', end - pair.from);

        pair.to = semicolon ? (size_t)(semicolon - p->spec->text) : end;
        if (vdispl_connector(p, pair) < 0)
            return -1;
        pair.from = pair.to + 1;
    }
    return 0;
}

static const struct special vdispl_specials[] = {{"connectors", vdispl_connectors}, {NULL, NULL}};
static const struct special no_specials[] = {{NULL, NULL}};

static const struct pairs kinds[] = {
    {&slip__record_vif, "interface", "an interface", SLIP_CODE_BAD_VIF, true, false, vif_specials},
    {&slip__record_vfb, "screen", "a screen", SLIP_CODE_BAD_VFB, true, false, vfb_specials},
    {&slip__record_vkb, "keyboard", "a keyboard", SLIP_CODE_BAD_DEVICE, false, false, no_specials},
    {&slip__record_vdispl, "display", "a display", SLIP_CODE_BAD_DEVICE, false, false,
     vdispl_specials},
    {&slip__record_channel, "channel", "a channel", SLIP_CODE_BAD_DEVICE, true, true, no_specials},
    {&slip__record_p9, "9pfs folder", "a 9pfs folder", SLIP_CODE_BAD_DEVICE, false, true,
     no_specials},
    {&slip__record_pvcalls, "PV Calls device", "a PV Calls device", SLIP_CODE_BAD_DEVICE, false,
     false, no_specials},
    {&slip__record_vtpm, "TPM", "a TPM", SLIP_CODE_BAD_DEVICE, false, false, no_specials},
    {&slip__record_virtio, "virtio device", "a virtio device", SLIP_CODE_BAD_DEVICE, false, false,
     virtio_specials},
    {&slip__record_usbctrl, "USB controller", "a USB controller", SLIP_CODE_BAD_DEVICE, false,
     false, no_specials},
    {&slip__record_usbdev, "USB device", "a USB device", SLIP_CODE_BAD_DEVICE, false, false,
     no_specials},
    {&slip__record_vsnd, "sound card", "a sound card", SLIP_CODE_BAD_DEVICE, false, false,
     no_specials},
    {&slip__record_vsnd_pcm, "sound device", "a sound device", SLIP_CODE_BAD_DEVICE, false, false,
     no_specials},
    {&slip__record_vsnd_stream, "sound stream", "a sound stream", SLIP_CODE_BAD_DEVICE, false,
     false, no_specials},
    {&slip__record_vnode, "NUMA node", "a NUMA node", SLIP_CODE_BAD_DEVICE, false, true,
     no_specials},
    {&slip__record_pci, "PCI device", "a PCI device", SLIP_CODE_BAD_DEVICE, false, false,
     no_specials},
};

static const struct pairs *kind_of(const struct slip_record *record)
{
    for (size_t i = 0; i < SLIP_COUNT(kinds); i++) {
        if (kinds[i].record == record)
            return &kinds[i];
    }
    return NULL;
}

int slip__xl_pairs_unknown(struct xl_reader *r, const struct slip_record *record,
                           const struct xl_value *spec, size_t from, size_t len)
{
    const struct pairs *pairs = kind_of(record);
    const char *text = spec->text + from, *known;
    bool equals = from + len < spec->len && text[len] == '=';
    struct slip_suggest suggest = slip__suggest(text, len);
    const enum slip_severity severity =
        pairs->lenient && r->strictness.xl_compat ? SLIP_WARNING : SLIP_ERROR;
    struct slip_span span = slip__xl_part(spec, from, from + len);
    struct slip_diag *d = equals ? slip__diag_as(r->diags, severity, pairs->code, span,
                                                 "%s has no '%.*s'", pairs->a, shown(len), text)
                                 : slip__diag_as(r->diags, severity, pairs->code, span,
                                                 "'%.*s' is no KEY=VALUE", shown(len), text);

    for (size_t i = 0; i < record->n_fields; i++) {
        if (record->fields[i].key_len)
            slip__suggest_try(&suggest, record->fields[i].key);
    }
    for (size_t i = 0; (known = slip__xl_ignored_part_at(record->name, i, NULL)); i++)
        slip__suggest_try(&suggest, known);
    if (equals && suggest.best)
        slip__diag_hint(d, "did you mean '%s'?", suggest.best);
    return 0;
}

/* The items of a list field: texts with one of separators between. */
static int set_items(const struct reading *p, const struct slip_field *field, struct pair pair)
{
    const char *text = p->spec->text;
    size_t end = pair.to;

    *slip__field_mark(field, p->object) =
        (struct slip_mark){slip__xl_part(p->spec, pair.from, pair.to), SLIP_GIVEN};
    while (pair.from < end) {
        pair.to = pair.from + strcspn(text + pair.from, ";,");
        if (pair.to > end)
            pair.to = end;
        if (slip__xl_set_field(p->r, field, p->object, p->spec, pair.from, pair.to) < 0)
            return -1;
        pair.from = pair.to + 1;
    }
    return 0;
}

static const struct special *special_of(const struct pairs *pairs, const char *key, size_t len)
{
    for (const struct special *s = pairs->specials; s->key; s++) {
        size_t n = strlen(s->key);

        if (s->key[n - 1] == '*' ? len >= n && memcmp(s->key, key, n - 1) == 0
                                 : len == n && memcmp(s->key, key, n) == 0)
            return s;
    }
    return NULL;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Bytes [from, to) of the spec, as a pair. */
static struct pair split(const struct pairs *pairs, const struct xl_value *spec, size_t from,
                         size_t to)
{
    const char *equals = memchr(spec->text + from, '=', to - from);
    struct pair pair = {.key = from, .key_len = to - from, .from = to, .to = to, .equals = equals};

    if (equals) {
        pair.key_len = (size_t)(equals - spec->text) - from;
        pair.from = from + pair.key_len + 1;
    }
    while (pairs->trim && pair.key_len && is_blank(spec->text[pair.key + pair.key_len - 1]))
        pair.key_len--;
    while (pairs->trim && pair.from < pair.to && is_blank(spec->text[pair.from]))
        pair.from++;
    while (pairs->trim && pair.from < pair.to && is_blank(spec->text[pair.to - 1]))
        pair.to--;
    return pair;
}

/* Bytes [from, to) of the spec: one pair. */
static int read_pair(const struct reading *p, size_t from, size_t to)
{
    struct pair pair = split(p->pairs, p->spec, from, to);
    const char *key = p->spec->text + pair.key;
    const struct slip_field *field =
        pair.equals ? slip__field_find_len(p->pairs->record, key, pair.key_len) : NULL;
    const struct special *special = special_of(p->pairs, key, pair.key_len);
    const char *reason = slip__xl_ignored_part(p->pairs->record->name, key, pair.key_len);
    const struct slip_mark *old;
    struct slip_diag *d;

    if (reason) {
        slip__diag(p->r->diags, SLIP_CODE_KEY_IGNORED, slip__xl_part(p->spec, from, to),
                   "the %s's '%.*s' has no effect: %s", p->pairs->what, shown(pair.key_len), key,
                   reason);
        return 0;
    }
    if (special)
        return special->set(p, pair);
    if (!field || field->kind == SLIP_KIND_LIST)
        return slip__xl_pairs_unknown(p->r, p->pairs->record, p->spec, pair.key, pair.key_len);
    old = slip__field_mark(field, p->object);
    if (old->origin != SLIP_UNSET) {
        d = slip__diag(p->r->diags, p->pairs->code, slip__xl_part(p->spec, from, to),
                       "the %s's '%s' is given twice", p->pairs->what, field->key);
        slip__diag_note(d, old->span, "first given here");
        return 0;
    }
    if (field->kind == SLIP_KIND_STRS)
        return set_items(p, field, pair);
    return slip__xl_set_field(p->r, field, p->object, p->spec, pair.from, pair.to);
}

int slip__xl_pair(struct xl_reader *r, const struct slip_record *record, void *object,
                  const struct xl_value *spec, size_t from, size_t to)
{
    struct reading p = {r, kind_of(record), spec, object};

    return read_pair(&p, from, to);
}

int slip__xl_pairs_from(struct xl_reader *r, const struct slip_record *record, void *object,
                        const struct xl_value *spec, size_t pos)
{
    struct reading p = {r, kind_of(record), spec, object};
    size_t end;

    while (pos < spec->len) {
        pos += strspn(spec->text + pos, " ,");
        end = pos + strcspn(spec->text + pos, ",");
        if (end > pos && read_pair(&p, pos, end) < 0)
            return -1;
        pos = end;
    }
    return 0;
}

int slip__xl_pairs(struct xl_reader *r, const struct slip_field *field, const struct xl_value *spec)
{
    void *object = slip__list_add(field, r->guest, (struct slip_mark){spec->span, SLIP_GIVEN});

    return object ? slip__xl_pairs_from(r, field->item, object, spec, 0) : -1;
}
