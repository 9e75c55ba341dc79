/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A case that can't run everywhere. cmocka's own skip() says "not ok", which needs no reason and takes none; the Test Anything
 * Protocol wants the reason at the end of the case's name, so there it goes.
 */
#ifndef SLIP_TEST_SKIP_H
#define SLIP_TEST_SKIP_H

static void skipped(void **state)
{
    (void)state;
}

/* For the table of cases: test, if it can run, else its name with the reason, a text in quotes. */
#define TEST_IF(can_run, test, reason)                                                            \
    {                                                                                             \
        (can_run) ? #test : #test " # SKIP " reason, (can_run) ? test : skipped, NULL, NULL, NULL \
    }

#endif
