/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tokens of xl.cfg. It must not know the grammar, nor what any key means. */
#include <ctype.h>
#include <string.h>

#include "base/limits.h"
#include "config/xl.h"

/* In the C locale, whatever the program's is. */
static bool is_word_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* What ends a bare run of characters. */
static bool ends_bare(char c)
{
    return strchr(" \t\r\n;,[]#\"'=", c) != NULL;
}

struct slip_span slip__xl_span(const struct xl_reader *r, size_t start, size_t end)
{
    /* The text is at most SLIP_LIMIT_DESCRIPTION_BYTES long, so its offsets fit. */
    return (struct slip_span){r->source, (unsigned)start, (unsigned)end};
}

/* A carriage return before the end of a line is part of it. xl refuses those; files from other systems have them. */
static bool at_line_end(const struct xl_reader *r, size_t pos)
{
    return r->text[pos] == '\n' ||
           (r->text[pos] == '\r' && (pos + 1 == r->len || r->text[pos + 1] == '\n'));
}

static size_t skip_blank(const struct xl_reader *r, size_t pos)
{
    while (pos < r->len && is_blank(r->text[pos]))
        pos++;
    if (pos < r->len && r->text[pos] == '#') {
        while (pos < r->len && !at_line_end(r, pos))
            pos++;
    }
    return pos;
}

/* Three quotes in a row. xl has no use for them; xm's descriptions, which were Python, have such strings. */
static bool triple_at(const struct xl_reader *r, size_t pos)
{
    return r->len - pos >= 3 && r->text[pos + 1] == r->text[pos] &&
           r->text[pos + 2] == r->text[pos];
}

static struct xl_token lex_quoted(const struct xl_reader *r, size_t pos)
{
    bool triple = triple_at(r, pos);
    struct xl_token t = {.kind = XL_QUOTED, .start = pos, .quote_len = triple ? 3 : 1};
    char quote = r->text[pos];

    pos += t.quote_len;
    for (; pos < r->len; pos++) {
        if (!triple && at_line_end(r, pos))
            break;
        if (r->text[pos] == quote && (!triple || triple_at(r, pos))) {
            t.end = pos + t.quote_len;
            return t;
        }
        if (r->text[pos] == '\\' && pos + 1 < r->len && r->text[pos + 1] != '\n')
            pos++;
    }
    t.kind = XL_BROKEN;
    t.end = pos < r->len ? pos : r->len;
    return t;
}

static struct xl_token lex_run(const struct xl_reader *r, size_t pos)
{
    struct xl_token t = {.kind = XL_BARE, .start = pos};
    bool word = is_word_start(r->text[pos]), number = is_digit(r->text[pos]);

    while (pos < r->len && !ends_bare(r->text[pos])) {
        if (r->text[pos] == '+' && pos + 1 < r->len && r->text[pos + 1] == '=')
            break;
        if (!is_word_start(r->text[pos]) && !is_digit(r->text[pos]))
            word = number = false;
        pos++;
    }
    t.end = pos > t.start ? pos : t.start + 1;
    if (word)
        t.kind = XL_WORD;
    else if (number)
        t.kind = XL_NUMBER;
    return t;
}

static struct xl_token lex_at(const struct xl_reader *r, size_t pos)
{
    static const struct {
        char c;
        enum xl_token_kind kind;
    } marks[] = {
        {';', XL_SEMICOLON}, {',', XL_COMMA}, {'[', XL_OPEN}, {']', XL_CLOSE}, {'=', XL_SET},
    };

    if (pos == r->len)
        return (struct xl_token){.kind = XL_END, .start = pos, .end = pos};
    if (at_line_end(r, pos))
        return (struct xl_token){.kind = XL_NEWLINE,
                                 .start = pos,
                                 .end = pos + 1 + (r->text[pos] == '\r' && pos + 1 < r->len)};
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        if (r->text[pos] == marks[i].c)
            return (struct xl_token){.kind = marks[i].kind, .start = pos, .end = pos + 1};
    }
    if (r->text[pos] == '+' && pos + 1 < r->len && r->text[pos + 1] == '=')
        return (struct xl_token){.kind = XL_ADD, .start = pos, .end = pos + 2};
    if (r->text[pos] == '"' || r->text[pos] == '\'')
        return lex_quoted(r, pos);
    return lex_run(r, pos);
}

struct xl_token slip__xl_peek(const struct xl_reader *r)
{
    return lex_at(r, skip_blank(r, r->pos));
}

struct xl_token slip__xl_next(struct xl_reader *r)
{
    struct xl_token t = slip__xl_peek(r);

    r->pos = t.end;
    return t;
}
