/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt's XML: the table, units, what is kept, and texts that were made to do harm. */
#include "guest_fixture.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config/config.h"
#include "config/libvirt.h"
#include "random_guest.h"

/* Each row names a field of its record, and none twice at one place. */
static void table(void **state)
{
    const struct libvirt_map *map;

    (void)state;
    for (size_t i = 0; (map = slip__libvirt_map_at(i)); i++) {
        for (size_t k = 0; k < map->n_rows; k++) {
            if (!slip__field_named(map->record, map->rows[k].field))
                fail_msg("%s has no '%s'", map->record->name, map->rows[k].field);
            for (size_t n = 0; n < k; n++)
                assert_false(strcmp(map->rows[n].field, map->rows[k].field) == 0 &&
                             strcmp(map->rows[n].path, map->rows[k].path) == 0);
        }
    }
}

#define GUEST(more)                                                       \
    "<domain type='xen'><name>a</name><memory unit='MiB'>64</memory><os>" \
    "<type>xenpvh</type><kernel>/k</kernel></os>" more "</domain>"

static struct reading read_xml(const char *text, size_t len)
{
    struct slip_guest_options options = {.size = sizeof(options), .format = "libvirt"};

    return read_options(text, len, &options);
}

static void units(void **state)
{
    static const struct {
        const char *text;
        int64_t mib;
        const char *said;
    } cases[] = {
        {"<memory>65536</memory>", 64, ""},
        {"<memory unit='b'>67108864</memory>", 64, ""},
        {"<memory unit='bytes'>67108864</memory>", 64, ""},
        {"<memory unit='KiB'>65536</memory>", 64, ""},
        {"<memory unit='k'>65536</memory>", 64, ""},
        {"<memory unit='M'>64</memory>", 64, ""},
        {"<memory unit='GiB'> 1 </memory>", 1024, ""},
        {"<memory unit='TiB'>1</memory>", 1 << 20, ""},
        {"<memory unit='MB'>64</memory>", 62, "w232"},
        {"<memory unit='EiB'>9999999999</memory>", -1, "205"},
        {"<memory unit='MiB'>0</memory>", -1, "205"},
        {"<memory unit=''>64</memory>", -1, "214"},
        {"<memory unit='MiBs'>64</memory>", -1, "214"},
        {"<memory unit='MiB'>-64</memory>", -1, "205"},
        {"<memory unit='MiB'>0x40</memory>", 64, ""},
        {"<memory unit='MiB'>64 MiB</memory>", -1, "112"},
        {"<memory unit='MiB'/>", -1, "112"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[256];
        struct reading r;

        snprintf(
            text, sizeof(text),
            "<domain type='xen'><name>a</name>%s<os><type>xenpvh</type><kernel>/k</kernel></os>"
            "</domain>",
            cases[i].text);
        r = read_xml(text, strlen(text));
        if (strncmp(r.said, cases[i].said, strlen(cases[i].said)) != 0 ||
            (cases[i].mib > 0 && (!r.guest || r.guest->memory.value != cases[i].mib)))
            fail_msg("%s: %s", cases[i].text, r.said);
        reading_dispose(&r);
    }
}

/* However a text is laid out, it says the same. */
static void layouts(void **state)
{
    static const struct {
        const char *text, *title;
    } cases[] = {
        {"\xef\xbb\xbf" GUEST("<title>b</title>"), "b"},
        {"\r\n\t <!-- before -->" GUEST("<title>b</title>\r\n"), "b"},
        {"<?xml version='1.0' encoding='ISO-8859-1'?>" GUEST("<title>\xc3\xa9</title>"),
         "\xc3\xa9"},
        {GUEST("<title><![CDATA[<&]]>&amp;&#233;&#xe9;</title>"), "<&&\xc3\xa9\xc3\xa9"},
        {GUEST("<title>a<!-- - -->b</title><?pi?>"), "ab"},
        {GUEST("<title\n>b</title\n>"), "b"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct reading r = read_xml(cases[i].text, strlen(cases[i].text));

        if (!r.guest || strcmp(r.guest->title.value, cases[i].title) != 0)
            fail_msg("%s: %s", cases[i].text, r.said);
        reading_dispose(&r);
    }
}

/* text, n times piece, end: refused with that code, at once. */
static void refused(const char *text, const char *piece, size_t n, const char *end, unsigned code)
{
    struct slip_buf buf = {0};
    struct timespec from, to;
    struct reading r;

    slip__buf_puts(&buf, text);
    for (size_t i = 0; i < n; i++)
        slip__buf_puts(&buf, piece);
    slip__buf_puts(&buf, end);
    assert_false(buf.failed);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    r = read_xml(buf.data, buf.len);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    if (r.guest || !slip_diags_count(r.diags) || slip_diag_code(slip_diags_at(r.diags, 0)) != code)
        fail_msg("%.40s...: %u wanted, said: %.200s", buf.data, code, r.said);
    assert_true(to.tv_sec - from.tv_sec < 20); /* of processor, with all checks of memory */
    reading_dispose(&r);
    slip__buf_dispose(&buf);
}

static void hostile(void **state)
{
    (void)state;
    refused("<domain>", "<a>", 100000, "", SLIP_CODE_XML_TOO_MUCH);
    refused("<domain>", "<a/>", 100000, "</domain>", SLIP_CODE_XML_TOO_MUCH);
    refused("<domain ", "", 0, "a='", SLIP_CODE_XML_SYNTAX);
    refused("<domain>", "&lt;", 200000, "", SLIP_CODE_XML_SYNTAX);
    refused("<domain ", "<", 100000, "", SLIP_CODE_XML_SYNTAX);
    refused("<", "a", 1000000, "", SLIP_CODE_XML_SYNTAX);
    refused("<!--", "x", 1000000, "", SLIP_CODE_XML_SYNTAX);
    refused("<domain><![CDATA[", "]", 1000000, "", SLIP_CODE_XML_SYNTAX);
    refused("<?xml ", " ", 1000000, "", SLIP_CODE_XML_SYNTAX);
    refused("<domain>", "&#1;", 1, "</domain>", SLIP_CODE_XML_SYNTAX);
    refused("<domain>", "&a;", 100000, "</domain>", SLIP_CODE_XML_SYNTAX);
    refused("<!DOCTYPE d [<!ENTITY a 'aaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]>", "", 0,
            "<domain>&b;</domain>", SLIP_CODE_XML_DOCTYPE);
    refused("<!DOCTYPE d SYSTEM 'file:///dev/zero'>", "", 0, "<domain/>", SLIP_CODE_XML_DOCTYPE);
    refused("<!DOCTYPE d [<!ENTITY % p SYSTEM 'http://192.0.2.1/'> %p;]>", "", 0, "<domain/>",
            SLIP_CODE_XML_DOCTYPE);
    refused("<domain", "\n", 1 << 20, "/>", SLIP_CODE_TOO_LONG);
    refused("\x7f"
            "ELF",
            "\x01", 100, "", SLIP_CODE_XML_SYNTAX);
    refused("<domain>\xff</domain>", "", 0, "", SLIP_CODE_NOT_UTF8);
    refused("", "", 0, "", SLIP_CODE_XML_SYNTAX);
}

/* As many attributes as text: 65 of them, each of another name. */
static void attributes(void **state)
{
    struct slip_buf buf = {0};
    struct reading r;

    (void)state;
    slip__buf_puts(&buf, "<domain");
    for (unsigned i = 0; i < SLIP_LIMIT_XML_ATTRIBUTES + 1; i++)
        slip__buf_printf(&buf, " a%u=''", i);
    slip__buf_puts(&buf, "/>");
    r = read_xml(buf.data, buf.len);
    assert_int_equal(slip_diag_code(slip_diags_at(r.diags, 0)), SLIP_CODE_XML_TOO_MUCH);
    reading_dispose(&r);
    slip__buf_dispose(&buf);
}

#define HVM(inside, more)                                                 \
    "<domain type='xen'><name>a</name><memory unit='MiB'>64</memory><os>" \
    "<type>hvm</type></os>" inside "<devices>" more "</devices></domain>"

/* The text once more, as libvirt's. */
static char *rewritten(const char *text)
{
    struct slip_guest_options read = {
        .size = sizeof(read), .format = "libvirt", .flags = SLIP_GUEST_CONVERT};
    struct slip_convert_options how = {.size = sizeof(how), .format = "libvirt"};
    struct reading r = read_options(text, strlen(text), &read);
    char *out = NULL;

    if (!r.guest || slip_guest_convert(r.guest, &how, r.diags, &out, NULL, NULL) < 0)
        fail_msg("%s: %s", text, r.said);
    reading_dispose(&r);
    return out;
}

/* What is kept comes back at its own place, whatever else is said twice or in another order than libvirt's. */
static void put_back(void **state)
{
    static const struct {
        const char *text;
        const char *parts[4]; /* what it becomes has them, in this order */
    } cases[] = {
        {GUEST(
             "<cpu><numa><cell id='0' cpus='0' memory='65536' unit='KiB'><distances>"
             "<sibling id='1' value='10'/><sibling id='1' value='31' x='y'/><sibling id='0' u='v'/>"
             "</distances></cell><cell id='1' cpus='1' memory='65536' unit='KiB'/></numa></cpu>"),
         {"<sibling id='0' u='v'/>", "<sibling id='1' value='10'/>",
          "<sibling id='1' value='31' x='y'/>"}},
        {GUEST("<devices><console/><console type='pty'/></devices>"),
         {"<target type='xen' port='0'/>", "<target type='xen' port='1'/>"}},
        {GUEST("<cpu><numa><cell id='0' cpus='0' unit='KiB'/></numa></cpu>"),
         {"<cell id='0' cpus='0' unit='KiB'/>"}},
        {GUEST("<cputune><vcpupin vcpu='1' cpuset='1' x='y'/><vcpupin vcpu='1' cpuset='9'/>"
               "<vcpupin vcpu='0' cpuset='2'/></cputune>"),
         {"vcpu='0' cpuset='2'/>", "vcpu='1' cpuset='1' x='y'/>", "vcpu='1' cpuset='9'/>"}},
        {HVM("<clock offset='utc'><timer name='hpet' present='no'/><timer name='hpet' present='yes'/>"
             "<timer name='tsc' mode='native' frequency='5'/></clock>",
             ""),
         {"mode='native' frequency='5'/>", "<timer name='hpet' present='no'/>",
          "<timer name='hpet' present='yes'/>"}},
        {HVM("", "<graphics type='spice' x='1'/><graphics type='spice' x='2'/>"
                 "<graphics type='vnc' x='3'><listen type='network' network='n'/></graphics>"),
         {"type='vnc'", "x='3'>\n      <listen type='network' network='n'/>\n    </g", "x='1'>",
          "<graphics type='spice' x='2'/>"}},
        {HVM("", "<controller type='xenbus' model='m'/><disk type='file'><source file='/a'/>"
                 "<target dev='hda'/></disk><controller type='ide' index='0'><alias name='i'/>"
                 "</controller>"),
         {"</disk>", "<controller type='xenbus' index='0' model='m'/>",
          "<controller type='ide' index='0'>\n      <alias name='i'/>", "</controller>\n    <in"}},
        {HVM("", "<disk type='block'><source file='/a' dev='/b'/><target dev='hda'/></disk>"),
         {"<source dev='/b' file='/a'/>"}},
        {GUEST(
             "<devices><interface type='bridge'><source bridge='b'/><vlan trunk='yes'><tag x='y'/>"
             "<tag id='1'/><tag id=''/><tag id='2'/></vlan><virtualport type='openvswitch'/>"
             "</interface></devices>"),
         {"<tag x='y'/>\n        <tag id='1'/>\n        <tag id=''/>\n        <tag id='2'/>\n      </v"}},
        {GUEST("<devices><interface type='network'><source x='y'/><source network='n'/></interface>"
               "</devices>"),
         {"<interface type='ethernet'>\n      <source x='y'/>\n    </interface>"}},
        {GUEST("<devices><serial type='pty'><target port='2'/></serial><serial type='pty' x='y'/>"
               "<parallel type='pty'/></devices>"),
         {"<serial type='pty'>\n      <target port='2'/>\n    </serial>",
          "<serial type='pty' x='y'/>", "<parallel type='pty'/>"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *text = rewritten(cases[i].text), *twice = rewritten(text);
        const char *at = text;

        for (size_t k = 0; k < 4 && cases[i].parts[k]; k++) {
            at = strstr(at, cases[i].parts[k]);
            if (!at)
                fail_msg("no %s in its place: %s", cases[i].parts[k], text);
        }
        assert_string_equal(twice, text);
        free(text);
        free(twice);
    }
}

/* More than a guest keeps. */
static void kept(void **state)
{
    struct slip_buf buf = {0};
    struct reading r;
    bool found = false;

    (void)state;
    slip__buf_puts(&buf, "<domain type='xen'><name>a</name>");
    for (unsigned i = 0; i < SLIP_LIMIT_XML_KEPT + 1; i++)
        slip__buf_puts(&buf, "<x/>");
    slip__buf_puts(&buf, "</domain>");
    r = read_xml(buf.data, buf.len);
    for (size_t i = 0; i < slip_diags_count(r.diags); i++)
        found = found || slip_diag_code(slip_diags_at(r.diags, i)) == SLIP_CODE_XML_TOO_MUCH;
    assert_true(found);
    reading_dispose(&r);
    slip__buf_dispose(&buf);
}

/* Every beginning of a text, and the text with any one byte in it replaced, is read to an end. */
static void damaged(void **state)
{
    static const char text[] =
        GUEST("<vcpu current='1'>2</vcpu><devices><disk type='file'><source file='/a&amp;b'/>"
              "<target dev='xvda'/></disk><x y='z'><!-- c --><![CDATA[d]]></x></devices>");
    struct random_source random = {7};
    char copy[sizeof(text)];
    struct reading r;

    (void)state;
    for (size_t len = 0; len < sizeof(text); len++) {
        r = read_xml(text, len);
        assert_int_equal(r.guest != NULL, len == sizeof(text) - 1);
        reading_dispose(&r);
    }
    for (size_t i = 0; i < 2000; i++) {
        memcpy(copy, text, sizeof(text));
        copy[random_roll(&random, sizeof(text) - 1)] = (char)random_roll(&random, 256);
        r = read_xml(copy, sizeof(text) - 1);
        assert_int_equal(r.guest == NULL, slip_diags_errors(r.diags) > 0);
        reading_dispose(&r);
    }
}

static void one_gigabyte(void **state)
{
    struct slip_diags *diags = slip_diags_new();
    struct slip_error *err = NULL;
    struct slip_guest *guest = NULL;
    char path[] = "/tmp/slipway-xml-XXXXXX";
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "<domain>", 8), 8);
    assert_int_equal(ftruncate(fd, 1 << 30), 0);
    assert_true(slip_guest_load(path, NULL, diags, &guest, &err) < 0);
    assert_int_equal(slip_error_code(err), SLIP_CODE_TOO_LONG);
    close(fd);
    unlink(path);
    slip_error_free(err);
    slip_diags_free(diags);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),   cmocka_unit_test(units),        cmocka_unit_test(layouts),
        cmocka_unit_test(hostile), cmocka_unit_test(attributes),   cmocka_unit_test(kept),
        cmocka_unit_test(damaged), cmocka_unit_test(one_gigabyte), cmocka_unit_test(put_back),
    };

    return cmocka_run_group_tests_name("libvirt", tests, NULL, NULL);
}
