/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What happens to a domain when something happened inside its guest: on_poweroff, on_reboot, on_crash. Pure: no clock, no
 * process, no engine. */
#ifndef SLIP_LIFE_POLICY_H
#define SLIP_LIFE_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/engine.h"
#include "guest/guest.h"
#include "slipway/domain.h"

/* A boot this short is "fast". No kernel gets as far as choosing to reboot in this time (stock Linux needs over a second to its
 * first program even on hardware), while a triple fault, which looks just like a reset, comes within milliseconds. */
#define SLIP_FAST_BOOT_US 1000000u
/* So many fast boots in a row, and it is no reboot but a crash. One or two may be an installer or a firmware at work. */
#define SLIP_FAST_BOOTS_MAX 5u

enum slip_verdict { SLIP_VERDICT_END = 1, SLIP_VERDICT_RESTART, SLIP_VERDICT_PRESERVE };

struct slip_decision {
    enum slip_verdict verdict;
    enum slip_end end;     /* END: how */
    enum slip_state state; /* PRESERVE: as what it is kept */
    const char *reason;    /* one phrase; static */
};

struct slip_policy {
    enum slip_action on_poweroff, on_reboot, on_crash, on_watchdog;
    unsigned fast_boots; /* in a row */
};

struct slip_policy slip__policy(const struct slip_guest *guest);
/* event is neither NONE nor GONE, which leaves nothing to decide; ran_us: how long this boot ran, pauses not counted. DIED always ends as FAILED. */
struct slip_decision slip__policy_decide(struct slip_policy *policy, enum slip_event event,
                                         uint64_t ran_us);
/* The same for a reset that a person asked for: never fast, never a crash. */
struct slip_decision slip__policy_reboot(struct slip_policy *policy);
/* Which actions of this guest are replaced by others, and by which? To diags, with the place. */
void slip__policy_check(const struct slip_guest *guest, const struct slip_engine *engine,
                        struct slip_diags *diags);

#endif
