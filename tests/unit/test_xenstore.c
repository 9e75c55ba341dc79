/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The xen engine's XenStore side without a Xen: numbers of disks, libxl's JSON, and the protocol against daemons played by
 * hand, of which some are hostile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xen/io/xs_wire.h>

#include "base/file.h"
#include "engine/xen/device.h"
#include "engine/xen/hotplug.h"
#include "engine/xen/store.h"
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

static void numbers(void **state)
{
    uint64_t value = 7;

    (void)state;
    assert_true(slip__xen_store_parse_uint("0", &value) && value == 0);
    assert_true(slip__xen_store_parse_uint("18446744073709551615", &value) && value == UINT64_MAX);
    value = 7;
    assert_false(slip__xen_store_parse_uint("18446744073709551616", &value));
    assert_false(slip__xen_store_parse_uint("", &value));
    assert_false(slip__xen_store_parse_uint("-1", &value));
    assert_false(slip__xen_store_parse_uint(" 1", &value));
    assert_false(slip__xen_store_parse_uint("1x", &value));
    assert_int_equal(value, 7);
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

/* Daemons. Each test has one as a child process, with a socket whose name is in the environment. */

typedef void daemon_fn(int fd);

struct scene {
    char folder[32];
    char path[48];
    pid_t child;
    struct slip_xen_store *store;
};

static bool get(int fd, void *bytes, size_t len)
{
    return recv(fd, bytes, len, MSG_WAITALL) == (ssize_t)len;
}

/* Takes a request; ends the daemon when there is none. */
static struct xsd_sockmsg hear(int fd, char payload[XENSTORE_PAYLOAD_MAX + 1])
{
    struct xsd_sockmsg head;

    if (!get(fd, &head, sizeof(head)) || head.len > XENSTORE_PAYLOAD_MAX ||
        (head.len && !get(fd, payload, head.len)))
        _exit(0);
    payload[head.len] = '\0';
    return head;
}

static void say(int fd, struct xsd_sockmsg head, uint32_t type, const char *bytes, size_t len)
{
    head.type = type;
    head.len = (uint32_t)len;
    if (send(fd, &head, sizeof(head), MSG_NOSIGNAL) < 0 ||
        (len && send(fd, bytes, len, MSG_NOSIGNAL) < 0))
        _exit(0);
}

static void start(struct scene *scene, daemon_fn *play)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    strcpy(scene->folder, "/tmp/test-xenstore-XXXXXX");
    assert_non_null(mkdtemp(scene->folder));
    snprintf(scene->path, sizeof(scene->path), "%s/socket", scene->folder);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", scene->path);
    assert_int_equal(bind(fd, (const void *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 1), 0);
    scene->child = fork();
    assert_true(scene->child >= 0);
    if (scene->child == 0) {
        alarm(30);
        play(accept(fd, NULL, NULL));
        _exit(0);
    }
    close(fd);
    setenv("XENSTORED_PATH", scene->path, 1);
    assert_int_equal(slip__xen_store_open(&scene->store, NULL), 0);
}

static void finish(struct scene *scene)
{
    slip__xen_store_close(scene->store);
    waitpid(scene->child, NULL, 0);
    unlink(scene->path);
    rmdir(scene->folder);
    unsetenv("XENSTORED_PATH");
}

/* Counts the writes of a transaction and refuses to end it twice; the third time "/count" has what it was. Says so with
 * events in between. */
static void play_conflicts(int fd)
{
    char payload[XENSTORE_PAYLOAD_MAX + 1], text[32];
    unsigned ends = 0, writes = 0;

    for (;;) {
        struct xsd_sockmsg head = hear(fd, payload);

        say(fd, (struct xsd_sockmsg){0}, XS_WATCH_EVENT, "/event\0token", 13);
        if (head.type == XS_TRANSACTION_START) {
            writes = 0;
            say(fd, head, head.type, "42", 3);
        } else if (head.type == XS_TRANSACTION_END && head.tx_id == 42 && ++ends < 3) {
            say(fd, head, XS_ERROR, "EAGAIN", 7);
        } else if (head.type == XS_READ) {
            snprintf(text, sizeof(text), "%u", writes);
            say(fd, head, head.type, text, strlen(text));
        } else {
            writes += head.type == XS_WRITE && head.tx_id == 42;
            say(fd, head, head.type, "OK", 3);
        }
    }
}

static void transactions(void **state)
{
    struct scene scene;
    struct slip_xen_nodes nodes = {0};
    char path[SLIP_XEN_PATH_BYTES], token[SLIP_XEN_PATH_BYTES];
    uint64_t count = 0;

    (void)state;
    start(&scene, play_conflicts);
    for (unsigned i = 0; i < 1000; i++) /* more than any socket takes at once */
        slip__xen_nodes_write(&nodes, "value", "/path/%u/%0200u", i, i);
    assert_int_equal(slip__xen_store_commit(scene.store, &nodes, NULL), 0);
    assert_true(slip__xen_store_read_uint(scene.store, &count, "/count"));
    assert_int_equal(count, 1000);
    assert_true(slip__xen_store_event(scene.store, path, token));
    assert_string_equal(path, "/event");
    assert_string_equal(token, "token");
    slip__xen_nodes_dispose(&nodes);
    finish(&scene);
}

/* Refuses writes of /bad, takes the rest; committing says so. */
static void play_refusal(int fd)
{
    char payload[XENSTORE_PAYLOAD_MAX + 1];
    bool kept = false;

    for (;;) {
        struct xsd_sockmsg head = hear(fd, payload);

        if (head.type == XS_TRANSACTION_START)
            say(fd, head, head.type, "1", 2);
        else if (head.type == XS_WRITE && strcmp(payload, "/bad") == 0)
            say(fd, head, XS_ERROR, "EQUOTA", 7);
        else if (head.type == XS_TRANSACTION_END)
            kept = payload[0] == 'T', say(fd, head, head.type, "OK", 3);
        else if (head.type == XS_READ)
            say(fd, head, head.type, kept ? "kept" : "dropped", kept ? 4 : 7);
        else if (head.type == XS_RM)
            say(fd, head, XS_ERROR, "ENOENT", 7);
        else
            say(fd, head, head.type, "OK", 3);
    }
}

static void refusals(void **state)
{
    struct scene scene;
    struct slip_xen_nodes nodes = {0};
    struct slip_error *err = NULL;
    char value[16];

    (void)state;
    start(&scene, play_refusal);
    slip__xen_nodes_remove(&nodes, "/not/there");
    slip__xen_nodes_write(&nodes, "x", "/bad");
    slip__xen_nodes_write(&nodes, "x", "/good");
    assert_int_equal(slip__xen_store_commit(scene.store, &nodes, &err), SLIP_EENGINE);
    assert_int_equal(slip_error_code(err), SLIP_CODE_XENSTORE_FAILED);
    assert_non_null(strstr(slip_error_message(err), "/bad"));
    assert_non_null(strstr(slip_error_message(err), "quota"));
    slip_error_free(err);
    assert_true(slip__xen_store_read(scene.store, value, sizeof(value), "/outcome"));
    assert_string_equal(value, "dropped");
    slip__xen_nodes_dispose(&nodes);
    finish(&scene);
}

static int fill_too_long(struct slip_xen_store *store, struct slip_xen_nodes *nodes, void *payload,
                         struct slip_error **err)
{
    (void)store;
    (void)payload;
    (void)err;
    slip__xen_nodes_write(nodes, "x", "/%0300u", 1u);
    return 0;
}

/* A path that is too long is a failure of the list, not a shorter path. */
static void long_paths(void **state)
{
    struct slip_buf names = {0};
    struct scene scene;
    struct slip_xen_nodes nodes = {0};

    (void)state;
    start(&scene, play_refusal);
    slip__xen_nodes_write(&nodes, "x", "/%0300u", 1u);
    assert_int_equal(slip__xen_store_commit(scene.store, &nodes, NULL), SLIP_EENGINE);
    assert_int_equal(slip__xen_store_transact(scene.store, fill_too_long, NULL, NULL),
                     SLIP_EENGINE);
    assert_int_equal(slip__xen_store_list(scene.store, &names, "/%0300u", 1u), SLIP_EENGINE);
    slip__xen_nodes_dispose(&nodes);
    finish(&scene);
}

/* Values as guests may write them. */
static void play_values(int fd)
{
    static const struct {
        const char *path;
        const char *value;
        size_t len;
    } values[] = {{"/fits", "1234567", 7},
                  {"/long", "12345678", 8},
                  {"/nul",
                   "12\0"
                   "4",
                   4},
                  {"/empty", "", 0}};
    char payload[XENSTORE_PAYLOAD_MAX + 1];

    for (;;) {
        struct xsd_sockmsg head = hear(fd, payload);
        bool known = false;

        for (size_t i = 0; i < sizeof(values) / sizeof(values[0]) && !known; i++)
            if (head.type == XS_READ && strcmp(payload, values[i].path) == 0) {
                say(fd, head, head.type, values[i].value, values[i].len);
                known = true;
            }
        if (!known && head.type == XS_DIRECTORY && strcmp(payload, "/dir") == 0)
            say(fd, head, head.type, "a\0bc\0", 5);
        else if (!known && head.type == XS_DIRECTORY && strcmp(payload, "/unended") == 0)
            say(fd, head, head.type, "a\0bc", 4);
        else if (!known && head.type == XS_DIRECTORY && strcmp(payload, "/huge") == 0)
            say(fd, head, XS_ERROR, "E2BIG", 6);
        else if (!known && head.type == XS_DIRECTORY_PART)
            say(fd, head, head.type, strcmp(payload + 6, "0") == 0 ? "9\0one\0" : "9\0two\0\0",
                strcmp(payload + 6, "0") == 0 ? 6 : 7);
        else if (!known)
            say(fd, head, XS_ERROR, "ENOENT", 7);
    }
}

static void values(void **state)
{
    struct scene scene;
    struct slip_buf names = {0};
    const char *name;
    char value[8];

    (void)state;
    start(&scene, play_values);
    assert_true(slip__xen_store_read(scene.store, value, sizeof(value), "/fits"));
    assert_string_equal(value, "1234567");
    assert_false(slip__xen_store_read(scene.store, value, sizeof(value), "/long"));
    assert_string_equal(value, "");
    assert_false(slip__xen_store_read(scene.store, value, sizeof(value), "/nul"));
    assert_true(slip__xen_store_read(scene.store, value, sizeof(value), "/empty"));
    assert_false(slip__xen_store_read(scene.store, value, sizeof(value), "/absent"));

    assert_int_equal(slip__xen_store_list(scene.store, &names, "/dir"), 0);
    name = slip__xen_store_list_next(&names, NULL);
    assert_string_equal(name, "a");
    name = slip__xen_store_list_next(&names, name);
    assert_string_equal(name, "bc");
    assert_null(slip__xen_store_list_next(&names, name));
    slip__buf_dispose(&names);
    assert_int_equal(slip__xen_store_list(scene.store, &names, "/absent"), 0);
    assert_null(slip__xen_store_list_next(&names, NULL));
    slip__buf_dispose(&names);
    assert_true(slip__xen_store_list(scene.store, &names, "/unended") < 0);
    assert_int_equal(slip__xen_store_list(scene.store, &names, "/huge"), 0);
    name = slip__xen_store_list_next(&names, NULL);
    assert_string_equal(name, "one");
    assert_string_equal(slip__xen_store_list_next(&names, name), "two");
    slip__buf_dispose(&names);
    finish(&scene);
}

/* An answer that claims to be longer than any may be. */
static void play_too_long(int fd)
{
    char payload[XENSTORE_PAYLOAD_MAX + 1];
    struct xsd_sockmsg head = hear(fd, payload);

    head.len = UINT32_MAX;
    send(fd, &head, sizeof(head), MSG_NOSIGNAL);
    hear(fd, payload);
}

static void play_wrong_number(int fd)
{
    char payload[XENSTORE_PAYLOAD_MAX + 1];
    struct xsd_sockmsg head = hear(fd, payload);

    head.req_id += 5;
    say(fd, head, XS_READ, "x", 1);
    hear(fd, payload);
}

static void play_unasked(int fd)
{
    char payload[XENSTORE_PAYLOAD_MAX + 1];
    struct xsd_sockmsg head = hear(fd, payload);

    say(fd, head, XS_READ, "x", 1);
    head.req_id++;
    say(fd, head, XS_READ, "y", 1);
    hear(fd, payload);
}

static void play_hang_up(int fd)
{
    char payload[XENSTORE_PAYLOAD_MAX + 1];

    hear(fd, payload);
    send(fd, "\2\0\0\0", 4, MSG_NOSIGNAL); /* the beginning of a message */
}

/* Each makes the connection useless, at once and for good, and nothing worse. */
static void hostile_daemons(void **state)
{
    static daemon_fn *const plays[] = {play_too_long, play_wrong_number, play_hang_up};

    (void)state;
    for (size_t i = 0; i < sizeof(plays) / sizeof(plays[0]); i++) {
        struct slip_xen_nodes nodes = {0};
        struct slip_error *err = NULL;
        struct scene scene;
        char value[8];

        start(&scene, plays[i]);
        assert_false(slip__xen_store_read(scene.store, value, sizeof(value), "/x"));
        assert_false(slip__xen_store_read(scene.store, value, sizeof(value), "/x"));
        slip__xen_nodes_write(&nodes, "x", "/y");
        assert_int_equal(slip__xen_store_commit(scene.store, &nodes, &err), SLIP_EENGINE);
        assert_int_equal(slip_error_code(err), SLIP_CODE_XENSTORE_FAILED);
        assert_false(slip__xen_store_wait(scene.store, slip__now_us() + 50000));
        slip_error_free(err);
        slip__xen_nodes_dispose(&nodes);
        finish(&scene);
    }
}

static void unasked_answers(void **state)
{
    struct scene scene;
    char value[8];

    (void)state;
    start(&scene, play_unasked);
    slip__xen_store_read(scene.store, value, sizeof(value), "/x");
    assert_false(slip__xen_store_wait(scene.store, slip__now_us() + 200000));
    assert_false(slip__xen_store_read(scene.store, value, sizeof(value), "/x"));
    finish(&scene);
}

static void waits_end(void **state)
{
    struct scene scene;
    uint64_t before = slip__now_us();

    (void)state;
    start(&scene, play_values);
    assert_false(slip__xen_store_wait(scene.store, before + 30000));
    assert_true(slip__now_us() >= before + 30000);
    finish(&scene);
}

/* Says that something has changed, without end, as when a guest writes a node of its own all the time. */
static void play_flood(int fd)
{
    char payload[XENSTORE_PAYLOAD_MAX + 1];
    struct xsd_sockmsg head = hear(fd, payload);

    say(fd, head, head.type, "OK", 3);
    for (;;)
        say(fd, (struct xsd_sockmsg){0}, XS_WATCH_EVENT, "/state\0front", 13);
}

static void floods_end(void **state)
{
    struct scene scene;
    uint64_t deadline;
    unsigned looks = 0;

    (void)state;
    start(&scene, play_flood);
    assert_int_equal(slip__xen_store_watch(scene.store, "/state", "front", NULL), 0);
    deadline = slip__now_us() + 100000;
    while (slip__xen_store_wait(scene.store, deadline) && ++looks < 1000)
        usleep(2000); /* looking takes its time, and more events have come */
    assert_in_range(looks, 1, 999);
    assert_false(slip__xen_store_lost(scene.store));
    assert_true(slip__now_us() >= deadline);
    finish(&scene);
}

/* A list that is sent ahead: what became of it is told when it is settled, and other answers are not taken for its own. */
static void sent_ahead(void **state)
{
    struct scene scene;
    struct slip_xen_nodes nodes = {0};
    struct slip_error *err = NULL;
    char value[16];

    (void)state;
    start(&scene, play_refusal);
    slip__xen_nodes_write(&nodes, "v", "/good");
    slip__xen_nodes_write(&nodes, "v", "/bad");
    slip__xen_nodes_mkdir(&nodes, NULL, "/worse");
    assert_int_equal(slip__xen_store_send(scene.store, &nodes, NULL), 0);
    assert_null(nodes.bytes.data); /* taken */
    assert_true(slip__xen_store_read(scene.store, value, sizeof(value), "/any"));
    assert_string_equal(value, "dropped");
    assert_int_equal(slip__xen_store_settle(scene.store, &err), SLIP_EENGINE);
    assert_non_null(strstr(slip_error_message(err), "/bad"));
    slip_error_free(err);

    for (unsigned i = 0; i < 1000; i++) /* more than any socket takes at once */
        slip__xen_nodes_write(&nodes, "value", "/path/%u/%0200u", i, i);
    slip__xen_nodes_introduce(&nodes, 7, 0xfeff8, 1);
    assert_int_equal(slip__xen_store_send(scene.store, &nodes, NULL), 0);
    assert_int_equal(slip__xen_store_settle(scene.store, NULL), 0);
    assert_int_equal(slip__xen_store_settle(scene.store, NULL), 0); /* twice is fine */
    finish(&scene);
}

/* Answers nothing before it has heard of "/last", and then all of it at once: "/bad" is refused. */
static void play_patience(int fd)
{
    static struct xsd_sockmsg heads[64];
    static char paths[64][32];
    char payload[XENSTORE_PAYLOAD_MAX + 1], all[4096];

    for (;;) {
        size_t len = 0, n = 0;

        do {
            heads[n] = hear(fd, payload);
            snprintf(paths[n], sizeof(paths[n]), "%.31s", payload);
        } while (strcmp(paths[n++], "/last") != 0 && n < 64);
        for (size_t i = 0; i < n; i++) {
            bool bad = strcmp(paths[i], "/bad") == 0;
            const char *words = bad ? "EACCES" : heads[i].type == XS_READ ? "value" : "OK";

            heads[i].type = bad ? XS_ERROR : heads[i].type;
            heads[i].len = (uint32_t)strlen(words) + (heads[i].type != XS_READ);
            memcpy(all + len, &heads[i], sizeof(heads[i]));
            memcpy(all + len + sizeof(heads[i]), words, heads[i].len);
            len += sizeof(heads[i]) + heads[i].len;
        }
        if (send(fd, all, len, MSG_NOSIGNAL) < 0)
            _exit(0);
    }
}

/* What follows a list that was sent ahead goes behind it at once, and each gets its own answers, though they come together. */
static void follows(void **state)
{
    struct scene scene;
    struct slip_xen_nodes ahead = {0}, nodes = {0};
    struct slip_error *err = NULL;
    char value[16];

    (void)state;
    start(&scene, play_patience);
    slip__xen_nodes_write(&ahead, "v", "/bad");
    slip__xen_nodes_write(&ahead, "v", "/good");
    assert_int_equal(slip__xen_store_send(scene.store, &ahead, NULL), 0);
    slip__xen_nodes_write(&nodes, "v", "/good");
    slip__xen_nodes_write(&nodes, "v", "/last");
    assert_int_equal(slip__xen_store_apply(scene.store, &nodes, NULL), 0);
    assert_int_equal(slip__xen_store_settle(scene.store, &err), SLIP_EPERM);
    assert_non_null(strstr(slip_error_message(err), "/bad"));
    slip_error_free(err);
    err = NULL;
    slip__xen_nodes_dispose(&nodes);

    /* The other way round. */
    slip__xen_nodes_write(&ahead, "v", "/good");
    assert_int_equal(slip__xen_store_send(scene.store, &ahead, NULL), 0);
    slip__xen_nodes_write(&nodes, "v", "/bad");
    slip__xen_nodes_write(&nodes, "v", "/last");
    assert_int_equal(slip__xen_store_apply(scene.store, &nodes, &err), SLIP_EPERM);
    slip_error_free(err);
    assert_int_equal(slip__xen_store_settle(scene.store, NULL), 0);
    slip__xen_nodes_dispose(&nodes);

    slip__xen_nodes_write(&ahead, "v", "/good");
    assert_int_equal(slip__xen_store_send(scene.store, &ahead, NULL), 0);
    assert_true(slip__xen_store_read(scene.store, value, sizeof(value), "/last"));
    assert_string_equal(value, "value");
    assert_int_equal(slip__xen_store_settle(scene.store, NULL), 0);
    finish(&scene);
}

static void no_daemon(void **state)
{
    struct slip_xen_store *store = NULL;
    struct slip_error *err = NULL;

    (void)state;
    setenv("XENSTORED_PATH", "/nonexistent/socket", 1);
    if (access("/dev/xen/xenbus", F_OK) == 0)
        skip();
    assert_int_equal(slip__xen_store_open(&store, &err), 0); /* nothing is asked yet */
    assert_int_equal(slip__xen_store_watch(store, "/x", "x", &err), SLIP_EENGINE);
    assert_non_null(slip_error_hint(err));
    slip_error_free(err);
    assert_true(slip__xen_store_lost(store));
    slip__xen_store_close(store);
    unsetenv("XENSTORED_PATH");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vdevs),
        cmocka_unit_test(numbers),
        cmocka_unit_test(script_paths),
        cmocka_unit_test(userdata),
        cmocka_unit_test(userdata_changes),
        cmocka_unit_test(interface_names),
        cmocka_unit_test(long_targets),
        cmocka_unit_test(device_paths),
        cmocka_unit_test(transactions),
        cmocka_unit_test(refusals),
        cmocka_unit_test(long_paths),
        cmocka_unit_test(values),
        cmocka_unit_test(hostile_daemons),
        cmocka_unit_test(unasked_answers),
        cmocka_unit_test(waits_end),
        cmocka_unit_test(floods_end),
        cmocka_unit_test(sent_ahead),
        cmocka_unit_test(follows),
        cmocka_unit_test(no_daemon),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
