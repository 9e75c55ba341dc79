/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages between commands and supervisors: each kind there and back, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/file.h"
#include "life/limits.h"
#include "life/protocol.h"

struct pair {
    int fds[2];
};

static int set_up(void **state)
{
    struct pair *pair = calloc(1, sizeof(*pair));

    *state = pair;
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair->fds);
}

static int tear_down(void **state)
{
    struct pair *pair = *state;

    close(pair->fds[0]);
    close(pair->fds[1]);
    free(pair);
    return 0;
}

static uint64_t soon(void)
{
    return slip__now_us() + 20000000;
}

/* Sends and receives; NULL is a failure of the test. */
static json_t *through(const struct pair *pair, json_t *message)
{
    json_t *got = NULL;

    assert_non_null(message);
    assert_int_equal(slip__message_send(pair->fds[0], message, soon(), NULL), 0);
    assert_int_equal(slip__message_receive(pair->fds[1], soon(), &got, NULL), 0);
    assert_non_null(got);
    return got;
}

static void an_error_survives(void **state)
{
    struct slip_error *sent = NULL, *got = NULL;
    json_t *reply;

    slip__error_code(&sent, SLIP_EIMAGE, SLIP_CODE_OUTSIDE_RAM, "kernel '/a\"b\\\n': needs %d", 7);
    slip__error_hint(&sent, "give it more");
    reply = through(*state, slip__message_error(sent));
    assert_int_equal(slip__message_result(reply, &got), SLIP_EIMAGE);
    assert_string_equal(slip_error_message(got), slip_error_message(sent));
    assert_string_equal(slip_error_hint(got), "give it more");
    assert_int_equal(slip_error_code(got), SLIP_CODE_OUTSIDE_RAM);
    json_decref(reply);
    slip_error_free(sent);
    slip_error_free(got);
}

static void a_name_that_is_no_utf8_survives(void **state)
{
    struct slip_error *sent = NULL, *got = NULL;
    json_t *reply;

    slip__error(&sent, SLIP_ENOENT, "no kernel '/boot/\xff\xfe'");
    reply = through(*state, slip__message_error(sent));
    assert_int_equal(slip__message_result(reply, &got), SLIP_ENOENT);
    assert_string_equal(slip_error_message(got), "no kernel '/boot/?\?'");
    assert_null(slip_error_hint(got));
    json_decref(reply);
    slip_error_free(sent);
    slip_error_free(got);
}

static void info_survives(void **state)
{
    struct slip_domain_info sent = {.size = sizeof(sent),
                                    .name = "a",
                                    .uuid = "u",
                                    .engine = "null",
                                    .type = "pvh",
                                    .state = SLIP_STATE_PAUSED,
                                    .supervisor_pid = 4711,
                                    .memory_bytes = 6ull << 30,
                                    .vcpus = 16,
                                    .uptime_us = 123456789012,
                                    .boots = 3};
    struct slip_domain_info got = {.size = sizeof(got)};
    json_t *message = through(*state, slip__info_to_json(&sent));

    slip__info_from_json(message, &got);
    assert_string_equal(got.name, sent.name);
    assert_string_equal(got.uuid, sent.uuid);
    assert_string_equal(got.engine, sent.engine);
    assert_string_equal(got.type, sent.type);
    assert_int_equal(got.size, sizeof(got));
    assert_int_equal(got.state, sent.state);
    assert_int_equal(got.supervisor_pid, sent.supervisor_pid);
    assert_int_equal(got.memory_bytes, sent.memory_bytes);
    assert_int_equal(got.vcpus, sent.vcpus);
    assert_int_equal(got.uptime_us, sent.uptime_us);
    assert_int_equal(got.boots, sent.boots);
    json_decref(message);
}

static void the_end_survives(void **state)
{
    struct slip_ending sent = {
        .end = SLIP_END_FAILED, .reason = strdup("the engine failed"), .timing = {1, 2, 3, 4}};
    struct slip_ending got;
    json_t *message;

    slip__error(&sent.err, SLIP_EENGINE, "it is gone");
    message = through(*state, slip__message_end(&sent));
    slip__ending_from_json(message, &got);
    assert_int_equal(got.end, SLIP_END_FAILED);
    assert_string_equal(got.reason, "the engine failed");
    assert_memory_equal(&got.timing, &sent.timing, sizeof(got.timing));
    assert_int_equal(slip_error_rc(got.err), SLIP_EENGINE);
    json_decref(message);
    slip__ending_dispose(&sent);
    slip__ending_dispose(&got);
}

static void what_follows_a_line_is_left(void **state)
{
    const struct pair *pair = *state;
    json_t *message = NULL;
    char rest[16] = {0};

    assert_int_equal(slip__message_send(pair->fds[0], slip__message_ok(), soon(), NULL), 0);
    assert_int_equal(slip__write_all(pair->fds[0], "raw bytes", 9), 0);
    assert_int_equal(slip__message_receive(pair->fds[1], soon(), &message, NULL), 0);
    assert_int_equal(read(pair->fds[1], rest, sizeof(rest)), 9);
    assert_string_equal(rest, "raw bytes");
    json_decref(message);
}

static void the_other_side_closed(void **state)
{
    struct pair *pair = *state;
    json_t *message = (json_t *)state;

    assert_int_equal(slip__write_all(pair->fds[0], "{\"version\":1", 12), 0); /* half a line */
    close(pair->fds[0]);
    pair->fds[0] = -1;
    assert_int_equal(slip__message_receive(pair->fds[1], soon(), &message, NULL), 0);
    assert_null(message);
}

static void silence_has_an_end(void **state)
{
    const struct pair *pair = *state;
    struct slip_error *err = NULL;
    json_t *message = NULL;

    assert_int_equal(slip__write_all(pair->fds[0], "{", 1), 0);
    assert_int_equal(slip__message_receive(pair->fds[1], slip__now_us(), &message, &err), SLIP_EIO);
    assert_int_equal(slip_error_code(err), SLIP_CODE_NO_ANSWER);
    slip_error_free(err);
}

static void a_line_without_end_is_refused(void **state)
{
    const struct pair *pair = *state;
    struct slip_error *err = NULL;
    json_t *message = NULL;
    pid_t pid = fork();

    if (pid == 0) {
        char chunk[1024];

        memset(chunk, ' ', sizeof(chunk));
        for (unsigned i = 0; i < 2 * SLIP_LIMIT_MESSAGE_BYTES / sizeof(chunk); i++)
            send(pair->fds[0], chunk, sizeof(chunk), MSG_NOSIGNAL | MSG_DONTWAIT);
        _exit(0);
    }
    assert_int_equal(slip__message_receive(pair->fds[1], soon(), &message, &err), SLIP_EIO);
    assert_int_equal(slip_error_code(err), SLIP_CODE_BAD_MESSAGE);
    slip_error_free(err);
}

static void what_is_no_message_is_refused(void **state)
{
    static const char *const lines[] = {
        "",
        "null",
        "[1]",
        "\"text\"",
        "{",
        "{}",
        "{\"version\":\"1\"}",
        "{\"version\":2,\"request\":\"info\"}",
        "{\"version\":1,\"version\":1}",
        "{\"version\":1,\"request\":\"\xff\"}",
        "{\"version\":99999999999999999999999999}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct slip_error *err = NULL;
        json_t *message = NULL;

        assert_int_equal(slip__message_parse(lines[i], strlen(lines[i]), &message, &err),
                         SLIP_EINVAL);
        assert_int_equal(slip_error_code(err), SLIP_CODE_BAD_MESSAGE);
        assert_null(message);
        slip_error_free(err);
    }
}

/* Nested as deep as a message can be: refused, not a stack that runs out. */
static void deep_nesting_is_refused(void **state)
{
    struct slip_error *err = NULL;
    json_t *message = NULL;
    char *line = malloc(SLIP_LIMIT_MESSAGE_BYTES);

    (void)state;
    memset(line, '[', SLIP_LIMIT_MESSAGE_BYTES);
    assert_int_equal(slip__message_parse(line, SLIP_LIMIT_MESSAGE_BYTES, &message, &err),
                     SLIP_EINVAL);
    slip_error_free(err);
    free(line);
}

static void odd_replies_are_errors(void **state)
{
    static const char *const lines[] = {
        "{\"version\":1}",
        "{\"version\":1,\"ok\":1}",
        "{\"version\":1,\"ok\":false}",
        "{\"version\":1,\"ok\":false,\"error\":\"text\"}",
        "{\"version\":1,\"ok\":false,\"error\":{\"rc\":0,\"message\":5}}",
        "{\"version\":1,\"ok\":false,\"error\":{\"rc\":-99}}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct slip_error *err = NULL;
        json_t *message = NULL;

        assert_int_equal(slip__message_parse(lines[i], strlen(lines[i]), &message, NULL), 0);
        assert_int_equal(slip__message_result(message, &err), SLIP_EINTERNAL);
        json_decref(message);
        slip_error_free(err);
    }
}

#define ON_A_PAIR(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_PAIR(an_error_survives),
        ON_A_PAIR(a_name_that_is_no_utf8_survives),
        ON_A_PAIR(info_survives),
        ON_A_PAIR(the_end_survives),
        ON_A_PAIR(what_follows_a_line_is_left),
        ON_A_PAIR(the_other_side_closed),
        ON_A_PAIR(silence_has_an_end),
        ON_A_PAIR(a_line_without_end_is_refused),
        cmocka_unit_test(what_is_no_message_is_refused),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(odd_replies_are_errors),
    };

    return cmocka_run_group_tests_name("protocol", tests, NULL, NULL);
}
