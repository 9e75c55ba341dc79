/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network interfaces: xl-network-configuration(5)'s list of KEY=VALUE. It must not know what makes one right. */
#include <string.h>

#include "base/suggest.h"
#include "config/xl.h"

static const struct slip_field *find(const char *key, size_t len)
{
    for (size_t i = 0; i < slip__record_vif.n_fields; i++) {
        const struct slip_field *field = &slip__record_vif.fields[i];

        if (strlen(field->key) == len && memcmp(field->key, key, len) == 0)
            return field;
    }
    return NULL;
}

static void unknown(struct xl_reader *r, const struct xl_value *spec, size_t from, size_t len,
                    bool equals)
{
    const char *text = spec->text + from, *known;
    struct slip_suggest suggest = slip__suggest(text, len);
    int shown = len > 60 ? 60 : (int)len;
    struct slip_diag *d;

    /* xl says so on stderr and goes on. */
    d = slip__diag_as(r->diags, r->strictness.xl_compat ? SLIP_WARNING : SLIP_ERROR,
                      SLIP_CODE_BAD_VIF, slip__xl_part(spec, from, from + len),
                      equals ? "an interface has no '%.*s'" : "'%.*s' is no KEY=VALUE", shown,
                      text);
    for (size_t i = 0; i < slip__record_vif.n_fields; i++)
        slip__suggest_try(&suggest, slip__record_vif.fields[i].key);
    for (size_t i = 0; (known = slip__xl_ignored_part_at("vif", i, NULL)); i++)
        slip__suggest_try(&suggest, known);
    if (equals && suggest.best)
        slip__diag_hint(d, "did you mean '%s'?", suggest.best);
}

/* Bytes [from, to) of the spec: one pair. */
static int pair(struct xl_reader *r, struct slip_vif *vif, const struct xl_value *spec, size_t from,
                size_t to)
{
    const char *text = spec->text + from, *equals = memchr(text, '=', to - from), *reason;
    size_t len = equals ? (size_t)(equals - text) : to - from;
    const struct slip_field *field = equals ? find(text, len) : NULL;
    const struct slip_mark *old;
    struct slip_diag *d;

    reason = slip__xl_ignored_part("vif", text, len);
    if (reason) {
        slip__diag(r->diags, SLIP_CODE_KEY_IGNORED, slip__xl_part(spec, from, to),
                   "the interface's '%.*s' has no effect: %s", len > 60 ? 60 : (int)len, text,
                   reason);
        return 0;
    }
    if (!field) {
        unknown(r, spec, from, len, equals != NULL);
        return 0;
    }
    old = slip__field_mark(field, vif);
    if (old->origin != SLIP_UNSET) {
        d = slip__diag(r->diags, SLIP_CODE_BAD_VIF, slip__xl_part(spec, from, to),
                       "the interface's '%s' is given twice", field->key);
        slip__diag_note(d, old->span, "first given here");
        return 0;
    }
    return slip__xl_set_field(r, field, vif, spec, from + len + 1, to);
}

int slip__xl_vif(struct xl_reader *r, const struct xl_value *spec)
{
    const struct slip_field *field = slip__field_find(&slip__record_guest, "vif");
    struct slip_vif *vif =
        slip__list_add(field, r->guest, (struct slip_mark){spec->span, SLIP_GIVEN});
    size_t pos = 0, end;

    if (!vif)
        return -1;
    while (pos < spec->len) {
        pos += strspn(spec->text + pos, " ,");
        end = pos + strcspn(spec->text + pos, ",");
        if (end > pos && pair(r, vif, spec, pos, end) < 0)
            return -1;
        pos = end;
    }
    return 0;
}
