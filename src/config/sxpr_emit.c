/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest as an s-expression for one of xend's configuration versions. Devices are in sxpr_emit_devices.c.
 *
 * kernel and loader of an hvm guest: with a kernel to start directly, kernel is that and loader is hvmloader; without one,
 * kernel is hvmloader, which every xend takes for its loader. Versions before 4 know no loader, so there a kernel is refused.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/sxpr.h"

#define HVMLOADER "/usr/lib/xen/boot/hvmloader"

/* --- the text ---------------------------------------------------------------------------------------------------- */

static void line(struct sx_writer *w)
{
    struct slip_buf *out = w->e->out;

    if (w->e->options->compact || !out->len)
        return;
    slip__buf_putc(out, '\n');
    for (unsigned i = 0; i < w->depth; i++)
        slip__buf_puts(out, "    ");
}

void slip__sx_open(struct sx_writer *w, const char *key)
{
    line(w);
    slip__buf_printf(w->e->out, w->e->options->compact ? "(%s " : "(%s", key);
    w->depth++;
}

void slip__sx_close(struct sx_writer *w)
{
    w->depth--;
    line(w);
    slip__buf_putc(w->e->out, ')');
}

void slip__sx_empty(struct sx_writer *w, const char *key)
{
    line(w);
    slip__buf_printf(w->e->out, "(%s)", key);
}

void slip__sx_raw(struct sx_writer *w, const char *key, const char *text)
{
    line(w);
    slip__buf_printf(w->e->out, "(%s %s)", key, text);
}

bool slip__sx_is_word(const char *text)
{
    for (const char *p = text; *p; p++) {
        if ((unsigned char)*p <= ' ' || *p == 0x7f || strchr("{}()<>[]!;#'\"\\", *p))
            return false;
    }
    return text[0];
}

void slip__sx_quote(struct slip_buf *out, const char *text)
{
    slip__buf_putc(out, '\'');
    for (const char *p = text; *p; p++) {
        if (*p == '\'' || *p == '\\')
            slip__buf_printf(out, "\\%c", *p);
        else if (*p == '\n')
            slip__buf_puts(out, "\\n");
        else if ((unsigned char)*p < ' ' || *p == 0x7f)
            slip__buf_printf(out, "\\%03o", (unsigned)*p);
        else
            slip__buf_putc(out, *p);
    }
    slip__buf_putc(out, '\'');
}

void slip__sx_text(struct sx_writer *w, const char *key, const char *text)
{
    line(w);
    slip__buf_printf(w->e->out, "(%s ", key);
    slip__sx_quote(w->e->out, text);
    slip__buf_putc(w->e->out, ')');
}

void slip__sx_number(struct sx_writer *w, const char *key, int64_t value)
{
    line(w);
    slip__buf_printf(w->e->out, "(%s %lld)", key, (long long)value);
}

void slip__sx_kept(struct sx_writer *w, const char *path)
{
    const struct slip_foreign_list *list = &w->e->guest->foreign;

    for (size_t i = 0; i < list->count; i++) {
        struct slip_foreign *f = &list->items[i];

        if (!f->format.value || strcmp(f->format.value, "sxpr") != 0 || !f->path.value ||
            strcmp(f->path.value, path) != 0 || !f->text.value)
            continue;
        line(w);
        slip__buf_puts(w->e->out, f->text.value);
        slip__said_all(&slip__record_foreign, f);
    }
}

/* --- what one field says -------------------------------------------------------------------------------------------- */

static void put_field(struct sx_writer *w, const struct sx_key *key)
{
    const struct slip_field *field = slip__field_named(&slip__record_guest, key->field);
    struct slip_mark *mark = slip__field_mark(field, w->e->guest);
    const struct slip_num *num = (const void *)mark;

    if (mark->origin == SLIP_UNSET || (mark->origin == SLIP_DEFAULT && !key->always))
        return;
    slip__said(mark);
    if (field->kind == SLIP_KIND_STR && !((const struct slip_str *)(const void *)mark)->value[0])
        return; /* to xend, an empty one is none */
    if (field->kind == SLIP_KIND_STR)
        slip__sx_text(w, key->key, ((const struct slip_str *)(const void *)mark)->value);
    else if (field->kind == SLIP_KIND_ENUM && !key->number)
        slip__sx_text(w, key->key, slip__enum_word(field->words, num->value));
    else
        slip__sx_number(w, key->key, num->value);
}

/* Field keys of a place from one key on to another, which is left out. */
static void put_fields(struct sx_writer *w, enum sx_place place, const char *from, const char *to)
{
    const struct sx_key *k = slip__sx_keys;

    while (strcmp(k->key, from) != 0)
        k++;
    for (; k->key && strcmp(k->key, to) != 0; k++) {
        if (k->field && k->field[0] && (k->places & place) && w->version >= k->since)
            put_field(w, k);
    }
}

/* Writes a text where it is given. */
static void put_text(struct sx_writer *w, const char *key, struct slip_str *str)
{
    if (!SLIP_IS_GIVEN(*str))
        return;
    slip__said(&str->mark);
    if (str->value[0]) /* to xend, an empty one is none */
        slip__sx_text(w, key, str->value);
}

static void put_num(struct sx_writer *w, const char *key, struct slip_num *num)
{
    if (!SLIP_IS_GIVEN(*num))
        return;
    slip__said(&num->mark);
    slip__sx_number(w, key, num->value);
}

static int default_written(struct sx_writer *w, const char *setting, const char *value)
{
    return slip__loss(w->e->losses, SLIP_LOSS_DEFAULT, setting, SLIP_NO_SPAN,
                      "'%s' is %s by default, which xend is told as its own default is another",
                      setting, value);
}

void slip__sx_mask(int64_t count, char ret[SX_MASK_BYTES])
{
    size_t digits = 1;

    memset(ret, 0, SX_MASK_BYTES);
    /* Doubled and 1 added, count times, with the lowest digit first. */
    while (count--) {
        int carry = 1;

        for (size_t i = 0; i < digits; i++) {
            carry += ret[i] * 2;
            ret[i] = (char)(carry % 10);
            carry /= 10;
        }
        if (carry)
            ret[digits++] = (char)carry;
    }
    for (size_t i = 0; i < digits - 1 - i; i++) {
        char digit = ret[i];

        ret[i] = ret[digits - 1 - i];
        ret[digits - 1 - i] = digit;
    }
    for (size_t i = 0; i < digits; i++)
        ret[i] = (char)(ret[i] + '0');
}

/* xend has the number of vCPUs that there may be, and a mask of those that are there. */
static void put_vcpus(struct sx_writer *w)
{
    struct slip_guest *g = w->e->guest;
    char mask[SX_MASK_BYTES];

    slip__sx_number(w, "vcpus", g->maxvcpus.value);
    slip__said(&g->maxvcpus.mark);
    if (g->vcpus.value < g->maxvcpus.value) {
        slip__sx_mask(g->vcpus.value, mask);
        slip__sx_raw(w, "vcpu_avail", mask);
    }
    slip__said(&g->vcpus.mark);
}

/* Numbers and ranges as xend's list of CPUs; false: there is a word that xend does not know. */
static bool expand(const char *cpus, struct slip_buf *out)
{
    const char *p = cpus;

    for (;;) {
        char *end;
        unsigned long first = strtoul(p, &end, 10), last = first;

        if (end == p || first > 4095)
            return false;
        if (*end == '-') {
            p = end + 1;
            last = strtoul(p, &end, 10);
        }
        if (end == p || last > 4095 || last < first)
            return false;
        for (unsigned long i = first; i <= last; i++)
            slip__buf_printf(out, "%s%lu", out->len ? " " : "", i);
        if (!*end)
            return true;
        if (*end != ',')
            return false;
        p = end + 1;
    }
}

static void put_cpus(struct sx_writer *w)
{
    struct slip_guest *g = w->e->guest;
    SLIP_AUTO(slip__buf_dispose) struct slip_buf all = {0};

    put_text(w, "cpus", &g->cpus);
    if (!SLIP_IS_GIVEN(g->cpus_each) || !g->cpus_each.count || w->version < 4 ||
        SLIP_IS_GIVEN(g->cpus))
        return;
    for (size_t i = 0; i < g->cpus_each.count; i++) {
        SLIP_AUTO(slip__buf_dispose) struct slip_buf one = {0};

        if (!expand(g->cpus_each.items[i].value, &one))
            return;
        slip__buf_printf(&all, "%s(%s)", i ? " " : "", one.data);
    }
    line(w);
    slip__buf_printf(w->e->out, "(cpus (%s))", all.data);
    slip__said(&g->cpus_each.mark);
}

/* Arguments have blanks between them; one with a blank inside cannot be told from two. */
static void put_args(struct sx_writer *w)
{
    struct slip_strs *args = &w->e->guest->bootloader_args;
    SLIP_AUTO(slip__buf_dispose) struct slip_buf text = {0};

    if (!SLIP_IS_GIVEN(*args) || !args->count)
        return;
    for (size_t i = 0; i < args->count; i++) {
        if (!args->items[i].value[0] || strpbrk(args->items[i].value, " \t\n"))
            return;
        slip__buf_printf(&text, "%s%s", i ? " " : "", args->items[i].value);
    }
    slip__sx_text(w, "bootloader_args", text.data ? text.data : "");
    slip__said(&args->mark);
}

static void put_domain(struct sx_writer *w)
{
    struct slip_guest *g = w->e->guest;

    put_fields(w, SX_DOMAIN, "name", "vcpus");
    put_vcpus(w);
    put_cpus(w);
    put_fields(w, SX_DOMAIN, "uuid", "bootloader");
    if (!w->hvm) {
        put_text(w, "bootloader", &g->bootloader);
        put_args(w);
    }
    put_fields(w, SX_DOMAIN, "on_poweroff", "image");
}

/* --- the image ------------------------------------------------------------------------------------------------------ */

/* Is there a text that says something? */
static bool says(const struct slip_str *str)
{
    return SLIP_IS_GIVEN(*str) && str->value[0];
}

static const char *loader_of(struct slip_guest *g)
{
    slip__said(&g->firmware_override.mark);
    if (says(&g->firmware_override))
        return g->firmware_override.value;
    if (SLIP_IS_GIVEN(g->firmware) && strchr(g->firmware.value, '/')) {
        slip__said(&g->firmware.mark);
        return g->firmware.value;
    }
    return NULL;
}

/* What starts the guest. -1 when out of memory. */
static int put_start(struct sx_writer *w)
{
    struct slip_guest *g = w->e->guest;
    const char *loader = w->hvm ? loader_of(g) : NULL;
    struct slip_diag *d;

    if (w->hvm && !loader) {
        loader = HVMLOADER;
        if (default_written(w, "firmware_override", HVMLOADER) < 0)
            return -1;
    }
    if (w->hvm && says(&g->kernel) && w->version < 4) {
        d = slip__diag(w->e->diags, SLIP_CODE_FORMAT_TOO_OLD, g->kernel.mark.span,
                       "a xend of configuration version %u cannot start an hvm guest's kernel",
                       w->version);
        slip__diag_hint(d,
                        "it takes 'kernel' for hvmloader; write for version 4, or leave the kernel "
                        "to the guest's disk");
        slip__said(&g->kernel.mark);
        return 0;
    }
    if (w->hvm && !says(&g->kernel))
        slip__sx_text(w, "kernel", loader);
    put_text(w, "kernel", &g->kernel);
    if (SLIP_IS_GIVEN(g->ramdisk) && g->ramdisk.count && g->ramdisk.items[0].value[0]) {
        slip__sx_text(w, "ramdisk", g->ramdisk.items[0].value);
        slip__said(&g->ramdisk.items[0].mark);
    }
    put_text(w, "args", &g->cmdline);
    if (w->hvm && says(&g->kernel))
        slip__sx_text(w, "loader", loader);
    return 0;
}

/* Where a switch is not said, xend has it off. */
static int put_feature(struct sx_writer *w, const char *name, struct slip_num *num)
{
    if (SLIP_IS_SET(*num) && !num->value) {
        slip__said(&num->mark);
        return 0;
    }
    slip__sx_number(w, name, 1);
    slip__said(&num->mark);
    return SLIP_IS_GIVEN(*num) ? 0 : default_written(w, name, "1");
}

static int put_boot(struct sx_writer *w)
{
    struct slip_guest *g = w->e->guest;

    slip__said(&g->boot.mark);
    if (SLIP_IS_GIVEN(g->boot)) {
        slip__sx_raw(w, "boot", g->boot.value[0] ? g->boot.value : "c");
        return 0;
    }
    if (says(&g->kernel)) {
        slip__sx_raw(w, "boot", "c"); /* which nobody asks */
        return 0;
    }
    slip__sx_raw(w, "boot", "cda");
    return default_written(w, "boot", "cda");
}

static void put_char(struct sx_writer *w, const char *key, const char *value)
{
    if (slip__sx_is_word(value))
        slip__sx_raw(w, key, value);
    else
        slip__sx_text(w, key, value);
}

static void put_serial(struct sx_writer *w)
{
    struct slip_strs *serial = &w->e->guest->serial;

    slip__said(&serial->mark);
    if (serial->count == 0 || (serial->count == 1 && !serial->items[0].value[0]))
        slip__sx_raw(w, "serial", "none");
    else if (serial->count == 1)
        put_char(w, "serial", serial->items[0].value);
    if (serial->count < 2)
        return;
    line(w);
    slip__buf_puts(w->e->out, "(serial (");
    for (size_t i = 0; i < serial->count; i++) {
        if (i)
            slip__buf_putc(w->e->out, ' ');
        slip__sx_quote(w->e->out, serial->items[i].value);
    }
    slip__buf_puts(w->e->out, "))");
}

static void put_usb(struct sx_writer *w)
{
    struct slip_guest *g = w->e->guest;
    bool any = false;

    for (size_t i = 0; i < g->usbdevice.count; i++)
        any = any || g->usbdevice.items[i].value[0];
    /* Devices are on the controller's bus: one that they need is said with them. */
    if (!SLIP_IS_GIVEN(g->usb) && any)
        slip__sx_number(w, "usb", 1);
    else
        put_num(w, "usb", &g->usb);
    for (size_t i = 0; i < g->usbdevice.count; i++) {
        if (!g->usbdevice.items[i].value[0])
            continue;
        put_char(w, "usbdevice", g->usbdevice.items[i].value);
        slip__said(&g->usbdevice.items[i].mark);
    }
}

static void put_viridian(struct sx_writer *w)
{
    struct slip_strs *v = &w->e->guest->viridian;

    if (!SLIP_IS_GIVEN(*v) || w->version < 4 || v->count > 1 ||
        (v->count == 1 && strcmp(v->items[0].value, "defaults") != 0))
        return;
    slip__sx_number(w, "viridian", v->count == 1);
    slip__said(&v->mark);
}

static void put_vga(struct sx_writer *w)
{
    struct slip_num *vga = &w->e->guest->vga;

    if (!SLIP_IS_GIVEN(*vga) || (vga->value != SLIP_VGA_STDVGA && vga->value != SLIP_VGA_CIRRUS))
        return;
    slip__sx_number(w, "stdvga", vga->value == SLIP_VGA_STDVGA);
    slip__said(&vga->mark);
}

static void put_gfx(struct sx_writer *w)
{
    struct slip_num *gfx = &w->e->guest->gfx_passthru;

    if (!SLIP_IS_GIVEN(*gfx) || gfx->value == SLIP_GFX_PASSTHRU_IGD || w->version < 4)
        return;
    slip__sx_number(w, "gfx_passthru", gfx->value == SLIP_GFX_PASSTHRU_ON);
    slip__said(&gfx->mark);
}

static void put_device_model(struct sx_writer *w)
{
    struct slip_guest *g = w->e->guest;
    struct slip_str *dm =
        SLIP_IS_GIVEN(g->device_model_override) ? &g->device_model_override : &g->device_model;

    if (w->hvm || w->version >= 3)
        put_text(w, "device_model", dm);
}

/* A screen in the image: an hvm guest's own, or a pv guest's before version 3. All values are fields of the same name in both
 * records. */
static void put_screen(struct sx_writer *w, const struct slip_record *record, void *object)
{
    static const struct {
        const char *name;
        unsigned since;
    } fields[] = {{"vnc", 1},        {"vncunused", 2}, {"vncdisplay", 2}, {"vnclisten", 2},
                  {"vncpasswd", 2},  {"sdl", 1},       {"opengl", 4},     {"display", 1},
                  {"xauthority", 1}, {"keymap", 2}};

    for (size_t i = 0; i < SLIP_COUNT(fields); i++) {
        const struct slip_field *field = slip__field_named(record, fields[i].name);
        struct slip_mark *mark = slip__field_mark(field, object);

        if (w->version < fields[i].since)
            continue;
        if (field->kind == SLIP_KIND_STR)
            put_text(w, fields[i].name, (void *)mark);
        else
            put_num(w, fields[i].name, (void *)mark);
    }
}

/* Of a screen with VNC the display is either given or the next free one: xend takes silence for the first. */
static int settle_screen(struct sx_writer *w, struct slip_num *vnc, struct slip_num *unused,
                         const struct slip_num *display, bool by_default)
{
    if (SLIP_IS_SET(*vnc) && vnc->value && vnc->mark.origin == SLIP_DEFAULT)
        vnc->mark.origin = SLIP_GIVEN;
    if (!SLIP_IS_SET(*vnc) || !vnc->value || SLIP_IS_GIVEN(*unused) || !SLIP_IS_GIVEN(*display))
        return 0;
    slip__num_set(unused, by_default, display->mark);
    return by_default ? default_written(w, "vncunused", "1") : 0;
}

/* An hvm guest's screen. To xend, one that is not said is not there. */
static int put_own_screen(struct sx_writer *w)
{
    struct slip_guest *g = w->e->guest;
    bool shown = !SLIP_IS_SET(g->vnc) && !slip__num_or(&g->nographic, 0);

    if (shown)
        slip__num_set(&g->vnc, 1, (struct slip_mark){.origin = SLIP_GIVEN});
    if (SLIP_IS_SET(g->vnc) && !g->vnc.value)
        g->vnc = (struct slip_num){0};
    if (SLIP_IS_SET(g->sdl) && !g->sdl.value)
        g->sdl = (struct slip_num){0};
    if (settle_screen(w, &g->vnc, &g->vncunused, &g->vncdisplay, true) < 0)
        return -1;
    put_screen(w, &slip__record_guest, g);
    return shown ? default_written(w, "vnc", "1") : 0;
}

static int put_image_hvm(struct sx_writer *w)
{
    struct slip_guest *g = w->e->guest;

    put_vcpus(w);
    if (put_boot(w) < 0)
        return -1;
    slip__sx_image_disks(w);
    if (put_feature(w, "acpi", &g->acpi) < 0 || put_feature(w, "apic", &g->apic) < 0 ||
        put_feature(w, "pae", &g->pae) < 0)
        return -1;
    put_fields(w, SX_HVM, "hap", "viridian");
    put_viridian(w);
    put_fields(w, SX_HVM, "nestedhvm", "usb");
    put_usb(w);
    slip__said(&g->parallel.mark);
    if (says(&g->parallel))
        put_char(w, "parallel", g->parallel.value);
    else
        slip__sx_raw(w, "parallel", "none");
    put_serial(w);
    put_fields(w, SX_HVM, "soundhw", "device_model");
    put_device_model(w);
    put_fields(w, SX_HVM, "hpet", "stdvga");
    put_vga(w);
    put_fields(w, SX_HVM, "nographic", "gfx_passthru");
    put_gfx(w);
    return put_own_screen(w);
}

static void put_localtime(struct sx_writer *w)
{
    struct slip_num *localtime = &w->e->guest->localtime;

    slip__sx_number(w, "localtime", slip__num_or(localtime, 0));
    slip__said(&localtime->mark);
}

static int put_image(struct sx_writer *w)
{
    struct slip_guest *g = w->e->guest;
    bool old_screen = !w->hvm && w->version < 3 && g->vfb.count > 0;

    /* A pv guest that a bootloader starts needs none before version 4. */
    if (!w->hvm && w->version < 4 && !old_screen && !SLIP_IS_GIVEN(g->kernel) &&
        !SLIP_IS_GIVEN(g->ramdisk) && !SLIP_IS_GIVEN(g->cmdline))
        return 0;
    slip__sx_open(w, "image");
    slip__sx_open(w, w->hvm ? "hvm" : "linux");
    if (put_start(w) < 0 || (w->hvm && put_image_hvm(w) < 0))
        return -1;
    if (!w->hvm) {
        put_fields(w, SX_LINUX, "loader", "device_model");
        put_device_model(w);
    }
    if (old_screen) {
        settle_screen(w, &g->vfb.items[0].vnc, &g->vfb.items[0].vncunused,
                      &g->vfb.items[0].vncdisplay, false);
        put_screen(w, &slip__record_vfb, &g->vfb.items[0]);
    }
    if (w->version >= 4) {
        if (w->hvm) {
            slip__sx_number(w, "rtc_timeoffset", slip__num_or(&g->rtc_timeoffset, 0));
            slip__said(&g->rtc_timeoffset.mark);
        } else {
            put_num(w, "rtc_timeoffset", &g->rtc_timeoffset);
        }
        put_localtime(w);
    }
    put_fields(w, w->hvm ? SX_HVM : SX_LINUX, "pci_msitranslate", "domid");
    slip__sx_kept(w, w->hvm ? "/domain/image/hvm" : "/domain/image/linux");
    slip__sx_close(w);
    slip__sx_close(w);
    return 0;
}

int slip__sx_emit(struct slip_emit *e)
{
    struct sx_writer w = {.e = e,
                          .version = e->options->xend_version ? e->options->xend_version : 4,
                          .hvm = e->guest->type.value == SLIP_TYPE_HVM};
    struct slip_diag *d;

    slip__said(&e->guest->type.mark);
    if (e->guest->type.value == SLIP_TYPE_PVH) {
        d = slip__diag(e->diags, SLIP_CODE_FORMAT_TOO_OLD, e->guest->type.mark.span,
                       "xend knows no pvh guests");
        slip__diag_hint(d, "slipway retarget --type pv (or hvm) makes one that it knows");
        return 0;
    }
    slip__sx_open(&w, "vm");
    put_domain(&w);
    if (put_image(&w) < 0)
        return -1;
    put_localtime(&w);
    if (slip__sx_devices(&w) < 0)
        return -1;
    slip__sx_kept(&w, "/domain");
    slip__sx_close(&w);
    slip__buf_putc(e->out, '\n');
    return 0;
}
