/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Disks and the controllers that emulated ones are on, both ways. It must not know other devices. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/libvirt.h"

/* driver/@name and what serves the disk. */
static const struct {
    const char *driver, *backend;
} drivers[] = {{"phy", "phy"}, {"qemu", "qdisk"}, {"tap", "tap"}};

static const struct {
    const char *word;
    enum slip_disk_format format;
} formats[] = {
    {"raw", SLIP_DISK_FORMAT_RAW},     {"qcow", SLIP_DISK_FORMAT_QCOW},
    {"qcow2", SLIP_DISK_FORMAT_QCOW2}, {"vhd", SLIP_DISK_FORMAT_VHD},
    {"qed", SLIP_DISK_FORMAT_QED},     {"vpc", SLIP_DISK_FORMAT_VHD}, /* read only: QEMU's name */
};

static const struct {
    const char *word;
    enum slip_bus bus;
} buses[] = {
    {"xen", SLIP_BUS_XEN}, {"ide", SLIP_BUS_IDE},       {"scsi", SLIP_BUS_SCSI},
    {"usb", SLIP_BUS_USB}, {"virtio", SLIP_BUS_VIRTIO}, {"sata", SLIP_BUS_SATA},
    {"fdc", SLIP_BUS_FDC},
};

static const char *bus_word(enum slip_bus bus)
{
    size_t i = 0;

    while (buses[i].bus != bus)
        i++;
    return buses[i].word;
}

static struct xml_node *child(struct xml_node *node, const char *name)
{
    return node ? slip__xml_child(node, name, NULL) : NULL;
}

/* The bus that a disk of this name is on if nobody says it. */
static enum slip_bus natural_bus(const struct slip_guest *g, const char *vdev)
{
    static const struct {
        const char *prefix;
        enum slip_bus bus;
    } names[] = {{"xvd", SLIP_BUS_XEN},
                 {"hd", SLIP_BUS_IDE},
                 {"sd", SLIP_BUS_SCSI},
                 {"fd", SLIP_BUS_FDC},
                 {"vd", SLIP_BUS_VIRTIO}};

    if (!slip__libvirt_is_hvm(g) && slip__libvirt_is_xen(g))
        return SLIP_BUS_XEN;
    for (size_t i = 0; i < SLIP_COUNT(names); i++) {
        if (strncmp(vdev, names[i].prefix, strlen(names[i].prefix)) == 0)
            return names[i].bus;
    }
    return SLIP_BUS_IDE;
}

static enum slip_bus bus_of(const struct slip_guest *g, const struct slip_disk *disk)
{
    return SLIP_IS_GIVEN(disk->bus)
               ? (enum slip_bus)disk->bus.value
               : natural_bus(g, SLIP_IS_SET(disk->vdev) ? disk->vdev.value : "");
}

/* Where libvirt puts a disk by its name: a is 0, b is 1, ..., aa is 26. -1: its name has no place. */
static int index_of(const char *vdev)
{
    const char *p = strncmp(vdev, "xvd", 3) == 0 ? vdev + 3 : *vdev ? vdev + 2 : vdev;
    int n = 0;

    if (strlen(vdev) < 3 || !*p)
        return -1;
    for (; *p >= 'a' && *p <= 'z'; p++) {
        n = n * 26 + (*p - 'a') + 1;
        if (n > 4096)
            return -1;
    }
    return *p ? -1 : n - 1;
}

struct drive {
    int controller, bus, unit;
};

/* The address of an emulated drive, false: it has none. */
static bool drive_of(const struct slip_guest *g, const struct slip_disk *disk, struct drive *ret)
{
    int i = SLIP_IS_SET(disk->vdev) ? index_of(disk->vdev.value) : -1;

    if (i < 0)
        return false;
    switch (bus_of(g, disk)) {
    case SLIP_BUS_IDE:
        *ret = (struct drive){i / 4, i % 4 / 2, i % 2};
        return true;
    case SLIP_BUS_SCSI:
        *ret = (struct drive){i / 7, 0, i % 7};
        return true;
    case SLIP_BUS_SATA:
        *ret = (struct drive){i / 6, 0, i % 6};
        return true;
    case SLIP_BUS_FDC:
        *ret = (struct drive){i / 2, 0, i % 2};
        return true;
    case SLIP_BUS_XEN:
    case SLIP_BUS_USB:
    case SLIP_BUS_VIRTIO:
        break;
    }
    return false;
}

/* QEMU's text for a disk in Ceph: rbd:POOL/IMAGE:KEY=VALUE:..., with \ before ':' and ';' that are no ends. */
static void read_rbd(struct libvirt_reader *r, struct xml_node *source, struct slip_disk *disk)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf text = {0};
    const struct xml_attr *name = slip__xml_attr(source, "name");
    struct xml_node *host = child(source, "host");

    if (!name)
        return;
    slip__buf_printf(&text, "rbd:%s:auth_supported=none", name->value);
    for (bool first = true; host; host = slip__xml_child(source, "host", host), first = false) {
        const char *port = slip__libvirt_take(host, "port");
        const char *at = slip__libvirt_take(host, "name");

        slip__buf_printf(&text, "%s%s", first ? ":mon_host=" : "\\;", at ? at : "");
        if (port)
            slip__buf_printf(&text, "\\:%s", port);
    }
    slip__libvirt_take(source, "protocol");
    slip__libvirt_take(source, "name");
    if (text.failed)
        r->oom = true;
    else
        slip__libvirt_set(r, &disk->target, text.data, name->span);
}

static void read_source(struct libvirt_reader *r, struct xml_node *node, struct slip_disk *disk,
                        bool block)
{
    struct xml_node *source = child(node, "source");
    const struct xml_attr *attr;

    if (!source)
        return;
    attr = slip__xml_attr(source, block ? "dev" : "file");
    if (!attr)
        attr = slip__xml_attr(source, block ? "file" : "dev");
    if (attr) {
        slip__libvirt_set(r, &disk->target, attr->value, attr->span);
        slip__libvirt_take(source, attr->name);
    } else if (slip__xml_attr(source, "protocol")) {
        read_rbd(r, source, disk);
    }
}

static void read_driver(struct libvirt_reader *r, struct xml_node *driver, struct slip_disk *disk)
{
    const struct xml_attr *name = slip__xml_attr(driver, "name");
    const struct xml_attr *type = slip__xml_attr(driver, "type");
    char prefix[24] = "";
    size_t i = 0;

    slip__libvirt_take_node(driver);
    /* xend's loop devices and blktap, whose format was raw files by another name. */
    if (name && strcmp(name->value, "file") == 0)
        snprintf(prefix, sizeof(prefix), "file");
    else if (name && type && strcmp(type->value, "aio") == 0 &&
             (strcmp(name->value, "tap") == 0 || strcmp(name->value, "tap2") == 0))
        snprintf(prefix, sizeof(prefix), "%s:aio", name->value);
    while (name && i < SLIP_COUNT(drivers) && strcmp(drivers[i].driver, name->value) != 0)
        i++;
    if (*prefix)
        slip__libvirt_set(r, &disk->prefix, prefix, name->span);
    else if (name && i < SLIP_COUNT(drivers))
        slip__libvirt_set(r, &disk->backendtype, drivers[i].backend, name->span);
    if (*prefix || i < SLIP_COUNT(drivers))
        slip__libvirt_take(driver, "name");
    if (strchr(prefix, ':'))
        slip__libvirt_take(driver, "type");
    for (i = 0; type && i < SLIP_COUNT(formats); i++) {
        if (strcmp(formats[i].word, type->value) != 0)
            continue;
        slip__libvirt_num(&disk->format, formats[i].format, type->span);
        slip__libvirt_take(driver, "type");
    }
}

/* A drive where libvirt puts one of its name needs no words. */
static void read_address(const struct slip_guest *g, struct xml_node *node,
                         const struct slip_disk *disk)
{
    static const char *const names[] = {"type", "controller", "bus", "target", "unit"};
    struct xml_node *address = child(node, "address");
    struct drive drive;
    int want[5];

    if (!address || !drive_of(g, disk, &drive) || !slip__xml_attr(address, "type") ||
        strcmp(slip__xml_attr(address, "type")->value, "drive") != 0)
        return;
    want[1] = drive.controller;
    want[2] = drive.bus;
    want[3] = 0;
    want[4] = drive.unit;
    for (size_t i = 1; i < SLIP_COUNT(names); i++) {
        const struct xml_attr *attr = slip__xml_attr(address, names[i]);

        if (attr && strtol(attr->value, NULL, 10) != want[i])
            return;
    }
    for (size_t i = 0; i < SLIP_COUNT(names); i++)
        slip__libvirt_take(address, names[i]);
}

static void read_bus(struct libvirt_reader *r, struct xml_node *node, struct slip_disk *disk)
{
    struct xml_node *target = child(node, "target");
    const struct xml_attr *bus = target ? slip__xml_attr(target, "bus") : NULL;

    for (size_t i = 0; bus && i < SLIP_COUNT(buses); i++) {
        if (strcmp(buses[i].word, bus->value) != 0)
            continue;
        if (natural_bus(r->guest, SLIP_IS_SET(disk->vdev) ? disk->vdev.value : "") != buses[i].bus)
            slip__libvirt_num(&disk->bus, buses[i].bus, bus->span);
        slip__libvirt_take(target, "bus");
    }
}

static void read_disk(struct libvirt_reader *r, struct xml_node *node, bool cdrom)
{
    struct slip_disk *disk = slip__libvirt_item(r, "disk", node->span);
    bool block;

    if (!disk)
        return;
    slip__libvirt_take_node(node);
    block = slip__libvirt_take_if(node, "type", "block");
    slip__libvirt_take(node, "device");
    slip__libvirt_take(node, "type");
    slip__libvirt_read_rows(r, &slip__libvirt_disk, node, disk);
    read_source(r, node, disk, block);
    if (child(node, "driver"))
        read_driver(r, child(node, "driver"), disk);
    /* What is block and is served by nobody in particular is the kernel's. */
    if (block && !SLIP_IS_SET(disk->backendtype) && !SLIP_IS_SET(disk->prefix) &&
        slip__libvirt_is_xen(r->guest))
        slip__libvirt_set(r, &disk->backendtype, "phy", node->span);
    read_bus(r, node, disk);
    read_address(r->guest, node, disk);
    if (cdrom)
        slip__libvirt_num(&disk->cdrom, 1, node->span);
    slip__libvirt_num(&disk->access,
                      child(node, "readonly") || cdrom ? SLIP_DISK_ACCESS_RO : SLIP_DISK_ACCESS_RW,
                      node->span);
    if (child(node, "readonly"))
        slip__libvirt_take_text(child(node, "readonly"));
}

void slip__libvirt_read_disks(struct libvirt_reader *r, struct xml_node *devices)
{
    for (struct xml_node *n = child(devices, "disk"); n && !r->oom;
         n = slip__xml_child(devices, "disk", n)) {
        const struct xml_attr *device = slip__xml_attr(n, "device");
        const struct xml_attr *type = slip__xml_attr(n, "type");
        const struct xml_node *source = slip__xml_child(n, "source", NULL);
        const struct xml_attr *protocol = source ? slip__xml_attr(source, "protocol") : NULL;
        bool cdrom = device && strcmp(device->value, "cdrom") == 0;

        if (device && !cdrom && strcmp(device->value, "disk") != 0 &&
            strcmp(device->value, "floppy") != 0)
            continue; /* a LUN: kept whole */
        if (type && strcmp(type->value, "file") != 0 && strcmp(type->value, "block") != 0 &&
            !(protocol && strcmp(protocol->value, "rbd") == 0))
            continue; /* volumes, directories, other networks: kept whole */
        read_disk(r, n, cdrom);
    }
    for (struct xml_node *n = child(devices, "controller"); n;
         n = slip__xml_child(devices, "controller", n)) {
        const struct xml_attr *type = slip__xml_attr(n, "type");

        /* Controllers come with their disks; one of which more is said is kept. */
        if (type &&
            (strcmp(type->value, "ide") == 0 || strcmp(type->value, "fdc") == 0 ||
             strcmp(type->value, "scsi") == 0) &&
            n->n_attrs == 1u + !!slip__xml_attr(n, "index") && !n->first) {
            slip__libvirt_take(n, "type");
            slip__libvirt_take(n, "index");
        }
    }
}

/* The next part of QEMU's text, up to a ':' that is not escaped, its escapes done. */
static const char *rbd_part(const char *text, struct slip_buf *part)
{
    slip__buf_dispose(part);
    slip__buf_puts(part, "");
    for (; *text && *text != ':'; text++) {
        if (*text == '\\' && text[1])
            text++;
        slip__buf_putc(part, *text);
    }
    return *text ? text + 1 : text;
}

static void write_hosts(struct libvirt_writer *w, struct xml_node *source, char *hosts)
{
    char *save = NULL;

    for (char *at = strtok_r(hosts, ";", &save); at; at = strtok_r(NULL, ";", &save)) {
        struct xml_node *host = slip__libvirt_new(w, source, "host");
        char *port = strrchr(at, ':');

        if (port && !strchr(port, ']'))
            *port++ = 0;
        else
            port = NULL;
        slip__libvirt_attr(w, host, "name", at);
        if (port)
            slip__libvirt_attr(w, host, "port", port);
    }
}

static void write_rbd(struct libvirt_writer *w, struct xml_node *node, struct slip_disk *disk)
{
    struct slip_str *target = &disk->target;
    char setting[40];
    struct xml_node *source = slip__libvirt_make(w, node, "source");
    SLIP_AUTO(slip__buf_dispose) struct slip_buf part = {0};
    const char *p = rbd_part(target->value + strlen("rbd:"), &part);

    snprintf(setting, sizeof(setting), "disk[%zu].target", (size_t)(disk - w->guest->disk.items));
    slip__libvirt_attr(w, source, "protocol", "rbd");
    slip__libvirt_attr(w, source, "name", part.data ? part.data : "");
    while (*p && !part.failed) {
        p = rbd_part(p, &part);
        if (part.data && strncmp(part.data, "mon_host=", 9) == 0)
            write_hosts(w, source, part.data + 9);
        else if (part.data && strcmp(part.data, "auth_supported=none") != 0)
            slip__libvirt_rounded(w, setting, target->mark.span,
                                  "libvirt's words for '%.100s' of a disk in Ceph are not said",
                                  part.data);
    }
    w->oom |= part.failed;
    slip__said(&target->mark);
}

static void write_source(struct libvirt_writer *w, struct xml_node *node, struct slip_disk *disk,
                         bool block)
{
    struct slip_str *target = &disk->target;

    if (!SLIP_IS_SET(*target) || !*target->value) {
        slip__said(&target->mark); /* an empty drive */
        slip__libvirt_attr(w, node, "type", block ? "block" : "file");
    } else if (strncmp(target->value, "rbd:", 4) == 0 && slip__xml_sayable(target->value)) {
        slip__libvirt_attr(w, node, "type", "network");
        write_rbd(w, node, disk);
    } else {
        slip__libvirt_attr(w, node, "type", block ? "block" : "file");
        slip__libvirt_say_at(w, node, "source", block ? "dev" : "file", target);
    }
}

/* What serves the disk, and its format. Returns whether it is a block device of the host. */
static bool write_driver(struct libvirt_writer *w, struct xml_node *node, struct slip_disk *disk)
{
    char setting[48];
    struct xml_node *driver = slip__libvirt_make(w, node, "driver");
    const char *backend = SLIP_IS_SET(disk->backendtype) ? disk->backendtype.value : NULL;
    const char *prefix = SLIP_IS_SET(disk->prefix) ? disk->prefix.value : "";
    bool aio = strcmp(prefix, "tap:aio") == 0 || strcmp(prefix, "tap2:aio") == 0;
    const char *name = "qemu";
    size_t i = 0, k = 0;

    while (backend && i < SLIP_COUNT(drivers) && strcmp(drivers[i].backend, backend) != 0)
        i++;
    if (backend && i < SLIP_COUNT(drivers)) {
        name = drivers[i].driver;
        slip__said(&disk->backendtype.mark);
    } else if (strcmp(prefix, "file") == 0 || strcmp(prefix, "phy") == 0) {
        name = prefix;
    } else if (strncmp(prefix, "tap2", 4) == 0) {
        name = "tap2";
    } else if (strncmp(prefix, "tap", 3) == 0) {
        name = "tap";
    }
    slip__said(&disk->prefix.mark); /* a way to write what is said now */
    slip__libvirt_attr(w, driver, "name", name);
    while (formats[k].format !=
           (enum slip_disk_format)slip__num_or(&disk->format, SLIP_DISK_FORMAT_RAW))
        k++;
    slip__libvirt_attr(w, driver, "type", aio && !backend && k == 0 ? "aio" : formats[k].word);
    slip__said(&disk->format.mark);
    snprintf(setting, sizeof(setting), "disk[%zu].backendtype",
             (size_t)(disk - w->guest->disk.items));
    if (!backend && !SLIP_IS_SET(disk->prefix) && !slip__num_or(&disk->cdrom, 0))
        slip__libvirt_default(w, setting, "who serves disk '%s' is left to xl; libvirt says QEMU",
                              SLIP_IS_SET(disk->vdev) ? disk->vdev.value : "");
    if (!slip__libvirt_is_xen(w->guest)) /* QEMU serves both kinds */
        return SLIP_IS_SET(disk->target) && strncmp(disk->target.value, "/dev/", 5) == 0;
    return strcmp(name, "phy") == 0;
}

static void write_disk(struct libvirt_writer *w, struct slip_disk *disk)
{
    struct xml_node *node = slip__libvirt_new(w, w->devices, "disk"), *address;
    enum slip_bus bus = bus_of(w->guest, disk);
    bool cdrom = slip__num_or(&disk->cdrom, 0);
    struct drive drive;
    bool block, read_only;

    slip__libvirt_attr(w, node, "type", "file");
    slip__libvirt_attr(w, node, "device",
                       cdrom                 ? "cdrom"
                       : bus == SLIP_BUS_FDC ? "floppy"
                                             : "disk");
    slip__said(&disk->cdrom.mark);
    block = write_driver(w, node, disk);
    write_source(w, node, disk, block);
    slip__libvirt_make(w, node, "target");
    slip__libvirt_write_rows(w, &slip__libvirt_disk, node, disk);
    slip__libvirt_attr(w, slip__libvirt_make(w, node, "target"), "bus", bus_word(bus));
    slip__said(&disk->bus.mark);
    read_only = slip__num_or(&disk->access, cdrom ? SLIP_DISK_ACCESS_RO : SLIP_DISK_ACCESS_RW) ==
                SLIP_DISK_ACCESS_RO;
    if (read_only || cdrom) /* nobody writes to a CD-ROM */
        slip__libvirt_make(w, node, "readonly");
    if (read_only || !cdrom)
        slip__said(&disk->access.mark);
    if (!drive_of(w->guest, disk, &drive))
        return;
    address = slip__libvirt_make(w, node, "address");
    slip__libvirt_attr(w, address, "type", "drive");
    slip__libvirt_attrf(w, address, "controller", "%d", drive.controller);
    slip__libvirt_attrf(w, address, "bus", "%d", drive.bus);
    slip__libvirt_attr(w, address, "target", "0");
    slip__libvirt_attrf(w, address, "unit", "%d", drive.unit);
}

/* The controllers that drives of a bus are on, as libvirt adds them. */
static void write_controllers(struct libvirt_writer *w, enum slip_bus bus)
{
    struct drive drive;
    int top = -1;

    for (size_t i = 0; i < w->guest->disk.count; i++) {
        const struct slip_disk *disk = &w->guest->disk.items[i];

        if (bus_of(w->guest, disk) == bus && drive_of(w->guest, disk, &drive) &&
            drive.controller > top)
            top = drive.controller;
    }
    for (int i = 0; i <= top; i++) {
        struct xml_node *node = slip__libvirt_new(w, w->devices, "controller");

        slip__libvirt_attr(w, node, "type", bus_word(bus));
        slip__libvirt_attrf(w, node, "index", "%d", i);
        node->implied = "index";
    }
}

void slip__libvirt_write_disks(struct libvirt_writer *w)
{
    static const enum slip_bus with_controllers[] = {SLIP_BUS_FDC, SLIP_BUS_IDE, SLIP_BUS_SCSI};

    for (size_t i = 0; i < w->guest->disk.count; i++)
        write_disk(w, &w->guest->disk.items[i]);
    slip__said(&w->guest->disk.mark);
    for (size_t i = 0; i < SLIP_COUNT(with_controllers); i++)
        write_controllers(w, with_controllers[i]);
}
