/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The emulator, devices of the host, the buses that are no disk's, folders; both ways. It must not know other devices. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/libvirt.h"

static struct xml_node *child(struct xml_node *node, const char *name)
{
    return node ? slip__xml_child(node, name, NULL) : NULL;
}

static bool is(const struct xml_node *node, const char *attr, const char *value)
{
    const struct xml_attr *a = slip__xml_attr(node, attr);

    return a && strcmp(a->value, value) == 0;
}

/* Numbers of an address, in the order of names; those that are not said are 0. */
static bool numbers(struct libvirt_reader *r, struct xml_node *address, const char *const *names,
                    size_t count, int64_t max, int64_t *ret)
{
    for (size_t i = 0; i < count; i++) {
        const struct xml_attr *attr = slip__xml_attr(address, names[i]);

        ret[i] = 0;
        if (attr && !slip__libvirt_number(r, attr->value, attr->span, names[i], 0, max, &ret[i]))
            return false;
        slip__libvirt_take(address, names[i]);
    }
    return true;
}

static const char *const pci_names[] = {"domain", "bus", "slot", "function"};

static void read_pci(struct libvirt_reader *r, struct xml_node *node)
{
    struct xml_node *address = child(child(node, "source"), "address");
    struct xml_node *here = child(node, "address");
    struct slip_pci *pci;
    int64_t n[4];
    char text[32];

    if (!address || !numbers(r, address, pci_names, 4, 0xffff, n))
        return;
    pci = slip__libvirt_item(r, "pci", node->span);
    if (!pci)
        return;
    snprintf(text, sizeof(text), "%04x:%02x:%02x.%x", (unsigned)n[0], (unsigned)n[1] & 0xff,
             (unsigned)n[2] & 0x1f, (unsigned)n[3] & 7);
    slip__libvirt_set(r, &pci->bdf, text, address->span);
    slip__libvirt_take_if(address, "type", "pci");
    slip__libvirt_read_rows(r, &slip__libvirt_pci, node, pci);
    if (is(node, "managed", "yes"))
        slip__libvirt_num(&pci->managed, 1, slip__xml_attr(node, "managed")->span);
    slip__libvirt_take(node, "managed");
    if (child(node, "driver"))
        slip__libvirt_take_if(child(node, "driver"), "name", "xen");
    if (here && is(here, "type", "pci") && numbers(r, here, pci_names, 4, 0xffff, n)) {
        slip__libvirt_take(here, "type");
        snprintf(text, sizeof(text), "%02x", (unsigned)n[2] & 0x1f);
        if (n[3])
            snprintf(text + 2, sizeof(text) - 2, ".%x", (unsigned)n[3] & 7);
        slip__libvirt_set(r, &pci->vslot, text, here->span);
    }
    slip__libvirt_take(node, "mode");
    slip__libvirt_take(node, "type");
}

static void read_usb(struct libvirt_reader *r, struct xml_node *node)
{
    struct slip_usbdev *usb = slip__libvirt_item(r, "usbdev", node->span);

    if (!usb)
        return;
    slip__libvirt_read_rows(r, &slip__libvirt_usbdev, node, usb);
    if (child(node, "address"))
        slip__libvirt_take_if(child(node, "address"), "type", "usb");
    if (child(node, "source"))
        slip__libvirt_take_node(child(node, "source"));
    slip__libvirt_take_if(node, "managed", "no");
    slip__libvirt_take(node, "mode");
    slip__libvirt_take(node, "type");
}

static void read_controller(struct libvirt_reader *r, struct xml_node *node)
{
    static const struct libvirt_row rows[] = {
        {"max_grant_frames", "@maxGrantFrames", LIBVIRT_TEXT, NULL, NULL},
        {"max_event_channels", "@maxEventChannels", LIBVIRT_TEXT, NULL, NULL},
    };
    static const struct libvirt_map map = {&slip__record_guest, "", SLIP_COUNT(rows), rows};
    struct slip_usbctrl *usb;
    bool one = is(node, "model", "qusb1");

    if (is(node, "type", "xenbus") && !SLIP_IS_SET(r->guest->max_grant_frames)) {
        slip__libvirt_read_rows(r, &map, node, r->guest);
    } else if (is(node, "type", "usb") && (one || is(node, "model", "qusb2"))) {
        usb = slip__libvirt_item(r, "usbctrl", node->span);
        if (!usb)
            return;
        slip__libvirt_num(&usb->type, SLIP_USBCTRL_TYPE_QUSB, node->span);
        slip__libvirt_num(&usb->version, one ? 1 : 2, node->span);
        slip__libvirt_read_rows(r, &slip__libvirt_usbctrl, node, usb);
        slip__libvirt_take(node, "model");
    } else {
        return;
    }
    slip__libvirt_take(node, "type");
    slip__libvirt_take(node, "index");
}

static void read_folder(struct libvirt_reader *r, struct xml_node *node)
{
    const struct xml_attr *mode = slip__xml_attr(node, "accessmode");
    bool mapped = mode && strcmp(mode->value, "mapped") == 0;
    struct slip_p9 *p9;

    if (!is(node, "type", "mount") || !mode ||
        (!mapped && strcmp(mode->value, "passthrough") != 0) ||
        (child(node, "driver") && is(child(node, "driver"), "type", "virtiofs")))
        return;
    p9 = slip__libvirt_item(r, "p9", node->span);
    if (!p9)
        return;
    slip__libvirt_read_rows(r, &slip__libvirt_p9, node, p9);
    slip__libvirt_set(r, &p9->security_model, mapped ? "mapped-xattr" : "passthrough", mode->span);
    slip__libvirt_take(node, "type");
    slip__libvirt_take(node, "accessmode");
}

void slip__libvirt_read_host(struct libvirt_reader *r, struct xml_node *devices)
{
    struct slip_guest *g = r->guest;

    for (struct xml_node *n = devices->first; n && !r->oom; n = n->next) {
        if (strcmp(n->name, "emulator") == 0)
            slip__libvirt_set(r, &g->device_model_override, slip__libvirt_take_text(n),
                              n->text_span);
        else if (strcmp(n->name, "hostdev") == 0 && is(n, "type", "pci"))
            read_pci(r, n);
        else if (strcmp(n->name, "hostdev") == 0 && is(n, "type", "usb"))
            read_usb(r, n);
        else if (strcmp(n->name, "controller") == 0)
            read_controller(r, n);
        else if (strcmp(n->name, "filesystem") == 0)
            read_folder(r, n);
        else if (strcmp(n->name, "memballoon") == 0 && is(n, "model", "xen") && !n->first)
            slip__libvirt_take(n, "model"); /* every guest of Xen has it */
    }
}

static void write_emulator(struct libvirt_writer *w)
{
    struct slip_guest *g = w->guest;
    struct slip_str *path =
        SLIP_IS_GIVEN(g->device_model_override) ? &g->device_model_override : &g->device_model;

    if (!SLIP_IS_GIVEN(*path) || !slip__xml_sayable(path->value))
        return;
    slip__libvirt_text(w, slip__libvirt_make(w, w->devices, "emulator"), path->value);
    slip__said(&path->mark);
    if (SLIP_IS_SET(g->device_model) && strcmp(g->device_model.value, path->value) == 0)
        slip__said(&g->device_model.mark);
}

static bool write_bdf(struct libvirt_writer *w, struct xml_node *source, struct slip_str *bdf)
{
    unsigned domain, bus, slot, function;
    struct xml_node *address;
    char end;

    if (!SLIP_IS_GIVEN(*bdf) ||
        sscanf(bdf->value, "%x:%x:%x.%x%c", &domain, &bus, &slot, &function, &end) != 4)
        return false;
    address = slip__libvirt_make(w, source, "address");
    slip__libvirt_attrf(w, address, "domain", "0x%04x", domain);
    slip__libvirt_attrf(w, address, "bus", "0x%02x", bus);
    slip__libvirt_attrf(w, address, "slot", "0x%02x", slot);
    slip__libvirt_attrf(w, address, "function", "0x%x", function);
    slip__said(&bdf->mark);
    return true;
}

static void write_pci(struct libvirt_writer *w, struct slip_pci *pci)
{
    struct xml_node *node, *source, *address;
    unsigned slot, function = 0;
    char end;

    if (!SLIP_IS_GIVEN(pci->bdf) || strpbrk(pci->bdf.value, "*-,="))
        return; /* several functions at once have no words: a loss */
    node = slip__libvirt_new(w, w->devices, "hostdev");
    slip__libvirt_attr(w, node, "mode", "subsystem");
    slip__libvirt_attr(w, node, "type", "pci");
    slip__libvirt_attr(w, node, "managed", slip__num_or(&pci->managed, 0) ? "yes" : "no");
    slip__said(&pci->managed.mark);
    if (slip__libvirt_is_xen(w->guest))
        slip__libvirt_attr(w, slip__libvirt_make(w, node, "driver"), "name", "xen");
    source = slip__libvirt_make(w, node, "source");
    slip__libvirt_write_rows(w, &slip__libvirt_pci, node, pci);
    write_bdf(w, source, &pci->bdf);
    if (!SLIP_IS_GIVEN(pci->vslot))
        return;
    if (sscanf(pci->vslot.value, "%x.%x%c", &slot, &function, &end) != 2 &&
        sscanf(pci->vslot.value, "%x%c", &slot, &end) != 1)
        return;
    address = slip__libvirt_make(w, node, "address");
    slip__libvirt_attr(w, address, "type", "pci");
    slip__libvirt_attr(w, address, "domain", "0x0000");
    slip__libvirt_attr(w, address, "bus", "0x00");
    slip__libvirt_attrf(w, address, "slot", "0x%02x", slot);
    slip__libvirt_attrf(w, address, "function", "0x%x", function);
    slip__said(&pci->vslot.mark);
}

static void write_usb(struct libvirt_writer *w, struct slip_usbdev *usb)
{
    struct xml_node *node = slip__libvirt_new(w, w->devices, "hostdev"), *address;

    slip__libvirt_attr(w, node, "mode", "subsystem");
    slip__libvirt_attr(w, node, "type", "usb");
    slip__libvirt_attr(w, node, "managed", "no");
    slip__libvirt_write_rows(w, &slip__libvirt_usbdev, node, usb);
    slip__said(&usb->type.mark);
    address = child(node, "address");
    if (address)
        slip__libvirt_attr(w, address, "type", "usb");
}

static void write_usbctrl(struct libvirt_writer *w, struct slip_usbctrl *usb, size_t index)
{
    struct xml_node *node = slip__libvirt_new(w, w->devices, "controller");
    int64_t version = slip__num_or(&usb->version, 2);
    static const char only_qusb[] =
        "libvirt has QEMU's paravirtual USB controllers only: this one becomes such a one";
    bool qusb = SLIP_IS_GIVEN(usb->type) && usb->type.value == SLIP_USBCTRL_TYPE_QUSB;
    char setting[40];

    slip__libvirt_attr(w, node, "type", "usb");
    slip__libvirt_attrf(w, node, "index", "%zu", index);
    slip__libvirt_attr(w, node, "model", version == 1 ? "qusb1" : "qusb2");
    slip__libvirt_attrf(w, node, "ports", "%lld", (long long)slip__num_or(&usb->ports, 8));
    snprintf(setting, sizeof(setting), "usbctrl[%zu].type", index);
    if (SLIP_IS_GIVEN(usb->type) && !qusb)
        slip__libvirt_rounded(w, setting, usb->type.mark.span, only_qusb);
    else if (!qusb)
        slip__libvirt_default(w, setting, only_qusb);
    slip__said(&usb->type.mark);
    if (version != 3)
        slip__said(&usb->version.mark);
    slip__said(&usb->ports.mark);
}

static void write_xenbus(struct libvirt_writer *w)
{
    struct slip_guest *g = w->guest;
    struct xml_node *node = slip__libvirt_new(w, w->devices, "controller");

    slip__libvirt_attr(w, node, "type", "xenbus");
    slip__libvirt_attr(w, node, "index", "0");
    if (SLIP_IS_GIVEN(g->max_grant_frames)) {
        slip__libvirt_attrf(w, node, "maxGrantFrames", "%lld",
                            (long long)g->max_grant_frames.value);
        slip__said(&g->max_grant_frames.mark);
    }
    if (SLIP_IS_GIVEN(g->max_event_channels)) {
        slip__libvirt_attrf(w, node, "maxEventChannels", "%lld",
                            (long long)g->max_event_channels.value);
        slip__said(&g->max_event_channels.mark);
    }
}

static void write_folder(struct libvirt_writer *w, struct slip_p9 *p9)
{
    const char *model = SLIP_IS_SET(p9->security_model) ? p9->security_model.value : "passthrough";
    bool mapped = strcmp(model, "mapped-xattr") == 0 || strcmp(model, "mapped") == 0;
    struct xml_node *node = slip__libvirt_new(w, w->devices, "filesystem");

    slip__libvirt_attr(w, node, "type", "mount");
    slip__libvirt_attr(w, node, "accessmode", mapped ? "mapped" : "passthrough");
    if (mapped || strcmp(model, "passthrough") == 0)
        slip__said(&p9->security_model.mark);
    slip__libvirt_write_rows(w, &slip__libvirt_p9, node, p9);
}

void slip__libvirt_write_host(struct libvirt_writer *w)
{
    struct slip_guest *g = w->guest;

    write_emulator(w);
    if (slip__libvirt_is_xen(g)) {
        write_xenbus(w);
        slip__libvirt_attr(w, slip__libvirt_new(w, w->devices, "memballoon"), "model", "xen");
    }
    for (size_t i = 0; i < g->usbctrl.count; i++)
        write_usbctrl(w, &g->usbctrl.items[i], i);
    for (size_t i = 0; i < g->p9.count; i++)
        write_folder(w, &g->p9.items[i]);
    for (size_t i = 0; i < g->pci.count; i++)
        write_pci(w, &g->pci.items[i]);
    for (size_t i = 0; i < g->usbdev.count; i++)
        write_usb(w, &g->usbdev.items[i]);
    slip__said(&g->usbctrl.mark);
    slip__said(&g->p9.mark);
    slip__said(&g->usbdev.mark);
}
