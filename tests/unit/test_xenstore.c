/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The xen engine's protocol with XenStore against daemons played by hand, of which some are hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xen/io/xs_wire.h>

#include "base/file.h"
#include "engine/xen/store.h"

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
        cmocka_unit_test(numbers),         cmocka_unit_test(transactions),
        cmocka_unit_test(refusals),        cmocka_unit_test(long_paths),
        cmocka_unit_test(values),          cmocka_unit_test(hostile_daemons),
        cmocka_unit_test(unasked_answers), cmocka_unit_test(waits_end),
        cmocka_unit_test(floods_end),      cmocka_unit_test(sent_ahead),
        cmocka_unit_test(follows),         cmocka_unit_test(no_daemon),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
