/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The console: history, several viewers, one who does not read, typing and its back-pressure. */
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
#include <unistd.h>

#include <cmocka.h>

#include "life/console.h"
#include "life/limits.h"

#define RING_BYTES 1024u

struct fixture {
    struct slip_console console;
    int guest; /* the guest's end */
};

static int pair(int *ours)
{
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    *ours = fds[0];
    return fds[1];
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    signal(SIGPIPE, SIG_IGN);
    *state = f;
    if (slip__console_init(&f->console, RING_BYTES) < 0)
        return -1;
    f->console.guest_fd = f->console.guest_in_fd = pair(&f->guest);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    if (f->console.guest_fd >= 0)
        close(f->console.guest_fd);
    close(f->guest);
    slip__console_dispose(&f->console);
    free(f);
    return 0;
}

static int attach(struct fixture *f)
{
    int ours;

    assert_true(slip__console_attach(&f->console, pair(&ours)));
    return ours;
}

/* Turns the event loop until it has nothing to do. */
static void settle(struct fixture *f)
{
    struct pollfd fds[SLIP_CONSOLE_MAX_FDS];
    unsigned n = slip__console_fds(&f->console, UINT64_MAX, fds);

    for (unsigned i = 0; i < 10000 && poll(fds, n, 0) > 0; i++) {
        slip__console_dispatch(&f->console, fds, n);
        n = slip__console_fds(&f->console, UINT64_MAX, fds);
    }
}

/* Reads all that is there. */
static size_t take(int fd, char *dst, size_t size)
{
    size_t len = 0;
    ssize_t r;

    while ((r = read(fd, dst + len, size - 1 - len)) > 0)
        len += (size_t)r;
    dst[len] = 0;
    return len;
}

static void assert_takes(int fd, const char *expected)
{
    char got[4 * RING_BYTES];

    take(fd, got, sizeof(got));
    assert_string_equal(got, expected);
}

static void print(struct fixture *f, const char *text)
{
    assert_int_equal(write(f->guest, text, strlen(text)), strlen(text));
    settle(f);
}

static void all_see_what_was_and_what_comes(void **state)
{
    struct fixture *f = *state;
    int one, two;

    print(f, "early ");
    one = attach(f);
    settle(f);
    assert_takes(one, "early ");
    print(f, "middle ");
    two = attach(f);
    print(f, "late");
    assert_takes(one, "middle late");
    assert_takes(two, "early middle late");
    close(one);
    print(f, "!");
    assert_int_equal(f->console.n_viewers, 1);
    assert_takes(two, "!");
    close(two);
}

static void history_is_the_last_of_it(void **state)
{
    struct fixture *f = *state;
    char printed[3 * RING_BYTES], got[3 * RING_BYTES];
    int one;

    for (size_t i = 0; i < sizeof(printed); i++)
        printed[i] = (char)('a' + i % 23);
    for (size_t i = 0; i < sizeof(printed); i += 100) /* in pieces that don't divide the ring */
        slip__console_put(&f->console, printed + i,
                          sizeof(printed) - i < 100 ? sizeof(printed) - i : 100);
    one = attach(f);
    settle(f);
    assert_int_equal(take(one, got, sizeof(got)), RING_BYTES);
    assert_memory_equal(got, printed + sizeof(printed) - RING_BYTES, RING_BYTES);
    close(one);
}

/* What the guest's last bytes add to what came: nothing twice, nothing in the wrong place. */
static void last_words_complete_it(void **state)
{
    static const struct {
        const char *came, *last;
        size_t unheard;
        const char *late, *seen; /* late comes after all, from the terminal */
    } cases[] = {
        {"", "all of it", 9, "", "all of it"},
        {"one two", "two three", 6, "", "one two three"},
        {"one two", "one two three", 6, " th", "one two three"},
        {"one two", "one two three", 6, " three", "one two three"},
        {"one two", "two", 0, " three", "one two three"},       /* all had come */
        {"one two", "too three", 6, " three", "one two three"}, /* somebody else reads there, too */
        {"two", "one two three", 6, " three", "two three"},     /* ... more than what came */
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture *f;
        int one;

        if (i) {
            tear_down(state);
            set_up(state);
        }
        f = *state;
        one = attach(f);
        if (*cases[i].came)
            print(f, cases[i].came);
        slip__console_complete(&f->console, cases[i].last, strlen(cases[i].last), cases[i].unheard);
        if (*cases[i].late)
            print(f, cases[i].late);
        settle(f);
        assert_takes(one, cases[i].seen);
        close(one);
    }
}

static void the_slow_hold_up_nobody(void **state)
{
    struct fixture *f = *state;
    int slow = attach(f), quick = attach(f), small = 4096;
    uint64_t quick_got = 0, slow_got = 0, missed = 0;
    char line[101], *got = malloc(4 << 20);

    setsockopt(f->console.viewers[0].fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
    memset(line, 'x', 99);
    memcpy(line + 99, "\n", 2);
    for (unsigned i = 0; i < 20000; i++) {
        slip__console_put(&f->console, line, 100);
        settle(f);
        quick_got += take(quick, got, 4 << 20);
    }
    assert_int_equal(quick_got, 20000 * 100);
    for (int empty = 0;
         empty < 2;) { /* now it reads, and all of it is there but what it was told it missed */
        size_t len = take(slow, got, 4 << 20);
        const char *note = strstr(got, "[slipway: ");

        slow_got += len;
        if (note) {
            missed += strtoull(note + 10, NULL, 10);
            slow_got -= (size_t)(strstr(note, "missed]") + 9 - note) + 2;
        }
        empty = len ? 0 : empty + 1;
        settle(f);
    }
    assert_true(missed > 1000000);
    assert_int_equal(slow_got + missed, 20000 * 100);
    free(got);
    close(slow);
    close(quick);
}

static void typing_reaches_the_guest(void **state)
{
    struct fixture *f = *state;
    int one = attach(f), two = attach(f);

    assert_int_equal(write(one, "ab", 2), 2);
    settle(f);
    assert_int_equal(write(two, "c", 1), 1);
    settle(f);
    assert_takes(f->guest, "abc");
    /* Who has no more to type may go on watching. */
    shutdown(one, SHUT_WR);
    print(f, "out");
    assert_takes(one, "out");
    assert_int_equal(f->console.n_viewers, 2);
    close(one);
    close(two);
}

static void a_guest_that_does_not_read_stops_the_typing(void **state)
{
    struct fixture *f = *state;
    int one = attach(f);
    char chunk[1000], *got = malloc(8 << 20);
    uint64_t typed = 0, reached = 0;

    memset(chunk, 'k', sizeof(chunk));
    for (unsigned i = 0; i < 2000; i++) { /* far more than all buffers between */
        ssize_t r = write(one, chunk, sizeof(chunk));

        if (r > 0)
            typed += (uint64_t)r;
        settle(f);
    }
    assert_in_range(typed, SLIP_CONSOLE_INPUT_BYTES, 1900000);
    print(f, "still printing");
    assert_takes(one, "still printing");
    for (size_t len = 1; len; reached += len) {
        len = take(f->guest, got, 8 << 20);
        settle(f);
    }
    assert_int_equal(reached, typed);
    free(got);
    close(one);
}

static void between_guests_typing_is_dropped(void **state)
{
    struct fixture *f = *state;
    int one = attach(f), first_guest = f->console.guest_fd;

    print(f, "first ");
    assert_int_equal(write(f->guest, "last words", 10), 10);
    slip__console_drain(&f->console);
    assert_int_equal(f->console.guest_fd, -1);
    assert_int_equal(write(one, "nobody", 6), 6);
    settle(f);
    assert_takes(one, "first last words");
    f->console.guest_fd = f->console.guest_in_fd = first_guest; /* the next boot */
    print(f, " second");
    assert_takes(one, " second");
    assert_takes(f->guest, "");
    close(one);
}

static void a_dead_guest_is_no_busy_loop(void **state)
{
    struct fixture *f = *state;
    struct pollfd fds[SLIP_CONSOLE_MAX_FDS];
    int one = attach(f), dead = f->console.guest_fd;

    close(f->guest);
    f->guest = -1;
    assert_int_equal(write(one, "x", 1), 1);
    settle(f);
    assert_int_equal(poll(fds, slip__console_fds(&f->console, UINT64_MAX, fds), 0), 0);
    close(one);
    close(dead);
}

/* The guest's descriptor is left alone for a moment after each read, and there is a time to come back to it. */
static void output_gathers(void **state)
{
    struct fixture *f = *state;
    struct pollfd fds[SLIP_CONSOLE_MAX_FDS];
    uint64_t due;

    print(f, "a");
    due = slip__console_due_us(&f->console);
    assert_true(due > 0);
    assert_int_equal(slip__console_fds(&f->console, due - 1, fds), 0);
    assert_int_equal(slip__console_fds(&f->console, due, fds), 1);
    close(f->console.guest_fd);
    f->console.guest_fd = -1; /* the guest ended: nothing to come back to */
    assert_int_equal(slip__console_due_us(&f->console), 0);
}

static void there_is_a_limit(void **state)
{
    struct fixture *f = *state;
    int ours[SLIP_LIMIT_CLIENTS], extra, theirs = pair(&extra);

    for (unsigned i = 0; i < SLIP_LIMIT_CLIENTS; i++)
        ours[i] = attach(f);
    assert_false(slip__console_attach(&f->console, theirs));
    close(ours[5]);
    settle(f);
    assert_true(slip__console_attach(&f->console, theirs));
    for (unsigned i = 0; i < SLIP_LIMIT_CLIENTS; i++)
        if (i != 5)
            close(ours[i]);
    close(extra);
}

#define WITH_A_CONSOLE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_A_CONSOLE(all_see_what_was_and_what_comes),
        WITH_A_CONSOLE(history_is_the_last_of_it),
        WITH_A_CONSOLE(last_words_complete_it),
        WITH_A_CONSOLE(the_slow_hold_up_nobody),
        WITH_A_CONSOLE(typing_reaches_the_guest),
        WITH_A_CONSOLE(a_guest_that_does_not_read_stops_the_typing),
        WITH_A_CONSOLE(between_guests_typing_is_dropped),
        WITH_A_CONSOLE(a_dead_guest_is_no_busy_loop),
        WITH_A_CONSOLE(output_gathers),
        WITH_A_CONSOLE(there_is_a_limit),
    };

    return cmocka_run_group_tests_name("console", tests, NULL, NULL);
}
