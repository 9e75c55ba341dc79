/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Random guests through a format and back: test_round_trip FORMAT. What the text says is what is read of it, the report of losses names
 * exactly the rest, and writing what was read gives the same bytes with nothing lost.
 *
 * Both guests are resolved, as everybody's are, and compared value by value. A value that only the second one has must be what its
 * silence means: the schema's default, or one that the report says was written out. Fields that a format says in other words have their
 * reason in a table.
 */
#include "guest_fixture.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "random_guest.h"

/* A field whose value may come back as another one of the same meaning. */
struct exception {
    const char *field; /* "disk.bus" */
    const char *why;
    bool new; /* only where nobody gave it: what was given comes back */
};

/* What a value that is not given is, where it follows from others. */
struct implied {
    const char *field;
    int64_t (*value)(const struct slip_guest *guest, const void *object);
};

struct trip {
    const char *format;
    const struct exception *exceptions; /* end in one without a field */
    void (*prepare)(struct slip_guest *guest, struct random_source *r);
};

static const struct trip *trip;
static const struct slip_mark given = {.origin = SLIP_GIVEN};
static unsigned rounds = 10000;

/* Complaints, one of each kind with its text, so that a change is seen whole. */
#define MAX_COMPLAINTS 64
static struct {
    char what[200];
    char *text;
    unsigned times;
} complaints[MAX_COMPLAINTS];

static void complain(const char *text, const char *fmt, ...) SLIP_PRINTF(2, 3);
static void complain(const char *text, const char *fmt, ...)
{
    char what[sizeof(complaints[0].what)];
    va_list args;
    size_t i = 0;

    va_start(args, fmt);
    vsnprintf(what, sizeof(what), fmt, args);
    va_end(args);
    while (i < MAX_COMPLAINTS - 1 && complaints[i].times && strcmp(complaints[i].what, what) != 0)
        i++;
    if (complaints[i].times++ == 0) {
        memcpy(complaints[i].what, what, sizeof(what));
        complaints[i].text = strdup(text);
    }
}

static void print_complaints(void)
{
    size_t n = 0;

    for (; n < MAX_COMPLAINTS && complaints[n].times; n++) {
        print_message("# %u times: %s\n", complaints[n].times, complaints[n].what);
        if (getenv("SLIPWAY_SHOW_TEXTS"))
            puts(complaints[n].text);
        free(complaints[n].text);
    }
    assert_int_equal(n, 0);
}

/* --- guests ----------------------------------------------------------------------------------------------------------- */

static void drop(const struct slip_record *record, const char *name, void *object)
{
    slip__field_dispose(slip__field_named(record, name), object);
}

/* Takes away what no guest can be: pieces of a text that is none, distances to nodes that there are not. */
static void sensible(struct slip_guest *guest)
{
    drop(&slip__record_guest, "foreign", guest);
    if (!SLIP_IS_SET(guest->uuid)) /* else it is another each time */
        slip__str_set(&guest->uuid, "8f0cf1e2-31f3-4b6c-9c1d-0d8a14a5b0c7", 36, given);
    if (SLIP_IS_SET(guest->maxvcpus) && guest->vcpus.value > guest->maxvcpus.value)
        guest->vcpus.value = guest->maxvcpus.value;
    for (size_t i = 0; i < guest->vnuma.count; i++) {
        if (guest->vnuma.items[i].vdistances.count != guest->vnuma.count)
            drop(&slip__record_vnode, "vdistances", &guest->vnuma.items[i]);
    }
}

static void resolve(struct slip_guest *guest)
{
    struct slip_diags *diags = slip_diags_new();
    struct slip_strictness lenient = {.xl_compat = true, .convert = true};
    int rc = slip__guest_resolve(guest, NULL, lenient, diags, NULL);

    assert_true(rc == 0 || rc == SLIP_EDESC);
    slip_diags_free(diags);
}

static char *write_guest(struct slip_guest *guest, struct slip_losses *losses)
{
    static const struct slip_emit_options options;
    struct slip_diags *diags = slip_diags_new();
    struct slip_buf out = {0};
    struct slip_emit e = {guest, &options, &out, losses, diags};
    char *text;

    slip__buf_puts(&out, "");
    assert_int_equal(slip__format_find(trip->format)->emit(&e), 0);
    if (slip_diags_count(diags))
        fail_msg("%s", slip_diag_message(slip_diags_at(diags, 0)));
    assert_int_equal(slip__losses_sweep(losses, trip->format, guest), 0);
    text = slip__buf_steal(&out);
    slip__buf_dispose(&out);
    slip_diags_free(diags);
    assert_non_null(text);
    return text;
}

static struct slip_guest *read_guest(const char *text)
{
    struct slip_diags *diags = slip_diags_new();
    struct slip_guest *guest = slip__guest_new();
    unsigned source = slip__diags_add_source(diags, "vm", text, strlen(text));

    assert_int_equal(
        slip__format_find(trip->format)
            ->parse(source, (struct slip_strictness){.convert = true}, guest, diags, NULL),
        0);
    for (size_t i = 0; i < slip_diags_count(diags); i++) {
        const struct slip_diag *diag = slip_diags_at(diags, i);

        if (slip_diag_code(diag) != SLIP_CODE_DEPRECATED)
            complain(text, "%u %s", slip_diag_code(diag), slip_diag_message(diag));
    }
    slip_diags_free(diags);
    return guest;
}

/* --- comparing -------------------------------------------------------------------------------------------------------- */

struct comparison {
    const struct slip_guest *a, *b;
    const struct slip_losses *losses;
    const char *text; /* for messages */
    char where[160];  /* "vif[0]." */
};

static bool excepted(const char *name, bool new)
{
    for (const struct exception *e = trip->exceptions; e->field; e++) {
        if (strcmp(e->field, name) == 0 && (new || !e->new))
            return true;
    }
    return false;
}

/* Does the report say that of the value? */
static bool reported(const struct comparison *c, const struct slip_field *field,
                     enum slip_loss_kind kind)
{
    char setting[256];

    snprintf(setting, sizeof(setting), "%s%s", c->where, field->name);
    for (size_t i = 0; i < c->losses->count; i++) {
        if (c->losses->items[i].kind == kind && strcmp(c->losses->items[i].setting, setting) == 0)
            return true;
    }
    return false;
}

static int64_t removable(const struct slip_guest *guest, const void *object)
{
    (void)guest;
    return ((const struct slip_disk *)object)->cdrom.value;
}

static int64_t multi_touch(const struct slip_guest *guest, const void *object)
{
    const struct slip_vkb *vkb = object;

    (void)guest;
    return SLIP_IS_SET(vkb->multi_touch_width) || SLIP_IS_SET(vkb->multi_touch_height) ||
           SLIP_IS_SET(vkb->multi_touch_num_contacts);
}

#define PCI_FLAG(name)                                                            \
    static int64_t pci_##name(const struct slip_guest *guest, const void *object) \
    {                                                                             \
        (void)object;                                                             \
        return slip__num_or(&guest->pci_##name, 0);                               \
    }
PCI_FLAG(msitranslate)
PCI_FLAG(permissive)
PCI_FLAG(power_mgmt)
PCI_FLAG(seize)

/* To libxl, 0 is its own limit. */
static int64_t event_channels(const struct slip_guest *guest, const void *object)
{
    (void)object;
    return guest->max_event_channels.value == 0 ? 0 : 1023;
}

static int64_t zero(const struct slip_guest *guest, const void *object)
{
    (void)guest;
    (void)object;
    return 0;
}

/* A device on the bus needs the controller. */
static int64_t usb(const struct slip_guest *guest, const void *object)
{
    (void)object;
    return guest->usbdevice.count > 0;
}

static int64_t vnc(const struct slip_guest *guest, const void *object)
{
    (void)object;
    return guest->type.value == SLIP_TYPE_HVM && !slip__num_or(&guest->nographic, 0);
}

static const struct implied implications[] = {
    {"disk.removable", removable},
    {"vkb.feature_multi_touch", multi_touch},
    {"pci.msitranslate", pci_msitranslate},
    {"pci.permissive", pci_permissive},
    {"pci.power_mgmt", pci_power_mgmt},
    {"pci.seize", pci_seize},
    {"guest.passthrough", zero},
    {"guest.usb", usb},
    {"guest.max_event_channels", event_channels},
    {"guest.vnc", vnc},
};

static const struct implied *implied(const char *name)
{
    for (size_t i = 0; i < sizeof(implications) / sizeof(implications[0]); i++) {
        if (strcmp(implications[i].field, name) == 0)
            return &implications[i];
    }
    return NULL;
}

/* Is it what the schema says that nothing said means? Its words: "0", "0: none", "destroy", "rw (ro for a CD-ROM)". */
static bool is_default(const struct slip_field *field, const struct slip_mark *value)
{
    const struct slip_num *num = (const void *)value;
    const struct slip_strs *strs = (const void *)value;
    const char *text = field->default_text, *word;
    size_t len = strcspn(text, " :,;");
    char *end;

    switch (field->kind) {
    case SLIP_KIND_STR:
        word = ((const struct slip_str *)(const void *)value)->value;
        return !word[0] || strcmp(word, text) == 0; /* empty: nothing said */
    case SLIP_KIND_ENUM:
        word = slip__enum_word(field->words, num->value);
        return word && strlen(word) == len && strncmp(word, text, len) == 0;
    case SLIP_KIND_INT:
    case SLIP_KIND_BOOL:
        return strtoll(text, &end, 10) == num->value && end != text && end == text + len;
    case SLIP_KIND_STRS:
    case SLIP_KIND_LIST:
        break;
    }
    for (size_t i = 0; field->kind == SLIP_KIND_STRS && i < strs->count; i++) {
        if (strs->items[i].value[0])
            return false;
    }
    return field->kind == SLIP_KIND_STRS || strs->count == 0;
}

/* A rate in bytes of an interval of microseconds: 1Mb/s is 125KB/s, by 50 ms. */
static void rate_of(const char *text, uint64_t *ret_bytes, uint64_t *ret_us)
{
    char *end, *unit;
    unsigned __int128 n = strtoull(text, &unit, 10);
    uint64_t us = 50000;

    n *= *unit == 'G' ? 1000000000 : *unit == 'M' ? 1000000 : *unit == 'K' ? 1000 : 1;
    unit += strchr("GMK", *unit) != NULL;
    n = *unit == 'b' ? n / 8 : n;
    if (unit[3] == '@') {
        us = strtoull(unit + 4, &end, 10);
        us *= *end == 'm' ? 1000 : *end == 's' ? 1000000 : 1;
    }
    *ret_us = us;
    *ret_bytes = (uint64_t)(n * us / 1000000);
}

static bool same_rate(const char *a, const char *b)
{
    uint64_t bytes[2], us[2];

    rate_of(a, &bytes[0], &us[0]);
    rate_of(b, &bytes[1], &us[1]);
    return bytes[0] == bytes[1] && us[0] == us[1];
}

static bool same_value(const struct slip_field *field, const void *a, const void *b)
{
    const struct slip_strs *sa = a, *sb = b;
    bool same = true;

    switch (field->kind) {
    case SLIP_KIND_STR:
        same =
            strcmp(((const struct slip_str *)a)->value, ((const struct slip_str *)b)->value) == 0;
        return same || (field->syntax == SLIP_SYNTAX_RATE &&
                        same_rate(((const struct slip_str *)a)->value,
                                  ((const struct slip_str *)b)->value));
    case SLIP_KIND_STRS:
        for (size_t i = 0; same && sa->count == sb->count && i < sa->count; i++)
            same = strcmp(sa->items[i].value, sb->items[i].value) == 0;
        return same && sa->count == sb->count;
    case SLIP_KIND_LIST:
        return sa->count == sb->count; /* their items one by one */
    default:
        return ((const struct slip_num *)a)->value == ((const struct slip_num *)b)->value;
    }
}

static void compare(struct comparison *c, const struct slip_record *record, const void *a,
                    const void *b);

static void compare_items(struct comparison *c, const struct slip_field *field, const void *a,
                          const void *b)
{
    const struct slip_disk_list *la = a, *lb = b;
    size_t outer = strlen(c->where);

    for (size_t i = 0; i < la->count; i++) {
        snprintf(c->where + outer, sizeof(c->where) - outer, "%s[%zu].", field->name, i);
        compare(c, field->item, (const char *)la->items + i * field->item->size,
                (const char *)lb->items + i * field->item->size);
        c->where[outer] = 0;
    }
}

/* A set of CPUs by number, in one spelling: "0-7,^2" and "0-1,3-7" are the same. Words (all, nodes:1) stay. */
static void canonical_set(struct slip_str *set)
{
    enum { MOST = 4096 };
    static bool in[MOST];
    struct slip_buf out = {0};
    const char *p = set->value;
    char *end;

    memset(in, 0, sizeof(in));
    for (;; p = end + 1) {
        bool without = *p == '^';
        unsigned long from = strtoul(p += without, &end, 10), to = from;

        if (end == p)
            return;
        if (*end == '-')
            to = strtoul(end + 1, &end, 10);
        for (; from <= to && from < MOST; from++)
            in[from] = !without;
        if (!*end)
            break;
        if (*end != ',')
            return;
    }
    for (unsigned i = 0; i < MOST; i++) {
        if (in[i])
            slip__buf_printf(&out, "%u,", i);
    }
    assert_int_equal(slip__str_set(set, out.data, out.len, set->mark), 0);
    slip__buf_dispose(&out);
}

static void canonical_cpus(const struct slip_record *record, void *object)
{
    for (size_t i = 0; i < record->n_fields; i++) {
        const struct slip_field *field = &record->fields[i];
        struct slip_mark *mark = slip__field_mark(field, object);
        struct slip_strs *strs = (void *)mark;
        struct slip_disk_list *list = (void *)mark;

        if (mark->origin == SLIP_UNSET)
            continue;
        for (size_t k = 0; field->kind == SLIP_KIND_LIST && k < list->count; k++)
            canonical_cpus(field->item, (char *)list->items + k * field->item->size);
        if (field->syntax != SLIP_SYNTAX_CPUS)
            continue;
        if (field->kind == SLIP_KIND_STR)
            canonical_set((void *)mark);
        for (size_t k = 0; field->kind == SLIP_KIND_STRS && k < strs->count; k++)
            canonical_set(&strs->items[k]);
    }
}

/* The same set for each vCPU is one for all. */
static void one_for_all(struct slip_guest *guest, struct slip_str *all, const char *list)
{
    const struct slip_field *field = slip__field_named(&slip__record_guest, list);
    const struct slip_strs *each = (void *)slip__field_mark(field, guest);

    for (size_t i = 1; i < each->count; i++) {
        if (strcmp(each->items[i].value, each->items[0].value) != 0)
            return;
    }
    if (SLIP_IS_SET(*all) || !each->count || (int64_t)each->count < guest->maxvcpus.value)
        return;
    slip__str_set(all, each->items[0].value, strlen(each->items[0].value), given);
    slip__field_dispose(field, guest);
}

/* a: what was written, without what was lost; b: what was read. */
static void compare(struct comparison *c, const struct slip_record *record, const void *a,
                    const void *b)
{
    for (size_t i = 0; i < record->n_fields; i++) {
        const struct slip_field *field = &record->fields[i];
        const struct slip_mark *ma = (const void *)((const char *)a + field->offset);
        const struct slip_mark *mb = (const void *)((const char *)b + field->offset);
        const struct implied *from;
        char name[96];
        bool good;

        snprintf(name, sizeof(name), "%s.%s", record->name, field->name);
        if (excepted(name, ma->origin == SLIP_UNSET) ||
            (ma->origin == SLIP_UNSET && mb->origin == SLIP_UNSET))
            continue;
        if ((from = implied(name)))
            good = slip__num_or((const void *)ma, from->value(c->a, a)) ==
                       slip__num_or((const void *)mb, from->value(c->b, b)) ||
                   (ma->origin == SLIP_UNSET && reported(c, field, SLIP_LOSS_DEFAULT));
        else if (ma->origin == SLIP_UNSET)
            good = is_default(field, mb) || reported(c, field, SLIP_LOSS_DEFAULT);
        else if (mb->origin == SLIP_UNSET)
            good = is_default(field, ma);
        else
            good = same_value(field, ma, mb) || reported(c, field, SLIP_LOSS_ROUNDED);
        if (!good)
            complain(c->text, "%s %s", name,
                     ma->origin == SLIP_UNSET   ? "came by itself"
                     : mb->origin == SLIP_UNSET ? "did not come back"
                                                : "came back as another");
        if (good && field->kind == SLIP_KIND_LIST && ma->origin != SLIP_UNSET &&
            mb->origin != SLIP_UNSET)
            compare_items(c, field, ma, mb);
    }
}

/* Where a begins to differ from b, from that line on. */
static const char *different_at(const char *a, const char *b)
{
    const char *line = a;

    for (; *a && *a == *b; a++, b++)
        line = *a == '\n' ? a + 1 : line;
    return line;
}

/* What was read says the same bytes again, and loses nothing. */
static void check_again(const struct slip_guest *back, const char *text)
{
    static bool first = true; /* one example will do */
    struct slip_losses losses = {0};
    struct slip_guest copy = {0};
    const char *a, *b;
    char *twice;

    assert_int_equal(slip__object_copy(&slip__record_guest, &copy, back), 0);
    twice = write_guest(&copy, &losses);
    slip__object_dispose(&slip__record_guest, &copy);
    a = different_at(twice, text);
    b = different_at(text, twice);
    if (*a || *b)
        complain(text, "another text%s%.*s%s%.*s", first ? ", the first time at " : "",
                 first ? (int)strcspn(a, "\n") : 0, a, first ? ", where it was " : "",
                 first ? (int)strcspn(b, "\n") : 0, b);
    first = first && !*a && !*b;
    for (size_t k = 0; k < losses.count; k++) {
        if (losses.items[k].kind == SLIP_LOSS_UNSAYABLE)
            complain(text, "a loss only now: %s", losses.items[k].message);
    }
    slip__losses_dispose(&losses);
    free(twice);
}

static void random_guests(void **state)
{
    struct random_source r = {20261121};
    size_t lost = 0;

    (void)state;
    for (unsigned i = 0; i < rounds; i++) {
        struct slip_guest *guest = random_guest(&r, 3 + i % 3 * 6), copy = {0}, *back;
        struct slip_losses losses = {0};
        struct comparison c = {.losses = &losses};
        char *text;

        assert_non_null(guest);
        sensible(guest);
        if (trip->prepare)
            trip->prepare(guest, &r);
        resolve(guest);
        assert_int_equal(slip__guest_modernize(guest), 0);
        assert_int_equal(slip__object_copy(&slip__record_guest, &copy, guest), 0);
        text = write_guest(&copy, &losses);
        random_take_said(guest, &copy);
        random_drop_unsaid(guest);
        resolve(guest);
        back = read_guest(text);
        resolve(back);
        assert_int_equal(slip__guest_modernize(back), 0);
        check_again(back, text);
        canonical_cpus(&slip__record_guest, guest);
        canonical_cpus(&slip__record_guest, back);
        one_for_all(guest, &guest->cpus, "cpus_each");
        one_for_all(guest, &guest->cpus_soft, "cpus_soft_each");
        one_for_all(back, &back->cpus, "cpus_each");
        one_for_all(back, &back->cpus_soft, "cpus_soft_each");
        c.text = text;
        c.a = guest;
        c.b = back;
        compare(&c, &slip__record_guest, guest, back);
        lost += losses.count;
        slip__losses_dispose(&losses);
        free(text);
        slip__object_dispose(&slip__record_guest, &copy);
        slip_guest_free(guest);
        slip_guest_free(back);
    }
    print_complaints();
    assert_true(lost > rounds / 100); /* or it was never looked at */
}

/* --- formats ---------------------------------------------------------------------------------------------------------- */

static const struct exception xl_exceptions[] = {
    {"disk.prefix", "xl passes over xend's prefixes: what they say has its own key"},
    {NULL, NULL},
};

static const struct exception json_exceptions[] = {
    {"guest.pci_msitranslate", "each device has it for itself: pci.msitranslate is compared"},
    {"guest.pci_permissive", "the same"},
    {"guest.pci_power_mgmt", "the same"},
    {"guest.pci_seize", "the same"},
    {"guest.firmware", "an empty bootloader is none, so the default firmware starts the guest",
     true},
    {"guest.viridian",
     "two sets, on and off, without order; that the same sets come back is seen in the bytes"},
    {NULL, NULL},
};

static const struct exception sxpr_exceptions[] = {
    {"guest.device_model", "xm's spelling of device_model_override: one word for both"},
    {"guest.device_model_override", "the same"},
    {"guest.firmware", "a path is hvmloader's file: (kernel PATH), as firmware_override is"},
    {"guest.firmware_override", "the same; and xend is told the default"},
    {"guest.boot", "(boot c) stands beside a kernel, where nobody asks for it"},
    {"disk.prefix", "xend has no disk without one: file, or by the format", true},
    {"disk.backendtype", "phy: says who serves it", true},
    {NULL, NULL},
};

static const struct exception libvirt_exceptions[] = {
    {"guest.vnc", "libvirt has no screen unless said: so has a domain of kvm or qemu", true},
    {"guest.device_model", "xm's spelling of device_model_override: one word for both"},
    {"guest.device_model_override", "the same", true},
    {"guest.cpuid", "an empty list is no list of features; doubles go"},
    {"guest.cpus", "a pin for each vCPU that there is says the same as one for all"},
    {"guest.cpus_each", "the same"},
    {"guest.vga", "no graphics card has one word, whether nographic said so or vga", true},
    {"guest.nographic", "the same"},
    {"guest.soundhw", "doubles and unknown cards go"},
    {"guest.serial", "an empty place is that of the console"},
    {"guest.spicedisable_ticketing", "so it is without a password", true},
    {"vfb.vnc", "two ways to show one screen are two screens"},
    {"vfb.vncunused", "the same"},
    {"disk.prefix", "the driver is who serves the disk: xl's prefixes say nothing there"},
    {"disk.backendtype", "the driver is always said: also an empty drive's, by itself", true},
    {"disk.bus", "the one that the name of the disk says is no setting"},
    {"vif.rate",
     "libvirt counts by 1024 and xl by 1000: 10MB/s is average='10240' to libvirt itself"},
    {"vif.type", "no card is emulated but where there is a model"},
    {"pci.vslot", "a function in the slot has its own place"},
    {"p9.security_model", "accessmode is always said", true},
    {"vnode.pnode", "libvirt puts cell N on the host's node N", true},
    {NULL, NULL},
};

static void only_hvm_and_pv(struct slip_guest *guest, struct random_source *r)
{
    slip__num_set(&guest->type, random_roll(r, 2) ? SLIP_TYPE_HVM : SLIP_TYPE_PV, given);
    drop(&slip__record_guest, "builder", guest);
}

static const struct trip trips[] = {
    {"libvirt", libvirt_exceptions, NULL},
    {"libxl-json", json_exceptions, NULL},
    {"sxpr", sxpr_exceptions, only_hvm_and_pv},
    {"xl", xl_exceptions, NULL},
};

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_guests)};

    for (size_t i = 0; argc > 1 && i < sizeof(trips) / sizeof(trips[0]); i++) {
        if (strcmp(trips[i].format, argv[1]) == 0)
            trip = &trips[i];
    }
    if (!trip)
        return 2;
    if (argc > 2)
        rounds = (unsigned)strtoul(argv[2], NULL, 10);
    return cmocka_run_group_tests_name(trip->format, tests, NULL, NULL);
}
