/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Checks on how values are written, by the schema: texts that are not of their syntax, spellings that have a newer one.
 * Generic: they know no field but those of the table of deprecated ones.
 */
#include <string.h>

#include "base/cleanup.h"
#include "guest/rules.h"

/* Those that have a check of their own, with words of its own, and those that only formats care for. */
static bool checked_elsewhere(enum slip_syntax syntax)
{
    switch (syntax) {
    case SLIP_SYNTAX_ANY:
    case SLIP_SYNTAX_PART:
    case SLIP_SYNTAX_NAME:
    case SLIP_SYNTAX_MAC:
    case SLIP_SYNTAX_BACKENDTYPE:
    case SLIP_SYNTAX_VIFTYPE:
    case SLIP_SYNTAX_PREFIX:
        return true;
    default:
        return false;
    }
}

static void check_str(struct slip_rules *r, const struct slip_field *field,
                      const struct slip_str *str)
{
    const char *problem = slip__syntax_problem(field->syntax, str->value);

    if (problem && str != &r->guest->uuid)
        slip__diag(r->diags, SLIP_CODE_BAD_FORM, str->mark.span, "'%.60s' %s", str->value, problem);
}

static void check_object(struct slip_rules *r, const struct slip_record *record, const void *object)
{
    for (size_t i = 0; i < record->n_fields; i++) {
        const struct slip_field *field = &record->fields[i];
        const struct slip_mark *mark = (const void *)((const char *)object + field->offset);
        const struct slip_strs *strs = (const void *)mark;
        const struct slip_disk_list *list = (const void *)mark; /* every list has its shape */

        if (mark->origin != SLIP_GIVEN)
            continue;
        if (field->kind == SLIP_KIND_LIST) {
            for (size_t k = 0; k < list->count; k++)
                check_object(r, field->item,
                             (const char *)(const void *)list->items + k * field->item->size);
        } else if (field->kind == SLIP_KIND_STR && !checked_elsewhere(field->syntax)) {
            check_str(r, field, (const void *)mark);
        } else if (field->kind == SLIP_KIND_STRS && !checked_elsewhere(field->syntax)) {
            for (size_t k = 0; k < strs->count; k++)
                check_str(r, field, &strs->items[k]);
        }
    }
}

static const struct {
    const char *name;
    const char *hint;
} deprecated[] = {
    {"stdvga", "write vga = \"stdvga\", or \"cirrus\""},
    {"altp2mhvm", "write altp2m = \"mixed\""},
    {"slice", "Xen has no SEDF scheduler any more; remove it"},
    {"latency", "Xen has no SEDF scheduler any more; remove it"},
    {"device_model", "write device_model_override"},
};

static void check_deprecated(struct slip_rules *r)
{
    for (size_t i = 0; i < SLIP_COUNT(deprecated); i++) {
        const struct slip_field *field = slip__field_named(&slip__record_guest, deprecated[i].name);
        const struct slip_mark *mark = slip__field_mark(field, r->guest);
        struct slip_diag *d;

        if (mark->origin != SLIP_GIVEN)
            continue;
        d = slip__diag(r->diags, SLIP_CODE_DEPRECATED, mark->span, "'%s' is deprecated",
                       field->key);
        slip__diag_hint(d, "%s", deprecated[i].hint);
    }
}

void slip__rules_check_form(struct slip_rules *r)
{
    check_object(r, &slip__record_guest, r->guest);
    check_deprecated(r);
}
