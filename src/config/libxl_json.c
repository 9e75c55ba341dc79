/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The libxl-json format: how likely a text is one, and libxl's JSON into a guest. What is printed as {"domid":..., "config": {...}} is
 * read, too. The JSON library says no places, so values are found again in the text by their keys, which come in the same order.
 */
#include "config/libxl_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "config/libxl_json_read.h"
#include "config/limits.h"
#include "config/text.h"

/* --- places ---------------------------------------------------------------------------------------------------------- */

static size_t blank(const struct jx_reader *r, size_t pos)
{
    while (pos < r->len && strchr(" \t\r\n", r->text[pos]))
        pos++;
    return pos;
}

/* The end of the value that begins at pos. */
static size_t value_end(const struct jx_reader *r, size_t pos)
{
    if (pos < r->len && r->text[pos] == '"') {
        for (pos++; pos < r->len && r->text[pos] != '"'; pos++)
            pos += r->text[pos] == '\\';
        return pos < r->len ? pos + 1 : r->len;
    }
    if (pos < r->len && strchr("{[", r->text[pos]))
        return pos + 1;
    while (pos < r->len && !strchr(" \t\r\n,]}", r->text[pos]))
        pos++;
    return pos;
}

struct slip_mark slip__jx_mark(struct jx_reader *r, const char *key)
{
    struct slip_mark mark = {.origin = SLIP_GIVEN};
    size_t len = strlen(key), pos = r->cursor, colon;

    while (r->lost < SLIP_LIMIT_JSON_LOST && pos + len + 2 <= r->len) {
        const char *at = memmem(r->text + pos, r->len - pos, key, len);

        if (!at)
            break;
        pos = (size_t)(at - r->text);
        colon = pos + len + 1 <= r->len ? blank(r, pos + len + 1) : r->len;
        if (pos && at[-1] == '"' && pos + len < r->len && at[len] == '"' && colon < r->len &&
            r->text[colon] == ':') {
            size_t start = blank(r, colon + 1), end = value_end(r, start);

            r->cursor = end;
            mark.span = slip__text_span(r->source, start, end);
            return mark;
        }
        pos += len ? len : 1; /* a key may be empty */
    }
    r->lost++;
    return mark;
}

/* --- one value ------------------------------------------------------------------------------------------------------- */

void slip__jx_wrong(struct jx_reader *r, struct slip_mark mark, const char *key, const char *what)
{
    slip__diag(r->diags, SLIP_CODE_WRONG_KIND, mark.span, "'%s' takes %s", key, what);
}

int slip__jx_set_text(struct slip_str *str, const char *text, struct slip_mark mark)
{
    return slip__str_set(str, text, strlen(text), mark);
}

static int set_texts(struct jx_reader *r, const char *key, struct slip_strs *strs,
                     const json_t *value, struct slip_mark mark)
{
    if (!json_is_array(value) || json_array_size(value) > SLIP_LIMIT_LIST_ITEMS) {
        slip__jx_wrong(r, mark, key, "a list of texts");
        return 0;
    }
    strs->mark = mark;
    for (size_t i = 0; i < json_array_size(value); i++) {
        const char *text = json_string_value(json_array_get(value, i));

        if (!text)
            slip__jx_wrong(r, mark, key, "a list of texts");
        else if (slip__strs_add(strs, text, strlen(text), mark) < 0)
            return -1;
    }
    return 0;
}

/* A number or a switch, by its kind. false: it is none, and that was said. */
static bool number_of(struct jx_reader *r, const struct jx_key *key, const struct slip_field *field,
                      const json_t *value, struct slip_mark mark, int64_t *ret)
{
    const char *text = json_string_value(value);

    if (key->kind == JX_DEFBOOL && text) {
        *ret = strcmp(text, "True") == 0;
        if (*ret || strcmp(text, "False") == 0)
            return true;
    }
    if (key->kind == JX_FLAG && json_is_boolean(value)) {
        *ret = json_is_true(value);
        return true;
    }
    if (key->kind == JX_WORD && text) {
        if (slip__jx_value(field->words, text, ret))
            return true;
        slip__diag(r->diags, SLIP_CODE_UNKNOWN_WORD, mark.span, "'%s' can't be '%.60s'", key->key,
                   text);
        return false;
    }
    if ((key->kind == JX_INT || key->kind == JX_MIB) && json_is_integer(value)) {
        *ret = json_integer_value(value);
        if (key->kind == JX_MIB && *ret % 1024)
            slip__diag(r->diags, SLIP_CODE_ROUNDED, mark.span,
                       "%lld KiB are no whole MiB: %lld are taken", (long long)*ret,
                       (long long)(*ret / 1024));
        if (key->kind == JX_MIB)
            *ret /= 1024;
        if (field->kind != SLIP_KIND_INT || (*ret >= field->min && *ret <= field->max))
            return true;
        slip__diag(r->diags, SLIP_CODE_OUT_OF_RANGE, mark.span, "'%s' can't be %lld", key->key,
                   (long long)json_integer_value(value));
        return false;
    }
    slip__jx_wrong(r, mark, key->key,
                   key->kind == JX_DEFBOOL ? "\"True\" or \"False\""
                   : key->kind == JX_FLAG  ? "true or false"
                   : key->kind == JX_WORD  ? "a word"
                                           : "a number");
    return false;
}

static int set_value(struct jx_reader *r, const struct jx_key *key, void *record,
                     const json_t *value, struct slip_mark mark)
{
    const struct slip_field *field = slip__field_named(slip__jx_record(key->object), key->field);
    void *dst = slip__field_mark(field, record);
    int64_t n;

    if (key->kind == JX_TEXTS)
        return set_texts(r, key->key, dst, value, mark);
    if (key->kind == JX_TEXT && json_is_string(value))
        return slip__jx_set_text(dst, json_string_value(value), mark);
    if (key->kind == JX_TEXT) {
        slip__jx_wrong(r, mark, key->key, "a text");
        return 0;
    }
    if (number_of(r, key, field, value, mark, &n))
        slip__num_set(dst, n, mark);
    return 0;
}

static int keep(struct jx_reader *r, const char *path, const char *key, const json_t *value,
                struct slip_mark mark)
{
    const struct slip_field *field = slip__field_named(&slip__record_guest, "foreign");
    SLIP_AUTO_FREE char *whole = NULL;
    SLIP_AUTO_FREE char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    struct slip_foreign *foreign;
    struct slip_diag *d;

    if (!text || asprintf(&whole, "%s/%s", path, key) < 0)
        return -1;
    if (r->guest->foreign.count >= SLIP_LIMIT_LIST_ITEMS)
        return 0;
    d = slip__diag(r->diags, SLIP_CODE_PIECE_KEPT, mark.span, "'%.60s' has no meaning here", key);
    slip__diag_hint(d, "it is kept for a JSON that this one is made into");
    foreign = slip__list_add(field, r->guest, mark);
    return !foreign || slip__jx_set_text(&foreign->format, "libxl-json", mark) < 0 ||
                   slip__jx_set_text(&foreign->path, whole, mark) < 0 ||
                   slip__jx_set_text(&foreign->text, text, mark) < 0
               ? -1
               : 0;
}

int slip__jx_object(struct jx_reader *r, enum jx_object object, void *record, const json_t *json,
                    const char *path)
{
    const char *key;
    json_t *value;
    int rc = 0;

    if (!json_is_object(json)) {
        slip__jx_wrong(r, (struct slip_mark){0}, path, "an object");
        return 0;
    }
    json_object_foreach((json_t *)json, key, value)
    {
        const struct jx_key *k = slip__jx_keys;
        struct slip_mark mark = slip__jx_mark(r, key);

        while (k->key && (k->object != object || strcmp(k->key, key) != 0))
            k++;
        rc = k->key ? set_value(r, k, record, value, mark)
                    : slip__jx_special(r, object, record, key, value, mark, path);
        if (rc > 0)
            rc = keep(r, path, key, value, mark);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* --- the format ------------------------------------------------------------------------------------------------------- */

static json_t *load(struct jx_reader *r, size_t start)
{
    json_error_t error;
    json_t *json = json_loadb(r->text + start, r->len - start, JSON_REJECT_DUPLICATES, &error);
    size_t at = start + (size_t)(error.position > 0 ? error.position : 0);

    if (json)
        return json;
    if (at > r->len)
        at = r->len;
    slip__diag(r->diags, SLIP_CODE_JSON_SYNTAX,
               slip__text_span(r->source, at ? at - 1 : 0, at ? at : 0), "this is no JSON: %.80s",
               error.text);
    return NULL;
}

static void no_domain(struct jx_reader *r)
{
    struct slip_diag *d =
        slip__diag(r->diags, SLIP_CODE_JSON_ROOT, slip__text_span(r->source, 0, 0),
                   "this is no configuration of a domain");

    slip__diag_hint(d, "it is an object with c_info and b_info");
}

static int parse(unsigned source, struct slip_strictness strictness, struct slip_guest *guest,
                 struct slip_diags *diags, struct slip_error **err)
{
    struct jx_reader r = {
        .source = source, .strictness = strictness, .guest = guest, .diags = diags};
    json_t *whole, *config;
    size_t start = 0;
    int rc = 0;

    r.text = slip__diags_source(diags, source, &r.len);
    if (!r.text || !slip__text_sound(source, r.text, r.len, diags))
        return 0;
    start =
        r.len >= 3 && memcmp(r.text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0; /* after a byte order mark */
    whole = load(&r, start);
    if (!whole)
        return 0;
    config = json_is_array(whole) && json_array_size(whole) == 1 ? json_array_get(whole, 0) : whole;
    if (json_is_object(json_object_get(config, "config")))
        config = json_object_get(config, "config");
    if (json_is_object(json_object_get(config, "c_info")) &&
        json_is_object(json_object_get(config, "b_info")))
        rc = slip__jx_object(&r, JX_TOP, guest, config, "");
    else
        no_domain(&r);
    json_decref(whole);
    if (rc == 0)
        slip__jx_settle(&r);
    return rc < 0 ? slip__error_oom(err) : 0;
}

static int probe(const char *text, size_t len)
{
    size_t pos = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

    while (pos < len && memchr(" \t\r\n", text[pos], 4))
        pos++;
    if (pos == len || !memchr("{[", text[pos], 2))
        return 0;
    return memmem(text, len, "\"c_info\"", 8) ? 90 : 40; /* no xl.cfg begins so */
}

const struct slip_format slip__format_libxl_json = {
    .name = "libxl-json",
    .doc = "libxl's JSON, as `xl create -n` prints it",
    .probe = probe,
    .parse = parse,
    .emit = slip__jx_emit,
};
