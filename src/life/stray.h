/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Strays: domains that a hypervisor has and no supervisor of ours stands behind. Another toolstack made them, or their supervisor
 * died: then a dead entry of the state folder tells their name and how far they had come. It must not know which hypervisors
 * there are.
 *
 * A dead entry is cleared away only when the hypervisor has nothing of it. Who takes a stray of ours away holds its name
 * meanwhile, as its supervisor would, so that no two do so at once and no new guest of that name gets in between.
 */
#ifndef SLIP_LIFE_STRAY_H
#define SLIP_LIFE_STRAY_H

#include "engine/engine.h"
#include "life/state.h"

struct slip_stray {
    const struct slip_engine *engine; /* NULL: there is none */
    /* As the hypervisor has it; name, uptime and boots are the record's where there is one. */
    struct slip_domain_info info;
};

/* The engine called name if its hypervisor keeps domains, else NULL. */
const struct slip_engine *slip__hosted_engine(const char *name);
/* Does its hypervisor keep domains, and can it be asked here? */
bool slip__hosted_usable(const struct slip_engine *engine);
/* The error of an engine that can't plug devices in and out. */
int slip__no_hotplug(const struct slip_engine *engine, struct slip_error **err);
/* May a domain of the record's uuid be its own? Not if the link says another's: then this one died before it had made any. */
bool slip__stray_has_uuid(int root_fd, const struct slip_domain_info *record);
/* Is info, from the hypervisor, the domain of this record? */
bool slip__stray_is(const struct slip_domain_info *record, const struct slip_domain_info *info);
/* What to show of a stray with this record. */
void slip__stray_merge(const struct slip_domain_info *record, struct slip_domain_info *info);

/* What a dead supervisor's record stands for. Nothing: ret->engine is NULL. */
int slip__stray_of(int root_fd, const struct slip_domain_info *record, struct slip_stray *ret,
                   struct slip_error **err);
/* By name, or by number if name is all digits. SLIP_ENOENT: there is none. Clears a dead entry of that name away if nothing is left
 * of it. A number's may have a supervisor: see slip__state_name_of(). */
int slip__stray_find(int root_fd, const char *name, struct slip_stray *ret,
                     struct slip_error **err);
/* Ends it, with its entry if it has one. */
int slip__stray_destroy(int root_fd, const struct slip_stray *stray, struct slip_error **err);

/* For who has just claimed a name: takes what a dead owner left half-built away, and resets the entry. SLIP_EEXIST: the domain
 * is complete; give the name back. */
int slip__stray_settle(struct slip_entry *entry, struct slip_error **err);
/* For who has lost its supervisor: clears the dead entry away. all: with the domain, whatever became of it; else only if nothing
 * is left of it. */
void slip__stray_clear(int root_fd, const char *name, bool all);
/* For who has claimed a name, and is about to make a domain of it: does the engine's hypervisor have one of that name, which the
 * state folder knows nothing of, or of that uuid? SLIP_EEXIST. */
int slip__stray_check_name(const struct slip_entry *entry, const struct slip_engine *engine,
                           const char *uuid, struct slip_error **err);
/* For who has written its record: slip__state_link(). A dead guest that had the uuid and left nothing is cleared away. */
int slip__stray_link(struct slip_entry *entry, const char *uuid, struct slip_error **err);

#endif
