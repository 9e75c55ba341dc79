/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a guest starts, what its defaults are, and the checks: every sentence of docs/guest-file.md's rules. */
#include "guest_fixture.h"

#include <stdio.h>

static struct reading read_ok(const char *text)
{
    struct reading r = read_text(text);

    if (!r.guest || r.said[0])
        fail_msg("%s: %s", text, r.said);
    return r;
}

static void container(void **state)
{
    char note[128];
    struct reading r;

    (void)state;
    r = read_ok("name='a';kernel='k'");
    assert_int_equal(r.guest->type.value, SLIP_TYPE_PV); /* as in xl */
    assert_int_equal(r.guest->type.mark.origin, SLIP_DEFAULT);
    reading_dispose(&r);
    r = read_text("name='a';builder='hvm'");
    assert_string_equal(r.said, "w301 1:18+5 'builder' is deprecated");
    assert_string_equal(hint_of(&r, 0), "write type = \"hvm\"");
    assert_int_equal(r.guest->type.value, SLIP_TYPE_HVM);
    reading_dispose(&r);
    r = read_text("name='a';builder='generic';kernel='k'");
    assert_int_equal(r.guest->type.value, SLIP_TYPE_PV);
    reading_dispose(&r);
    r = read_text("name='a';builder='linux';kernel='k'");
    assert_int_equal(r.guest->type.value, SLIP_TYPE_PV);
    reading_dispose(&r);
    expect_said(read_text("name='a';kernel='k';builder='hv'"),
                "214 1:29+4 'builder' can't be 'hv'");
    /* Together: an error, in compat mode a warning while both say the same. */
    r = read_text("name='a';type='hvm'\nbuilder='hvm'");
    assert_string_equal(r.said, "302 2:9+5 'builder' is given together with 'type'");
    assert_string_equal(note_of(&r, 0, note, sizeof(note)), "1:15 'type' is \"hvm\" here");
    assert_string_equal(hint_of(&r, 0), "remove 'builder'");
    reading_dispose(&r);
    expect_said(read_compat("name='a';type='hvm'\nbuilder='hvm'"),
                "w302 2:9+5 'builder' is given together with 'type'");
    expect_said(read_text("name='a';type='pvh';kernel='k'\nbuilder='hvm'"),
                "302 2:9+5 'builder' contradicts 'type'");
    expect_said(read_compat("name='a';type='pvh';kernel='k'\nbuilder='hvm'"),
                "302 2:9+5 'builder' contradicts 'type'");
}

static void one_method(void **state)
{
    char note[128];
    struct reading r;

    (void)state;
    r = read_text("name='a';type='pvh'\nfirmware='pvgrub'\nkernel='k'");
    assert_string_equal(r.said, "303 3:8+3 'firmware' and 'kernel' are two ways to start a guest");
    assert_string_equal(note_of(&r, 0, note, sizeof(note)), "2:10 'firmware' is set here");
    assert_string_equal(hint_of(&r, 0), "keep one of them");
    reading_dispose(&r);
    r = read_text("name='a';type='pv'\nkernel='k'\nbootloader='pygrub'");
    assert_string_equal(r.said,
                        "303 3:12+8 'kernel' and 'bootloader' are two ways to start a guest");
    assert_string_equal(note_of(&r, 0, note, sizeof(note)), "2:8 'kernel' is set here");
    reading_dispose(&r);
    r = read_text("name='a';type='hvm'\nkernel='k'\nbios='ovmf'");
    assert_string_equal(r.said, "303 3:6+6 'kernel' and 'bios' are two ways to start a guest");
    reading_dispose(&r);
    expect_said(
        read_text("name='a';type='pv';kernel='k';bootloader='b';firmware='pvgrub'"),
        "303 1:55+8 'kernel' and 'firmware' are two ways to start a guest; 303 1:42+3 'kernel' and 'bootloader' are two ways to start a guest");
    expect_said(read_text("name='a';type='pvh'"),
                "304 1:6+3 nothing says how this pvh guest starts");
    expect_said(read_text("name='a';type='hvm';bootloader='pygrub'"),
                "309 1:32+8 a bootloader program can't start an hvm guest");
    r = read_ok("name='a';type='hvm'");
    assert_string_equal(r.guest->firmware.value, "seabios");
    assert_int_equal(r.guest->firmware.mark.origin, SLIP_DEFAULT);
    assert_int_equal(slip__guest_boot_method(r.guest), SLIP_BOOT_FIRMWARE);
    reading_dispose(&r);
    r = read_ok("name='a';type='hvm';kernel='k'");
    assert_int_equal(slip__guest_boot_method(r.guest), SLIP_BOOT_KERNEL);
    assert_false(SLIP_IS_SET(r.guest->firmware));
    reading_dispose(&r);
    r = read_ok("name='a';type='pvh';bootloader='pygrub';disk=['d,raw,xvda']");
    assert_int_equal(slip__guest_boot_method(r.guest), SLIP_BOOT_BOOTLOADER);
    reading_dispose(&r);
}

static void firmware_is(const char *keys, const char *resolved)
{
    char text[256];
    struct reading r;

    snprintf(text, sizeof(text), "name='a';%s", keys);
    r = read_ok(text);
    assert_string_equal(r.guest->firmware.value, resolved);
    assert_int_equal(slip__guest_boot_method(r.guest), SLIP_BOOT_FIRMWARE);
    reading_dispose(&r);
}

static void firmware(void **state)
{
    struct reading r;

    (void)state;
    firmware_is("type='hvm';firmware='uefi'", "ovmf");
    firmware_is("type='hvm';firmware='ovmf'", "ovmf");
    firmware_is("type='hvm';firmware='bios'", "seabios");
    firmware_is("type='hvm';firmware='seabios'", "seabios");
    firmware_is("type='hvm';firmware='rombios'", "rombios");
    firmware_is("type='hvm';bios='ovmf'", "ovmf");
    firmware_is("type='hvm';bios='seabios';firmware='bios'", "seabios");
    firmware_is("type='pvh';firmware='pvgrub'", "pvgrub");
    firmware_is("type='pv';firmware='pvgrub'", "pvgrub");
    firmware_is("type='pv';firmware='pvgrub64'", "pvgrub64");
    firmware_is("type='pvh';firmware='fw/OVMF.fd'", "/vm/fw/OVMF.fd");
    firmware_is("type='pvh';firmware='./x'", "/vm/./x");
    firmware_is("type='pvh';firmware='/x'", "/x");
    r = read_text("name='a';type='pvh';firmware='uefi'");
    assert_string_equal(r.said, "305 1:30+6 ovmf cannot start in a pvh guest");
    assert_string_equal(hint_of(&r, 0), "a pvh guest can start pvgrub");
    reading_dispose(&r);
    r = read_text("name='a';type='hvm';firmware='pvgrub'");
    assert_string_equal(r.said, "305 1:30+8 pvgrub cannot start in an hvm guest");
    assert_string_equal(hint_of(&r, 0), "an hvm guest can start ovmf, seabios, rombios");
    reading_dispose(&r);
    r = read_text("name='a';type='hvm';firmware='omvf'");
    assert_string_equal(r.said, "306 1:30+6 unknown firmware 'omvf'");
    assert_string_equal(hint_of(&r, 0), "did you mean \"ovmf\"?");
    reading_dispose(&r);
    r = read_text("name='a';type='hvm';firmware='coreboot'");
    assert_string_equal(hint_of(&r, 0),
                        "an hvm guest can start ovmf, seabios, rombios, or a path with a '/'");
    reading_dispose(&r);
    expect_said(read_text("name='a';type='hvm';firmware='o'"), "306 1:30+3 unknown firmware 'o'");
    expect_said(read_text("name='a';type='hvm';firmware=''"), "222 1:30+2 'firmware' is empty");
    expect_said(read_text("name='a';type='hvm';bios='ovmf';firmware='bios'"),
                "308 1:26+6 'bios' and 'firmware' name different firmware");
    expect_said(read_text("name='a';type='hvm';bios='pvgrub'"),
                "214 1:26+8 'bios' can't be 'pvgrub'");
    expect_said(read_text(PVH "bios='ovmf'"),
                "307 2:6+6 'bios' is for hvm guests; this one is pvh");
    expect_said(read_compat(PVH "bios='ovmf'"),
                "w307 2:6+6 'bios' is for hvm guests; this one is pvh");
}

static void cmdline_is(const char *keys, const char *cmdline)
{
    char text[256];
    struct reading r;

    snprintf(text, sizeof(text), PVH "%s", keys);
    r = read_ok(text);
    if (cmdline)
        assert_string_equal(r.guest->cmdline.value, cmdline);
    else
        assert_false(SLIP_IS_SET(r.guest->cmdline));
    reading_dispose(&r);
}

static void cmdline(void **state)
{
    char note[128];
    struct reading r;

    (void)state;
    cmdline_is("", NULL);
    cmdline_is("root='/dev/xvda'", "root=/dev/xvda");
    cmdline_is("extra='ro quiet'", "ro quiet");
    cmdline_is("extra='ro';root='/dev/xvda'", "root=/dev/xvda ro");
    cmdline_is("cmdline='x y'", "x y");
    cmdline_is("cmdline=''", "");
    r = read_text(PVH "cmdline='x'\nroot='r'\nextra='e'");
    assert_string_equal(r.said, "w310 3:6+3 'root' has no effect beside 'cmdline', which wins; "
                                "w310 4:7+3 'extra' has no effect beside 'cmdline', which wins");
    assert_string_equal(note_of(&r, 1, note, sizeof(note)), "2:9 'cmdline' is set here");
    assert_string_equal(r.guest->cmdline.value, "x");
    reading_dispose(&r);
}

static void idle_keys(void **state)
{
    (void)state;
    expect_said(read_text("name='a';type='hvm';cmdline='x'"),
                "w311 1:29+3 'cmdline' has no effect: seabios finds its own kernel");
    expect_said(
        read_text("name='a';type='hvm';root='x';ramdisk='r'"),
        "w311 1:38+3 'ramdisk' has no effect: seabios finds its own kernel; w311 1:26+3 'root' has no effect: seabios finds its own kernel");
    expect_said(read_text("name='a';type='pvh';firmware='pvgrub';cmdline='x'"), "");
    expect_said(read_text("name='a';type='pvh';bootloader='pygrub';cmdline='x';disk=['d,raw,xvda']"), "");
    expect_said(read_text(PVH "bootloader_args=['-q']"),
                "w312 2:17+6 'bootloader_args' has no effect without 'bootloader'");
    expect_said(
        read_text(PVH "device_model_version='qemu-xen'"),
        "w313 2:22+10 'device_model_version' has no effect: a pvh guest has no device model");
    expect_said(read_text("name='a';type='hvm';device_model_version='qemu'"),
                "214 1:42+6 'device_model_version' can't be 'qemu'");
}

static void paths(void **state)
{
    struct reading r = read_ok(
        "name='a';type='pvh';kernel='../k';ramdisk=['/r','s'];disk=['d,raw,xvda','nbd,raw,xvdb,script=x']");
    struct slip_guest *guest = NULL;
    struct slip_diags *diags = slip_diags_new();
    char *cwd = getcwd(NULL, 0), expected[4200];

    (void)state;
    assert_string_equal(r.guest->kernel.value, "/vm/../k");
    assert_string_equal(r.guest->ramdisk.items[0].value, "/r");
    assert_string_equal(r.guest->ramdisk.items[1].value, "/vm/s");
    assert_string_equal(r.guest->disk.items[0].target.value, "/vm/d");
    assert_string_equal(r.guest->disk.items[1].target.value, "nbd");
    reading_dispose(&r);
    r = read_ok("name='a';type='pv';bootloader='bin/x'");
    assert_string_equal(r.guest->bootloader.value, "/vm/bin/x");
    reading_dispose(&r);
    assert_int_equal(slip_guest_parse("x", "sub", PVH, strlen(PVH), NULL, diags, &guest, NULL), 0);
    snprintf(expected, sizeof(expected), "%s/sub/k", cwd);
    assert_string_equal(guest->kernel.value, expected);
    slip_guest_free(guest);
    slip_diags_free(diags);
    free(cwd);
}

static void defaults(void **state)
{
    struct reading r = read_ok(PVH "disk=['/x,,xvda']"), again;
    const struct slip_guest *g = r.guest;

    (void)state;
    assert_int_equal(g->memory.value, 128);
    assert_int_equal(g->maxmem.value, 128);
    assert_int_equal(g->vcpus.value, 1);
    assert_int_equal(g->maxvcpus.value, 1);
    assert_int_equal(g->on_poweroff.value, SLIP_ACTION_DESTROY);
    assert_int_equal(g->on_reboot.value, SLIP_ACTION_RESTART);
    assert_int_equal(g->on_watchdog.value, SLIP_ACTION_DESTROY);
    assert_int_equal(g->on_crash.value, SLIP_ACTION_DESTROY);
    assert_int_equal(g->autoconsole.value, 1);
    assert_int_equal(g->disk.items[0].format.value, SLIP_DISK_FORMAT_RAW);
    assert_int_equal(g->disk.items[0].access.value, SLIP_DISK_ACCESS_RW);
    assert_int_equal(g->memory.mark.origin, SLIP_DEFAULT);
    assert_int_equal(strlen(g->uuid.value), 36);
    again = read_ok(PVH);
    assert_string_not_equal(again.guest->uuid.value, g->uuid.value);
    reading_dispose(&again);
    reading_dispose(&r);
    r = read_ok(PVH "maxmem=512;maxvcpus=4");
    assert_int_equal(r.guest->memory.value, 512);
    assert_int_equal(r.guest->vcpus.value, 1);
    assert_int_equal(r.guest->maxvcpus.value, 4);
    reading_dispose(&r);
    r = read_ok(PVH "memory=512;vcpus=3;autoconsole=0");
    assert_int_equal(r.guest->maxmem.value, 512);
    assert_int_equal(r.guest->maxvcpus.value, 3);
    assert_int_equal(r.guest->autoconsole.value, 0);
    reading_dispose(&r);
}

/* The same guest has the same addresses each time: a network card that changes its own confuses its system. */
static void macs_are_stable(void **state)
{
    static const char text[] = PVH "uuid='4A3C1E0E8B1F4D8E9A570D2B6C7F1E90';vif=['','']";
    struct reading a = read_ok(text), b = read_ok(text);

    (void)state;
    assert_string_equal(a.guest->uuid.value, "4a3c1e0e-8b1f-4d8e-9a57-0d2b6c7f1e90");
    for (size_t i = 0; i < 2; i++)
        assert_string_equal(a.guest->vif.items[i].mac.value, b.guest->vif.items[i].mac.value);
    reading_dispose(&a);
    reading_dispose(&b);
}

static void checks(void **state)
{
    char text[300];
    char *big;

    (void)state;
    expect_said(read_text("type='pvh';kernel='k'"), "207 1:1+0 the guest has no name");
    expect_said(read_text("name='';type='pvh';kernel='k'"), "208 1:6+2 the name is empty");
    expect_said(read_text("name='a/b';type='pvh';kernel='k'"),
                "208 1:6+5 the name has a '/' in it");
    expect_said(read_text("name='a b';type='pvh';kernel='k'"),
                "208 1:6+5 the name has white space or a control character in it");
    expect_said(read_text("name='12';type='pvh';kernel='k'"),
                "208 1:6+4 the name is all digits, which would be a domain's number");
    expect_said(read_text("name='..';type='pvh';kernel='k'"),
                "208 1:6+4 the name begins with '.' or '-'");
    snprintf(text, sizeof(text), "name='%0101d';type='pvh';kernel='k'", 0);
    expect_said(read_text(text), "208 1:6+103 the name has 101 bytes, the limit is 100");
    expect_said(read_text(PVH "uuid='4a3c1e0e-8b1f-4d8e-9a57-0d2b6c7f1e9'"),
                "209 2:6+37 '4a3c1e0e-8b1f-4d8e-9a57-0d2b6c7f1e9' is not a UUID");
    expect_said(read_text(PVH "uuid='4a3c1e0e8-b1f-4d8e-9a57-0d2b6c7f1e90'"),
                "209 2:6+38 '4a3c1e0e8-b1f-4d8e-9a57-0d2b6c7f1e90' is not a UUID");
    expect_said(read_text(PVH "memory=512;maxmem=256"),
                "218 2:19+3 'maxmem' is 256 MiB, below the 512 MiB of 'memory'");
    expect_said(read_text(PVH "vcpus=4;maxvcpus=2"),
                "219 2:18+1 'maxvcpus' is 2, below the 4 of 'vcpus'");
    expect_said(read_text("name='a';type='pvh';kernel=''"), "222 1:28+2 'kernel' is empty");
    expect_said(read_text(PVH "ramdisk=['']"), "222 2:10+2 'ramdisk' is empty");
    big = malloc(70000);
    snprintf(big, 70000, PVH "cmdline='%065536d'", 0);
    expect_said(read_text(big),
                "221 2:9+65538 the command line has 65536 bytes, the limit is 65535");
    free(big);
}

static void many_modules(void **state)
{
    char *text = malloc(16384);
    size_t len = (size_t)sprintf(text, PVH "ramdisk=[");

    (void)state;
    for (size_t i = 0; i < 1025; i++)
        len += (size_t)sprintf(text + len, "'m',");
    sprintf(text + len, "]");
    expect_said(read_text(text), "220 2:9+4102 there are 1025 modules, the limit is 1024");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(container), cmocka_unit_test(one_method),
        cmocka_unit_test(firmware),  cmocka_unit_test(cmdline),
        cmocka_unit_test(idle_keys), cmocka_unit_test(paths),
        cmocka_unit_test(defaults),  cmocka_unit_test(macs_are_stable),
        cmocka_unit_test(checks),    cmocka_unit_test(many_modules),
    };

    return cmocka_run_group_tests_name("resolve", tests, NULL, NULL);
}
