/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Diagnostics with the line they are about and carets under it, or as JSON lines. The text form is a contract (golden
 * tests, editors that parse file:line:column). Knows nothing of what the diagnostics are about.
 */
#include "render.h"

#include <jansson.h>
#include <string.h>

#include "text.h"

/* A longer line is shown as a window around the mark. */
#define LINE_COLUMNS    120u
#define WINDOW_COLUMNS  110u
#define COLUMNS_BEFORE  40u
#define RESET           "\033[0m"
#define MIN_GUTTER      2
#define SEVERITY_STYLES 3

static const struct {
    const char *word;
    const char *color;
} severities[SEVERITY_STYLES] = {
    [SLIP_NOTE] = {"note", "\033[1;36m"},
    [SLIP_WARNING] = {"warning", "\033[1;35m"},
    [SLIP_ERROR] = {"error", "\033[1;31m"},
};

/* The part of a line that is shown, as byte offsets; the mark lies in it. */
struct window {
    size_t from, to;
    size_t mark_from, mark_to;
};

static unsigned line_columns(const struct slip_place *p)
{
    struct text_cell cell;
    unsigned columns = 0;

    for (size_t at = 0; at < p->text_len && columns <= LINE_COLUMNS; at += cell.bytes) {
        cell = text_cell_at(p->text, p->text_len, at);
        columns += cell.columns;
    }
    return columns;
}

/* The start of the character before at (> 0), or of the byte if that is no character. */
static size_t step_back(const struct slip_place *p, size_t at)
{
    for (size_t size = 1; size <= 4 && size <= at; size++) {
        if (text_cell_at(p->text, p->text_len, at - size).bytes == size)
            return at - size;
    }
    return at - 1;
}

static struct window choose_window(const struct slip_place *p)
{
    struct window w = {.to = p->text_len};
    struct text_cell cell;
    unsigned columns;

    w.mark_from = p->text_col < p->text_len ? p->text_col : p->text_len;
    w.mark_to = w.mark_from + p->mark_len;
    if (line_columns(p) > LINE_COLUMNS) {
        w.from = w.mark_from;
        for (columns = 0; w.from > 0 && columns < COLUMNS_BEFORE; columns++)
            w.from = step_back(p, w.from);
        w.to = w.from;
        for (columns = 0; w.to < p->text_len && columns < WINDOW_COLUMNS; w.to += cell.bytes) {
            cell = text_cell_at(p->text, p->text_len, w.to);
            columns += cell.columns;
        }
    }
    if (w.mark_to > w.to)
        w.mark_to = w.to;
    return w;
}

static void show_line(FILE *out, const struct slip_place *p, const struct window *w, int gutter)
{
    struct text_cell cell;

    fprintf(out, " %*u |%s%s", gutter, p->line, p->text_len ? " " : "", w->from ? "..." : "");
    for (size_t at = w->from; at < w->to; at += cell.bytes) {
        cell = text_cell_at(p->text, p->text_len, at);
        fputs(cell.shown, out);
    }
    fputs(w->to < p->text_len ? "...\n" : "\n", out);
}

/* Tabs before the mark are kept, so that the carets stand right whatever a tab's width is. */
static void show_carets(FILE *out, const struct slip_place *p, const struct window *w, int gutter)
{
    struct text_cell cell;
    bool marked = false;
    size_t at;

    fprintf(out, " %*s | %s", gutter, "", w->from ? "   " : "");
    for (at = w->from; at < w->mark_from; at += cell.bytes) {
        cell = text_cell_at(p->text, p->text_len, at);
        if (at + cell.bytes > w->mark_from) /* the mark starts inside a character: mark it all */
            break;
        fprintf(out, "%*s", (int)cell.columns, cell.tab ? "\t" : "");
    }
    for (; at < w->mark_to; at += cell.bytes) {
        cell = text_cell_at(p->text, p->text_len, at);
        for (unsigned i = 0; i < cell.columns; i++, marked = true)
            fputc(marked ? '~' : '^', out);
        if (cell.tab && at + 1 < w->mark_to)
            fputc('\t', out);
    }
    fputs(marked ? "\n" : "^\n", out);
}

/* "vm.cfg:12:9: error: message [SLIP-214]", and the line with carets if there is a place. */
static void show(const struct render *r, enum slip_severity severity, const struct slip_place *p,
                 const char *message, unsigned code, int gutter)
{
    const char *name = p ? p->source_name : r->name;

    if (name) {
        text_print(r->out, name);
        fputs(":", r->out);
        if (p)
            fprintf(r->out, "%u:%u:", p->line, p->column);
        fputs(" ", r->out);
    }
    fprintf(r->out, "%s%s:%s ", r->color ? severities[severity].color : "",
            severities[severity].word, r->color ? RESET : "");
    text_print(r->out, message);
    if (code)
        fprintf(r->out, " [SLIP-%03u]", code);
    fputs("\n", r->out);
    if (p) {
        struct window w = choose_window(p);

        show_line(r->out, p, &w, gutter);
        show_carets(r->out, p, &w, gutter);
    }
}

static void show_hint(const struct render *r, const char *hint)
{
    fputs("hint: ", r->out);
    text_print(r->out, hint);
    fputs("\n", r->out);
}

static int digits(unsigned n)
{
    int count = 1;

    while (n /= 10)
        count++;
    return count;
}

/* Room for the largest line number that this diagnostic and its notes show. */
static int gutter_of(const struct slip_diags *diags, const struct slip_diag *diag)
{
    struct slip_place place;
    struct slip_span span;
    int gutter = MIN_GUTTER;

    if (slip_diags_place(diags, slip_diag_span(diag), &place) && digits(place.line) > gutter)
        gutter = digits(place.line);
    for (size_t i = 0; slip_diag_note(diag, i, &span); i++) {
        if (slip_diags_place(diags, span, &place) && digits(place.line) > gutter)
            gutter = digits(place.line);
    }
    return gutter;
}

static void show_diag(const struct render *r, const struct slip_diags *diags,
                      const struct slip_diag *diag)
{
    int gutter = gutter_of(diags, diag);
    struct slip_place place;
    struct slip_span span;
    const char *message;
    bool placed;

    placed = slip_diags_place(diags, slip_diag_span(diag), &place);
    show(r, slip_diag_severity(diag), placed ? &place : NULL, slip_diag_message(diag),
         slip_diag_code(diag), gutter);
    for (size_t i = 0; (message = slip_diag_note(diag, i, &span)); i++) {
        placed = slip_diags_place(diags, span, &place);
        show(r, SLIP_NOTE, placed ? &place : NULL, message, 0, gutter);
    }
    if (slip_diag_hint(diag))
        show_hint(r, slip_diag_hint(diag));
}

/* "end" is the column after the last marked byte, on the same line. */
static void set_place(json_t *object, const struct render *r, const struct slip_diags *diags,
                      struct slip_span span)
{
    struct slip_place p;

    if (!slip_diags_place(diags, span, &p)) {
        json_object_set_new(object, "file", text_json(r->name, r->name ? strlen(r->name) : 0));
        return;
    }
    json_object_set_new(object, "file", text_json(p.source_name, strlen(p.source_name)));
    json_object_set_new(object, "line", json_integer(p.line));
    json_object_set_new(object, "column", json_integer(p.column));
    json_object_set_new(object, "end", json_integer((json_int_t)(p.column + p.mark_len)));
}

static void set_text(json_t *object, const char *key, const char *text)
{
    if (text)
        json_object_set_new(object, key, text_json(text, strlen(text)));
}

static json_t *json_head(enum slip_severity severity, unsigned code, const char *message,
                         const char *hint)
{
    json_t *object = json_object();
    char name[24];

    set_text(object, "severity", severities[severity].word);
    if (code) {
        snprintf(name, sizeof(name), "SLIP-%03u", code);
        set_text(object, "code", name);
    }
    set_text(object, "message", message);
    set_text(object, "hint", hint);
    return object;
}

static void put_json(const struct render *r, json_t *object)
{
    if (object)
        json_dumpf(object, r->out, JSON_COMPACT);
    fputs("\n", r->out);
    json_decref(object);
}

static void json_diag(const struct render *r, const struct slip_diags *diags,
                      const struct slip_diag *diag)
{
    json_t *object, *notes = json_array();
    struct slip_span span;
    const char *message;

    object = json_head(slip_diag_severity(diag), slip_diag_code(diag), slip_diag_message(diag),
                       slip_diag_hint(diag));
    set_place(object, r, diags, slip_diag_span(diag));
    for (size_t i = 0; (message = slip_diag_note(diag, i, &span)); i++) {
        json_t *note = json_head(SLIP_NOTE, 0, message, NULL);

        set_place(note, r, diags, span);
        json_array_append_new(notes, note);
    }
    json_object_set_new(object, "notes", notes);
    put_json(r, object);
}

static void show_count(FILE *out, const char *sep, size_t n, const char *word)
{
    if (n)
        fprintf(out, "%s%zu %s%s", sep, n, word, n == 1 ? "" : "s");
}

static void show_summary(const struct render *r, const struct slip_diags *diags, size_t first)
{
    size_t n[SEVERITY_STYLES] = {0}, dropped = slip_diags_dropped(diags);
    const struct slip_diag *diag;

    for (size_t i = first; (diag = slip_diags_at(diags, i)); i++)
        n[slip_diag_severity(diag)]++;
    if (n[SLIP_ERROR] + n[SLIP_WARNING] + dropped < 2)
        return;
    show_count(r->out, "", n[SLIP_ERROR], "error");
    show_count(r->out, n[SLIP_ERROR] ? ", " : "", n[SLIP_WARNING], "warning");
    if (dropped)
        fprintf(r->out, ", %zu more not shown", dropped);
    fputs("\n", r->out);
}

void render_diags(const struct render *r, const struct slip_diags *diags, size_t first)
{
    const struct slip_diag *diag;

    for (size_t i = first; (diag = slip_diags_at(diags, i)); i++)
        (r->json ? json_diag : show_diag)(r, diags, diag);
    if (!r->json && slip_diags_count(diags) > first)
        show_summary(r, diags, first);
}

void render_error(const struct render *r, const char *message, unsigned code, const char *hint)
{
    if (r->json) {
        put_json(r, json_head(SLIP_ERROR, code, message, hint));
        return;
    }
    show(r, SLIP_ERROR, NULL, message, code, MIN_GUTTER);
    if (hint)
        show_hint(r, hint);
}
