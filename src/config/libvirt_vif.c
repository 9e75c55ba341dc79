/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network interfaces, both ways. It must not know other devices. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/libvirt.h"

static struct xml_node *child(struct xml_node *node, const char *name)
{
    return node ? slip__xml_child(node, name, NULL) : NULL;
}

/* The next tag that says a VLAN's number; others are kept. */
static struct xml_node *next_tag(struct xml_node *vlan, struct xml_node *after)
{
    struct xml_node *tag = vlan ? slip__xml_child(vlan, "tag", after) : NULL;

    for (; tag; tag = slip__xml_child(vlan, "tag", tag)) {
        const struct xml_attr *id = slip__xml_attr(tag, "id");

        if (id && *id->value && !id->value[strspn(id->value, "0123456789")])
            break;
    }
    return tag;
}

/* Open vSwitch: BRIDGE.VLAN, or BRIDGE:TRUNK:TRUNK. */
static void read_bridge(struct libvirt_reader *r, struct xml_node *node, struct slip_vif *vif)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf text = {0};
    struct xml_node *source = child(node, "source"), *vlan = child(node, "vlan");
    struct xml_node *port = child(node, "virtualport");
    const struct xml_attr *bridge = source ? slip__xml_attr(source, "bridge") : NULL;
    struct xml_node *tag = next_tag(vlan, NULL);
    bool trunk;

    if (!bridge)
        return;
    slip__libvirt_take(source, "bridge");
    slip__buf_puts(&text, bridge->value);
    if (tag && port && !port->first && slip__libvirt_take_if(port, "type", "openvswitch")) {
        trunk = slip__libvirt_take_if(vlan, "trunk", "yes") || next_tag(vlan, tag);
        for (; tag; tag = next_tag(vlan, tag))
            slip__buf_printf(&text, "%c%s", trunk ? ':' : '.', slip__libvirt_take(tag, "id"));
    }
    if (text.failed)
        r->oom = true;
    else
        slip__libvirt_set(r, &vif->bridge, text.data, bridge->span);
}

static void read_ips(struct libvirt_reader *r, struct xml_node *node, struct slip_vif *vif)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf text = {0};
    struct slip_span span = SLIP_NO_SPAN;

    for (struct xml_node *ip = child(node, "ip"); ip; ip = slip__xml_child(node, "ip", ip)) {
        const struct xml_attr *address = slip__xml_attr(ip, "address");

        if (!address || slip__xml_attr(ip, "prefix") || slip__xml_attr(ip, "peer"))
            continue;
        slip__libvirt_take(ip, "address");
        slip__libvirt_take(ip, "family");
        slip__buf_printf(&text, "%s%s", text.len ? " " : "", address->value);
        span = text.len == strlen(address->value) ? address->span : span;
    }
    if (text.failed)
        r->oom = true;
    else if (text.len)
        slip__libvirt_set(r, &vif->ip, text.data, span);
}

static void read_rate(struct libvirt_reader *r, struct xml_node *node, struct slip_vif *vif)
{
    struct xml_node *out = child(child(node, "bandwidth"), "outbound");
    const struct xml_attr *average = out ? slip__xml_attr(out, "average") : NULL;
    char text[32];
    int64_t n;

    if (!average || slip__xml_attr(out, "peak") || slip__xml_attr(out, "burst") ||
        !slip__libvirt_number(r, average->value, average->span, "average", 0, INT32_MAX, &n))
        return;
    snprintf(text, sizeof(text), "%lldKB/s", (long long)n);
    slip__libvirt_set(r, &vif->rate, text, average->span);
    slip__libvirt_take(out, "average");
}

static void read_vif(struct libvirt_reader *r, struct xml_node *node)
{
    struct slip_vif *vif = slip__libvirt_item(r, "vif", node->span);
    struct xml_node *source = child(node, "source"), *model = child(node, "model");
    const struct xml_attr *kind = model ? slip__xml_attr(model, "type") : NULL;
    const struct xml_attr *network = source ? slip__xml_attr(source, "network") : NULL;

    if (!vif)
        return;
    slip__libvirt_take_node(node);
    slip__libvirt_take(node, "type");
    slip__libvirt_read_rows(r, &slip__libvirt_vif, node, vif);
    /* What libvirt makes of a file without an address. */
    if (SLIP_IS_SET(vif->mac) && strcmp(vif->mac.value, "00:00:00:00:00:00") == 0)
        slip__field_dispose(slip__field_named(&slip__record_vif, "mac"), vif);
    read_bridge(r, node, vif);
    if (network) {
        slip__libvirt_set(r, &vif->network, network->value, network->span);
        slip__libvirt_take(source, "network");
    }
    read_ips(r, node, vif);
    read_rate(r, node, vif);
    if (!kind)
        return;
    if (strcmp(kind->value, "netfront") == 0)
        slip__libvirt_set(r, &vif->type, "vif", kind->span);
    else
        slip__libvirt_set(r, &vif->model, kind->value, kind->span);
    slip__libvirt_take(model, "type");
}

void slip__libvirt_read_vifs(struct libvirt_reader *r, struct xml_node *devices)
{
    static const char *const types[] = {"bridge", "ethernet", "network"};

    for (struct xml_node *n = child(devices, "interface"); n && !r->oom;
         n = slip__xml_child(devices, "interface", n)) {
        const struct xml_attr *type = slip__xml_attr(n, "type");

        for (size_t i = 0; type && i < SLIP_COUNT(types); i++) {
            if (strcmp(types[i], type->value) == 0)
                read_vif(r, n);
        }
    }
}

/* NAME.VLAN or NAME:TRUNK...: the name's length, 0: it is a name alone. */
static size_t vlan_at(const char *bridge)
{
    size_t at = strcspn(bridge, ".:");

    return at && bridge[at] && bridge[at + 1] &&
                   strspn(bridge + at + 1, bridge[at] == '.' ? "0123456789" : "0123456789:") ==
                       strlen(bridge + at + 1)
               ? at
               : 0;
}

static void write_bridge(struct libvirt_writer *w, struct xml_node *node, struct slip_vif *vif)
{
    const char *bridge = vif->bridge.value;
    size_t at = vlan_at(bridge);
    struct xml_node *vlan;
    char name[256];

    if (!at || at >= sizeof(name)) {
        slip__libvirt_say_at(w, node, "source", "bridge", &vif->bridge);
        return;
    }
    if (!slip__xml_sayable(bridge))
        return;
    snprintf(name, sizeof(name), "%.*s", (int)at, bridge);
    slip__libvirt_attr(w, slip__libvirt_make(w, node, "source"), "bridge", name);
    vlan = slip__libvirt_make(w, node, "vlan");
    if (bridge[at] == ':')
        slip__libvirt_attr(w, vlan, "trunk", "yes");
    for (const char *p = bridge + at; *p; p += strcspn(p, ":")) {
        p++;
        slip__libvirt_attrf(w, slip__libvirt_new(w, vlan, "tag"), "id", "%.*s",
                            (int)strcspn(p, ":"), p);
    }
    slip__libvirt_attr(w, slip__libvirt_make(w, node, "virtualport"), "type", "openvswitch");
    slip__said(&vif->bridge.mark);
}

static void write_ips(struct libvirt_writer *w, struct xml_node *node, struct slip_vif *vif)
{
    char *text = strdup(vif->ip.value), *save = NULL;
    unsigned char address[16];

    if (!text) {
        w->oom = true;
        return;
    }
    for (char *ip = strtok_r(text, " ", &save); ip; ip = strtok_r(NULL, " ", &save)) {
        struct xml_node *made = slip__libvirt_new(w, node, "ip");

        slip__libvirt_attr(w, made, "address", ip);
        if (inet_pton(AF_INET, ip, address) == 1)
            slip__libvirt_attr(w, made, "family", "ipv4");
        else if (inet_pton(AF_INET6, ip, address) == 1)
            slip__libvirt_attr(w, made, "family", "ipv6");
    }
    free(text);
    slip__said(&vif->ip.mark);
}

/* libvirt counts KiB a second. */
static void write_rate(struct libvirt_writer *w, struct xml_node *node, struct slip_vif *vif)
{
    char setting[32];
    const char *rate = vif->rate.value;
    uint64_t bits, n = 0;
    char *unit;

    if (slip__syntax_problem(SLIP_SYNTAX_RATE, rate))
        return;
    n = strtoull(rate, &unit, 10);
    if (n > UINT32_MAX)
        return;
    if (__builtin_mul_overflow(n,
                               (uint64_t)8 << (*unit == 'G'   ? 30
                                               : *unit == 'M' ? 20
                                               : *unit == 'K' ? 10
                                                              : 0),
                               &bits) ||
        bits / 8192 > INT32_MAX)
        return;
    if (strchr("GMK", *unit))
        unit++;
    if (*unit == 'b')
        bits /= 8;
    slip__libvirt_attrf(w,
                        slip__libvirt_make(w, slip__libvirt_make(w, node, "bandwidth"), "outbound"),
                        "average", "%llu", (unsigned long long)(bits / 8192));
    snprintf(setting, sizeof(setting), "vif[%zu].rate", (size_t)(vif - w->guest->vif.items));
    if (bits % 8192 || strchr(rate, '@'))
        slip__libvirt_rounded(w, setting, vif->rate.mark.span,
                              "a rate in libvirt is whole KiB a second: '%.60s' becomes %llu", rate,
                              (unsigned long long)(bits / 8192));
    slip__said(&vif->rate.mark);
}

/* libvirt says the model; netfront is that there is none. */
static void write_model(struct libvirt_writer *w, struct xml_node *node, struct slip_vif *vif)
{
    bool paravirtual = SLIP_IS_GIVEN(vif->type) && strcmp(vif->type.value, "vif") == 0;

    if (SLIP_IS_GIVEN(vif->model) && strcmp(vif->model.value, "netfront") != 0) {
        slip__libvirt_say_at(w, node, "model", "type", &vif->model);
    } else if (SLIP_IS_GIVEN(vif->model) || paravirtual) {
        slip__libvirt_attr(w, slip__libvirt_make(w, node, "model"), "type", "netfront");
        slip__said(&vif->model.mark);
        if (paravirtual)
            slip__said(&vif->type.mark);
    }
    /* What is not netfront is emulated in an hvm guest. */
    if (SLIP_IS_GIVEN(vif->type) && !paravirtual && slip__libvirt_is_hvm(w->guest))
        slip__said(&vif->type.mark);
}

static void write_vif(struct libvirt_writer *w, struct slip_vif *vif)
{
    struct xml_node *node = slip__libvirt_new(w, w->devices, "interface");
    const char *script = SLIP_IS_GIVEN(vif->script) ? vif->script.value : "";
    bool network = SLIP_IS_GIVEN(vif->network) && slip__xml_sayable(vif->network.value);
    bool bridge = (SLIP_IS_SET(vif->bridge) && slip__xml_sayable(vif->bridge.value)) ||
                  strcmp(script, "vif-bridge") == 0 || strcmp(script, "vif-vnic") == 0;

    slip__libvirt_attr(w, node, "type", network ? "network" : bridge ? "bridge" : "ethernet");
    if (network)
        slip__libvirt_say_at(w, node, "source", "network", &vif->network);
    else if (SLIP_IS_GIVEN(vif->bridge))
        write_bridge(w, node, vif);
    slip__libvirt_write_rows(w, &slip__libvirt_vif, node, vif);
    if (SLIP_IS_GIVEN(vif->ip) && slip__xml_sayable(vif->ip.value) && *vif->ip.value)
        write_ips(w, node, vif);
    if (SLIP_IS_GIVEN(vif->rate))
        write_rate(w, node, vif);
    write_model(w, node, vif);
}

void slip__libvirt_write_vifs(struct libvirt_writer *w)
{
    for (size_t i = 0; i < w->guest->vif.count; i++)
        write_vif(w, &w->guest->vif.items[i]);
    slip__said(&w->guest->vif.mark);
}
