/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between jail.c and confine.c: what a fresh child does to itself before it reads anything. Nobody else includes this. */
#ifndef SLIP_BASE_CONFINE_H
#define SLIP_BASE_CONFINE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/jail.h"

/* The walls of a jail in the order they go up; each name completes "cannot ...". */
#define SLIP_CONFINE_STEPS(X)                \
    X(SIGNALS, "set its signals up")         \
    X(DESCRIPTORS, "close its descriptors")  \
    X(LIMITS, "limit its memory and time")   \
    X(ROOT, "give up root")                  \
    X(CAPABILITIES, "drop its capabilities") \
    X(PARENT, "have it end with us")         \
    X(DUMPABLE, "hide it from debuggers")    \
    X(PRIVILEGES, "renounce new privileges") \
    X(LANDLOCK, "shut it off from files")    \
    X(SECCOMP, "filter its system calls")

enum slip_confine_step {
#define STEP(symbol, doing) SLIP_CONFINE_##symbol,
    SLIP_CONFINE_STEPS(STEP)
#undef STEP
        SLIP_CONFINE_COUNT
};

struct slip_confine {
    const struct slip_jail_terms *terms;
    pid_t parent;
    const int *keep; /* descriptors, ascending */
    size_t n_keep;
};

/* Confines this process, which has one thread, for good. 0, or the errno of the step that failed, *ret_step. Allocates nothing. */
int slip__confine(const struct slip_confine *how, enum slip_confine_step *ret_step);

#endif
