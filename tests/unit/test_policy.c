/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* on_poweroff, on_reboot, on_crash: what each event makes of a domain, and when resets are a crash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "life/policy.h"

#define SLOW (5 * SLIP_FAST_BOOT_US)
#define FAST (SLIP_FAST_BOOT_US - 1)

static struct slip_policy policy(enum slip_action on_poweroff, enum slip_action on_reboot,
                                 enum slip_action on_crash)
{
    return (struct slip_policy){
        .on_poweroff = on_poweroff, .on_reboot = on_reboot, .on_crash = on_crash};
}

static void unset_means_the_defaults(void **state)
{
    struct slip_guest guest = {0};
    struct slip_policy p = slip__policy(&guest);

    (void)state;
    assert_int_equal(p.on_poweroff, SLIP_ACTION_DESTROY);
    assert_int_equal(p.on_reboot, SLIP_ACTION_RESTART);
    assert_int_equal(p.on_crash, SLIP_ACTION_DESTROY);
}

static void each_event_has_its_action(void **state)
{
    static const struct {
        enum slip_event event;
        enum slip_action on_poweroff, on_reboot, on_crash;
        enum slip_verdict verdict;
        int outcome; /* enum slip_end of an end, enum slip_state of what is kept */
    } cases[] = {
        {SLIP_EVENT_POWEROFF, SLIP_ACTION_DESTROY, SLIP_ACTION_RESTART, SLIP_ACTION_RESTART,
         SLIP_VERDICT_END, SLIP_END_POWEROFF},
        {SLIP_EVENT_POWEROFF, SLIP_ACTION_RESTART, SLIP_ACTION_DESTROY, SLIP_ACTION_DESTROY,
         SLIP_VERDICT_RESTART, 0},
        {SLIP_EVENT_POWEROFF, SLIP_ACTION_PRESERVE, SLIP_ACTION_DESTROY, SLIP_ACTION_DESTROY,
         SLIP_VERDICT_PRESERVE, SLIP_STATE_OFF},
        {SLIP_EVENT_RESET, SLIP_ACTION_RESTART, SLIP_ACTION_DESTROY, SLIP_ACTION_RESTART,
         SLIP_VERDICT_END, SLIP_END_POWEROFF},
        {SLIP_EVENT_RESET, SLIP_ACTION_DESTROY, SLIP_ACTION_RESTART, SLIP_ACTION_DESTROY,
         SLIP_VERDICT_RESTART, 0},
        {SLIP_EVENT_RESET, SLIP_ACTION_DESTROY, SLIP_ACTION_SOFT_RESET, SLIP_ACTION_DESTROY,
         SLIP_VERDICT_RESTART, 0},
        {SLIP_EVENT_RESET, SLIP_ACTION_DESTROY, SLIP_ACTION_PRESERVE, SLIP_ACTION_DESTROY,
         SLIP_VERDICT_PRESERVE, SLIP_STATE_OFF},
        {SLIP_EVENT_PANIC, SLIP_ACTION_RESTART, SLIP_ACTION_RESTART, SLIP_ACTION_DESTROY,
         SLIP_VERDICT_END, SLIP_END_CRASHED},
        {SLIP_EVENT_PANIC, SLIP_ACTION_RESTART, SLIP_ACTION_RESTART, SLIP_ACTION_COREDUMP_DESTROY,
         SLIP_VERDICT_END, SLIP_END_CRASHED},
        {SLIP_EVENT_PANIC, SLIP_ACTION_DESTROY, SLIP_ACTION_DESTROY, SLIP_ACTION_RENAME_RESTART,
         SLIP_VERDICT_RESTART, 0},
        {SLIP_EVENT_PANIC, SLIP_ACTION_DESTROY, SLIP_ACTION_DESTROY, SLIP_ACTION_COREDUMP_RESTART,
         SLIP_VERDICT_RESTART, 0},
        {SLIP_EVENT_PANIC, SLIP_ACTION_DESTROY, SLIP_ACTION_DESTROY, SLIP_ACTION_PRESERVE,
         SLIP_VERDICT_PRESERVE, SLIP_STATE_CRASHED},
        {SLIP_EVENT_DIED, SLIP_ACTION_RESTART, SLIP_ACTION_RESTART, SLIP_ACTION_RESTART,
         SLIP_VERDICT_END, SLIP_END_FAILED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct slip_policy p = policy(cases[i].on_poweroff, cases[i].on_reboot, cases[i].on_crash);
        struct slip_decision d = slip__policy_decide(&p, cases[i].event, SLOW);

        assert_int_equal(d.verdict, cases[i].verdict);
        if (d.verdict == SLIP_VERDICT_END)
            assert_int_equal(d.end, cases[i].outcome);
        if (d.verdict == SLIP_VERDICT_PRESERVE)
            assert_int_equal(d.state, cases[i].outcome);
        assert_non_null(d.reason);
    }
}

static void a_watchdog_has_its_action(void **state)
{
    struct slip_policy p = policy(SLIP_ACTION_DESTROY, SLIP_ACTION_DESTROY, SLIP_ACTION_DESTROY);
    struct slip_decision d;

    (void)state;
    p.on_watchdog = SLIP_ACTION_RESTART;
    assert_int_equal(slip__policy_decide(&p, SLIP_EVENT_WATCHDOG, SLOW).verdict,
                     SLIP_VERDICT_RESTART);
    p.on_watchdog = SLIP_ACTION_PRESERVE;
    d = slip__policy_decide(&p, SLIP_EVENT_WATCHDOG, SLOW);
    assert_int_equal(d.verdict, SLIP_VERDICT_PRESERVE);
    assert_int_equal(d.state, SLIP_STATE_CRASHED);
    p.on_watchdog = SLIP_ACTION_DESTROY;
    d = slip__policy_decide(&p, SLIP_EVENT_WATCHDOG, SLOW);
    assert_int_equal(d.end, SLIP_END_CRASHED);
    assert_string_equal(d.reason, "the guest's watchdog fired");
}

static void fast_resets_in_a_row_are_a_crash(void **state)
{
    struct slip_policy p = policy(SLIP_ACTION_DESTROY, SLIP_ACTION_RESTART, SLIP_ACTION_RESTART);
    struct slip_decision d;

    (void)state;
    for (unsigned i = 1; i < SLIP_FAST_BOOTS_MAX; i++)
        assert_int_equal(slip__policy_decide(&p, SLIP_EVENT_RESET, FAST).verdict,
                         SLIP_VERDICT_RESTART);
    /* One boot that lasted makes it a new row. */
    assert_int_equal(slip__policy_decide(&p, SLIP_EVENT_RESET, SLIP_FAST_BOOT_US).verdict,
                     SLIP_VERDICT_RESTART);
    for (unsigned i = 1; i < SLIP_FAST_BOOTS_MAX; i++)
        assert_int_equal(slip__policy_decide(&p, SLIP_EVENT_RESET, FAST).verdict,
                         SLIP_VERDICT_RESTART);
    /* Not even on_crash = "restart" goes on for ever. */
    d = slip__policy_decide(&p, SLIP_EVENT_RESET, FAST);
    assert_int_equal(d.verdict, SLIP_VERDICT_END);
    assert_int_equal(d.end, SLIP_END_CRASHED);
}

static void fast_panics_count_too(void **state)
{
    struct slip_policy p = policy(SLIP_ACTION_DESTROY, SLIP_ACTION_RESTART, SLIP_ACTION_RESTART);

    (void)state;
    for (unsigned i = 1; i < SLIP_FAST_BOOTS_MAX; i++)
        assert_int_equal(
            slip__policy_decide(&p, i % 2 ? SLIP_EVENT_PANIC : SLIP_EVENT_RESET, FAST).verdict,
            SLIP_VERDICT_RESTART);
    assert_int_equal(slip__policy_decide(&p, SLIP_EVENT_PANIC, FAST).end, SLIP_END_CRASHED);
}

static void a_fast_crash_can_be_kept(void **state)
{
    struct slip_policy p = policy(SLIP_ACTION_DESTROY, SLIP_ACTION_RESTART, SLIP_ACTION_PRESERVE);
    struct slip_decision d = {0};

    (void)state;
    for (unsigned i = 0; i < SLIP_FAST_BOOTS_MAX; i++)
        d = slip__policy_decide(&p, SLIP_EVENT_RESET, FAST);
    assert_int_equal(d.verdict, SLIP_VERDICT_PRESERVE);
    assert_int_equal(d.state, SLIP_STATE_CRASHED);
}

static void without_restart_one_fast_reset_is_a_crash(void **state)
{
    struct slip_policy p = policy(SLIP_ACTION_DESTROY, SLIP_ACTION_DESTROY, SLIP_ACTION_DESTROY);
    struct slip_decision d = slip__policy_decide(&p, SLIP_EVENT_RESET, FAST);

    (void)state;
    assert_int_equal(d.verdict, SLIP_VERDICT_END);
    assert_int_equal(d.end, SLIP_END_CRASHED);
    d = slip__policy_decide(&p, SLIP_EVENT_RESET, SLIP_FAST_BOOT_US);
    assert_int_equal(d.end, SLIP_END_POWEROFF);
    /* A power-off is never too fast. */
    d = slip__policy_decide(&p, SLIP_EVENT_POWEROFF, 0);
    assert_int_equal(d.end, SLIP_END_POWEROFF);
}

static void a_reboot_by_hand_is_never_a_crash(void **state)
{
    struct slip_policy p = policy(SLIP_ACTION_DESTROY, SLIP_ACTION_RESTART, SLIP_ACTION_DESTROY);

    (void)state;
    for (unsigned i = 0; i < 3 * SLIP_FAST_BOOTS_MAX; i++)
        assert_int_equal(slip__policy_reboot(&p).verdict, SLIP_VERDICT_RESTART);
    p.on_reboot = SLIP_ACTION_DESTROY;
    assert_int_equal(slip__policy_reboot(&p).end, SLIP_END_POWEROFF);
}

static void what_is_replaced_is_said(void **state)
{
    struct slip_diags *diags = slip_diags_new();
    unsigned source = slip__diags_add_source(diags, "vm.cfg", "on_crash = 'coredump-restart'", 29);
    struct slip_mark given = {.origin = SLIP_GIVEN, .span = {source, 11, 29}};
    struct slip_guest guest = {
        .on_crash = {.mark = given, .value = SLIP_ACTION_COREDUMP_RESTART},
        .on_reboot = {.mark = given, .value = SLIP_ACTION_RESTART},
        .on_watchdog = {.mark = given, .value = SLIP_ACTION_PRESERVE},
    };
    static const struct slip_engine no_watchdog = {.name = "fake"},
                                    with_one = {.name = "fake", .watchdog = true};
    struct slip_place place;

    (void)state;
    slip__policy_check(&guest, &no_watchdog, diags);
    assert_int_equal(slip_diags_count(diags), 2);
    assert_int_equal(slip_diags_errors(diags), 0);
    assert_int_equal(slip_diag_code(slip_diags_at(diags, 0)), SLIP_CODE_ACTION_REPLACED);
    assert_non_null(strstr(slip_diag_message(slip_diags_at(diags, 0)), "no core is written"));
    assert_true(slip_diags_place(diags, slip_diag_span(slip_diags_at(diags, 0)), &place));
    assert_int_equal(place.column, 12);
    assert_int_equal(slip_diag_code(slip_diags_at(diags, 1)), SLIP_CODE_WATCHDOG_IDLE);
    assert_string_equal(slip_diag_message(slip_diags_at(diags, 1)),
                        "on_watchdog is never used: the fake engine gives the guest no watchdog");
    guest.on_crash = (struct slip_num){0};
    slip__policy_check(&guest, &with_one, diags);
    assert_int_equal(slip_diags_count(diags), 2);
    guest.on_watchdog.value = SLIP_ACTION_RENAME_RESTART;
    slip__policy_check(&guest, &with_one, diags);
    assert_int_equal(slip_diags_count(diags), 3);
    assert_int_equal(slip_diag_code(slip_diags_at(diags, 2)), SLIP_CODE_ACTION_REPLACED);
    slip_diags_free(diags);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unset_means_the_defaults),
        cmocka_unit_test(each_event_has_its_action),
        cmocka_unit_test(a_watchdog_has_its_action),
        cmocka_unit_test(fast_resets_in_a_row_are_a_crash),
        cmocka_unit_test(fast_panics_count_too),
        cmocka_unit_test(a_fast_crash_can_be_kept),
        cmocka_unit_test(without_restart_one_fast_reset_is_a_crash),
        cmocka_unit_test(a_reboot_by_hand_is_never_a_crash),
        cmocka_unit_test(what_is_replaced_is_said),
    };

    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
