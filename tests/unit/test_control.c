/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is at the other end of a supervisor's connections: owners, rivals, the slow, the dead and the nonsensical. The engine is
 * played by hand (life_stage.h). */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "life/client.h"
#include "life/limits.h"

#include "life_stage.h"

static void a_name_is_taken_once(void **state)
{
    struct stage *st = *state;
    struct slip_client client, other;
    struct slip_error *err = NULL;
    struct boot boot = stage_start(st, true, false, &client);

    assert_int_equal(stage_spawn(st, true, false, &other, &err), SLIP_EEXIST);
    assert_int_equal(slip_error_code(err), SLIP_CODE_NAME_TAKEN);
    slip_error_free(err);
    assert_int_equal(stage_info_of(&client).state, SLIP_STATE_RUNNING);
    slip__client_dispose(&client);
    stage_assert_over(&boot);
}

static void an_owner_who_goes_takes_it_along(void **state)
{
    struct stage *st = *state;
    struct slip_client client, watcher;
    struct boot boot = stage_start(st, true, false, &client);

    watcher = stage_reopen(st);
    slip__client_dispose(&client);
    stage_assert_over(&boot);
    stage_assert_end(&watcher, SLIP_END_DESTROYED);
    assert_int_equal(stage_count_entries(st->state), 0);
    slip__client_dispose(&watcher);
}

static void an_owner_can_let_go(void **state)
{
    struct stage *st = *state;
    struct slip_client client;
    struct boot boot = stage_start(st, true, false, &client);

    assert_int_equal(slip__client_request(&client, "detach", NULL, NULL), 0);
    slip__client_dispose(&client);
    client = stage_reopen(st);
    assert_int_equal(stage_info_of(&client).state, SLIP_STATE_RUNNING);
    assert_int_equal(slip__client_request(&client, "destroy", NULL, NULL), 0);
    stage_assert_over(&boot);
    slip__client_dispose(&client);
}

static void a_creator_killed_in_between_leaves_nothing(void **state)
{
    struct stage *st = *state;
    struct slip_client client;
    struct boot boot;
    char call;
    pid_t creator = fork();

    if (creator == 0) {
        close(st->listen_fd);
        _exit(stage_spawn(st, false, false, &client, NULL) < 0);
    }
    boot.fd = accept4(st->listen_fd, NULL, NULL, SOCK_CLOEXEC);
    boot.serial = accept4(st->listen_fd, NULL, NULL, SOCK_CLOEXEC);
    assert_int_equal(read(boot.fd, &call, 1), 1);
    kill(creator, SIGKILL);
    waitpid(creator, NULL, 0);
    stage_happens(&boot, 'g'); /* only now does the engine start */
    stage_assert_over(&boot);
    assert_int_equal(stage_wait_for_all(), 0);
    assert_int_equal(stage_count_entries(st->state), 0);
    boot = stage_start(st, true, false, &client);
    slip__client_dispose(&client);
    stage_assert_over(&boot);
}

static void a_killed_supervisor_leaves_nothing(void **state)
{
    struct stage *st = *state;
    struct slip_client client;
    struct boot boot;

    for (unsigned i = 0; i < 10; i++) {
        boot = stage_start(st, i % 2, false, &client);
        kill(stage_info_of(&client).supervisor_pid, SIGKILL);
        stage_assert_over(&boot);
        stage_assert_end(&client, SLIP_END_FAILED);
        assert_int_equal(slip_error_code(client.ending.err), SLIP_CODE_SUPERVISOR_DIED);
        slip__client_dispose(&client);
        assert_int_equal(stage_wait_for_all(), 0); /* and then the next round takes the same name */
    }
    boot = stage_start(st, true, false, &client);
    slip__client_dispose(&client);
    stage_assert_over(&boot);
}

static void a_stopped_supervisor_holds_up_nobody(void **state)
{
    struct stage *st = *state;
    struct slip_client client, other;
    struct slip_domain_info info = {.size = sizeof(info)};
    struct boot boot = stage_start(st, false, false, &client);
    pid_t pid = stage_info_of(&client).supervisor_pid;
    int root_fd = stage_open_state(st);

    kill(pid, SIGSTOP);
    assert_int_equal(slip__client_look(root_fd, "vm", slip__now_us() + 50000, &info, NULL), 0);
    assert_string_equal(info.name, "vm");
    assert_int_equal(info.supervisor_pid, pid);
    assert_int_equal(info.state, SLIP_STATE_RUNNING);
    assert_int_equal(stage_spawn(st, false, false, &other, NULL), SLIP_EEXIST);
    kill(pid, SIGCONT);
    close(root_fd);
    assert_int_equal(slip__client_request(&client, "destroy", NULL, NULL), 0);
    stage_assert_over(&boot);
    slip__client_dispose(&client);
}

static void two_creates_at_once(void **state)
{
    struct stage *st = *state;

    for (unsigned round = 0; round < 50; round++) {
        pid_t pids[2];
        int status, codes[2], stay[2];
        struct boot boot;

        assert_int_equal(pipe2(stay, O_CLOEXEC), 0);
        for (unsigned i = 0; i < 2; i++) {
            pids[i] = fork();
            if (pids[i] == 0) {
                struct slip_client client;
                int rc = stage_spawn(st, true, false, &client, NULL);
                char byte;

                close(stay[1]);
                if (rc == 0)
                    (void)!read(stay[0], &byte, 1); /* till the other has lost */
                _exit(rc == 0 ? 0 : rc == SLIP_EEXIST ? 1 : 2);
            }
        }
        boot = stage_accept_boot(st, 's', 'g');
        /* The loser is the one that ends first. */
        pid_t first = waitpid(-1, &status, 0);
        codes[0] = WEXITSTATUS(status);
        close(stay[0]);
        close(stay[1]);
        waitpid(first == pids[0] ? pids[1] : pids[0], &status, 0);
        codes[1] = WEXITSTATUS(status);
        assert_int_equal(codes[0], 1);
        assert_int_equal(codes[1], 0);
        stage_assert_over(&boot); /* its owner is gone */
        assert_int_equal(stage_wait_for_all(), 0);
    }
    struct slip_client client;
    struct boot boot = stage_start(st, true, false, &client);

    slip__client_dispose(&client);
    stage_assert_over(&boot);
}

static void the_callers_descriptors_are_let_go(void **state)
{
    struct stage *st = *state;
    struct slip_client client;
    struct boot boot;
    int plain[2];
    char byte;

    prctl(PR_SET_CHILD_SUBREAPER, 0);
    assert_int_equal(pipe(plain), 0); /* inherited by what the caller starts, as a shell's are */
    boot = stage_start(st, false, false, &client);
    close(plain[1]);
    assert_int_equal(read(plain[0], &byte, 1), 0);
    close(plain[0]);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nor did it get a child to wait for */
    assert_int_equal(errno, ECHILD);
    assert_int_equal(slip__client_request(&client, "destroy", NULL, NULL), 0);
    slip__client_dispose(&client);
    stage_assert_over(&boot);
}

static void the_creators_console_misses_nothing(void **state)
{
    struct stage *st = *state;
    struct slip_client client;
    struct boot boot = stage_start(st, true, false, &client);
    pid_t supervisor = stage_info_of(&client).supervisor_pid;
    char line[101] = {0}, *printed = calloc(1, 60001);
    int console = -1;

    memset(line, 'l', 100);
    memset(printed, 'l', 60000);
    kill(supervisor, SIGSTOP);
    stage_print(&boot, printed);
    stage_happens(&boot, 'o');
    kill(supervisor, SIGCONT);
    stage_assert_over(&boot);
    stage_assert_end(&client, SLIP_END_POWEROFF);
    assert_int_equal(slip__client_console(&client, &console, NULL), 0);
    for (unsigned i = 0; i < 600; i++)
        stage_assert_console(console, line);
    assert_int_equal(read(console, (char[1]){0}, 1), 0);
    free(printed);
    close(console);
    slip__client_dispose(&client);
}

static void consoles_have_a_limit(void **state)
{
    struct stage *st = *state;
    struct slip_client client;
    struct slip_error *err = NULL;
    struct boot boot = stage_start(st, true, false, &client);
    int consoles[SLIP_LIMIT_CLIENTS], extra = -1;

    stage_print(&boot, "x");
    for (unsigned i = 0; i < SLIP_LIMIT_CLIENTS; i++) {
        assert_int_equal(slip__client_console(&client, &consoles[i], NULL), 0);
        stage_assert_console(consoles[i], "x");
    }
    assert_int_equal(slip__client_console(&client, &extra, &err), SLIP_ESTATE);
    assert_int_equal(slip_error_code(err), SLIP_CODE_TOO_MANY_CONSOLES);
    slip_error_free(err);
    for (unsigned i = 0; i < SLIP_LIMIT_CLIENTS; i++)
        close(consoles[i]);
    slip__client_dispose(&client);
    stage_assert_over(&boot);
}

static void nonsense_is_survived(void **state)
{
    static const char *const lines[] = {
        "\n",
        "nonsense\n",
        "{\"version\":1}\n",
        "{\"version\":1,\"request\":5}\n",
        "{\"version\":1,\"request\":\"selfdestruct\"}\n",
        "{\"version\":3,\"request\":\"destroy\"}\n",
        "{\"version\":1,\"request\":\"des",
        "\0\0\0\n",
    };
    struct stage *st = *state;
    struct slip_client client;
    struct boot boot = stage_start(st, false, false, &client);
    char *flood = malloc(3 * SLIP_LIMIT_MESSAGE_BYTES);

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct slip_client other = stage_reopen(st);
        json_t *reply = NULL;

        assert_int_equal(slip__write_all(other.fd, lines[i], strlen(lines[i])), 0);
        if (strchr(lines[i], '\n')) {
            assert_int_equal(
                slip__message_receive(other.fd, slip__now_us() + 20000000, &reply, NULL), 0);
            assert_int_equal(slip__message_result(reply, NULL), SLIP_EINVAL);
            json_decref(reply);
        }
        slip__client_dispose(&other);
    }
    memset(flood, '[', 3 * SLIP_LIMIT_MESSAGE_BYTES);
    for (unsigned i = 0; i < 3; i++) {
        struct slip_client other = stage_reopen(st);

        json_t *reply = NULL;

        fcntl(other.fd, F_SETFL, 0); /* send() waits for room */
        send(other.fd, flood, 3 * SLIP_LIMIT_MESSAGE_BYTES, MSG_NOSIGNAL);
        assert_int_equal(slip__message_receive(other.fd, slip__now_us() + 20000000, &reply, NULL),
                         0);
        assert_int_equal(slip__message_result(reply, NULL), SLIP_EINVAL);
        json_decref(reply);
        slip__client_dispose(&other);
    }
    free(flood);
    assert_int_equal(stage_info_of(&client).state, SLIP_STATE_RUNNING);
    assert_int_equal(slip__client_request(&client, "destroy", NULL, NULL), 0);
    slip__client_dispose(&client);
    stage_assert_over(&boot);
}

static void those_who_do_not_read_are_waited_for_by_nobody(void **state)
{
    struct stage *st = *state;
    struct slip_client client, deaf;
    struct boot boot = stage_start(st, false, false, &client);
    static const char request[] = "{\"version\":1,\"request\":\"info\"}\n";
    unsigned sent = 0;

    deaf = stage_reopen(st);
    while (sent < 100000 &&
           send(deaf.fd, request, strlen(request), MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
        sent++;
    assert_in_range(sent, 10, 99999); /* it stopped taking them */
    assert_int_equal(stage_info_of(&client).state, SLIP_STATE_RUNNING);
    slip__client_dispose(&deaf);
    assert_int_equal(slip__client_request(&client, "destroy", NULL, NULL), 0);
    slip__client_dispose(&client);
    stage_assert_over(&boot);
}

/* Reads until the creator is told that its guest runs. */
static void await_ok(int fd)
{
    static const char ok[] = "{\"version\":1,\"ok\":true}\n";
    size_t matched = 0;
    char c;

    while (matched < sizeof(ok) - 1) {
        assert_int_equal(read(fd, &c, 1), 1);
        matched = c == ok[matched] ? matched + 1 : c == ok[0];
    }
}

/* Somebody stops his `create` (Ctrl-Z), and the connection is full: the guest is built, runs and obeys all the same. */
static void a_creator_who_is_stopped_holds_up_nobody(void **state)
{
    struct stage *st = *state;
    int root_fd = stage_open_state(st), owner[2], console[2], rc;
    struct slip_client client = SLIP_CLIENT_INIT;
    struct boot boot;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, owner), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, console), 0);
    while (send(owner[1], "x", 1, MSG_DONTWAIT) == 1)
        ;
    if (fork() == 0) {
        close(owner[0]);
        close(console[0]);
        stage_supervise(st, root_fd, owner[1], console[1]);
        _exit(0);
    }
    close(owner[1]);
    close(console[1]);
    boot = stage_accept_boot(st, 's', 'g');
    do
        rc = slip__client_open(root_fd, "vm", &client, NULL);
    while (rc == SLIP_ESTATE); /* it does not listen yet */
    assert_int_equal(rc, 0);
    assert_int_equal(stage_info_of(&client).state, SLIP_STATE_RUNNING);
    await_ok(owner[0]);
    close(owner[0]); /* an owner still: the domain goes with him */
    stage_assert_end(&client, SLIP_END_DESTROYED);
    stage_assert_over(&boot);
    slip__client_dispose(&client);
    close(console[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_STAGE(a_name_is_taken_once),
        ON_STAGE(an_owner_who_goes_takes_it_along),
        ON_STAGE(an_owner_can_let_go),
        ON_STAGE(a_creator_killed_in_between_leaves_nothing),
        ON_STAGE(a_killed_supervisor_leaves_nothing),
        ON_STAGE(a_stopped_supervisor_holds_up_nobody),
        ON_STAGE(two_creates_at_once),
        ON_STAGE(the_callers_descriptors_are_let_go),
        ON_STAGE(the_creators_console_misses_nothing),
        ON_STAGE(consoles_have_a_limit),
        ON_STAGE(nonsense_is_survived),
        ON_STAGE(those_who_do_not_read_are_waited_for_by_nobody),
        ON_STAGE(a_creator_who_is_stopped_holds_up_nobody),
    };

    return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
