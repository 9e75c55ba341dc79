/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What becomes of a guest: started, paused, restarted, kept, ended. The engine is played by hand (life_stage.h). */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "life/client.h"
#include "life/policy.h"

#include "life_stage.h"

static void a_life(void **state)
{
    struct stage *st = *state;
    struct slip_client client, other;
    struct boot boot = stage_start(st, false, true, &client);
    struct slip_domain_info info = stage_info_of(&client);

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
    client = stage_reopen(st);
    assert_int_equal(slip__client_request(&client, "unpause", NULL, NULL), 0);
    stage_assert_call(&boot, 'u');
    assert_int_equal(stage_info_of(&client).state, SLIP_STATE_RUNNING);
    other = stage_reopen(st);
    assert_int_equal(slip__client_request(&other, "pause", NULL, NULL), 0);
    assert_int_equal(slip__client_request(&other, "pause", NULL, NULL), 0); /* it is already */
    stage_assert_call(&boot, 'p');
    assert_int_equal(stage_info_of(&client).state, SLIP_STATE_PAUSED);
    assert_int_equal(slip__client_request(&client, "unpause", NULL, NULL), 0);
    stage_assert_call(&boot, 'u');
    assert_int_equal(slip__client_request(&client, "shutdown", NULL, NULL), 0);
    stage_assert_call(&boot, 'd');
    stage_happens(&boot, 'o');
    stage_assert_over(&boot);
    stage_assert_end(&client, SLIP_END_POWEROFF);
    stage_assert_end(&other, SLIP_END_POWEROFF);
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
    struct boot boot = stage_start(st, false, false, &client);
    int root_fd = stage_open_state(st);

    assert_int_equal(slip__client_request(&client, "destroy", NULL, NULL), 0);
    assert_int_equal(stage_count_entries(st->state), 0);
    assert_int_equal(slip__client_open(root_fd, "vm", &other, NULL), SLIP_ENOENT);
    close(root_fd);
    stage_assert_over(&boot);
    stage_assert_end(&client, SLIP_END_DESTROYED);
    slip__client_dispose(&client);
    boot = stage_start(st, false, false, &client); /* the name is free */
    assert_int_equal(slip__client_request(&client, "destroy", NULL, NULL), 0);
    slip__client_dispose(&client);
    stage_assert_over(&boot);
}

static void a_failed_start_leaves_nothing(void **state)
{
    struct stage *st = *state;
    struct slip_client client;
    struct slip_error *err = NULL;
    pid_t player = fork();

    if (player == 0) {
        struct boot boot = stage_accept_boot(st, 's', 'x');

        stage_assert_over(&boot);
        _exit(0);
    }
    assert_int_equal(stage_spawn(st, false, false, &client, &err), SLIP_EENGINE);
    assert_string_equal(slip_error_message(err), "the engine does not start");
    assert_string_equal(slip_error_hint(err), "play it better");
    assert_int_equal(slip_error_code(err), SLIP_CODE_OUTSIDE_RAM);
    assert_int_equal(stage_count_entries(st->state), 0);
    slip_error_free(err);
    waitpid(player, NULL, 0);
}

/* A creator is killed while its guest is being built: the supervisor is at work and finds out when it wants to tell. */

static void restarts_keep_domain_and_console(void **state)
{
    struct stage *st = *state;
    struct slip_client client, opened;
    struct boot boot = stage_start(st, true, false, &client);
    int console = -1, late = -1;

    assert_int_equal(slip__client_console(&client, &console, NULL), 0);
    stage_print(&boot, "one ");
    stage_happens(&boot, 'r');
    stage_assert_over(&boot);
    boot = stage_accept_boot(st, 's', 'g');
    stage_print(&boot, "two ");
    stage_assert_console(console, "one two ");
    assert_int_equal(stage_info_of(&client).boots, 2);
    assert_int_equal(write(console, "keys", 4), 4);
    stage_assert_console(boot.serial, "keys");

    /* A reboot by hand builds afresh as well, and is done when it is answered. */
    opened = stage_reopen(st);
    assert_int_equal(
        slip__message_send(opened.fd, slip__message_request("reboot"), SLIP_NO_DEADLINE, NULL), 0);
    stage_assert_over(&boot);
    boot = stage_accept_boot(st, 's', 'g');
    assert_int_equal(stage_info_of(&client).boots, 3);
    stage_print(&boot, "three");
    assert_int_equal(slip__client_console(&client, &late, NULL), 0);
    stage_assert_console(late, "one two three");
    stage_happens(&boot, 'o');
    stage_assert_over(&boot);
    stage_assert_end(&opened, SLIP_END_POWEROFF);
    stage_assert_console(console, "three");
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
    struct boot boot = stage_start(st, true, false, &client);

    stage_happens(&boot, 'r');
    stage_assert_over(&boot);
    boot = stage_accept_boot(st, 's', 'x');
    stage_assert_over(&boot);
    stage_assert_end(&client, SLIP_END_FAILED);
    assert_int_equal(slip_error_rc(client.ending.err), SLIP_EENGINE);
    assert_non_null(strstr(slip_error_message(client.ending.err), "the engine does not start"));
    slip__client_dispose(&client);
}

/* Who asked for the reboot hears why it failed, and so does who waits for the end. */
static void a_reboot_that_fails_is_told(void **state)
{
    struct stage *st = *state;
    struct slip_client client, other;
    struct boot boot = stage_start(st, true, false, &client);
    struct slip_error *err = NULL;
    json_t *reply = NULL;

    other = stage_reopen(st);
    assert_int_equal(
        slip__message_send(other.fd, slip__message_request("reboot"), SLIP_NO_DEADLINE, NULL), 0);
    stage_assert_over(&boot);
    boot = stage_accept_boot(st, 's', 'x');
    stage_assert_over(&boot);
    assert_int_equal(slip__message_receive(other.fd, SLIP_NO_DEADLINE, &reply, NULL), 0);
    assert_int_equal(slip__message_result(reply, &err), SLIP_EENGINE);
    assert_string_equal(slip_error_message(err),
                        "the guest could not be started again: the engine does not start");
    assert_string_equal(slip_error_hint(err), "play it better");
    slip_error_free(err);
    json_decref(reply);
    stage_assert_end(&other, SLIP_END_FAILED);
    stage_assert_end(&client, SLIP_END_FAILED);
    slip__client_dispose(&other);
    slip__client_dispose(&client);
}

static void resets_without_end_are_a_crash(void **state)
{
    struct stage *st = *state;
    struct slip_client client;
    struct boot boot = stage_start(st, true, false, &client);

    for (unsigned i = 1; i < SLIP_FAST_BOOTS_MAX; i++) {
        stage_happens(&boot, 'r');
        stage_assert_over(&boot);
        boot = stage_accept_boot(st, 's', 'g');
    }
    stage_happens(&boot, 'r');
    stage_assert_over(&boot);
    stage_assert_end(&client, SLIP_END_CRASHED);
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
    boot = stage_start(st, true, false, &client);
    sleep_ms(50);
    assert_int_equal(slip__client_request(&client, "pause", NULL, NULL), 0);
    stage_assert_call(&boot, 'p');
    sleep_ms(1100);
    assert_int_equal(slip__client_request(&client, "unpause", NULL, NULL), 0);
    stage_assert_call(&boot, 'u');
    stage_happens(&boot, 'r');
    stage_assert_over(&boot);
    stage_assert_end(&client, SLIP_END_CRASHED);
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
    boot = stage_start(st, true, false, &client);
    assert_int_equal(slip__client_console(&client, &console, NULL), 0);
    stage_print(&boot, "Oops");
    stage_happens(&boot, 'c');
    stage_assert_console(
        console, "Oops\r\n[slipway: the guest panicked; it is kept until it is destroyed]\r\n");
    assert_int_equal(stage_info_of(&client).state, SLIP_STATE_CRASHED);
    assert_int_equal(slip__client_request(&client, "unpause", NULL, &err), SLIP_ESTATE);
    assert_int_equal(slip_error_code(err), SLIP_CODE_WRONG_STATE);
    slip_error_free(err);
    assert_int_equal(slip__client_request(&client, "destroy", NULL, NULL), 0);
    stage_assert_over(&boot);
    stage_assert_end(&client, SLIP_END_DESTROYED);
    close(console);
    slip__client_dispose(&client);
}

static void an_engine_that_dies_is_a_failure(void **state)
{
    struct stage *st = *state;
    struct slip_client client;
    struct boot boot = stage_start(st, true, false, &client);

    close(boot.fd); /* the engine sees its QEMU gone */
    stage_assert_end(&client, SLIP_END_FAILED);
    assert_string_equal(slip_error_message(client.ending.err), "the engine fell over");
    close(boot.serial);
    slip__client_dispose(&client);
}

/* More than the supervisor reads at a time is there when it sees the end, and nobody has asked for the console yet. */

/* What comes in is answered with an error or closed; the domain does not notice. */

/* Many who ask without reading the answers cost no more than their connections. */

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_STAGE(a_life),
        ON_STAGE(destroy_returns_when_it_is_gone),
        ON_STAGE(a_failed_start_leaves_nothing),
        ON_STAGE(restarts_keep_domain_and_console),
        ON_STAGE(a_restart_that_fails_is_told),
        ON_STAGE(a_reboot_that_fails_is_told),
        ON_STAGE(resets_without_end_are_a_crash),
        ON_STAGE(a_pause_does_not_make_a_boot_long),
        ON_STAGE(a_crash_can_be_kept),
        ON_STAGE(an_engine_that_dies_is_a_failure),
    };

    return cmocka_run_group_tests_name("life", tests, NULL, NULL);
}
