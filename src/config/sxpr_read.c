/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The text of an s-expression into a tree. Without recursion: what is nested deeply costs no stack. It must not know what any
 * key means.
 */
#include <stdlib.h>
#include <string.h>

#include "config/sxpr.h"
#include "config/text.h"

/* Where the reading is. */
struct cursor {
    size_t pos;
    uint32_t list; /* the innermost open one */
    size_t depth;
    bool broken; /* nothing more can be read */
};

void slip__sx_tree_dispose(struct sx_tree *tree)
{
    free(tree->nodes);
    free(tree->pool);
    *tree = (struct sx_tree){0};
}

struct slip_span slip__sx_span(const struct sx_reader *r, uint32_t node)
{
    return slip__text_span(r->source, r->tree.nodes[node].start, r->tree.nodes[node].end);
}

struct slip_mark slip__sx_mark(const struct sx_reader *r, uint32_t node)
{
    return (struct slip_mark){.span = slip__sx_span(r, node), .origin = SLIP_GIVEN};
}

const char *slip__sx_head(const struct sx_reader *r, uint32_t list)
{
    uint32_t first = r->tree.nodes[list].text ? 0 : r->tree.nodes[list].first;

    return first && r->tree.nodes[first].text ? r->tree.nodes[first].text : "";
}

const char *slip__sx_value(const struct sx_reader *r, uint32_t list, uint32_t *ret_node)
{
    uint32_t first = r->tree.nodes[list].first, value = first ? r->tree.nodes[first].next : 0;

    if (ret_node)
        *ret_node = value ? value : list;
    return value ? r->tree.nodes[value].text : NULL;
}

uint32_t slip__sx_find(const struct sx_reader *r, uint32_t list, const char *key)
{
    for (uint32_t i = r->tree.nodes[list].first; i; i = r->tree.nodes[i].next) {
        if (!r->tree.nodes[i].text && strcmp(slip__sx_head(r, i), key) == 0)
            return i;
    }
    return 0;
}

/* A new node at the end of the open list, or 0 when there is no memory; too many are an error of the text. */
static uint32_t add(struct sx_reader *r, struct cursor *c, size_t start, const char *text)
{
    struct sx_tree *t = &r->tree;
    uint32_t node = (uint32_t)t->count;

    if (t->count == t->cap) {
        size_t cap = t->cap ? t->cap * 2 : 64;
        struct sx_node *nodes = realloc(t->nodes, cap * sizeof(*nodes));

        if (!nodes)
            return 0;
        t->nodes = nodes;
        t->cap = cap;
    }
    t->nodes[node] =
        (struct sx_node){.start = start, .end = start, .text = text, .parent = c->list};
    t->count++;
    if (t->nodes[c->list].last)
        t->nodes[t->nodes[c->list].last].next = node;
    else
        t->nodes[c->list].first = node;
    t->nodes[c->list].last = node;
    if (t->count > SLIP_LIMIT_SXPR_NODES) {
        slip__diag(r->diags, SLIP_CODE_LIST_TOO_LONG, slip__text_span(r->source, start, start + 1),
                   "there are over %u words and lists, the limit", SLIP_LIMIT_SXPR_NODES);
        c->broken = true;
    }
    return node;
}

/* What a backslash in front of the letter stands for, 0: nothing. */
static char simple_escape(char letter)
{
    static const char letters[] = "abtnvfr\\'\"", meant[] = "\a\b\t\n\v\f\r\\'\"";
    const char *at = letter ? strchr(letters, letter) : NULL;

    return at ? meant[at - letters] : 0;
}

/* Digits of a base, up to max of them, from pos on; returns how many. */
static size_t digits(const struct sx_reader *r, size_t pos, size_t max, unsigned base,
                     unsigned *ret)
{
    static const char all[] = "0123456789abcdef";
    size_t n = 0;

    *ret = 0;
    while (n < max && pos + n < r->len) {
        char c = r->text[pos + n];
        const char *at = strchr(all, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);

        if (!c || !at || (unsigned)(at - all) >= base)
            break;
        *ret = *ret * base + (unsigned)(at - all);
        n++;
    }
    return n;
}

/* The escape whose backslash is at pos: appends what it means to the pool; returns its length. */
static size_t escape(struct sx_reader *r, size_t pos)
{
    char next = pos + 1 < r->len ? r->text[pos + 1] : 0, meant = simple_escape(next);
    unsigned value;
    size_t n;
    struct slip_diag *d;

    if (next == '\n')
        return 2; /* the text goes on in the next line */
    if (next == '\r' && pos + 2 < r->len && r->text[pos + 2] == '\n')
        return 3;
    if (meant) {
        r->tree.pool[r->tree.used++] = meant;
        return 2;
    }
    n = next == 'x' ? digits(r, pos + 2, 2, 16, &value) : digits(r, pos + 1, 3, 8, &value);
    if (n && value && value < 256) {
        r->tree.pool[r->tree.used++] = (char)value;
        return next == 'x' ? n + 2 : n + 1;
    }
    d = slip__diag_as(r->diags, r->strictness.xl_compat ? SLIP_WARNING : SLIP_ERROR,
                      SLIP_CODE_BAD_ESCAPE,
                      slip__text_span(r->source, pos, pos + 2 < r->len ? pos + 2 : r->len),
                      "a backslash here means nothing");
    slip__diag_hint(d, "a backslash that is meant itself is written twice");
    r->tree.pool[r->tree.used++] = '\\';
    return 1;
}

static int read_string(struct sx_reader *r, struct cursor *c)
{
    size_t start = c->pos, at = r->tree.used, bad;
    char quote = r->text[c->pos++];
    uint32_t node;

    while (c->pos < r->len && r->text[c->pos] != quote) {
        if (r->text[c->pos] == '\\')
            c->pos += escape(r, c->pos);
        else
            r->tree.pool[r->tree.used++] = r->text[c->pos++];
    }
    if (c->pos >= r->len) {
        slip__diag(r->diags, SLIP_CODE_UNTERMINATED_STRING,
                   slip__text_span(r->source, start, start + 1), "this quote is never closed");
        c->pos = r->len;
        c->broken = true;
    } else {
        c->pos++;
    }
    if (!slip__text_utf8(r->tree.pool + at, r->tree.used - at, &bad))
        slip__diag(r->diags, SLIP_CODE_BAD_ESCAPE, slip__text_span(r->source, start, c->pos),
                   "the escapes in this string do not make UTF-8");
    r->tree.pool[r->tree.used++] = 0;
    node = add(r, c, start, r->tree.pool + at);
    if (!node)
        return -1;
    r->tree.nodes[node].end = c->pos;
    return 0;
}

static int read_atom(struct sx_reader *r, struct cursor *c)
{
    size_t start = c->pos, at = r->tree.used;
    uint32_t node;

    while (c->pos < r->len && !strchr(" \t\n\v\f\r()'\"", r->text[c->pos]) &&
           !(r->text[c->pos] == '\\' && c->pos + 1 < r->len && r->text[c->pos + 1] == '\n'))
        r->tree.pool[r->tree.used++] = r->text[c->pos++];
    r->tree.pool[r->tree.used++] = 0;
    node = add(r, c, start, r->tree.pool + at);
    if (!node)
        return -1;
    r->tree.nodes[node].end = c->pos;
    return 0;
}

static int open_list(struct sx_reader *r, struct cursor *c)
{
    uint32_t node = add(r, c, c->pos, NULL);

    if (!node)
        return -1;
    c->pos++;
    r->tree.nodes[node].end = c->pos;
    c->list = node;
    if (++c->depth > SLIP_LIMIT_SXPR_NESTING) {
        slip__diag(r->diags, SLIP_CODE_TOO_DEEP, slip__text_span(r->source, c->pos - 1, c->pos),
                   "lists are nested over %u deep", SLIP_LIMIT_SXPR_NESTING);
        c->broken = true;
    }
    return 0;
}

static void close_list(struct sx_reader *r, struct cursor *c)
{
    struct slip_span span = slip__text_span(r->source, c->pos, c->pos + 1);

    c->pos++;
    if (c->list) {
        r->tree.nodes[c->list].end = c->pos;
        c->list = r->tree.nodes[c->list].parent;
        c->depth--;
        return;
    }
    slip__diag_as(r->diags, r->strictness.xl_compat ? SLIP_WARNING : SLIP_ERROR,
                  SLIP_CODE_SXPR_EXTRA, span, "this ')' closes nothing");
}

static void unclosed(struct sx_reader *r, const struct cursor *c)
{
    const struct sx_node *inner = &r->tree.nodes[c->list];
    uint32_t outer = c->list;
    struct slip_diag *d;

    while (r->tree.nodes[outer].parent)
        outer = r->tree.nodes[outer].parent;
    d = slip__diag_as(r->diags, r->strictness.xl_compat ? SLIP_WARNING : SLIP_ERROR,
                      SLIP_CODE_SXPR_UNCLOSED,
                      slip__text_span(r->source, inner->start, inner->start + 1),
                      "%zu ')' missing at the end of the text: this '(' is open", c->depth);
    if (outer != c->list)
        slip__diag_note(
            d,
            slip__text_span(r->source, r->tree.nodes[outer].start, r->tree.nodes[outer].start + 1),
            "so is this one, the outermost");
    for (uint32_t i = c->list; i; i = r->tree.nodes[i].parent)
        r->tree.nodes[i].end = r->len;
}

/* Blanks, comments, and the backslash of a line that goes on. */
static size_t blank(const struct sx_reader *r, size_t pos)
{
    const char *end;

    if (strchr(" \t\n\v\f\r", r->text[pos]))
        return 1;
    if (r->text[pos] == '\\' && (pos + 1 == r->len || strchr("\r\n", r->text[pos + 1])))
        return 1;
    if (r->text[pos] != '#')
        return 0;
    end = memchr(r->text + pos, '\n', r->len - pos);
    return end ? (size_t)(end - r->text) - pos : r->len - pos;
}

int slip__sx_read(struct sx_reader *r)
{
    struct cursor c = {.pos = r->start};
    size_t skip;
    int rc = 0;

    /* Each atom takes its text and a NUL at most, and is at least a byte of text. */
    r->tree.pool = malloc(2 * r->len + 2);
    r->tree.nodes = calloc(64, sizeof(*r->tree.nodes));
    if (!r->tree.pool || !r->tree.nodes)
        return -1;
    r->tree.cap = 64;
    r->tree.count = 1;
    while (rc == 0 && !c.broken && c.pos < r->len) {
        char ch = r->text[c.pos];

        if ((skip = blank(r, c.pos)) > 0)
            c.pos += skip;
        else if (ch == '(')
            rc = open_list(r, &c);
        else if (ch == ')')
            close_list(r, &c);
        else
            rc = (ch == '\'' || ch == '"' ? read_string : read_atom)(r, &c);
    }
    if (rc == 0 && !c.broken && c.list)
        unclosed(r, &c);
    return rc;
}
