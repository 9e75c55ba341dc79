/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The grammar of xl.cfg: tokens -> statements, one at a time. A mistake is reported once and reading goes on at the next
 * statement. It must not know what any key means.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "config/text.h"
#include "config/xl.h"

/* Results of the functions below: one that failed has reported why. */
enum { OK = 0, NO_MEMORY = -1, BAD = 1 };

void slip__xl_value_dispose(struct xl_value *value)
{
    for (size_t i = 0; i < value->count; i++)
        slip__xl_value_dispose(&value->items[i]); /* as deep as SLIP_LIMIT_NESTING */
    free(value->items);
    free(value->text);
    *value = (struct xl_value){0};
}

struct slip_span slip__xl_part(const struct xl_value *value, size_t from, size_t to)
{
    if (!value->text_pos)
        return value->span;
    return (struct slip_span){value->span.source, (unsigned)(value->text_pos + from),
                              (unsigned)(value->text_pos + to)};
}

static struct slip_span token_span(const struct xl_reader *r, struct xl_token t)
{
    return slip__xl_span(r, t.start, t.end);
}

/* For "%.*s": a token's text, cut where a message would get too long. */
static int shown(struct xl_token t)
{
    return t.end - t.start > 40 ? 40 : (int)(t.end - t.start);
}

static const char python[] =
    "this looks like Python; a description is no program, its values are written out";

static bool python_word(const struct xl_reader *r, struct xl_token t)
{
    static const char *const words[] = {"import", "from",  "def",   "if",  "else",
                                        "for",    "while", "print", "try", "return"};

    for (size_t i = 0; i < SLIP_COUNT(words); i++) {
        if (strlen(words[i]) == t.end - t.start &&
            memcmp(words[i], r->text + t.start, t.end - t.start) == 0)
            return true;
    }
    return false;
}

/* Names what a token is, for "found ...". */
static const char *token_name(enum xl_token_kind kind)
{
    switch (kind) {
    case XL_END:
        return "the end of the text";
    case XL_NEWLINE:
        return "the end of the line";
    case XL_QUOTED:
        return "a string";
    case XL_BROKEN:
        return "a string";
    case XL_OPEN:
        return "'['";
    case XL_CLOSE:
        return "']'";
    case XL_COMMA:
        return "','";
    case XL_SEMICOLON:
        return "';'";
    case XL_SET:
        return "'='";
    case XL_ADD:
        return "'+='";
    default:
        return NULL;
    }
}

static struct slip_diag *unexpected(struct xl_reader *r, struct xl_token t, const char *expected)
{
    const char *name = token_name(t.kind);

    if (name)
        return slip__diag(r->diags, SLIP_CODE_SYNTAX, token_span(r, t), "expected %s, found %s",
                          expected, name);
    return slip__diag(r->diags, SLIP_CODE_SYNTAX, token_span(r, t), "expected %s, found '%.*s'",
                      expected, shown(t), r->text + t.start);
}

static bool hex_value(char c, unsigned *ret)
{
    static const char digits[] = "0123456789abcdef";
    const char *p = c ? strchr(digits, c | 0x20) : NULL;

    if (!p || (c < '0' || (c > '9' && c < 'A')))
        return false;
    *ret = (unsigned)(p - digits);
    return true;
}

/* One escape after a backslash at p (end is past the string's last byte). Returns how many bytes it takes, 0 if it is none. */
static size_t unescape(const char *p, const char *end, char *ret)
{
    static const char names[] = "abfnrtv\\'\"", values[] = "\a\b\f\n\r\t\v\\'\"";
    const char *known = p < end && *p ? strchr(names, *p) : NULL;
    unsigned value = 0, hi, lo;
    size_t n = 0;

    if (known) {
        *ret = values[known - names];
        return 1;
    }
    if (p < end && *p == 'x') {
        if (end - p < 3 || !hex_value(p[1], &hi) || !hex_value(p[2], &lo))
            return 0;
        *ret = (char)(hi * 16 + lo);
        return *ret ? 3 : 0;
    }
    while (n < 3 && p + n < end && p[n] >= '0' && p[n] <= '7')
        value = value * 8 + (unsigned)(p[n++] - '0');
    *ret = (char)value;
    return value >= 1 && value <= 255 ? n : 0;
}

static int decode_quoted(struct xl_reader *r, struct xl_token t, struct xl_value *ret)
{
    const char *p = r->text + t.start + t.quote_len, *end = r->text + t.end - t.quote_len;
    size_t bad;

    ret->text_pos = t.start + t.quote_len;
    ret->text = malloc((size_t)(end - p) + 1);
    if (!ret->text)
        return NO_MEMORY;
    while (p < end) {
        size_t n;

        if (*p != '\\') {
            ret->text[ret->len++] = *p++;
            continue;
        }
        n = unescape(p + 1, end, &ret->text[ret->len]);
        if (n == 0) {
            size_t at = (size_t)(p - r->text);
            struct slip_diag *d = slip__diag(r->diags, SLIP_CODE_BAD_ESCAPE,
                                             slip__xl_span(r, at, at + (p + 1 < end ? 2 : 1)),
                                             "'%.*s' is no escape", p + 1 < end ? 2 : 1, p);

            slip__diag_hint(d, "write \\\\ for a backslash");
            n = p + 1 < end ? 1 : 0;
            ret->text[ret->len] = '?'; /* so that the rest can be looked at */
        }
        p += 1 + n;
        ret->len++;
        ret->text_pos = 0;
    }
    ret->text[ret->len] = 0;
    if (!ret->text_pos && !slip__text_utf8(ret->text, ret->len, &bad)) {
        slip__diag(r->diags, SLIP_CODE_BAD_ESCAPE, token_span(r, t),
                   "the escapes in this string do not make UTF-8");
        ret->len = bad;
        ret->text[bad] = 0;
    }
    return OK;
}

static int plain_text(struct xl_reader *r, struct xl_token t, struct xl_value *ret)
{
    ret->text = strndup(r->text + t.start, t.end - t.start);
    ret->len = t.end - t.start;
    ret->text_pos = t.start;
    return ret->text ? OK : NO_MEMORY;
}

static bool word_is(const struct xl_reader *r, struct xl_token t, const char *word)
{
    return strlen(word) == t.end - t.start &&
           strncasecmp(word, r->text + t.start, t.end - t.start) == 0;
}

/* A text without quotes. On a command line that is how texts are written; in a file it is a slip. */
static int bare_value(struct xl_reader *r, struct xl_token t, struct xl_value *ret)
{
    static const struct {
        const char *word, *number;
    } slips[] = {{"true", "1"},  {"yes", "1"}, {"on", "1"},
                 {"false", "0"}, {"no", "0"},  {"off", "0"}};
    const char *text = r->text + t.start;
    struct slip_diag *d;
    int rc = plain_text(r, t, ret);

    if (rc != OK || r->override)
        return rc;
    ret->doubtful = true;
    if (t.kind == XL_BARE && text[0] >= '0' && text[0] <= '9' && !memchr(text, '/', ret->len)) {
        d = slip__diag(r->diags, SLIP_CODE_BAD_NUMBER, token_span(r, t), "'%.*s' is not a number",
                       shown(t), text);
        slip__diag_hint(d, "numbers are whole and have no unit; texts are in quotes");
        return OK;
    }
    d = slip__diag(r->diags, SLIP_CODE_UNQUOTED, token_span(r, t), "'%.*s' is not in quotes",
                   shown(t), text);
    for (size_t i = 0; i < SLIP_COUNT(slips); i++) {
        if (word_is(r, t, slips[i].word)) {
            slip__diag_hint(d, "write %s: booleans are 1 and 0", slips[i].number);
            return OK;
        }
    }
    if (memchr(text, '(', ret->len))
        slip__diag_hint(d, "%s", python);
    else
        slip__diag_hint(d, "write \"%.*s\"", shown(t), text);
    return OK;
}

static bool negative_number(const struct xl_reader *r, struct xl_token t)
{
    if (t.end - t.start < 2 || r->text[t.start] != '-')
        return false;
    for (size_t i = t.start + 1; i < t.end; i++) {
        if (r->text[i] < '0' || r->text[i] > '9')
            return false;
    }
    return true;
}

static int parse_atom(struct xl_reader *r, struct xl_token t, struct xl_value *ret)
{
    struct slip_diag *d;

    ret->span = token_span(r, t);
    ret->kind = XL_STRING;
    switch (t.kind) {
    case XL_QUOTED:
        return decode_quoted(r, t, ret);
    case XL_NUMBER:
        ret->kind = XL_NUMERAL;
        return plain_text(r, t, ret);
    case XL_WORD:
        return bare_value(r, t, ret);
    case XL_BARE:
        if (!negative_number(r, t))
            return bare_value(r, t, ret);
        ret->kind =
            XL_NUMERAL; /* xl knows none; its key's range says it better than we could here */
        return plain_text(r, t, ret);
    case XL_BROKEN:
        slip__diag(r->diags, SLIP_CODE_UNTERMINATED_STRING, token_span(r, t),
                   "the string has no closing %c", r->text[t.start]);
        return BAD;
    default:
        d = unexpected(r, t, "a value");
        if (t.kind == XL_END || t.kind == XL_NEWLINE)
            slip__diag_hint(
                d,
                "a value begins on the line of its key; \"\" is an empty text, [] an empty list");
        return BAD;
    }
}

/* Does a statement begin at the next token? */
static bool statement_follows(const struct xl_reader *r)
{
    struct xl_reader look = *r;
    struct xl_token t = slip__xl_next(&look);

    if (t.kind != XL_WORD)
        return false;
    t = slip__xl_peek(&look);
    return t.kind == XL_SET || t.kind == XL_ADD;
}

static void skip_newlines(struct xl_reader *r)
{
    while (slip__xl_peek(r).kind == XL_NEWLINE)
        slip__xl_next(r);
}

static int parse_value(struct xl_reader *r, unsigned depth, struct xl_value *ret);

/* One item into list. */
static int parse_item(struct xl_reader *r, unsigned depth, struct xl_value *list)
{
    struct xl_value *items;

    if (list->count == SLIP_LIMIT_LIST_ITEMS) {
        slip__diag(r->diags, SLIP_CODE_LIST_TOO_LONG, token_span(r, slip__xl_peek(r)),
                   "the list has over %u items, the limit", SLIP_LIMIT_LIST_ITEMS);
        return BAD;
    }
    /* Room grows by doubling: whenever count is a power of two. */
    if ((list->count & (list->count - 1)) == 0) {
        items = realloc(list->items, (list->count ? list->count * 2 : 1) * sizeof(*items));
        if (!items)
            return NO_MEMORY;
        list->items = items;
    }
    list->items[list->count] = (struct xl_value){0};
    return parse_value(r, depth + 1, &list->items[list->count++]);
}

static int unclosed(struct xl_reader *r, struct xl_token open, struct xl_token t)
{
    struct slip_diag *d = slip__diag(r->diags, SLIP_CODE_UNCLOSED_LIST, token_span(r, open),
                                     "the list has no closing ']'");

    if (t.kind == XL_END)
        slip__diag_note(d, token_span(r, t), "the text ends here");
    else
        slip__diag_note(d, token_span(r, t), "the next statement begins here");
    return BAD;
}

/* After '['. */
static int parse_list(struct xl_reader *r, struct xl_token open, unsigned depth,
                      struct xl_value *ret)
{
    int rc;

    ret->kind = XL_LIST;
    if (depth == SLIP_LIMIT_NESTING) {
        slip__diag(r->diags, SLIP_CODE_TOO_DEEP, token_span(r, open),
                   "lists are nested over %u deep, the limit", SLIP_LIMIT_NESTING);
        return BAD;
    }
    for (;;) {
        struct xl_token t;

        skip_newlines(r);
        t = slip__xl_peek(r);
        if (t.kind == XL_CLOSE)
            break;
        if (t.kind == XL_END || statement_follows(r))
            return unclosed(r, open, t);
        rc = parse_item(r, depth, ret);
        if (rc != OK)
            return rc;
        skip_newlines(r);
        t = slip__xl_peek(r);
        if (t.kind == XL_CLOSE)
            break;
        if (t.kind == XL_END || statement_follows(r))
            return unclosed(r, open, t);
        if (t.kind != XL_COMMA) {
            struct slip_diag *d = unexpected(r, t, "',' or ']'");

            if (t.kind == XL_QUOTED)
                slip__diag_hint(d, "items are separated by commas");
            return BAD;
        }
        slip__xl_next(r);
    }
    ret->span = slip__xl_span(r, open.start, slip__xl_next(r).end);
    return OK;
}

static int parse_value(struct xl_reader *r, unsigned depth, struct xl_value *ret)
{
    struct xl_token t = slip__xl_peek(r);

    /* What ends a statement stays, so that reading goes on behind it and not a line later. */
    if (t.kind != XL_NEWLINE && t.kind != XL_SEMICOLON)
        slip__xl_next(r);
    return t.kind == XL_OPEN ? parse_list(r, t, depth, ret) : parse_atom(r, t, ret);
}

/* To the end of a statement that went wrong: the end of its line, or, inside brackets, of the line that closes them. */
static void resync(struct xl_reader *r, size_t start)
{
    int depth = 0;
    struct xl_token t;

    /* Count the brackets from the start of the statement, so that the rest of a list is not taken for statements. */
    r->pos = start;
    for (;;) {
        t = slip__xl_next(r);
        if (t.kind == XL_OPEN)
            depth++;
        else if (t.kind == XL_CLOSE)
            depth--;
        if (t.kind == XL_END)
            return;
        if (t.kind == XL_NEWLINE && (depth <= 0 || statement_follows(r)))
            return;
    }
}

static int finish_statement(struct xl_reader *r, const struct xl_value *value)
{
    struct xl_token t = slip__xl_peek(r);
    struct slip_diag *d;

    if (t.kind == XL_END || t.kind == XL_NEWLINE || t.kind == XL_SEMICOLON) {
        slip__xl_next(r);
        return OK;
    }
    d = unexpected(r, t, "the end of the statement");
    if (t.kind == XL_BARE && strchr("+%*-.(", r->text[t.start]))
        slip__diag_hint(d, "%s", python);
    else if (t.kind == XL_COMMA)
        slip__diag_hint(d, "several values make a list: [ ..., ... ]");
    else if (value->kind == XL_STRING && t.start == value->span.end)
        slip__diag_hint(d, "a quote inside a string needs a backslash before it");
    else if (t.kind == XL_WORD)
        slip__diag_hint(d, "separate statements with a new line or ';'");
    else if (t.kind == XL_QUOTED)
        slip__diag_hint(d, "strings side by side are not joined");
    return BAD;
}

/* On a command line, is what comes after KEY= a text without quotes? */
static bool text_follows(const struct xl_reader *r)
{
    struct xl_reader look = *r;
    struct xl_token t = slip__xl_next(&look);

    if (t.kind == XL_QUOTED || t.kind == XL_BROKEN || t.kind == XL_OPEN)
        return false;
    if (t.kind == XL_NUMBER) {
        t = slip__xl_peek(&look);
        return t.kind != XL_END && t.kind != XL_NEWLINE && t.kind != XL_SEMICOLON;
    }
    return true;
}

static int rest_of_line(struct xl_reader *r, struct xl_value *ret)
{
    const char *end = memchr(r->text + r->pos, '\n', r->len - r->pos);
    struct xl_token t = {
        .kind = XL_BARE, .start = r->pos, .end = end ? (size_t)(end - r->text) : r->len};

    r->pos = t.end;
    ret->span = token_span(r, t);
    return plain_text(r, t, ret);
}

static int parse_statement(struct xl_reader *r, struct xl_token key)
{
    SLIP_AUTO(slip__xl_value_dispose) struct xl_value value = {0};
    struct xl_statement s = {.key = r->text + key.start,
                             .key_len = key.end - key.start,
                             .key_span = token_span(r, key),
                             .value = &value};
    struct xl_token t = slip__xl_peek(r);
    struct slip_diag *d;
    int rc;

    if (t.kind != XL_SET && t.kind != XL_ADD) {
        d = slip__diag(r->diags, SLIP_CODE_SYNTAX, s.key_span, "expected '=' after '%.*s'",
                       shown(key), s.key);
        if (python_word(r, key))
            slip__diag_hint(d, "%s", python);
        return BAD;
    }
    s.add = t.kind == XL_ADD;
    slip__xl_next(r);
    rc = r->override && text_follows(r) ? rest_of_line(r, &value) : parse_value(r, 0, &value);
    if (rc == OK)
        rc = finish_statement(r, &value);
    if (rc != OK)
        return rc;
    return slip__xl_apply(r, &s);
}

int slip__xl_statements(struct xl_reader *r)
{
    for (;;) {
        struct xl_token t = slip__xl_next(r);
        struct slip_diag *d;
        int rc = OK;

        if (t.kind == XL_END)
            return 0;
        if (t.kind == XL_NEWLINE || t.kind == XL_SEMICOLON)
            continue;
        if (t.kind == XL_WORD) {
            rc = parse_statement(r, t);
        } else {
            d = slip__diag(r->diags, SLIP_CODE_STRAY_CHARACTER, token_span(r, t),
                           "expected a key, found '%.*s'", shown(t), r->text + t.start);
            if (t.kind == XL_QUOTED)
                slip__diag_hint(d, "keys are written without quotes: KEY = VALUE");
            rc = BAD;
        }
        if (rc == NO_MEMORY)
            return -1;
        if (rc == BAD)
            resync(r, t.start);
    }
}
