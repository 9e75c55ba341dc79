/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The QMP conversation against a scripted peer: what it says is put into the other end of a socket pair. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/qemu/limits.h"
#include "engine/qemu/qmp.h"

#define GREETING  "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n"
#define SHORT_MS  50
#define PLENTY_MS 10000

static const char *const events[] = {"A", "B", "C", "SPLIT", "TWO", "FAR", "LAST", "E", NULL};

struct talk {
    int peer, ours;
    struct slip_qmp qmp;
};

static int setup(void **state)
{
    struct talk *t = calloc(1, sizeof(*t));
    int pair[2], size = 1 << 20;

    if (!t || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return -1;
    t->peer = pair[0];
    t->ours = pair[1];
    setsockopt(t->peer, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    slip__qmp_init(&t->qmp, t->ours, events);
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    struct talk *t = *state;

    slip__qmp_dispose(&t->qmp);
    if (t->peer >= 0)
        close(t->peer);
    close(t->ours);
    free(t);
    return 0;
}

static void say(struct talk *t, const char *text)
{
    assert_int_equal(write(t->peer, text, strlen(text)), strlen(text));
}

static void hang_up(struct talk *t)
{
    close(t->peer);
    t->peer = -1;
}

/* The next message is an event of this name. */
static void expect_event(struct talk *t, const char *name)
{
    json_t *message = NULL;

    assert_int_equal(slip__qmp_next(&t->qmp, &message, NULL), 1);
    assert_string_equal(json_string_value(json_object_get(message, "event")), name);
    json_decref(message);
}

static void expect_nothing(struct talk *t)
{
    json_t *message = NULL;

    assert_int_equal(slip__qmp_next(&t->qmp, &message, NULL), 0);
    assert_null(message);
}

static void opens(void **state)
{
    struct talk *t = *state;
    char heard[256] = "";

    say(t, GREETING "{\"return\": {}, \"id\": 1}\r\n");
    assert_int_equal(slip__qmp_open(&t->qmp, PLENTY_MS, NULL), 0);
    assert_true(read(t->peer, heard, sizeof(heard) - 1) > 0);
    assert_string_equal(heard, "{\"execute\": \"qmp_capabilities\", \"id\": 1}\n");
}

static void no_greeting(void **state)
{
    struct talk *t = *state;
    struct slip_error *err = NULL;

    say(t, "{\"event\": \"A\"}\n");
    assert_int_equal(slip__qmp_open(&t->qmp, PLENTY_MS, &err), SLIP_EENGINE);
    assert_string_equal(slip_error_message(err), "QEMU's first message is no QMP greeting");
    slip_error_free(err);
}

/* Events before a reply are not lost, and keep their order with those after it. */
static void event_before_reply(void **state)
{
    struct talk *t = *state;
    json_t *value = NULL;

    say(t, "{\"event\": \"A\"}\n{\"return\": 7, \"id\": 99}\n{\"event\": \"B\"}\n"
           "{\"return\": {\"x\": 5}, \"id\": 1}\n{\"event\": \"C\"}\n");
    assert_int_equal(slip__qmp_call(&t->qmp, "query-x", &value, PLENTY_MS, NULL), 0);
    assert_int_equal(json_integer_value(json_object_get(value, "x")), 5);
    json_decref(value);
    expect_event(t, "A");
    assert_int_equal(slip__qmp_next(&t->qmp, &value, NULL), 1); /* the other's reply */
    assert_int_equal(json_integer_value(json_object_get(value, "id")), 99);
    json_decref(value);
    expect_event(t, "B");
    expect_event(t, "C");
    expect_nothing(t);
}

static void split_lines(void **state)
{
    struct talk *t = *state;
    const char *text = "{\"event\": \"SPLIT\"}\n";

    for (size_t i = 0; i + 1 < strlen(text); i++) {
        assert_int_equal(write(t->peer, text + i, 1), 1);
        expect_nothing(t);
    }
    say(t, "\n{\"event\"");
    expect_event(t, "SPLIT");
    expect_nothing(t);
    say(t, ":\"TWO\"}\n");
    expect_event(t, "TWO");
    assert_false(t->qmp.eof);
}

static void refusal(void **state)
{
    struct talk *t = *state;
    struct slip_error *err = NULL;

    say(t, "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no such thing\"}, \"id\": 1}\n");
    assert_int_equal(slip__qmp_call(&t->qmp, "cont", NULL, PLENTY_MS, &err), SLIP_EENGINE);
    assert_string_equal(slip_error_message(err), "QEMU refused 'cont': no such thing");
    slip_error_free(err);
    say(t, "{\"id\": 2}\n");
    assert_int_equal(slip__qmp_call(&t->qmp, "cont", NULL, PLENTY_MS, NULL), SLIP_EENGINE);
}

static void garbage(void **state)
{
    static const char *const lines[] = {"hello\n",  "[1, 2]\n", "{\"a\": 1, \"a\": 2}\n",
                                        "{\"a\"\n", "\n",       "{} {}\n",
                                        "7\n",      "\xff\n"};
    struct talk *t = *state;

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct slip_error *err = NULL;
        json_t *message = NULL;

        say(t, lines[i]);
        assert_int_equal(slip__qmp_next(&t->qmp, &message, &err), SLIP_EENGINE);
        assert_non_null(strstr(slip_error_message(err), "no QMP message"));
        assert_null(message);
        slip_error_free(err);
    }
}

/* A line may be long, but not longer than the limit; and long ones come in pieces. */
static void huge_line(void **state)
{
    struct talk *t = *state;
    struct slip_error *err = NULL;
    static char chunk[4096];
    json_t *message = NULL;
    int rc = 0;

    memset(chunk, ' ', sizeof(chunk));
    for (unsigned sent = 0; sent + 2 * sizeof(chunk) < SLIP_LIMIT_QMP_BYTES;
         sent += sizeof(chunk)) {
        assert_int_equal(write(t->peer, chunk, sizeof(chunk)), sizeof(chunk));
        expect_nothing(t);
    }
    say(t, "{\"event\": \"FAR\"}\n");
    expect_event(t, "FAR");
    for (unsigned sent = 0; rc == 0 && sent <= 2 * SLIP_LIMIT_QMP_BYTES; sent += sizeof(chunk)) {
        assert_int_equal(write(t->peer, chunk, sizeof(chunk)), sizeof(chunk));
        rc = slip__qmp_next(&t->qmp, &message, &err);
    }
    assert_int_equal(rc, SLIP_EENGINE);
    assert_string_equal(slip_error_message(err),
                        "QEMU sent a QMP message of more than 262144 bytes");
    slip_error_free(err);
}

static void end_in_the_middle(void **state)
{
    struct talk *t = *state;
    struct slip_error *err = NULL;

    say(t, "{\"event\": \"LAST\"}\n{\"event\": \"HAL");
    hang_up(t);
    expect_event(t, "LAST"); /* what was complete still counts */
    assert_int_equal(slip__qmp_call(&t->qmp, "stop", NULL, PLENTY_MS, &err), SLIP_EENGINE);
    slip_error_free(err);
    expect_nothing(t);
    assert_true(t->qmp.eof);
}

static void hangs_up_before_reply(void **state)
{
    struct talk *t = *state;
    struct slip_error *err = NULL;

    say(t, GREETING);
    shutdown(t->peer, SHUT_WR);
    assert_int_equal(slip__qmp_open(&t->qmp, PLENTY_MS, &err), SLIP_EENGINE);
    assert_string_equal(slip_error_message(err),
                        "QEMU hung up where qmp_capabilities was expected");
    assert_true(t->qmp.eof);
    slip_error_free(err);
}

static void silence(void **state)
{
    struct talk *t = *state;
    struct slip_error *err = NULL;

    assert_int_equal(slip__qmp_call(&t->qmp, "cont", NULL, SHORT_MS, &err), SLIP_EENGINE);
    assert_string_equal(slip_error_message(err), "QEMU did not answer in time: no cont");
    slip_error_free(err);
}

static void floods(void **state)
{
    struct talk *t = *state;
    struct slip_error *err = NULL;

    for (unsigned i = 0; i <= SLIP_QMP_BACKLOG; i++)
        say(t, "{\"event\": \"E\"}\n");
    say(t, "{\"return\": {}, \"id\": 1}\n");
    assert_int_equal(slip__qmp_call(&t->qmp, "cont", NULL, PLENTY_MS, &err), SLIP_EENGINE);
    assert_non_null(strstr(slip_error_message(err), "more than 256 messages"));
    slip_error_free(err);
}

/* What a guest makes by itself without end: it neither takes room nor keeps us from the rest. */
static void passes_over(void **state)
{
    struct talk *t = *state;
    json_t *message = NULL;
    unsigned looks = 0;
    int rc;

    for (unsigned i = 0; i < 2 * SLIP_QMP_BACKLOG; i++)
        say(t, "{\"event\": \"NOISE\"}\n");
    say(t, "{\"event\": \"A\"}\n{\"return\": {}, \"id\": 1}\n{\"event\": \"B\"}\n");
    assert_int_equal(slip__qmp_call(&t->qmp, "cont", NULL, PLENTY_MS, NULL), 0);
    assert_true(t->qmp.more);
    expect_event(t, "A");
    expect_event(t, "B");
    expect_nothing(t);
    assert_false(t->qmp.more);
    for (unsigned i = 0; i < 1000; i++)
        say(t, "{\"event\": \"NOISE\"}\n");
    say(t, "{\"event\": \"C\"}\n");
    do {
        looks++;
        rc = slip__qmp_next(&t->qmp, &message, NULL);
    } while (rc == 0 && t->qmp.more);
    assert_int_equal(rc, 1);
    assert_in_range(looks, 2, 100);
    json_decref(message);
}

/* More comes all the time, but not the reply. */
static void noise_has_a_deadline(void **state)
{
    static const char noise[] = "{\"event\": \"NOISE\"}\n";
    struct talk *t = *state;
    struct slip_error *err = NULL;
    pid_t pid = fork();

    if (pid == 0) {
        alarm(20);
        for (;;)
            (void)!write(t->peer, noise, sizeof(noise) - 1);
    }
    assert_int_equal(slip__qmp_call(&t->qmp, "cont", NULL, SHORT_MS, &err), SLIP_EENGINE);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_string_equal(slip_error_message(err), "QEMU did not answer in time: no cont");
    slip_error_free(err);
}

static void stops_listening(void **state)
{
    struct talk *t = *state;
    struct slip_error *err = NULL;
    uint64_t id;
    int rc = 0;

    for (unsigned i = 0; rc == 0 && i < 1u << 20; i++)
        rc = slip__qmp_send(&t->qmp, "stop", &id, &err);
    assert_true(rc < 0); /* and did not block */
    slip_error_free(err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(opens, setup, teardown),
        cmocka_unit_test_setup_teardown(no_greeting, setup, teardown),
        cmocka_unit_test_setup_teardown(event_before_reply, setup, teardown),
        cmocka_unit_test_setup_teardown(split_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(refusal, setup, teardown),
        cmocka_unit_test_setup_teardown(garbage, setup, teardown),
        cmocka_unit_test_setup_teardown(huge_line, setup, teardown),
        cmocka_unit_test_setup_teardown(end_in_the_middle, setup, teardown),
        cmocka_unit_test_setup_teardown(hangs_up_before_reply, setup, teardown),
        cmocka_unit_test_setup_teardown(silence, setup, teardown),
        cmocka_unit_test_setup_teardown(floods, setup, teardown),
        cmocka_unit_test_setup_teardown(passes_over, setup, teardown),
        cmocka_unit_test_setup_teardown(noise_has_a_deadline, setup, teardown),
        cmocka_unit_test_setup_teardown(stops_listening, setup, teardown),
    };

    return cmocka_run_group_tests_name("qmp", tests, NULL, NULL);
}
