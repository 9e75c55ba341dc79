/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xend's s-expressions: the text, what its keys say, and what each of xend's versions is told. */
#include "guest_fixture.h"

#include "config/config.h"

#define PV  "(vm (name 'a')(uuid '8f0cf1e2-31f3-4b6c-9c1d-0d8a14a5b0c7')(memory 64)"
#define PVK PV "(image (linux (kernel '/k')))"

static struct reading read_sxpr(const char *text, unsigned flags)
{
    struct slip_guest_options options = {
        .size = sizeof(options), .flags = flags | SLIP_GUEST_CONVERT, .format = "sxpr"};

    return read_options(text, strlen(text), &options);
}

/* Writes what a text in any format says, for a version; ret is the text, or "!" and the first complaint. */
static void written(const char *text, unsigned version, bool compact, char *ret, size_t size)
{
    struct slip_guest_options read = {.size = sizeof(read), .flags = SLIP_GUEST_CONVERT};
    struct slip_convert_options options = {
        .size = sizeof(options), .format = "sxpr", .compact = compact, .xend_version = version};
    struct reading r = read_options(text, strlen(text), &read);
    size_t before = slip_diags_count(r.diags);
    char *out = NULL;

    assert_non_null(r.guest);
    if (slip_guest_convert(r.guest, &options, r.diags, &out, NULL, NULL) == 0)
        snprintf(ret, size, "%s", out);
    else
        snprintf(ret, size, "!%s", slip_diag_message(slip_diags_at(r.diags, before)));
    free(out);
    reading_dispose(&r);
}

static void expect_written(const char *text, unsigned version, const char *expected)
{
    char out[4096];

    written(text, version, true, out, sizeof(out));
    assert_string_equal(out, expected);
}

/* Somewhere in the one-line form. */
static void expect_part(const char *text, unsigned version, const char *part)
{
    char out[4096];

    written(text, version, true, out, sizeof(out));
    if (!strstr(out, part))
        fail_msg("no %s in %s", part, out);
}

static void expect_no_part(const char *text, unsigned version, const char *part)
{
    char out[4096];

    written(text, version, true, out, sizeof(out));
    if (strstr(out, part))
        fail_msg("%s in %s", part, out);
}

static void strings(void **state)
{
    struct reading r = read_sxpr(
        PV
        "(description 'it\\'s \\\\ \\n\\x41\\102 so\\\nit goes')(image (linux (kernel \"a 'b'\"))))",
        0);

    (void)state;
    assert_string_equal(r.said, "");
    assert_string_equal(r.guest->description.value, "it's \\ \nAB soit goes");
    assert_string_equal(r.guest->kernel.value, "/vm/a 'b'");
    reading_dispose(&r);
}

static void texts_that_are_none(void **state)
{
    static char deep[100001], wide[200001];
    struct reading r;

    (void)state;
    expect_said(read_sxpr("(vm (name 'a)", 0), "105 1:11+1 this quote is never closed");
    expect_said(read_sxpr(PVK, 0),
                "120 1:1+1 1 ')' missing at the end of the text: this '(' is open");
    expect_said(read_sxpr(PVK "))", 0), "121 1:101+1 this ')' closes nothing");
    expect_said(read_sxpr("(vm (name a\\q))", 0),
                "w304 1:11+3 nothing says how this pv guest starts");
    expect_said(read_sxpr("(vm (name 'a\\q'))", 0), "106 1:13+2 a backslash here means nothing");
    expect_said(read_sxpr("(net (name a))", 0), "122 1:1+14 this is no domain's s-expression");
    memset(deep, '(', sizeof(deep) - 1);
    r = read_sxpr(deep, 0);
    assert_null(r.guest);
    assert_memory_equal(r.said, "110 1:17+1 lists are nested over 16 deep", 40);
    reading_dispose(&r);
    for (size_t i = 0; i < sizeof(wide) - 1; i++)
        wide[i] = i % 2 ? ' ' : 'x';
    r = read_sxpr(wide, 0);
    assert_null(r.guest);
    assert_memory_equal(r.said, "111 1:131071+1 there are over 65536 words", 40);
    reading_dispose(&r);
}

static void lenient(void **state)
{
    struct reading r = read_sxpr(PVK, SLIP_GUEST_XL_COMPAT);

    (void)state;
    assert_string_equal(r.said,
                        "w120 1:1+1 1 ')' missing at the end of the text: this '(' is open");
    assert_string_equal(r.guest->kernel.value, "/k");
    reading_dispose(&r);
    r = read_sxpr(PVK "))", SLIP_GUEST_XL_COMPAT);
    assert_string_equal(r.said, "w121 1:101+1 this ')' closes nothing");
    assert_non_null(r.guest);
    reading_dispose(&r);
}

static void probed(void **state)
{
    (void)state;
    assert_string_equal(slip__format_probe(" (vm (name a))", 14)->name, "sxpr");
    assert_string_equal(slip__format_probe("(domain)", 8)->name, "sxpr");
    assert_string_equal(slip__format_probe("name='(vm'", 10)->name, "xl");
}

static void values(void **state)
{
    struct reading r = read_sxpr(
        "(domain (domid 3)(name a)(vcpu_avail 3)(vcpus 4)(memory 64)(cpu_weight 1.0)(features)"
        "(bootloader pygrub)(bootloader_args '-q  --entry=1')(cpus ((0 1)(2)))(on_crash preserve)"
        "(image (linux (localtime 1)))(localtime 0)(state -b----))",
        0);

    (void)state;
    assert_string_equal(r.said,
                        "123 1:9+9 left out, as only a running domain has it: domid, state; "
                        "w252 1:98+6 pygrub finds the kernel on the first disk, and there is none");
    assert_int_equal(r.guest->vcpus.value, 2);
    assert_int_equal(r.guest->maxvcpus.value, 4);
    assert_int_equal(r.guest->cpu_weight.value, 1);
    assert_int_equal(r.guest->localtime.value, 1);
    assert_int_equal(r.guest->bootloader_args.count, 2);
    assert_string_equal(r.guest->bootloader_args.items[1].value, "--entry=1");
    assert_string_equal(r.guest->cpus_each.items[0].value, "0,1");
    assert_int_equal(r.guest->on_crash.value, SLIP_ACTION_PRESERVE);
    reading_dispose(&r);
    expect_said(read_sxpr(PV "(vcpus x)(image (linux (kernel k))))", 0),
                "112 1:78+1 'x' is not a number");
    expect_said(read_sxpr(PV "(vcpus 1000)(image (linux (kernel k))))", 0),
                "205 1:78+4 'maxvcpus' can't be 1000");
    expect_said(read_sxpr(PV "(on_crash explode)(image (linux (kernel k))))", 0),
                "214 1:81+7 'on_crash' can't be 'explode'");
}

static void devices(void **state)
{
    struct reading r = read_sxpr(
        PV "(device (vbd (uname tap:qcow2:/d)(dev 'ioemu:hda:disk')(mode 'w!')))"
           "(device (vbd (dev hdc:cdrom)(mode r)))"
           "(device (vbd (uname iscsi:iqn.x)(dev sda)(bootable 1)(mode w)))"
           "(device (pci (dev (domain 0x0001)(bus 0x0c)(slot 0x1b)(func 0x2)(vdevfn 0x28))))"
           "(device (vif (mac 00:16:3e:00:00:01)(type netfront)))"
           "(image (hvm (kernel /hvmloader)(fda /f)(usbdevice tablet))))",
        0);
    const struct slip_guest *g = r.guest;

    (void)state;
    assert_string_equal(r.said, "");
    assert_int_equal(g->disk.count, 4);
    assert_string_equal(g->disk.items[0].vdev.value, "sda"); /* the bootable one */
    assert_string_equal(g->disk.items[0].script.value, "block-iscsi");
    assert_string_equal(g->disk.items[1].prefix.value, "tap:qcow2");
    assert_int_equal(g->disk.items[1].format.value, SLIP_DISK_FORMAT_QCOW2);
    assert_int_equal(g->disk.items[1].shareable.value, 1);
    assert_int_equal(g->disk.items[2].cdrom.value, 1);
    assert_string_equal(g->disk.items[3].vdev.value, "fda");
    assert_string_equal(g->pci.items[0].bdf.value, "0001:0c:1b.2");
    assert_string_equal(g->pci.items[0].vslot.value, "5");
    assert_string_equal(g->vif.items[0].type.value, "vif");
    assert_string_equal(g->firmware_override.value, "/hvmloader");
    assert_false(SLIP_IS_SET(g->kernel));
    assert_int_equal(g->acpi.value, 0); /* what xend is not told is off */
    reading_dispose(&r);
}

static void kept(void **state)
{
    const char *text = PV "(image (linux (kernel '/k')(superpages 'x y')))(device (vusb (n 4))))";
    struct reading r = read_sxpr(text, 0);

    (void)state;
    assert_string_equal(r.said, "w234 1:98+18 'superpages' has no meaning here; "
                                "w234 1:118+21 'device' has no meaning here");
    reading_dispose(&r);
    expect_part(text, 4, "(superpages 'x y')))(localtime 0)(device (vusb (n 4))))");
}

/* A disk's name ends at its first colon, so that what is written is read as the same name. */
static void disk_names(void **state)
{
    (void)state;
    expect_part(PVK "(device (vbd (uname phy:a)(dev hda:00:01))))", 4, "(dev 'hda')");
    expect_part(PVK "(device (vbd (uname phy:a)(dev hda:cdrom))))", 4, "(dev 'hda:cdrom')");
    expect_no_part(PVK "(device (vbd (uname phy:a)(dev ioemu))))", 4, "ioemu");
    expect_no_part(PVK "(device (vbd (uname phy:a)(dev :00:01))))", 4, "(dev");
}

/* The rule of kernel and loader. */
static void loaders(void **state)
{
    char refusal[128];

    (void)state;
    expect_part("(vm (name a)(image (hvm (kernel /k)(loader /l))))", 4,
                "(image (hvm (kernel '/k')(loader '/l')");
    for (unsigned version = 1; version <= 4; version++) {
        expect_part("(vm (name a)(image (hvm (kernel /l))))", version,
                    "(image (hvm (kernel '/l')(vcpus");
        expect_part("(vm (name a)(image (hvm (loader /l))))", version,
                    "(image (hvm (kernel '/l')(vcpus");
        expect_part("(vm (name a)(image (hvm)))", version,
                    "(image (hvm (kernel '/usr/lib/xen/boot/hvmloader')(vcpus");
    }
    for (unsigned version = 1; version <= 3; version++) {
        snprintf(refusal, sizeof(refusal),
                 "!a xend of configuration version %u cannot start an hvm guest's kernel", version);
        expect_written("(vm (name a)(image (hvm (kernel /k)(loader /l))))", version, refusal);
    }
}

static void versions(void **state)
{
    static const char hvm[] =
        "(vm (name a)(image (hvm (kernel /l)(localtime 1)(rtc_timeoffset 5)(vnc 1)(vncdisplay 7)))"
        "(device (vbd (uname file:/a)(dev hda)(mode w)))"
        "(device (vbd (uname file:/b)(dev hdc:cdrom)(mode r)))"
        "(device (vif (mac 00:16:3e:00:00:01))))";
    static const char pv[] =
        "(vm (name a)(image (linux (kernel /k)))(device (vfb (type vnc)(vncunused 1))))";

    (void)state;
    expect_part(hvm, 1, "(cdrom '/b')");
    expect_part(hvm, 1, "(dev 'ioemu:hda')");
    expect_no_part(hvm, 1, "vncdisplay");
    expect_no_part(hvm, 1, "hdc:cdrom");
    expect_part(hvm, 2, "(dev 'hda:disk')");
    expect_part(hvm, 2, "(dev 'hdc:cdrom')");
    expect_part(hvm, 2, "(vnc 1)(vncunused 0)(vncdisplay 7)");
    expect_part(hvm, 3, "(type ioemu)");
    expect_no_part(hvm, 3, "rtc_timeoffset");
    expect_part(hvm, 4, "(rtc_timeoffset 5)(localtime 1)))(localtime 1)");
    expect_no_part(hvm, 4, "(type ioemu)");
    expect_part(pv, 2, "(image (linux (kernel '/k')(vnc 1)(vncunused 1)))(localtime 0)");
    expect_part(pv, 3, "(device (vkbd))(device (vfb (type vnc)(vncunused 1)))");
}

static void layout(void **state)
{
    char out[4096];

    (void)state;
    written(PVK ")", 2, false, out, sizeof(out));
    assert_string_equal(out, "(vm\n"
                             "    (name 'a')\n"
                             "    (memory 64)\n"
                             "    (maxmem 64)\n"
                             "    (vcpus 1)\n"
                             "    (uuid '8f0cf1e2-31f3-4b6c-9c1d-0d8a14a5b0c7')\n"
                             "    (on_poweroff 'destroy')\n"
                             "    (on_reboot 'restart')\n"
                             "    (on_crash 'destroy')\n"
                             "    (image\n"
                             "        (linux\n"
                             "            (kernel '/k')\n"
                             "        )\n"
                             "    )\n"
                             "    (localtime 0)\n"
                             ")\n");
}

static void refused(void **state)
{
    (void)state;
    expect_written(PVH, 4, "!xend knows no pvh guests");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings), cmocka_unit_test(texts_that_are_none),
        cmocka_unit_test(lenient), cmocka_unit_test(probed),
        cmocka_unit_test(values),  cmocka_unit_test(devices),
        cmocka_unit_test(kept),    cmocka_unit_test(disk_names),
        cmocka_unit_test(loaders), cmocka_unit_test(versions),
        cmocka_unit_test(layout),  cmocka_unit_test(refused),
    };

    return cmocka_run_group_tests_name("sxpr", tests, NULL, NULL);
}
