/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sxpr format: how likely a text is one, and a domain's tree into a guest. Devices are in sxpr_devices.c. */
#include "config/sxpr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "config/text.h"

int slip__sx_set_text(struct slip_str *str, const char *text, struct slip_mark mark)
{
    return slip__str_set(str, text, strlen(text), mark);
}

/* A number as python reads it, 1.0 for 1 too (old weights). */
static bool number_of(const char *text, int64_t *ret)
{
    char *end;

    errno = 0;
    *ret = strtoll(text, &end, 0);
    if (*end == '.' && end[strspn(end + 1, "0") + 1] == 0)
        end += strlen(end);
    return end != text && !*end && errno == 0 &&
           (text[0] == '-' || text[0] == '+' || text[0] <= '9');
}

static int set_number(struct sx_reader *r, const struct slip_field *field, void *object,
                      uint32_t value, bool numbered)
{
    const char *text = slip__sx_node(r, value)->text;
    struct slip_num *num = (void *)slip__field_mark(field, object);
    struct slip_span span = slip__sx_span(r, value);
    int64_t n = 0;

    if (field->kind == SLIP_KIND_ENUM && !numbered) {
        if (slip__enum_value(field->words, text, strlen(text), &n))
            slip__num_set(num, n, slip__sx_mark(r, value));
        else
            slip__diag(r->diags, SLIP_CODE_UNKNOWN_WORD, span, "'%s' can't be '%.60s'", field->name,
                       text);
        return 0;
    }
    if (!number_of(text, &n)) {
        slip__diag(r->diags, SLIP_CODE_BAD_NUMBER, span, "'%.60s' is not a number", text);
        return 0;
    }
    if ((field->kind == SLIP_KIND_INT && (n < field->min || n > field->max)) ||
        (field->kind == SLIP_KIND_BOOL && (n < 0 || n > 1)) ||
        (field->kind == SLIP_KIND_ENUM && !slip__enum_word(field->words, n))) {
        slip__diag(r->diags, SLIP_CODE_OUT_OF_RANGE, span, "'%s' can't be %lld", field->name,
                   (long long)n);
        return 0;
    }
    slip__num_set(num, n, slip__sx_mark(r, value));
    return 0;
}

int slip__sx_set(struct sx_reader *r, const struct slip_field *field, void *object, uint32_t list,
                 bool number)
{
    uint32_t value;
    const char *text = slip__sx_value(r, list, &value);

    if (value == list || (text && !text[0])) /* (KEY): nothing said */
        return 0;
    if (!text || slip__sx_node(r, value)->next) {
        slip__diag(r->diags, SLIP_CODE_WRONG_KIND, slip__sx_span(r, list),
                   "'%.60s' takes one value", slip__sx_head(r, list));
        return 0;
    }
    if (slip__field_mark(field, object)->origin != SLIP_UNSET && field->kind != SLIP_KIND_STRS) {
        struct slip_diag *d =
            slip__diag(r->diags, SLIP_CODE_KEY_REPEATED, slip__sx_span(r, list),
                       "'%.60s' is there twice; the first one counts", slip__sx_head(r, list));

        slip__diag_note(d, slip__field_mark(field, object)->span, "the first one is here");
        return 0;
    }
    if (field->kind == SLIP_KIND_STR)
        return slip__sx_set_text((void *)slip__field_mark(field, object), text,
                                 slip__sx_mark(r, value));
    if (field->kind == SLIP_KIND_STRS)
        return slip__strs_add((void *)slip__field_mark(field, object), text, strlen(text),
                              slip__sx_mark(r, value));
    return set_number(r, field, object, value, number);
}

static int set_named(struct sx_reader *r, const char *name, uint32_t list)
{
    return slip__sx_set(r, slip__field_named(&slip__record_guest, name), r->guest, list, false);
}

void slip__sx_state(struct sx_reader *r, uint32_t list)
{
    if (!r->state.len)
        r->state_span = slip__sx_span(r, list);
    if (r->state.len < 200)
        slip__buf_printf(&r->state, "%s%.40s", r->state.len ? ", " : "", slip__sx_head(r, list));
    else if (r->state.data[r->state.len - 1] != '.')
        slip__buf_puts(&r->state, " ...");
}

/* A node as one line. Nesting is bounded by the reader of the text. */
static void render(const struct sx_reader *r, uint32_t node, struct slip_buf *out)
{
    const struct sx_node *n = slip__sx_node(r, node);

    if (n->text && slip__sx_is_word(n->text)) {
        slip__buf_puts(out, n->text);
    } else if (n->text) {
        slip__sx_quote(out, n->text);
    } else {
        slip__buf_putc(out, '(');
        for (uint32_t i = n->first; i; i = slip__sx_node(r, i)->next) {
            if (i != n->first)
                slip__buf_putc(out, ' ');
            render(r, i, out);
        }
        slip__buf_putc(out, ')');
    }
}

int slip__sx_keep(struct sx_reader *r, const char *path, uint32_t node)
{
    const struct slip_field *field = slip__field_named(&slip__record_guest, "foreign");
    struct slip_mark mark = slip__sx_mark(r, node);
    const struct sx_node *n = slip__sx_node(r, node);
    SLIP_AUTO(slip__buf_dispose) struct slip_buf text = {0};
    struct slip_foreign *foreign;
    struct slip_diag *d;

    if (r->guest->foreign.count >= SLIP_LIMIT_LIST_ITEMS) {
        slip__diag(r->diags, SLIP_CODE_LIST_TOO_LONG, mark.span,
                   "there are over %u pieces without a meaning here, the limit",
                   SLIP_LIMIT_LIST_ITEMS);
        return 0;
    }
    d = slip__diag(r->diags, SLIP_CODE_PIECE_KEPT, mark.span, "'%.60s' has no meaning here",
                   n->text ? n->text : slip__sx_head(r, node));
    slip__diag_hint(d, "it is kept for an s-expression that this one is made into");
    foreign = slip__list_add(field, r->guest, mark);
    if (!foreign || slip__sx_set_text(&foreign->format, "sxpr", mark) < 0 ||
        slip__sx_set_text(&foreign->path, path, mark) < 0)
        return -1;
    render(r, node, &text);
    return text.failed ? -1 : slip__str_set(&foreign->text, text.data, text.len, mark);
}

/* --- keys that say more, or less, than one field ------------------------------------------------------------------ */

/* More than 64 of them: xend's numbers have no end. One that is no mask of the lowest ones is all that there are. */
static int read_long_mask(struct sx_reader *r, const char *text, uint32_t value)
{
    char mask[SX_MASK_BYTES];

    for (int64_t n = 65; n <= SLIP_LIMIT_VCPUS; n++) {
        slip__sx_mask(n, mask);
        if (strcmp(mask, text) == 0)
            slip__num_set(&r->guest->vcpus, n, slip__sx_mark(r, value));
    }
    return 0;
}

/* Bits of a decimal mask that are set, when they are the lowest ones. */
static int read_vcpu_avail(struct sx_reader *r, uint32_t list)
{
    uint32_t value;
    const char *text = slip__sx_value(r, list, &value);
    char *end;
    uint64_t mask;
    int64_t count;

    if (!text || SLIP_IS_SET(r->guest->vcpus))
        return 0;
    errno = 0;
    mask = strtoull(text, &end, 0);
    if (errno == ERANGE && !*end)
        return read_long_mask(r, text, value);
    if (*end || end == text || mask == 0) {
        slip__diag(r->diags, SLIP_CODE_BAD_NUMBER, slip__sx_span(r, value),
                   "'%.60s' is no mask of virtual CPUs", text);
        return 0;
    }
    count = __builtin_popcountll(mask);
    /* xend may say more bits than there are vCPUs. */
    if (!SLIP_IS_SET(r->guest->maxvcpus) || count < r->guest->maxvcpus.value)
        slip__num_set(&r->guest->vcpus, count, slip__sx_mark(r, value));
    return 0;
}

static int read_vcpus(struct sx_reader *r, uint32_t list)
{
    /* In the image it is said again, for the device model. */
    if (SLIP_IS_SET(r->guest->maxvcpus))
        return 0;
    return set_named(r, "maxvcpus", list);
}

static int join(struct sx_reader *r, uint32_t list, struct slip_buf *out)
{
    for (uint32_t i = slip__sx_node(r, list)->first; i; i = slip__sx_node(r, i)->next) {
        const char *text = slip__sx_node(r, i)->text;

        if (text)
            slip__buf_printf(out, "%s%s", out->len ? "," : "", text);
    }
    return out->failed ? -1 : 0;
}

/* (cpus '0-3'), (cpus (0 1)), or a list for each vCPU: (cpus ((0 1) (2 3))). */
static int read_cpus(struct sx_reader *r, uint32_t list)
{
    uint32_t value, first;
    const char *text = slip__sx_value(r, list, &value);
    struct slip_guest *g = r->guest;

    if (value == list)
        return 0;
    if (text)
        return set_named(r, "cpus", list);
    first = slip__sx_node(r, value)->first;
    for (uint32_t i = first; i && !slip__sx_node(r, first)->text; i = slip__sx_node(r, i)->next) {
        SLIP_AUTO(slip__buf_dispose) struct slip_buf cpus = {0};

        if (slip__sx_node(r, i)->text || !slip__sx_node(r, i)->first ||
            g->cpus_each.count >= SLIP_LIMIT_VCPUS)
            continue;
        if (join(r, i, &cpus) < 0 ||
            slip__strs_add(&g->cpus_each, cpus.data, cpus.len, slip__sx_mark(r, i)) < 0)
            return -1;
        g->cpus_each.mark = slip__sx_mark(r, value);
    }
    if (first && slip__sx_node(r, first)->text) {
        SLIP_AUTO(slip__buf_dispose) struct slip_buf cpus = {0};

        return join(r, value, &cpus) < 0
                   ? -1
                   : slip__str_set(&g->cpus, cpus.data, cpus.len, slip__sx_mark(r, value));
    }
    return 0;
}

/* Several arguments are one text with blanks. */
static int read_args(struct sx_reader *r, uint32_t list)
{
    uint32_t value;
    const char *text = slip__sx_value(r, list, &value);
    struct slip_strs *strs = &r->guest->bootloader_args;

    if (!text || !text[0] || SLIP_IS_SET(*strs))
        return 0;
    strs->mark = slip__sx_mark(r, value);
    while (*(text += strspn(text, " \t\n"))) {
        size_t len = strcspn(text, " \t\n");

        if (strs->count < SLIP_LIMIT_LIST_ITEMS && slip__strs_add(strs, text, len, strs->mark) < 0)
            return -1;
        text += len;
    }
    return 0;
}

static int read_localtime(struct sx_reader *r, uint32_t list)
{
    /* xend 3.1 and later have it in the image, and at the top for older ones: the image's counts. */
    r->guest->localtime = (struct slip_num){0};
    return set_named(r, "localtime", list);
}

/* In the top of the domain; the image may have set it already. */
static int read_outer_localtime(struct sx_reader *r, uint32_t list)
{
    return SLIP_IS_SET(r->guest->localtime) ? 0 : set_named(r, "localtime", list);
}

static int read_ramdisk(struct sx_reader *r, uint32_t list)
{
    return SLIP_IS_SET(r->guest->ramdisk) ? 0 : set_named(r, "ramdisk", list);
}

/* One text, or a list of them: (serial pty), (serial (pty none)). */
static int read_serial(struct sx_reader *r, uint32_t list)
{
    uint32_t value;
    const char *text = slip__sx_value(r, list, &value);
    struct slip_strs *serial = &r->guest->serial;

    if (text && strcmp(text, "none") == 0)
        return 0;
    if (text || value == list)
        return SLIP_IS_SET(*serial) ? 0 : set_named(r, "serial", list);
    for (uint32_t i = slip__sx_node(r, value)->first; i; i = slip__sx_node(r, i)->next) {
        const char *item = slip__sx_node(r, i)->text;

        if (item && serial->count < SLIP_LIMIT_LIST_ITEMS &&
            slip__strs_add(serial, item, strlen(item), slip__sx_mark(r, i)) < 0)
            return -1;
    }
    serial->mark = slip__sx_mark(r, value);
    return 0;
}

static int read_parallel(struct sx_reader *r, uint32_t list)
{
    const char *text = slip__sx_value(r, list, NULL);

    return text && strcmp(text, "none") == 0 ? 0 : set_named(r, "parallel", list);
}

static int read_usbdevice(struct sx_reader *r, uint32_t list)
{
    return r->guest->usbdevice.count < SLIP_LIMIT_LIST_ITEMS ? set_named(r, "usbdevice", list) : 0;
}

/* On is the group of defaults, off an empty list, as for xl. */
static int read_viridian(struct sx_reader *r, uint32_t list)
{
    uint32_t value;
    const char *text = slip__sx_value(r, list, &value);
    struct slip_strs *viridian = &r->guest->viridian;

    if (!text || SLIP_IS_SET(*viridian))
        return 0;
    viridian->mark = slip__sx_mark(r, value);
    return strcmp(text, "0") == 0 ? 0 : slip__strs_add(viridian, "defaults", 8, viridian->mark);
}

static int read_device_model(struct sx_reader *r, uint32_t list)
{
    return set_named(r, "device_model_override", list);
}

static int read_stdvga(struct sx_reader *r, uint32_t list)
{
    uint32_t value;
    const char *text = slip__sx_value(r, list, &value);

    if (text && strcmp(text, "0") != 0)
        slip__num_set(&r->guest->vga, SLIP_VGA_STDVGA, slip__sx_mark(r, value));
    else if (text)
        slip__num_set(&r->guest->vga, SLIP_VGA_CIRRUS, slip__sx_mark(r, value));
    return 0;
}

static int read_gfx_passthru(struct sx_reader *r, uint32_t list)
{
    return set_named(r, "gfx_passthru", list);
}

static int read_boot(struct sx_reader *r, uint32_t list)
{
    return set_named(r, "boot", list);
}

static int read_usb(struct sx_reader *r, uint32_t list)
{
    return set_named(r, "usb", list);
}

/* What an hvm guest's screen says at the guest, and a pv guest's at its vfb. */
static int read_screen(struct sx_reader *r, uint32_t list)
{
    const char *key = slip__sx_head(r, list);
    const struct slip_field *vfbs = slip__field_named(&slip__record_guest, "vfb"), *field;

    if (r->hvm)
        return set_named(r, key, list);
    if (!slip__sx_value(r, list, NULL))
        return 0;
    if (!r->guest->vfb.count && !slip__list_add(vfbs, r->guest, slip__sx_mark(r, list)))
        return -1;
    field = slip__field_named(&slip__record_vfb, key);
    return slip__sx_set(r, field, &r->guest->vfb.items[0], list, false);
}

/* The kernel of an hvm guest without a loader is the loader itself: so did all xends before 3.3, and so later ones read it. */
static int read_kernel(struct sx_reader *r, uint32_t list)
{
    uint32_t image = slip__sx_node(r, list)->parent;
    uint32_t loader_list = r->hvm ? slip__sx_find(r, image, "loader") : 0;
    const char *loader = loader_list ? slip__sx_value(r, loader_list, NULL) : NULL;
    const char *kernel = slip__sx_value(r, list, NULL);

    if (!kernel || !kernel[0] || (loader && strcmp(loader, kernel) == 0))
        return 0;
    return set_named(r, r->hvm && (!loader || !loader[0]) ? "firmware_override" : "kernel", list);
}

static int read_loader(struct sx_reader *r, uint32_t list)
{
    return set_named(r, "firmware_override", list);
}

static int read_bootloader(struct sx_reader *r, uint32_t list)
{
    return set_named(r, "bootloader", list);
}

/* A feature whose absence means no. */
static int read_feature(struct sx_reader *r, uint32_t list)
{
    return set_named(r, slip__sx_head(r, list), list);
}

static const struct {
    const char *key;
    int (*read)(struct sx_reader *r, uint32_t list);
} readers[] = {
    {"vcpus", read_vcpus},
    {"vcpu_avail", read_vcpu_avail},
    {"cpus", read_cpus},
    {"bootloader", read_bootloader},
    {"bootloader_args", read_args},
    {"localtime", read_localtime},
    {"kernel", read_kernel},
    {"ramdisk", read_ramdisk},
    {"loader", read_loader},
    {"boot", read_boot},
    {"acpi", read_feature},
    {"apic", read_feature},
    {"pae", read_feature},
    {"viridian", read_viridian},
    {"usb", read_usb},
    {"usbdevice", read_usbdevice},
    {"parallel", read_parallel},
    {"serial", read_serial},
    {"device_model", read_device_model},
    {"stdvga", read_stdvga},
    {"gfx_passthru", read_gfx_passthru},
    {"vnc", read_screen},
    {"vncunused", read_screen},
    {"vncdisplay", read_screen},
    {"vnclisten", read_screen},
    {"vncpasswd", read_screen},
    {"sdl", read_screen},
    {"opengl", read_screen},
    {"display", read_screen},
    {"xauthority", read_screen},
    {"keymap", read_screen},
    {"device", slip__sx_device},
};

static const struct sx_key *key_find(const char *key, enum sx_place place)
{
    for (const struct sx_key *k = slip__sx_keys; k->key; k++) {
        if ((k->places & place) && strcmp(k->key, key) == 0)
            return k;
    }
    return NULL;
}

static int read_key(struct sx_reader *r, enum sx_place place, const char *path, uint32_t list)
{
    const char *name = slip__sx_head(r, list);
    const struct sx_key *key = key_find(name, place);

    if (!key && !slip__sx_value(r, list, NULL) && slip__sx_node(r, list)->first &&
        !slip__sx_node(r, slip__sx_node(r, list)->first)->next)
        return 0; /* (features): nothing said */
    if (!key)
        return slip__sx_keep(r, path, list);
    if (key->field && !key->field[0]) {
        slip__sx_state(r, list);
        return 0;
    }
    if (key->field)
        return slip__sx_set(r, slip__field_named(&slip__record_guest, key->field), r->guest, list,
                            key->number);
    if (place == SX_DOMAIN && strcmp(name, "localtime") == 0)
        return read_outer_localtime(r, list);
    for (size_t i = 0; i < SLIP_COUNT(readers); i++) {
        if (strcmp(readers[i].key, name) == 0)
            return readers[i].read(r, list);
    }
    return 0; /* "image", which was read before the rest, and its disks, which come after the devices */
}

static int read_keys(struct sx_reader *r, enum sx_place place, const char *path, uint32_t list)
{
    for (uint32_t i = slip__sx_node(r, slip__sx_node(r, list)->first)->next; i;
         i = slip__sx_node(r, i)->next) {
        if (slip__sx_node(r, i)->text) {
            slip__diag(r->diags, SLIP_CODE_SYNTAX, slip__sx_span(r, i),
                       "'%.60s' stands where a (KEY VALUE) is expected", slip__sx_node(r, i)->text);
            continue;
        }
        if (read_key(r, place, path, i) < 0)
            return -1;
    }
    return 0;
}

/* (image (hvm ...)) or (image (linux ...)); none: a pv guest whose kernel the bootloader finds. */
static int read_image(struct sx_reader *r, uint32_t domain)
{
    static const char *const off[] = {"acpi", "apic", "pae", "vnc", "sdl"};
    uint32_t image = slip__sx_find(r, domain, "image");
    uint32_t hvm = image ? slip__sx_find(r, image, "hvm") : 0;
    uint32_t pv = image ? slip__sx_find(r, image, "linux") : 0;
    struct slip_mark mark = slip__sx_mark(r, domain);
    int rc;

    r->hvm = hvm != 0;
    if (hvm || pv)
        mark = slip__sx_mark(r, slip__sx_node(r, hvm ? hvm : pv)->first);
    else
        mark.span.end = mark.span.start + 1;
    slip__num_set(&r->guest->type, hvm ? SLIP_TYPE_HVM : SLIP_TYPE_PV, mark);
    if (image && !hvm && !pv && slip__sx_node(r, slip__sx_node(r, image)->first)->next)
        slip__diag(r->diags, SLIP_CODE_SXPR_ROOT, slip__sx_span(r, image),
                   "the image is neither hvm nor linux");
    if (!hvm && !pv)
        return 0;
    rc = hvm ? read_keys(r, SX_HVM, "/domain/image/hvm", hvm)
             : read_keys(r, SX_LINUX, "/domain/image/linux", pv);
    /* To xend, what is not said of these is off; elsewhere it is on. */
    for (size_t i = 0; rc == 0 && hvm && i < SLIP_COUNT(off); i++) {
        const struct slip_field *field = slip__field_named(&slip__record_guest, off[i]);
        struct slip_num *num = (void *)slip__field_mark(field, r->guest);

        if (!SLIP_IS_SET(*num))
            slip__num_set(num, 0, mark);
    }
    if (rc == 0 && hvm && r->guest->vnc.value && SLIP_IS_SET(r->guest->vncdisplay) &&
        !SLIP_IS_SET(r->guest->vncunused))
        slip__num_set(&r->guest->vncunused, 0, r->guest->vncdisplay.mark);
    return rc;
}

/* Drives that stand in an hvm guest's image: after the others, so that the first disk is the same in every version. */
static int read_image_disks(struct sx_reader *r, uint32_t domain)
{
    static const char *const drives[] = {"fda", "fdb", "cdrom"};
    uint32_t image = slip__sx_find(r, domain, "image");
    uint32_t hvm = image ? slip__sx_find(r, image, "hvm") : 0;

    for (size_t i = 0; hvm && i < SLIP_COUNT(drives); i++) {
        uint32_t list = slip__sx_find(r, hvm, drives[i]);

        if (list && slip__sx_image_disk(r, list) < 0)
            return -1;
    }
    return 0;
}

/* A pv guest with neither is xend's cue to run pygrub. */
static int default_bootloader(struct sx_reader *r, uint32_t domain)
{
    uint32_t list = slip__sx_find(r, domain, "bootloader");
    struct slip_guest *g = r->guest;

    if (r->hvm || !list || SLIP_IS_SET(g->bootloader) || SLIP_IS_SET(g->kernel))
        return 0;
    return slip__sx_set_text(&g->bootloader, "pygrub", slip__sx_mark(r, list));
}

/* The one domain of the text, 0: there is none, diags says so. */
static uint32_t root_of(struct sx_reader *r)
{
    uint32_t root = slip__sx_node(r, 0)->first, second = root ? slip__sx_node(r, root)->next : 0;
    const char *head = root ? slip__sx_head(r, root) : "";
    struct slip_diag *d;

    if (strcmp(head, "vm") != 0 && strcmp(head, "domain") != 0) {
        if (slip_diags_errors(r->diags))
            return 0;
        d = slip__diag(r->diags, SLIP_CODE_SXPR_ROOT,
                       root ? slip__sx_span(r, root) : slip__text_span(r->source, 0, 0),
                       "this is no domain's s-expression");
        slip__diag_hint(d, "it begins with (domain or (vm");
        return 0;
    }
    if (second) {
        d = slip__diag_as(r->diags, r->strictness.xl_compat ? SLIP_WARNING : SLIP_ERROR,
                          SLIP_CODE_SXPR_ROOT, slip__sx_span(r, second),
                          "there is more after the domain");
        slip__diag_hint(d, "one description is one domain");
    }
    return root;
}

static int read_domain(struct sx_reader *r, uint32_t root)
{
    struct slip_guest *g = r->guest;

    if (read_image(r, root) < 0 || read_keys(r, SX_DOMAIN, "/domain", root) < 0 ||
        read_image_disks(r, root) < 0 || default_bootloader(r, root) < 0)
        return -1;
    /* xend's vcpus are all that there may be, of which vcpu_avail says who is there. */
    if (SLIP_IS_SET(g->maxvcpus) && !SLIP_IS_SET(g->vcpus))
        slip__num_set(&g->vcpus, g->maxvcpus.value, g->maxvcpus.mark);
    if (SLIP_IS_SET(g->maxvcpus) && g->vcpus.value > g->maxvcpus.value)
        slip__num_set(&g->vcpus, g->maxvcpus.value, g->vcpus.mark); /* a mask with bits to spare */
    if (r->state.len)
        slip__diag(r->diags, SLIP_CODE_SXPR_STATE, r->state_span,
                   "left out, as only a running domain has it: %s", r->state.data);
    return r->state.failed ? -1 : 0;
}

static int parse(unsigned source, struct slip_strictness strictness, struct slip_guest *guest,
                 struct slip_diags *diags, struct slip_error **err)
{
    struct sx_reader r = {
        .source = source, .strictness = strictness, .guest = guest, .diags = diags};
    uint32_t root;
    int rc;

    r.text = slip__diags_source(diags, source, &r.len);
    if (!r.text || !slip__text_sound(source, r.text, r.len, diags))
        return 0;
    r.start =
        r.len >= 3 && memcmp(r.text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0; /* after a byte order mark */
    rc = slip__sx_read(&r);
    root = rc == 0 ? root_of(&r) : 0;
    if (root)
        rc = read_domain(&r, root);
    slip__sx_tree_dispose(&r.tree);
    slip__buf_dispose(&r.state);
    return rc < 0 ? slip__error_oom(err) : 0;
}

/* A parenthesis and one of the two words that a description begins with. */
static int probe(const char *text, size_t len)
{
    static const char *const heads[] = {"domain", "vm"};
    size_t pos = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

    while (pos < len && memchr(" \t\r\n", text[pos], 4))
        pos++;
    if (pos == len || text[pos++] != '(')
        return 0;
    while (pos < len && memchr(" \t\r\n", text[pos], 4))
        pos++;
    for (size_t i = 0; i < SLIP_COUNT(heads); i++) {
        size_t n = strlen(heads[i]);

        if (len - pos >= n && memcmp(text + pos, heads[i], n) == 0)
            return 90;
    }
    return 50; /* xl.cfg has no statement that begins so */
}

const struct slip_format slip__format_sxpr = {
    .name = "sxpr",
    .doc = "xend's s-expressions, as `xm list -l` prints them",
    .probe = probe,
    .parse = parse,
    .emit = slip__sx_emit,
};
