/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Domains that a hypervisor keeps: whoever dies at whichever step, what is left is shown as what it is, and goes when it is told to;
 * domains of others are seen, and never touched. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "guest/json.h"
#include "life/list.h"

#include "hosted_stage.h"

#define FOREIGN 1u

static const struct hosted_domain foreign = {
    .uuid = "11111111-2222-3333-4444-555555555555", .name = "theirs", .state = SLIP_STATE_RUNNING};

struct listing {
    struct slip_domain_info items[8];
    unsigned count;
};

static int add(const struct slip_domain_info *info, void *payload)
{
    struct listing *l = payload;

    assert_true(l->count < 8);
    l->items[l->count++] = *info;
    return 0;
}

static struct listing list(const struct hosted_stage *st)
{
    struct listing l = {.count = 0};

    assert_int_equal(slip__list_each(st->root_fd, add, &l, NULL), 0);
    return l;
}

/* What the list has of name; state 0: nothing. */
static struct slip_domain_info listed(const struct hosted_stage *st, const char *name)
{
    struct listing l = list(st);
    struct slip_domain_info found = {0};

    for (unsigned i = 0; i < l.count; i++)
        if (strcmp(l.items[i].name, name) == 0) {
            assert_int_equal(found.state, 0); /* once is enough */
            found = l.items[i];
        }
    return found;
}

static void sleep_ms(long ms)
{
    const struct timespec wait = {.tv_nsec = ms * 1000000};

    nanosleep(&wait, NULL);
}

static bool is_whole(const struct slip_domain_info *info)
{
    return info->state == SLIP_STATE_PAUSED || info->state == SLIP_STATE_RUNNING;
}

/* A supervisor whose creator is gone either ends or has a whole guest. */
static void settle_down(const struct hosted_stage *st)
{
    for (;;) {
        struct slip_client client;
        int root_fd = dup(st->root_fd), rc = slip__client_open(root_fd, "vm", &client, NULL);

        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
        if (rc == 0) { /* it answers when it has looked for its creator */
            rc = slip__client_request(&client, "info", NULL, NULL);
            slip__client_dispose(&client);
        } else {
            close(root_fd);
        }
        if (rc == 0 || !slip__state_is_alive(st->root_fd, "vm"))
            return;
        sleep_ms(1);
    }
}

/* Everything the hypervisor has is listed, by its number. */
static void assert_all_listed(const struct hosted_stage *st)
{
    struct listing l = list(st);
    unsigned numbered = 0;

    for (unsigned i = 0; i < l.count; i++)
        numbered += l.items[i].domid > 0;
    assert_int_equal(numbered, hosted_count(st, NULL));
}

static int destroy(const struct hosted_stage *st, const char *name)
{
    struct slip_client client;
    struct slip_stray stray;
    int root_fd = dup(st->root_fd), rc = slip__client_open(root_fd, name, &client, NULL);

    if (rc == 0) {
        rc = slip__client_request(&client, "destroy", NULL, NULL);
        slip__client_dispose(&client);
        return rc;
    }
    close(root_fd);
    rc = slip__stray_find(st->root_fd, name, &stray, NULL);
    return rc < 0 ? rc : slip__stray_destroy(st->root_fd, &stray, NULL);
}

/* After a death: what is there is what is shown; then it is taken away, by a destroy or by the next create. */
static void assert_recovers(struct hosted_stage *st, bool by_create)
{
    struct slip_domain_info info;
    struct slip_client client;
    struct slip_error *err = NULL;
    bool whole;
    int rc;

    st->fate->victim = NOBODY;
    settle_down(st);
    assert_all_listed(st);
    info = listed(st, "vm");
    whole = is_whole(&info);
    if (info.state && !whole) {
        assert_int_equal(info.state, SLIP_STATE_HALF_BUILT);
        assert_int_equal(info.supervisor_pid, 0);
    }
    if (by_create) {
        rc = hosted_spawn(st, false, &client, &err);
        assert_int_equal(rc, whole ? SLIP_EEXIST : 0);
        if (rc == 0)
            slip__client_dispose(&client);
        slip_error_free(err);
    }
    rc = destroy(st, "vm");
    assert_int_equal(rc, by_create || info.state ? 0 : SLIP_ENOENT);
    hosted_wait_for_all();
    assert_int_equal(hosted_count(st, NULL), 1);
    list(st); /* what is dead and left nothing goes with a list, too */
}

/* Every step of a create is the last of one of them. */
static void die_at_each_step(struct hosted_stage *st, enum victim victim)
{
    unsigned deaths = 0, half_built = 0, whole = 0;
    struct hosted_domain theirs;

    hosted_write(st, FOREIGN, &foreign);
    for (unsigned at = 1;; at++) {
        int status = hosted_spawn_and_die(st, victim, at);
        struct slip_domain_info info;

        if (!st->fate->struck) {
            assert_int_equal(status, 0);
            break;
        }
        deaths++;
        settle_down(st);
        info = listed(st, "vm");
        half_built += info.state == SLIP_STATE_HALF_BUILT;
        whole += is_whole(&info);
        if (victim == SUPERVISOR && status == 1) /* the creator took it away before it failed */
            assert_int_equal(info.state, 0);
        assert_recovers(st, at % 2);
    }
    assert_recovers(st, false);
    assert_true(deaths > (victim == CREATOR ? 4 : 12)); /* the test looks where it means to */
    if (victim == EVERYBODY) {
        assert_true(half_built > 3);
        assert_true(whole > 0);
    }
    assert_true(hosted_read(st, FOREIGN, &theirs));
    assert_memory_equal(&theirs, &foreign, sizeof(theirs));
    hosted_remove(st, FOREIGN);
}

static void a_creator_dies_at_any_step(void **state)
{
    die_at_each_step(*state, CREATOR);
}

static void a_supervisor_dies_at_any_step(void **state)
{
    die_at_each_step(*state, SUPERVISOR);
}

static void both_die_at_any_step(void **state)
{
    die_at_each_step(*state, EVERYBODY);
}

/* Steps of a request; the supervisor dies at one of them, and is no more when this returns true. */
static bool dies_at(struct hosted_stage *st, const char *verb, unsigned at)
{
    struct slip_client client;
    int rc;

    assert_int_equal(hosted_spawn(st, false, &client, NULL), 0);
    *st->fate = (struct fate){.victim = SUPERVISOR, .creator = getpid(), .at = at};
    rc = slip__client_request(&client, verb, NULL, NULL);
    if (st->fate->struck)
        assert_true(rc < 0 || strcmp(verb, "destroy") != 0 || hosted_count(st, NULL) == 1);
    st->fate->victim = NOBODY;
    slip__client_dispose(&client);
    if (!st->fate->struck)
        return false;
    hosted_wait_for_all();
    return true;
}

static void die_in(struct hosted_stage *st, const char *verb)
{
    unsigned at = 1;

    hosted_write(st, FOREIGN, &foreign);
    for (; dies_at(st, verb, at); at++)
        assert_recovers(st, at % 2);
    assert_true(at > 4);
    if (strcmp(verb, "destroy") != 0)
        assert_int_equal(destroy(st, "vm"), 0);
    hosted_remove(st, FOREIGN);
}

static void a_supervisor_dies_in_a_reboot(void **state)
{
    die_in(*state, "reboot");
}

static void a_supervisor_dies_in_a_destroy(void **state)
{
    die_in(*state, "destroy");
}

/* A stray is taken away by a process that dies over it: the next one does it. */
static void a_cleaner_dies_at_any_step(void **state)
{
    struct hosted_stage *st = *state;

    hosted_write(st, FOREIGN, &foreign);
    for (unsigned at = 1;; at++) {
        struct slip_client client;
        pid_t pid;

        assert_int_equal(hosted_spawn(st, false, &client, NULL), 0);
        slip__client_dispose(&client);
        kill(listed(st, "vm").supervisor_pid, SIGKILL);
        hosted_wait_for_all();
        *st->fate = (struct fate){.victim = CREATOR, .at = at};
        pid = fork();
        if (pid == 0) {
            st->fate->creator = getpid();
            _exit(destroy(st, "vm") < 0);
        }
        hosted_wait_for_all();
        assert_recovers(st, at % 2);
        if (!st->fate->struck)
            break;
    }
    hosted_remove(st, FOREIGN);
}

static void a_guest_goes_on_without_its_supervisor(void **state)
{
    struct hosted_stage *st = *state;
    struct slip_domain_info info;
    struct slip_client client;
    struct slip_stray stray;
    struct slip_error *err = NULL;

    assert_int_equal(hosted_spawn(st, false, &client, NULL), 0);
    assert_int_equal(slip__client_request(&client, "unpause", NULL, NULL), 0);
    info = listed(st, "vm");
    assert_int_equal(info.state, SLIP_STATE_RUNNING);
    assert_int_equal(info.domid, 1);
    assert_int_equal(info.boots, 1);
    kill(info.supervisor_pid, SIGKILL);
    slip__client_wait(&client);
    assert_int_equal(client.ending.end, SLIP_END_FAILED);
    slip__client_dispose(&client);
    info = listed(st, "vm");
    assert_int_equal(info.state, SLIP_STATE_RUNNING);
    assert_int_equal(info.supervisor_pid, 0);
    assert_int_equal(info.boots, 1);
    assert_int_equal(info.vcpus, 4);
    assert_true(info.uptime_us > 0);

    /* Its name stays taken, and says whose. */
    assert_int_equal(hosted_spawn(st, false, &client, &err), SLIP_EEXIST);
    assert_int_equal(slip_error_code(err), SLIP_CODE_NAME_TAKEN);
    assert_string_equal(slip_error_message(err),
                        "a guest called 'vm' is alive: domain 1, whose supervisor died");
    assert_string_equal(slip_error_hint(err), "end it: slipway destroy vm");
    slip_error_free(err);

    assert_int_equal(slip__stray_find(st->root_fd, "vm", &stray, NULL), 0);
    assert_int_equal(stray.info.domid, 1);
    assert_int_equal(slip__stray_find(st->root_fd, "1", &stray, NULL), 0);
    assert_int_equal(stray.info.domid, 1);
    hosted_write(st, 2, &foreign);
    assert_int_equal(destroy(st, "vm"), 0);
    assert_int_equal(hosted_count(st, NULL), 1);
    assert_int_equal(listed(st, "vm").state, 0);
    hosted_remove(st, 2);
}

/* Killed with its guest still there, and then the guest ends by other hands: nothing is left that seems alive. */
static void what_others_took_away_is_forgotten(void **state)
{
    struct hosted_stage *st = *state;
    struct slip_client client;

    assert_int_equal(hosted_spawn(st, false, &client, NULL), 0);
    slip__client_dispose(&client);
    kill(listed(st, "vm").supervisor_pid, SIGKILL);
    hosted_wait_for_all();
    hosted_remove(st, 1);
    assert_int_equal(listed(st, "vm").state, 0);
    assert_int_equal(hosted_spawn(st, false, &client, NULL), 0);
    slip__client_dispose(&client);
    assert_int_equal(destroy(st, "vm"), 0);
}

static void an_owned_guest_does_not_outlive_its_supervisor(void **state)
{
    struct hosted_stage *st = *state;
    struct slip_client client;

    assert_int_equal(hosted_spawn(st, true, &client, NULL), 0);
    kill(listed(st, "vm").supervisor_pid, SIGKILL);
    slip__client_wait(&client);
    assert_int_equal(hosted_count(st, NULL), 0);
    slip__client_dispose(&client);
}

static void names_and_uuids_of_others_are_taken(void **state)
{
    struct hosted_stage *st = *state;
    struct hosted_domain theirs = foreign;
    struct slip_client client, second;
    struct slip_error *err = NULL;
    struct slip_stray stray;

    snprintf(theirs.name, sizeof(theirs.name), "vm");
    hosted_write(st, 7, &theirs);
    assert_int_equal(hosted_spawn(st, false, &client, &err), SLIP_EEXIST);
    assert_int_equal(slip_error_code(err), SLIP_CODE_NAME_TAKEN);
    assert_string_equal(slip_error_message(err), "domain 7 on this host is called 'vm'");
    slip_error_free(err);
    err = NULL;
    assert_int_equal(slip__stray_find(st->root_fd, "vm", &stray, NULL), 0);
    assert_int_equal(stray.info.domid, 7);

    snprintf(theirs.name, sizeof(theirs.name), "theirs");
    memcpy(theirs.uuid, HOSTED_UUID, sizeof(theirs.uuid));
    hosted_write(st, 7, &theirs);
    assert_int_equal(hosted_spawn(st, false, &client, &err), SLIP_EEXIST);
    assert_int_equal(slip_error_code(err), SLIP_CODE_UUID_TAKEN);
    slip_error_free(err);
    err = NULL;

    /* Ours, too. */
    hosted_write(st, 7, &foreign);
    assert_int_equal(hosted_spawn(st, false, &client, NULL), 0);
    strcpy(st->guest.name.value, "v2");
    assert_int_equal(hosted_spawn(st, false, &second, &err), SLIP_EEXIST);
    assert_int_equal(slip_error_code(err), SLIP_CODE_UUID_TAKEN);
    slip_error_free(err);
    slip__client_dispose(&client);
    assert_int_equal(destroy(st, "vm"), 0);
    assert_int_equal(slip__stray_find(st->root_fd, "no", &stray, NULL), SLIP_ENOENT);
    assert_int_equal(slip__stray_find(st->root_fd, "9", &stray, NULL), SLIP_ENOENT);
    hosted_remove(st, 7);
}

/* Others pause and unpause it: the supervisor goes by what is true. */
static void the_hypervisor_knows_better(void **state)
{
    struct hosted_stage *st = *state;
    struct slip_client client;
    struct hosted_domain domain;
    struct slip_domain_info info = {.size = sizeof(info)};
    json_t *reply = NULL;

    assert_int_equal(hosted_spawn(st, true, &client, NULL), 0);
    assert_true(hosted_read(st, 1, &domain));
    domain.state = SLIP_STATE_RUNNING;
    hosted_write(st, 1, &domain);
    assert_int_equal(listed(st, "vm").state, SLIP_STATE_RUNNING);
    assert_int_equal(listed(st, "vm").vcpus,
                     4); /* but not of how many there are: one is online so far */
    assert_int_equal(slip__client_request(&client, "info", &reply, NULL), 0);
    slip__info_from_json(reply, &info);
    json_decref(reply);
    assert_int_equal(info.state, SLIP_STATE_RUNNING);
    assert_int_equal(info.domid, 1);
    assert_int_equal(info.vcpus, 4);
    assert_int_equal(info.cpu_us, 5);
    assert_int_equal(slip__client_request(&client, "pause", NULL, NULL), 0);
    assert_true(hosted_read(st, 1, &domain));
    assert_int_equal(domain.state, SLIP_STATE_PAUSED);
    domain.state = SLIP_STATE_RUNNING;
    hosted_write(st, 1, &domain);
    assert_int_equal(slip__client_request(&client, "pause", NULL, NULL), 0);
    assert_true(hosted_read(st, 1, &domain));
    assert_int_equal(domain.state, SLIP_STATE_PAUSED);
    slip__client_dispose(&client);
}

static void gone_is_an_end(void **state)
{
    struct hosted_stage *st = *state;
    struct slip_client client;

    assert_int_equal(hosted_spawn(st, false, &client, NULL), 0);
    hosted_happens(st, 1, 'g');
    slip__client_wait(&client);
    assert_int_equal(client.ending.end, SLIP_END_DESTROYED);
    assert_string_equal(client.ending.reason, "somebody else ended it");
    slip__client_dispose(&client);

    /* One that is kept may be ended by others as well. */
    st->guest.on_watchdog = (struct slip_num){{.origin = SLIP_GIVEN}, SLIP_ACTION_PRESERVE};
    assert_int_equal(hosted_spawn(st, false, &client, NULL), 0);
    hosted_happens(st, 1, 'w');
    while (listed(st, "vm").state != SLIP_STATE_CRASHED)
        sleep_ms(1);
    hosted_happens(st, 1, 'o'); /* no news of one that is kept */
    hosted_happens(st, 1, 'g');
    slip__client_wait(&client);
    assert_string_equal(client.ending.reason, "somebody else ended it");
    slip__client_dispose(&client);
}

static void the_console_is_open_while_somebody_watches(void **state)
{
    struct hosted_stage *st = *state;
    struct slip_client client;
    struct hosted_domain domain;
    int one = -1, two = -1;

    assert_int_equal(hosted_spawn(st, true, &client, NULL), 0);
    assert_true(hosted_read(st, 1, &domain));
    assert_int_equal(domain.consoles, 0);
    assert_int_equal(slip__client_console(&client, &one, NULL), 0);
    assert_int_equal(slip__client_console(&client, &two, NULL), 0);
    assert_true(hosted_read(st, 1, &domain));
    assert_true(domain.console_open);
    assert_int_equal(domain.consoles, 1);
    close(one);
    close(two);
    do {
        sleep_ms(1);
        assert_true(hosted_read(st, 1, &domain));
    } while (domain.console_open);
    assert_int_equal(slip__client_console(&client, &one, NULL), 0);
    assert_int_equal(slip__client_request(&client, "reboot", NULL, NULL), 0);
    assert_true(hosted_read(st, 1, &domain));
    assert_true(domain.console_open); /* watchers stay through restarts */
    close(one);
    slip__client_dispose(&client);
}

static int attach(struct slip_client *client, const char *vdev, struct slip_error **err)
{
    const struct slip_mark given = {.origin = SLIP_GIVEN};
    struct slip_disk disk = {0};
    json_t *request = slip__message_request("attach");

    slip__str_set(&disk.vdev, vdev, strlen(vdev), given);
    slip__str_set(&disk.target, "/b.img", 6, given);
    json_object_set_new(request, "kind", json_integer(SLIP_DEVICE_DISK));
    json_object_set_new(request, "device", slip__object_to_json(&slip__record_disk, &disk));
    slip__object_dispose(&slip__record_disk, &disk);
    return slip__client_send(client, request, NULL, err);
}

static int detach(struct slip_client *client, const char *which)
{
    json_t *request = slip__message_request("detach-device");

    json_object_set_new(request, "kind", json_integer(SLIP_DEVICE_DISK));
    json_object_set_new(request, "which", json_string(which));
    return slip__client_send(client, request, NULL, NULL);
}

static unsigned devices_after_reboot(struct hosted_stage *st, struct slip_client *client)
{
    struct hosted_domain domain = {0};

    assert_int_equal(slip__client_request(client, "reboot", NULL, NULL), 0);
    assert_true(hosted_read(st, 1, &domain));
    return domain.devices;
}

static void devices_stay_through_restarts(void **state)
{
    struct hosted_stage *st = *state;
    struct slip_client client;
    struct slip_error *err = NULL;
    json_t *reply = NULL;

    assert_int_equal(hosted_spawn(st, true, &client, NULL), 0);
    assert_int_equal(attach(&client, "xvdb", NULL), 0);
    assert_int_equal(attach(&client, "bad", &err), SLIP_EENGINE);
    assert_string_equal(slip_error_message(err), "no such luck");
    slip_error_free(err);
    assert_int_equal(attach(&client, "xvdc", NULL), 0);
    assert_int_equal(devices_after_reboot(st, &client), 2);
    assert_int_equal(slip__client_request(&client, "devices", &reply, NULL), 0);
    assert_string_equal(
        slip__message_text(json_array_get(json_object_get(reply, "devices"), 0), "name"), "xvdb");
    json_decref(reply);
    assert_int_equal(detach(&client, "51728"), 0); /* by its number */
    assert_int_equal(devices_after_reboot(st, &client), 1);
    assert_int_equal(devices_after_reboot(st, &client), 1);
    slip__client_dispose(&client);
}

/* A hundred guests are listed without asking one of them: here none would answer. */
static void many_are_listed_at_once(void **state)
{
    struct hosted_stage *st = *state;
    struct slip_entry entries[7];
    struct listing l;

    for (int i = 0; i < 7; i++) {
        struct slip_domain_info info = {.size = sizeof(info),
                                        .engine = "fake",
                                        .state = SLIP_STATE_RUNNING,
                                        .supervisor_pid = getpid(),
                                        .domid = i + 1};
        struct hosted_domain domain = {.state = SLIP_STATE_PAUSED};

        snprintf(info.name, sizeof(info.name), "vm%d", i);
        snprintf(info.uuid, sizeof(info.uuid), "4a3c1e0e-8b1f-4d8e-9a57-0d2b6c7f1e0%d", i);
        memcpy(domain.uuid, info.uuid, sizeof(domain.uuid));
        hosted_write(st, (unsigned)info.domid, &domain);
        assert_int_equal(slip__state_claim(st->root_fd, info.name, &entries[i], NULL), 0);
        assert_int_equal(slip__state_write_record(&entries[i], &info, 1, NULL), 0);
        assert_int_equal(slip__state_link(&entries[i], info.uuid, NULL), 0);
    }
    hosted_write(st, 8, &foreign);
    l = list(st);
    assert_int_equal(l.count, 8);
    for (unsigned i = 0; i < 7; i++) {
        assert_int_equal(l.items[i].state, SLIP_STATE_PAUSED);
        assert_int_equal(l.items[i].supervisor_pid, getpid());
    }
    assert_string_equal(l.items[7].name, "theirs");
    for (unsigned i = 0; i < 7; i++) {
        slip__state_release(&entries[i]);
        hosted_remove(st, i + 1);
    }
    hosted_remove(st, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_HOSTED_STAGE(a_creator_dies_at_any_step),
        ON_HOSTED_STAGE(a_supervisor_dies_at_any_step),
        ON_HOSTED_STAGE(both_die_at_any_step),
        ON_HOSTED_STAGE(a_supervisor_dies_in_a_reboot),
        ON_HOSTED_STAGE(a_supervisor_dies_in_a_destroy),
        ON_HOSTED_STAGE(a_cleaner_dies_at_any_step),
        ON_HOSTED_STAGE(a_guest_goes_on_without_its_supervisor),
        ON_HOSTED_STAGE(what_others_took_away_is_forgotten),
        ON_HOSTED_STAGE(an_owned_guest_does_not_outlive_its_supervisor),
        ON_HOSTED_STAGE(names_and_uuids_of_others_are_taken),
        ON_HOSTED_STAGE(the_hypervisor_knows_better),
        ON_HOSTED_STAGE(gone_is_an_end),
        ON_HOSTED_STAGE(the_console_is_open_while_somebody_watches),
        ON_HOSTED_STAGE(devices_stay_through_restarts),
        ON_HOSTED_STAGE(many_are_listed_at_once),
    };

    return cmocka_run_group_tests_name("hosted", tests, NULL, NULL);
}
