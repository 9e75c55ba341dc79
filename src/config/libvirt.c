/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt's domain XML: how likely a text is one, reading it, writing it. The pieces are in libvirt_*.c. */
#include "config/libvirt.h"

#include <string.h>

#include "base/limits.h"
#include "config/text.h"

static void read_domain(struct libvirt_reader *r, struct xml_node *domain)
{
    struct xml_node *devices = slip__xml_child(domain, "devices", NULL);

    slip__libvirt_take_node(domain);
    slip__libvirt_take(domain, "id"); /* of a running one */
    slip__libvirt_read_rows(r, &slip__libvirt_guest, domain, r->guest);
    slip__libvirt_read_platform(r, domain);
    slip__libvirt_read_cpu(r, domain);
    if (devices) {
        slip__libvirt_take_node(devices);
        slip__libvirt_read_disks(r, devices);
        slip__libvirt_read_vifs(r, devices);
        slip__libvirt_read_chars(r, devices);
        slip__libvirt_read_host(r, devices);
    }
    slip__libvirt_read_screens(r, domain);
    if (!r->oom)
        slip__libvirt_read_foreign(r, domain);
}

/* One that is not there, or is another document's. */
static bool is_domain(const struct libvirt_reader *r, const struct xml_node *root)
{
    struct slip_diag *d;

    if (strcmp(root->name, "domain") == 0)
        return true;
    d = slip__diag(r->diags, SLIP_CODE_XML_NO_DOMAIN, root->span, "<%.60s> is no <domain>",
                   root->name);
    if (strcmp(root->name, "domainsnapshot") == 0 || strcmp(root->name, "domstatus") == 0)
        slip__diag_hint(d, "the domain is in it: 'virsh dumpxml' prints that alone");
    return false;
}

static int parse(unsigned source, struct slip_strictness strictness, struct slip_guest *guest,
                 struct slip_diags *diags, struct slip_error **err)
{
    struct libvirt_reader r = {.source = source, .guest = guest, .diags = diags};
    struct xml_node *root;
    const char *text;
    size_t len;

    (void)strictness;
    text = slip__diags_source(diags, source, &len);
    if (!text)
        return slip__error(err, SLIP_EINTERNAL, "no source %u to read", source);
    if (!slip__text_sound(source, text, len, diags))
        return 0;
    root = slip__xml_parse(text, len, source, diags, &r.oom);
    if (root && is_domain(&r, root))
        read_domain(&r, root);
    slip__xml_free(root);
    return r.oom ? slip__error_oom(err) : 0;
}

/* Nothing else begins with '<'. */
static int probe(const char *text, size_t len)
{
    size_t at = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

    while (at < len && text[at] && strchr(" \t\r\n", text[at]))
        at++;
    return at < len && text[at] == '<' ? 100 : 0;
}

/* libvirt says both, so one alone is both. */
static void complete_memory(struct slip_guest *g)
{
    if (SLIP_IS_SET(g->maxmem) && !SLIP_IS_SET(g->memory))
        g->memory = (struct slip_num){{.origin = SLIP_DEFAULT}, g->maxmem.value};
    if (SLIP_IS_SET(g->memory) && !SLIP_IS_SET(g->maxmem))
        g->maxmem = (struct slip_num){{.origin = SLIP_DEFAULT}, g->memory.value};
}

static void write_domain(struct libvirt_writer *w)
{
    complete_memory(w->guest);
    slip__libvirt_write_rows(w, &slip__libvirt_guest, w->root, w->guest);
    slip__libvirt_write_platform(w);
    slip__libvirt_write_cpu(w);
    slip__libvirt_write_disks(w);
    slip__libvirt_write_vifs(w);
    slip__libvirt_write_chars(w);
    slip__libvirt_write_screens(w);
    slip__libvirt_write_host(w);
    slip__libvirt_write_foreign(w);
}

static int emit(struct slip_emit *e)
{
    struct libvirt_writer w = {.e = e, .guest = e->guest};

    w.root = slip__xml_add(NULL, "domain", strlen("domain"));
    if (!w.root)
        return -1;
    w.devices = slip__libvirt_new(&w, w.root, "devices");
    write_domain(&w);
    slip__xml_sort(w.root);
    slip__xml_print(e->out, w.root, 0);
    slip__xml_free(w.root);
    return w.oom ? -1 : 0;
}

const struct slip_format slip__format_libvirt = {
    .name = "libvirt",
    .doc = "libvirt's domain XML",
    .probe = probe,
    .parse = parse,
    .emit = emit,
};
