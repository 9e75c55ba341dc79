/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Page tables of long mode that map guest memory to itself, in pages of 2 MiB: all that a 64-bit entry needs. Knows no layout.
 * Private to build/. */
#ifndef SLIP_BUILD_PAGING_H
#define SLIP_BUILD_PAGING_H

#include <stdint.h>

#include "base/buf.h"

#define SLIP_IDENTITY_RUNS 4

/* What is mapped: GiBs, ascending, apart from each other. */
struct slip_identity {
    unsigned n_runs;
    struct {
        uint64_t first, end; /* in GiB */
    } runs[SLIP_IDENTITY_RUNS];
};

/* Maps [gpa, gpa + bytes), which doesn't wrap, too: whole GiBs. False: it is one run too many. */
bool slip__identity_add(struct slip_identity *identity, uint64_t gpa, uint64_t bytes);
/* Bytes of the tables. */
uint64_t slip__identity_bytes(const struct slip_identity *identity);
/* Appends the tables, made for gpa (on a page boundary), the top one first. */
void slip__identity_write(const struct slip_identity *identity, uint64_t gpa, struct slip_buf *buf);

#endif
