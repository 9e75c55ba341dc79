/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Serial and parallel ports, consoles and channels, both ways. In a guest where one leads is a text as QEMU takes it: pty, tcp:HOST:PORT,
 * ... It must not know other devices.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/libvirt.h"

static struct xml_node *child(struct xml_node *node, const char *name)
{
    return node ? slip__xml_child(node, name, NULL) : NULL;
}

static const char *value_of(struct xml_node *node, const char *attr)
{
    const struct xml_attr *a = node ? slip__xml_attr(node, attr) : NULL;

    return a ? a->value : "";
}

/* The types that are one word, and those with a path behind it. */
static const char *const bare[] = {"pty", "null", "stdio", "vc"};
static const char *const with_path[] = {"file", "pipe"};

static bool listed(const char *const *list, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i], word) == 0)
            return true;
    }
    return false;
}

/* The text of a device. False: the schema has no way to say it. Takes nothing. */
static bool text_of(struct xml_node *node, struct slip_buf *text)
{
    struct xml_node *source = child(node, "source");
    struct xml_node *second = source ? slip__xml_child(node, "source", source) : NULL;
    const char *said = value_of(node, "type"), *type = *said ? said : "pty";
    const char *path = value_of(source, "path");
    bool bind = strcmp(value_of(source, "mode"), "bind") == 0;

    if (listed(bare, SLIP_COUNT(bare), type)) {
        slip__buf_puts(text, type); /* of a running guest, the source is the terminal that it got */
    } else if (listed(with_path, SLIP_COUNT(with_path), type) && *path) {
        slip__buf_printf(text, "%s:%s", type, path);
    } else if (strcmp(type, "dev") == 0 && *path == '/') {
        slip__buf_puts(text, path);
    } else if (strcmp(type, "unix") == 0 && *path) {
        slip__buf_printf(text, "unix:%s%s", path, bind ? ",server,nowait" : "");
    } else if (strcmp(type, "tcp") == 0 && *value_of(source, "service")) {
        bool telnet = strcmp(value_of(child(node, "protocol"), "type"), "telnet") == 0;

        slip__buf_printf(text, "%s:%s:%s%s", telnet ? "telnet" : "tcp", value_of(source, "host"),
                         value_of(source, "service"), bind ? ",server,nowait" : "");
    } else if (strcmp(type, "udp") == 0 && source) {
        struct xml_node *to = bind ? second : source, *at = bind ? source : second;

        slip__buf_printf(text, "udp:%s:%s", value_of(to, "host"), value_of(to, "service"));
        if (at)
            slip__buf_printf(text, "@%s:%s", value_of(at, "host"), value_of(at, "service"));
    } else {
        return false;
    }
    return true;
}

static void take_source(struct xml_node *node)
{
    static const char *const names[] = {"path", "mode", "host", "service"};

    slip__libvirt_take_node(node); /* without a word in it, it is a pty */
    slip__libvirt_take(node, "type");
    slip__libvirt_take(node, "tty");
    for (struct xml_node *s = child(node, "source"); s; s = slip__xml_child(node, "source", s)) {
        slip__libvirt_take_node(s);
        for (size_t i = 0; i < SLIP_COUNT(names); i++)
            slip__libvirt_take(s, names[i]);
    }
    if (child(node, "protocol"))
        slip__libvirt_take(child(node, "protocol"), "type");
}

/* A port of number n, which is taken as its place in the list. */
static void take_port(struct xml_node *node, size_t n)
{
    struct xml_node *target = child(node, "target");
    const struct xml_attr *port = target ? slip__xml_attr(target, "port") : NULL;

    if (target && !target->first && (!port || strtoul(port->value, NULL, 10) == n)) {
        slip__libvirt_take(target, "port");
        slip__libvirt_take_if(target, "type", "isa-serial");
        slip__libvirt_take_node(target);
    }
}

/* Ports in order; one that is left out is "none". Those that the schema can't say are kept whole. */
static void read_serials(struct libvirt_reader *r, struct xml_node *devices)
{
    struct slip_strs *serial = &r->guest->serial;
    size_t n = 0;

    for (struct xml_node *node = child(devices, "serial"); node && !r->oom;
         node = slip__xml_child(devices, "serial", node), n++) {
        SLIP_AUTO(slip__buf_dispose) struct slip_buf text = {0};
        const char *port = value_of(child(node, "target"), "port");
        size_t number = *port ? strtoul(port, NULL, 10) : n;

        if (number > 16 || number < serial->count || !text_of(node, &text))
            continue;
        while (serial->count < number && !r->oom)
            slip__libvirt_add(r, serial, "none", node->span);
        slip__libvirt_add(r, serial, text.data ? text.data : "", node->span);
        take_source(node);
        take_port(node, number);
    }
}

/* Where the first serial port that leads anywhere leads. */
static const char *first_serial(const struct slip_guest *g)
{
    for (size_t i = 0; i < g->serial.count; i++) {
        if (strcmp(g->serial.items[i].value, "none") != 0)
            return g->serial.items[i].value;
    }
    return "none";
}

/* The first serial port is shown as a console once more, and the one console of a paravirtual guest is a pty: neither needs words. Where
 * there are more, all of them are in the list. */
static void read_consoles(struct libvirt_reader *r, struct xml_node *devices)
{
    struct slip_guest *g = r->guest;
    bool hvm = slip__libvirt_is_hvm(g);
    struct slip_span first = {0};
    size_t n = 0;

    for (struct xml_node *node = child(devices, "console"); node && !r->oom;
         node = slip__xml_child(devices, "console", node)) {
        SLIP_AUTO(slip__buf_dispose) struct slip_buf text = {0};
        struct xml_node *target = child(node, "target");
        const char *type = value_of(target, "type");
        bool serial = *type ? strcmp(type, "serial") == 0 : hvm;

        if (!text_of(node, &text) || !text.data || (!serial && *type && strcmp(type, "xen") != 0))
            continue;
        if (serial && (n || !hvm))
            continue;
        if (serial && !g->serial.count)
            slip__libvirt_add(r, &g->serial, text.data, node->span);
        else if (serial && strcmp(first_serial(g), text.data) != 0)
            continue;
        if (!serial && !hvm && n && !g->console.count)
            slip__libvirt_add(r, &g->console, "pty", first);
        if (!serial && (hvm || n || strcmp(text.data, "pty") != 0))
            slip__libvirt_add(r, &g->console, text.data, node->span);
        first = node->span;
        take_source(node);
        if (target) {
            slip__libvirt_take(target, "type");
            take_port(node, n);
        }
        n++;
    }
}

static void read_channels(struct libvirt_reader *r, struct xml_node *devices)
{
    for (struct xml_node *n = child(devices, "channel"); n && !r->oom;
         n = slip__xml_child(devices, "channel", n)) {
        const struct xml_attr *type = slip__xml_attr(n, "type");
        const char *target = value_of(child(n, "target"), "type");
        struct slip_channel *channel;
        bool pty = type && strcmp(type->value, "pty") == 0;

        if (!type || strcmp(target, "xen") != 0 || (!pty && strcmp(type->value, "unix") != 0))
            continue;
        channel = slip__libvirt_item(r, "channel", n->span);
        if (!channel)
            return;
        slip__libvirt_num(&channel->connection, pty ? SLIP_CONNECTION_PTY : SLIP_CONNECTION_SOCKET,
                          type->span);
        slip__libvirt_take(n, "type");
        slip__libvirt_take(child(n, "target"), "type");
        slip__libvirt_take(child(n, "target"), "state");
        if (child(n, "source"))
            slip__libvirt_take_if(child(n, "source"), "mode", "bind");
        slip__libvirt_read_rows(r, &slip__libvirt_channel, n, channel);
    }
}

void slip__libvirt_read_chars(struct libvirt_reader *r, struct xml_node *devices)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf text = {0};
    /* Only a PC has ports: those of other guests are kept. */
    bool hvm = slip__libvirt_is_hvm(r->guest);
    struct xml_node *parallel = hvm ? child(devices, "parallel") : NULL;

    if (hvm)
        read_serials(r, devices);
    read_consoles(r, devices);
    read_channels(r, devices);
    if (parallel && text_of(parallel, &text) && text.data) {
        slip__libvirt_set(r, &r->guest->parallel, text.data, parallel->span);
        take_source(parallel);
        take_port(parallel, 0);
    }
}

static void source_of(struct libvirt_writer *w, struct xml_node *node, const char *mode,
                      const char *host, size_t host_len, const char *service, size_t service_len)
{
    struct xml_node *source = slip__libvirt_new(w, node, "source");

    slip__libvirt_attr(w, source, "mode", mode);
    if (host_len)
        slip__libvirt_attrf(w, source, "host", "%.*s", (int)host_len, host);
    slip__libvirt_attrf(w, source, "service", "%.*s", (int)service_len, service);
}

/* HOST:PORT[,server[,nowait]]. */
static void write_tcp(struct libvirt_writer *w, struct xml_node *node, const char *text)
{
    const char *options = strchr(text, ','), *colon;
    size_t len = options ? (size_t)(options - text) : strlen(text);

    colon = memrchr(text, ':', len);
    slip__libvirt_attr(w, node, "type", "tcp");
    source_of(w, node, options && strstr(options, ",server") ? "bind" : "connect", text,
              (size_t)(colon - text), colon + 1, len - (size_t)(colon - text) - 1);
}

/* HOST:PORT[@HOST:PORT]: where to, and from where. */
static void write_udp(struct libvirt_writer *w, struct xml_node *node, const char *text)
{
    size_t len = strcspn(text, "@");
    const char *colon = memrchr(text, ':', len), *at = text + len, *second;

    slip__libvirt_attr(w, node, "type", "udp");
    if (*at) {
        second = strrchr(at, ':');
        source_of(w, node, "bind", at + 1, (size_t)(second - at) - 1, second + 1,
                  strlen(second + 1));
    }
    source_of(w, node, "connect", text, (size_t)(colon - text), colon + 1,
              len - (size_t)(colon - text) - 1);
}

enum char_form { NO_FORM, BARE, DEVICE, PATH, UNIX, TCP, TELNET, UDP };

/* Which of the forms a text has, and what follows its first word in *ret_rest. */
static enum char_form form_of(const char *text, const char **ret_rest)
{
    const char *colon = strchr(text, ':'), *rest = colon ? colon + 1 : "";
    size_t len = colon ? (size_t)(colon - text) : strlen(text), plain = strcspn(rest, ",");
    bool options = !rest[plain] || strcmp(rest + plain, ",server") == 0 ||
                   strcmp(rest + plain, ",server,nowait") == 0;
    const char *at = strchr(rest, '@');

    *ret_rest = rest;
    if (!slip__xml_sayable(text) || strlen(text) > 100)
        return NO_FORM;
    if (listed(bare, SLIP_COUNT(bare), text))
        return BARE;
    if (text[0] == '/')
        return DEVICE;
    if (len == 4 && *rest && (strncmp(text, "file", 4) == 0 || strncmp(text, "pipe", 4) == 0))
        return PATH;
    if (len == 4 && plain && options && strncmp(text, "unix", 4) == 0)
        return UNIX;
    if (len == 3 && options && memchr(rest, ':', plain) && strncmp(text, "tcp", 3) == 0)
        return TCP;
    if (len == 6 && options && memchr(rest, ':', plain) && strncmp(text, "telnet", 6) == 0)
        return TELNET;
    if (len == 3 && strncmp(text, "udp", 3) == 0 && memchr(rest, ':', strcspn(rest, "@")) &&
        (!at || (strchr(at, ':') && !strchr(at + 1, '@'))))
        return UDP;
    return NO_FORM;
}

/* False: libvirt has no words for it. */
static bool write_char(struct libvirt_writer *w, struct xml_node *node, const char *text)
{
    const char *rest;
    enum char_form form = form_of(text, &rest);
    struct xml_node *source;

    switch (form) {
    case NO_FORM:
        return false;
    case BARE:
        slip__libvirt_attr(w, node, "type", text);
        break;
    case DEVICE:
        slip__libvirt_attr(w, node, "type", "dev");
        slip__libvirt_attr(w, slip__libvirt_make(w, node, "source"), "path", text);
        break;
    case PATH:
        slip__libvirt_attr(w, node, "type", strncmp(text, "file", 4) == 0 ? "file" : "pipe");
        slip__libvirt_attr(w, slip__libvirt_make(w, node, "source"), "path", rest);
        break;
    case UNIX:
        source = slip__libvirt_make(w, node, "source");
        slip__libvirt_attr(w, node, "type", "unix");
        slip__libvirt_attr(w, source, "mode", strchr(rest, ',') ? "bind" : "connect");
        slip__libvirt_attrf(w, source, "path", "%.*s", (int)strcspn(rest, ","), rest);
        break;
    case TCP:
    case TELNET:
        write_tcp(w, node, rest);
        slip__libvirt_attr(w, slip__libvirt_make(w, node, "protocol"), "type",
                           form == TELNET ? "telnet" : "raw");
        break;
    case UDP:
        write_udp(w, node, rest);
        break;
    }
    return true;
}

static void write_target(struct libvirt_writer *w, struct xml_node *node, const char *type,
                         size_t port)
{
    struct xml_node *target = slip__libvirt_make(w, node, "target");

    if (type)
        slip__libvirt_attr(w, target, "type", type);
    slip__libvirt_attrf(w, target, "port", "%zu", port);
}

static bool is_none(const char *text)
{
    return strcmp(text, "none") == 0;
}

/* Does libvirt have words for it? */
static bool sayable(const char *text)
{
    const char *rest;

    return form_of(text, &rest) != NO_FORM;
}

static void write_port(struct libvirt_writer *w, const char *name, const char *text,
                       const char *target, size_t port)
{
    struct xml_node *node = slip__libvirt_new(w, w->devices, name);

    write_char(w, node, text);
    write_target(w, node, target, port);
}

static void write_serials(struct libvirt_writer *w)
{
    struct slip_guest *g = w->guest;

    for (size_t i = 0; slip__libvirt_is_hvm(g) && i < g->serial.count; i++) {
        struct slip_str *serial = &g->serial.items[i];

        if (!is_none(serial->value) && !sayable(serial->value))
            continue;
        if (!is_none(serial->value))
            write_port(w, "serial", serial->value, NULL, i);
        slip__said(&serial->mark);
    }
    if (slip__libvirt_is_hvm(g) && SLIP_IS_GIVEN(g->parallel) &&
        (is_none(g->parallel.value) || sayable(g->parallel.value))) {
        if (!is_none(g->parallel.value))
            write_port(w, "parallel", g->parallel.value, NULL, 0);
        slip__said(&g->parallel.mark);
    }
}

static void write_consoles(struct libvirt_writer *w)
{
    struct slip_guest *g = w->guest;
    bool hvm = slip__libvirt_is_hvm(g);
    size_t n = 0;

    if (hvm) {
        for (size_t i = 0; i < g->serial.count; i++) {
            if (is_none(g->serial.items[i].value) || !sayable(g->serial.items[i].value))
                continue;
            write_port(w, "console", g->serial.items[i].value, "serial", 0);
            n++;
            break;
        }
    }
    for (size_t i = 0; i < g->console.count; i++) {
        if (!sayable(g->console.items[i].value))
            continue;
        write_port(w, "console", g->console.items[i].value, "xen", n++);
        slip__said(&g->console.items[i].mark);
    }
    if (!hvm && !n && slip__libvirt_is_xen(g))
        write_port(w, "console", "pty", "xen", 0);
}

static void write_channel(struct libvirt_writer *w, struct slip_channel *channel)
{
    struct xml_node *node = slip__libvirt_new(w, w->devices, "channel");
    bool socket = slip__num_or(&channel->connection, SLIP_CONNECTION_PTY) == SLIP_CONNECTION_SOCKET;

    slip__libvirt_attr(w, node, "type", socket ? "unix" : "pty");
    slip__said(&channel->connection.mark);
    if (socket)
        slip__libvirt_attr(w, slip__libvirt_make(w, node, "source"), "mode", "bind");
    slip__libvirt_attr(w, slip__libvirt_make(w, node, "target"), "type", "xen");
    slip__libvirt_write_rows(w, &slip__libvirt_channel, node, channel);
}

void slip__libvirt_write_chars(struct libvirt_writer *w)
{
    write_serials(w);
    write_consoles(w);
    for (size_t i = 0; i < w->guest->channel.count; i++)
        write_channel(w, &w->guest->channel.items[i]);
    slip__said(&w->guest->channel.mark);
}
