/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* (device (KIND (KEY VALUE)...)) into the guest's devices. One function for each kind. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/sxpr.h"

static void *new_item(struct sx_reader *r, const char *list_name, uint32_t node)
{
    return slip__list_add(slip__field_named(&slip__record_guest, list_name), r->guest,
                          slip__sx_mark(r, node));
}

/* Keys of a device that say just what a field says. */
struct device_key {
    const char *key;
    const char *field; /* NULL: read elsewhere; "": xend's own, no setting */
};

static const struct device_key *device_key(const struct device_key *keys, const char *key)
{
    while (keys->key && strcmp(keys->key, key) != 0)
        keys++;
    return keys->key ? keys : NULL;
}

/* All keys of a device by its table. What has no place there is kept, with its device's path. */
static int read_fields(struct sx_reader *r, const struct slip_record *record, void *object,
                       const struct device_key *keys, uint32_t list)
{
    for (uint32_t i = slip__sx_node(r, slip__sx_node(r, list)->first)->next; i;
         i = slip__sx_node(r, i)->next) {
        const struct device_key *key = device_key(keys, slip__sx_head(r, i));
        struct slip_diag *d;

        if (!key) {
            d = slip__diag(r->diags, SLIP_CODE_KEY_IGNORED, slip__sx_span(r, i),
                           "'%.60s' of a %s has no meaning here", slip__sx_head(r, i),
                           slip__sx_head(r, list));
            slip__diag_hint(d, "it is left out");
        } else if (key->field && key->field[0]) {
            if (slip__sx_set(r, slip__field_named(record, key->field), object, i, false) < 0)
                return -1;
        }
    }
    return 0;
}

/* The value of (KEY VALUE) in a device, and its mark. */
static const char *value_of(const struct sx_reader *r, uint32_t device, const char *key,
                            struct slip_mark *ret)
{
    uint32_t list = slip__sx_find(r, device, key), value;
    const char *text = list ? slip__sx_value(r, list, &value) : NULL;

    if (text && ret)
        *ret = slip__sx_mark(r, value);
    return text && text[0] ? text : NULL;
}

/* Number 0 and its name are the domain that serves whatever says nothing. */
static int read_backend(struct sx_reader *r, uint32_t device, struct slip_str *backend)
{
    struct slip_mark mark;
    const char *text = value_of(r, device, "backend", &mark);

    if (!text || strcmp(text, "0") == 0 || strcmp(text, "Domain-0") == 0)
        return 0;
    return slip__sx_set_text(backend, text, mark);
}

/* --- disks ----------------------------------------------------------------------------------------------------- */

static const struct {
    const char *word;
    enum slip_disk_format format;
} formats[] = {{"aio", SLIP_DISK_FORMAT_RAW},     {"raw", SLIP_DISK_FORMAT_RAW},
               {"sync", SLIP_DISK_FORMAT_RAW},    {"ram", SLIP_DISK_FORMAT_RAW},
               {"qcow", SLIP_DISK_FORMAT_QCOW},   {"qcow2", SLIP_DISK_FORMAT_QCOW2},
               {"vhd", SLIP_DISK_FORMAT_VHD},     {"qed", SLIP_DISK_FORMAT_QED},
               {"tapdisk", SLIP_DISK_FORMAT_RAW}, {"ioemu", SLIP_DISK_FORMAT_RAW}};

/* phy:, file:, tap:aio:, tap2:tapdisk:qcow2: ... or the name of a script: iscsi: is block-iscsi. */
static int read_uname(struct slip_disk *disk, const char *uname, struct slip_mark mark)
{
    const char *colon = strchr(uname, ':');
    size_t len = colon ? (size_t)(colon - uname) : 0;
    bool tap =
        colon && strncmp(uname, "tap", 3) == 0 && (len == 3 || (len == 4 && uname[3] == '2'));
    char script[64];
    enum slip_disk_format format = SLIP_DISK_FORMAT_RAW;

    if (!colon || uname[0] == '/')
        return slip__sx_set_text(&disk->target, uname, mark);
    for (size_t i = 0; tap && i < SLIP_COUNT(formats); i++) {
        size_t n = strlen(formats[i].word);

        if (strncmp(uname + len + 1, formats[i].word, n) == 0 && uname[len + 1 + n] == ':') {
            len += n + 1;
            format = formats[i].format;
            i = (size_t)-1; /* and the next word: tap2:tapdisk:aio: */
        }
    }
    if (!tap && strncmp(uname, "phy:", 4) != 0 && strncmp(uname, "file:", 5) != 0) {
        if (len > 50)
            return slip__sx_set_text(&disk->target, uname, mark);
        snprintf(script, sizeof(script), "block-%.*s", (int)len, uname);
        if (slip__sx_set_text(&disk->script, script, mark) < 0)
            return -1;
    } else if (slip__str_set(&disk->prefix, uname, len, mark) < 0 ||
               (strncmp(uname, "phy:", 4) == 0 &&
                slip__sx_set_text(&disk->backendtype, "phy", mark) < 0)) {
        return -1;
    }
    if (format != SLIP_DISK_FORMAT_RAW)
        slip__num_set(&disk->format, format, mark);
    return slip__sx_set_text(&disk->target, uname + len + 1, mark);
}

static int read_dev(struct slip_disk *disk, const char *dev, struct slip_mark mark)
{
    const char *colon;
    size_t len;

    if (strncmp(dev, "ioemu:", 6) == 0)
        dev += 6;
    colon = strchr(dev, ':'); /* what follows is what it is, no part of its name */
    len = colon ? (size_t)(colon - dev) : strlen(dev);
    if (colon && strcmp(colon, ":cdrom") == 0)
        slip__num_set(&disk->cdrom, 1, mark);
    return slip__str_set(&disk->vdev, dev, len, mark);
}

static void read_mode(struct sx_reader *r, struct slip_disk *disk, const char *mode,
                      struct slip_mark mark)
{
    size_t len = strlen(mode);

    if ((mode[0] != 'r' && mode[0] != 'w') || strspn(mode, "rwo!") != len) {
        slip__diag(r->diags, SLIP_CODE_UNKNOWN_WORD, mark.span, "'mode' can't be '%.60s'", mode);
        return;
    }
    slip__num_set(&disk->access, strchr(mode, 'w') ? SLIP_DISK_ACCESS_RW : SLIP_DISK_ACCESS_RO,
                  mark);
    if (mode[len - 1] == '!')
        slip__num_set(&disk->shareable, 1, mark);
}

/* The disk that a pv guest's bootloader looks at is the first one. */
static void to_front(struct slip_disk_list *list)
{
    struct slip_disk disk = list->items[list->count - 1];

    memmove(list->items + 1, list->items, (list->count - 1) * sizeof(disk));
    list->items[0] = disk;
}

static int read_disk(struct sx_reader *r, uint32_t list)
{
    static const struct device_key keys[] = {{"uname", NULL},
                                             {"dev", NULL},
                                             {"mode", NULL},
                                             {"backend", NULL},
                                             {"bootable", NULL},
                                             {"driver", ""},
                                             {"uuid", ""},
                                             {"VDI", ""},
                                             {"protocol", ""},
                                             {"image", ""},
                                             {"state", ""},
                                             {"script", "script"},
                                             {0}};
    struct slip_disk *disk = new_item(r, "disk", list);
    struct slip_mark mark;
    const char *text;

    if (!disk || read_fields(r, &slip__record_disk, disk, keys, list) < 0 ||
        read_backend(r, list, &disk->backend) < 0)
        return -1;
    text = value_of(r, list, "dev", &mark);
    if (text && read_dev(disk, text, mark) < 0)
        return -1;
    text = value_of(r, list, "uname", &mark);
    if (text && read_uname(disk, text, mark) < 0)
        return -1;
    text = value_of(r, list, "mode", &mark);
    if (text)
        read_mode(r, disk, text, mark);
    if (!SLIP_IS_SET(
            disk->format)) /* so that a check on a disk with nothing in it finds its place */
        slip__num_set(&disk->format, SLIP_DISK_FORMAT_RAW,
                      (struct slip_mark){.span = slip__sx_span(r, list), .origin = SLIP_DEFAULT});
    text = value_of(r, list, "bootable", NULL);
    if (text && strcmp(text, "1") == 0)
        to_front(&r->guest->disk);
    return 0;
}

int slip__sx_image_disk(struct sx_reader *r, uint32_t list)
{
    const char *key = slip__sx_head(r, list), *path = slip__sx_value(r, list, NULL);
    struct slip_mark mark;
    struct slip_disk *disk;
    uint32_t value;

    if (!path || !path[0])
        return 0;
    slip__sx_value(r, list, &value);
    mark = slip__sx_mark(r, value);
    disk = new_item(r, "disk", list);
    if (!disk || slip__sx_set_text(&disk->target, path, mark) < 0 ||
        slip__sx_set_text(&disk->prefix, "file", mark) < 0)
        return -1;
    if (strcmp(key, "cdrom") == 0) {
        slip__num_set(&disk->cdrom, 1, mark);
        key = "hdc";
    }
    return slip__sx_set_text(&disk->vdev, key, mark);
}

/* --- network interfaces, screens ---------------------------------------------------------------------------------- */

static int read_vif(struct sx_reader *r, uint32_t list)
{
    static const struct device_key keys[] = {{"mac", "mac"},
                                             {"bridge", "bridge"},
                                             {"script", "script"},
                                             {"ip", "ip"},
                                             {"model", "model"},
                                             {"vifname", "vifname"},
                                             {"rate", "rate"},
                                             {"type", NULL},
                                             {"backend", NULL},

                                             {"uuid", ""},
                                             {"policy", ""},
                                             {"label", ""},
                                             {"network", "network"},
                                             {"devid", ""},
                                             {"location", ""},
                                             {0}};
    struct slip_vif *vif = new_item(r, "vif", list);
    struct slip_mark mark;
    const char *type;

    if (!vif || read_fields(r, &slip__record_vif, vif, keys, list) < 0 ||
        read_backend(r, list, &vif->backend) < 0)
        return -1;
    type = value_of(r, list, "type", &mark);
    if (!type)
        return 0;
    /* netfront: the paravirtual card alone, which is vif everywhere else. */
    return slip__sx_set_text(&vif->type, strcmp(type, "netfront") == 0 ? "vif" : type, mark);
}

static int read_vfb(struct sx_reader *r, uint32_t list)
{
    static const struct device_key keys[] = {{"type", NULL},
                                             {"vnc", "vnc"},
                                             {"sdl", "sdl"},
                                             {"vncunused", "vncunused"},
                                             {"vncdisplay", "vncdisplay"},
                                             {"vnclisten", "vnclisten"},
                                             {"vncpasswd", "vncpasswd"},
                                             {"keymap", "keymap"},
                                             {"opengl", "opengl"},
                                             {"display", "display"},
                                             {"xauthority", "xauthority"},
                                             {"backend", NULL},
                                             {"location", ""},
                                             {"uuid", ""},
                                             {"videoram", ""},
                                             {"other_config", ""},
                                             {0}};
    struct slip_vfb *vfb = new_item(r, "vfb", list);
    struct slip_mark mark;
    const char *type;

    if (!vfb || read_fields(r, &slip__record_vfb, vfb, keys, list) < 0)
        return -1;
    type = value_of(r, list, "type", &mark);
    if (type && strcmp(type, "vnc") == 0 && !SLIP_IS_SET(vfb->vnc))
        slip__num_set(&vfb->vnc, 1, mark);
    if (type && strcmp(type, "sdl") == 0) {
        slip__num_set(&vfb->sdl, 1, mark);
        if (!SLIP_IS_SET(vfb->vnc))
            slip__num_set(&vfb->vnc, 0, mark);
    }
    return 0;
}

/* --- passed-through devices -------------------------------------------------------------------------------------- */

static bool hex_of(const char *text, unsigned long max, unsigned long *ret)
{
    char *end;

    if (!text)
        return false;
    *ret = strtoul(text, &end, 16);
    return end != text && !*end && *ret <= max;
}

static int read_pci_slot(struct slip_pci *pci, struct sx_reader *r, uint32_t dev)
{
    struct slip_mark mark;
    unsigned long slot;
    char text[16];

    if (hex_of(value_of(r, dev, "vdevfn", &mark), 0xff, &slot))
        slot >>= 3;
    else if (!hex_of(value_of(r, dev, "vslot", &mark), 0x1f, &slot) &&
             !hex_of(value_of(r, dev, "vslt", &mark), 0x1f, &slot))
        return 0;
    if (!slot)
        return 0; /* the next free one */
    snprintf(text, sizeof(text), "%lx", slot & 0x1f);
    return slip__sx_set_text(&pci->vslot, text, mark);
}

/* (opts ((msitranslate 1)(power_mgmt 0))) */
static int read_pci_opts(struct slip_pci *pci, struct sx_reader *r, uint32_t dev)
{
    static const struct device_key keys[] = {{"msitranslate", "msitranslate"},
                                             {"power_mgmt", "power_mgmt"},
                                             {"permissive", "permissive"},
                                             {0}};
    uint32_t opts = slip__sx_find(r, dev, "opts"), value = 0;

    if (!opts || (slip__sx_value(r, opts, &value), value == opts))
        return 0;
    for (uint32_t i = slip__sx_node(r, value)->first; i; i = slip__sx_node(r, i)->next) {
        const struct device_key *key = device_key(keys, slip__sx_head(r, i));

        if (key &&
            slip__sx_set(r, slip__field_named(&slip__record_pci, key->field), pci, i, false) < 0)
            return -1;
    }
    return 0;
}

/* (pci (dev (domain 0x0)(bus 0x1)(slot 0x13)(func 0x0))...): several devices in one. */
static int read_pci(struct sx_reader *r, uint32_t list)
{
    for (uint32_t i = slip__sx_node(r, list)->first; i; i = slip__sx_node(r, i)->next) {
        unsigned long part[4];
        static const char *const names[] = {"domain", "bus", "slot", "func"};
        static const unsigned long max[] = {0xffff, 0xff, 0x1f, 7};
        struct slip_pci *pci;
        char bdf[32];
        bool good = true;

        if (strcmp(slip__sx_head(r, i), "dev") != 0)
            continue;
        for (size_t k = 0; k < SLIP_COUNT(names); k++)
            good = good && hex_of(value_of(r, i, names[k], NULL), max[k], &part[k]);
        if (!good) {
            slip__diag(r->diags, SLIP_CODE_SXPR_DEVICE, slip__sx_span(r, i),
                       "a PCI device needs domain, bus, slot and func, in hexadecimal");
            continue;
        }
        snprintf(bdf, sizeof(bdf), "%04lx:%02lx:%02lx.%lx", part[0] & 0xffff, part[1] & 0xff,
                 part[2] & 0xff, part[3] & 7);
        pci = new_item(r, "pci", i);
        if (!pci || slip__sx_set_text(&pci->bdf, bdf, slip__sx_mark(r, i)) < 0 ||
            read_pci_slot(pci, r, i) < 0 || read_pci_opts(pci, r, i) < 0)
            return -1;
    }
    return 0;
}

static int read_irq(struct sx_reader *r, uint32_t list)
{
    struct slip_mark mark;
    const char *irq = value_of(r, list, "irq", &mark);

    if (!irq)
        return 0;
    if (!SLIP_IS_SET(r->guest->irqs))
        r->guest->irqs.mark = mark;
    return slip__strs_add(&r->guest->irqs, irq, strlen(irq), mark);
}

static int read_ioports(struct sx_reader *r, uint32_t list)
{
    struct slip_mark mark = slip__sx_mark(r, list);
    struct slip_ioport *range;
    unsigned long from, to;

    if (!hex_of(value_of(r, list, "from", NULL), 0xffff, &from) ||
        !hex_of(value_of(r, list, "to", NULL), 0xffff, &to)) {
        slip__diag(r->diags, SLIP_CODE_SXPR_DEVICE, mark.span,
                   "a range of ports needs from and to, in hexadecimal");
        return 0;
    }
    range = new_item(r, "ioports", list);
    if (!range)
        return -1;
    slip__num_set(&range->first, (int64_t)from, mark);
    slip__num_set(&range->last, (int64_t)to, mark);
    return 0;
}

static int read_vtpm(struct sx_reader *r, uint32_t list)
{
    static const struct device_key keys[] = {{"backend", "backend"}, {"uuid", "uuid"},
                                             {"instance", ""},       {"pref_instance", ""},
                                             {"type", ""},           {0}};
    struct slip_vtpm *vtpm = new_item(r, "vtpm", list);

    return vtpm ? read_fields(r, &slip__record_vtpm, vtpm, keys, list) : -1;
}

/* The keyboard that comes with a vfb, and the console that every domain has. */
static int read_nothing(struct sx_reader *r, uint32_t list)
{
    (void)r;
    (void)list;
    return 0;
}

static const struct {
    const char *kind;
    int (*read)(struct sx_reader *r, uint32_t list);
} kinds[] = {
    {"vbd", read_disk},     {"tap", read_disk},        {"tap2", read_disk},
    {"vif", read_vif},      {"vfb", read_vfb},         {"pci", read_pci},
    {"irq", read_irq},      {"ioports", read_ioports}, {"vtpm", read_vtpm},
    {"vkbd", read_nothing}, {"console", read_nothing},
};

int slip__sx_device(struct sx_reader *r, uint32_t device)
{
    uint32_t list;
    const char *text = slip__sx_value(r, device, &list);

    if (text || list == device) {
        slip__diag(r->diags, SLIP_CODE_WRONG_KIND, slip__sx_span(r, device),
                   "a device is (device (KIND ...))");
        return 0;
    }
    for (size_t i = 0; i < SLIP_COUNT(kinds); i++) {
        if (strcmp(kinds[i].kind, slip__sx_head(r, list)) == 0)
            return kinds[i].read(r, list);
    }
    return slip__sx_keep(r, "/domain", device);
}
