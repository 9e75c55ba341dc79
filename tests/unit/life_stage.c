/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The stage for tests of supervisors (the header says how it works). */
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
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "life_stage.h"

#include "life/client.h"
#include "life/spawn.h"
#include "life/supervisor.h"

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

static int fake_create(const struct slip_guest *guest, unsigned kernel_bits, const char *record,
                       struct slip_run **ret, struct slip_error **err)
{
    struct fake_run *fake = calloc(1, sizeof(*fake));

    (void)kernel_bits;
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
    int rc = engine->create(guest, 64, record, &built.run, err);

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

int stage_set_up(void **state)
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

unsigned stage_count_entries(const char *path)
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
unsigned stage_wait_for_all(void)
{
    unsigned failed = 0;
    int status = 0;

    while (waitpid(-1, &status, 0) > 0 || errno == EINTR)
        failed += WIFEXITED(status) && WEXITSTATUS(status) != 0;
    return failed;
}

/* Each test must leave no process, and nothing in the state folder. */
int stage_tear_down(void **state)
{
    struct stage *st = *state;
    unsigned failed = stage_wait_for_all(), left = stage_count_entries(st->state);

    close(st->listen_fd);
    unlink(st->engine);
    rmdir(st->state);
    rmdir(st->top);
    free(st->guest.name.value);
    free(st->guest.kernel.value);
    free(st);
    return failed || left ? -1 : 0;
}

int stage_open_state(const struct stage *st)
{
    int fd = -1;

    assert_int_equal(slip__state_open(st->state, &fd, NULL), 0);
    return fd;
}

/* The next engine that dials in, told to start. */
struct boot stage_accept_boot(const struct stage *st, char how, char answer)
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

void stage_assert_call(const struct boot *boot, char expected)
{
    char call = 0;

    assert_int_equal(read(boot->fd, &call, 1), 1);
    assert_int_equal(call, expected);
}

void stage_happens(const struct boot *boot, char event)
{
    assert_int_equal(write(boot->fd, &event, 1), 1);
}

/* Returns when the engine was destroyed, or died. */
void stage_assert_over(struct boot *boot)
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

int stage_spawn(struct stage *st, bool owned, bool paused, struct slip_client *ret,
                struct slip_error **err)
{
    struct slip_spawn how = {.guest = &st->guest,
                             .engine = &fake_engine,
                             .owned = owned,
                             .paused = paused,
                             .console = true,
                             .progress = on_progress,
                             .payload = st};
    int root_fd = stage_open_state(st);
    int rc = slip__spawn(root_fd, &how, ret, err);

    if (rc < 0)
        close(root_fd);
    return rc;
}

void stage_supervise(const struct stage *st, int root_fd, int owner_fd, int console_fd)
{
    struct slip_supervisor_start start = {.guest = &st->guest,
                                          .engine = &fake_engine,
                                          .owned = true,
                                          .progress = true,
                                          .owner_fd = owner_fd,
                                          .console_fd = console_fd};

    if (slip__state_claim(root_fd, "vm", &start.entry, NULL) == 0)
        slip__supervisor_run(&start);
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

struct boot stage_start(struct stage *st, bool owned, bool paused, struct slip_client *client)
{
    struct boot boot;
    int hand[2];
    pid_t player;

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, hand), 0);
    player = fork();
    if (player == 0) {
        boot = stage_accept_boot(st, paused ? 'S' : 's', 'g');
        send_boot(hand[1], &boot);
        _exit(0);
    }
    assert_int_equal(stage_spawn(st, owned, paused, client, NULL), 0);
    boot = receive_boot(hand[0]);
    waitpid(player, NULL, 0);
    close(hand[0]);
    close(hand[1]);
    return boot;
}

void stage_assert_end(struct slip_client *client, enum slip_end end)
{
    slip__client_wait(client);
    assert_int_equal(client->ending.end, end);
}

struct slip_domain_info stage_info_of(struct slip_client *client)
{
    struct slip_domain_info info = {.size = sizeof(info)};
    json_t *reply = NULL;

    assert_int_equal(slip__client_request(client, "info", &reply, NULL), 0);
    slip__info_from_json(reply, &info);
    json_decref(reply);
    return info;
}

struct slip_client stage_reopen(const struct stage *st)
{
    struct slip_client client;

    assert_int_equal(slip__client_open(stage_open_state(st), "vm", &client, NULL), 0);
    return client;
}

void stage_assert_console(int fd, const char *expected)
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

void stage_print(const struct boot *boot, const char *text)
{
    assert_int_equal(write(boot->serial, text, strlen(text)), strlen(text));
}
