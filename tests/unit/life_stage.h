/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A stage for tests of supervisors: real processes on an engine that the test plays by hand. The engine's create() connects to the
 * test's socket twice: over the first connection it tells each call it gets as a letter and is told events, the second is the
 * guest's serial port. Each pair of connections is one boot; end of file is the engine's end, however it came.
 *
 * It brings its own slip__build_guest(): no kernel is read. It must not know what is tested.
 */
#ifndef SLIP_TEST_LIFE_STAGE_H
#define SLIP_TEST_LIFE_STAGE_H

#include <stdbool.h>

#include "life/client.h"
#include "life/spawn.h"

struct stage {
    char top[32], state[64], engine[64];
    int listen_fd; /* where engines dial in */
    struct slip_guest guest;
    unsigned progress; /* calls seen */
};

/* One boot, seen from inside. */
struct boot {
    int fd, serial;
};

/* For cmocka. The end of a test must leave no process, and nothing in the state folder. */
int stage_set_up(void **state);
int stage_tear_down(void **state);
/* Entries of a folder; 0 if there is none. */
unsigned stage_count_entries(const char *path);
/* Waits until no supervisor (nor any other child) is left. How many ended with a failure of their own: a sanitizer's finding
 * in a supervisor is seen here. */
unsigned stage_wait_for_all(void);
/* A descriptor of the state folder, for the caller to close or hand on. */
int stage_open_state(const struct stage *st);
/* Becomes the supervisor of the stage's guest, as spawn.c's child does; returns when its life is over. */
void stage_supervise(const struct stage *st, int root_fd, int owner_fd, int console_fd);
/* The next engine that dials in, answered how start() goes: 'g' well. how: 's', or 'S' for paused. */
struct boot stage_accept_boot(const struct stage *st, char how, char answer);
/* The next call the engine got. */
void stage_assert_call(const struct boot *boot, char expected);
/* 'o' power-off, 'r' reset, 'c' panic. */
void stage_happens(const struct boot *boot, char event);
/* Returns when the engine was destroyed, or died. */
void stage_assert_over(struct boot *boot);
/* slip__spawn() of the stage's guest. Somebody else must play its first boot. */
int stage_spawn(struct stage *st, bool owned, bool paused, struct slip_client *ret,
                struct slip_error **err);
/* The same with its first boot, which goes well. */
struct boot stage_start(struct stage *st, bool owned, bool paused, struct slip_client *client);
void stage_assert_end(struct slip_client *client, enum slip_end end);
struct slip_domain_info stage_info_of(struct slip_client *client);
/* Another connection. */
struct slip_client stage_reopen(const struct stage *st);
/* The next bytes of a console, and no more. */
void stage_assert_console(int fd, const char *expected);
/* The guest prints. */
void stage_print(const struct boot *boot, const char *text);

#define ON_STAGE(test) cmocka_unit_test_setup_teardown(test, stage_set_up, stage_tear_down)

#endif
