/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The stage for tests of hosted domains (the header says how it works). */
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
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "hosted_stage.h"

#include "life/life.h"

/* The engine's calls get no stage: there is one at a time. */
static struct hosted_stage *stage;

/* --- dying ------------------------------------------------------------------------------------------------------ */

static bool is_doomed(const struct fate *fate)
{
    bool is_creator = getpid() == fate->creator;

    return fate->victim != NOBODY && (fate->victim == CREATOR) == is_creator && fate->creator;
}

static void step(void)
{
    struct fate *fate = stage ? stage->fate : NULL;

    if (!fate || getpid() == stage->test || !is_doomed(fate) || ++fate->steps != fate->at)
        return;
    fate->struck = true;
    if (fate->victim == EVERYBODY)
        kill(fate->creator, SIGKILL);
    raise(SIGKILL);
}

/* What others can see of a process. The linker brings these in the place of the C library's (--wrap). */
#define STEP(type, name, params, args) \
    type __real_##name params;         \
    type __wrap_##name params;         \
    type __wrap_##name params          \
    {                                  \
        step();                        \
        return __real_##name args;     \
    }

STEP(int, mkdirat, (int fd, const char *path, mode_t mode), (fd, path, mode))
STEP(int, symlinkat, (const char *to, int fd, const char *path), (to, fd, path))
STEP(int, unlinkat, (int fd, const char *path, int flags), (fd, path, flags))
STEP(int, renameat, (int from, const char *a, int to, const char *b), (from, a, to, b))
STEP(int, bind, (int fd, const struct sockaddr *a, socklen_t len), (fd, a, len))
STEP(int, listen, (int fd, int backlog), (fd, backlog))
STEP(ssize_t, send, (int fd, const void *p, size_t len, int flags), (fd, p, len, flags))
STEP(ssize_t, recv, (int fd, void *p, size_t len, int flags), (fd, p, len, flags))
STEP(int, ppoll, (struct pollfd * fds, nfds_t n, const struct timespec *t, const sigset_t *m),
     (fds, n, t, m))
STEP(pid_t, waitpid, (pid_t pid, int *status, int flags), (pid, status, flags))
STEP(int, socketpair, (int d, int t, int p, int fds[2]), (d, t, p, fds))
STEP(pid_t, fork, (void), ())
STEP(pid_t, setsid, (void), ())
STEP(int, chdir, (const char *path), (path))

/* --- the hypervisor --------------------------------------------------------------------------------------------- */

static void path_of(const struct hosted_stage *st, unsigned domid, const char *suffix,
                    char ret[128])
{
    snprintf(ret, 128, "%s/%u%s", st->host, domid, suffix);
}

bool hosted_read(const struct hosted_stage *st, unsigned domid, struct hosted_domain *ret)
{
    char path[128];
    int fd;
    bool whole;

    path_of(st, domid, "", path);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    whole = fd >= 0 && read(fd, ret, sizeof(*ret)) == sizeof(*ret);
    if (fd >= 0)
        close(fd);
    return whole;
}

void hosted_write(const struct hosted_stage *st, unsigned domid, const struct hosted_domain *domain)
{
    char path[128], scratch[140];
    int fd;

    path_of(st, domid, "", path);
    snprintf(scratch, sizeof(scratch), "%s.new", path);
    fd = open(scratch, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    (void)!write(fd, domain, sizeof(*domain));
    close(fd);
    rename(scratch, path);
}

void hosted_remove(const struct hosted_stage *st, unsigned domid)
{
    char path[128];

    path_of(st, domid, ".events", path);
    unlink(path);
    path_of(st, domid, "", path);
    unlink(path);
}

/* Calls fn for each number. */
static void each_number(const struct hosted_stage *st, void (*fn)(unsigned domid, void *payload),
                        void *payload)
{
    DIR *dir = opendir(st->host);
    const struct dirent *entry;

    while ((entry = readdir(dir)))
        if (entry->d_name[0] != '.' && !strchr(entry->d_name, '.'))
            fn((unsigned)atoi(entry->d_name), payload);
    closedir(dir);
}

static void highest(unsigned domid, void *payload)
{
    unsigned *counts = payload;

    counts[0]++;
    if (domid > counts[1])
        counts[1] = domid;
}

unsigned hosted_count(const struct hosted_stage *st, unsigned *ret_last)
{
    unsigned counts[2] = {0};

    each_number(st, highest, counts);
    if (ret_last)
        *ret_last = counts[1];
    return counts[0];
}

void hosted_happens(const struct hosted_stage *st, unsigned domid, char event)
{
    char path[128];
    int fd;

    path_of(st, domid, ".events", path);
    fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, &event, 1), 1);
    close(fd);
}

/* --- its domains, whoever made them ----------------------------------------------------------------------------- */

static int look(unsigned domid, struct slip_domain_info *ret, struct slip_error **err)
{
    struct hosted_domain domain;

    if (!hosted_read(stage, domid, &domain))
        return slip__error(err, SLIP_ENOENT, "no domain %u", domid);
    *ret = (struct slip_domain_info){.size = sizeof(*ret),
                                     .engine = "fake",
                                     .type = "pvh",
                                     .state = domain.state,
                                     .domid = (int)domid,
                                     .memory_bytes = 64 << 20,
                                     .vcpus = 1,
                                     .cpu_us = 5};
    memcpy(ret->uuid, domain.uuid, sizeof(ret->uuid));
    memcpy(ret->name, domain.name, sizeof(domain.name));
    return 0;
}

struct lister {
    slip_known_fn *known;
    slip_domain_fn *fn;
    void *payload;
    int stop;
};

static void list_one(unsigned domid, void *payload)
{
    struct lister *l = payload;
    struct slip_domain_info info;

    if (l->stop || look(domid, &info, NULL) < 0)
        return;
    if (l->known && l->known(info.uuid, l->payload)) {
        info.name[0] = 0;
        if (info.state == SLIP_STATE_HALF_BUILT)
            info.state = SLIP_STATE_PAUSED;
    }
    l->stop = l->fn(&info, l->payload);
}

static int hosted_list(slip_known_fn *known, slip_domain_fn *fn, void *payload,
                       struct slip_error **err)
{
    struct lister l = {known, fn, payload, 0};

    (void)err;
    each_number(stage, list_one, &l);
    return 0;
}

static int set_state(unsigned domid, enum slip_state state, struct slip_error **err)
{
    struct hosted_domain domain;

    if (!hosted_read(stage, domid, &domain))
        return slip__error(err, SLIP_ENOENT, "no domain %u", domid);
    domain.state = state;
    hosted_write(stage, domid, &domain);
    return 0;
}

static int hosted_pause(unsigned domid, struct slip_error **err)
{
    return set_state(domid, SLIP_STATE_PAUSED, err);
}

static int hosted_unpause(unsigned domid, struct slip_error **err)
{
    return set_state(domid, SLIP_STATE_RUNNING, err);
}

static int hosted_destroy(unsigned domid, struct slip_error **err)
{
    (void)err;
    step();
    hosted_remove(stage, domid);
    step();
    return 0;
}

static const struct slip_hosted hosted = {.list = hosted_list,
                                          .look = look,
                                          .pause = hosted_pause,
                                          .unpause = hosted_unpause,
                                          .destroy = hosted_destroy};

/* --- the engine ------------------------------------------------------------------------------------------------- */

struct fake_run {
    struct slip_run run;
    unsigned domid;
    int events;
};

static struct hosted_domain domain_of(const struct fake_run *fake)
{
    struct hosted_domain domain = {0};

    hosted_read(stage, fake->domid, &domain);
    return domain;
}

static void fake_probe(struct slip_engine_status *status)
{
    status->usable = true;
}

static int fake_create(const struct slip_guest *guest, struct slip_run **ret)
{
    struct fake_run *fake = calloc(1, sizeof(*fake));
    struct hosted_domain domain = {.state = SLIP_STATE_HALF_BUILT};
    char path[128];
    unsigned last;

    hosted_count(stage, &last);
    fake->domid = fake->run.domid = last + 1;
    fake->run.console_fd = fake->run.console_in_fd = -1;
    memcpy(domain.uuid, guest->uuid.value, sizeof(domain.uuid));
    domain.devices = (unsigned)(guest->disk.count + guest->vif.count);
    step();
    hosted_write(stage, fake->domid, &domain);
    step();
    path_of(stage, fake->domid, ".events", path);
    if (mkfifo(path, 0600) < 0)
        abort();
    fake->events = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    snprintf(domain.name, sizeof(domain.name), "%s", guest->name.value);
    step();
    hosted_write(stage, fake->domid, &domain);
    step();
    *ret = &fake->run;
    return 0;
}

static int fake_start(struct slip_run *run, bool paused)
{
    step();
    set_state(((struct fake_run *)run)->domid, paused ? SLIP_STATE_PAUSED : SLIP_STATE_RUNNING,
              NULL);
    step();
    return 0;
}

static int fake_pause(struct slip_run *run, struct slip_error **err)
{
    return hosted_pause(((struct fake_run *)run)->domid, err);
}

static int fake_unpause(struct slip_run *run, struct slip_error **err)
{
    return hosted_unpause(((struct fake_run *)run)->domid, err);
}

static int fake_console(struct slip_run *run, bool wanted, struct slip_error **err)
{
    struct fake_run *fake = (struct fake_run *)run;
    struct hosted_domain domain = domain_of(fake);

    (void)err;
    domain.console_open = wanted;
    domain.consoles += wanted;
    hosted_write(stage, fake->domid, &domain);
    if (run->console_fd >= 0)
        close(run->console_fd);
    run->console_fd = run->console_in_fd =
        wanted ? open("/dev/null", O_RDWR | O_NONBLOCK | O_CLOEXEC) : -1;
    return 0;
}

static int fake_look(struct slip_run *run, struct slip_domain_info *ret, struct slip_error **err)
{
    return look(((struct fake_run *)run)->domid, ret, err);
}

static int change_devices(struct slip_run *run, int by)
{
    struct fake_run *fake = (struct fake_run *)run;
    struct hosted_domain domain = domain_of(fake);

    domain.devices += (unsigned)by;
    hosted_write(stage, fake->domid, &domain);
    return 0;
}

static int fake_attach(struct slip_run *run, const struct slip_device *device,
                       struct slip_error **err)
{
    if (device->kind == SLIP_DEVICE_DISK && strcmp(device->disk->vdev.value, "bad") == 0)
        return slip__error(err, SLIP_EENGINE, "no such luck");
    return change_devices(run, 1);
}

static int fake_detach(struct slip_run *run, enum slip_device_kind kind, const char *which,
                       struct slip_error **err)
{
    (void)kind;
    (void)which;
    (void)err;
    return change_devices(run, -1);
}

static int fake_devices(struct slip_run *run, slip_device_fn *fn, void *payload,
                        struct slip_error **err)
{
    const struct slip_device_info disk = {.size = sizeof(disk),
                                          .kind = SLIP_DEVICE_DISK,
                                          .devid = 51728,
                                          .name = "xvdb",
                                          .target = "/b.img",
                                          .state = 4};

    (void)run;
    (void)err;
    fn(&disk, payload);
    return 0;
}

static unsigned fake_fds(struct slip_run *run, struct pollfd ret[SLIP_ENGINE_MAX_FDS])
{
    ret[0] = (struct pollfd){.fd = ((struct fake_run *)run)->events, .events = POLLIN};
    return 1;
}

static enum slip_event fake_dispatch(struct slip_run *run, struct slip_error **err)
{
    static const struct {
        char letter;
        enum slip_event event;
    } events[] = {{'o', SLIP_EVENT_POWEROFF},
                  {'r', SLIP_EVENT_RESET},
                  {'c', SLIP_EVENT_PANIC},
                  {'w', SLIP_EVENT_WATCHDOG},
                  {'g', SLIP_EVENT_GONE}};
    char letter = 0;

    (void)err;
    if (read(((struct fake_run *)run)->events, &letter, 1) != 1)
        return SLIP_EVENT_NONE;
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
        if (events[i].letter == letter)
            return events[i].event;
    return SLIP_EVENT_NONE;
}

static void fake_destroy(struct slip_run *run)
{
    struct fake_run *fake = (struct fake_run *)run;

    hosted_destroy(fake->domid, NULL);
    close(fake->events);
    if (run->console_fd >= 0)
        close(run->console_fd);
    free(fake);
}

static const struct slip_engine fake_engine = {
    .name = "fake",
    .hosted = &hosted,
    .watchdog = true,
    .probe = fake_probe,
    .pause = fake_pause,
    .unpause = fake_unpause,
    .console = fake_console,
    .look = fake_look,
    .attach = fake_attach,
    .detach = fake_detach,
    .devices = fake_devices,
    .fds = fake_fds,
    .dispatch = fake_dispatch,
    .destroy = fake_destroy,
};

/* In place of engine.c and pipeline.c. */
const struct slip_engine *slip__engine_at(size_t index)
{
    return index == 0 ? &fake_engine : NULL;
}

int slip__build_guest(const struct slip_guest *guest, const struct slip_engine *engine,
                      const char *record, bool paused, bool dry_run, slip_progress_fn *progress,
                      void *payload, struct slip_built *ret, struct slip_error **err)
{
    struct slip_run *run = NULL;

    (void)record;
    (void)dry_run;
    (void)progress;
    (void)payload;
    (void)err;
    fake_create(guest, &run);
    run->engine = engine;
    fake_start(run, paused);
    *ret = (struct slip_built){.run = run};
    return 0;
}

void slip__built_dispose(struct slip_built *built)
{
    if (built->run)
        built->run->engine->destroy(built->run);
    *built = (struct slip_built){0};
}

/* --- the stage -------------------------------------------------------------------------------------------------- */

int hosted_set_up(void **state)
{
    struct hosted_stage *st = calloc(1, sizeof(*st));

    st->test = getpid();
    alarm(100); /* whoever waits for what never comes is stopped, and that is a failure */
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* supervisors come to us to be waited for */
    snprintf(st->top, sizeof(st->top), "/tmp/slipway-test-XXXXXX");
    if (!mkdtemp(st->top))
        return -1;
    snprintf(st->state, sizeof(st->state), "%s/state", st->top);
    snprintf(st->host, sizeof(st->host), "%s/host", st->top);
    if (mkdir(st->host, 0700) < 0 || slip__state_open(st->state, &st->root_fd, NULL) < 0)
        return -1;
    st->fate =
        mmap(NULL, sizeof(*st->fate), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (st->fate == MAP_FAILED)
        return -1;
    st->guest.name.value = strdup("vm");
    st->guest.uuid.value = strdup(HOSTED_UUID);
    st->guest.type.value = SLIP_TYPE_PVH;
    st->guest.memory.value = 64;
    st->guest.vcpus.value = 4; /* of which look() sees one online */
    stage = st;
    *state = st;
    return 0;
}

void hosted_wait_for_all(void)
{
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        ;
}

static unsigned count_all(const char *path)
{
    DIR *dir = opendir(path);
    unsigned count = 0;
    const struct dirent *entry;

    while ((entry = readdir(dir)))
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(dir);
    return count;
}

int hosted_tear_down(void **state)
{
    struct hosted_stage *st = *state;
    unsigned left;

    hosted_wait_for_all();
    left = count_all(st->state) + count_all(st->host);
    close(st->root_fd);
    rmdir(st->state);
    rmdir(st->host);
    rmdir(st->top);
    munmap(st->fate, sizeof(*st->fate));
    slip__object_dispose(&slip__record_guest, &st->guest);
    stage = NULL;
    free(st);
    return left ? -1 : 0;
}

int hosted_spawn(struct hosted_stage *st, bool owned, struct slip_client *ret,
                 struct slip_error **err)
{
    struct slip_spawn how = {
        .guest = &st->guest, .engine = &fake_engine, .owned = owned, .paused = true};
    int root_fd = -1, rc;

    assert_int_equal(slip__state_open(st->state, &root_fd, NULL), 0);
    rc = slip__spawn(root_fd, &how, ret, err);
    if (rc < 0)
        close(root_fd);
    return rc;
}

int hosted_spawn_and_die(struct hosted_stage *st, enum victim victim, unsigned at)
{
    pid_t pid;
    int status = 0;

    *st->fate = (struct fate){.victim = victim, .at = at};
    pid = fork();
    if (pid == 0) {
        struct slip_client client;

        st->fate->creator = getpid();
        _exit(hosted_spawn(st, false, &client, NULL) == 0 ? 0 : 1);
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
