/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The xl.cfg reader: its lexical grammar, places, recovery, keys, disks, interfaces, overrides. */
#include "guest_fixture.h"

#include <stdio.h>

#include "base/limits.h"
#include "config/config.h"

/* The command line that a text's cmdline= becomes: the shortest way to see what a string means. */
static void means(const char *literal, const char *value)
{
    char text[512];
    struct reading r;

    snprintf(text, sizeof(text), PVH "cmdline = %s\n", literal);
    r = read_text(text);
    assert_string_equal(r.said, "");
    assert_string_equal(r.guest->cmdline.value, value);
    reading_dispose(&r);
}

static void strings(void **state)
{
    (void)state;
    means("\"a b\"", "a b");
    means("'a b'", "a b");
    means("'a\"b'", "a\"b");
    means("\"a\\\"b\"", "a\"b");
    means("'a\\'b\\\\'", "a'b\\");
    means("'\\n\\t\\a\\b\\f\\r\\v'", "\n\t\a\b\f\r\v");
    means("'\\x41\\101\\60z'", "AA0z");
    means("'x#y' # a comment", "x#y");
    means("'\xc3\xa9'", "\xc3\xa9");
    means("'\\xc3\\xa9'", "\xc3\xa9");
    means("\"\"\"it's \"quoted\" \"\"\"", "it's \"quoted\" ");
    means("\"\"", "");
    means("512", "512"); /* a number is a text where a text is wanted, as in xl */
}

static void bad_strings(void **state)
{
    (void)state;
    expect_said(read_text(PVH "root = 'abc\n"), "105 2:8+4 the string has no closing '");
    expect_said(read_text(PVH "root = 'abc\\'"), "105 2:8+6 the string has no closing '");
    expect_said(read_text(PVH "root = 'a\\q'"), "106 2:10+2 '\\q' is no escape");
    expect_said(read_text(PVH "root = 'a\\x4'"), "106 2:10+2 '\\x' is no escape");
    expect_said(read_text(PVH "root = 'a\\0'"), "106 2:10+2 '\\0' is no escape");
    expect_said(read_text(PVH "root = 'a\\x00'"), "106 2:10+2 '\\x' is no escape");
    expect_said(read_text(PVH "root = 'a\\400'"), "106 2:10+2 '\\4' is no escape");
    expect_said(read_text(PVH "root = '\\xff'"),
                "106 2:8+6 the escapes in this string do not make UTF-8");
}

static void bad_bytes(void **state)
{
    (void)state;
    expect_said(read_options("name='a'\0b", 10, NULL),
                "101 1:9+1 byte 8 of 10 is NUL: this is no text");
    expect_said(read_text("name='\xff'"), "102 1:7+1 byte 0xff does not belong to UTF-8");
    expect_said(read_text("name='\xc0\xaf'"), "102 1:7+1 byte 0xc0 does not belong to UTF-8");
    expect_said(read_text("name='\xed\xa0\x80'"), "102 1:7+1 byte 0xed does not belong to UTF-8");
    expect_said(read_text("name='\xc3"), "102 1:7+1 byte 0xc3 does not belong to UTF-8");
}

static void amounts_to(const char *literal, int64_t value)
{
    char text[256];
    struct reading r;

    snprintf(text, sizeof(text), PVH "memory = %s", literal);
    r = read_text(text);
    assert_string_equal(r.said, "");
    assert_int_equal(r.guest->memory.value, value);
    reading_dispose(&r);
}

static void numbers(void **state)
{
    (void)state;
    amounts_to("512", 512);
    amounts_to("0x200", 512);
    amounts_to("01000", 512);
    amounts_to("'512'", 512);
    amounts_to("'0x200'", 512);
    expect_said(read_text(PVH "memory = 512M"), "112 2:10+4 '512M' is not a number");
    expect_said(read_text(PVH "memory = 1.5"), "112 2:10+3 '1.5' is not a number");
    expect_said(read_text(PVH "memory = 09"), "112 2:10+2 '09' is not a number");
    expect_said(read_text(PVH "memory = 0x"), "112 2:10+2 '0x' is not a number");
    expect_said(read_text(PVH "memory = ''"), "112 2:10+2 '' is not a number");
    /* Booleans too, whose numbers have no unit. */
    expect_said(read_text(PVH "autoconsole = 12t"), "112 2:15+3 '12t' is not a number");
    expect_said(read_text(PVH "autoconsole = 99999999999999999999"), "");
    expect_said(read_text(PVH "memory = 0"),
                "205 2:10+1 'memory' is 0; it goes from 1 to 67108864 MiB");
    expect_said(read_text(PVH "memory = -1"),
                "205 2:10+2 'memory' is -1; it goes from 1 to 67108864 MiB");
    expect_said(read_text(PVH "vcpus = 256"), "205 2:9+3 'vcpus' is 256; it goes from 1 to 255");
    expect_said(read_text(PVH "vcpus = 99999999999999999999999"),
                "205 2:9+23 'vcpus' is 99999999999999999999999; it goes from 1 to 255");
    expect_said(read_text(PVH "vcpus = 0x7fffffffffffffff"),
                "205 2:9+18 'vcpus' is 0x7fffffffffffffff; it goes from 1 to 255");
}

static void layout(void **state)
{
    struct reading r;

    (void)state;
    /* Separators, comments, blank lines, lists over lines, a trailing comma, CRLF, a byte order mark, no last newline. */
    r = read_text("\xef\xbb\xbf# a guest\r\n\r\nname='a';type = \"pvh\" ; kernel='k'# x\r\n"
                  "ramdisk = [ # modules\r\n 'x' ,\r\n\r\n 'y', # last\r\n ]\r\n\tvcpus=2");
    assert_string_equal(r.said, "");
    assert_int_equal(r.guest->ramdisk.count, 2);
    assert_string_equal(r.guest->ramdisk.items[1].value, "/vm/y");
    assert_int_equal(r.guest->vcpus.value, 2);
    assert_int_equal(r.guest->name.mark.span.start, 21);
    reading_dispose(&r);
    r = read_text(PVH "disk = []\nvif=[\n]\n;;\n");
    assert_string_equal(r.said, "");
    assert_int_equal(r.guest->disk.count, 0);
    assert_true(SLIP_IS_GIVEN(r.guest->disk));
    reading_dispose(&r);
}

static void syntax(void **state)
{
    (void)state;
    expect_said(read_text(PVH "vcpus 2"), "107 2:1+5 expected '=' after 'vcpus'");
    expect_said(read_text(PVH "import os"), "107 2:1+6 expected '=' after 'import'");
    expect_said(
        read_text(PVH "vcpus =\n2"),
        "107 2:8+0 expected a value, found the end of the line; 104 3:1+1 expected a key, found '2'");
    expect_said(read_text(PVH "vcpus ="), "107 2:8+0 expected a value, found the end of the text");
    expect_said(read_text(PVH "vcpus = ; root='x'"), "107 2:9+1 expected a value, found ';'");
    expect_said(read_text(PVH "vcpus = 2 root='x'"),
                "107 2:11+4 expected the end of the statement, found 'root'");
    expect_said(read_text(PVH "root = 'a' + 'b'"),
                "107 2:12+1 expected the end of the statement, found '+'");
    expect_said(read_text(PVH "root = 'a''b'"),
                "107 2:11+3 expected the end of the statement, found a string");
    expect_said(read_text(PVH "ramdisk = ['a' 'b']"),
                "107 2:16+3 expected ',' or ']', found a string");
    expect_said(read_text(PVH "ramdisk = ['a',,'b']"), "107 2:16+1 expected a value, found ','");
    expect_said(read_text(PVH "ramdisk = ['a';'b']"), "107 2:15+1 expected ',' or ']', found ';'");
    expect_said(read_text(PVH "'vcpus' = 2"), "104 2:1+7 expected a key, found ''vcpus''");
    expect_said(read_text(PVH "] = 2"), "104 2:1+1 expected a key, found ']'");
    expect_said(read_text(PVH "ramdisk = ['a'\nvcpus = 2\n"),
                "109 2:11+1 the list has no closing ']'");
    expect_said(read_text(PVH "ramdisk = ["), "109 2:11+1 the list has no closing ']'");
    expect_said(read_text(PVH "root = sda1"), "108 2:8+4 'sda1' is not in quotes");
    expect_said(read_text(PVH "root = /dev/sda1"), "108 2:8+9 '/dev/sda1' is not in quotes");
    expect_said(read_text(PVH "vcpus = True"), "108 2:9+4 'True' is not in quotes");
    expect_said(read_text(PVH "vcpus = int(2)"), "108 2:9+6 'int(2)' is not in quotes");
}

static void hints(void **state)
{
    static const char *const cases[][2] = {
        {"vcpus = True", "write 1: booleans are 1 and 0"},
        {"root = sda1", "write \"sda1\""},
        {"vcpus = int(2)",
         "this looks like Python; a description is no program, its values are written out"},
        {"import os",
         "this looks like Python; a description is no program, its values are written out"},
        {"root = 'a' % 'b'",
         "this looks like Python; a description is no program, its values are written out"},
        {"memory = 512M", "'memory' counts in MiB and takes the bare number"},
        {"memory = 1.5", "numbers are whole and have no unit; texts are in quotes"},
        {"memory = '512M'", "'memory' counts in MiB and takes the bare number"},
        {"vcpus = 08", "a leading 0 means octal"},
        {"vcpu = 1", "did you mean 'vcpus'?"},
        {"VCPUS = 1", "did you mean 'vcpus'?"},
        {"on_rebot = 'restart'", "did you mean 'on_reboot'?"},
        {"on_reboot = 'restrat'", "did you mean \"restart\"?"},
        {"disk = 'x,raw,xvda'", "put it in brackets: disk = [ ... ]"},
        {"vcpus = [1]", "write the number without brackets"},
        {"root = 'a', 'b'", "several values make a list: [ ..., ... ]"},
        {"disk = ['x,raw,xvda,w,9']", "by position there are TARGET,FORMAT,VDEV,ACCESS"},
        {"disk = ['fromat=raw,vdev=xvda,target=x']", "did you mean 'format'?"},
        {"disk = ['x,rwa,xvda']", "did you mean \"raw\"?"},
        {"disk = ['/a=b,raw,xvda']", "write it last, as target=/a=b"},
        {"disk = ['x,raw']", "by position it is the third part: TARGET,raw,xvda"},
        {"vif = ['brigde=x']", "did you mean 'bridge'?"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[256];
        struct reading r;

        snprintf(text, sizeof(text), PVH "%s\n", cases[i][0]);
        r = read_text(text);
        if (!hint_of(&r, 0) || strcmp(hint_of(&r, 0), cases[i][1]) != 0)
            fail_msg("%s: said '%s', hint '%s'", cases[i][0], r.said, hint_of(&r, 0));
        reading_dispose(&r);
    }
}

static void recovery(void **state)
{
    (void)state;
    /* One mistake, one message; what comes after is read. */
    expect_said(
        read_text(PVH "disk = [ 'a,raw,xvda', oops oops,\n 'b,raw,xvdb' ]\nvcpu = 1\n"),
        "108 2:24+4 'oops' is not in quotes; 107 2:29+4 expected ',' or ']', found 'oops'; 201 4:1+4 unknown key 'vcpu'");
    expect_said(
        read_text(PVH "vcpus = = 3\nmemory = 0\n"),
        "107 2:9+1 expected a value, found '='; 205 3:10+1 'memory' is 0; it goes from 1 to 67108864 MiB");
    /* A name that could not be read is not missing. */
    expect_said(read_text("name = 'a\ntype = 'pvh'\nkernel = 'k"),
                "105 1:8+2 the string has no closing '; 105 3:10+2 the string has no closing '");
}

static void bounds(void **state)
{
    size_t deep = 100000;
    char *text = malloc(deep * 4 + 64);
    struct reading r;
    size_t len;

    (void)state;
    if (!text)
        abort();
    len = (size_t)sprintf(text, PVH "vnuma = ");
    memset(text + len, '[', deep);
    memset(text + len + deep, ']', deep);
    r = read_options(text, len + 2 * deep, NULL);
    assert_string_equal(r.said, "110 2:25+1 lists are nested over 16 deep, the limit");
    reading_dispose(&r);
    r = read_options(text, len + deep, NULL);
    assert_string_equal(r.said, "110 2:25+1 lists are nested over 16 deep, the limit");
    reading_dispose(&r);
    len = (size_t)sprintf(text, PVH "vnuma = [");
    for (size_t i = 0; i <= SLIP_LIMIT_LIST_ITEMS; i++)
        len += (size_t)sprintf(text + len, "1,");
    text[len++] = ']';
    r = read_options(text, len, NULL);
    assert_string_equal(r.said, "111 2:8202+1 the list has over 4096 items, the limit");
    reading_dispose(&r);
    free(text);
    text = calloc(1, SLIP_LIMIT_DESCRIPTION_BYTES + 1);
    memset(text, ' ', SLIP_LIMIT_DESCRIPTION_BYTES + 1);
    r = read_options(text, SLIP_LIMIT_DESCRIPTION_BYTES + 1, NULL);
    assert_string_equal(r.said,
                        "103 1:1+0 the description has 1048577 bytes, the limit is 1048576");
    reading_dispose(&r);
    free(text);
}

static void keys(void **state)
{
    char note[128];
    struct reading r;

    (void)state;
    expect_said(read_text(PVH "vcpu = 1"), "201 2:1+4 unknown key 'vcpu'");
    expect_said(read_compat(PVH "vcpu = 1"), "w201 2:1+4 unknown key 'vcpu'");
    expect_said(read_text(PVH "vif2 = '1'"),
                "w202 2:1+4 'vif2' has no effect: Slipway makes no such device");
    expect_said(read_text(PVH "disk = 'a,raw,xvda'"),
                "204 2:8+12 'disk' takes a list of strings, not a string");
    expect_said(read_text(PVH "disk = [['a,raw,xvda']]"),
                "204 2:9+14 'disk' takes strings in its list, not a list");
    expect_said(read_text(PVH "vcpus = ['a']"), "204 2:9+5 'vcpus' takes a number, not a list");
    expect_said(read_text(PVH "root = ['a']"), "204 2:8+5 'root' takes a string, not a list");
    expect_said(read_text(PVH "device_model_args = '-x'"),
                "204 2:21+4 'device_model_args' takes a list of strings, not a string");
    expect_said(read_text(PVH "on_crash = 'pre'"), "214 2:12+5 'on_crash' can't be 'pre'");
    expect_said(read_text("name='a';type='p';kernel='k'"), "214 1:15+3 unknown guest type 'p'");
    expect_said(read_text("name='a';type='';kernel='k'"), "214 1:15+2 unknown guest type ''");
    expect_said(read_text(PVH "memory += 5"), "206 2:1+6 'memory' can't be added to");
    r = read_text(PVH "vcpus = 1\nvcpus = 2\n");
    assert_string_equal(r.said, "w203 3:1+5 'vcpus' is set again; this one wins");
    assert_string_equal(note_of(&r, 0, note, sizeof(note)), "2:9 first set here");
    assert_int_equal(r.guest->vcpus.value, 2);
    reading_dispose(&r);
}

static void extending(void **state)
{
    struct reading r = read_text(
        PVH
        "cmdline += 'a'\ncmdline += ' b'\nramdisk = ['x']\nramdisk += ['y','z']\nserial += 'pty'\n"
        "disk += ['a,raw,xvda']\ndisk += ['b,raw,xvdb']");

    (void)state;
    assert_string_equal(
        r.said, "w251 6:11+5 'serial' needs a device model, which a pvh guest does not have");
    assert_string_equal(r.guest->cmdline.value, "a b");
    assert_int_equal(r.guest->ramdisk.count, 3);
    assert_string_equal(r.guest->ramdisk.items[2].value, "/vm/z");
    assert_int_equal(r.guest->serial.count, 1);
    assert_int_equal(r.guest->disk.count, 2);
    assert_string_equal(r.guest->disk.items[1].target.value, "/vm/b");
    reading_dispose(&r);
}

/* One more than the limit, by `key += [...]` again and again: the limit is the whole list's. */
static void lists_grow_to_their_limit(void **state)
{
    static const struct {
        const char *start, *end;
    } statements[] = {
        {"disk += ['/d", ",raw,xvda']\n"},
        {"serial += ['", "']\n"},
        {"ramdisk += ['", "']\n"},
        {"vif += ['vifname=v", "']\n"},
    };
    char *text = malloc(SLIP_LIMIT_DESCRIPTION_BYTES);

    (void)state;
    if (!text)
        abort();
    for (size_t k = 0; k < sizeof(statements) / sizeof(statements[0]); k++) {
        size_t len = (size_t)sprintf(text, PVH);
        struct reading r;

        for (size_t i = 0; i <= SLIP_LIMIT_LIST_ITEMS; i++)
            len += (size_t)snprintf(text + len, SLIP_LIMIT_DESCRIPTION_BYTES - len, "%s%zu%s",
                                    statements[k].start, i, statements[k].end);
        r = read_options(text, len, NULL);
        assert_non_null(strstr(r.said, "' has over 4096 items, the limit"));
        reading_dispose(&r);
    }
    free(text);
}

static void one_or_list(void **state)
{
    struct reading r =
        read_text("name='a';bootloader='pygrub';bootloader_args=' -q  --x=1 ';serial='pty'"
                  ";disk=['d,raw,xvda']");

    (void)state;
    assert_string_equal(
        r.said, "w251 1:67+5 'serial' needs a device model, which a pv guest does not have");
    assert_int_equal(r.guest->bootloader_args.count, 2);
    assert_string_equal(r.guest->bootloader_args.items[0].value, "-q");
    assert_string_equal(r.guest->bootloader_args.items[1].value, "--x=1");
    assert_string_equal(r.guest->serial.items[0].value, "pty");
    assert_string_equal(r.guest->bootloader.value, "pygrub");
    reading_dispose(&r);
}

/* "target format vdev access cdrom backendtype script" of a disk's spelling; "-" for unset. */
static void expect_disk(const char *spec, const char *expected)
{
    static const char *const formats[] = {"raw", "qcow", "qcow2", "vhd", "qed"};
    const struct slip_disk *d;
    char text[512], got[512];
    struct reading r;

    snprintf(text, sizeof(text), PVH "disk = [ '%s' ]", spec);
    r = read_text(text);
    if (!r.guest)
        fail_msg("%s: %s", spec, r.said);
    d = &r.guest->disk.items[0];
    snprintf(got, sizeof(got), "%s %s %s %s %s %s %s",
             SLIP_IS_SET(d->target) ? d->target.value : "-", formats[d->format.value],
             d->vdev.value, d->access.value == SLIP_DISK_ACCESS_RO ? "ro" : "rw",
             d->cdrom.value ? "cdrom" : "disk",
             SLIP_IS_SET(d->backendtype) ? d->backendtype.value : "-",
             SLIP_IS_SET(d->script) ? d->script.value : "-");
    assert_string_equal(got, expected);
    reading_dispose(&r);
}

static void disks(void **state)
{
    (void)state;
    /* The equivalents of xl-disk-configuration(5). */
    expect_disk("/dev/vg/v,,hda", "/dev/vg/v raw hda rw disk - -");
    expect_disk("/dev/vg/v,raw,hda,rw", "/dev/vg/v raw hda rw disk - -");
    expect_disk("format=raw, vdev=hda, access=rw, target=/dev/vg/v",
                "/dev/vg/v raw hda rw disk - -");
    expect_disk("raw:/dev/vg/v,hda,w", "/dev/vg/v raw hda rw disk - -");
    expect_disk("/isos/i.iso,,hdc,cdrom", "/isos/i.iso raw hdc ro cdrom - -");
    expect_disk("/isos/i.iso,,hdc,,cdrom", "/isos/i.iso raw hdc ro cdrom - -");
    expect_disk("/isos/i.iso,raw,hdc,devtype=cdrom", "/isos/i.iso raw hdc ro cdrom - -");
    expect_disk("format=raw, vdev=hdc, access=ro, devtype=cdrom, target=/isos/i.iso",
                "/isos/i.iso raw hdc ro cdrom - -");
    expect_disk("raw:/isos/i.iso,hdc:cdrom,ro", "/isos/i.iso raw hdc ro cdrom - -");
    expect_disk(",hdc:cdrom,r", "- raw hdc ro cdrom - -");
    expect_disk("format=empty,vdev=hdc,cdrom", "- raw hdc ro cdrom - -");
    /* Prefixes, paths of the description's folder, the greedy target, scripts, flags. */
    expect_disk("tap:aio:qcow2:/x,hda,r", "/x qcow2 hda ro disk - -");
    expect_disk("file:/x,xvda,w", "/x raw xvda rw disk - -");
    expect_disk("phy:/x,xvda", "/x raw xvda rw disk - -");
    expect_disk("nbd:host,xvda,w", "host raw xvda rw disk - block-nbd");
    expect_disk("d.img,qcow2,xvda", "/vm/d.img qcow2 xvda rw disk - -");
    expect_disk("vdev=sda,target=/a,b=c, d", "/a,b=c, d raw sda rw disk - -");
    expect_disk(",,sda,target=/x", "/x raw sda rw disk - -");
    expect_disk("/x,raw,sda,w,backendtype=qdisk", "/x raw sda rw disk qdisk -");
    expect_disk("/x,raw,sda,w,discard,direct-io-safe", "/x raw sda rw disk - -");
    expect_disk("/x,raw,sda,w,devtype=disk,script=block-x", "/x raw sda rw disk - block-x");
}

static void bad_disks(void **state)
{
    (void)state;
    expect_said(read_text(PVH "disk=['/x,raw,sda,w,9']"), "210 2:21+1 '9' is one part too many");
    expect_said(read_text(PVH "disk=['/x,raw,sda,vdev=sdb']"),
                "210 2:24+3 the disk's vdev is given twice");
    expect_said(read_text(PVH "disk=['/x,raw,sda,target=/y']"),
                "210 2:26+2 the disk's target is given twice");
    expect_said(read_text(PVH "disk=['/x,raw,sda,access=rwx']"),
                "214 2:26+3 'access' can't be 'rwx'");
    expect_said(read_text(PVH "disk=['/x,raw,sda,devtype=tape']"),
                "214 2:27+4 'devtype' can't be 'tape'");
    expect_said(read_text(PVH "disk=['/x,raw,sda,backendtype=x']"),
                "214 2:31+1 'backendtype' can't be 'x'");
    expect_said(read_text(PVH "disk=['/x,raw,sda,foo=1']"), "210 2:19+3 a disk has no 'foo'");
    expect_said(read_text(PVH "disk=['/x']"), "211 2:8+2 disk 1 has no vdev");
    expect_said(read_text(PVH "disk=['']"),
                "211 2:7+2 disk 1 has no vdev; 211 2:7+2 disk 1 has no target");
    expect_said(read_text(PVH "disk=[',,sda']"), "211 2:10+3 disk 1 has no target");
    expect_said(read_text(PVH "disk=['/x,raw,sda','/y,raw,sda']"),
                "212 2:28+3 two disks are 'sda'");
    expect_said(read_text(PVH "disk=['phy:/x,hda,w']"),
                "w213 2:8+4 the prefix 'phy:' is deprecated");
    expect_said(read_text(PVH "disk=['/x,,hdc:cdrom']"),
                "w213 2:12+9 'hdc:cdrom' is written hdc,devtype=cdrom now");
    expect_said(read_text(PVH "disk=['/x,,hdc,w,cdrom']"),
                "w223 2:16+1 the guest can't write to a CD-ROM: it is read-only");
    /* Escapes: the place is the whole string. */
    expect_said(read_text(PVH "disk=['/\\x41,raw,sda,foo=1']"), "210 2:7+21 a disk has no 'foo'");
}

static void vifs(void **state)
{
    struct reading r = read_text(
        PVH
        "vif = [ 'mac=00:16:3e:01:02:03, bridge=br0,ip=10.0.0.1 2000::1', '', 'model=e1000,type=ioemu' ]");

    (void)state;
    assert_string_equal(r.said,
                        "w251 2:88+5 an interface of type ioemu needs a device model, which "
                        "a pvh guest does not have");
    assert_int_equal(r.guest->vif.count, 3);
    assert_string_equal(r.guest->vif.items[0].bridge.value, "br0");
    assert_string_equal(r.guest->vif.items[0].ip.value, "10.0.0.1 2000::1");
    assert_memory_equal(r.guest->vif.items[1].mac.value, "00:16:3e:", 9);
    assert_string_not_equal(r.guest->vif.items[1].mac.value, r.guest->vif.items[2].mac.value);
    assert_string_equal(r.guest->vif.items[1].type.value, "vif");
    assert_string_equal(r.guest->vif.items[2].type.value, "ioemu");
    reading_dispose(&r);
    expect_said(read_text(PVH "vif=['mac=1']"),
                "216 2:11+1 '1' is not six hexadecimal bytes with colons between them");
    expect_said(read_text(PVH "vif=['mac=00:00:00:00:00:00']"),
                "216 2:11+17 '00:00:00:00:00:00' is all zeros");
    expect_said(read_text(PVH "vif=['mac=03:00:00:00:00:00']"),
                "216 2:11+17 '03:00:00:00:00:00' is a multicast address: its first byte is odd");
    expect_said(read_text(PVH "vif=['mac=02:00:00:00:00:0a','mac=02:00:00:00:00:0A']"),
                "217 2:35+17 two interfaces have the address 02:00:00:00:00:0A");
    expect_said(read_text(PVH "vif=['foo=1']"), "215 2:7+3 an interface has no 'foo'");
    expect_said(read_compat(PVH "vif=['foo=1']"), "w215 2:7+3 an interface has no 'foo'");
    expect_said(read_text(PVH "vif=['foo']"), "215 2:7+3 'foo' is no KEY=VALUE");
    expect_said(read_text(PVH "vif=['bridge=a,bridge=b']"),
                "215 2:16+8 the interface's 'bridge' is given twice");
    expect_said(read_text(PVH "vif=['type=x']"), "214 2:12+1 'type' can't be 'x'");
    expect_said(read_text(PVH "vif=['rate=1Mb/s']"), "");
    expect_said(read_text(PVH "vif=['rate=1Mb']"),
                "227 2:12+3 '1Mb' is no rate, as 10MB/s or 1Mb/s@20ms");
    expect_said(read_text(PVH "vif=['accel=1']"),
                "w202 2:7+7 the interface's 'accel' has no effect: xl does not act on it either");
}

static void overrides(void **state)
{
    const char *given[] = {"vcpus=2",
                           "cmdline=console=ttyS0 a=1 # b",
                           "memory = 0x100",
                           "root='x'",
                           "ramdisk=[a, \"b\"]",
                           "name=12ab",
                           "vif += ['']"};
    static const char *const bad[] = {"vcpus=2", "hello", "=3"};
    struct slip_guest_options options = {
        .size = sizeof(options), .overrides = given, .n_overrides = 7};
    const char *text = PVH "vcpus=1\nmemory=64\nvif=['']\n";
    struct reading r = read_options(text, strlen(text), &options);
    struct slip_place place;

    (void)state;
    assert_string_equal(r.said, "w310 4:6+3 'root' has no effect beside 'cmdline', which wins");
    assert_int_equal(r.guest->vcpus.value, 2);
    assert_int_equal(r.guest->memory.value, 256);
    assert_string_equal(r.guest->cmdline.value, "console=ttyS0 a=1 # b");
    assert_string_equal(r.guest->ramdisk.items[0].value, "/vm/a");
    assert_string_equal(r.guest->name.value, "12ab");
    assert_int_equal(r.guest->vif.count, 2);
    assert_true(slip_diags_place(r.diags, r.guest->memory.mark.span, &place));
    assert_string_equal(place.source_name, "<command line>");
    assert_int_equal(place.line, 3);
    reading_dispose(&r);
    options =
        (struct slip_guest_options){.size = sizeof(options), .overrides = bad, .n_overrides = 3};
    expect_said(read_options(text, strlen(text), &options),
                "113 2:1+5 'hello' is not KEY=VALUE; 113 3:1+2 '=3' is not KEY=VALUE");
    given[0] = "vcpus=";
    options =
        (struct slip_guest_options){.size = sizeof(options), .overrides = given, .n_overrides = 1};
    expect_said(read_options(text, strlen(text), &options), "112 1:7+0 '' is not a number");
}

static void options(void **state)
{
    struct slip_guest_options o = {.size = 3};
    struct reading r = read_options("", 0, &o);

    (void)state;
    assert_int_equal(r.rc, SLIP_EINVAL);
    reading_dispose(&r);
    o = (struct slip_guest_options){.size = sizeof(o), .format = "toml"};
    r = read_options("", 0, &o);
    assert_int_equal(r.rc, SLIP_EINVAL);
    assert_string_equal(slip_error_message(r.err), "unknown format 'toml'");
    assert_string_equal(slip_error_hint(r.err), "one of libvirt, xm, sxpr, libxl-json, xl");
    reading_dispose(&r);
    o = (struct slip_guest_options){.size = sizeof(o), .flags = 0x80};
    r = read_options("", 0, &o);
    assert_int_equal(r.rc, SLIP_EINVAL);
    reading_dispose(&r);
    r = read_text("");
    assert_int_equal(r.rc, SLIP_EDESC);
    assert_string_equal(
        r.said, "304 0:0+0 nothing says how this pv guest starts; 207 0:0+0 the guest has no name");
    reading_dispose(&r);
}

/* One list of diagnostics for several descriptions: what was wrong with the first is not the second's fault. */
static void shared_diags(void **state)
{
    struct slip_diags *diags = slip_diags_new();
    struct slip_guest *guest = NULL;
    struct slip_error *err = NULL;

    (void)state;
    assert_int_equal(slip_guest_parse("a.cfg", NULL, "x", 1, NULL, diags, &guest, &err),
                     SLIP_EDESC);
    slip_error_free(err);
    err = NULL;
    assert_int_equal(slip_guest_parse("b.cfg", NULL, PVH, strlen(PVH), NULL, diags, &guest, &err),
                     0);
    assert_null(err);
    slip_guest_free(guest);
    slip_diags_free(diags);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings),
        cmocka_unit_test(bad_strings),
        cmocka_unit_test(bad_bytes),
        cmocka_unit_test(numbers),
        cmocka_unit_test(layout),
        cmocka_unit_test(syntax),
        cmocka_unit_test(hints),
        cmocka_unit_test(recovery),
        cmocka_unit_test(bounds),
        cmocka_unit_test(keys),
        cmocka_unit_test(extending),
        cmocka_unit_test(one_or_list),
        cmocka_unit_test(disks),
        cmocka_unit_test(bad_disks),
        cmocka_unit_test(vifs),
        cmocka_unit_test(overrides),
        cmocka_unit_test(options),
        cmocka_unit_test(shared_diags),
        cmocka_unit_test(lists_grow_to_their_limit),
    };

    return cmocka_run_group_tests_name("xl", tests, NULL, NULL);
}
