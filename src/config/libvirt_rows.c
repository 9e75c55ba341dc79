/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows of the map, read and written. It must not know any element by name. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/libvirt.h"

void slip__libvirt_take_node(struct xml_node *node)
{
    for (; node && !node->taken; node = node->parent)
        node->taken = true;
}

bool slip__libvirt_at(struct xml_node *node, const char *path, struct xml_node **ret_node,
                      struct xml_attr **ret_attr)
{
    char name[64];

    *ret_attr = NULL;
    while (node && *path && *path != '@') {
        size_t len = strcspn(path, "/");

        snprintf(name, sizeof(name), "%.*s", (int)len, path);
        node = slip__xml_child(node, name, NULL);
        path += len + (path[len] == '/');
    }
    *ret_node = node;
    if (node && *path == '@')
        *ret_attr = slip__xml_attr(node, path + 1);
    return node && (*path != '@' || *ret_attr);
}

const char *slip__libvirt_take(struct xml_node *node, const char *name)
{
    struct xml_attr *attr = slip__xml_attr(node, name);

    if (!attr)
        return NULL;
    attr->taken = true;
    slip__libvirt_take_node(node);
    return attr->value;
}

bool slip__libvirt_is_index(const char *text, size_t n)
{
    char number[24];

    snprintf(number, sizeof(number), "%zu", n);
    return strcmp(text, number) == 0;
}

bool slip__libvirt_take_if(struct xml_node *node, const char *name, const char *value)
{
    struct xml_attr *attr = slip__xml_attr(node, name);

    if (!attr || strcmp(attr->value, value) != 0)
        return false;
    attr->taken = true;
    slip__libvirt_take_node(node);
    return true;
}

const char *slip__libvirt_take_text(struct xml_node *node)
{
    node->text_taken = true;
    slip__libvirt_take_node(node);
    return node->text ? node->text : "";
}

static struct slip_mark given(struct slip_span span)
{
    return (struct slip_mark){.span = span, .origin = SLIP_GIVEN};
}

void slip__libvirt_set(struct libvirt_reader *r, struct slip_str *str, const char *text,
                       struct slip_span span)
{
    if (slip__str_set(str, text, strlen(text), given(span)) < 0)
        r->oom = true;
}

void slip__libvirt_add(struct libvirt_reader *r, struct slip_strs *strs, const char *text,
                       struct slip_span span)
{
    if (slip__strs_add(strs, text, strlen(text), given(span)) < 0)
        r->oom = true;
}

void slip__libvirt_num(struct slip_num *num, int64_t value, struct slip_span span)
{
    slip__num_set(num, value, given(span));
}

void *slip__libvirt_item(struct libvirt_reader *r, const char *list, struct slip_span span)
{
    const struct slip_field *field = slip__field_named(&slip__record_guest, list);
    void *item = slip__list_add(field, r->guest, given(span));

    r->oom |= !item;
    return item;
}

bool slip__libvirt_number(struct libvirt_reader *r, const char *text, struct slip_span span,
                          const char *what, int64_t min, int64_t max, int64_t *ret)
{
    const char *p = text + strspn(text, " \t\r\n");
    bool negative = *p == '-';
    int base = 10;
    char *end;
    unsigned long long n;

    p += negative;
    if (p[0] == '0' && (p[1] | 0x20) == 'x')
        base = 16;
    n = strtoull(p, &end, base);
    end += strspn(end, " \t\r\n");
    if (!isxdigit((unsigned char)*p) || *end) {
        slip__diag(r->diags, SLIP_CODE_BAD_NUMBER, span, "'%.60s' is not a number", text);
        return false;
    }
    if (n > INT64_MAX || (negative ? -(int64_t)n : (int64_t)n) < min ||
        (negative ? -(int64_t)n : (int64_t)n) > max) {
        slip__diag(r->diags, SLIP_CODE_OUT_OF_RANGE, span,
                   "'%s' is %.60s; it goes from %lld to %lld", what, text, (long long)min,
                   (long long)max);
        return false;
    }
    *ret = negative ? -(int64_t)n : (int64_t)n;
    return true;
}

/* How many bytes a unit of memory has, 0: it is none. */
static uint64_t unit_bytes(const char *unit)
{
    static const char letters[] = "KMGTPE";
    const char *letter;
    uint64_t bytes = 1;
    bool decimal;

    if (strcasecmp(unit, "b") == 0 || strcasecmp(unit, "bytes") == 0)
        return 1;
    letter = strchr(letters, toupper((unsigned char)unit[0]));
    if (!*unit || !letter)
        return 0;
    decimal = strcasecmp(unit + 1, "b") == 0;
    if (unit[1] && !decimal && strcasecmp(unit + 1, "ib") != 0)
        return 0;
    for (const char *p = letters; p <= letter; p++)
        bytes *= decimal ? 1000 : 1024;
    return bytes;
}

/* Memory of an element or an attribute in MiB, rounded up as libvirt does. */
static bool mebibytes(struct libvirt_reader *r, struct xml_node *node, const char *text,
                      struct slip_span span, const struct slip_field *field, int64_t *ret)
{
    const char *unit = slip__libvirt_take(node, "unit");
    uint64_t bytes = unit_bytes(unit ? unit : "KiB"), total;
    int64_t n;

    if (!bytes) {
        slip__diag(r->diags, SLIP_CODE_UNKNOWN_WORD, slip__xml_attr(node, "unit")->span,
                   "'%.60s' is no unit of memory", unit);
        return false;
    }
    if (!slip__libvirt_number(r, text, span, node->name, 0, INT64_MAX, &n))
        return false;
    if (__builtin_mul_overflow((uint64_t)n, bytes, &total) || total > (uint64_t)field->max << 20) {
        slip__diag(r->diags, SLIP_CODE_OUT_OF_RANGE, span, "'%s' is more than %lld MiB", node->name,
                   (long long)field->max);
        return false;
    }
    if (total % (1 << 20))
        slip__diag(r->diags, SLIP_CODE_ROUNDED, span,
                   "'%s' is counted in MiB: it becomes %llu of them", node->name,
                   (unsigned long long)(total >> 20) + 1);
    *ret = (int64_t)((total + (1 << 20) - 1) >> 20);
    if (*ret >= field->min)
        return true;
    slip__diag(r->diags, SLIP_CODE_OUT_OF_RANGE, span, "'%s' is less than %lld MiB", node->name,
               (long long)field->min);
    return false;
}

static bool word_value(const struct slip_field *field, const struct libvirt_row *row,
                       const char *text, int64_t *ret)
{
    static const struct libvirt_word yes_no[] = {{"yes", 1}, {"no", 0}, {NULL, 0}};
    static const struct libvirt_word on_off[] = {{"on", 1}, {"off", 0}, {NULL, 0}};
    const struct libvirt_word *w = row->how == LIBVIRT_YESNO   ? yes_no
                                   : row->how == LIBVIRT_ONOFF ? on_off
                                                               : row->words;

    if (!w)
        return slip__enum_value(field->words, text, strlen(text), ret);
    for (; w->word; w++) {
        if (strcmp(w->word, text) == 0) {
            *ret = w->value;
            return true;
        }
    }
    return false;
}

static void unknown_word(struct libvirt_reader *r, const struct libvirt_row *row, const char *text,
                         struct slip_span span)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf words = {0};
    struct slip_diag *d = slip__diag(r->diags, SLIP_CODE_UNKNOWN_WORD, span,
                                     "'%s' can't be '%.60s'", row->path, text);

    for (const struct libvirt_word *w = row->words; w && w->word; w++)
        slip__buf_printf(&words, "%s%s", words.len ? ", " : "", w->word);
    if (row->how == LIBVIRT_ALWAYS && words.data)
        slip__diag_hint(d, "one of %s", words.data);
    else if (row->how != LIBVIRT_ALWAYS)
        slip__diag_hint(d, "one of %s", row->how == LIBVIRT_YESNO ? "yes, no" : "on, off");
}

/* True: whatever it says is dealt with. */
static bool read_row(struct libvirt_reader *r, const struct slip_field *field,
                     const struct libvirt_row *row, struct xml_node *node, const char *text,
                     struct slip_span span, void *value)
{
    int64_t n = 0;

    if (field->kind == SLIP_KIND_STR) {
        slip__libvirt_set(r, value, text, span);
        return true;
    }
    switch (row->how) {
    case LIBVIRT_PRESENT:
        slip__libvirt_num(value, 1, span);
        return true;
    case LIBVIRT_KIB:
        if (mebibytes(r, node, text, span, field, &n))
            slip__libvirt_num(value, n, span);
        return true;
    case LIBVIRT_YESNO:
    case LIBVIRT_ONOFF:
    case LIBVIRT_ALWAYS:
        if (!word_value(field, row, text, &n))
            unknown_word(r, row, text, span);
        else
            slip__libvirt_num(value, n, span);
        return true;
    case LIBVIRT_TEXT:
    case LIBVIRT_HEX:
        if (field->kind == SLIP_KIND_INT) {
            if (slip__libvirt_number(r, text, span, field->name, field->min, field->max, &n))
                slip__libvirt_num(value, n, span);
            return true;
        }
        if (!word_value(field, row, text, &n))
            return false; /* libvirt has words that the schema has not: it is kept as it is */
        slip__libvirt_num(value, n, span);
        return true;
    case LIBVIRT_CODE:
        break;
    }
    return false;
}

void slip__libvirt_read_rows(struct libvirt_reader *r, const struct libvirt_map *map,
                             struct xml_node *node, void *object)
{
    for (size_t i = 0; i < map->n_rows; i++) {
        const struct libvirt_row *row = &map->rows[i];
        const struct slip_field *field = slip__field_named(map->record, row->field);
        struct xml_node *at;
        struct xml_attr *attr;

        if (row->how == LIBVIRT_CODE || !slip__libvirt_at(node, row->path, &at, &attr))
            continue;
        if (!read_row(r, field, row, at,
                      attr       ? attr->value
                      : at->text ? at->text
                                 : "",
                      attr ? attr->span : at->text_span, slip__field_mark(field, object)))
            continue;
        slip__libvirt_take_node(at);
        if (attr)
            attr->taken = true;
        else
            at->text_taken = true;
    }
}

struct xml_node *slip__libvirt_new(struct libvirt_writer *w, struct xml_node *node,
                                   const char *name)
{
    struct xml_node *made = slip__xml_add(node, name, strlen(name));

    if (made)
        return made;
    w->oom = true;
    return node;
}

struct xml_node *slip__libvirt_make(struct libvirt_writer *w, struct xml_node *node,
                                    const char *path)
{
    char name[64];

    while (*path && *path != '@') {
        size_t len = strcspn(path, "/");
        struct xml_node *child;

        snprintf(name, sizeof(name), "%.*s", (int)len, path);
        child = slip__xml_child(node, name, NULL);
        node = child ? child : slip__libvirt_new(w, node, name);
        path += len + (path[len] == '/');
    }
    return node;
}

void slip__libvirt_attr(struct libvirt_writer *w, struct xml_node *node, const char *name,
                        const char *value)
{
    struct xml_attr *old = slip__xml_attr(node, name);
    char *copy;

    if (!old) {
        w->oom |= !slip__xml_attr_add(node, name, strlen(name), value, strlen(value));
        return;
    }
    copy = strdup(value);
    if (!copy) {
        w->oom = true;
        return;
    }
    free(old->value);
    old->value = copy;
}

void slip__libvirt_attrf(struct libvirt_writer *w, struct xml_node *node, const char *name,
                         const char *fmt, ...)
{
    char text[128];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    slip__libvirt_attr(w, node, name, text);
}

void slip__libvirt_text(struct libvirt_writer *w, struct xml_node *node, const char *text)
{
    char *copy = strdup(text);

    if (!copy) {
        w->oom = true;
        return;
    }
    free(node->text);
    node->text = copy;
}

bool slip__libvirt_say_attr(struct libvirt_writer *w, struct xml_node *node, const char *name,
                            struct slip_str *str)
{
    if (!SLIP_IS_SET(*str) || !slip__xml_sayable(str->value))
        return false;
    slip__libvirt_attr(w, node, name, str->value);
    slip__said(&str->mark);
    return true;
}

bool slip__libvirt_say_at(struct libvirt_writer *w, struct xml_node *node, const char *path,
                          const char *name, struct slip_str *str)
{
    return SLIP_IS_SET(*str) && slip__xml_sayable(str->value) &&
           slip__libvirt_say_attr(w, slip__libvirt_make(w, node, path), name, str);
}

/* The word for a value, NULL: there is none. text: room for a number. */
static const char *row_text(const struct slip_field *field, const struct libvirt_row *row,
                            const struct slip_num *num, char *text, size_t size)
{
    switch (row->how) {
    case LIBVIRT_PRESENT:
        return num->value ? "" : NULL;
    case LIBVIRT_YESNO:
        return num->value ? "yes" : "no";
    case LIBVIRT_ONOFF:
        return num->value ? "on" : "off";
    case LIBVIRT_KIB:
        snprintf(text, size, "%lld", (long long)num->value * 1024);
        return text;
    case LIBVIRT_HEX:
        snprintf(text, size, "0x%04llx", (unsigned long long)num->value);
        return text;
    case LIBVIRT_TEXT:
    case LIBVIRT_ALWAYS:
    case LIBVIRT_CODE:
        break;
    }
    if (field->kind == SLIP_KIND_INT) {
        snprintf(text, size, "%lld", (long long)num->value);
        return text;
    }
    for (const struct libvirt_word *word = row->words; word && word->word; word++) {
        if (word->value == num->value)
            return word->word;
    }
    return NULL;
}

/* The schema's default in libvirt's words. */
static const char *default_word(const struct slip_field *field, const struct libvirt_row *row)
{
    int64_t value = 0;

    slip__enum_value(field->words, field->default_text, strlen(field->default_text), &value);
    for (const struct libvirt_word *word = row->words; word->word; word++) {
        if (word->value == value)
            return word->word;
    }
    return row->words[0].word;
}

static void write_row(struct libvirt_writer *w, const struct slip_field *field,
                      const struct libvirt_row *row, struct xml_node *node, struct slip_mark *mark)
{
    const char *attr = strchr(row->path, '@'), *text;
    char number[32];

    if (field->kind == SLIP_KIND_STR) {
        text = ((const struct slip_str *)(const void *)mark)->value;
        if (!slip__xml_sayable(text))
            return;
    } else {
        text = row_text(field, row, (const void *)mark, number, sizeof(number));
    }
    /* What libvirt writes of every domain, with its own default for what it has no word for. */
    if (!text && row->how == LIBVIRT_ALWAYS && row->words)
        slip__libvirt_text(w, slip__libvirt_make(w, node, row->path), default_word(field, row));
    if (!text)
        return;
    node = slip__libvirt_make(w, node, row->path);
    if (attr)
        slip__libvirt_attr(w, node, attr + 1, text);
    else
        slip__libvirt_text(w, node, text);
    if (row->how == LIBVIRT_KIB)
        slip__libvirt_attr(w, node, "unit", "KiB");
    slip__said(mark);
}

void slip__libvirt_write_rows(struct libvirt_writer *w, const struct libvirt_map *map,
                              struct xml_node *node, void *object)
{
    for (size_t i = 0; i < map->n_rows; i++) {
        const struct libvirt_row *row = &map->rows[i];
        const struct slip_field *field = slip__field_named(map->record, row->field);
        struct slip_mark *mark = slip__field_mark(field, object);
        bool always = row->how == LIBVIRT_ALWAYS || row->how == LIBVIRT_KIB;

        if (row->how != LIBVIRT_CODE &&
            (mark->origin == SLIP_GIVEN || (always && mark->origin == SLIP_DEFAULT)))
            write_row(w, field, row, node, mark);
    }
}

void slip__libvirt_default(struct libvirt_writer *w, const char *setting, const char *fmt, ...)
{
    char text[200];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if (slip__loss(w->e->losses, SLIP_LOSS_DEFAULT, setting, SLIP_NO_SPAN, "%s", text) < 0)
        w->oom = true;
}

void slip__libvirt_rounded(struct libvirt_writer *w, const char *setting, struct slip_span span,
                           const char *fmt, ...)
{
    char text[200];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if (slip__loss(w->e->losses, SLIP_LOSS_ROUNDED, setting, span, "%s", text) < 0)
        w->oom = true;
}
