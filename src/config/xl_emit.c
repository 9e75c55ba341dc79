/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writing xl.cfg: one key a line in the schema's order, topics apart. Keys are the schema's; those with a spelling of
 * their own are a table. It must not know what any key means.
 */
#include "config/xl_emit.h"

#include <string.h>

#include "base/cleanup.h"
#include "config/xl.h"

/* Lists stand on one line up to this width. */
#define LINE_WIDTH 80u

void slip__xl_put_quoted(struct slip_buf *out, const char *text)
{
    static const char names[] = "abfnrtv\\\"", values[] = "\a\b\f\n\r\t\v\\\"";

    slip__buf_putc(out, '"');
    for (; *text; text++) {
        const char *known = strchr(values, *text);

        if (known)
            slip__buf_printf(out, "\\%c", names[known - values]);
        else if ((unsigned char)*text < ' ' || *text == 0x7f)
            slip__buf_printf(out, "\\x%02x", (unsigned)*text);
        else
            slip__buf_putc(out, *text);
    }
    slip__buf_putc(out, '"');
}

void slip__xl_put_items(struct slip_buf *out, const char *key, const struct slip_buf *items)
{
    const char *text = items->data, *end;
    size_t count = 0;
    bool one_line;

    for (const char *p = text; p && *p; p++)
        count += *p == '\n';
    one_line = count <= 1 || strlen(key) + items->len + count + 7 <= LINE_WIDTH;
    slip__buf_printf(out, "%s = [%s", key, one_line ? " " : "\n");
    for (; text && *text; text = end + 1) {
        end = strchr(text, '\n');
        slip__buf_puts(out, one_line ? "" : "    ");
        slip__buf_put(out, text, (size_t)(end - text));
        slip__buf_puts(out, !end[1] ? "" : one_line ? ", " : ",");
        slip__buf_puts(out, one_line ? "" : "\n");
    }
    slip__buf_puts(out, one_line && count ? " ]\n" : "]\n");
}

static void put_string(struct slip_buf *out, const char *key, const char *text)
{
    slip__buf_printf(out, "%s = ", key);
    slip__xl_put_quoted(out, text);
    slip__buf_putc(out, '\n');
}

/* A number below 0 is no number of xl's grammar, but its quoted text is one to its reader. */
static void put_number(struct slip_buf *out, const char *key, int64_t value)
{
    slip__buf_printf(out, value < 0 ? "%s = \"%lld\"\n" : "%s = %lld\n", key, (long long)value);
}

static void put_word(struct slip_buf *out, const char *key, const char *word)
{
    if (word[strspn(word, "0123456789")])
        put_string(out, key, word);
    else
        slip__buf_printf(out, "%s = %s\n", key, word);
}

static void put_strs(struct slip_emit *e, const char *key, struct slip_strs *strs)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf items = {0};

    for (size_t i = 0; i < strs->count; i++) {
        slip__xl_put_quoted(&items, strs->items[i].value);
        slip__buf_putc(&items, '\n');
    }
    slip__xl_put_items(e->out, key, &items);
    e->out->failed |= items.failed;
}

/* One of a list that may be just one. */
static void emit_one_or_list(struct slip_emit *e, const struct slip_field *field)
{
    struct slip_strs *strs = (void *)slip__field_mark(field, e->guest);

    /* xl takes one ramdisk. */
    if (e->options->xl_compat && strs == &e->guest->ramdisk && strs->count > 1) {
        slip__said(&strs->items[0].mark);
        put_string(e->out, field->key, strs->items[0].value);
        return;
    }
    slip__said(&strs->mark);
    if (strs->count == 1)
        put_string(e->out, field->key, strs->items[0].value);
    else
        put_strs(e, field->key, strs);
}

/* A set of CPUs for all vCPUs, or a list of them: not both. */
static void emit_each(struct slip_emit *e, const struct slip_field *field)
{
    bool soft = strcmp(field->name, "cpus_soft_each") == 0;
    struct slip_str *all = soft ? &e->guest->cpus_soft : &e->guest->cpus;
    struct slip_strs *each = (void *)slip__field_mark(field, e->guest);

    if (SLIP_IS_GIVEN(*all))
        return;
    slip__said(&each->mark);
    put_strs(e, soft ? "cpus_soft" : "cpus", each);
}

static void emit_cpuid(struct slip_emit *e, const struct slip_field *field)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf text = {0};
    struct slip_strs *cpuid = &e->guest->cpuid;

    if (cpuid->count == 0 || strcmp(cpuid->items[0].value, "host") != 0) {
        slip__said(&cpuid->mark);
        put_strs(e, field->key, cpuid);
        return;
    }
    for (size_t i = 0; i < cpuid->count; i++) {
        if (strchr(cpuid->items[i].value, ',') || !cpuid->items[i].value[0])
            continue;
        slip__said(&cpuid->items[i].mark);
        slip__buf_printf(&text, "%s%s", text.len ? "," : "", cpuid->items[i].value);
    }
    if (!text.failed)
        put_string(e->out, field->key, text.data);
    e->out->failed |= text.failed;
}

static void emit_viridian(struct slip_emit *e, const struct slip_field *field)
{
    struct slip_strs *viridian = &e->guest->viridian;

    slip__said(&viridian->mark);
    if (viridian->count == 0)
        put_number(e->out, field->key, 0);
    else if (viridian->count == 1 && strcmp(viridian->items[0].value, "defaults") == 0)
        put_number(e->out, field->key, 1);
    else
        put_strs(e, field->key, viridian);
}

/* One key says both; whichever comes first writes it. */
static void emit_rdm(struct slip_emit *e, const struct slip_field *field)
{
    struct slip_num *rdm = &e->guest->rdm, *policy = &e->guest->rdm_policy;
    const struct slip_field *p = slip__field_named(&slip__record_guest, "rdm_policy");

    if (rdm->mark.said || policy->mark.said)
        return;
    slip__said(&rdm->mark);
    slip__said(&policy->mark);
    slip__buf_puts(e->out, "rdm = \"");
    if (SLIP_IS_GIVEN(*rdm))
        slip__buf_printf(
            e->out, "strategy=%s",
            slip__enum_word(slip__field_named(&slip__record_guest, "rdm")->words, rdm->value));
    if (SLIP_IS_GIVEN(*policy))
        slip__buf_printf(e->out, "%spolicy=%s", SLIP_IS_GIVEN(*rdm) ? "," : "",
                         slip__enum_word(p->words, policy->value));
    slip__buf_puts(e->out, "\"\n");
    (void)field;
}

static bool is_bios(const struct slip_guest *g)
{
    static const char *const known[] = {"seabios", "ovmf", "rombios"};

    for (size_t i = 0; i < SLIP_COUNT(known) && g->type.value == SLIP_TYPE_HVM; i++) {
        if (strcmp(known[i], g->firmware.value) == 0)
            return true;
    }
    return false;
}

/* xl knows the firmware of an hvm guest by an older key, and no other. */
static void emit_firmware(struct slip_emit *e, const struct slip_field *field)
{
    struct slip_str *firmware = &e->guest->firmware;

    slip__said(&firmware->mark);
    put_string(e->out, is_bios(e->guest) ? "bios" : field->key, firmware->value);
}

static const struct {
    const char *name;
    void (*emit)(struct slip_emit *, const struct slip_field *);
} specials[] = {
    {"ramdisk", emit_one_or_list},   {"serial", emit_one_or_list},
    {"usbdevice", emit_one_or_list}, {"cpus_each", emit_each},
    {"cpus_soft_each", emit_each},   {"cpuid", emit_cpuid},
    {"viridian", emit_viridian},     {"rdm", emit_rdm},
    {"firmware", emit_firmware},     {"rdm_policy", emit_rdm},
};

static bool emit_special(struct slip_emit *e, const struct slip_field *field)
{
    for (size_t i = 0; i < SLIP_COUNT(specials); i++) {
        if (strcmp(specials[i].name, field->name) == 0) {
            specials[i].emit(e, field);
            return true;
        }
    }
    return false;
}

static int emit_field(struct slip_emit *e, const struct slip_field *field)
{
    struct slip_mark *mark = slip__field_mark(field, e->guest);
    SLIP_AUTO(slip__buf_dispose) struct slip_buf items = {0};
    const struct slip_num *num = (void *)mark;

    if (emit_special(e, field) || !field->key_len)
        return 0;
    slip__said(mark);
    switch (field->kind) {
    case SLIP_KIND_STR:
        put_string(e->out, field->key, ((const struct slip_str *)(const void *)mark)->value);
        break;
    case SLIP_KIND_INT:
    case SLIP_KIND_BOOL:
        put_number(e->out, field->key, num->value);
        break;
    case SLIP_KIND_ENUM:
        put_word(e->out, field->key, slip__enum_word(field->words, num->value));
        break;
    case SLIP_KIND_STRS:
        put_strs(e, field->key, (void *)mark);
        break;
    case SLIP_KIND_LIST:
        if (slip__xl_device_items(e, field, &items) < 0 || items.failed)
            return -1;
        slip__xl_put_items(e->out, field->key, &items);
        break;
    }
    return 0;
}

static size_t topic_of(size_t offset)
{
    size_t topic = 0;

    while (topic + 1 < slip__guest_n_topics && slip__guest_topics[topic + 1].offset <= offset)
        topic++;
    return topic;
}

/* Is the value one that xl has no word for, so that the word is Slipway's own? */
static bool is_own(const struct slip_guest *g, const struct slip_field *field)
{
    static const char *const own[] = {"title",        "description",   "protocol",
                                      "load_address", "entry_address", "autoconsole"};

    for (size_t i = 0; i < SLIP_COUNT(own); i++) {
        if (strcmp(own[i], field->name) == 0)
            return true;
    }
    if (strcmp(field->name, "firmware") == 0)
        return !is_bios(g);
    return strcmp(field->name, "ramdisk") == 0 && g->ramdisk.count > 1;
}

/* Tells of a word of our own. *ret_skip: it is not to be written. -1 when out of memory. */
static int tell_own(struct slip_emit *e, const struct slip_field *field, bool *ret_skip)
{
    struct slip_mark *mark = slip__field_mark(field, e->guest);

    *ret_skip = false;
    if (!is_own(e->guest, field))
        return 0;
    *ret_skip = e->options->xl_compat && field->kind != SLIP_KIND_STRS;
    return e->options->xl_compat
               ? 0
               : slip__loss(e->losses, SLIP_LOSS_OWN, field->name, mark->span,
                            "only Slipway reads '%s'%s: xl %s", field->key,
                            field->kind == SLIP_KIND_STRS ? " as a list" : "",
                            field->kind == SLIP_KIND_STRS ? "refuses it" : "passes over it");
}

int slip__xl_emit_keys(struct slip_emit *e, bool (*wanted)(const struct slip_field *field))
{
    size_t last = SIZE_MAX;

    for (size_t i = 0; i < slip__record_guest.n_fields; i++) {
        const struct slip_field *field = &slip__record_guest.fields[i];
        size_t before = e->out->len, topic;
        bool skip;

        if (slip__field_mark(field, e->guest)->origin != SLIP_GIVEN || (wanted && !wanted(field)))
            continue;
        if (tell_own(e, field, &skip) < 0)
            return -1;
        if (skip)
            continue;
        topic = topic_of(field->offset);
        if (before && topic != last)
            slip__buf_putc(e->out, '\n');
        if (emit_field(e, field) < 0)
            return -1;
        if (before && e->out->len == before + 1 && topic != last)
            e->out->data[--e->out->len] = 0; /* nothing came after the empty line */
        else if (e->out->len > before)
            last = topic;
    }
    return 0;
}

int slip__xl_emit(struct slip_emit *e)
{
    return slip__xl_emit_keys(e, NULL);
}
