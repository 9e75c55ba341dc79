/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Domains without a supervisor: found, told apart, taken away (stray.h says what they are). */
#include "life/stray.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

const struct slip_engine *slip__hosted_engine(const char *name)
{
    const struct slip_engine *engine;

    for (size_t i = 0; (engine = slip__engine_at(i)); i++)
        if (engine->hosted && engine->hosted->list && strcmp(engine->name, name) == 0)
            return engine;
    return NULL;
}

int slip__no_hotplug(const struct slip_engine *engine, struct slip_error **err)
{
    return slip__error_code(err, SLIP_ENOTSUP, SLIP_CODE_NO_HOTPLUG,
                            "the %s engine has no devices that come and go while a guest runs",
                            engine->name);
}

bool slip__stray_has_uuid(int root_fd, const struct slip_domain_info *record)
{
    char linked[SLIP_LIMIT_NAME_BYTES + 1];

    return !slip__state_name_of(root_fd, record->uuid, linked) || strcmp(linked, record->name) == 0;
}

/* The uuid decides. A domain that is still being made may have no name yet, and the record no number. */
bool slip__stray_is(const struct slip_domain_info *record, const struct slip_domain_info *info)
{
    if (strcmp(record->uuid, info->uuid) != 0)
        return false;
    if (record->domid >= 0)
        return record->domid == info->domid;
    return !info->name[0] || strcmp(record->name, info->name) == 0;
}

static bool is_complete(const struct slip_domain_info *record)
{
    return record->state == SLIP_STATE_RUNNING || record->state == SLIP_STATE_PAUSED ||
           record->state == SLIP_STATE_CRASHED || record->state == SLIP_STATE_OFF;
}

void slip__stray_merge(const struct slip_domain_info *record, struct slip_domain_info *info)
{
    memcpy(info->name, record->name, sizeof(info->name));
    memcpy(info->type, record->type, sizeof(info->type));
    info->uptime_us = record->uptime_us;
    info->boots = record->boots;
    if (record->vcpus)
        info->vcpus = record->vcpus;
    info->supervisor_pid = 0;
    if (!is_complete(record) && info->state != SLIP_STATE_DYING)
        info->state = SLIP_STATE_HALF_BUILT;
}

struct match {
    const struct slip_domain_info *record;
    struct slip_domain_info info;
    bool found;
};

static int match_record(const struct slip_domain_info *info, void *payload)
{
    struct match *match = payload;

    if (!slip__stray_is(match->record, info))
        return 0;
    match->info = *info;
    match->found = true;
    return 1;
}

int slip__stray_of(int root_fd, const struct slip_domain_info *record, struct slip_stray *ret,
                   struct slip_error **err)
{
    const struct slip_engine *engine = slip__hosted_engine(record->engine);
    struct match match = {.record = record};
    int rc;

    *ret = (struct slip_stray){0};
    if (!engine || !slip__stray_has_uuid(root_fd, record))
        return 0; /* its guests went with their supervisor */
    rc = engine->hosted->list(NULL, match_record, &match, err);
    if (rc < 0)
        return rc;
    if (!match.found)
        return 0;
    slip__stray_merge(record, &match.info);
    *ret = (struct slip_stray){engine, match.info};
    return 0;
}

/* --- by name ---------------------------------------------------------------------------------------------------- */

/* Which domains need not be asked for their names: the state folder has them. */
struct known {
    int root_fd;
    bool listed; /* uuids are read, with the first question */
    struct slip_uuids uuids;
    const char *uuid; /* of a guest to be; NULL: none */
    bool uuid_found;
};

static void known_dispose(struct known *known)
{
    slip__uuids_dispose(&known->uuids);
}

static bool is_known(const char *uuid, void *payload)
{
    struct known *known = payload;

    if (known->uuid && strcmp(known->uuid, uuid) == 0)
        known->uuid_found = true;
    if (!known->listed)
        slip__state_uuids(known->root_fd, &known->uuids, NULL); /* failed: all are asked */
    known->listed = true;
    return slip__uuids_have(&known->uuids, uuid);
}

struct by_name {
    const char *name;
    struct known *known;
    int domid; /* -1: not found */
};

static int match_name(const struct slip_domain_info *info, void *payload)
{
    struct by_name *by = payload;

    if (!is_known(info->uuid, by->known) && strcmp(info->name, by->name) == 0)
        by->domid = info->domid;
    return by->domid >= 0;
}

/* SLIP_ENOENT, without a word, when there is none. */
static int find_number(const struct slip_engine *engine, const char *name, struct known *known,
                       unsigned *ret, struct slip_error **err)
{
    struct by_name by = {.name = name, .known = known, .domid = -1};
    struct slip_error *why = NULL;
    int rc;

    if (engine->hosted->find)
        rc = engine->hosted->find(name, is_known, known, ret, &why);
    else
        rc = engine->hosted->list(NULL, match_name, &by, &why);
    if (rc == SLIP_ENOENT || !err)
        slip_error_free(why);
    else
        *err = why;
    if (rc < 0 || engine->hosted->find)
        return rc;
    *ret = (unsigned)by.domid;
    return by.domid >= 0 ? 0 : SLIP_ENOENT;
}

static bool is_number(const char *name, unsigned *ret)
{
    size_t len = strlen(name);

    if (len == 0 || len > 6 || strspn(name, "0123456789") != len)
        return false;
    *ret = (unsigned)strtoul(name, NULL, 10);
    return true;
}

bool slip__hosted_usable(const struct slip_engine *engine)
{
    struct slip_engine_status status = {.size = sizeof(status)};

    if (!engine->hosted || !engine->hosted->list)
        return false;
    engine->probe(&status);
    return status.usable;
}

static int no_such(const char *name, struct slip_error **err)
{
    slip__error_code(err, SLIP_ENOENT, SLIP_CODE_NO_SUCH_DOMAIN, "there is no guest called '%s'",
                     name);
    slip__error_hint(err, "see: slipway list");
    return SLIP_ENOENT;
}

static int find_hosted(int root_fd, const char *name, struct slip_stray *ret,
                       struct slip_error **err)
{
    SLIP_AUTO(known_dispose) struct known known = {.root_fd = root_fd};
    const struct slip_engine *engine;
    unsigned domid;
    int rc;

    for (size_t i = 0; (engine = slip__engine_at(i)); i++) {
        struct slip_error *why = NULL;

        if (!slip__hosted_usable(engine))
            continue;
        rc = is_number(name, &domid) ? 0 : find_number(engine, name, &known, &domid, &why);
        if (rc == 0) {
            ret->info.size = sizeof(ret->info);
            rc = engine->hosted->look(domid, &ret->info, &why);
        }
        if (rc == 0)
            ret->engine = engine;
        if (rc != SLIP_ENOENT && err)
            *err = why;
        else
            slip_error_free(why);
        if (rc != SLIP_ENOENT)
            return rc;
    }
    return no_such(name, err);
}

int slip__stray_find(int root_fd, const char *name, struct slip_stray *ret, struct slip_error **err)
{
    struct slip_domain_info record = {.size = sizeof(record)};
    int rc;

    *ret = (struct slip_stray){0};
    if (slip__state_read_record(root_fd, name, &record, NULL) == 0) {
        rc = slip__stray_of(root_fd, &record, ret, err);
        if (rc < 0 || ret->engine)
            return rc;
    }
    slip__state_clear(root_fd, name);
    return find_hosted(root_fd, name, ret, err);
}

/* --- taking away ------------------------------------------------------------------------------------------------ */

static int destroy(const struct slip_stray *stray, struct slip_error **err)
{
    int rc = stray->engine->hosted->destroy((unsigned)stray->info.domid, err);

    if (rc < 0)
        slip__error_prefix(err, "cannot take domain %d ('%s') away", stray->info.domid,
                           stray->info.name);
    return rc;
}

static int is_alive_unattended(const struct slip_stray *stray, struct slip_error **err)
{
    slip__error_code(err, SLIP_EEXIST, SLIP_CODE_NAME_TAKEN,
                     "a guest called '%s' is alive: domain %d, whose supervisor died",
                     stray->info.name, stray->info.domid);
    slip__error_hint(err, "end it: slipway destroy %s", stray->info.name);
    return SLIP_EEXIST;
}

/* The entry is ours. all: a complete domain goes too. */
static int settle(struct slip_entry *entry, bool all, struct slip_error **err)
{
    struct slip_domain_info record = {.size = sizeof(record)};
    struct slip_stray stray = {0};
    int rc = 0;

    if (slip__state_read_record(entry->root_fd, entry->name, &record, NULL) == 0)
        rc = slip__stray_of(entry->root_fd, &record, &stray, err);
    if (rc < 0)
        return rc;
    if (stray.engine && !all && stray.info.state != SLIP_STATE_HALF_BUILT &&
        stray.info.state != SLIP_STATE_DYING)
        return is_alive_unattended(&stray, err);
    if (stray.engine)
        rc = destroy(&stray, err);
    if (rc == 0)
        slip__state_reset(entry);
    return rc;
}

int slip__stray_settle(struct slip_entry *entry, struct slip_error **err)
{
    return settle(entry, false, err);
}

/* Claims a dead entry for as long as it takes to end what it stands for. */
static int end_entry(int root_fd, const char *name, struct slip_error **err)
{
    struct slip_entry entry;
    int rc = slip__state_claim(root_fd, name, &entry, err);

    if (rc < 0)
        return rc;
    rc = settle(&entry, true, err);
    if (rc < 0)
        slip__state_forget(&entry); /* dead it was, and dead it stays */
    else
        slip__state_release(&entry);
    return rc;
}

int slip__stray_destroy(int root_fd, const struct slip_stray *stray, struct slip_error **err)
{
    struct slip_domain_info record = {.size = sizeof(record)};

    if (slip__state_read_record(root_fd, stray->info.name, &record, NULL) == 0 &&
        slip__stray_is(&record, &stray->info))
        return end_entry(root_fd, stray->info.name, err);
    return destroy(stray, err);
}

void slip__stray_clear(int root_fd, const char *name, bool all)
{
    struct slip_domain_info record = {.size = sizeof(record)};
    struct slip_stray stray = {0};

    if (slip__state_is_still_alive(root_fd, name))
        return;
    if (slip__state_read_record(root_fd, name, &record, NULL) == 0 &&
        slip__stray_of(root_fd, &record, &stray, NULL) < 0)
        return; /* nobody can say: whoever asks next may */
    if (!stray.engine)
        slip__state_clear(root_fd, name);
    else if (all)
        end_entry(root_fd, name, NULL);
}

/* --- a new guest's name ----------------------------------------------------------------------------------------- */

int slip__stray_check_name(const struct slip_entry *entry, const struct slip_engine *engine,
                           const char *uuid, struct slip_error **err)
{
    SLIP_AUTO(known_dispose) struct known known = {.root_fd = entry->root_fd, .uuid = uuid};
    unsigned domid;
    int rc = find_number(engine, entry->name, &known, &domid, err);

    if (rc == 0) {
        slip__error_code(err, SLIP_EEXIST, SLIP_CODE_NAME_TAKEN,
                         "domain %u on this host is called '%s'", domid, entry->name);
        slip__error_hint(err, "choose another name (name=...), or end it: slipway destroy %s",
                         entry->name);
        return SLIP_EEXIST;
    }
    if (rc != SLIP_ENOENT)
        return rc;
    if (!known.uuid_found)
        return 0;
    slip__error_code(err, SLIP_EEXIST, SLIP_CODE_UUID_TAKEN,
                     "a domain on this host has the uuid %s already", uuid);
    slip__error_hint(err, "take uuid= out of the description: each guest then gets one of its own");
    return SLIP_EEXIST;
}

int slip__stray_link(struct slip_entry *entry, const char *uuid, struct slip_error **err)
{
    char other[SLIP_LIMIT_NAME_BYTES + 1];
    struct slip_error *why = NULL;
    int rc = slip__state_link(entry, uuid, &why);

    if (rc != SLIP_EEXIST || !slip__state_name_of(entry->root_fd, uuid, other)) {
        if (rc < 0 && err)
            *err = why;
        else
            slip_error_free(why);
        return rc;
    }
    slip_error_free(why);
    slip__stray_clear(entry->root_fd, other, false);
    return slip__state_link(entry, uuid, err);
}
