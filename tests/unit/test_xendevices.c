/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the xen engine says of devices, without a Xen: their numbers, names and nodes, and libxl's JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "engine/xen/device.h"
#include "engine/xen/hotplug.h"
#include "engine/xen/userdata.h"
#include "engine/xen/vbd.h"
#include "engine/xen/vdev.h"
#include "engine/xen/vif.h"
#include "guest/guest.h"

static void vdevs(void **state)
{
    static const struct {
        const char *name;
        uint32_t number; /* 0: there is none */
    } cases[] = {
        {"xvda", 51712},
        {"xvdb", 51728},
        {"xvda1", 51713},
        {"xvdp15", 202 << 8 | 15 << 4 | 15},
        {"xvdq", 1u << 28 | 16 << 8},
        {"xvda16", 1u << 28 | 16},
        {"xvdaa", 1u << 28 | 26 << 8},
        {"xvdba1", 1u << 28 | 52 << 8 | 1},
        {"sda", 2048},
        {"sdp15", 8 << 8 | 255},
        {"hda", 768},
        {"hdb", 832},
        {"hdc", 5632},
        {"hdd63", 22 << 8 | 64 | 63},
        {"d0", 51712},
        {"d1p2", 51730},
        {"d16", 1u << 28 | 16 << 8},
        {"51712", 51712},
        {"0xca00", 51712},
        {"", 0},
        {"xvd", 0},
        {"xvda01", 0},
        {"xvdA", 0},
        {"xvda256", 0},
        {"xvda1x", 0},
        {"xvdzzzzzz", 0},
        {"sdq", 0},
        {"sda16", 0},
        {"hde", 0},
        {"hda64", 0},
        {"d", 0},
        {"d1p", 0},
        {"vda", 0},
        {"0", 0},
        {"99999999999", 0},
        {"-1", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t number = 0;
        bool ok = slip__xen_vdev_number(cases[i].name, &number);

        if (ok != (cases[i].number != 0) || (ok && number != cases[i].number))
            fail_msg("'%s' is %s%u, not %u", cases[i].name, ok ? "" : "refused, ", number,
                     cases[i].number);
    }
}

static void script_paths(void **state)
{
    char path[SLIP_XEN_SCRIPT_BYTES], longer[300];

    (void)state;
    assert_true(slip__xen_script_path("vif-bridge", path));
    assert_string_equal(path, "/etc/xen/scripts/vif-bridge");
    assert_true(slip__xen_script_path("/opt/mine", path));
    assert_string_equal(path, "/opt/mine");
    memset(longer, 'x', sizeof(longer));
    longer[sizeof(longer) - 1] = '\0';
    assert_false(slip__xen_script_path(longer, path));
}

/* libxl's JSON. */

static void set(struct slip_str *str, const char *text)
{
    struct slip_mark mark = {.origin = SLIP_GIVEN};

    assert_int_equal(slip__str_set(str, text, strlen(text), mark), 0);
}

static struct slip_guest *make_guest(void)
{
    const struct slip_mark mark = {.origin = SLIP_GIVEN};
    struct slip_guest *guest = slip__guest_new();
    struct slip_diags *diags = slip_diags_new();
    struct slip_disk *disk;
    struct slip_vif *vif;

    assert_non_null(guest);
    set(&guest->name, "web\"1");
    set(&guest->uuid, "0bbde31b-9fc8-498a-8b9f-305dbd82b84f");
    set(&guest->kernel, "/k");
    slip__num_set(&guest->type, SLIP_TYPE_PVH, mark);
    slip__num_set(&guest->memory, 32, mark);
    slip__num_set(&guest->maxvcpus, 2, mark);
    slip__num_set(&guest->on_crash, SLIP_ACTION_COREDUMP_RESTART, mark);
    disk = slip__list_add(slip__field_find(&slip__record_guest, "disk"), guest, mark);
    set(&disk->target, "/d.img");
    set(&disk->vdev, "xvda");
    vif = slip__list_add(slip__field_find(&slip__record_guest, "vif"), guest, mark);
    set(&vif->bridge, "br7");
    assert_int_equal(slip__guest_resolve(guest, NULL, (struct slip_strictness){0}, diags, NULL), 0);
    slip_diags_free(diags);
    return guest;
}

static const char *text_at(json_t *json, const char *a, const char *b)
{
    return json_string_value(json_object_get(json_object_get(json, a), b));
}

static void userdata(void **state)
{
    struct slip_guest *guest = make_guest();
    char *text = NULL;
    json_t *json, *b_info, *disk, *nic;

    (void)state;
    assert_int_equal(slip__xen_userdata_text(guest, &text, NULL), 0);
    json = json_loads(text, 0, NULL);
    assert_non_null(json);
    assert_string_equal(text_at(json, "c_info", "type"), "pvh");
    assert_string_equal(text_at(json, "c_info", "name"), "web\"1");
    assert_string_equal(text_at(json, "c_info", "uuid"), guest->uuid.value);
    b_info = json_object_get(json, "b_info");
    assert_int_equal(json_integer_value(json_object_get(b_info, "max_vcpus")), 2);
    assert_int_equal(json_array_size(json_object_get(b_info, "avail_vcpus")), 1);
    assert_int_equal(json_integer_value(json_object_get(b_info, "max_memkb")), 32768);
    assert_true(json_is_object(json_object_get(b_info, "type.pvh")));
    disk = json_array_get(json_object_get(json, "disks"), 0);
    assert_string_equal(json_string_value(json_object_get(disk, "pdev_path")), "/d.img");
    assert_int_equal(json_integer_value(json_object_get(disk, "readwrite")), 1);
    nic = json_array_get(json_object_get(json, "nics"), 0);
    assert_string_equal(json_string_value(json_object_get(nic, "bridge")), "br7");
    assert_non_null(json_object_get(nic, "mac"));
    /* libxl leaves out what has its default, and writes words with underscores. */
    assert_null(json_object_get(json, "on_poweroff"));
    assert_string_equal(json_string_value(json_object_get(json, "on_crash")), "coredump_restart");
    json_decref(json);
    free(text);
    slip__guest_free(guest);
}

static json_t *changed(char **text, const struct slip_device *device, enum slip_device_kind kind,
                       uint32_t devid)
{
    char *after = NULL;
    json_t *json;

    if (device)
        assert_int_equal(slip__xen_userdata_with(*text, device, devid, &after, NULL), 0);
    else
        assert_int_equal(slip__xen_userdata_without(*text, kind, devid, &after, NULL), 0);
    free(*text);
    *text = after;
    json = json_loads(after, 0, NULL);
    assert_non_null(json);
    return json;
}

/* xl's file and ours after devices have come and gone. */
static void userdata_changes(void **state)
{
    struct slip_guest *guest = make_guest();
    const struct slip_device disk = {.kind = SLIP_DEVICE_DISK, .disk = &guest->disk.items[0]};
    const struct slip_device vif = {.kind = SLIP_DEVICE_VIF, .vif = &guest->vif.items[0]};
    char *text = strdup("{\"c_info\":{\"name\":\"theirs\"},\"disks\":[{\"vdev\":\"hda\"}]}"),
         *none = NULL;
    json_t *json, *list;

    (void)state;
    json = changed(&text, &disk, 0, 51712);
    list = json_object_get(json, "disks");
    assert_int_equal(json_array_size(list), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(list, 1), "vdev")),
                        "xvda");
    assert_string_equal(text_at(json, "c_info", "name"), "theirs"); /* all else stays */
    json_decref(json);
    json = changed(&text, &disk, 0, 51712); /* once is enough */
    assert_int_equal(json_array_size(json_object_get(json, "disks")), 2);
    json_decref(json);
    json = changed(&text, NULL, SLIP_DEVICE_DISK, 768);
    assert_int_equal(json_array_size(json_object_get(json, "disks")), 1);
    json_decref(json);

    json = changed(&text, &vif, 0, 3);
    list = json_object_get(json, "nics");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 0), "devid")), 3);
    json_decref(json);
    json = changed(&text, NULL, SLIP_DEVICE_VIF, 3);
    assert_int_equal(json_array_size(json_object_get(json, "nics")), 0);
    json_decref(json);
    assert_int_equal(slip__xen_userdata_without("[1]", SLIP_DEVICE_VIF, 3, &none, NULL),
                     SLIP_EENGINE);
    assert_int_equal(slip__xen_userdata_with("no", &vif, 3, &none, NULL), SLIP_EENGINE);
    free(text);
    slip__guest_free(guest);
}

/* Plugged in or there from the start: no name that Linux would not take, or that scripts could take for more than one word. */
static void interface_names(void **state)
{
    static const char *const bad[] = {
        "sixteen-bytes-xx", "a/b", "a b", "a\tb", "a\nb", "a:b", ".", ".."};
    struct slip_guest *guest = make_guest();
    struct slip_vif *vif = &guest->vif.items[0];
    char script[SLIP_XEN_SCRIPT_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct slip_diags *diags = slip_diags_new();
        struct slip_error *err = NULL;

        set(&vif->vifname, bad[i]);
        slip__xen_vif_check(vif, diags);
        assert_int_equal(slip_diags_errors(diags), 1);
        slip_diags_free(diags);
        assert_int_equal(slip__xen_vif_open(vif, 0, script, &err), SLIP_EENGINE);
        assert_int_equal(slip_error_code(err), SLIP_CODE_ENGINE_REFUSES);
        slip_error_free(err);
    }
    slip__guest_free(guest);
}

/* QEMU is told of the whole path, however long. */
static void long_targets(void **state)
{
    struct slip_guest *guest = make_guest();
    struct slip_xen_disk disk = SLIP_XEN_DISK_NONE;
    struct slip_xen_nodes nodes = {0};
    char target[3001];

    (void)state;
    memset(target, 'x', sizeof(target) - 1);
    memcpy(target, "/d", 2);
    strcpy(target + sizeof(target) - 5, ".end");
    set(&guest->disk.items[0].target, target);
    disk.disk = &guest->disk.items[0];
    disk.backend = "qdisk";
    slip__xen_disk_nodes(&disk, 7, &nodes);
    assert_non_null(memmem(nodes.bytes.data, nodes.bytes.len, target, strlen(target)));
    assert_false(nodes.failed);
    slip__xen_nodes_dispose(&nodes);
    slip__guest_free(guest);
}

static void device_paths(void **state)
{
    const struct slip_xen_device console = {7, 0, "console", "console"};
    const struct slip_xen_device disk = {7, 51712, "vbd", "qdisk"};
    char path[SLIP_XEN_PATH_BYTES];

    (void)state;
    slip__xen_device_front(&console, path);
    assert_string_equal(path, "/local/domain/7/console");
    slip__xen_device_front(&disk, path);
    assert_string_equal(path, "/local/domain/7/device/vbd/51712");
    slip__xen_device_back(&disk, path);
    assert_string_equal(path, "/local/domain/0/backend/qdisk/7/51712");
    slip__xen_device_libxl(&disk, path);
    assert_string_equal(path, "/libxl/7/device/vbd/51712");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vdevs),           cmocka_unit_test(script_paths),
        cmocka_unit_test(userdata),        cmocka_unit_test(userdata_changes),
        cmocka_unit_test(interface_names), cmocka_unit_test(long_targets),
        cmocka_unit_test(device_paths),
    };

    return cmocka_run_group_tests_name("xendevices", tests, NULL, NULL);
}
