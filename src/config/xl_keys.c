/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a statement's key does with its value: sets a field of the guest, by the schema. It must not know the grammar. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/suggest.h"
#include "config/xl.h"

/* What a list of strings makes of one string. */
enum one_string { REFUSED, ONE_ITEM, SPLIT_AT_BLANKS };

static const struct {
    const char *key;
    enum one_string one;
} list_keys[] = {
    {"ramdisk", ONE_ITEM},                /* xl knows no list here */
    {"serial", ONE_ITEM},                 /* xl takes both */
    {"usbdevice", ONE_ITEM},              /* xl takes both */
    {"bootloader_args", SPLIT_AT_BLANKS}, /* xl takes both, and splits */
};

/* How a kind of value is called in messages. */
static const char *kind_name(const struct xl_value *value)
{
    static const char *const names[] = {
        [XL_STRING] = "a string", [XL_NUMERAL] = "a number", [XL_LIST] = "a list"};

    return names[value->kind];
}

void slip__xl_wrong_kind(struct xl_reader *r, const struct slip_field *field,
                         const struct xl_value *value, const char *wanted)
{
    struct slip_diag *d = slip__diag(r->diags, SLIP_CODE_WRONG_KIND, value->span,
                                     "'%s' takes %s, not %s", field->key, wanted, kind_name(value));

    if (value->kind != XL_LIST)
        slip__diag_hint(d, "put it in brackets: %s = [ ... ]", field->key);
    else if (field->kind == SLIP_KIND_INT || field->kind == SLIP_KIND_BOOL)
        slip__diag_hint(d, "write the number without brackets");
    else
        slip__diag_hint(d, "write the string without brackets");
}

/* As strtol() with base 0 reads it, which is what xl does: decimal, octal with a leading 0, hexadecimal with 0x. */
static bool parse_number(const char *text, size_t len, bool *ret_too_big, int64_t *ret)
{
    bool negative = len && text[0] == '-';
    size_t i = negative;
    int base = 10;
    int64_t value = 0;

    *ret_too_big = false;
    if (len - i > 2 && text[i] == '0' && (text[i + 1] | 0x20) == 'x') {
        base = 16;
        i += 2;
    } else if (len - i > 1 && text[i] == '0') {
        base = 8;
        i++;
    }
    if (i == len)
        return false;
    for (; i < len; i++) {
        int c = text[i] | 0x20;
        int digit = text[i] >= '0' && text[i] <= '9' ? text[i] - '0'
                    : c >= 'a' && c <= 'f'           ? c - 'a' + 10
                                                     : 99;

        if (digit >= base)
            return false;
        if (__builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, digit, &value)) {
            *ret_too_big = true;
            value = INT64_MAX / 32; /* go on: is the rest digits? */
        }
    }
    *ret = negative ? -value : value;
    return true;
}

/* For "%.*s": texts are cut where a message would get too long. */
static int shown(size_t len)
{
    return len > 60 ? 60 : (int)len;
}

static void bad_number(struct xl_reader *r, const struct slip_field *field, struct slip_span span,
                       const char *text, size_t len)
{
    struct slip_diag *d = slip__diag(r->diags, SLIP_CODE_BAD_NUMBER, span, "'%.*s' is not a number",
                                     shown(len), text);
    size_t digits = 0;

    while (digits < len && text[digits] >= '0' && text[digits] <= '9')
        digits++;
    if (digits && digits < len && *field->unit)
        slip__diag_hint(d, "'%s' counts in %s and takes the bare number", field->key, field->unit);
    else if (digits == len && len > 1 && text[0] == '0')
        slip__diag_hint(d, "a leading 0 means octal");
}

static void set_int(struct xl_reader *r, const struct slip_field *field, struct slip_num *num,
                    const char *text, size_t len, struct slip_mark mark)
{
    bool too_big;
    int64_t value;

    if (!parse_number(text, len, &too_big, &value)) {
        bad_number(r, field, mark.span, text, len);
        return;
    }
    if (field->kind == SLIP_KIND_BOOL) {
        slip__num_set(num, too_big || value != 0, mark); /* any number but 0 is true, as in xl */
        return;
    }
    if (too_big || value < field->min || value > field->max) {
        slip__diag(r->diags, SLIP_CODE_OUT_OF_RANGE, mark.span,
                   "'%s' is %.*s; it goes from %lld to %lld%s%s", field->key, shown(len), text,
                   (long long)field->min, (long long)field->max, *field->unit ? " " : "",
                   field->unit);
        value = field->min; /* set all the same, so that nobody says that it is missing */
    }
    slip__num_set(num, value, mark);
}

void slip__xl_set_number(struct xl_reader *r, const struct slip_field *field, struct slip_num *num,
                         const struct xl_value *atom)
{
    if (!atom->doubtful)
        set_int(r, field, num, atom->text, atom->len, (struct slip_mark){atom->span, SLIP_GIVEN});
}

static void all_words(const struct slip_enum_table *table, char *ret, size_t size)
{
    size_t len = 0;

    ret[0] = 0;
    for (size_t i = 0; i < table->count && len < size; i++)
        len += (size_t)snprintf(ret + len, size - len, "%s%s", i ? ", " : "", table->items[i].word);
}

/* libxl itself compares most words in any case, xl those of these two keys as they are. */
static bool any_case(const struct slip_enum_table *table, const char *text, size_t len,
                     int64_t *ret)
{
    if (strcmp(table->name, "type") == 0 || strcmp(table->name, "action") == 0)
        return false;
    for (size_t i = 0; i < table->count; i++) {
        if (strlen(table->items[i].word) == len &&
            strncasecmp(table->items[i].word, text, len) == 0) {
            *ret = table->items[i].value;
            return true;
        }
    }
    return false;
}

static void set_enum(struct xl_reader *r, const struct slip_field *field, struct slip_num *num,
                     const char *text, size_t len, struct slip_mark mark)
{
    struct slip_suggest suggest = slip__suggest(text, len);
    struct slip_diag *d;
    char words[256];
    int64_t value = 0;

    if (slip__enum_value(field->words, text, len, &value) ||
        any_case(field->words, text, len, &value)) {
        slip__num_set(num, value, mark);
        return;
    }
    if (strcmp(field->key, "type") == 0)
        d = slip__diag(r->diags, SLIP_CODE_UNKNOWN_WORD, mark.span, "unknown guest type '%.*s'",
                       shown(len), text);
    else
        d = slip__diag(r->diags, SLIP_CODE_UNKNOWN_WORD, mark.span, "'%s' can't be '%.*s'",
                       field->key, shown(len), text);
    for (size_t i = 0; i < field->words->count; i++)
        slip__suggest_try(&suggest, field->words->items[i].word);
    all_words(field->words, words, sizeof(words));
    if (suggest.best)
        slip__diag_hint(d, "did you mean \"%s\"?", suggest.best);
    else
        slip__diag_hint(d, "one of %s", words);
    /* Go on with what was meant, so that one slip makes one message. */
    if (suggest.best)
        slip__enum_value(field->words, suggest.best, strlen(suggest.best), &value);
    slip__num_set(num, value, mark);
}

int slip__xl_set_field(struct xl_reader *r, const struct slip_field *field, void *object,
                       const struct xl_value *atom, size_t from, size_t to)
{
    void *value = slip__field_mark(field, object);
    struct slip_mark mark = {slip__xl_part(atom, from, to), SLIP_GIVEN};
    const char *text = atom->text + from;

    /* The whole of an atom is shown with its quotes. */
    if (from == 0 && to == atom->len)
        mark.span = atom->span;
    switch (field->kind) {
    case SLIP_KIND_STR:
        return slip__str_set(value, text, to - from, mark);
    case SLIP_KIND_INT:
    case SLIP_KIND_BOOL:
        if (!atom->doubtful)
            set_int(r, field, value, text, to - from, mark);
        break;
    case SLIP_KIND_ENUM:
        set_enum(r, field, value, text, to - from, mark);
        break;
    case SLIP_KIND_STRS:
        return slip__strs_add(value, text, to - from, mark);
    case SLIP_KIND_LIST:
        break; /* an atom is no list: apply() does not come here with one */
    }
    return 0;
}

/* A list is bounded however many statements it is written in. Reports the first item past the limit. */
static bool list_full(struct xl_reader *r, const struct slip_field *field, size_t count,
                      struct slip_span span)
{
    if (count < SLIP_LIMIT_LIST_ITEMS)
        return false;
    slip__diag(r->diags, SLIP_CODE_LIST_TOO_LONG, span, "'%s' has over %u items, the limit",
               field->key, SLIP_LIMIT_LIST_ITEMS);
    return true;
}

static int add_split(struct xl_reader *r, const struct slip_field *field,
                     const struct xl_value *atom)
{
    const struct slip_strs *strs = (void *)slip__field_mark(field, r->guest);
    size_t from = 0, to;

    for (;;) {
        from += strspn(atom->text + from, " \t\n");
        if (from >= atom->len)
            return 0;
        to = from + strcspn(atom->text + from, " \t\n");
        if (list_full(r, field, strs->count, slip__xl_part(atom, from, to)))
            return 0;
        if (slip__xl_set_field(r, field, r->guest, atom, from, to) < 0)
            return -1;
        from = to;
    }
}

int slip__xl_strs(struct xl_reader *r, const struct slip_field *field, const struct xl_value *value)
{
    struct slip_strs *strs = (void *)slip__field_mark(field, r->guest);
    enum one_string one = REFUSED;

    for (size_t i = 0; i < SLIP_COUNT(list_keys); i++) {
        if (strcmp(list_keys[i].key, field->key) == 0)
            one = list_keys[i].one;
    }
    if (value->kind != XL_LIST && one == REFUSED) {
        slip__xl_wrong_kind(r, field, value, "a list of strings");
        return 0;
    }
    strs->mark = (struct slip_mark){value->span, SLIP_GIVEN};
    if (value->kind != XL_LIST && one == ONE_ITEM && list_full(r, field, strs->count, value->span))
        return 0;
    if (value->kind != XL_LIST)
        return one == SPLIT_AT_BLANKS
                   ? add_split(r, field, value)
                   : slip__xl_set_field(r, field, r->guest, value, 0, value->len);
    for (size_t i = 0; i < value->count; i++) {
        const struct xl_value *item = &value->items[i];

        if (list_full(r, field, strs->count, item->span))
            return 0;
        if (item->kind == XL_LIST)
            slip__xl_wrong_kind(r, field, item, "strings in its list");
        else if (slip__xl_set_field(r, field, r->guest, item, 0, item->len) < 0)
            return -1;
    }
    return 0;
}

/* What reads an item of a list of devices; the others are KEY=VALUE. */
static const struct {
    const struct slip_record *record;
    int (*read)(struct xl_reader *, const struct slip_field *, const struct xl_value *);
    bool list; /* the item is a list */
} items[] = {
    {&slip__record_disk, slip__xl_disk, false},     {&slip__record_pci, slip__xl_pci, false},
    {&slip__record_ioport, slip__xl_ioport, false}, {&slip__record_iomem, slip__xl_iomem, false},
    {&slip__record_vnode, slip__xl_vnode, true},    {&slip__record_vsnd, slip__xl_vsnd, true},
};

static int read_item(struct xl_reader *r, const struct slip_field *field,
                     const struct xl_value *item)
{
    size_t i = 0;

    while (i < SLIP_COUNT(items) && items[i].record != field->item)
        i++;
    if (i < SLIP_COUNT(items) && items[i].list)
        return items[i].read(r, field, item);
    if (item->kind == XL_LIST) {
        slip__xl_wrong_kind(r, field, item, "strings in its list");
        return 0;
    }
    return i < SLIP_COUNT(items) ? items[i].read(r, field, item) : slip__xl_pairs(r, field, item);
}

static int apply_records(struct xl_reader *r, const struct slip_field *field,
                         const struct xl_value *value)
{
    /* Every list of records has the shape of struct slip_disk_list (schema.c checks it). */
    const struct slip_disk_list *list = (void *)slip__field_mark(field, r->guest);

    if (value->kind != XL_LIST) {
        slip__xl_wrong_kind(r, field, value, "a list of strings");
        return 0;
    }
    *slip__field_mark(field, r->guest) = (struct slip_mark){value->span, SLIP_GIVEN};
    for (size_t i = 0; i < value->count; i++) {
        if (list_full(r, field, list->count, value->items[i].span))
            return 0;
        if (read_item(r, field, &value->items[i]) < 0)
            return -1;
    }
    return 0;
}

/* The string that is there, and this one behind it. Grown in place: a file may do this tens of thousands of times. */
static int extend_str(struct slip_str *str, const struct xl_value *value)
{
    size_t old = strlen(str->value);
    char *joined = realloc(str->value, old + value->len + 1);

    if (!joined)
        return -1;
    memcpy(joined + old, value->text, value->len);
    joined[old + value->len] = 0;
    *str = (struct slip_str){{value->span, SLIP_GIVEN}, joined};
    return 0;
}

int slip__xl_atom(struct xl_reader *r, const struct slip_field *field, const struct xl_value *value)
{
    if (value->kind == XL_LIST) {
        slip__xl_wrong_kind(r, field, value,
                            field->kind == SLIP_KIND_INT || field->kind == SLIP_KIND_BOOL
                                ? "a number"
                                : "a string");
        return 0;
    }
    return slip__xl_set_field(r, field, r->guest, value, 0, value->len);
}

static int apply_atom(struct xl_reader *r, const struct slip_field *field,
                      const struct xl_statement *s)
{
    struct slip_str *str = (void *)slip__field_mark(field, r->guest);

    if (s->add && s->value->kind != XL_LIST && field->kind == SLIP_KIND_STR && str->value)
        return extend_str(str, s->value);
    return slip__xl_atom(r, field, s->value);
}

/* Keys by another name. */
static const struct {
    const char *key, *field;
} aliases[] = {{"bootargs", "bootloader_args"}}; /* libvirt's and xm's */

static const struct slip_field *field_of(const struct xl_statement *s)
{
    const struct slip_field *field = slip__field_find_len(&slip__record_guest, s->key, s->key_len);

    for (size_t i = 0; !field && i < SLIP_COUNT(aliases); i++) {
        if (strlen(aliases[i].key) == s->key_len && memcmp(aliases[i].key, s->key, s->key_len) == 0)
            field = slip__field_named(&slip__record_guest, aliases[i].field);
    }
    return field;
}

static void unknown_key(struct xl_reader *r, const struct xl_statement *s)
{
    const char *reason = slip__xl_ignored_reason(s->key, s->key_len), *known;
    struct slip_suggest suggest = slip__suggest(s->key, s->key_len);
    struct xl_ignored_cursor cursor = {0};
    struct slip_diag *d;

    if (reason) {
        slip__diag(r->diags, SLIP_CODE_KEY_IGNORED, s->key_span, "'%.*s' has no effect: %s",
                   (int)s->key_len, s->key, reason);
        return;
    }
    d = slip__diag_as(r->diags, r->strictness.xl_compat ? SLIP_WARNING : SLIP_ERROR,
                      SLIP_CODE_UNKNOWN_KEY, s->key_span, "unknown key '%.*s'", shown(s->key_len),
                      s->key);
    if (!d) /* one too many to be listed: a suggestion would go nowhere */
        return;
    for (size_t i = 0; i < slip__record_guest.n_fields; i++) {
        if (slip__record_guest.fields[i].key_len)
            slip__suggest_try(&suggest, slip__record_guest.fields[i].key);
    }
    while ((known = slip__xl_ignored_next(&cursor, &reason)))
        slip__suggest_try(&suggest, known);
    if (suggest.best)
        slip__diag_hint(d, "did you mean '%s'?", suggest.best);
}

/* What = and += find in the field already. Returns false if the statement can't be. */
static bool prepare(struct xl_reader *r, const struct slip_field *field,
                    const struct xl_statement *s)
{
    const struct slip_mark *old = slip__field_mark(field, r->guest);
    struct slip_diag *d;

    if (s->add) {
        if (field->kind == SLIP_KIND_STR || field->kind == SLIP_KIND_STRS ||
            field->kind == SLIP_KIND_LIST)
            return true;
        d = slip__diag(r->diags, SLIP_CODE_CANNOT_EXTEND, s->key_span, "'%s' can't be added to",
                       field->key);
        slip__diag_hint(d, "write %s = ...", field->key);
        return false;
    }
    if (old->origin != SLIP_UNSET && !r->override) {
        d = slip__diag(r->diags, SLIP_CODE_KEY_REPEATED, s->key_span,
                       "'%s' is set again; this one wins", field->key);
        slip__diag_note(d, old->span, "first set here");
    }
    slip__field_dispose(field, r->guest);
    return true;
}

int slip__xl_apply(struct xl_reader *r, const struct xl_statement *s)
{
    const struct slip_field *field = field_of(s);
    int rc = 0;

    if (!field) {
        unknown_key(r, s);
        return 0;
    }
    if (!prepare(r, field, s))
        return 0;
    if (slip__xl_special(r, field, s->value, &rc))
        return rc;
    if (field->kind == SLIP_KIND_STRS)
        return slip__xl_strs(r, field, s->value);
    if (field->kind == SLIP_KIND_LIST)
        return apply_records(r, field, s->value);
    return apply_atom(r, field, s);
}
