/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command's renderer, to the byte: carets under tabs, UTF-8, control bytes, long lines, no text; and its words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../cli/render.h"
#include "../../cli/text.h"
#include "base/diag.h"
#include "base/limits.h"
#include "config/config.h"
#include "guest/guest.h"

/* Renders what is in diags, and frees both. */
static void assert_renders(struct slip_diags *diags, bool json, bool color, const char *want)
{
    char *got = NULL;
    size_t size;
    struct render r = {.json = json, .color = color, .name = "vm.cfg"};

    r.out = open_memstream(&got, &size);
    render_diags(&r, diags, 0);
    fclose(r.out);
    assert_string_equal(got, want);
    free(got);
    slip_diags_free(diags);
}

/* One error over [start, end) of text. */
static struct slip_diags *one(const char *text, size_t len, unsigned start, unsigned end)
{
    struct slip_diags *diags = slip_diags_new();
    unsigned source = slip__diags_add_source(diags, "vm.cfg", text, len);

    slip__diag(diags, SLIP_CODE_OUTSIDE_RAM, (struct slip_span){source, start, end}, "bad");
    return diags;
}

#define ONE(text, start, end) one(text, sizeof(text) - 1, start, end)
#define HEAD(place)           "vm.cfg:" place ": error: bad [SLIP-501]\n"

static void whole_form(void **state)
{
    struct slip_diags *diags = slip_diags_new();
    char text[64] = "\n\nbuilder = \"hvm\"\n\n\n\n\n\n\n\n\ntype = \"pvhh\"\n";
    unsigned source = slip__diags_add_source(diags, "vm.cfg", text, strlen(text));
    struct slip_diag *diag;

    (void)state;
    diag = slip__diag(diags, SLIP_CODE_OUTSIDE_RAM, (struct slip_span){source, 33, 39},
                      "unknown guest type '%s'", "pvhh");
    slip__diag_note(diag, (struct slip_span){source, 2, 17}, "first set here");
    slip__diag_note(diag, SLIP_NO_SPAN, "no place");
    slip__diag_hint(diag, "did you mean \"pvh\"?");
    assert_renders(diags, false, false,
                   "vm.cfg:12:8: error: unknown guest type 'pvhh' [SLIP-501]\n"
                   " 12 | type = \"pvhh\"\n"
                   "    |        ^~~~~~\n"
                   "vm.cfg:3:1: note: first set here\n"
                   "  3 | builder = \"hvm\"\n"
                   "    | ^~~~~~~~~~~~~~~\n"
                   "vm.cfg: note: no place\n"
                   "hint: did you mean \"pvh\"?\n");
}

static void odd_lines(void **state)
{
    (void)state;
    assert_renders(ONE("\t\tx = 1", 2, 3), false, false,
                   HEAD("1:3") "  1 | \t\tx = 1\n    | \t\t^\n");
    assert_renders(ONE("a\tb = 1", 0, 3), false, false,
                   HEAD("1:1") "  1 | a\tb = 1\n    | ^~\t~\n");
    assert_renders(ONE("\xc3\xa4\xe2\x82\xac = x", 8, 9), false, false,
                   HEAD("1:9") "  1 | \xc3\xa4\xe2\x82\xac = x\n    |      ^\n");
    assert_renders(ONE("\xc3\xa4 = x", 1, 2), false, false, /* starts inside a character */
                   HEAD("1:2") "  1 | \xc3\xa4 = x\n    | ^\n");
    assert_renders(ONE("\x1b[2J = \xff\xc0\x80", 7, 8), false, false,
                   HEAD("1:8") "  1 | \\x1b[2J = \\xff\\xc0\\x80\n    |           ^~~~\n");
    assert_renders(ONE("a\0b", 2, 3), false, false, HEAD("1:3") "  1 | a\\x00b\n    |      ^\n");
    assert_renders(ONE("\xc2\x9b"
                       "1",
                       2, 3),
                   false, false, /* C1: a terminal's CSI */
                   HEAD("1:3") "  1 | \\xc2\\x9b1\n    |         ^\n");
}

static void edges(void **state)
{
    (void)state;
    assert_renders(ONE("x = [", 5, 5), false, false, HEAD("1:6") "  1 | x = [\n    |      ^\n");
    assert_renders(ONE("x = 1\n", 6, 6), false, false, HEAD("2:1") "  2 |\n    | ^\n");
    assert_renders(ONE("", 0, 0), false, false, HEAD("1:1") "  1 |\n    | ^\n");
    assert_renders(ONE("x = 1\r\ny", 4, 8), false, false, HEAD("1:5") "  1 | x = 1\n    |     ^\n");
    assert_renders(ONE("x = \"a\nb\"", 4, 9), false, false, /* the mark goes on below: first line */
                   HEAD("1:5") "  1 | x = \"a\n    |     ^~\n");
}

static void long_line(void **state)
{
    char text[301], want[400];

    (void)state;
    memset(text, 'a', 300);
    memcpy(text + 200, "BAD", 3);
    text[300] = 0;
    snprintf(want, sizeof(want), "%s  1 | ...%.110s...\n    | %43s^~~\n", HEAD("1:201"), text + 160,
             "");
    assert_renders(one(text, 300, 200, 203), false, false, want);
    snprintf(want, sizeof(want), "%s  1 | %.110s...\n    | ^~\n", HEAD("1:1"), text);
    assert_renders(one(text, 300, 0, 2), false, false, want);
    snprintf(want, sizeof(want), "%s  1 | ...%s\n    | %43s^\n", HEAD("1:301"), text + 260, "");
    assert_renders(one(text, 300, 300, 300), false, false, want);
}

static void no_place(void **state)
{
    struct slip_diags *diags = slip_diags_new();

    (void)state;
    slip__diag(diags, SLIP_CODE_OUTSIDE_RAM, SLIP_NO_SPAN, "two\nlines\x07");
    assert_renders(diags, false, true,
                   "vm.cfg: \033[1;31merror:\033[0m two\\x0alines\\x07 [SLIP-501]\n");
}

static void summary(void **state)
{
    struct slip_diags *diags = slip_diags_new();
    char want[4096] = "";

    (void)state;
    slip__diag_as(diags, SLIP_WARNING, SLIP_CODE_OUTSIDE_RAM, SLIP_NO_SPAN, "w");
    strcat(want, "vm.cfg: warning: w [SLIP-501]\n");
    for (unsigned i = 0; i < SLIP_LIMIT_DIAGS + 3; i++) {
        slip__diag(diags, SLIP_CODE_OUTSIDE_RAM, SLIP_NO_SPAN, "e");
        if (i < SLIP_LIMIT_DIAGS)
            strcat(want, "vm.cfg: error: e [SLIP-501]\n");
    }
    strcat(want, "20 errors, 1 warning, 3 more not shown\n");
    assert_renders(diags, false, false, want);
}

static void json_lines(void **state)
{
    struct slip_diags *diags = ONE("x = \xff", 4, 5);

    (void)state;
    slip__diag(diags, SLIP_CODE_OUTSIDE_RAM, SLIP_NO_SPAN, "bytes \xff");
    assert_renders(
        diags, true, true,
        "{\"severity\":\"error\",\"code\":\"SLIP-501\",\"message\":\"bad\",\"file\":\"vm.cfg\","
        "\"line\":1,\"column\":5,\"end\":6,\"notes\":[]}\n"
        "{\"severity\":\"error\",\"code\":\"SLIP-501\",\"message\":\"bytes \\\\xff\","
        "\"file\":\"vm.cfg\",\"notes\":[]}\n");
}

static void words(void **state)
{
    static const struct {
        uint64_t us;
        const char *text;
    } durations[] = {{400, "0.4 ms"},    {9949, "9.9 ms"},     {310000, "310 ms"},
                     {1900000, "1.9 s"}, {65000000, "65.0 s"}, {125000000, "2 min 5 s"}};
    char text[32];

    (void)state;
    for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
        text_duration(text, sizeof(text), durations[i].us);
        assert_string_equal(text, durations[i].text);
    }
    assert_int_equal(text_distance("crate", "create", 2), 1);
    assert_int_equal(text_distance("lsit", "list", 2), 1);
    assert_int_equal(text_distance("run", "inspect", 2), 3);
    assert_int_equal(text_distance("", "ab", 2), 2);
}

/* What attach says of a device that is written wrong: places are those in the words that were typed. */
static void attached_devices(void **state)
{
    static const struct {
        const char *key, *spec, *want;
    } cases[] = {
        {"disk", "/d.img",
         "<command line>:1:6: error: disk 1 has no vdev [SLIP-211]\n"
         "  1 | disk=/d.img\n"
         "    |      ^~~~~~\n"
         "hint: by position it is the third part: TARGET,raw,xvda\n"},
        {"disk", "/d.img,raw,xvdb,rx",
         "<command line>:1:22: error: 'access' can't be 'rx' [SLIP-214]\n"
         "  1 | disk=/d.img,raw,xvdb,rx\n"
         "    |                      ^~\n"
         "hint: one of ro (or r), rw (or w)\n"},
        {"disk", "vdev=xvdb,vdev=xvdc,target=/d.img",
         "<command line>:1:21: error: the disk's vdev is given twice [SLIP-210]\n"
         "  1 | disk=vdev=xvdb,vdev=xvdc,target=/d.img\n"
         "    |                     ^~~~\n"
         "<command line>:1:11: note: first given here\n"
         "  1 | disk=vdev=xvdb,vdev=xvdc,target=/d.img\n"
         "    |           ^~~~\n"},
        {"disk", "format=zip,vdev=xvdb,target=/d.img",
         "<command line>:1:13: error: 'format' can't be 'zip' [SLIP-214]\n"
         "  1 | disk=format=zip,vdev=xvdb,target=/d.img\n"
         "    |             ^~~\n"
         "hint: one of raw, qcow, qcow2, vhd, qed\n"},
        {"disk", "",
         "<command line>:1:6: error: disk 1 has no vdev [SLIP-211]\n"
         "  1 | disk=\n"
         "    |      ^\n"
         "hint: by position it is the third part: TARGET,raw,xvda\n"
         "<command line>:1:6: error: disk 1 has no target [SLIP-211]\n"
         "  1 | disk=\n"
         "    |      ^\n"
         "2 errors\n"},
        {"disk", "format=qcow2,vdev=xvdb,acess=rw,target=d.img",
         "<command line>:1:29: error: a disk has no 'acess' [SLIP-210]\n"
         "  1 | disk=format=qcow2,vdev=xvdb,acess=rw,target=d.img\n"
         "    |                             ^~~~~\n"
         "hint: did you mean 'access'?\n"},
        {"disk", "target=/d.img,vdev=xvdb",
         "<command line>:1:13: error: disk 1 has no vdev [SLIP-211]\n"
         "  1 | disk=target=/d.img,vdev=xvdb\n"
         "    |             ^~~~~~~~~~~~~~~~\n"
         "hint: by position it is the third part: TARGET,raw,xvda\n"},
        {"vif", "mac=00:16:3e:zz:00:01",
         "<command line>:1:9: error: '00:16:3e:zz:00:01' is not six hexadecimal "
         "bytes with colons between them [SLIP-216]\n"
         "  1 | vif=mac=00:16:3e:zz:00:01\n"
         "    |         ^~~~~~~~~~~~~~~~~\n"},
        {"vif", "mac=01:16:3e:00:00:01",
         "<command line>:1:9: error: '01:16:3e:00:00:01' is a multicast address: "
         "its first byte is odd [SLIP-216]\n"
         "  1 | vif=mac=01:16:3e:00:00:01\n"
         "    |         ^~~~~~~~~~~~~~~~~\n"},
        {"vif", "brige=br0",
         "<command line>:1:5: error: an interface has no 'brige' [SLIP-215]\n"
         "  1 | vif=brige=br0\n"
         "    |     ^~~~~\n"
         "hint: did you mean 'bridge'?\n"},
        {"vif", "bridge",
         "<command line>:1:5: error: 'bridge' is no KEY=VALUE [SLIP-215]\n"
         "  1 | vif=bridge\n"
         "    |     ^~~~~~\n"},
        {"vif", "bridge=br0", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *const uuid = "0bbde31b-9fc8-498a-8b9f-305dbd82b84f";
        struct slip_diags *diags = slip_diags_new();
        struct slip_guest *guest = slip__guest_new();
        char text[128];
        int len = snprintf(text, sizeof(text), "%s=%s", cases[i].key, cases[i].spec);
        unsigned source = slip__diags_add_source(diags, "<command line>", text, (size_t)len);

        slip__str_set(&guest->uuid, uuid, strlen(uuid), (struct slip_mark){.origin = SLIP_GIVEN});
        assert_int_equal(slip__config_device(source, cases[i].key, (struct slip_strictness){0},
                                             guest, diags, NULL),
                         0);
        slip__guest_resolve_devices(guest, "/here", 3, diags, NULL);
        slip__guest_free(guest);
        assert_renders(diags, false, false, cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attached_devices),
        cmocka_unit_test(whole_form),
        cmocka_unit_test(odd_lines),
        cmocka_unit_test(edges),
        cmocka_unit_test(long_line),
        cmocka_unit_test(no_place),
        cmocka_unit_test(summary),
        cmocka_unit_test(json_lines),
        cmocka_unit_test(words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
