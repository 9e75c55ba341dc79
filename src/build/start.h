/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The first vCPU's state: its descriptor table, and what reports say of it. Knows no protocol. */
#ifndef SLIP_BUILD_START_H
#define SLIP_BUILD_START_H

#include <jansson.h>

#include "base/buf.h"
#include "build/plan.h"

/* Descriptors of a table that state's selectors name, with the null descriptor first. */
#define SLIP_START_GDT_MAX 8u
/* Fills ret with the descriptors that the selectors of the state name, the TSS not active yet; the others are 0. Returns how many up
 * to the last of them. Selectors past SLIP_START_GDT_MAX are left out. */
unsigned slip__start_gdt(const struct slip_start *start, uint64_t ret[SLIP_START_GDT_MAX]);

/* As lines of text; as words for a picture; as JSON (NULL: out of memory). */
void slip__start_text(const struct slip_plan *plan, struct slip_buf *buf);
void slip__start_words(const struct slip_plan *plan, struct slip_buf *buf);
json_t *slip__start_json(const struct slip_plan *plan);
/* Remarks beside a piece at [gpa, end): ", ebx points here". */
void slip__start_piece_words(const struct slip_plan *plan, uint64_t gpa, uint64_t end,
                             struct slip_buf *buf);

#endif
