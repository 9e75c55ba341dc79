/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A stage for tests of guests whose hypervisor keeps their domains: real supervisors on an engine whose domains are files of a folder, so
 * that they outlive whoever made them. A domain's events come through a fifo beside its file; what the test types there happens.
 *
 * Any process below the stage can be made to die at any of its steps: before the n-th of the calls that others can see (files,
 * sockets, forks, and the steps of the engine itself). It brings its own slip__build_guest() and its own registry of engines.
 */
#ifndef SLIP_TEST_HOSTED_STAGE_H
#define SLIP_TEST_HOSTED_STAGE_H

#include <stdbool.h>

#include "life/client.h"
#include "life/spawn.h"
#include "life/stray.h"

/* Who is to die. */
enum victim { NOBODY, CREATOR, SUPERVISOR, EVERYBODY };

/* Shared by all processes of a stage. */
struct fate {
    enum victim victim;
    pid_t creator; /* everybody else below the stage is the supervisor, or on the way to be one */
    unsigned
        at; /* the step that is its last, from 1; EVERYBODY: of the supervisor, who takes its creator along */
    unsigned steps;
    bool struck;
};

struct hosted_stage {
    pid_t test; /* who never dies */
    char top[32], state[64], host[64];
    int root_fd;
    struct slip_guest guest;
    struct fate *fate;
};

#define HOSTED_UUID "4a3c1e0e-8b1f-4d8e-9a57-0d2b6c7f1e90"

/* A domain as the hypervisor has it. */
struct hosted_domain {
    char uuid[37];
    char name[64];
    enum slip_state state;
    unsigned devices;  /* how many */
    unsigned consoles; /* how often its console was opened */
    bool console_open;
};

/* For cmocka. The end of a test must leave no process, no domain, and nothing in the state folder. */
int hosted_set_up(void **state);
int hosted_tear_down(void **state);

/* What the hypervisor has. False: no such domain. */
bool hosted_read(const struct hosted_stage *st, unsigned domid, struct hosted_domain *ret);
void hosted_write(const struct hosted_stage *st, unsigned domid,
                  const struct hosted_domain *domain);
void hosted_remove(const struct hosted_stage *st, unsigned domid);
/* How many there are; *ret_last: the highest number. */
unsigned hosted_count(const struct hosted_stage *st, unsigned *ret_last);
/* 'o' power-off, 'r' reset, 'c' panic, 'w' watchdog, 'g' gone. */
void hosted_happens(const struct hosted_stage *st, unsigned domid, char event);

/* slip__spawn() of the stage's guest, paused, in this process. */
int hosted_spawn(struct hosted_stage *st, bool owned, struct slip_client *ret,
                 struct slip_error **err);
/* The same in a process of its own, of which somebody dies. Returns when the creator has ended: its exit status, -1 if it was killed. */
int hosted_spawn_and_die(struct hosted_stage *st, enum victim victim, unsigned at);
/* Waits until no supervisor is left. */
void hosted_wait_for_all(void);

#define ON_HOSTED_STAGE(test) cmocka_unit_test_setup_teardown(test, hosted_set_up, hosted_tear_down)

#endif
