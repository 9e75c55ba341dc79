/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Supervisors: real processes on an engine that a test plays by hand. The engine's create() connects to the test's socket twice:
 * over the first connection it tells each call it gets as a letter and is told events, the second is the guest's serial port.
 * Each pair of connections is one boot; end of file is the engine's end, however it came.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/limits.h"
#include "life/client.h"
#include "life/policy.h"
#include "life/spawn.h"

/* --- the engine ------------------------------------------------------------------------------------------------- */

struct fake_run {
    struct slip_run run;
    int fd;
};

static int dial(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    return connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ? fd : -1;
}

/* Tells the test of a call; with an answer, what it is. */
static char tell(const struct slip_run *run, char call, bool wait)
{
    int fd = ((const struct fake_run *)run)->fd;
    char answer = 0;

    (void)!write(fd, &call, 1);
    if (wait)
        (void)!read(fd, &answer, 1);
    return answer;
}

static int fake_create(const struct slip_guest *guest, const char *record, struct slip_run **ret,
                       struct slip_error **err)
{
    struct fake_run *fake = calloc(1, sizeof(*fake));

    (void)record;
    fake->fd = dial(guest->kernel.value);
    fake->run.console_fd = fake->run.console_in_fd = dial(guest->kernel.value);
    if (fake->fd < 0 || fake->run.console_fd < 0) {
        free(fake);
        return slip__error(err, SLIP_EENGINE, "nobody plays the engine");
    }
    fcntl(fake->run.console_fd, F_SETFL, O_NONBLOCK);
    *ret = &fake->run;
    return 0;
}

static void fake_destroy(struct slip_run *run)
{
    close(run->console_fd);
    close(((struct fake_run *)run)->fd);
    free(run);
}

static int fake_start(struct slip_run *run, const struct slip_plan *plan, bool paused,
                      struct slip_error **err)
{
    (void)plan;
    if (tell(run, paused ? 'S' : 's', true) == 'g')
        return 0;
    slip__error_code(err, SLIP_EENGINE, SLIP_CODE_OUTSIDE_RAM, "the engine does not start");
    slip__error_hint(err, "play it better");
    return SLIP_EENGINE;
}

static int fake_pause(struct slip_run *run, struct slip_error **err)
{
    (void)err;
    tell(run, 'p', false);
    return 0;
}

static int fake_unpause(struct slip_run *run, struct slip_error **err)
{
    (void)err;
    tell(run, 'u', false);
    return 0;
}

static int fake_shutdown(struct slip_run *run, struct slip_error **err)
{
    tell(run, 'd', false);
    return ((struct fake_run *)run)->fd < 0 ? slip__error(err, SLIP_EENGINE, "no button") : 0;
}

static unsigned fake_fds(struct slip_run *run, struct pollfd ret[SLIP_ENGINE_MAX_FDS])
{
    ret[0] = (struct pollfd){.fd = ((struct fake_run *)run)->fd, .events = POLLIN};
    return 1;
}

static enum slip_event fake_dispatch(struct slip_run *run, struct slip_error **err)
{
    char event = 0;

    if (recv(((struct fake_run *)run)->fd, &event, 1, MSG_DONTWAIT) < 0)
        return SLIP_EVENT_NONE;
    switch (event) {
    case 'o':
        return SLIP_EVENT_POWEROFF;
    case 'r':
        return SLIP_EVENT_RESET;
    case 'c':
        return SLIP_EVENT_PANIC;
    default:
        slip__error(err, SLIP_EENGINE, "the engine fell over");
        return SLIP_EVENT_DIED;
    }
}

static const struct slip_engine fake_engine = {
    .name = "fake",
    .create = fake_create,
    .start = fake_start,
    .pause = fake_pause,
    .unpause = fake_unpause,
    .shutdown = fake_shutdown,
    .fds = fake_fds,
    .dispatch = fake_dispatch,
    .destroy = fake_destroy,
};

/* In place of pipeline.c: no kernel is read here. */
int slip__build_guest(const struct slip_guest *guest, const struct slip_engine *engine,
                      const char *record, bool paused, bool dry_run, slip_progress_fn *progress,
                      void *payload, struct slip_built *ret, struct slip_error **err)
{
    struct slip_built built = {.timing = {.image_us = 11, .build_us = 22, .engine_us = 33}};
    int rc = engine->create(guest, record, &built.run, err);

    (void)dry_run;
    if (rc < 0)
        return rc;
    built.run->engine = engine;
    if (progress)
        progress(SLIP_STAGE_IMAGE, 50, 100, payload);
    rc = engine->start(built.run, NULL, paused, err);
    if (rc < 0)
        slip__built_dispose(&built);
    else
        *ret = built;
    return rc;
}

void slip__built_dispose(struct slip_built *built)
{
    if (built->run)
        built->run->engine->destroy(built->run);
    *built = (struct slip_built){0};
}

/* --- the stage -------------------------------------------------------------------------------------------------- */

struct stage {
    char top[32], state[64], engine[64];
    int listen_fd; /* where engines dial in */
    struct slip_guest guest;
    unsigned progress; /* calls seen */
};

static int set_up(void **state)
{
    struct stage *st = calloc(1, sizeof(*st));
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    alarm(100); /* whoever waits for what never comes is stopped, and that is a failure */
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* supervisors come to us to be waited for */
    snprintf(st->top, sizeof(st->top), "/tmp/slipway-test-XXXXXX");
    if (!mkdtemp(st->top))
        return -1;
    snprintf(st->state, sizeof(st->state), "%s/state", st->top);
    snprintf(st->engine, sizeof(st->engine), "%s/engine", st->top);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", st->engine);
    st->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(st->listen_fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(st->listen_fd, 16) < 0)
        return -1;
    st->guest.name.value = strdup("vm");
    st->guest.kernel.value = strdup(st->engine);
    st->guest.type.value = SLIP_TYPE_PVH;
    st->guest.memory.value = 64;
    st->guest.vcpus.value = 2;
    *state = st;
    return 0;
}

static unsigned count_entries(const char *path)
{
    DIR *dir = opendir(path);
    unsigned count = 0;
    const struct dirent *entry;

    while (dir && (entry = readdir(dir)))
        count += entry->d_name[0] != '.';
    if (dir)
        closedir(dir);
    return count;
}

/* Waits until no supervisor (nor any other child) is left. How many ended with a failure of their own: a sanitizer's finding
 * in a supervisor is seen here. */
static unsigned wait_for_all(void)
{
    unsigned failed = 0;
    int status = 0;

    while (waitpid(-1, &status, 0) > 0 || errno == EINTR)
        failed += WIFEXITED(status) && WEXITSTATUS(status) != 0;
    return failed;
}

/* Each test must leave no process, and nothing in the state folder. */
static int tear_down(void **state)
{
    struct stage *st = *state;
    unsigned failed = wait_for_all(), left = count_entries(st->state);

    close(st->listen_fd);
    unlink(st->engine);
    rmdir(st->state);
    rmdir(st->top);
    free(st->guest.name.value);
    free(st->guest.kernel.value);
    free(st);
    return failed || left ? -1 : 0;
}

static int open_state(const struct stage *st)
{
    int fd = -1;

    assert_int_equal(slip__state_open(st->state, &fd, NULL), 0);
    return fd;
}

/* One boot, seen from inside. */
struct boot {
    int fd, serial;
};

/* The next engine that dials in, told to start. */
static struct boot accept_boot(const struct stage *st, char how, char answer)
{
    struct boot boot;
    char call = 0;

    boot.fd = accept4(st->listen_fd, NULL, NULL, SOCK_CLOEXEC);
    boot.serial = accept4(st->listen_fd, NULL, NULL, SOCK_CLOEXEC);
    assert_int_equal(read(boot.fd, &call, 1), 1);
    assert_int_equal(call, how);
    assert_int_equal(write(boot.fd, &answer, 1), 1);
    return boot;
}

static void assert_call(const struct boot *boot, char expected)
{
    char call = 0;

    assert_int_equal(read(boot->fd, &call, 1), 1);
    assert_int_equal(call, expected);
}

static void happens(const struct boot *boot, char event)
{
    assert_int_equal(write(boot->fd, &event, 1), 1);
}

/* Returns when the engine was destroyed, or died. */
static void assert_over(struct boot *boot)
{
    char call = 0;

    assert_true(read(boot->fd, &call, 1) <= 0);
    close(boot->fd);
    close(boot->serial);
}

static void on_progress(enum slip_stage stage, uint64_t done, uint64_t total, void *payload)
{
    struct stage *st = payload;

    assert_int_equal(stage, SLIP_STAGE_IMAGE);
    assert_int_equal(done, 50);
    assert_int_equal(total, 100);
    st->progress++;
}

static int spawn(struct stage *st, bool owned, bool paused, struct slip_client *ret,
                 struct slip_error **err)
{
    struct slip_spawn how = {.guest = &st->guest,
                             .engine = &fake_engine,
                             .owned = owned,
                             .paused = paused,
                             .progress = on_progress,
                             .payload = st};
    int root_fd = open_state(st);
    int rc = slip__spawn(root_fd, &how, ret, err);

    if (rc < 0)
        close(root_fd);
    return rc;
}

/* The first boot of a guest must be played while its creator waits: a process of its own does. It hands the connections over
 * a socket. */
static void send_boot(int to, const struct boot *boot)
{
    char space[CMSG_SPACE(sizeof(*boot))] = {0}, byte = 0;
    struct iovec iov = {&byte, 1};
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space)};
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(*boot));
    memcpy(CMSG_DATA(c), boot, sizeof(*boot));
    (void)!sendmsg(to, &msg, 0);
}

static struct boot receive_boot(int from)
{
    char space[CMSG_SPACE(sizeof(struct boot))] = {0}, byte = 0;
    struct iovec iov = {&byte, 1};
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space)};
    struct boot boot = {-1, -1};

    assert_int_equal(recvmsg(from, &msg, MSG_CMSG_CLOEXEC), 1);
    memcpy(&boot, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(boot));
    return boot;
}

static struct boot start(struct stage *st, bool owned, bool paused, struct slip_client *client)
{
    struct boot boot;
    int hand[2];
    pid_t player;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, hand), 0);
    player = fork();
    if (player == 0) {
        boot = accept_boot(st, paused ? 'S' : 's', 'g');
        send_boot(hand[1], &boot);
        _exit(0);
    }
    assert_int_equal(spawn(st, owned, paused, client, NULL), 0);
    boot = receive_boot(hand[0]);
    waitpid(player, NULL, 0);
    close(hand[0]);
    close(hand[1]);
    return boot;
}

static void assert_end(struct slip_client *client, enum slip_end end)
{
    slip__client_wait(client);
    assert_int_equal(client->ending.end, end);
}

static struct slip_domain_info info_of(struct slip_client *client)
{
    struct slip_domain_info info = {.size = sizeof(info)};
    json_t *reply = NULL;

    assert_int_equal(slip__client_request(client, "info", &reply, NULL), 0);
    slip__info_from_json(reply, &info);
    json_decref(reply);
    return info;
}

static struct slip_client reopen(const struct stage *st)
{
    struct slip_client client;

    assert_int_equal(slip__client_open(open_state(st), "vm", &client, NULL), 0);
    return client;
}

static void assert_console(int fd, const char *expected)
{
    size_t len = strlen(expected), done = 0;
    char got[512] = {0};

    while (done < len) {
        ssize_t r = read(fd, got + done, len - done);

        assert_true(r > 0);
        done += (size_t)r;
    }
    assert_string_equal(got, expected);
}

static void print(const struct boot *boot, const char *text)
{
    assert_int_equal(write(boot->serial, text, strlen(text)), strlen(text));
}

/* --- the tests -------------------------------------------------------------------------------------------------- */

static void a_life(void **state)
{
    struct stage *st = *state;
    struct slip_client client, other;
    struct boot boot = start(st, false, true, &client);
    struct slip_domain_info info = info_of(&client);

    assert_int_equal(st->progress, 1);
    assert_string_equal(info.name, "vm");
    assert_string_equal(info.engine, "fake");
    assert_string_equal(info.type, "pvh");
    assert_int_equal(info.state, SLIP_STATE_PAUSED);
    assert_int_equal(info.memory_bytes, 64 << 20);
    assert_int_equal(info.vcpus, 2);
    assert_int_equal(info.boots, 1);
    assert_int_not_equal(info.supervisor_pid, getpid());

    slip__client_dispose(&client); /* not owned: it lives on */
    client = reopen(st);
    assert_int_equal(slip__client_request(&client, "unpause", NULL, NULL), 0);
    assert_call(&boot, 'u');
    assert_int_equal(info_of(&client).state, SLIP_STATE_RUNNING);
    other = reopen(st);
    assert_int_equal(slip__client_request(&other, "pause", NULL, NULL), 0);
    assert_int_equal(slip__client_request(&other, "pause", NULL, NULL), 0); /* it is already */
    assert_call(&boot, 'p');
    assert_int_equal(info_of(&client).state, SLIP_STATE_PAUSED);
    assert_int_equal(slip__client_request(&client, "unpause", NULL, NULL), 0);
    assert_call(&boot, 'u');
    assert_int_equal(slip__client_request(&client, "shutdown", NULL, NULL), 0);
    assert_call(&boot, 'd');
    happens(&boot, 'o');
    assert_over(&boot);
    assert_end(&client, SLIP_END_POWEROFF);
    assert_end(&other, SLIP_END_POWEROFF);
    assert_string_equal(other.ending.reason, "the guest powered off");
    assert_int_equal(other.ending.timing.image_us, 11);
    assert_int_equal(other.ending.timing.build_us, 22);
    assert_int_equal(other.ending.timing.engine_us, 33);
    assert_int_equal(slip__client_request(&other, "pause", NULL, NULL), SLIP_ENOENT);
    slip__client_dispose(&client);
    slip__client_dispose(&other);
}

static void destroy_returns_when_it_is_gone(void **state)
{
    struct stage *st = *state;
    struct slip_client client, other;
    struct boot boot = start(st, false, false, &client);
    int root_fd = open_state(st);

    assert_int_equal(slip__client_request(&client, "destroy", NULL, NULL), 0);
    assert_int_equal(count_entries(st->state), 0);
    assert_int_equal(slip__client_open(root_fd, "vm", &other, NULL), SLIP_ENOENT);
    close(root_fd);
    assert_over(&boot);
    assert_end(&client, SLIP_END_DESTROYED);
    slip__client_dispose(&client);
    boot = start(st, false, false, &client); /* the name is free */
    assert_int_equal(slip__client_request(&client, "destroy", NULL, NULL), 0);
    slip__client_dispose(&client);
    assert_over(&boot);
}

static void a_failed_start_leaves_nothing(void **state)
{
    struct stage *st = *state;
    struct slip_client client;
    struct slip_error *err = NULL;
    pid_t player = fork();

    if (player == 0) {
        struct boot boot = accept_boot(st, 's', 'x');

        assert_over(&boot);
        _exit(0);
    }
    assert_int_equal(spawn(st, false, false, &client, &err), SLIP_EENGINE);
    assert_string_equal(slip_error_message(err), "the engine does not start");
    assert_string_equal(slip_error_hint(err), "play it better");
    assert_int_equal(slip_error_code(err), SLIP_CODE_OUTSIDE_RAM);
    assert_int_equal(count_entries(st->state), 0);
    slip_error_free(err);
    waitpid(player, NULL, 0);
}

static void a_name_is_taken_once(void **state)
{
    struct stage *st = *state;
    struct slip_client client, other;
    struct slip_error *err = NULL;
    struct boot boot = start(st, true, false, &client);

    assert_int_equal(spawn(st, true, false, &other, &err), SLIP_EEXIST);
    assert_int_equal(slip_error_code(err), SLIP_CODE_NAME_TAKEN);
    slip_error_free(err);
    assert_int_equal(info_of(&client).state, SLIP_STATE_RUNNING);
    slip__client_dispose(&client);
    assert_over(&boot);
}

static void an_owner_who_goes_takes_it_along(void **state)
{
    struct stage *st = *state;
    struct slip_client client, watcher;
    struct boot boot = start(st, true, false, &client);

    watcher = reopen(st);
    slip__client_dispose(&client);
    assert_over(&boot);
    assert_end(&watcher, SLIP_END_DESTROYED);
    assert_int_equal(count_entries(st->state), 0);
    slip__client_dispose(&watcher);
}

static void an_owner_can_let_go(void **state)
{
    struct stage *st = *state;
    struct slip_client client;
    struct boot boot = start(st, true, false, &client);

    assert_int_equal(slip__client_request(&client, "detach", NULL, NULL), 0);
    slip__client_dispose(&client);
    client = reopen(st);
    assert_int_equal(info_of(&client).state, SLIP_STATE_RUNNING);
    assert_int_equal(slip__client_request(&client, "destroy", NULL, NULL), 0);
    assert_over(&boot);
    slip__client_dispose(&client);
}

/* A creator is killed while its guest is being built: the supervisor is at work and finds out when it wants to tell. */
static void a_creator_killed_in_between_leaves_nothing(void **state)
{
    struct stage *st = *state;
    struct slip_client client;
    struct boot boot;
    char call;
    pid_t creator = fork();

    if (creator == 0) {
        close(st->listen_fd);
        _exit(spawn(st, false, false, &client, NULL) < 0);
    }
    boot.fd = accept4(st->listen_fd, NULL, NULL, SOCK_CLOEXEC);
    boot.serial = accept4(st->listen_fd, NULL, NULL, SOCK_CLOEXEC);
    assert_int_equal(read(boot.fd, &call, 1), 1);
    kill(creator, SIGKILL);
    waitpid(creator, NULL, 0);
    happens(&boot, 'g'); /* only now does the engine start */
    assert_over(&boot);
    assert_int_equal(wait_for_all(), 0);
    assert_int_equal(count_entries(st->state), 0);
    boot = start(st, true, false, &client);
    slip__client_dispose(&client);
    assert_over(&boot);
}

static void restarts_keep_domain_and_console(void **state)
{
    struct stage *st = *state;
    struct slip_client client, opened;
    struct boot boot = start(st, true, false, &client);
    int console = -1, late = -1;

    assert_int_equal(slip__client_console(&client, &console, NULL), 0);
    print(&boot, "one ");
    happens(&boot, 'r');
    assert_over(&boot);
    boot = accept_boot(st, 's', 'g');
    print(&boot, "two ");
    assert_console(console, "one two ");
    assert_int_equal(info_of(&client).boots, 2);
    assert_int_equal(write(console, "keys", 4), 4);
    assert_console(boot.serial, "keys");

    /* A reboot by hand builds afresh as well, and is done when it is answered. */
    opened = reopen(st);
    assert_int_equal(
        slip__message_send(opened.fd, slip__message_request("reboot"), SLIP_NO_DEADLINE, NULL), 0);
    assert_over(&boot);
    boot = accept_boot(st, 's', 'g');
    assert_int_equal(info_of(&client).boots, 3);
    print(&boot, "three");
    assert_int_equal(slip__client_console(&client, &late, NULL), 0);
    assert_console(late, "one two three");
    happens(&boot, 'o');
    assert_over(&boot);
    assert_end(&opened, SLIP_END_POWEROFF);
    assert_console(console, "three");
    assert_int_equal(read(console, (char[1]){0}, 1), 0);
    close(console);
    close(late);
    slip__client_dispose(&client);
    slip__client_dispose(&opened);
}

static void a_restart_that_fails_is_told(void **state)
{
    struct stage *st = *state;
    struct slip_client client;
    struct boot boot = start(st, true, false, &client);

    happens(&boot, 'r');
    assert_over(&boot);
    boot = accept_boot(st, 's', 'x');
    assert_over(&boot);
    assert_end(&client, SLIP_END_FAILED);
    assert_int_equal(slip_error_rc(client.ending.err), SLIP_EENGINE);
    assert_non_null(strstr(slip_error_message(client.ending.err), "the engine does not start"));
    slip__client_dispose(&client);
}

static void resets_without_end_are_a_crash(void **state)
{
    struct stage *st = *state;
    struct slip_client client;
    struct boot boot = start(st, true, false, &client);

    for (unsigned i = 1; i < SLIP_FAST_BOOTS_MAX; i++) {
        happens(&boot, 'r');
        assert_over(&boot);
        boot = accept_boot(st, 's', 'g');
    }
    happens(&boot, 'r');
    assert_over(&boot);
    assert_end(&client, SLIP_END_CRASHED);
    assert_non_null(strstr(client.ending.reason, "too fast"));
    slip__client_dispose(&client);
}

static void sleep_ms(long ms)
{
    const struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    nanosleep(&wait, NULL);
}

/* Time in which it is paused is no time that it ran. (Times are what is tested here: they are only ever too long.) */
static void a_pause_does_not_make_a_boot_long(void **state)
{
    struct stage *st = *state;
    struct slip_client client;
    struct boot boot;

    st->guest.on_reboot = (struct slip_num){{.origin = SLIP_GIVEN}, SLIP_ACTION_DESTROY};
    boot = start(st, true, false, &client);
    sleep_ms(50);
    assert_int_equal(slip__client_request(&client, "pause", NULL, NULL), 0);
    assert_call(&boot, 'p');
    sleep_ms(1100);
    assert_int_equal(slip__client_request(&client, "unpause", NULL, NULL), 0);
    assert_call(&boot, 'u');
    happens(&boot, 'r');
    assert_over(&boot);
    assert_end(&client, SLIP_END_CRASHED);
    assert_in_range(client.ending.timing.guest_us, 50000, 999999);
    slip__client_dispose(&client);
}

static void a_crash_can_be_kept(void **state)
{
    struct stage *st = *state;
    struct slip_client client;
    struct slip_error *err = NULL;
    struct boot boot;
    int console = -1;

    st->guest.on_crash = (struct slip_num){{.origin = SLIP_GIVEN}, SLIP_ACTION_PRESERVE};
    boot = start(st, true, false, &client);
    assert_int_equal(slip__client_console(&client, &console, NULL), 0);
    print(&boot, "Oops");
    happens(&boot, 'c');
    assert_console(console,
                   "Oops\r\n[slipway: the guest panicked; it is kept until it is destroyed]\r\n");
    assert_int_equal(info_of(&client).state, SLIP_STATE_CRASHED);
    assert_int_equal(slip__client_request(&client, "unpause", NULL, &err), SLIP_ESTATE);
    assert_int_equal(slip_error_code(err), SLIP_CODE_WRONG_STATE);
    slip_error_free(err);
    assert_int_equal(slip__client_request(&client, "destroy", NULL, NULL), 0);
    assert_over(&boot);
    assert_end(&client, SLIP_END_DESTROYED);
    close(console);
    slip__client_dispose(&client);
}

static void an_engine_that_dies_is_a_failure(void **state)
{
    struct stage *st = *state;
    struct slip_client client;
    struct boot boot = start(st, true, false, &client);

    close(boot.fd); /* the engine sees its QEMU gone */
    assert_end(&client, SLIP_END_FAILED);
    assert_string_equal(slip_error_message(client.ending.err), "the engine fell over");
    close(boot.serial);
    slip__client_dispose(&client);
}

static void a_killed_supervisor_leaves_nothing(void **state)
{
    struct stage *st = *state;
    struct slip_client client;
    struct boot boot;

    for (unsigned i = 0; i < 10; i++) {
        boot = start(st, i % 2, false, &client);
        kill(info_of(&client).supervisor_pid, SIGKILL);
        assert_over(&boot);
        assert_end(&client, SLIP_END_FAILED);
        assert_int_equal(slip_error_code(client.ending.err), SLIP_CODE_SUPERVISOR_DIED);
        slip__client_dispose(&client);
        assert_int_equal(wait_for_all(), 0); /* and then the next round takes the same name */
    }
    boot = start(st, true, false, &client);
    slip__client_dispose(&client);
    assert_over(&boot);
}

static void a_stopped_supervisor_holds_up_nobody(void **state)
{
    struct stage *st = *state;
    struct slip_client client, other;
    struct slip_domain_info info = {.size = sizeof(info)};
    struct boot boot = start(st, false, false, &client);
    pid_t pid = info_of(&client).supervisor_pid;
    int root_fd = open_state(st);

    kill(pid, SIGSTOP);
    assert_int_equal(slip__client_look(root_fd, "vm", slip__now_us() + 50000, &info, NULL), 0);
    assert_string_equal(info.name, "vm");
    assert_int_equal(info.supervisor_pid, pid);
    assert_int_equal(info.state, SLIP_STATE_RUNNING);
    assert_int_equal(spawn(st, false, false, &other, NULL), SLIP_EEXIST);
    kill(pid, SIGCONT);
    close(root_fd);
    assert_int_equal(slip__client_request(&client, "destroy", NULL, NULL), 0);
    assert_over(&boot);
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
                int rc = spawn(st, true, false, &client, NULL);
                char byte;

                close(stay[1]);
                if (rc == 0)
                    (void)!read(stay[0], &byte, 1); /* till the other has lost */
                _exit(rc == 0 ? 0 : rc == SLIP_EEXIST ? 1 : 2);
            }
        }
        boot = accept_boot(st, 's', 'g');
        /* The loser is the one that ends first. */
        pid_t first = waitpid(-1, &status, 0);
        codes[0] = WEXITSTATUS(status);
        close(stay[0]);
        close(stay[1]);
        waitpid(first == pids[0] ? pids[1] : pids[0], &status, 0);
        codes[1] = WEXITSTATUS(status);
        assert_int_equal(codes[0], 1);
        assert_int_equal(codes[1], 0);
        assert_over(&boot); /* its owner is gone */
        assert_int_equal(wait_for_all(), 0);
    }
    struct slip_client client;
    struct boot boot = start(st, true, false, &client);

    slip__client_dispose(&client);
    assert_over(&boot);
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
    boot = start(st, false, false, &client);
    close(plain[1]);
    assert_int_equal(read(plain[0], &byte, 1), 0);
    close(plain[0]);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nor did it get a child to wait for */
    assert_int_equal(errno, ECHILD);
    assert_int_equal(slip__client_request(&client, "destroy", NULL, NULL), 0);
    slip__client_dispose(&client);
    assert_over(&boot);
}

/* More than the supervisor reads at a time is there when it sees the end, and nobody has asked for the console yet. */
static void the_creators_console_misses_nothing(void **state)
{
    struct stage *st = *state;
    struct slip_client client;
    struct boot boot = start(st, true, false, &client);
    pid_t supervisor = info_of(&client).supervisor_pid;
    char line[101] = {0}, *printed = calloc(1, 60001);
    int console = -1;

    memset(line, 'l', 100);
    memset(printed, 'l', 60000);
    kill(supervisor, SIGSTOP);
    print(&boot, printed);
    happens(&boot, 'o');
    kill(supervisor, SIGCONT);
    assert_over(&boot);
    assert_end(&client, SLIP_END_POWEROFF);
    assert_int_equal(slip__client_console(&client, &console, NULL), 0);
    for (unsigned i = 0; i < 600; i++)
        assert_console(console, line);
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
    struct boot boot = start(st, true, false, &client);
    int consoles[SLIP_LIMIT_CLIENTS], extra = -1;

    print(&boot, "x");
    for (unsigned i = 0; i < SLIP_LIMIT_CLIENTS; i++) {
        assert_int_equal(slip__client_console(&client, &consoles[i], NULL), 0);
        assert_console(consoles[i], "x");
    }
    assert_int_equal(slip__client_console(&client, &extra, &err), SLIP_ESTATE);
    assert_int_equal(slip_error_code(err), SLIP_CODE_TOO_MANY_CONSOLES);
    slip_error_free(err);
    for (unsigned i = 0; i < SLIP_LIMIT_CLIENTS; i++)
        close(consoles[i]);
    slip__client_dispose(&client);
    assert_over(&boot);
}

/* What comes in is answered with an error or closed; the domain does not notice. */
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
    struct boot boot = start(st, false, false, &client);
    char *flood = malloc(3 * SLIP_LIMIT_MESSAGE_BYTES);

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct slip_client other = reopen(st);
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
        struct slip_client other = reopen(st);

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
    assert_int_equal(info_of(&client).state, SLIP_STATE_RUNNING);
    assert_int_equal(slip__client_request(&client, "destroy", NULL, NULL), 0);
    slip__client_dispose(&client);
    assert_over(&boot);
}

/* Many who ask without reading the answers cost no more than their connections. */
static void those_who_do_not_read_are_waited_for_by_nobody(void **state)
{
    struct stage *st = *state;
    struct slip_client client, deaf;
    struct boot boot = start(st, false, false, &client);
    static const char request[] = "{\"version\":1,\"request\":\"info\"}\n";
    unsigned sent = 0;

    deaf = reopen(st);
    while (sent < 100000 &&
           send(deaf.fd, request, strlen(request), MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
        sent++;
    assert_in_range(sent, 10, 99999); /* it stopped taking them */
    assert_int_equal(info_of(&client).state, SLIP_STATE_RUNNING);
    slip__client_dispose(&deaf);
    assert_int_equal(slip__client_request(&client, "destroy", NULL, NULL), 0);
    slip__client_dispose(&client);
    assert_over(&boot);
}

#define ON_STAGE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_STAGE(a_life),
        ON_STAGE(destroy_returns_when_it_is_gone),
        ON_STAGE(a_failed_start_leaves_nothing),
        ON_STAGE(a_name_is_taken_once),
        ON_STAGE(an_owner_who_goes_takes_it_along),
        ON_STAGE(an_owner_can_let_go),
        ON_STAGE(a_creator_killed_in_between_leaves_nothing),
        ON_STAGE(restarts_keep_domain_and_console),
        ON_STAGE(a_restart_that_fails_is_told),
        ON_STAGE(resets_without_end_are_a_crash),
        ON_STAGE(a_pause_does_not_make_a_boot_long),
        ON_STAGE(a_crash_can_be_kept),
        ON_STAGE(an_engine_that_dies_is_a_failure),
        ON_STAGE(a_killed_supervisor_leaves_nothing),
        ON_STAGE(a_stopped_supervisor_holds_up_nobody),
        ON_STAGE(two_creates_at_once),
        ON_STAGE(the_callers_descriptors_are_let_go),
        ON_STAGE(the_creators_console_misses_nothing),
        ON_STAGE(consoles_have_a_limit),
        ON_STAGE(nonsense_is_survived),
        ON_STAGE(those_who_do_not_read_are_waited_for_by_nobody),
    };

    return cmocka_run_group_tests_name("life", tests, NULL, NULL);
}
