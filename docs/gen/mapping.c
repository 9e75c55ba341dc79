/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Prints docs/mapping.md: each setting of the schema in each format. Words are from the formats' own tables; where a format says a setting
 * by code, that it does is found out: guests made from the schema are written, and what the writer marked as said was said.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "config/config.h"
#include "config/libvirt.h"
#include "config/libxl_json.h"
#include "config/sxpr.h"
#include "random_guest.h"

#define GUESTS 4000

static const char introduction[] =
    "<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->\n"
    "<!-- Made by docs/gen/mapping.c from the tables of the source: `ninja -C build docs-refresh`. -->\n"
    "# Every setting in every format\n"
    "\n"
    "Settings are named as in the schema, which is what `--json` shows. A cell has the format's own word; *yes*: the format says it in "
    "more words than one or in an older one; empty: it has none, and `slipway convert` reports a loss. Items of "
    "lists have the words inside such an item. xl words in parentheses are Slipway's own: xl passes over them (SLIP-236). "
    "Which containers and versions a word is for, and what each format makes of it: [guest-file.md](guest-file.md), "
    "[formats.md](formats.md), [xend-and-libxl.md](xend-and-libxl.md); what is said of losses: [convert.md](convert.md).\n";

static const char *const formats[] = {"xl", "xm", "libvirt", "sxpr", "libxl-json"};
enum { XL, XM, LIBVIRT, SXPR, JSON, FORMATS };

static const struct slip_record *const records[] = {
#define SLIP_RECORD(r, doc) &slip__record_##r,
#include "guest/schema.def"
};
#define RECORDS (sizeof(records) / sizeof(records[0]))
#define FIELDS  256

/* How often a field was given to a writer, and how often it said it. */
static unsigned given[RECORDS][FIELDS], said[FORMATS][RECORDS][FIELDS], own[RECORDS][FIELDS];

static size_t index_of(const struct slip_record *record)
{
    size_t i = 0;

    while (records[i] != record)
        i++;
    return i;
}

static bool any_item_said(const struct slip_strs *strs)
{
    for (size_t i = 0; i < strs->count; i++) {
        if (strs->items[i].mark.said)
            return true;
    }
    return false;
}

static void count(size_t format, const struct slip_record *record, const void *object)
{
    size_t r = index_of(record);

    for (size_t i = 0; i < record->n_fields; i++) {
        const struct slip_field *field = &record->fields[i];
        const struct slip_mark *mark = (const void *)((const char *)object + field->offset);
        const struct slip_disk_list *list = (const void *)mark;

        if (mark->origin != SLIP_GIVEN)
            continue;
        for (size_t k = 0; field->kind == SLIP_KIND_LIST && k < list->count; k++)
            count(format, field->item, (const char *)list->items + k * field->item->size);
        if (format == 0)
            given[r][i]++;
        said[format][r][i] +=
            mark->said || (field->kind == SLIP_KIND_STRS && any_item_said((const void *)mark));
    }
}

static void write_one(size_t format, const struct slip_guest *guest)
{
    static const struct slip_emit_options options;
    struct slip_guest before = {0}, copy = {0};
    struct slip_losses losses = {0};
    struct slip_diags *diags = slip_diags_new();
    struct slip_buf out = {0};
    struct slip_emit e = {&copy, &options, &out, &losses, diags};

    if (slip__object_copy(&slip__record_guest, &before, guest) < 0 ||
        slip__guest_modernize(&before) < 0 ||
        slip__object_copy(&slip__record_guest, &copy, &before) < 0 ||
        slip__format_find(formats[format])->emit(&e) < 0)
        abort();
    random_take_said(&before, &copy);
    count(format, &slip__record_guest, &before);
    for (size_t i = 0; format == XL && i < losses.count; i++) {
        const struct slip_field *field =
            slip__field_named(&slip__record_guest, losses.items[i].setting);

        if (losses.items[i].kind == SLIP_LOSS_OWN && field)
            own[index_of(&slip__record_guest)][field - slip__record_guest.fields]++;
    }
    slip__losses_dispose(&losses);
    slip__buf_dispose(&out);
    slip_diags_free(diags);
    slip__object_dispose(&slip__record_guest, &copy);
    slip__object_dispose(&slip__record_guest, &before);
}

static void find_out(void)
{
    struct random_source r = {20261121};

    for (unsigned i = 0; i < GUESTS; i++) {
        struct slip_guest *guest = random_guest(&r, 5 + i % 20);
        struct slip_diags *diags = slip_diags_new();
        struct slip_error *err = NULL;

        if (!guest || !diags)
            abort();
        slip__num_set(&guest->type, (int64_t)(i % 3), (struct slip_mark){.origin = SLIP_GIVEN});
        if (slip__guest_resolve(guest, NULL,
                                (struct slip_strictness){.xl_compat = true, .convert = true}, diags,
                                &err) < 0)
            slip_error_free(err);
        for (size_t f = 0; f < FORMATS; f++) {
            if (f != SXPR || guest->type.value != SLIP_TYPE_PVH)
                write_one(f, guest);
        }
        slip_diags_free(diags);
        slip_guest_free(guest);
    }
}

static void libvirt_word(const struct slip_record *record, const char *name, struct slip_buf *out)
{
    const struct libvirt_map *map;

    for (size_t i = 0; (map = slip__libvirt_map_at(i)); i++) {
        for (size_t k = 0; map->record == record && k < map->n_rows; k++) {
            if (strcmp(map->rows[k].field, name) == 0 && !out->len)
                slip__buf_printf(out, "`%s`", map->rows[k].path);
        }
    }
}

static void sxpr_word(const struct slip_record *record, const char *name, struct slip_buf *out)
{
    for (const struct sx_key *k = slip__sx_keys; record == &slip__record_guest && k->key; k++) {
        const char *field = k->field ? k->field : k->key;

        if (strcmp(field, name) == 0 && !out->len)
            slip__buf_printf(out, "`(%s)`", k->key);
    }
}

static void json_word(const struct slip_record *record, const char *name, struct slip_buf *out)
{
    for (const struct jx_key *k = slip__jx_keys; k->key; k++) {
        if (slip__jx_record(k->object) == record && strcmp(k->field, name) == 0 && !out->len)
            slip__buf_printf(out, "`%s`", k->key);
    }
}

/* What xm says in another word than xl's. */
static bool is_older(const char *name)
{
    static const char *const names[] = {"type", "cmdline", "firmware", "firmware_override"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], name) == 0)
            return true;
    }
    return false;
}

static void cell(size_t format, size_t r, size_t i)
{
    const struct slip_record *record = records[r];
    const struct slip_field *field = &record->fields[i];
    struct slip_buf word = {0};
    unsigned n = said[format][r][i];

    if (format == LIBVIRT)
        libvirt_word(record, field->name, &word);
    else if (format == SXPR)
        sxpr_word(record, field->name, &word);
    else if (format == JSON)
        json_word(record, field->name, &word);
    else if (field->key_len && n && (format == XL || !is_older(field->name)))
        slip__buf_printf(&word, "`%s`", field->key);
    if (!n) /* beside certain other settings alone, or never */
        printf("%s%s", word.data ? " " : "", word.data ? word.data : "");
    else if (format == XL && own[r][i] == n)
        printf(" (%s)", word.data ? word.data : "yes");
    else
        printf(" %s", word.data ? word.data : "yes");
    fputs(" |", stdout);
    slip__buf_dispose(&word);
}

static void print_record(size_t r)
{
    const struct slip_record *record = records[r];

    printf(
        "\n## %s\n\n%s.\n\n| setting | xl | xm | libvirt | sxpr | libxl-json |\n|---|---|---|---|---|---|\n",
        record->name, record->doc);
    for (size_t i = 0; i < record->n_fields; i++) {
        if (!given[r][i]) /* a deprecated spelling of another */
            continue;
        printf("| `%s` |", record->fields[i].name);
        for (size_t f = 0; f < FORMATS; f++)
            cell(f, r, i);
        putchar('\n');
    }
}

int main(void)
{
    find_out();
    fputs(introduction, stdout);
    print_record(index_of(&slip__record_guest));
    for (size_t r = 0; r < RECORDS; r++) {
        if (records[r] != &slip__record_guest && records[r] != &slip__record_foreign)
            print_record(r);
    }
    return 0;
}
