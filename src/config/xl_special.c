/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keys whose value has more than one spelling, for historical reasons: a string or a list, a number or a word, lists of
 * lists. One function per key, one table. It must not know the grammar.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "config/xl.h"

static struct slip_mark mark_of(const struct xl_value *value)
{
    return (struct slip_mark){value->span, SLIP_GIVEN};
}

/* For "%.*s". */
static int shown(size_t len)
{
    return len > 60 ? 60 : (int)len;
}

static int set_len(struct xl_reader *r, const char *name, const struct xl_value *atom, size_t from,
                   size_t to)
{
    return slip__xl_set_field(r, slip__field_named(&slip__record_guest, name), r->guest, atom, from,
                              to);
}

/* Blanks in a set of CPUs mean nothing. */
static int cpu_set(struct slip_str *str, const struct xl_value *atom)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf text = {0};

    slip__buf_puts(&text, "");
    for (size_t i = 0; i < atom->len; i++) {
        if (!strchr(" \t\n", atom->text[i]))
            slip__buf_putc(&text, atom->text[i]);
    }
    return text.failed ? -1 : slip__str_set(str, text.data, text.len, mark_of(atom));
}

/* A string is for all vCPUs, a list has one set for each. */
static int affinity(struct xl_reader *r, const struct xl_value *value, struct slip_str *all,
                    struct slip_strs *each, const char *each_name)
{
    const struct slip_field *field = slip__field_named(&slip__record_guest, each_name);

    slip__field_dispose(field, r->guest);
    if (value->kind != XL_LIST)
        return cpu_set(all, value);
    each->mark = mark_of(value);
    for (size_t i = 0; i < value->count; i++) {
        const struct xl_value *item = &value->items[i];
        struct slip_str set = {0};
        int rc;

        if (item->kind == XL_LIST) {
            slip__xl_wrong_kind(r, field, item, "strings in its list");
            continue;
        }
        rc = cpu_set(&set, item);
        if (rc == 0)
            rc = slip__strs_add(each, set.value, strlen(set.value), set.mark);
        free(set.value);
        if (rc < 0)
            return -1;
    }
    return 0;
}

static int set_cpus(struct xl_reader *r, const struct slip_field *field,
                    const struct xl_value *value)
{
    (void)field;
    return affinity(r, value, &r->guest->cpus, &r->guest->cpus_each, "cpus_each");
}

static int set_cpus_soft(struct xl_reader *r, const struct slip_field *field,
                         const struct xl_value *value)
{
    (void)field;
    return affinity(r, value, &r->guest->cpus_soft, &r->guest->cpus_soft_each, "cpus_soft_each");
}

/* "host,tm=0": libxl's syntax, in items. A list is xend's and goes on as lists do. */
static int set_cpuid(struct xl_reader *r, const struct slip_field *field,
                     const struct xl_value *value)
{
    struct slip_strs *strs = &r->guest->cpuid;

    if (value->kind == XL_LIST)
        return slip__xl_strs(r, field, value);
    strs->mark = mark_of(value);
    for (size_t from = 0, to; from < value->len; from = to + 1) {
        to = from + strcspn(value->text + from, ",");
        if (to == from)
            continue;
        if (strs->count == 0 && strncmp(value->text + from, "host", to - from) != 0) {
            struct slip_diag *d =
                slip__diag(r->diags, SLIP_CODE_UNKNOWN_WORD, slip__xl_part(value, from, to),
                           "'cpuid' can't begin with '%.*s'", shown(to - from), value->text + from);

            slip__diag_hint(d, "write \"host,%.*s\"", shown(value->len), value->text);
            return 0;
        }
        if (slip__xl_set_field(r, field, r->guest, value, from, to) < 0)
            return -1;
    }
    return 0;
}

/* A boolean is the default groups, or none. */
static int set_viridian(struct xl_reader *r, const struct slip_field *field,
                        const struct xl_value *value)
{
    struct slip_num on = {0};
    struct slip_field boolean = *field;

    if (value->kind == XL_LIST)
        return slip__xl_strs(r, field, value);
    boolean.kind = SLIP_KIND_BOOL;
    boolean.unit = "";
    slip__xl_set_number(r, &boolean, &on, value);
    if (on.mark.origin == SLIP_UNSET)
        return 0;
    r->guest->viridian.mark = mark_of(value);
    return on.value ? slip__strs_add(&r->guest->viridian, "defaults", 8, mark_of(value)) : 0;
}

/* strategy=...,policy=... */
static int set_rdm(struct xl_reader *r, const struct slip_field *field,
                   const struct xl_value *value)
{
    static const struct {
        const char *key, *name;
    } parts[] = {{"strategy=", "rdm"}, {"policy=", "rdm_policy"}};
    size_t from, to, i;

    if (value->kind == XL_LIST) {
        slip__xl_wrong_kind(r, field, value, "a string");
        return 0;
    }
    slip__field_dispose(slip__field_named(&slip__record_guest, "rdm_policy"), r->guest);
    for (from = 0; from < value->len; from = to + 1) {
        from += strspn(value->text + from, " ");
        to = from + strcspn(value->text + from, ",");
        for (i = 0; i < SLIP_COUNT(parts); i++) {
            size_t len = strlen(parts[i].key);

            if (to - from < len || memcmp(value->text + from, parts[i].key, len) != 0)
                continue;
            if (set_len(r, parts[i].name, value, from + len, to) < 0)
                return -1;
            break;
        }
        if (i == SLIP_COUNT(parts)) {
            struct slip_diag *d =
                slip__diag(r->diags, SLIP_CODE_UNKNOWN_WORD, slip__xl_part(value, from, to),
                           "'rdm' has no '%.*s'", shown(to - from), value->text + from);

            slip__diag_hint(d, "write \"strategy=host,policy=relaxed\"");
        }
    }
    return 0;
}

/* A number is a boolean, a word a kind of card. */
static int set_gfx_passthru(struct xl_reader *r, const struct slip_field *field,
                            const struct xl_value *value)
{
    struct slip_field boolean = *field;

    if (value->kind != XL_LIST && strcmp(value->text, "default") == 0) {
        slip__num_set(&r->guest->gfx_passthru, SLIP_GFX_PASSTHRU_ON, mark_of(value));
        return 0;
    }
    if (value->kind == XL_LIST || value->text[0] < '0' || value->text[0] > '9')
        return slip__xl_atom(r, field, value);
    boolean.kind = SLIP_KIND_BOOL;
    boolean.unit = "";
    slip__xl_set_number(r, &boolean, &r->guest->gfx_passthru, value);
    return 0;
}

/* A word, or its number, which is deprecated. */
static int set_numbered(struct xl_reader *r, const struct slip_field *field,
                        const struct xl_value *value)
{
    struct slip_num *num = (void *)slip__field_mark(field, r->guest);
    struct slip_field number = *field;
    const char *word;
    struct slip_diag *d;

    if (value->kind == XL_LIST || value->text[0] < '0' || value->text[0] > '9')
        return slip__xl_atom(r, field, value);
    number.kind = SLIP_KIND_INT;
    number.unit = "";
    number.min = 0;
    number.max = (int64_t)field->words->count - 1;
    slip__xl_set_number(r, &number, num, value);
    word = num->mark.origin ? slip__enum_word(field->words, num->value) : NULL;
    if (word) {
        d = slip__diag(r->diags, SLIP_CODE_DEPRECATED, value->span,
                       "'%s' as a number is deprecated", field->key);
        slip__diag_hint(d, "write %s = \"%s\"", field->key, word);
    }
    return 0;
}

static const struct {
    const char *key;
    int (*set)(struct xl_reader *, const struct slip_field *, const struct xl_value *);
} specials[] = {
    {"cpus", set_cpus},         {"cpus_soft", set_cpus_soft},
    {"cpuid", set_cpuid},       {"viridian", set_viridian},
    {"rdm", set_rdm},           {"gfx_passthru", set_gfx_passthru},
    {"tsc_mode", set_numbered}, {"timer_mode", set_numbered},
    {"altp2m", set_numbered},
};

bool slip__xl_special(struct xl_reader *r, const struct slip_field *field,
                      const struct xl_value *value, int *ret_rc)
{
    for (size_t i = 0; i < SLIP_COUNT(specials); i++) {
        if (strcmp(specials[i].key, field->key) == 0) {
            *ret_rc = specials[i].set(r, field, value);
            return true;
        }
    }
    return false;
}

/* The items of a list that is a device by itself: only strings. */
static bool all_strings(struct xl_reader *r, const struct slip_field *field,
                        const struct xl_value *value)
{
    if (value->kind != XL_LIST) {
        slip__xl_wrong_kind(r, field, value, "lists in its list");
        return false;
    }
    for (size_t i = 0; i < value->count; i++) {
        if (value->items[i].kind == XL_LIST) {
            slip__xl_wrong_kind(r, field, &value->items[i], "strings in the lists in its list");
            return false;
        }
    }
    return true;
}

/* [ "pnode=0", "size=1024", "vcpus=0-1", "vdistances=10,20" ] */
int slip__xl_vnode(struct xl_reader *r, const struct slip_field *field,
                   const struct xl_value *value)
{
    void *node;

    if (!all_strings(r, field, value))
        return 0;
    node = slip__list_add(field, r->guest, mark_of(value));
    for (size_t i = 0; node && i < value->count; i++) {
        const struct xl_value *item = &value->items[i];

        if (slip__xl_pair(r, &slip__record_vnode, node, item, strspn(item->text, " \t"),
                          item->len) < 0)
            return -1;
    }
    return node ? 0 : -1;
}

/* What a sound card's string is about, by its first word. */
static void *vsnd_object(struct slip_vsnd *card, const struct xl_value *item,
                         const struct slip_record **ret_record)
{
    size_t len = strcspn(item->text, ",");
    const struct slip_field *pcms = slip__field_named(&slip__record_vsnd, "pcm");
    const struct slip_field *streams = slip__field_named(&slip__record_vsnd_pcm, "stream");

    if (len == 4 && strncasecmp(item->text, "card", len) == 0) {
        *ret_record = &slip__record_vsnd;
        return card;
    }
    if (len == 3 && strncasecmp(item->text, "pcm", len) == 0) {
        *ret_record = &slip__record_vsnd_pcm;
        return slip__list_add(pcms, card, mark_of(item));
    }
    *ret_record = &slip__record_vsnd_stream;
    if (card->pcm.count == 0 && !slip__list_add(pcms, card, mark_of(item)))
        return NULL;
    return slip__list_add(streams, &card->pcm.items[card->pcm.count - 1], mark_of(item));
}

static bool vsnd_word(const struct xl_value *item)
{
    static const char *const words[] = {"card", "pcm", "stream"};
    size_t len = strcspn(item->text, ",");

    for (size_t i = 0; i < SLIP_COUNT(words); i++) {
        if (strlen(words[i]) == len && strncasecmp(item->text, words[i], len) == 0)
            return true;
    }
    return false;
}

/* [ "card, ...", "pcm, ...", "stream, ...", ... ] */
int slip__xl_vsnd(struct xl_reader *r, const struct slip_field *field, const struct xl_value *value)
{
    struct slip_vsnd *card;
    const struct slip_record *record;

    if (!all_strings(r, field, value))
        return 0;
    card = slip__list_add(field, r->guest, mark_of(value));
    for (size_t i = 0; card && i < value->count; i++) {
        const struct xl_value *item = &value->items[i];
        size_t len = strcspn(item->text, ",");
        void *object;

        if (!vsnd_word(item)) {
            struct slip_diag *d =
                slip__diag(r->diags, SLIP_CODE_BAD_DEVICE, slip__xl_part(item, 0, len),
                           "a sound card has no '%.*s'", shown(len), item->text);

            slip__diag_hint(d, "its strings begin with card, pcm or stream");
            continue;
        }
        object = vsnd_object(card, item, &record);
        if (!object || slip__xl_pairs_from(r, record, object, item, len) < 0)
            return -1;
    }
    return card ? 0 : -1;
}
