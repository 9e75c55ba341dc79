/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Identity page tables: a top table, a table for each 512 GiB in use, one for each GiB. Facts: Intel SDM volume 3, 4.5.4, "Linear-
 * address translation with 4-level paging".
 */
#include "build/paging.h"

#include "abi/ram.h"

#define GIB_SHIFT   30u
#define ENTRIES     512ull
#define PAGE_2M     (2ull << 20)
#define PRESENT_RW  0x3ull
#define LARGE_PAGE  0x80ull
#define TABLE_FLAGS PRESENT_RW
#define PAGE_FLAGS  (PRESENT_RW | LARGE_PAGE)

bool slip__identity_add(struct slip_identity *identity, uint64_t gpa, uint64_t bytes)
{
    uint64_t first = gpa >> GIB_SHIFT, end;
    unsigned at = 0, last;

    if (bytes == 0)
        return true;
    end = ((gpa + bytes - 1) >> GIB_SHIFT) + 1;
    while (at < identity->n_runs && identity->runs[at].end < first)
        at++;
    for (last = at; last < identity->n_runs && identity->runs[last].first <= end; last++) {
        if (identity->runs[last].first < first)
            first = identity->runs[last].first;
        if (identity->runs[last].end > end)
            end = identity->runs[last].end;
    }
    if (last == at && identity->n_runs == SLIP_IDENTITY_RUNS)
        return false;
    /* Those from at up to last become one. */
    for (unsigned i = identity->n_runs; last == at && i > at; i--)
        identity->runs[i] = identity->runs[i - 1];
    for (unsigned i = at + 1, k = last; last > at && k < identity->n_runs; i++, k++)
        identity->runs[i] = identity->runs[k];
    identity->n_runs = identity->n_runs + 1 - (last - at);
    identity->runs[at].first = first;
    identity->runs[at].end = end;
    return true;
}

static uint64_t count_gib(const struct slip_identity *identity)
{
    uint64_t count = 0;

    for (unsigned i = 0; i < identity->n_runs; i++)
        count += identity->runs[i].end - identity->runs[i].first;
    return count;
}

/* Tables of the second level: each stands for ENTRIES GiBs. Neighbouring runs may share one. */
static uint64_t count_directories(const struct slip_identity *identity)
{
    uint64_t count = 0, next = 0;

    for (unsigned i = 0; i < identity->n_runs; i++) {
        uint64_t first = identity->runs[i].first / ENTRIES;
        uint64_t end = (identity->runs[i].end - 1) / ENTRIES + 1;

        if (first < next)
            first = next;
        if (end > first)
            count += end - first;
        next = end;
    }
    return count;
}

uint64_t slip__identity_bytes(const struct slip_identity *identity)
{
    if (identity->n_runs == 0)
        return 0;
    return (1 + count_directories(identity) + count_gib(identity)) * SLIP_PAGE_BYTES;
}

static void put_zeros(struct slip_buf *buf, uint64_t entries)
{
    for (uint64_t i = 0; i < entries; i++)
        slip__buf_uint(buf, 0, 8);
}

/* Entries of consecutive tables at *table for the numbers [first, end) out of a table's; those before, from *pos on, are 0. */
static void put_entries(struct slip_buf *buf, uint64_t *pos, uint64_t first, uint64_t end,
                        uint64_t *table)
{
    put_zeros(buf, first - *pos);
    for (uint64_t i = first; i < end; i++, *table += SLIP_PAGE_BYTES)
        slip__buf_uint(buf, *table | TABLE_FLAGS, 8);
    *pos = end;
}

static void put_top(const struct slip_identity *identity, uint64_t gpa, struct slip_buf *buf)
{
    uint64_t pos = 0, table = gpa + SLIP_PAGE_BYTES;

    for (unsigned i = 0; i < identity->n_runs; i++) {
        uint64_t first = identity->runs[i].first / ENTRIES;
        uint64_t end = (identity->runs[i].end - 1) / ENTRIES + 1;

        if (first < pos)
            first = pos;
        if (first < end)
            put_entries(buf, &pos, first, end, &table);
    }
    put_zeros(buf, ENTRIES - pos);
}

static void put_directories(const struct slip_identity *identity, uint64_t gpa,
                            struct slip_buf *buf)
{
    uint64_t table = gpa + (1 + count_directories(identity)) * SLIP_PAGE_BYTES;
    uint64_t pos = 0;

    for (unsigned i = 0; i < identity->n_runs; i++) {
        uint64_t first = identity->runs[i].first, start = first - first % ENTRIES;

        /* Tables that no run is in are not there: the next begins with the run's own, after the one before is full. */
        if (pos < start) {
            put_zeros(buf, (ENTRIES - pos % ENTRIES) % ENTRIES);
            pos = start;
        }
        put_entries(buf, &pos, first, identity->runs[i].end, &table);
    }
    put_zeros(buf, (ENTRIES - pos % ENTRIES) % ENTRIES);
}

void slip__identity_write(const struct slip_identity *identity, uint64_t gpa, struct slip_buf *buf)
{
    if (identity->n_runs == 0)
        return;
    put_top(identity, gpa, buf);
    put_directories(identity, gpa, buf);
    for (unsigned i = 0; i < identity->n_runs; i++) {
        uint64_t page = identity->runs[i].first << GIB_SHIFT;

        for (; page < identity->runs[i].end << GIB_SHIFT; page += PAGE_2M)
            slip__buf_uint(buf, page | PAGE_FLAGS, 8);
    }
}
