/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state folder: who gets a name, who loses it, what is cleared away. Owners are processes that are really killed. */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "guest/limits.h"
#include "life/state.h"

/* A state folder so deep that no socket address could name what is in it. */
struct place {
    char top[32];
    char path[512];
    int root_fd;
};

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof(*place));

    alarm(100); /* a lock that is never let go must not hang the tests */
    snprintf(place->top, sizeof(place->top), "/tmp/slipway-test-XXXXXX");
    if (!mkdtemp(place->top))
        return -1;
    snprintf(place->path, sizeof(place->path), "%s/%0200d", place->top, 1);
    *state = place;
    return slip__state_open(place->path, &place->root_fd, NULL);
}

static unsigned count_entries(const char *path)
{
    DIR *dir = opendir(path);
    unsigned count = 0;
    const struct dirent *entry;

    while ((entry = readdir(dir)))
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

/* Every test leaves the folder empty: that is half of what is tested here. */
static int tear_down(void **state)
{
    struct place *place = *state;
    unsigned left = count_entries(place->path);

    close(place->root_fd);
    rmdir(place->path);
    rmdir(place->top);
    free(place);
    return left ? -1 : 0;
}

static int add_name(const char *name, bool alive, void *payload)
{
    char *names = payload;

    if (alive)
        strcat(strcat(names, name), " ");
    return 0;
}

/* What a list does where no hypervisor knows more. */
static int clear_dead(const char *name, bool alive, void *payload)
{
    if (!alive)
        slip__state_clear(*(const int *)payload, name);
    return 0;
}

static void clear_all_dead(const struct place *place)
{
    assert_int_equal(
        slip__state_each(place->root_fd, clear_dead, (void *)(uintptr_t)&place->root_fd, NULL), 0);
}

static void assert_alive(const struct place *place, const char *expected)
{
    char names[512] = "";

    assert_int_equal(slip__state_each(place->root_fd, add_name, names, NULL), 0);
    assert_string_equal(names, expected);
}

static void a_claim_keeps_others_off(void **state)
{
    const struct place *place = *state;
    struct slip_entry one, two;
    struct slip_error *err = NULL;

    assert_int_equal(slip__state_claim(place->root_fd, "vm", &one, NULL), 0);
    assert_int_equal(slip__state_claim(place->root_fd, "vm", &two, &err), SLIP_EEXIST);
    assert_int_equal(slip_error_code(err), SLIP_CODE_NAME_TAKEN);
    assert_non_null(strstr(slip_error_message(err), "'vm'"));
    assert_non_null(strstr(slip_error_hint(err), "slipway destroy vm"));
    assert_int_equal(slip__state_claim(place->root_fd, "vm2", &two, NULL), 0);
    slip_error_free(err);
    slip__state_release(&two);
    assert_alive(place, "vm ");
    slip__state_release(&one);
    assert_alive(place, "");
    assert_int_equal(slip__state_claim(place->root_fd, "vm", &two, NULL), 0);
    slip__state_release(&two);
}

static void bad_names_are_refused(void **state)
{
    const struct place *place = *state;
    static const char *const names[] = {"", ".", "..", ".hidden", "a/b", "/", "../../etc/x"};
    char longest[SLIP_LIMIT_NAME_BYTES + 2];
    struct slip_entry entry;
    int fd;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_int_equal(slip__state_claim(place->root_fd, names[i], &entry, NULL), SLIP_EINVAL);
        assert_int_equal(slip__state_connect(place->root_fd, names[i], &fd, NULL), SLIP_EINVAL);
    }
    memset(longest, 'n', sizeof(longest));
    longest[SLIP_LIMIT_NAME_BYTES + 1] = 0;
    assert_int_equal(slip__state_claim(place->root_fd, longest, &entry, NULL), SLIP_EINVAL);
    longest[SLIP_LIMIT_NAME_BYTES] = 0;
    assert_int_equal(slip__state_claim(place->root_fd, longest, &entry, NULL), 0);
    assert_int_equal(slip__state_listen(&entry, &fd, NULL), 0);
    close(fd);
    slip__state_release(&entry);
}

static void a_folder_of_others_is_refused(void **state)
{
    const struct place *place = *state;
    struct slip_error *err = NULL;
    char path[600];
    int fd;

    assert_int_equal(chmod(place->path, 0750), 0);
    assert_int_equal(slip__state_open(place->path, &fd, &err), SLIP_EPERM);
    assert_int_equal(slip_error_code(err), SLIP_CODE_STATE_FOLDER);
    assert_non_null(strstr(slip_error_message(err), "750"));
    slip_error_free(err);
    assert_int_equal(chmod(place->path, 0700), 0);
    snprintf(path, sizeof(path), "%s/link", place->top);
    assert_int_equal(symlink(place->path, path), 0);
    assert_int_not_equal(slip__state_open(path, &fd, NULL), 0);
    unlink(path);
}

/* Forks an owner of name that listens, and returns when it does. */
static pid_t fork_owner(const struct place *place, const char *name)
{
    int ready[2];
    char byte;
    pid_t pid;

    assert_int_equal(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        struct slip_entry entry;
        struct slip_domain_info info = {.state = SLIP_STATE_RUNNING, .memory_bytes = 5};
        int fd;

        snprintf(info.name, sizeof(info.name), "%s", name);
        if (slip__state_claim(place->root_fd, name, &entry, NULL) < 0 ||
            slip__state_write_record(&entry, &info, 1, NULL) < 0 ||
            slip__state_listen(&entry, &fd, NULL) < 0)
            _exit(1); /* the test finds nobody ready */
        (void)!write(ready[1], "", 1);
        pause();
        _exit(0);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return pid;
}

static void kill_owner(pid_t pid)
{
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void a_living_owner_is_found(void **state)
{
    const struct place *place = *state;
    struct slip_domain_info info = {.size = sizeof(info)};
    pid_t pid = fork_owner(place, "vm");
    int fd = -1;

    assert_alive(place, "vm ");
    assert_int_equal(slip__state_connect(place->root_fd, "vm", &fd, NULL), 0);
    assert_int_equal(slip__state_read_record(place->root_fd, "vm", &info, NULL), 0);
    assert_string_equal(info.name, "vm");
    assert_int_equal(info.memory_bytes, 5);
    close(fd);
    kill_owner(pid);
    assert_alive(place, "");
    clear_all_dead(place);
}

/* What its owner forked has the lock too, and ends a moment after it. */
static void a_killed_owners_child_is_waited_for(void **state)
{
    const struct place *place = *state;
    struct slip_entry entry;
    int gone[2], ready[2];
    char byte;
    pid_t pid;

    assert_int_equal(pipe(gone), 0);
    assert_int_equal(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        if (slip__state_claim(place->root_fd, "vm", &entry, NULL) < 0)
            _exit(1);
        close(gone[1]);
        if (fork() == 0) {
            (void)!write(ready[1], "", 1);
            (void)!read(gone[0], &byte, 1); /* ends with the test's end of it */
            poll(NULL, 0, 50);
            _exit(0);
        }
        pause();
    }
    close(gone[0]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    kill_owner(pid);
    close(gone[1]);
    assert_int_equal(slip__state_claim(place->root_fd, "vm", &entry, NULL), 0);
    slip__state_release(&entry);
    close(ready[0]);
    close(ready[1]);
}

/* A dead owner's record stays until somebody has found out whether anything is left of its domain. */
static void a_killed_owner_leaves_its_record(void **state)
{
    const struct place *place = *state;
    struct slip_domain_info info = {.size = sizeof(info)};
    struct slip_entry entry;
    int fd;

    kill_owner(fork_owner(place, "vm"));
    assert_int_equal(slip__state_connect(place->root_fd, "vm", &fd, NULL), SLIP_ENOENT);
    assert_false(slip__state_is_alive(place->root_fd, "vm"));
    assert_int_equal(slip__state_read_record(place->root_fd, "vm", &info, NULL), 0);
    assert_int_equal(info.state, SLIP_STATE_RUNNING);
    assert_int_equal(slip__state_claim(place->root_fd, "vm", &entry, NULL), 0);
    assert_true(entry.leftover);
    slip__state_forget(&entry); /* thought better of it */
    assert_int_equal(slip__state_read_record(place->root_fd, "vm", &info, NULL), 0);
    assert_int_equal(slip__state_claim(place->root_fd, "vm", &entry, NULL), 0);
    slip__state_reset(&entry);
    assert_int_equal(slip__state_connect(place->root_fd, "vm", &fd, NULL), SLIP_ESTATE);
    assert_int_equal(slip__state_read_record(place->root_fd, "vm", &info, NULL), SLIP_ENOENT);
    slip__state_release(&entry);
    kill_owner(fork_owner(place, "vm"));
    clear_all_dead(place);
    assert_int_equal(count_entries(place->path), 0);
}

/* A uuid is one guest's. */
static void uuids_are_linked(void **state)
{
    static const char *const uuid = "4a3c1e0e-8b1f-4d8e-9a57-0d2b6c7f1e90";
    const struct place *place = *state;
    struct slip_domain_info info = {.state = SLIP_STATE_RUNNING, .domid = 7};
    struct slip_error *err = NULL;
    struct slip_entry one, two;
    char name[SLIP_LIMIT_NAME_BYTES + 1];

    assert_false(slip__state_name_of(place->root_fd, uuid, name));
    assert_int_equal(slip__state_claim(place->root_fd, "one", &one, NULL), 0);
    assert_int_equal(slip__state_link(&one, uuid, NULL), 0);
    assert_true(slip__state_name_of(place->root_fd, uuid, name));
    assert_string_equal(name, "one");
    assert_int_equal(slip__state_claim(place->root_fd, "two", &two, NULL), 0);
    assert_int_equal(slip__state_link(&two, uuid, &err), SLIP_EEXIST);
    assert_int_equal(slip_error_code(err), SLIP_CODE_UUID_TAKEN);
    assert_non_null(strstr(slip_error_message(err), "guest 'one'"));
    slip_error_free(err);
    slip__state_release(&two);
    assert_true(slip__state_name_of(place->root_fd, uuid, name));

    /* The dead keep theirs until they are cleared away. */
    snprintf(info.name, sizeof(info.name), "one");
    snprintf(info.uuid, sizeof(info.uuid), "%s", uuid);
    assert_int_equal(slip__state_write_record(&one, &info, 1, NULL), 0);
    slip__state_forget(&one);
    assert_true(slip__state_name_of(place->root_fd, uuid, name));
    assert_int_equal(slip__state_read_record(place->root_fd, "one", &info, NULL), 0);
    assert_int_equal(info.domid, 7);
    slip__state_clear(place->root_fd, "one");
    assert_false(slip__state_name_of(place->root_fd, uuid, name));

    /* Links that lead nowhere keep nobody out. */
    assert_int_equal(symlinkat("gone", place->root_fd, ".4a3c1e0e-8b1f-4d8e-9a57-0d2b6c7f1e90"), 0);
    assert_int_equal(slip__state_claim(place->root_fd, "two", &two, NULL), 0);
    assert_int_equal(slip__state_link(&two, uuid, NULL), 0);
    slip__state_release(&two);
    assert_false(slip__state_name_of(place->root_fd, uuid, name));
}

/* All at once, in order, whoever lives; nothing else that begins with a dot is one. */
static void uuids_are_known_at_once(void **state)
{
    const struct place *place = *state;
    struct slip_uuids uuids = {0};
    struct slip_entry entries[40];
    char uuid[SLIP_UUID_TEXT_BYTES], name[16];

    assert_int_equal(slip__state_uuids(place->root_fd, &uuids, NULL), 0);
    assert_int_equal(uuids.count, 0);
    assert_false(slip__uuids_have(&uuids, "4a3c1e0e-8b1f-4d8e-9a57-0d2b6c7f1e00"));
    slip__uuids_dispose(&uuids);
    for (unsigned i = 0; i < 40; i++) { /* not in their order */
        snprintf(name, sizeof(name), "vm%u", i);
        snprintf(uuid, sizeof(uuid), "4a3c1e0e-8b1f-4d8e-9a57-0d2b6c7f1e%02x", i * 7 % 40);
        assert_int_equal(slip__state_claim(place->root_fd, name, &entries[i], NULL), 0);
        assert_int_equal(slip__state_link(&entries[i], uuid, NULL), 0);
    }
    assert_int_equal(symlinkat("x", place->root_fd, ".short"), 0);
    assert_int_equal(symlinkat("x", place->root_fd, ".4a3c1e0e-8b1f-4d8e-9a57-0d2b6c7f1e000"), 0);
    assert_int_equal(slip__state_uuids(place->root_fd, &uuids, NULL), 0);
    assert_int_equal(uuids.count, 40);
    for (unsigned i = 0; i < 40; i++) {
        snprintf(uuid, sizeof(uuid), "4a3c1e0e-8b1f-4d8e-9a57-0d2b6c7f1e%02x", i);
        assert_true(slip__uuids_have(&uuids, uuid));
        assert_string_equal(uuids.list[i], uuid);
    }
    assert_false(slip__uuids_have(&uuids, "4a3c1e0e-8b1f-4d8e-9a57-0d2b6c7f1e28"));
    assert_false(slip__uuids_have(&uuids, ""));
    slip__uuids_dispose(&uuids);
    slip__uuids_dispose(&uuids); /* twice is fine */
    unlinkat(place->root_fd, ".short", 0);
    unlinkat(place->root_fd, ".4a3c1e0e-8b1f-4d8e-9a57-0d2b6c7f1e000", 0);
    for (unsigned i = 0; i < 40; i++)
        slip__state_release(&entries[i]);
}

static void a_half_made_entry_is_cleared(void **state)
{
    const struct place *place = *state;
    struct slip_entry entry;

    assert_int_equal(mkdirat(place->root_fd, "vm", 0700), 0); /* died between mkdir and open */
    assert_alive(place, "");
    assert_int_equal(count_entries(place->path), 0);
    assert_int_equal(mkdirat(place->root_fd, "vm", 0700), 0);
    assert_int_equal(slip__state_claim(place->root_fd, "vm", &entry, NULL), 0);
    slip__state_release(&entry);
}

/* One process of a race: claims (at the same time as the others, as far as a pipe can make it so), stays until told, and says how it
 * went by its exit status. */
static pid_t fork_racer(const struct place *place, int start_fd, int stay_fd, int told_fd,
                        bool tidy)
{
    pid_t pid = fork();

    if (pid == 0) {
        struct slip_entry entry;
        char byte;
        int rc;

        (void)!read(start_fd, &byte, 1);
        rc = slip__state_claim(place->root_fd, "vm", &entry, NULL);
        (void)!write(told_fd, "", 1);
        (void)!read(stay_fd, &byte, 1);
        if (rc == 0 && tidy)
            slip__state_release(&entry); /* else it leaves as the killed do */
        _exit(rc == 0 ? 0 : rc == SLIP_EEXIST ? 1 : 2);
    }
    return pid;
}

#define RACERS 3

/* All claim at once while a list clears away what the last round's winner left. */
static void one_of_many_wins(void **state)
{
    const struct place *place = *state;

    for (unsigned round = 0; round < 50; round++) {
        int start[2], stay[2], told[2], status, won = 0, lost = 0;
        char bytes[RACERS] = {0};
        pid_t pids[RACERS];

        assert_int_equal(pipe2(start, O_CLOEXEC) | pipe2(told, O_CLOEXEC), 0);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, stay), 0);
        for (unsigned i = 0; i < RACERS; i++)
            pids[i] = fork_racer(place, start[0], stay[0], told[1], round % 2);
        assert_int_equal(write(start[1], bytes, RACERS), RACERS);
        clear_all_dead(place);
        for (unsigned i = 0; i < RACERS; i++)
            assert_int_equal(read(told[0], bytes, 1), 1);
        assert_int_equal(write(stay[1], bytes, RACERS), RACERS);
        for (unsigned i = 0; i < RACERS; i++) {
            assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
            assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
            won += WEXITSTATUS(status) == 0;
            lost += WEXITSTATUS(status) == 1;
        }
        assert_int_equal(won, 1);
        assert_int_equal(lost, RACERS - 1);
        for (unsigned i = 0; i < 2; i++) {
            close(start[i]);
            close(stay[i]);
            close(told[i]);
        }
    }
    clear_all_dead(place);
}

/* Claims and gives back the name again and again, or leaves it as the dead do; held is there while somebody has it. */
static _Noreturn void juggle(const struct place *place, const char *held)
{
    for (unsigned done = 0; done < 100;) {
        struct slip_entry entry;
        int rc = slip__state_claim(place->root_fd, "vm", &entry, NULL);

        if (rc == SLIP_EEXIST)
            continue;
        if (rc < 0 || mkdir(held, 0700) < 0) /* there already: two have it */
            _exit(1);
        if (faccessat(entry.folder_fd, "lock", F_OK, 0) <
            0) /* somebody cleared a living one away */
            _exit(2);
        rmdir(held);
        if (done++ % 2)
            slip__state_release(&entry);
        else
            slip__state_forget(&entry);
    }
    _exit(0);
}

/* Several do so at once while lists clear away: nobody may ever have a name that another has. */
static void names_go_from_hand_to_hand(void **state)
{
    const struct place *place = *state;
    char held[600];
    int status, running = RACERS;

    snprintf(held, sizeof(held), "%s/held", place->top);
    for (unsigned i = 0; i < RACERS; i++)
        if (fork() == 0)
            juggle(place, held);
    while (running) {
        clear_all_dead(place);
        if (waitpid(-1, &status, WNOHANG) > 0) {
            assert_int_equal(status, 0);
            running--;
        }
    }
    clear_all_dead(place);
}

/* Who is clearing a dead entry away has its lock for a moment: that is not yet somebody who is alive. */
static void a_sweeper_is_waited_for(void **state)
{
    const struct place *place = *state;
    const struct timespec moment = {.tv_nsec = 100000000};
    struct flock both = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 2};
    struct slip_entry entry;
    int ready[2];
    char byte;
    pid_t pid;

    assert_int_equal(slip__state_claim(place->root_fd, "vm", &entry, NULL), 0);
    slip__state_forget(&entry);
    assert_int_equal(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        int fd = openat(place->root_fd, "vm/lock", O_RDWR | O_CLOEXEC);

        if (fcntl(fd, F_OFD_SETLK, &both) < 0)
            _exit(1);
        (void)!write(ready[1], "", 1);
        nanosleep(&moment, NULL);
        _exit(0);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(slip__state_claim(place->root_fd, "vm", &entry, NULL), 0);
    slip__state_release(&entry);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    close(ready[0]);
    close(ready[1]);
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(a_claim_keeps_others_off),
        IN_A_FOLDER(bad_names_are_refused),
        IN_A_FOLDER(a_folder_of_others_is_refused),
        IN_A_FOLDER(a_living_owner_is_found),
        IN_A_FOLDER(a_killed_owners_child_is_waited_for),
        IN_A_FOLDER(a_killed_owner_leaves_its_record),
        IN_A_FOLDER(uuids_are_linked),
        IN_A_FOLDER(uuids_are_known_at_once),
        IN_A_FOLDER(a_half_made_entry_is_cleared),
        IN_A_FOLDER(one_of_many_wins),
        IN_A_FOLDER(names_go_from_hand_to_hand),
        IN_A_FOLDER(a_sweeper_is_waited_for),
    };

    return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
