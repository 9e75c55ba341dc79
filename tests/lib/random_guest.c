/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "random_guest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct slip_mark given = {.origin = SLIP_GIVEN};

unsigned random_roll(struct random_source *r, unsigned sides)
{
    r->state = r->state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(r->state >> 33) % sides;
}

#define PICK(r, words) (words)[random_roll(r, sizeof(words) / sizeof((words)[0]))]

/* len pieces of text, one after the other. */
static void pieces(struct random_source *r, const char *const *from, unsigned n_from, unsigned len,
                   char *ret, size_t size)
{
    size_t at = 0;

    ret[0] = 0;
    while (len-- && at + 8 < size)
        at += (size_t)snprintf(ret + at, size - at, "%s", from[random_roll(r, n_from)]);
}

static void any(struct random_source *r, char *ret, size_t size)
{
    static const char *const from[] = {"a", "Z",  "9",  " ",    "\"",       "\\",           "/",
                                       "'", "\n", "\t", "\x01", "\xc3\xa9", "\xe2\x82\xac", ",",
                                       "=", "#",  ";",  "[",    "]",        "\r",           "\x7f",
                                       "(", ")",  "&",  "<"};

    pieces(r, from, sizeof(from) / sizeof(from[0]), random_roll(r, 12), ret, size);
}

static void part(struct random_source *r, char *ret, size_t size)
{
    static const char *const from[] = {"a",  "Z", "9", " b",       "/",  "\\",
                                       "\"", "=", ":", "\xc3\xa9", "x;y"};

    pieces(r, from, sizeof(from) / sizeof(from[0]), random_roll(r, 8), ret, size);
    snprintf(ret + strlen(ret), size - strlen(ret), "e");
    if (ret[0] == ' ')
        ret[0] = 's';
}

static void ident(struct random_source *r, char *ret, size_t size)
{
    static const char *const from[] = {"a", "Z", "9", "_", "-", "xy"};

    ret[0] = 'i';
    pieces(r, from, sizeof(from) / sizeof(from[0]), random_roll(r, 8), ret + 1, size - 1);
}

static void pair(struct random_source *r, char *ret, size_t size)
{
    snprintf(ret, size, "colo_k%u=", random_roll(r, 100));
    ident(r, ret + strlen(ret), size - strlen(ret));
}

static void number(struct random_source *r, char *ret, size_t size)
{
    snprintf(ret, size, "%u", random_roll(r, 100000));
}

static void uuid(struct random_source *r, char *ret, size_t size)
{
    snprintf(ret, size, "%08x-%04x-%04x-%04x-%012x", random_roll(r, 1u << 31),
             random_roll(r, 65536), random_roll(r, 65536), random_roll(r, 65536),
             random_roll(r, 1u << 31));
}

static void mac(struct random_source *r, char *ret, size_t size)
{
    snprintf(ret, size, "00:16:3e:%02x:%02x:%02x", random_roll(r, 256), random_roll(r, 256),
             random_roll(r, 256));
}

static void cpus(struct random_source *r, char *ret, size_t size)
{
    static const char *const sets[] = {"all",     "0",         "0-3",    "0-7,^2",
                                       "nodes:1", "node:0,^1", "1,3,5-6"};

    snprintf(ret, size, "%s", PICK(r, sets));
}

static void rate(struct random_source *r, char *ret, size_t size)
{
    static const char *const units[] = {"b/s", "Kb/s", "MB/s", "GB/s", "MB/s@20ms", "KB/s@50us"};

    snprintf(ret, size, "%u%s", random_roll(r, 10000) + 1, PICK(r, units));
}

static void bdf(struct random_source *r, char *ret, size_t size)
{
    static const char *const functions[] = {"0", "7", "*", "0-3"};

    snprintf(ret, size, "%04x:%02x:%02x.%s", random_roll(r, 3), random_roll(r, 256),
             random_roll(r, 32), PICK(r, functions));
}

static void vslot(struct random_source *r, char *ret, size_t size)
{
    snprintf(ret, size, "%x", random_roll(r, 32));
}

static void boot(struct random_source *r, char *ret, size_t size)
{
    static const char *const orders[] = {"c", "cd", "dn", "acdn"};

    snprintf(ret, size, "%s", PICK(r, orders));
}

static void viridian(struct random_source *r, char *ret, size_t size)
{
    static const char *const words[] = {"base", "!freq", "defaults", "all", "stimer"};

    snprintf(ret, size, "%s", PICK(r, words));
}

static void backendtype(struct random_source *r, char *ret, size_t size)
{
    static const char *const words[] = {"phy", "qdisk", "tap", "standalone"};

    snprintf(ret, size, "%s", PICK(r, words));
}

static void viftype(struct random_source *r, char *ret, size_t size)
{
    snprintf(ret, size, "%s", random_roll(r, 2) ? "vif" : "ioemu");
}

static void prefix(struct random_source *r, char *ret, size_t size)
{
    static const char *const words[] = {"phy", "file", "tap:aio"};

    snprintf(ret, size, "%s", PICK(r, words));
}

static void virtio(struct random_source *r, char *ret, size_t size)
{
    snprintf(ret, size, random_roll(r, 2) ? "virtio,device%u" : "disk%u", random_roll(r, 64));
}

static void cpuid(struct random_source *r, char *ret, size_t size)
{
    static const char *const words[] = {"0x1:ecx=xxx,eax=111", "7,0:ebx=0", "0x80000001:edx=k"};

    snprintf(ret, size, "%s", PICK(r, words));
}

static void (*const makers[SLIP_SYNTAXES])(struct random_source *, char *, size_t) = {
    [SLIP_SYNTAX_ANY] = any,
    [SLIP_SYNTAX_PART] = part,
    [SLIP_SYNTAX_IDENT] = ident,
    [SLIP_SYNTAX_PAIR] = pair,
    [SLIP_SYNTAX_NUMBER] = number,
    [SLIP_SYNTAX_NAME] = ident,
    [SLIP_SYNTAX_UUID] = uuid,
    [SLIP_SYNTAX_MAC] = mac,
    [SLIP_SYNTAX_CPUS] = cpus,
    [SLIP_SYNTAX_RATE] = rate,
    [SLIP_SYNTAX_BDF] = bdf,
    [SLIP_SYNTAX_VSLOT] = vslot,
    [SLIP_SYNTAX_BOOT] = boot,
    [SLIP_SYNTAX_VIRIDIAN] = viridian,
    [SLIP_SYNTAX_BACKENDTYPE] = backendtype,
    [SLIP_SYNTAX_VIFTYPE] = viftype,
    [SLIP_SYNTAX_PREFIX] = prefix,
    [SLIP_SYNTAX_VIRTIO] = virtio,
    [SLIP_SYNTAX_CPUID] = cpuid,
};

static int add_text(struct random_source *r, const struct slip_field *field, struct slip_strs *strs)
{
    char text[128];

    makers[field->syntax](r, text, sizeof(text));
    return slip__strs_add(strs, text, strlen(text), given);
}

/* libxl's flags begin with host; xend's lines are by themselves. */
static int random_cpuid(struct random_source *r, struct slip_strs *strs)
{
    static const char *const flags[] = {"tm=0", "sse3=1", "page1gb=x", "family=6"};
    const char *flag;
    int rc = slip__strs_add(strs, "host", 4, given);

    for (unsigned n = random_roll(r, 4); rc == 0 && n; n--) {
        flag = PICK(r, flags);
        rc = slip__strs_add(strs, flag, strlen(flag), given);
    }
    return rc;
}

/* The one thing that the schema does not say: a range does not end before it begins. */
static void in_order(struct slip_ioport *ports)
{
    if (ports->last.value < ports->first.value)
        ports->last.value = ports->first.value;
}

static int random_object(struct random_source *r, const struct slip_record *record, void *object,
                         unsigned percent);

static int random_field(struct random_source *r, const struct slip_field *field, void *object,
                        unsigned percent)
{
    void *value = slip__field_mark(field, object);
    uint64_t range = (uint64_t)(field->max - field->min);
    unsigned n = random_roll(r, 4);
    char text[128];
    int rc = 0;

    switch (field->kind) {
    case SLIP_KIND_STR:
        makers[field->syntax](r, text, sizeof(text));
        return slip__str_set(value, text, strlen(text), given);
    case SLIP_KIND_INT:
        slip__num_set(
            value, field->min + (int64_t)(random_roll(r, 1000) * (range / 1000 + 1) % (range + 1)),
            given);
        break;
    case SLIP_KIND_BOOL:
        slip__num_set(value, random_roll(r, 2), given);
        break;
    case SLIP_KIND_ENUM:
        slip__num_set(
            value, field->words->items[random_roll(r, (unsigned)field->words->count)].value, given);
        break;
    case SLIP_KIND_STRS:
        *slip__field_mark(field, object) = given;
        if (field->syntax == SLIP_SYNTAX_CPUID && n % 2)
            return random_cpuid(r, value);
        while (rc == 0 && n--)
            rc = add_text(r, field, value);
        break;
    case SLIP_KIND_LIST:
        *slip__field_mark(field, object) = given;
        while (rc == 0 && n--) {
            void *item = slip__list_add(field, object, given);

            rc = item ? random_object(r, field->item, item, percent) : -1;
            if (item && field->item == &slip__record_ioport)
                in_order(item);
        }
        break;
    }
    return rc;
}

static int random_object(struct random_source *r, const struct slip_record *record, void *object,
                         unsigned percent)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < record->n_fields; i++) {
        const struct slip_field *field = &record->fields[i];

        if (strstr(field->default_text, "must be given") || random_roll(r, 100) < percent)
            rc = random_field(r, field, object, percent);
    }
    return rc;
}

struct slip_guest *random_guest(struct random_source *r, unsigned percent)
{
    struct slip_guest *guest = slip__guest_new();

    if (guest && random_object(r, &slip__record_guest, guest, percent) < 0) {
        slip__guest_free(guest);
        return NULL;
    }
    return guest;
}

/* Every list of records has the shape of struct slip_disk_list (schema.c checks it). */
static void *item_at(const struct slip_field *field, void *object, size_t index)
{
    struct slip_disk_list *list = (void *)slip__field_mark(field, object);

    return (char *)list->items + index * field->item->size;
}

static size_t item_count(const struct slip_field *field, void *object)
{
    struct slip_disk_list *list = (void *)slip__field_mark(field, object);

    return field->kind == SLIP_KIND_LIST ? list->count : 0;
}

/* Keeps the items that are said; drops the list if there were some, and none is. */
static void drop_strs(const struct slip_field *field, void *object)
{
    struct slip_strs *strs = (void *)slip__field_mark(field, object);
    size_t kept = 0;

    if (strs->mark.said)
        return;
    for (size_t i = 0; i < strs->count; i++) {
        if (strs->items[i].mark.said)
            strs->items[kept++] = strs->items[i];
        else
            free(strs->items[i].value);
    }
    strs->count = kept;
    if (!kept)
        slip__field_dispose(field, object);
}

static bool any_said(const struct slip_record *record, void *object)
{
    for (size_t i = 0; i < record->n_fields; i++) {
        const struct slip_field *field = &record->fields[i];
        struct slip_strs *strs = (void *)slip__field_mark(field, object);

        if (strs->mark.said)
            return true;
        for (size_t k = 0; field->kind == SLIP_KIND_STRS && k < strs->count; k++) {
            if (strs->items[k].mark.said)
                return true;
        }
        for (size_t k = 0; k < item_count(field, object); k++) {
            if (any_said(field->item, item_at(field, object, k)))
                return true;
        }
    }
    return false;
}

static void drop_unsaid(const struct slip_record *record, void *object);

/* The same of records. One of which nothing is said is lost, unless the list's mark says that each is there. */
static void drop_items(const struct slip_field *field, void *object)
{
    struct slip_disk_list *list = (void *)slip__field_mark(field, object);
    size_t kept = 0, size = field->item->size;

    for (size_t i = 0; i < list->count; i++) {
        void *item = item_at(field, object, i);

        if (!list->mark.said && !any_said(field->item, item)) {
            slip__object_dispose(field->item, item);
            continue;
        }
        drop_unsaid(field->item, item);
        if (kept < i) {
            memcpy(item_at(field, object, kept), item, size);
            memset(item, 0, size);
        }
        kept++;
    }
    list->count = kept;
    if (!kept && !list->mark.said)
        slip__field_dispose(field, object);
}

static void drop_unsaid(const struct slip_record *record, void *object)
{
    for (size_t i = 0; i < record->n_fields; i++) {
        const struct slip_field *field = &record->fields[i];
        struct slip_mark *mark = slip__field_mark(field, object);

        if (mark->origin != SLIP_GIVEN)
            continue;
        if (field->kind == SLIP_KIND_STRS)
            drop_strs(field, object);
        else if (field->kind == SLIP_KIND_LIST)
            drop_items(field, object);
        else if (!mark->said)
            slip__field_dispose(field, object);
    }
}

void random_drop_unsaid(struct slip_guest *guest)
{
    drop_unsaid(&slip__record_guest, guest);
}

static void take_said(const struct slip_record *record, void *object, void *copy)
{
    for (size_t i = 0; i < record->n_fields; i++) {
        const struct slip_field *field = &record->fields[i];
        struct slip_strs *strs = (void *)slip__field_mark(field, object);
        struct slip_strs *other = (void *)slip__field_mark(field, copy);
        bool whole = field->kind != SLIP_KIND_STRS && field->kind != SLIP_KIND_LIST;

        if (strs->mark.origin == SLIP_UNSET)
            continue;
        strs->mark.said = other->mark.said || other->mark.origin == SLIP_UNSET;
        if (whole || other->mark.origin == SLIP_UNSET)
            continue;
        for (size_t k = 0; field->kind == SLIP_KIND_STRS && k < strs->count; k++)
            strs->items[k].mark.said = k < other->count && other->items[k].mark.said;
        for (size_t k = 0; k < item_count(field, object) && k < item_count(field, copy); k++)
            take_said(field->item, item_at(field, object, k), item_at(field, copy, k));
    }
}

void random_take_said(struct slip_guest *guest, struct slip_guest *copy)
{
    take_said(&slip__record_guest, guest, copy);
}
