/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Screens, graphics cards, sound, keyboards and pointers, both ways. It must not know other devices. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/libvirt.h"

#define VNC_PORT 5900

/* The emulated cards; the memory that libvirt gives each, in KiB. */
static const struct {
    const char *word;
    enum slip_vga vga;
    unsigned kib;
} cards[] = {
    {"vga", SLIP_VGA_STDVGA, 16384},
    {"cirrus", SLIP_VGA_CIRRUS, 8192},
    {"none", SLIP_VGA_NONE, 0},
    {"qxl", SLIP_VGA_QXL, 65536},
};

static const struct {
    const char *libvirt, *xl;
} sounds[] = {
    {"ich6", "hda"}, {"sb16", "sb16"}, {"es1370", "es1370"}, {"ac97", "ac97"}, {"pcspk", "pcspk"}};

static struct xml_node *child(struct xml_node *node, const char *name)
{
    return node ? slip__xml_child(node, name, NULL) : NULL;
}

/* What is common to a guest's own VNC and a paravirtual screen's. */
struct vnc {
    struct slip_num *vnc, *unused, *display;
    struct slip_str *listen;
};

static struct vnc vnc_of(struct slip_guest *g)
{
    return (struct vnc){&g->vnc, &g->vncunused, &g->vncdisplay, &g->vnclisten};
}

static struct vnc vnc_of_vfb(struct slip_vfb *v)
{
    return (struct vnc){&v->vnc, &v->vncunused, &v->vncdisplay, &v->vnclisten};
}

/* The address is an attribute and an element; old texts have only the one. */
static void read_listen(struct libvirt_reader *r, struct xml_node *node, struct slip_str *to)
{
    struct xml_node *listen = child(node, "listen");
    const struct xml_attr *attr = slip__xml_attr(node, "listen");
    const struct xml_attr *address;

    while (listen && !(slip__xml_attr(listen, "type") &&
                       strcmp(slip__xml_attr(listen, "type")->value, "address") == 0))
        listen = slip__xml_child(node, "listen", listen);
    address = listen ? slip__xml_attr(listen, "address") : NULL;

    if (listen && slip__libvirt_take_if(listen, "type", "address"))
        slip__libvirt_take(listen, "address");
    slip__libvirt_take(node, "listen");
    if (!attr)
        attr = address;
    if (attr)
        slip__libvirt_set(r, to, attr->value, attr->span);
}

static void read_vnc(struct libvirt_reader *r, struct xml_node *node, struct vnc v)
{
    const struct xml_attr *autoport = slip__xml_attr(node, "autoport");
    const struct xml_attr *port = slip__xml_attr(node, "port");
    bool own = (autoport && strcmp(autoport->value, "yes") == 0) ||
               (port && strcmp(port->value, "-1") == 0);
    int64_t n;

    slip__libvirt_num(v.vnc, 1, node->span);
    if (autoport || port)
        slip__libvirt_num(v.unused, own, (autoport ? autoport : port)->span);
    if (!own && port &&
        slip__libvirt_number(r, port->value, port->span, "port", VNC_PORT, 65535, &n))
        slip__libvirt_num(v.display, n - VNC_PORT, port->span);
    slip__libvirt_take(node, "autoport");
    slip__libvirt_take(node, "port");
    read_listen(r, node, v.listen);
}

static void read_port(struct libvirt_reader *r, struct xml_node *node, const char *name,
                      struct slip_num *to)
{
    const struct xml_attr *port = slip__xml_attr(node, name);
    int64_t n;

    if (!port)
        return;
    if (strcmp(port->value, "-1") != 0 &&
        slip__libvirt_number(r, port->value, port->span, name, 0, 65535, &n))
        slip__libvirt_num(to, n, port->span);
    slip__libvirt_take(node, name);
}

static void read_spice(struct libvirt_reader *r, struct xml_node *node)
{
    struct slip_guest *g = r->guest;

    slip__libvirt_num(&g->spice, 1, node->span);
    slip__libvirt_read_rows(r, &slip__libvirt_spice, node, g);
    read_port(r, node, "port", &g->spiceport);
    read_port(r, node, "tlsPort", &g->spicetls_port);
    slip__libvirt_take(node, "autoport");
    read_listen(r, node, &g->spicehost);
    slip__libvirt_num(&g->spicedisable_ticketing, !SLIP_IS_SET(g->spicepasswd), node->span);
}

/* Returns whether the screen is one that the guest has a place for. */
static void read_graphics(struct libvirt_reader *r, struct xml_node *node)
{
    const struct xml_attr *type = slip__xml_attr(node, "type");
    struct slip_guest *g = r->guest;
    bool vnc = type && strcmp(type->value, "vnc") == 0;
    bool sdl = type && strcmp(type->value, "sdl") == 0;

    if (slip__libvirt_is_hvm(g)) {
        if (vnc && !slip__num_or(&g->vnc, 0)) {
            read_vnc(r, node, vnc_of(g));
            slip__libvirt_read_rows(r, &slip__libvirt_vnc, node, g);
        } else if (sdl && !slip__num_or(&g->sdl, 0)) {
            slip__libvirt_num(&g->sdl, 1, node->span);
            slip__libvirt_read_rows(r, &slip__libvirt_sdl, node, g);
        } else if (type && strcmp(type->value, "spice") == 0 && !slip__num_or(&g->spice, 0)) {
            read_spice(r, node);
        } else {
            return;
        }
    } else if (vnc || sdl) {
        struct slip_vfb *vfb = slip__libvirt_item(r, "vfb", node->span);

        if (!vfb)
            return;
        slip__libvirt_read_rows(r, &slip__libvirt_vfb, node, vfb);
        if (vnc)
            read_vnc(r, node, vnc_of_vfb(vfb));
        else
            slip__libvirt_num(&vfb->vnc, 0, type->span);
        if (sdl)
            slip__libvirt_num(&vfb->sdl, 1, type->span);
    } else {
        return;
    }
    slip__libvirt_take(node, "type");
}

static void read_video(struct libvirt_reader *r, struct xml_node *node)
{
    struct xml_node *model = child(node, "model");
    const struct xml_attr *type = model ? slip__xml_attr(model, "type") : NULL;
    const struct xml_attr *vram = model ? slip__xml_attr(model, "vram") : NULL;
    struct slip_guest *g = r->guest;
    size_t i = 0;
    int64_t n;

    while (type && i < SLIP_COUNT(cards) && strcmp(cards[i].word, type->value) != 0)
        i++;
    if (type && strcmp(type->value, "xen") == 0 && !slip__libvirt_is_hvm(g)) {
        if (vram && strcmp(vram->value, "4096") == 0)
            slip__libvirt_take(model, "vram");
    } else if (type && i < SLIP_COUNT(cards) && !SLIP_IS_SET(g->vga)) {
        slip__libvirt_num(&g->vga, cards[i].vga, type->span);
        if (vram && slip__libvirt_number(r, vram->value, vram->span, "vram", 0, 4096 * 1024, &n)) {
            if (n != cards[i].kib)
                slip__libvirt_num(&g->videoram, (n + 1023) / 1024, vram->span);
            if (n % 1024)
                slip__diag(r->diags, SLIP_CODE_ROUNDED, vram->span,
                           "'vram' is counted in MiB: it becomes %lld of them",
                           (long long)(n + 1023) / 1024);
            slip__libvirt_take(model, "vram");
        }
    } else {
        return;
    }
    slip__libvirt_take(model, "type");
    slip__libvirt_take_if(model, "heads", "1");
    slip__libvirt_take_if(model, "primary", "yes");
}

static void read_sounds(struct libvirt_reader *r, struct xml_node *devices)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf text = {0};
    struct slip_span span = SLIP_NO_SPAN;

    for (struct xml_node *n = child(devices, "sound"); n;
         n = slip__xml_child(devices, "sound", n)) {
        const struct xml_attr *model = slip__xml_attr(n, "model");

        for (size_t i = 0; model && i < SLIP_COUNT(sounds); i++) {
            if (strcmp(sounds[i].libvirt, model->value) != 0)
                continue;
            slip__libvirt_take(n, "model");
            span = text.len ? span : model->span;
            slip__buf_printf(&text, "%s%s", text.len ? "," : "", sounds[i].xl);
        }
    }
    if (text.len && !text.failed)
        slip__libvirt_set(r, &r->guest->soundhw, text.data, span);
    r->oom |= text.failed;
}

/* A mouse and a keyboard come with the machine; those on USB are asked for. */
static void read_inputs(struct libvirt_reader *r, struct xml_node *devices)
{
    bool hvm = slip__libvirt_is_hvm(r->guest);

    for (struct xml_node *n = child(devices, "input"); n && !r->oom;
         n = slip__xml_child(devices, "input", n)) {
        const struct xml_attr *type = slip__xml_attr(n, "type"), *bus = slip__xml_attr(n, "bus");

        if (!type || n->first)
            continue;
        if (!bus || strcmp(bus->value, hvm ? "ps2" : "xen") == 0) {
            if (strcmp(type->value, "mouse") != 0 && strcmp(type->value, "keyboard") != 0)
                continue;
        } else if (strcmp(bus->value, "usb") == 0 && hvm &&
                   (strcmp(type->value, "tablet") == 0 || strcmp(type->value, "mouse") == 0 ||
                    strcmp(type->value, "keyboard") == 0)) {
            slip__libvirt_add(r, &r->guest->usbdevice, type->value, type->span);
            slip__libvirt_num(&r->guest->usb, 1, bus->span);
        } else {
            continue;
        }
        slip__libvirt_take(n, "type");
        slip__libvirt_take(n, "bus");
    }
}

void slip__libvirt_read_screens(struct libvirt_reader *r, struct xml_node *domain)
{
    struct xml_node *devices = child(domain, "devices");
    struct slip_guest *g = r->guest;

    for (struct xml_node *n = child(devices, "graphics"); n && !r->oom;
         n = slip__xml_child(devices, "graphics", n))
        read_graphics(r, n);
    for (struct xml_node *n = child(devices, "video"); n; n = slip__xml_child(devices, "video", n))
        read_video(r, n);
    if (devices) {
        read_sounds(r, devices);
        read_inputs(r, devices);
    }
    /* A screen that is not said is none: xl would show one. */
    if (slip__libvirt_is_hvm(g) && !SLIP_IS_SET(g->vnc))
        slip__libvirt_num(&g->vnc, 0, domain->span);
}

static void write_listen(struct libvirt_writer *w, struct xml_node *node, struct slip_str *address)
{
    struct xml_node *listen = slip__libvirt_make(w, node, "listen");
    bool given = SLIP_IS_GIVEN(*address) && slip__xml_sayable(address->value);

    slip__libvirt_attr(w, listen, "type", "address");
    if (!given) {
        listen->implied = ""; /* one of another type says more */
        return;
    }
    slip__libvirt_attr(w, node, "listen", address->value);
    slip__libvirt_say_attr(w, listen, "address", address);
}

/* A display has a number of its own, or the next that is free. */
static struct xml_node *write_vnc(struct libvirt_writer *w, struct vnc v)
{
    struct xml_node *node = slip__libvirt_new(w, w->devices, "graphics");
    bool own = slip__num_or(v.unused, 1);

    slip__libvirt_attr(w, node, "type", "vnc");
    if (own)
        slip__libvirt_attr(w, node, "port", "-1");
    else
        slip__libvirt_attrf(w, node, "port", "%lld",
                            (long long)slip__num_or(v.display, 0) + VNC_PORT);
    slip__libvirt_attr(w, node, "autoport", own ? "yes" : "no");
    if (!own)
        slip__said(&v.display->mark);
    slip__said(&v.unused->mark);
    slip__said(&v.vnc->mark);
    write_listen(w, node, v.listen);
    return node;
}

static void write_spice(struct libvirt_writer *w)
{
    struct slip_guest *g = w->guest;
    struct xml_node *node = slip__libvirt_new(w, w->devices, "graphics");
    bool open = slip__num_or(&g->spicedisable_ticketing, 0);

    slip__libvirt_attr(w, node, "type", "spice");
    if (SLIP_IS_GIVEN(g->spiceport))
        slip__libvirt_attrf(w, node, "port", "%lld", (long long)g->spiceport.value);
    if (SLIP_IS_GIVEN(g->spicetls_port))
        slip__libvirt_attrf(w, node, "tlsPort", "%lld", (long long)g->spicetls_port.value);
    slip__libvirt_attr(w, node, "autoport",
                       SLIP_IS_GIVEN(g->spiceport) || SLIP_IS_GIVEN(g->spicetls_port) ? "no"
                                                                                      : "yes");
    slip__said(&g->spiceport.mark);
    slip__said(&g->spicetls_port.mark);
    slip__said(&g->spice.mark);
    write_listen(w, node, &g->spicehost);
    slip__libvirt_write_rows(w, &slip__libvirt_spice, node, g);
    /* Without a password nobody is asked for one. */
    if (open != SLIP_IS_SET(g->spicepasswd))
        slip__said(&g->spicedisable_ticketing.mark);
    if (!SLIP_IS_SET(g->spiceagent_mouse)) {
        slip__libvirt_attr(w, slip__libvirt_make(w, node, "mouse"), "mode", "client");
        slip__libvirt_default(w, "spiceagent_mouse",
                              "SPICE's agent moves the mouse unless said in xl, not in libvirt");
    }
    if (!SLIP_IS_SET(g->spice_clipboard_sharing))
        slip__libvirt_attr(w, slip__libvirt_make(w, node, "clipboard"), "copypaste", "no");
}

static bool write_hvm_screens(struct libvirt_writer *w)
{
    struct slip_guest *g = w->guest;
    bool none = slip__num_or(&g->nographic, 0);
    bool vnc = slip__num_or(&g->vnc, !none && slip__libvirt_is_xen(g));
    bool sdl = slip__num_or(&g->sdl, 0), spice = slip__num_or(&g->spice, 0);
    struct xml_node *node;

    if (vnc) {
        node = write_vnc(w, vnc_of(g));
        slip__libvirt_write_rows(w, &slip__libvirt_vnc, node, g);
        if (!SLIP_IS_SET(g->vnc))
            slip__libvirt_default(w, "vnc",
                                  "an hvm guest has a VNC screen unless said in xl, "
                                  "not in libvirt");
    }
    if (sdl) {
        node = slip__libvirt_new(w, w->devices, "graphics");
        slip__libvirt_attr(w, node, "type", "sdl");
        slip__libvirt_write_rows(w, &slip__libvirt_sdl, node, g);
    }
    if (spice)
        write_spice(w);
    slip__said(&g->vnc.mark); /* what is not there is off */
    slip__said(&g->sdl.mark);
    slip__said(&g->spice.mark);
    return vnc || sdl || spice;
}

static bool write_vfbs(struct libvirt_writer *w)
{
    struct slip_guest *g = w->guest;

    for (size_t i = 0; i < g->vfb.count; i++) {
        struct slip_vfb *vfb = &g->vfb.items[i];
        bool sdl = slip__num_or(&vfb->sdl, 0) && !(SLIP_IS_GIVEN(vfb->vnc) && vfb->vnc.value);
        struct xml_node *node;

        if (sdl) {
            node = slip__libvirt_new(w, w->devices, "graphics");
            slip__libvirt_attr(w, node, "type", "sdl");
            slip__said(&vfb->sdl.mark);
            if (!slip__num_or(&vfb->vnc, 0) || !SLIP_IS_GIVEN(vfb->vnc))
                slip__said(&vfb->vnc.mark);
        } else {
            node = write_vnc(w, vnc_of_vfb(vfb));
            if (!slip__num_or(&vfb->sdl, 0))
                slip__said(&vfb->sdl.mark);
        }
        slip__libvirt_write_rows(w, &slip__libvirt_vfb, node, vfb);
    }
    slip__said(&g->vfb.mark);
    return g->vfb.count > 0;
}

static void write_video(struct libvirt_writer *w, bool screen)
{
    struct slip_guest *g = w->guest;
    bool hvm = slip__libvirt_is_hvm(g);
    int64_t vga =
        slip__num_or(&g->vga, slip__num_or(&g->nographic, 0) ? SLIP_VGA_NONE : SLIP_VGA_CIRRUS);
    struct xml_node *model;
    size_t i = 0;

    if (!screen && !SLIP_IS_GIVEN(g->vga) && !SLIP_IS_GIVEN(g->videoram) &&
        !SLIP_IS_GIVEN(g->nographic))
        return;
    if (!slip__libvirt_is_xen(g) && !SLIP_IS_GIVEN(g->vga))
        return;
    if (!hvm && (!screen || !slip__libvirt_is_xen(g)))
        return;
    model = slip__libvirt_make(w, slip__libvirt_new(w, w->devices, "video"), "model");
    while (cards[i].vga != (enum slip_vga)vga)
        i++;
    slip__libvirt_attr(w, model, "type", hvm ? cards[i].word : "xen");
    if (hvm && SLIP_IS_GIVEN(g->videoram)) {
        slip__libvirt_attrf(w, model, "vram", "%lld", (long long)g->videoram.value * 1024);
        slip__said(&g->videoram.mark);
    } else if (!hvm || cards[i].kib) {
        slip__libvirt_attrf(w, model, "vram", "%u", hvm ? cards[i].kib : 4096);
    }
    if (!hvm || vga != SLIP_VGA_NONE) {
        slip__libvirt_attr(w, model, "heads", "1");
        slip__libvirt_attr(w, model, "primary", "yes");
    }
    if (hvm)
        slip__said(&g->vga.mark);
    if (hvm && (vga == SLIP_VGA_NONE) == !!slip__num_or(&g->nographic, 0))
        slip__said(&g->nographic.mark);
}

static void write_sound(struct libvirt_writer *w, const char *name)
{
    size_t i = 0;

    while (i < SLIP_COUNT(sounds) && strcmp(sounds[i].xl, name) != 0)
        i++;
    slip__libvirt_attr(w, slip__libvirt_new(w, w->devices, "sound"), "model", sounds[i].libvirt);
}

static void write_sounds(struct libvirt_writer *w)
{
    struct slip_str *list = &w->guest->soundhw;
    char *text, *save = NULL;
    bool sayable = true;

    if (!SLIP_IS_GIVEN(*list))
        return;
    if (strcmp(list->value, "all") == 0) {
        write_sound(w, "sb16");
        write_sound(w, "es1370");
        slip__libvirt_rounded(w, "soundhw", list->mark.span,
                              "all sound cards become two, as libvirt has it: sb16, es1370");
        slip__said(&list->mark);
        return;
    }
    text = strdup(list->value);
    w->oom |= !text;
    for (int round = 0; text && round < 2; round++) {
        strcpy(text, list->value);
        for (char *one = strtok_r(text, ",", &save); one; one = strtok_r(NULL, ",", &save)) {
            size_t i = 0;

            while (i < SLIP_COUNT(sounds) && strcmp(sounds[i].xl, one) != 0)
                i++;
            sayable = sayable && i < SLIP_COUNT(sounds);
            if (round && sayable)
                write_sound(w, one);
        }
        if (!sayable)
            break; /* all or none: the loss is the whole list */
    }
    free(text);
    if (sayable)
        slip__said(&list->mark);
}

static void write_input(struct libvirt_writer *w, const char *type, const char *bus)
{
    struct xml_node *node = slip__libvirt_new(w, w->devices, "input");

    slip__libvirt_attr(w, node, "type", type);
    slip__libvirt_attr(w, node, "bus", bus);
}

static void write_inputs(struct libvirt_writer *w)
{
    struct slip_guest *g = w->guest;
    bool hvm = slip__libvirt_is_hvm(g), usb = false;

    for (size_t i = 0; hvm && i < g->usbdevice.count; i++) {
        struct slip_str *device = &g->usbdevice.items[i];

        if (strcmp(device->value, "tablet") != 0 && strcmp(device->value, "mouse") != 0 &&
            strcmp(device->value, "keyboard") != 0)
            continue;
        write_input(w, device->value, "usb");
        slip__said(&device->mark);
        usb = true;
    }
    if (usb == !!slip__num_or(&g->usb, 0))
        slip__said(&g->usb.mark);
    if (!slip__libvirt_is_xen(g))
        return;
    write_input(w, "mouse", hvm ? "ps2" : "xen");
    write_input(w, "keyboard", hvm ? "ps2" : "xen");
}

void slip__libvirt_write_screens(struct libvirt_writer *w)
{
    bool screen;

    write_inputs(w);
    screen = slip__libvirt_is_hvm(w->guest) ? write_hvm_screens(w) : write_vfbs(w);
    write_sounds(w);
    write_video(w, screen);
}
