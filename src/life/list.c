/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The list of all domains: entries of the state folder first, then what the hypervisors have. In this order, so that what an
 * entry without an owner stands for is told by a hypervisor that was asked after the owner had died.
 */
#include "life/list.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "life/client.h"
#include "life/limits.h"
#include "life/stray.h"

/* Supervisors that must be asked have so long to answer, all of them together so long, and the rest still get a moment. */
#define LOOK_US       500000u
#define LOOK_ALL_US   2000000u
#define LOOK_LEAST_US 20000u

/* An entry of the state folder. */
struct entry {
    struct slip_domain_info record;
    bool alive;
    bool hosted; /* its engine's hypervisor keeps domains */
    bool told;   /* fn has had it */
};

struct lister {
    int root_fd;
    uint64_t deadline_us; /* for all that must be asked */
    slip_domain_fn *fn;
    void *payload;
    int stop; /* what fn returned */
    struct entry *entries;
    size_t n_entries;
    struct slip_domain_info *hosted; /* the hypervisors' domains */
    size_t n_hosted;
    bool oom;
};

/* Room for one more in an array that doubles. */
static void *grow(void *items, size_t count, size_t size)
{
    if (count & (count - 1))
        return items; /* a power of two or nothing was its last size */
    return realloc(items, (count ? count * 2 : 1) * size);
}

static int add_entry(const char *name, bool alive, void *payload)
{
    struct lister *l = payload;
    struct entry entry = {.record = {.size = sizeof(entry.record)}, .alive = alive};
    struct entry *entries;

    if (slip__state_read_record(l->root_fd, name, &entry.record, NULL) < 0) {
        slip__state_clear(l->root_fd, name); /* its creator died before anything was made */
        return 0;                            /* or has not come far enough to have a record */
    }
    entry.hosted = slip__hosted_engine(entry.record.engine) != NULL;
    entries = grow(l->entries, l->n_entries, sizeof(*entries));
    l->oom = !entries;
    if (!entries)
        return 1;
    l->entries = entries;
    entries[l->n_entries++] = entry;
    return 0;
}

static int add_hosted(const struct slip_domain_info *info, void *payload)
{
    struct lister *l = payload;
    struct slip_domain_info *hosted;

    if (l->n_hosted == SLIP_LIMIT_DOMAINS)
        return 0;
    hosted = grow(l->hosted, l->n_hosted, sizeof(*hosted));
    l->oom = !hosted;
    if (!hosted)
        return 1;
    l->hosted = hosted;
    hosted[l->n_hosted++] = *info;
    return 0;
}

/* Entries whose record says it all. */
static bool is_known(const char *uuid, void *payload)
{
    const struct lister *l = payload;

    for (size_t i = 0; i < l->n_entries; i++)
        if (strcmp(l->entries[i].record.uuid, uuid) == 0)
            return true;
    return false;
}

static int ask_hypervisors(struct lister *l, struct slip_error **err)
{
    const struct slip_engine *engine;

    for (size_t i = 0; (engine = slip__engine_at(i)); i++) {
        int rc;

        if (!slip__hosted_usable(engine))
            continue;
        rc = engine->hosted->list(is_known, add_hosted, l, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static void tell(struct lister *l, const struct slip_domain_info *info)
{
    if (!l->stop)
        l->stop = l->fn(info, l->payload);
}

/* The domain of a living supervisor. Its number may be of an earlier boot: the uuid is what stays. */
static struct slip_domain_info *find_living(const struct lister *l,
                                            const struct slip_domain_info *record)
{
    for (size_t i = 0; i < l->n_hosted; i++)
        if (strcmp(l->hosted[i].uuid, record->uuid) == 0)
            return &l->hosted[i];
    return NULL;
}

static struct slip_domain_info *find_stray(const struct lister *l,
                                           const struct slip_domain_info *record)
{
    for (size_t i = 0; i < l->n_hosted; i++)
        if (slip__stray_is(record, &l->hosted[i]))
            return &l->hosted[i];
    return NULL;
}

/* It was told, by whatever name: the domains that are left are somebody else's. */
static void used(struct slip_domain_info *hosted)
{
    hosted->size = 0;
}

static void tell_supervised(struct lister *l, const struct entry *entry)
{
    struct slip_domain_info *hosted = find_living(l, &entry->record);
    struct slip_domain_info info = entry->record;

    if (!hosted) { /* not made yet; or it ended while we looked */
        if (info.state == SLIP_STATE_BUILDING || slip__state_is_alive(l->root_fd, info.name))
            tell(l, &info);
        return;
    }
    info = *hosted;
    memcpy(info.name, entry->record.name, sizeof(info.name));
    memcpy(info.type, entry->record.type, sizeof(info.type));
    info.supervisor_pid = entry->record.supervisor_pid;
    info.uptime_us = entry->record.uptime_us;
    info.boots = entry->record.boots;
    if (entry->record.vcpus)
        info.vcpus = entry->record.vcpus;
    if (entry->record.state != SLIP_STATE_RUNNING && entry->record.state != SLIP_STATE_PAUSED)
        info.state = entry->record.state;
    used(hosted);
    tell(l, &info);
}

static void tell_stray(struct lister *l, const struct entry *entry, bool sure)
{
    struct slip_domain_info *hosted =
        slip__stray_has_uuid(l->root_fd, &entry->record) ? find_stray(l, &entry->record) : NULL;
    struct slip_domain_info info;

    if (!hosted && sure) {
        slip__state_clear(l->root_fd, entry->record.name);
        return;
    }
    info = hosted ? *hosted : entry->record;
    slip__stray_merge(&entry->record, &info);
    if (hosted)
        used(hosted);
    tell(l, &info);
}

/* The hypervisor has nothing to do with it: who does is asked. */
static void tell_asked(struct lister *l, const struct entry *entry)
{
    struct slip_domain_info info = {.size = sizeof(info)};
    uint64_t now = slip__now_us(), deadline_us = now + LOOK_US;

    if (!entry->alive) {
        slip__state_clear(l->root_fd, entry->record.name);
        return;
    }
    if (deadline_us > l->deadline_us)
        deadline_us = l->deadline_us;
    if (deadline_us < now + LOOK_LEAST_US)
        deadline_us = now + LOOK_LEAST_US;
    if (slip__client_look(l->root_fd, entry->record.name, deadline_us, &info, NULL) == 0)
        tell(l, &info);
}

/* sure: the hypervisors said all they know. */
static void tell_entry(struct lister *l, struct entry *entry, bool sure)
{
    entry->told = true;
    if (!entry->hosted)
        tell_asked(l, entry);
    else if (entry->alive)
        tell_supervised(l, entry);
    else
        tell_stray(l, entry, sure);
}

/* A domain that was not there, or had no record, when the state folder was read. */
static void tell_rest(struct lister *l, struct slip_domain_info *hosted)
{
    struct entry entry = {.record = {.size = sizeof(entry.record)}, .hosted = true};
    char name[SLIP_LIMIT_NAME_BYTES + 1];

    if (!slip__state_name_of(l->root_fd, hosted->uuid, name) ||
        slip__state_read_record(l->root_fd, name, &entry.record, NULL) < 0) {
        tell(l, hosted);
        return;
    }
    entry.alive = slip__state_is_alive(l->root_fd, name);
    tell_entry(l, &entry, false);
}

int slip__list_each(int root_fd, slip_domain_fn *fn, void *payload, struct slip_error **err)
{
    struct lister l = {.root_fd = root_fd,
                       .deadline_us = slip__now_us() + LOOK_ALL_US,
                       .fn = fn,
                       .payload = payload};
    int rc, hosted_rc;

    rc = slip__state_each(root_fd, add_entry, &l, err);
    hosted_rc = rc == 0 ? ask_hypervisors(&l, err) : rc;
    if (l.oom)
        hosted_rc = slip__error_oom(err);
    for (size_t i = 0; i < l.n_entries && !l.stop; i++)
        tell_entry(&l, &l.entries[i], hosted_rc == 0);
    for (size_t i = 0; i < l.n_hosted && !l.stop; i++)
        if (l.hosted[i].size)
            tell_rest(&l, &l.hosted[i]);
    free(l.entries);
    free(l.hosted);
    return hosted_rc;
}
