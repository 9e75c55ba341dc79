/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Makes the n-th allocation from now on fail, in programs linked with failmalloc.c and --wrap for malloc, calloc, realloc,
 * strdup, strndup, vasprintf and asprintf (tests/unit/meson.build). Libraries that are linked dynamically do not notice.
 */
#ifndef SLIP_TESTS_FAILMALLOC_H
#define SLIP_TESTS_FAILMALLOC_H

#include <stdbool.h>

/* n counts from 1; 0: none fails any more. */
void fail_allocation(unsigned n);
/* Did it come to that allocation? */
bool allocation_failed(void);

#endif
