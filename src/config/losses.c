/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Losses: the list, and the sweep that finds what an emitter did not say. It must not know any format, nor any
 * field. */
#include "config/losses.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

void slip__losses_dispose(struct slip_losses *losses)
{
    for (size_t i = 0; i < losses->count; i++) {
        free(losses->items[i].setting);
        free(losses->items[i].message);
    }
    free(losses->items);
    *losses = (struct slip_losses){0};
}

int slip__loss(struct slip_losses *losses, enum slip_loss_kind kind, const char *setting,
               struct slip_span span, const char *fmt, ...)
{
    struct slip_loss loss = {.kind = kind, .span = span};
    struct slip_loss *items;
    va_list args;
    int rc;

    /* Room grows by doubling: whenever count is a power of two. */
    if ((losses->count & (losses->count - 1)) == 0) {
        items = realloc(losses->items, (losses->count ? losses->count * 2 : 1) * sizeof(*items));
        if (!items)
            return -1;
        losses->items = items;
    }
    loss.setting = strdup(setting ? setting : "");
    va_start(args, fmt);
    rc = vasprintf(&loss.message, fmt, args);
    va_end(args);
    if (rc < 0 || !loss.setting) {
        if (rc >= 0)
            free(loss.message);
        free(loss.setting);
        return -1;
    }
    losses->items[losses->count++] = loss;
    return 0;
}

const char *slip__loss_word(enum slip_loss_kind kind)
{
    static const char *const words[] = {[SLIP_LOSS_UNSAYABLE] = "unsayable",
                                        [SLIP_LOSS_DEFAULT] = "default",
                                        [SLIP_LOSS_ROUNDED] = "rounded",
                                        [SLIP_LOSS_OWN] = "own"};

    return words[kind];
}

/* Every list of records has the shape of struct slip_disk_list (schema.c checks it). */
static void *item_at(const struct slip_field *field, const void *list, size_t index)
{
    return (char *)((const struct slip_disk_list *)list)->items + index * field->item->size;
}

void slip__said_all(const struct slip_record *record, void *object)
{
    for (size_t i = 0; i < record->n_fields; i++) {
        const struct slip_field *field = &record->fields[i];
        struct slip_mark *mark = slip__field_mark(field, object);
        struct slip_disk_list *list = (void *)mark;

        mark->said = true;
        for (size_t k = 0; field->kind == SLIP_KIND_LIST && k < list->count; k++)
            slip__said_all(field->item, item_at(field, list, k));
    }
}

/* The sweep's state. where: "vif[0]." and what it is part of. */
struct sweep {
    struct slip_losses *losses;
    const char *format;
    char where[128];
};

static int unsaid(const struct sweep *s, const char *name, struct slip_span span)
{
    char setting[256];

    snprintf(setting, sizeof(setting), "%s%s", s->where, name);
    return slip__loss(s->losses, SLIP_LOSS_UNSAYABLE, setting, span, "%s has no words for '%s'",
                      s->format, setting);
}

static bool item_said(const struct slip_record *record, const void *object);

/* Is anything of it said? */
static bool any_said(const struct slip_field *field, const struct slip_mark *mark)
{
    const struct slip_strs *strs = (const void *)mark;
    const struct slip_disk_list *list = (const void *)mark;

    if (mark->said)
        return true;
    for (size_t i = 0; field->kind == SLIP_KIND_STRS && i < strs->count; i++) {
        if (strs->items[i].mark.said)
            return true;
    }
    for (size_t i = 0; field->kind == SLIP_KIND_LIST && i < list->count; i++) {
        if (item_said(field->item, item_at(field, list, i)))
            return true;
    }
    return false;
}

static bool item_said(const struct slip_record *record, const void *object)
{
    for (size_t i = 0; i < record->n_fields; i++) {
        const struct slip_field *field = &record->fields[i];

        if (any_said(field, (const void *)((const char *)object + field->offset)))
            return true;
    }
    return false;
}

static int sweep_strs(struct sweep *s, const struct slip_field *field, const struct slip_strs *strs)
{
    char name[96];

    for (size_t i = 0; !strs->mark.said && i < strs->count; i++) {
        if (strs->items[i].mark.said)
            continue;
        snprintf(name, sizeof(name), "%s[%zu]", field->name, i);
        if (unsaid(s, name, strs->items[i].mark.span) < 0)
            return -1;
    }
    return 0;
}

static int sweep_object(struct sweep *s, const struct slip_record *record, const void *object);

/* The best place for an item: the first of its values that has one. */
static struct slip_span item_span(const struct slip_record *record, const void *object,
                                  struct slip_span otherwise)
{
    for (size_t i = 0; i < record->n_fields; i++) {
        const struct slip_mark *mark =
            (const void *)((const char *)object + record->fields[i].offset);

        if (mark->origin == SLIP_GIVEN && mark->span.source)
            return mark->span;
    }
    return otherwise;
}

static int sweep_list(struct sweep *s, const struct slip_field *field,
                      const struct slip_disk_list *list)
{
    size_t outer = strlen(s->where);
    char name[96];
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < list->count; i++) {
        const void *item = item_at(field, list, i);

        snprintf(name, sizeof(name), "%s[%zu]", field->name, i);
        if (!list->mark.said && !item_said(field->item, item)) {
            rc = unsaid(s, name, item_span(field->item, item, list->mark.span));
            continue;
        }
        snprintf(s->where + outer, sizeof(s->where) - outer, "%s.", name);
        rc = sweep_object(s, field->item, item);
        s->where[outer] = 0;
    }
    return rc;
}

static int sweep_object(struct sweep *s, const struct slip_record *record, const void *object)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < record->n_fields; i++) {
        const struct slip_field *field = &record->fields[i];
        const struct slip_mark *mark = (const void *)((const char *)object + field->offset);

        if (mark->origin != SLIP_GIVEN)
            continue;
        /* What is lost whole has one loss, not one for each part. Nothing is lost with an empty list. */
        if ((field->kind == SLIP_KIND_STRS || field->kind == SLIP_KIND_LIST) &&
            !any_said(field, mark))
            rc = ((const struct slip_strs *)(const void *)mark)->count
                     ? unsaid(s, field->name, mark->span)
                     : 0;
        else if (field->kind == SLIP_KIND_STRS)
            rc = sweep_strs(s, field, (const void *)mark);
        else if (field->kind == SLIP_KIND_LIST)
            rc = sweep_list(s, field, (const void *)mark);
        else if (!mark->said)
            rc = unsaid(s, field->name, mark->span);
    }
    return rc;
}

int slip__losses_sweep(struct slip_losses *losses, const char *format,
                       const struct slip_guest *guest)
{
    struct sweep s = {.losses = losses, .format = format};

    return sweep_object(&s, &slip__record_guest, guest);
}
