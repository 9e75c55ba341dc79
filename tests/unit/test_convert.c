/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing guests: what is lost and said so, and the table of what engines do not act on. */
#include "guest_fixture.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config/config.h"
#include "engine/idle.h"

static char *convert(const char *text, const char *format, bool strict, struct slip_losses **losses,
                     size_t *ret_errors)
{
    struct slip_guest_options options = {.size = sizeof(options), .flags = SLIP_GUEST_CONVERT};
    struct slip_convert_options to = {.size = sizeof(to), .format = format, .strict = strict};
    struct slip_diags *diags = slip_diags_new();
    struct slip_guest *guest = NULL;
    struct slip_error *err = NULL;
    char *ret = NULL;
    int rc = slip_guest_parse("vm.cfg", "/vm", text, strlen(text), &options, diags, &guest, &err);

    assert_int_equal(rc, 0);
    rc = slip_guest_convert(guest, &to, diags, &ret, losses, &err);
    assert_int_equal(rc == 0, ret != NULL);
    assert_int_equal(rc == 0, err == NULL);
    *ret_errors = slip_diags_errors(diags);
    slip_error_free(err);
    slip_guest_free(guest);
    slip_diags_free(diags);
    return ret;
}

static void canonical(void **state)
{
    size_t errors;
    char *text = convert(
        "disk=['phy:d.img,hda,w'];serial=['pty'];root='/dev/a';extra='x \\\"';memory=64;"
        "builder='hvm';name='a';kernel='k';bios='ovmf';stdvga=1;viridian=0;rtc_timeoffset=-5",
        "xl", true, NULL, &errors);

    (void)state;
    assert_int_equal(errors, 0);
    assert_string_equal(text, "name = \"a\"\n"
                              "type = \"hvm\"\n"
                              "\n"
                              "kernel = \"/vm/k\"\n"
                              "cmdline = \"root=/dev/a x \\\"\"\n"
                              "bios = \"ovmf\"\n"
                              "\n"
                              "memory = 64\n"
                              "\n"
                              "viridian = 0\n"
                              "\n"
                              "rtc_timeoffset = \"-5\"\n"
                              "\n"
                              "disk = [ \"vdev=hda,access=rw,target=/vm/d.img\" ]\n"
                              "serial = \"pty\"\n"
                              "\n"
                              "vga = \"stdvga\"\n");
    free(text);
}

/* Every historical spelling, by topic, and what it is canonically. */
static const struct {
    const char *written, *canonical;
} spellings[] = {
    /* processors */
    {"cpus='0-3, ^1'", "cpus = \"0-3,^1\"\n"},
    {"cpus=2", "cpus = \"2\"\n"},
    {"cpus=['0','nodes:1']", "cpus = [ \"0\", \"nodes:1\" ]\n"},
    {"cpus_soft=[1,2]", "cpus_soft = [ \"1\", \"2\" ]\n"},
    {"cpuid='host,tm=0,sse3=x'", "cpuid = \"host,tm=0,sse3=x\"\n"},
    {"cpuid=['0x1:ecx=xxx,eax=0','7,0:ebx=1']",
     "cpuid = [ \"0x1:ecx=xxx,eax=0\", \"7,0:ebx=1\" ]\n"},
    {"vnuma=[['pnode=0','size = 64','vcpus=0-1,3','vdistances=10,20']]",
     "vnuma = [ [ \"pnode=0\", \"size=64\", \"vcpus=0-1,3\", \"vdistances=10,20\" ] ]\n"},
    /* platform and clocks */
    {"viridian=0", "viridian = 0\n"},
    {"viridian=7", "viridian = 1\n"},
    {"viridian=['base','!freq']", "viridian = [ \"base\", \"!freq\" ]\n"},
    {"altp2m=1", "altp2m = \"mixed\"\n"},
    {"altp2mhvm=1", "altp2m = \"mixed\"\n"},
    {"tsc_mode='3'", "tsc_mode = \"native_paravirt\"\n"},
    {"timer_mode=0", "timer_mode = \"delay_for_missed_ticks\"\n"},
    {"passthrough='SHARE_PT'", "passthrough = \"share_pt\"\n"},
    {"rtc_timeoffset='-3600'", "rtc_timeoffset = \"-3600\"\n"},
    {"rdm='strategy=host, policy=relaxed'", "rdm = \"strategy=host,policy=relaxed\"\n"},
    /* graphics */
    {"stdvga=0", "vga = \"cirrus\"\n"},
    {"gfx_passthru=2", "gfx_passthru = 1\n"},
    {"gfx_passthru='igd'", "gfx_passthru = \"igd\"\n"},
    {"vfb=['type=sdl,display=:0']", "vfb = [ \"vnc=0,sdl=1,display=:0\" ]\n"},
    {"vfb=['type=vnc, vncunused=1']", "vfb = [ \"vnc=1,vncunused=1\" ]\n"},
    {"vkb=['backend-type=linux,multi-touch-width=5']",
     "vkb = [ \"backend-type=linux,multi-touch-width=5\" ]\n"},
    {"vdispl=['connectors=a:1x2;b:3x4,be-alloc=1']",
     "vdispl = [ \"be-alloc=1,connectors=a:1x2;b:3x4\" ]\n"},
    /* disks */
    {"disk=['/x,,hda']", "disk = [ \"format=raw,vdev=hda,target=/x\" ]\n"},
    {"disk=['/x,qcow2,hda,w,discard,untrusted']",
     "disk = [ \"format=qcow2,vdev=hda,access=rw,discard,untrusted,target=/x\" ]\n"},
    {"disk=['tap:aio:qcow2:/x,hda:cdrom,r']",
     "disk = [ \"format=qcow2,vdev=hda,access=ro,devtype=cdrom,target=/x\" ]\n"},
    {"disk=['nbd:host,xvda,w']",
     "disk = [ \"vdev=xvda,access=rw,script=block-nbd,target=host\" ]\n"},
    {"disk=['vdev=sda,target=rbd:pool/a,b']", "disk = [ \"vdev=sda,target=rbd:pool/a,b\" ]\n"},
    {"disk=['vdev=sda,colo,colo-port=9,target=/x']",
     "disk = [ \"vdev=sda,colo,colo-port=9,target=/x\" ]\n"},
    /* interfaces */
    {"vif=['']", "vif = [ \"\" ]\n"},
    {"vif=['netdev=eth0,rate=1Mb/s@20ms,trusted']",
     "vif = [ \"gatewaydev=eth0,rate=1Mb/s@20ms,trusted\" ]\n"},
    {"vif=['colo_sock_mirror_id=m,mtu=1400,ip=1.2.3.4 2::1']",
     "vif = [ \"ip=1.2.3.4 2::1,mtu=1400,colo_sock_mirror_id=m\" ]\n"},
    /* other devices */
    {"pci=['1:1A.1@5,permissive=1']", "pci = [ \"0000:01:1a.1,vslot=5,permissive=1\" ]\n"},
    {"pci=['bdf=0001:00:02.*,rdm_policy=relaxed']",
     "pci = [ \"0001:00:02.*,rdm_policy=relaxed\" ]\n"},
    {"pci=['name=card']", "pci = [ \"name=card\" ]\n"},
    {"ioports=['2F8-2ff',3f8]", "ioports = [ \"2f8-2ff\", \"3f8\" ]\n"},
    {"irqs=[5,'7']", "irqs = [ \"5\", \"7\" ]\n"},
    {"iomem=['a0,1@B0','0xc0,2']", "iomem = [ \"a0,1@b0\", \"c0,2\" ]\n"},
    {"usbdevice='tablet'", "usbdevice = \"tablet\"\n"},
    {"usbdevice=['tablet','mouse']", "usbdevice = [ \"tablet\", \"mouse\" ]\n"},
    {"usbctrl=['type=QUSB,version=1']", "usbctrl = [ \"type=qusb,version=1\" ]\n"},
    {"usbdev=['hostaddr=0x3,hostbus=1']", "usbdev = [ \"hostbus=1,hostaddr=3\" ]\n"},
    {"channel=['connection=socket, path = /a b ,name=n']",
     "channel = [ \"name=n,connection=socket,path=/a b\" ]\n"},
    {"p9=['path=/a,tag=t,security_model=none,max-files=5']",
     "p9 = [ \"tag=t,path=/a,security_model=none,max-files=5\" ]\n"},
    {"vtpm=['backend=m']", "vtpm = [ \"backend=m\" ]\n"},
    {"virtio=['transport=mmio,type=virtio,device22']",
     "virtio = [ \"type=virtio,device22,transport=mmio\" ]\n"},
    {"vsnd=[['CARD, short-name=a','stream, type=C, unique-id=0']]",
     "vsnd = [ [ \"card,short-name=a\", \"pcm\", \"stream,unique-id=0,type=c\" ] ]\n"},
    {"bootloader_args='-q  -x'", "bootloader_args = [ \"-q\", \"-x\" ]\n"},
    {"serial=['pty','none']", "serial = [ \"pty\", \"none\" ]\n"},
};

static void historical(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
        char input[512];
        size_t errors;
        char *text;

        snprintf(input, sizeof(input), "name='a';type='hvm'\n%s\n", spellings[i].written);
        text = convert(input, "xl", true, NULL, &errors);
        if (!text || !strstr(text, spellings[i].canonical))
            fail_msg("%s became\n%s", spellings[i].written, text ? text : "nothing");
        free(text);
    }
}

static void losses(void **state)
{
    static const char guest[] = "name='a';type='pv';kernel='/k';tsc_mode='native';"
                                "disk=['/x,raw,xvda,rw,discard'];on_crash='restart'";
    struct slip_losses *lost = NULL;
    size_t errors;
    char *json = NULL, *text = convert(guest, "xm", false, &lost, &errors);
    json_t *array;

    (void)state;
    assert_non_null(text);
    assert_int_equal(errors, 0);
    assert_int_equal(slip_losses_count(lost), 2);
    assert_int_equal(slip_losses_to_json(lost, &json, NULL), 0);
    array = json_loads(json, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(json_array_get(array, 0), "setting")),
                        "tsc_mode");
    assert_string_equal(json_string_value(json_object_get(json_array_get(array, 1), "setting")),
                        "disk[0].discard");
    assert_string_equal(json_string_value(json_object_get(json_array_get(array, 1), "kind")),
                        "unsayable");
    json_decref(array);
    free(json);
    free(text);
    slip_losses_free(lost);
    slip_losses_free(NULL);
    text = convert(guest, "xm", true, NULL, &errors);
    assert_null(text);
    assert_int_equal(errors, 2);
}

/* Keys whose places are hard to find: an empty one, and 60000 that are written with escapes. */
static void json_keys(void **state)
{
    struct slip_guest_options options = {
        .size = sizeof(options), .flags = SLIP_GUEST_XL_COMPAT, .format = "libxl-json"};
    struct slip_buf text = {0};
    struct timespec from, to;
    struct reading r;

    (void)state;
    slip__buf_puts(&text, "{\"c_info\":{\"\":1,\"name\":\"a\"},\"b_info\":{\"x\":0");
    for (unsigned i = 0; i < 60000; i++)
        slip__buf_printf(&text, ",\"\\u006%u%u\":0", i % 9 + 1, i);
    slip__buf_puts(&text, "}}");
    assert_false(text.failed);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    r = read_options(text.data, text.len, &options);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    assert_true(slip_diags_count(r.diags) > 0);
    assert_true(to.tv_sec - from.tv_sec < 10); /* of processor, with all checks of memory */
    reading_dispose(&r);
    slip__buf_dispose(&text);
}

/* Each field of a guest, a disk and an interface is in the table of what nobody acts on, or is one of those that
 * somebody does. */
static void idle_table(void **state)
{
    static const char *const acted_on[] = {
        "guest.name",
        "guest.uuid",
        "guest.title",
        "guest.description",
        "guest.type",
        "guest.builder",
        "guest.virt",
        "guest.arch",
        "guest.protocol",
        "guest.load_address",
        "guest.entry_address",
        "guest.kernel",
        "guest.ramdisk",
        "guest.cmdline",
        "guest.root",
        "guest.extra",
        "guest.autoconsole",
        "guest.firmware",
        "guest.bios",
        "guest.bootloader",
        "guest.bootloader_args",
        "guest.memory",
        "guest.maxmem",
        "guest.vcpus",
        "guest.maxvcpus",
        "guest.on_poweroff",
        "guest.on_reboot",
        "guest.on_watchdog",
        "guest.on_crash",
        "guest.disk",
        "guest.vif",
        "guest.vfb",
        "guest.serial",
        "guest.device_model_version",
        "guest.device_model_override",
        "guest.device_model_stubdomain_override",
        "guest.device_model_args",
        "guest.foreign",
        "disk.target",
        "disk.format",
        "disk.vdev",
        "disk.access",
        "disk.cdrom",
        "disk.backendtype",
        "disk.script",
        "disk.prefix",
        "vif.mac",
        "vif.bridge",
        "vif.model",
        "vif.vifname",
        "vif.script",
        "vif.ip",
        "vif.type",
    };
    static const struct slip_record *const records[] = {&slip__record_guest, &slip__record_disk,
                                                        &slip__record_vif};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        for (size_t k = 0; k < records[i]->n_fields; k++) {
            const char *name = records[i]->fields[k].name;
            char full[80];
            bool acted = false;

            snprintf(full, sizeof(full), "%s.%s", records[i]->name, name);
            for (size_t n = 0; n < sizeof(acted_on) / sizeof(acted_on[0]); n++)
                acted |= strcmp(acted_on[n], full) == 0;
            if (acted == (slip__idle_reason(records[i], name) != NULL))
                fail_msg("%s is acted on, or not: say which", full);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canonical),  cmocka_unit_test(historical), cmocka_unit_test(losses),
        cmocka_unit_test(idle_table), cmocka_unit_test(json_keys),
    };

    return cmocka_run_group_tests_name("convert", tests, NULL, NULL);
}
