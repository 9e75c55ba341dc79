/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writing devices for xl.cfg: KEY=VALUE with commas between, or the spelling of their own that some kinds have. A value
 * that has a comma in it can't be said there, and stays unmarked. It must not know what makes a device right.
 */
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/xl.h"
#include "config/xl_emit.h"

static void sep(struct slip_buf *text)
{
    if (text->len)
        slip__buf_putc(text, ',');
}

/* Can value stand between commas, such that reading it gives the same? */
static bool fits(const char *value)
{
    size_t len = strlen(value);

    return !strchr(value, ',') &&
           !(len && (strchr(" \t", value[0]) || strchr(" \t", value[len - 1])));
}

static void put_pair_str(struct slip_buf *text, const char *key, struct slip_str *str)
{
    if (!fits(str->value))
        return;
    slip__said(&str->mark);
    sep(text);
    slip__buf_printf(text, "%s=%s", key, str->value);
}

/* KEY=A;B;C */
static void put_pair_strs(struct slip_buf *text, const char *key, struct slip_strs *strs,
                          char between)
{
    bool first = true;

    if (strs->count == 0)
        return;
    sep(text);
    slip__buf_printf(text, "%s=", key);
    for (size_t i = 0; i < strs->count; i++) {
        struct slip_str *item = &strs->items[i];

        if (!item->value[0] || strpbrk(item->value, ",;") || !fits(item->value))
            continue;
        slip__said(&item->mark);
        if (!first)
            slip__buf_putc(text, between);
        slip__buf_puts(text, item->value);
        first = false;
    }
}

/* A word that stands for true and one for false: a boolean without '='. NULL: nothing says that, being the default. */
static const struct {
    const struct slip_record *record;
    const char *name;
    const char *words[2];
} flags[] = {
    {&slip__record_vif, "trusted", {"untrusted", "trusted"}},
    {&slip__record_disk, "trusted", {"untrusted", "trusted"}},
    {&slip__record_disk, "discard", {"no-discard", "discard"}},
    {&slip__record_disk, "colo", {"no-colo", "colo"}},
    {&slip__record_disk, "direct_io_safe", {NULL, "direct-io-safe"}},
    {&slip__record_disk, "cdrom", {"devtype=disk", "devtype=cdrom"}},
};

static bool put_flag(struct slip_buf *text, const struct slip_record *record,
                     const struct slip_field *field, void *object)
{
    struct slip_num *num = (void *)slip__field_mark(field, object);

    for (size_t i = 0; i < SLIP_COUNT(flags); i++) {
        const char *word = flags[i].words[num->value != 0];

        if (flags[i].record != record || strcmp(flags[i].name, field->name) != 0)
            continue;
        slip__said(&num->mark);
        if (word) {
            sep(text);
            slip__buf_puts(text, word);
        } else {
            slip__field_dispose(field, object);
        }
        return true;
    }
    return false;
}

/* ID:WIDTHxHEIGHT;... */
static void put_connectors(struct slip_buf *text, struct slip_connector_list *list)
{
    bool first = true;

    for (size_t i = 0; i < list->count; i++) {
        struct slip_connector *c = &list->items[i];

        if (!SLIP_IS_SET(c->id) || !SLIP_IS_SET(c->width) || !SLIP_IS_SET(c->height) ||
            strpbrk(c->id.value, ",;:"))
            continue;
        slip__said_all(&slip__record_connector, c);
        if (first)
            sep(text);
        slip__buf_printf(text, "%s%s:%" PRId64 "x%" PRId64, first ? "connectors=" : ";",
                         c->id.value, c->width.value, c->height.value);
        first = false;
    }
}

/* COLO's options stand in the list as they are written. */
static void put_colo(struct slip_buf *text, struct slip_strs *colo)
{
    for (size_t i = 0; i < colo->count; i++) {
        struct slip_str *item = &colo->items[i];

        if (strncmp(item->value, "colo_", 5) != 0 || !strchr(item->value, '=') ||
            !fits(item->value))
            continue;
        slip__said(&item->mark);
        sep(text);
        slip__buf_puts(text, item->value);
    }
}

/* type=virtio,deviceN has a comma, and can be said. */
static void put_virtio_type(struct slip_buf *text, struct slip_str *type)
{
    if (strncmp(type->value, "virtio,device", 13) == 0 && fits(type->value + 7)) {
        slip__said(&type->mark);
        sep(text);
        slip__buf_printf(text, "type=%s", type->value);
        return;
    }
    put_pair_str(text, "type", type);
}

static void put_pair(struct slip_buf *text, const struct slip_record *record,
                     const struct slip_field *field, void *object)
{
    void *value = slip__field_mark(field, object);
    struct slip_num *num = value;

    switch (field->kind) {
    case SLIP_KIND_STR:
        if (record == &slip__record_virtio && strcmp(field->name, "type") == 0)
            put_virtio_type(text, value);
        else
            put_pair_str(text, field->key, value);
        return;
    case SLIP_KIND_STRS:
        if (record == &slip__record_vif)
            put_colo(text, value);
        else
            put_pair_strs(text, field->key, value, record == &slip__record_vnode ? ',' : ';');
        return;
    case SLIP_KIND_LIST:
        if (field->item == &slip__record_connector)
            put_connectors(text, value);
        return;
    case SLIP_KIND_BOOL:
        if (put_flag(text, record, field, object))
            return;
        break;
    case SLIP_KIND_INT:
    case SLIP_KIND_ENUM:
        break;
    }
    slip__said(&num->mark);
    sep(text);
    if (field->kind == SLIP_KIND_ENUM)
        slip__buf_printf(text, "%s=%s", field->key, slip__enum_word(field->words, num->value));
    else
        slip__buf_printf(text, "%s=%" PRId64, field->key, num->value);
}

void slip__xl_put_pairs(struct slip_buf *text, const struct slip_record *record, void *object)
{
    for (size_t i = 0; i < record->n_fields; i++) {
        const struct slip_field *field = &record->fields[i];
        const struct slip_mark *mark = slip__field_mark(field, object);

        if (field->key_len && mark->origin == SLIP_GIVEN && !mark->said)
            put_pair(text, record, field, object);
    }
}

static void put_item(struct slip_buf *items, const struct slip_buf *text)
{
    slip__xl_put_quoted(items, text->data ? text->data : "");
    slip__buf_putc(items, '\n');
    items->failed |= text->failed;
}

/* The bus that a vdev alone says (xl-disk-configuration(5), "vdev"); -1: it says none. */
static int bus_of(const char *vdev)
{
    static const struct {
        const char *prefix;
        enum slip_bus bus;
    } buses[] = {
        {"xvd", SLIP_BUS_XEN}, {"hd", SLIP_BUS_IDE}, {"sd", SLIP_BUS_SCSI}, {"fd", SLIP_BUS_FDC}};

    for (size_t i = 0; vdev && i < SLIP_COUNT(buses); i++) {
        if (strncmp(vdev, buses[i].prefix, strlen(buses[i].prefix)) == 0)
            return (int)buses[i].bus;
    }
    return -1;
}

/* What goes without saying. */
static void drop_implied(struct slip_disk *disk)
{
    if (SLIP_IS_GIVEN(disk->bus) && disk->bus.value == bus_of(disk->vdev.value))
        disk->bus = (struct slip_num){0};
    if (SLIP_IS_GIVEN(disk->removable) && disk->removable.value == slip__num_or(&disk->cdrom, 0))
        disk->removable = (struct slip_num){0};
    if (SLIP_IS_GIVEN(disk->shareable) && !disk->shareable.value)
        disk->shareable = (struct slip_num){0};
    /* xl passes over xend's prefixes, but for those that were read as format or script. */
    slip__field_dispose(slip__field_named(&slip__record_disk, "prefix"), disk);
}

/* By name, the target last: it takes the rest, commas too. An empty part is none, so an empty text can't be said. */
static void disk_text(struct slip_emit *e, void *object, struct slip_buf *text)
{
    struct slip_disk *disk = object;
    struct slip_str *target = &disk->target;

    (void)e;
    drop_implied(disk);
    for (size_t i = 0; i < slip__record_disk.n_fields; i++) {
        const struct slip_field *field = &slip__record_disk.fields[i];
        struct slip_str *str = (void *)slip__field_mark(field, disk);

        if (str->mark.origin != SLIP_GIVEN || !field->key_len || str == target ||
            (field->kind == SLIP_KIND_STR && !str->value[0]))
            continue;
        put_pair(text, &slip__record_disk, field, disk);
    }
    if (!SLIP_IS_GIVEN(*target) || !target->value[0])
        return;
    slip__said(&target->mark);
    sep(text);
    slip__buf_printf(text, "target=%s", target->value);
}

/* The address by position, the rest by name. */
static void pci_text(struct slip_emit *e, void *object, struct slip_buf *text)
{
    struct slip_pci *pci = object;

    (void)e;
    if (SLIP_IS_GIVEN(pci->bdf) && !slip__syntax_problem(SLIP_SYNTAX_BDF, pci->bdf.value)) {
        slip__buf_puts(text, pci->bdf.value);
        slip__said(&pci->bdf.mark);
    } else if (SLIP_IS_GIVEN(pci->bdf)) {
        return;
    }
    slip__xl_put_pairs(text, &slip__record_pci, pci);
}

static void ioport_text(struct slip_emit *e, void *object, struct slip_buf *text)
{
    struct slip_ioport *ports = object;

    (void)e;
    slip__said_all(&slip__record_ioport, ports);
    slip__buf_printf(text, "%" PRIx64, ports->first.value);
    if (ports->last.value != ports->first.value)
        slip__buf_printf(text, "-%" PRIx64, ports->last.value);
}

static void iomem_text(struct slip_emit *e, void *object, struct slip_buf *text)
{
    struct slip_iomem *iomem = object;

    (void)e;
    slip__said_all(&slip__record_iomem, iomem);
    slip__buf_printf(text, "%" PRIx64 ",%" PRIx64, iomem->start.value, iomem->number.value);
    if (SLIP_IS_SET(iomem->gfn))
        slip__buf_printf(text, "@%" PRIx64, iomem->gfn.value);
}

static const struct {
    const struct slip_record *record;
    void (*text)(struct slip_emit *e, void *object, struct slip_buf *text);
} spellings[] = {
    {&slip__record_disk, disk_text},
    {&slip__record_pci, pci_text},
    {&slip__record_ioport, ioport_text},
    {&slip__record_iomem, iomem_text},
};

/* One quoted string of a list that is an item, with its comma. */
static void put_part(struct slip_buf *item, const struct slip_buf *text)
{
    slip__buf_puts(item, item->len ? ", " : "[ ");
    slip__xl_put_quoted(item, text->data ? text->data : "");
    item->failed |= text->failed;
}

/* [ "pnode=0", "size=1024", ... ] */
static void put_vnode(struct slip_buf *items, struct slip_vnode *node)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf item = {0};

    for (size_t i = 0; i < slip__record_vnode.n_fields; i++) {
        const struct slip_field *field = &slip__record_vnode.fields[i];
        SLIP_AUTO(slip__buf_dispose) struct slip_buf text = {0};
        struct slip_str *vcpus = &node->vcpus;

        if (slip__field_mark(field, node)->origin != SLIP_GIVEN)
            continue;
        if (slip__field_mark(field, node) == &vcpus->mark) { /* commas are part of it */
            slip__said(&vcpus->mark);
            slip__buf_printf(&text, "vcpus=%s", vcpus->value);
        } else {
            put_pair(&text, &slip__record_vnode, field, node);
        }
        if (text.len)
            put_part(&item, &text);
    }
    slip__buf_puts(items, item.len ? item.data : "[");
    slip__buf_puts(items, " ]\n");
    items->failed |= item.failed;
}

static void put_vsnd_part(struct slip_buf *item, const char *word, const struct slip_record *record,
                          void *object, bool needed)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf text = {0};

    slip__buf_puts(&text, word);
    slip__xl_put_pairs(&text, record, object);
    if (needed || text.len > strlen(word))
        put_part(item, &text);
}

/* [ "card, ...", "pcm, ...", "stream, ...", ... ] */
static void put_vsnd(struct slip_buf *items, struct slip_vsnd *card)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf item = {0};

    card->pcm.mark.said = card->pcm.count > 0; /* an empty list says nothing */
    put_vsnd_part(&item, "card", &slip__record_vsnd, card, false);
    for (size_t i = 0; i < card->pcm.count; i++) {
        struct slip_vsnd_pcm *pcm = &card->pcm.items[i];

        pcm->stream.mark.said = pcm->stream.count > 0;
        put_vsnd_part(&item, "pcm", &slip__record_vsnd_pcm, pcm, true);
        for (size_t k = 0; k < pcm->stream.count; k++)
            put_vsnd_part(&item, "stream", &slip__record_vsnd_stream, &pcm->stream.items[k], true);
    }
    slip__buf_puts(items, item.len ? item.data : "[");
    slip__buf_puts(items, " ]\n");
    items->failed |= item.failed;
}

static void put_device(struct slip_emit *e, const struct slip_record *record, void *object,
                       struct slip_buf *items)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf text = {0};
    size_t i = 0;

    if (record == &slip__record_vnode) {
        put_vnode(items, object);
        return;
    }
    if (record == &slip__record_vsnd) {
        put_vsnd(items, object);
        return;
    }
    while (i < SLIP_COUNT(spellings) && spellings[i].record != record)
        i++;
    if (i < SLIP_COUNT(spellings))
        spellings[i].text(e, object, &text);
    else
        slip__xl_put_pairs(&text, record, object);
    put_item(items, &text);
}

int slip__xl_device_items(struct slip_emit *e, const struct slip_field *field,
                          struct slip_buf *items)
{
    /* Every list of records has the shape of struct slip_disk_list (schema.c checks it). */
    const struct slip_disk_list *list = (void *)slip__field_mark(field, e->guest);

    for (size_t i = 0; i < list->count; i++)
        put_device(e, field->item, (char *)list->items + i * field->item->size, items);
    return items->failed ? -1 : 0;
}
