/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* on_poweroff, on_reboot, on_crash: from what happened to what is done. Pure; policy.h has the numbers and why. */
#include "life/policy.h"

#include "base/cleanup.h"

/* What is done for each action, in the words of the schema. instead: NULL if it is done to the letter. */
static const struct {
    enum slip_action action;
    enum slip_verdict verdict;
    const char *word;
    const char *instead;
} actions[] = {
    {SLIP_ACTION_DESTROY, SLIP_VERDICT_END, "destroy", NULL},
    {SLIP_ACTION_RESTART, SLIP_VERDICT_RESTART, "restart", NULL},
    {SLIP_ACTION_RENAME_RESTART, SLIP_VERDICT_RESTART, "rename-restart",
     "the guest is restarted under its own name, the old one is not kept"},
    {SLIP_ACTION_PRESERVE, SLIP_VERDICT_PRESERVE, "preserve", NULL},
    {SLIP_ACTION_COREDUMP_DESTROY, SLIP_VERDICT_END, "coredump-destroy",
     "the domain ends, no core is written"},
    {SLIP_ACTION_COREDUMP_RESTART, SLIP_VERDICT_RESTART, "coredump-restart",
     "the guest is restarted, no core is written"},
    {SLIP_ACTION_SOFT_RESET, SLIP_VERDICT_RESTART, "soft-reset", "the guest is restarted afresh"},
};

static enum slip_action action_of(const struct slip_num *field, enum slip_action fallback)
{
    return SLIP_IS_SET(*field) ? (enum slip_action)field->value : fallback;
}

struct slip_policy slip__policy(const struct slip_guest *guest)
{
    return (struct slip_policy){
        .on_poweroff = action_of(&guest->on_poweroff, SLIP_ACTION_DESTROY),
        .on_reboot = action_of(&guest->on_reboot, SLIP_ACTION_RESTART),
        .on_crash = action_of(&guest->on_crash, SLIP_ACTION_DESTROY),
        .on_watchdog = action_of(&guest->on_watchdog, SLIP_ACTION_DESTROY),
    };
}

static struct slip_decision decide(enum slip_action action, enum slip_end end,
                                   enum slip_state state, const char *reason)
{
    struct slip_decision d = {SLIP_VERDICT_END, end, state, reason};

    for (size_t i = 0; i < SLIP_COUNT(actions); i++)
        if (actions[i].action == action)
            d.verdict = actions[i].verdict;
    return d;
}

/* A boot that starts over and over helps nobody: on_crash may keep the domain, but not restart it. */
static struct slip_decision too_fast(const struct slip_policy *policy, const char *reason)
{
    struct slip_decision d = decide(policy->on_crash, SLIP_END_CRASHED, SLIP_STATE_CRASHED, reason);

    if (d.verdict == SLIP_VERDICT_RESTART)
        d.verdict = SLIP_VERDICT_END;
    return d;
}

static struct slip_decision decide_reset(const struct slip_policy *policy, bool fast)
{
    struct slip_decision d =
        decide(policy->on_reboot, SLIP_END_POWEROFF, SLIP_STATE_OFF, "the guest reset itself");

    /* Nobody will see whether it happens again, so the first one counts. */
    if (fast && d.verdict != SLIP_VERDICT_RESTART)
        return too_fast(policy,
                        "the guest was reset within 1 s of its start, as by a triple fault");
    return d;
}

struct slip_decision slip__policy_decide(struct slip_policy *policy, enum slip_event event,
                                         uint64_t ran_us)
{
    bool fast = ran_us < SLIP_FAST_BOOT_US;
    struct slip_decision d;

    policy->fast_boots = fast ? policy->fast_boots + 1 : 0;
    switch (event) {
    case SLIP_EVENT_POWEROFF:
        d = decide(policy->on_poweroff, SLIP_END_POWEROFF, SLIP_STATE_OFF, "the guest powered off");
        break;
    case SLIP_EVENT_RESET:
        d = decide_reset(policy, fast);
        break;
    case SLIP_EVENT_PANIC:
        d = decide(policy->on_crash, SLIP_END_CRASHED, SLIP_STATE_CRASHED, "the guest panicked");
        break;
    case SLIP_EVENT_WATCHDOG:
        d = decide(policy->on_watchdog, SLIP_END_CRASHED, SLIP_STATE_CRASHED,
                   "the guest's watchdog fired");
        break;
    default:
        return (struct slip_decision){SLIP_VERDICT_END, SLIP_END_FAILED, SLIP_STATE_CRASHED,
                                      "the engine failed"};
    }
    if (d.verdict == SLIP_VERDICT_RESTART && policy->fast_boots >= SLIP_FAST_BOOTS_MAX)
        return too_fast(policy,
                        "the guest restarts too fast: several boots in a row took under 1 s each");
    return d;
}

struct slip_decision slip__policy_reboot(struct slip_policy *policy)
{
    policy->fast_boots = 0;
    return decide(policy->on_reboot, SLIP_END_POWEROFF, SLIP_STATE_OFF, "a reboot was asked for");
}

static void check_action(const struct slip_num *field, const char *key, struct slip_diags *diags)
{
    for (size_t i = 0; SLIP_IS_SET(*field) && i < SLIP_COUNT(actions); i++)
        if ((int64_t)actions[i].action == field->value && actions[i].instead)
            slip__diag_hint(slip__diag(diags, SLIP_CODE_ACTION_REPLACED, field->mark.span,
                                       "%s = \"%s\" cannot be carried out: %s", key,
                                       actions[i].word, actions[i].instead),
                            "destroy, restart or preserve are carried out to the letter");
}

void slip__policy_check(const struct slip_guest *guest, const struct slip_engine *engine,
                        struct slip_diags *diags)
{
    check_action(&guest->on_poweroff, "on_poweroff", diags);
    check_action(&guest->on_reboot, "on_reboot", diags);
    check_action(&guest->on_crash, "on_crash", diags);
    if (engine->watchdog)
        check_action(&guest->on_watchdog, "on_watchdog", diags);
    else if (SLIP_IS_GIVEN(guest->on_watchdog) && guest->on_watchdog.value != SLIP_ACTION_DESTROY)
        slip__diag(diags, SLIP_CODE_WATCHDOG_IDLE, guest->on_watchdog.mark.span,
                   "on_watchdog is never used: the %s engine gives the guest no watchdog",
                   engine->name);
}
