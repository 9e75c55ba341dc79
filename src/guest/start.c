/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a guest starts: its container (type, builder), exactly one boot method (kernel, firmware, bootloader), which firmware
 * can start where, and how root= and extra= make a command line. Rules only: no file is opened here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/suggest.h"
#include "guest/rules.h"

#define IN(type) (1u << SLIP_TYPE_##type)

/* Firmware by name: what the name stands for, and the containers in which it can start. */
static const struct firmware {
    const char *name;
    const char *resolved;
    unsigned containers;
} firmwares[] = {
    {"ovmf", "ovmf", IN(HVM)},        {"uefi", "ovmf", IN(HVM)},
    {"seabios", "seabios", IN(HVM)},  {"bios", "seabios", IN(HVM)},
    {"rombios", "rombios", IN(HVM)},  {"pvgrub", "pvgrub", IN(PV) | IN(PVH)},
    {"pvgrub32", "pvgrub32", IN(PV)}, /* xl's own names for a PV GRUB of each width */
    {"pvgrub64", "pvgrub64", IN(PV)},
};

static const struct firmware *firmware_find(const char *name)
{
    for (size_t i = 0; i < SLIP_COUNT(firmwares); i++) {
        if (strcmp(firmwares[i].name, name) == 0)
            return &firmwares[i];
    }
    return NULL;
}

static const char *type_word(enum slip_type type)
{
    const struct slip_field *field = slip__field_find(&slip__record_guest, "type");

    return slip__enum_word(field->words, type);
}

/* For messages. */
static const char *a_guest(enum slip_type type)
{
    static const char *const names[] = {[SLIP_TYPE_PV] = "a pv guest",
                                        [SLIP_TYPE_PVH] = "a pvh guest",
                                        [SLIP_TYPE_HVM] = "an hvm guest"};

    return names[type];
}

static const struct {
    const char *word;
    enum slip_type type;
} builders[] = {{"hvm", SLIP_TYPE_HVM}, {"generic", SLIP_TYPE_PV}, {"linux", SLIP_TYPE_PV}};

static bool builder_type(struct slip_rules *r, enum slip_type *ret)
{
    const struct slip_str *builder = &r->guest->builder;
    struct slip_suggest suggest = slip__suggest(builder->value, strlen(builder->value));
    struct slip_diag *d;

    for (size_t i = 0; i < SLIP_COUNT(builders); i++) {
        if (strcmp(builders[i].word, builder->value) == 0) {
            *ret = builders[i].type;
            return true;
        }
        slip__suggest_try(&suggest, builders[i].word);
    }
    d = slip__diag(r->diags, SLIP_CODE_UNKNOWN_WORD, builder->mark.span,
                   "'builder' can't be '%.60s'", builder->value);
    if (suggest.best)
        slip__diag_hint(d, "did you mean \"%s\"?", suggest.best);
    else
        slip__diag_hint(d, "use type = \"pv\", \"pvh\" or \"hvm\" instead");
    return false;
}

/* type= supersedes builder=. Afterwards type is set. */
static void rule_container(struct slip_rules *r)
{
    struct slip_guest *g = r->guest;
    enum slip_type type = SLIP_TYPE_PV;
    bool both_same;
    struct slip_diag *d;

    if (!SLIP_IS_SET(g->builder)) {
        if (!SLIP_IS_SET(g->type))
            slip__num_set(&g->type, SLIP_TYPE_PV, (struct slip_mark){.origin = SLIP_DEFAULT});
        return;
    }
    if (!builder_type(r, &type)) {
        if (!SLIP_IS_SET(g->type))
            slip__num_set(&g->type, SLIP_TYPE_PV, (struct slip_mark){.origin = SLIP_DEFAULT});
        return;
    }
    if (!SLIP_IS_SET(g->type)) {
        d = slip__diag(r->diags, SLIP_CODE_BUILDER_DEPRECATED, g->builder.mark.span,
                       "'builder' is deprecated");
        slip__diag_hint(d, "write type = \"%s\"", type_word(type));
        slip__num_set(&g->type, type, (struct slip_mark){g->builder.mark.span, SLIP_DEFAULT});
        return;
    }
    both_same = g->type.value == (int64_t)type;
    d = slip__diag_as(r->diags, both_same && r->strictness.xl_compat ? SLIP_WARNING : SLIP_ERROR,
                      SLIP_CODE_TYPE_AND_BUILDER, g->builder.mark.span,
                      both_same ? "'builder' is given together with 'type'"
                                : "'builder' contradicts 'type'");
    slip__diag_note(d, g->type.mark.span, "'type' is \"%s\" here",
                    type_word((enum slip_type)g->type.value));
    slip__diag_hint(d, "remove 'builder'");
}

/* Later in the text? Sources are numbered in the order of reading. */
static bool later(struct slip_span a, struct slip_span b)
{
    return a.source != b.source ? a.source > b.source : a.start > b.start;
}

/* xm's way to start an hvm guest's firmware, which xl passes over. */
static int rule_hvmloader(struct slip_rules *r)
{
    struct slip_guest *g = r->guest;
    const char *slash = g->kernel.value ? strrchr(g->kernel.value, '/') : NULL;
    struct slip_diag *d;

    if (g->type.value != SLIP_TYPE_HVM || !g->kernel.value ||
        strcmp(slash ? slash + 1 : g->kernel.value, "hvmloader") != 0)
        return 0;
    d = slip__diag(r->diags, SLIP_CODE_DEPRECATED, g->kernel.mark.span,
                   "'kernel' is no firmware any more");
    slip__diag_hint(d, "leave it out, or write firmware_override");
    if (!SLIP_IS_SET(g->firmware_override)) {
        g->firmware_override = g->kernel;
    } else {
        free(g->kernel.value);
    }
    g->kernel = (struct slip_str){0};
    return 0;
}

/* bios= is firmware= for hvm in the older spelling. Afterwards bios is unset, or an error was reported. */
static int rule_bios(struct slip_rules *r)
{
    struct slip_guest *g = r->guest;
    const struct firmware *bios = SLIP_IS_SET(g->bios) ? firmware_find(g->bios.value) : NULL;
    const struct firmware *firmware =
        SLIP_IS_SET(g->firmware) ? firmware_find(g->firmware.value) : NULL;
    struct slip_diag *d;

    if (!SLIP_IS_SET(g->bios))
        return 0;
    if (!bios || !(bios->containers & IN(HVM))) {
        d = slip__diag(r->diags, SLIP_CODE_UNKNOWN_WORD, g->bios.mark.span,
                       "'bios' can't be '%.60s'", g->bios.value);
        slip__diag_hint(d, "one of seabios, ovmf, rombios");
        return 0;
    }
    if (g->type.value != SLIP_TYPE_HVM) {
        d = slip__diag_as(r->diags, r->strictness.xl_compat ? SLIP_WARNING : SLIP_ERROR,
                          SLIP_CODE_BIOS_OUTSIDE_HVM, g->bios.mark.span,
                          "'bios' is for hvm guests; this one is %s",
                          type_word((enum slip_type)g->type.value));
        slip__diag_hint(d, "remove it, or use 'firmware'");
        return 0;
    }
    if (!SLIP_IS_SET(g->firmware))
        return slip__str_set(&g->firmware, bios->resolved, strlen(bios->resolved), g->bios.mark);
    if (!firmware || strcmp(firmware->resolved, bios->resolved) != 0) {
        d = slip__diag(r->diags, SLIP_CODE_BIOS_AND_FIRMWARE, g->bios.mark.span,
                       "'bios' and 'firmware' name different firmware");
        slip__diag_note(d, g->firmware.mark.span, "'firmware' is set here");
        slip__diag_hint(d, "remove 'bios'");
    }
    return 0;
}

/* Keys that say how the guest starts, by what they are called where they were written. */
struct method {
    const char *key;
    const struct slip_str *str;
};

/* What a guest is that can't be started as it is: wrong, but for who only wants it in other words. */
static enum slip_severity unstartable(const struct slip_rules *r)
{
    return r->strictness.convert ? SLIP_WARNING : SLIP_ERROR;
}

/* Returns how many boot methods are given, with an error if more than one. */
static size_t count_methods(struct slip_rules *r)
{
    struct slip_guest *g = r->guest;
    const struct method all[] = {
        {"kernel", &g->kernel},
        {SLIP_IS_SET(g->bios) &&
                 memcmp(&g->bios.mark.span, &g->firmware.mark.span, sizeof(struct slip_span)) == 0
             ? "bios"
             : "firmware",
         &g->firmware},
        {"bootloader", &g->bootloader},
    };
    const struct method *first = NULL;
    size_t count = 0;

    for (size_t i = 0; i < SLIP_COUNT(all); i++) {
        const struct method *m = &all[i], *a = m, *b = first;
        struct slip_diag *d;

        if (!SLIP_IS_SET(*m->str))
            continue;
        count++;
        if (!first) {
            first = m;
            continue;
        }
        if (later(b->str->mark.span, a->str->mark.span)) {
            a = first;
            b = m;
        }
        d = slip__diag_as(r->diags, unstartable(r), SLIP_CODE_TWO_BOOT_METHODS, a->str->mark.span,
                          "'%s' and '%s' are two ways to start a guest", b->key, a->key);
        slip__diag_note(d, b->str->mark.span, "'%s' is set here", b->key);
        slip__diag_hint(d, "keep one of them");
    }
    return count;
}

static void refuse_bootloader(struct slip_rules *r)
{
    struct slip_diag *d =
        slip__diag(r->diags, SLIP_CODE_BOOTLOADER_CONTAINER, r->guest->bootloader.mark.span,
                   "a bootloader program can't start an hvm guest");

    if (SLIP_IS_GIVEN(r->guest->type))
        slip__diag_note(d, r->guest->type.mark.span, "'type' is \"hvm\" here");
    slip__diag_hint(
        d,
        "remove 'bootloader', so that the firmware boots the disk, or use type = \"pv\" or \"pvh\"");
}

static int rule_one_method(struct slip_rules *r)
{
    struct slip_guest *g = r->guest;
    struct slip_diag *d;
    size_t count = count_methods(r);

    if (count == 0 && g->type.value == SLIP_TYPE_HVM)
        return slip__str_set(&g->firmware, "seabios", 7,
                             (struct slip_mark){.origin = SLIP_DEFAULT});
    if (count == 0 && !r->strictness.damaged) {
        d = slip__diag_as(r->diags, unstartable(r), SLIP_CODE_NO_BOOT_METHOD,
                          SLIP_IS_SET(g->name) ? g->name.mark.span : slip__rules_whole(r),
                          "nothing says how this %s guest starts",
                          type_word((enum slip_type)g->type.value));
        slip__diag_hint(d,
                        "give one of kernel = \"...\", firmware = \"...\", bootloader = \"...\"");
    }
    if (SLIP_IS_SET(g->bootloader) && g->type.value == SLIP_TYPE_HVM)
        refuse_bootloader(r);
    return 0;
}

/* The firmware that can start in a container, as words. */
static void startable(enum slip_type type, char *ret, size_t size)
{
    size_t len = 0;

    ret[0] = 0;
    for (size_t i = 0; i < SLIP_COUNT(firmwares) && len < size; i++) {
        const struct firmware *f = &firmwares[i];

        /* Aliases are no further firmware. */
        if ((f->containers & (1u << type)) && strcmp(f->name, f->resolved) == 0)
            len += (size_t)snprintf(ret + len, size - len, "%s%s", len ? ", " : "", f->name);
    }
}

static void unknown_firmware(struct slip_rules *r, const struct slip_str *firmware)
{
    struct slip_suggest suggest = slip__suggest(firmware->value, strlen(firmware->value));
    struct slip_diag *d = slip__diag(r->diags, SLIP_CODE_UNKNOWN_FIRMWARE, firmware->mark.span,
                                     "unknown firmware '%.60s'", firmware->value);
    char words[128];

    for (size_t i = 0; i < SLIP_COUNT(firmwares); i++)
        slip__suggest_try(&suggest, firmwares[i].name);
    startable((enum slip_type)r->guest->type.value, words, sizeof(words));
    if (suggest.best)
        slip__diag_hint(d, "did you mean \"%s\"?", suggest.best);
    else
        slip__diag_hint(d, "%s can start %s, or a path with a '/'",
                        a_guest((enum slip_type)r->guest->type.value), words);
}

static int rule_firmware(struct slip_rules *r)
{
    struct slip_str *firmware = &r->guest->firmware;
    enum slip_type type = (enum slip_type)r->guest->type.value;
    const struct firmware *f;
    struct slip_diag *d;
    char words[128];

    if (!SLIP_IS_SET(*firmware) || !firmware->value[0])
        return 0;
    f = firmware_find(firmware->value);
    if (!f && strpbrk(firmware->value, "/."))
        return slip__rules_path(r, firmware);
    if (!f) {
        unknown_firmware(r, firmware);
        return 0;
    }
    if (!(f->containers & (1u << type))) {
        startable(type, words, sizeof(words));
        d = slip__diag(r->diags, SLIP_CODE_FIRMWARE_CONTAINER, firmware->mark.span,
                       "%s cannot start in %s%s", f->resolved, a_guest(type),
                       SLIP_IS_SET(r->guest->builder) || SLIP_IS_GIVEN(r->guest->type)
                           ? ""
                           : ", which this is by default");
        if (SLIP_IS_GIVEN(r->guest->type))
            slip__diag_note(d, r->guest->type.mark.span, "'type' is \"%s\" here", type_word(type));
        slip__diag_hint(d, "%s can start %s", a_guest(type), words);
    }
    return slip__str_set(firmware, f->resolved, strlen(f->resolved), firmware->mark);
}

/* What xl's parse_cmdline() does: cmdline as it is, else "root=ROOT EXTRA". */
static int rule_cmdline(struct slip_rules *r)
{
    struct slip_guest *g = r->guest;
    SLIP_AUTO(slip__buf_dispose) struct slip_buf text = {0};
    const struct slip_str *pieces[] = {&g->root, &g->extra};
    const char *const names[] = {"root", "extra"};
    struct slip_mark mark = {.origin = SLIP_DEFAULT};

    if (SLIP_IS_SET(g->cmdline)) {
        for (size_t i = 0; i < SLIP_COUNT(pieces); i++) {
            struct slip_diag *d;

            if (!SLIP_IS_SET(*pieces[i]))
                continue;
            d = slip__diag(r->diags, SLIP_CODE_CMDLINE_WINS, pieces[i]->mark.span,
                           "'%s' has no effect beside 'cmdline', which wins", names[i]);
            slip__diag_note(d, g->cmdline.mark.span, "'cmdline' is set here");
        }
        return 0;
    }
    if (!SLIP_IS_SET(g->root) && !SLIP_IS_SET(g->extra))
        return 0;
    if (SLIP_IS_SET(g->root))
        slip__buf_printf(&text, "root=%s", g->root.value);
    if (SLIP_IS_SET(g->extra))
        slip__buf_printf(&text, "%s%s", text.len ? " " : "", g->extra.value);
    mark.span = SLIP_IS_SET(g->extra) ? g->extra.mark.span : g->root.mark.span;
    return text.failed ? -1 : slip__str_set(&g->cmdline, text.data, text.len, mark);
}

/* Does the firmware start a kernel's command line and modules itself? A PV GRUB is given them, as xl does. */
static bool takes_kernel_keys(const struct slip_guest *g)
{
    return !SLIP_IS_SET(g->firmware) || strncmp(g->firmware.value, "pvgrub", 6) == 0;
}

static void rule_idle_keys(struct slip_rules *r)
{
    struct slip_guest *g = r->guest;
    const struct {
        const char *key;
        const struct slip_mark *mark;
    } kernel_keys[] = {{"ramdisk", &g->ramdisk.mark},
                       {"cmdline", &g->cmdline.mark},
                       {"protocol", &g->protocol.mark},
                       {"root", &g->root.mark},
                       {"extra", &g->extra.mark}};

    for (size_t i = 0;
         i < SLIP_COUNT(kernel_keys) && !SLIP_IS_SET(g->kernel) && !takes_kernel_keys(g); i++) {
        if (kernel_keys[i].mark->origin == SLIP_GIVEN)
            slip__diag(r->diags, SLIP_CODE_KERNEL_KEY_IDLE, kernel_keys[i].mark->span,
                       "'%s' has no effect: %s finds its own kernel", kernel_keys[i].key,
                       g->firmware.value);
    }
    if (SLIP_IS_SET(g->bootloader_args) && !SLIP_IS_SET(g->bootloader))
        slip__diag(r->diags, SLIP_CODE_BOOTLOADER_ARGS_IDLE, g->bootloader_args.mark.span,
                   "'bootloader_args' has no effect without 'bootloader'");
}

static int rule_paths(struct slip_rules *r)
{
    struct slip_guest *g = r->guest;

    if (slip__rules_path(r, &g->kernel) < 0)
        return -1;
    for (size_t i = 0; i < g->ramdisk.count; i++) {
        if (slip__rules_path(r, &g->ramdisk.items[i]) < 0)
            return -1;
    }
    /* A bare name is looked up where programs are. */
    if (SLIP_IS_SET(g->bootloader) && strchr(g->bootloader.value, '/'))
        return slip__rules_path(r, &g->bootloader);
    return 0;
}

/* A boot protocol belongs to a kernel in a container that knows it; addresses belong to a flat one. */
static void rule_protocol(struct slip_rules *r)
{
    struct slip_guest *g = r->guest;
    const struct slip_field *field = slip__field_find(&slip__record_guest, "protocol");
    bool pv = g->type.value == SLIP_TYPE_PV;
    bool flat = SLIP_IS_SET(g->protocol) && g->protocol.value == SLIP_PROTOCOL_FLAT;
    const struct {
        const char *key;
        const struct slip_mark *mark;
    } addresses[] = {{"load_address", &g->load_address.mark},
                     {"entry_address", &g->entry_address.mark}};
    struct slip_diag *d;

    if (SLIP_IS_SET(g->protocol) && (g->protocol.value == SLIP_PROTOCOL_XEN_PV) != pv) {
        d = slip__diag(r->diags, SLIP_CODE_PROTOCOL_TYPE, g->protocol.mark.span,
                       "%s does not start by '%s'", a_guest((enum slip_type)g->type.value),
                       slip__enum_word(field->words, g->protocol.value));
        if (SLIP_IS_GIVEN(g->type))
            slip__diag_note(d, g->type.mark.span, "'type' is \"%s\" here",
                            type_word((enum slip_type)g->type.value));
        slip__diag_hint(d, pv ? "type = \"pvh\", or remove 'protocol'" : "remove 'protocol'");
    }
    if (flat && !SLIP_IS_SET(g->load_address)) {
        d = slip__diag(r->diags, SLIP_CODE_LOAD_ADDRESS, g->protocol.mark.span,
                       "a flat kernel does not say itself where it goes");
        slip__diag_hint(d, "load_address = 0x100000, for example");
    }
    for (size_t i = 0; i < SLIP_COUNT(addresses) && !flat; i++) {
        if (addresses[i].mark->origin != SLIP_GIVEN)
            continue;
        d = slip__diag(r->diags, SLIP_CODE_LOAD_ADDRESS, addresses[i].mark->span,
                       "'%s' is for kernels of protocol flat", addresses[i].key);
        slip__diag_hint(d, "protocol = \"flat\", or remove it");
    }
}

int slip__rules_start(struct slip_rules *r)
{
    static int (*const rules[])(struct slip_rules *) = {
        rule_hvmloader, rule_bios, rule_one_method, rule_firmware, rule_cmdline, rule_paths,
    };

    rule_container(r);
    for (size_t i = 0; i < SLIP_COUNT(rules); i++) {
        if (rules[i](r) < 0)
            return -1;
    }
    rule_protocol(r);
    rule_idle_keys(r);
    return 0;
}
