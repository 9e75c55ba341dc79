/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of diagnostics and the texts they point into. Line and column are found when somebody asks. */
#include "base/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

struct note {
    char *message;
    struct slip_span span;
};

struct slip_diag {
    enum slip_code code;
    enum slip_severity severity;
    struct slip_span span;
    char *message;
    char *hint;
    size_t n_notes;
    struct note notes[SLIP_LIMIT_DIAG_NOTES];
};

struct source {
    char *name;
    char *text;
    size_t len;
};

struct slip_diags {
    struct source *sources;
    unsigned n_sources;
    /* Errors and the rest have room of their own, so that many warnings cannot hide an error. */
    struct slip_diag list[2 * SLIP_LIMIT_DIAGS];
    size_t count;
    size_t errors;
    size_t listed_errors;
    size_t dropped;
};

struct slip_diags *slip_diags_new(void)
{
    return calloc(1, sizeof(struct slip_diags));
}

static void diag_dispose(struct slip_diag *diag)
{
    free(diag->message);
    free(diag->hint);
    for (size_t i = 0; i < diag->n_notes; i++)
        free(diag->notes[i].message);
}

void slip_diags_free(struct slip_diags *diags)
{
    if (!diags)
        return;
    for (size_t i = 0; i < diags->count; i++)
        diag_dispose(&diags->list[i]);
    for (unsigned i = 0; i < diags->n_sources; i++) {
        free(diags->sources[i].name);
        free(diags->sources[i].text);
    }
    free(diags->sources);
    free(diags);
}

unsigned slip__diags_add_source(struct slip_diags *diags, const char *name, const void *text,
                                size_t len)
{
    struct source *sources, s = {.name = strdup(name), .text = malloc(len + 1), .len = len};

    sources = realloc(diags->sources, (diags->n_sources + 1) * sizeof(*sources));
    if (sources)
        diags->sources = sources;
    if (!sources || !s.name || !s.text) {
        free(s.name);
        free(s.text);
        return 0;
    }
    if (len)
        memcpy(s.text, text, len);
    s.text[len] = 0;
    sources[diags->n_sources] = s;
    return ++diags->n_sources;
}

const char *slip__diags_source(const struct slip_diags *diags, unsigned source, size_t *ret_len)
{
    if (source == 0 || source > diags->n_sources)
        return NULL;
    *ret_len = diags->sources[source - 1].len;
    return diags->sources[source - 1].text;
}

static struct slip_diag *append(struct slip_diags *diags, enum slip_severity severity,
                                enum slip_code code, struct slip_span span, char *message)
{
    size_t listed;
    struct slip_diag *diag;

    if (severity == SLIP_ERROR)
        diags->errors++;
    listed = severity == SLIP_ERROR ? diags->listed_errors : diags->count - diags->listed_errors;
    if (!message || listed == SLIP_LIMIT_DIAGS) {
        free(message);
        diags->dropped++;
        return NULL;
    }
    diag = &diags->list[diags->count++];
    diags->listed_errors += severity == SLIP_ERROR;
    *diag =
        (struct slip_diag){.code = code, .severity = severity, .span = span, .message = message};
    return diag;
}

SLIP_PRINTF(1, 0)
static char *format(const char *fmt, va_list ap)
{
    char *text;

    return vasprintf(&text, fmt, ap) < 0 ? NULL : text;
}

struct slip_diag *slip__diag(struct slip_diags *diags, enum slip_code code, struct slip_span span,
                             const char *fmt, ...)
{
    const struct slip_code_info *info = slip_code_find((unsigned)code);
    va_list ap;
    char *message;

    va_start(ap, fmt);
    message = format(fmt, ap);
    va_end(ap);
    return append(diags, info ? info->severity : SLIP_ERROR, code, span, message);
}

struct slip_diag *slip__diag_as(struct slip_diags *diags, enum slip_severity severity,
                                enum slip_code code, struct slip_span span, const char *fmt, ...)
{
    va_list ap;
    char *message;

    va_start(ap, fmt);
    message = format(fmt, ap);
    va_end(ap);
    return append(diags, severity, code, span, message);
}

void slip__diag_note(struct slip_diag *diag, struct slip_span span, const char *fmt, ...)
{
    va_list ap;
    char *message;

    if (!diag || diag->n_notes == SLIP_LIMIT_DIAG_NOTES)
        return;
    va_start(ap, fmt);
    message = format(fmt, ap);
    va_end(ap);
    if (message)
        diag->notes[diag->n_notes++] = (struct note){message, span};
}

void slip__diag_hint(struct slip_diag *diag, const char *fmt, ...)
{
    va_list ap;

    if (!diag)
        return;
    free(diag->hint);
    va_start(ap, fmt);
    diag->hint = format(fmt, ap);
    va_end(ap);
}

size_t slip_diags_count(const struct slip_diags *diags)
{
    return diags->count;
}

size_t slip_diags_errors(const struct slip_diags *diags)
{
    return diags->errors;
}

size_t slip_diags_dropped(const struct slip_diags *diags)
{
    return diags->dropped;
}

const struct slip_diag *slip_diags_at(const struct slip_diags *diags, size_t index)
{
    return index < diags->count ? &diags->list[index] : NULL;
}

bool slip_diags_place(const struct slip_diags *diags, struct slip_span span, struct slip_place *ret)
{
    const struct source *s;
    size_t start, end, line_start = 0, line_end;
    unsigned line = 1;

    if (span.source == 0 || span.source > diags->n_sources)
        return false;
    s = &diags->sources[span.source - 1];
    start = span.start < s->len ? span.start : s->len;
    end = span.end < s->len ? span.end : s->len;
    for (size_t i = 0; i < start; i++) {
        if (s->text[i] == '\n') {
            line++;
            line_start = i + 1;
        }
    }
    line_end = line_start;
    while (line_end < s->len && s->text[line_end] != '\n')
        line_end++;
    if (end > line_end)
        end = line_end;
    *ret = (struct slip_place){
        .source_name = s->name,
        .line = line,
        .column = (unsigned)(start - line_start) + 1,
        .text = s->text + line_start,
        .text_len = line_end - line_start,
        .text_col = start - line_start,
        .mark_len = end > start ? end - start : 0,
    };
    if (ret->text_len && ret->text[ret->text_len - 1] == '\r' && line_end < s->len)
        ret->text_len--;
    return true;
}

unsigned slip_diag_code(const struct slip_diag *diag)
{
    return (unsigned)diag->code;
}

enum slip_severity slip_diag_severity(const struct slip_diag *diag)
{
    return diag->severity;
}

const char *slip_diag_message(const struct slip_diag *diag)
{
    return diag->message;
}

struct slip_span slip_diag_span(const struct slip_diag *diag)
{
    return diag->span;
}

const char *slip_diag_hint(const struct slip_diag *diag)
{
    return diag->hint;
}

size_t slip_diag_note_count(const struct slip_diag *diag)
{
    return diag->n_notes;
}

const char *slip_diag_note(const struct slip_diag *diag, size_t index, struct slip_span *ret_span)
{
    if (index >= diag->n_notes)
        return NULL;
    if (ret_span)
        *ret_span = diag->notes[index].span;
    return diag->notes[index].message;
}
