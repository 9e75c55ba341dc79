/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network interfaces, and screens: lists of KEY=VALUE as in xl-network-configuration(5) and xl.cfg(5). It must not know what makes
 * one right. */
#include <string.h>

#include "base/suggest.h"
#include "config/xl.h"

/* What is being read. */
struct pairs {
    const struct slip_record *record;
    const char *what;    /* "interface" */
    const char *a;       /* with its article */
    enum slip_code code; /* of mistakes in it */
};

static const struct pairs vif_pairs = {&slip__record_vif, "interface", "an interface",
                                       SLIP_CODE_BAD_VIF};
static const struct pairs vfb_pairs = {&slip__record_vfb, "screen", "a screen", SLIP_CODE_BAD_VFB};

static const struct slip_field *find(const struct slip_record *record, const char *key, size_t len)
{
    for (size_t i = 0; i < record->n_fields; i++) {
        const struct slip_field *field = &record->fields[i];

        if (strlen(field->key) == len && memcmp(field->key, key, len) == 0)
            return field;
    }
    return NULL;
}

static void unknown(struct xl_reader *r, const struct pairs *pairs, const struct xl_value *spec,
                    size_t from, size_t len, bool equals)
{
    const char *text = spec->text + from, *known;
    struct slip_suggest suggest = slip__suggest(text, len);
    int shown = len > 60 ? 60 : (int)len;
    /* xl says so on stderr and goes on. */
    const enum slip_severity severity = r->strictness.xl_compat ? SLIP_WARNING : SLIP_ERROR;
    struct slip_span span = slip__xl_part(spec, from, from + len);
    struct slip_diag *d = equals ? slip__diag_as(r->diags, severity, pairs->code, span,
                                                 "%s has no '%.*s'", pairs->a, shown, text)
                                 : slip__diag_as(r->diags, severity, pairs->code, span,
                                                 "'%.*s' is no KEY=VALUE", shown, text);

    for (size_t i = 0; i < pairs->record->n_fields; i++)
        slip__suggest_try(&suggest, pairs->record->fields[i].key);
    for (size_t i = 0; (known = slip__xl_ignored_part_at(pairs->record->name, i, NULL)); i++)
        slip__suggest_try(&suggest, known);
    if (equals && suggest.best)
        slip__diag_hint(d, "did you mean '%s'?", suggest.best);
}

/* Bytes [from, to) of the spec: one pair. */
static int pair(struct xl_reader *r, const struct pairs *pairs, void *object,
                const struct xl_value *spec, size_t from, size_t to)
{
    const char *text = spec->text + from, *equals = memchr(text, '=', to - from), *reason;
    size_t len = equals ? (size_t)(equals - text) : to - from;
    const struct slip_field *field = equals ? find(pairs->record, text, len) : NULL;
    const struct slip_mark *old;
    struct slip_diag *d;

    reason = slip__xl_ignored_part(pairs->record->name, text, len);
    if (reason) {
        slip__diag(r->diags, SLIP_CODE_KEY_IGNORED, slip__xl_part(spec, from, to),
                   "the %s's '%.*s' has no effect: %s", pairs->what, len > 60 ? 60 : (int)len, text,
                   reason);
        return 0;
    }
    if (!field) {
        unknown(r, pairs, spec, from, len, equals != NULL);
        return 0;
    }
    old = slip__field_mark(field, object);
    if (old->origin != SLIP_UNSET) {
        d = slip__diag(r->diags, pairs->code, slip__xl_part(spec, from, to),
                       "the %s's '%s' is given twice", pairs->what, field->key);
        slip__diag_note(d, old->span, "first given here");
        return 0;
    }
    return slip__xl_set_field(r, field, object, spec, from + len + 1, to);
}

static int read_pairs(struct xl_reader *r, const struct pairs *pairs, const struct xl_value *spec)
{
    const struct slip_field *field = slip__field_find(&slip__record_guest, pairs->record->name);
    void *object = slip__list_add(field, r->guest, (struct slip_mark){spec->span, SLIP_GIVEN});
    size_t pos = 0, end;

    if (!object)
        return -1;
    while (pos < spec->len) {
        pos += strspn(spec->text + pos, " ,");
        end = pos + strcspn(spec->text + pos, ",");
        if (end > pos && pair(r, pairs, object, spec, pos, end) < 0)
            return -1;
        pos = end;
    }
    return 0;
}

int slip__xl_vif(struct xl_reader *r, const struct xl_value *spec)
{
    return read_pairs(r, &vif_pairs, spec);
}

int slip__xl_vfb(struct xl_reader *r, const struct xl_value *spec)
{
    return read_pairs(r, &vfb_pairs, spec);
}
