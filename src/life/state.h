/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The state folder: through it commands find the supervisors of running guests. It must not know what a supervisor does.
 *
 *   ROOT/NAME/lock     held (an OFD lock on byte 0) by the supervisor for its whole life: held means alive
 *   ROOT/NAME/record   JSON, what a supervisor that does not answer is shown with; written before anything of the guest exists
 *   ROOT/NAME/control  the control socket; it is there while the supervisor listens
 *   ROOT/.UUID         a link to NAME, made after the record, for guests whose hypervisor keeps their domain, and knows it by this uuid
 *
 * An entry whose lock nobody holds is dead. Whether anything of it is left in a hypervisor is not known here (stray.h), so nothing
 * here clears a dead one away unasked.
 *
 * No process ids are trusted and nothing is polled: a lock ends with its holder, however that ends. Byte 1 of the lock file is
 * the gate: who takes over or clears away a dead entry holds it, for a few system calls, so that a creator who finds byte 0
 * taken knows that it is a supervisor who has it.
 */
#ifndef SLIP_LIFE_STATE_H
#define SLIP_LIFE_STATE_H

#include <stdbool.h>

#include "base/error.h"
#include "guest/limits.h"
#include "guest/uuid.h"
#include "slipway/domain.h"

/* A claimed name. The descriptors are close-on-exec and survive fork; the name is ours until the last copy of lock_fd closes.
 */
struct slip_entry {
    int root_fd;   /* borrowed */
    int folder_fd; /* ROOT/NAME */
    int lock_fd;
    bool leftover; /* claimed from a dead owner, whose record is still there */
    char name[SLIP_LIMIT_NAME_BYTES + 1];
    char uuid[SLIP_UUID_TEXT_BYTES]; /* the link that is ours; empty: none */
};

/* Opens (making it, mode 0700) the folder. Refuses one that others own or may look into. */
int slip__state_open(const char *path, int *ret_root_fd, struct slip_error **err);

/* Claims a name. Exactly one of several claimers wins; SLIP_EEXIST for the others. A dead owner's record stays (ret->leftover): who
 * means to keep the name looks at it first, then slip__state_reset(). */
int slip__state_claim(int root_fd, const char *name, struct slip_entry *ret,
                      struct slip_error **err);
/* Forgets a dead owner: its record, and the link of its uuid. */
void slip__state_reset(struct slip_entry *entry);
/* Makes the link from uuid to the entry. SLIP_EEXIST: another entry, alive or dead, has it. */
int slip__state_link(struct slip_entry *entry, const char *uuid, struct slip_error **err);
/* The name that uuid is linked to. */
bool slip__state_name_of(int root_fd, const char *uuid, char ret[SLIP_LIMIT_NAME_BYTES + 1]);
/* All uuids that are linked to names, in one go. *ret is the caller's to dispose, also when this fails. */
struct slip_uuids {
    char (*list)[SLIP_UUID_TEXT_BYTES]; /* ascending */
    size_t count;
};
int slip__state_uuids(int root_fd, struct slip_uuids *ret, struct slip_error **err);
bool slip__uuids_have(const struct slip_uuids *uuids, const char *uuid);
void slip__uuids_dispose(struct slip_uuids *uuids);
/* The owner's goodbye: removes files and folder, then lets go of the lock. */
void slip__state_release(struct slip_entry *entry);
/* Closes the descriptors alone: other copies of them keep the name. */
void slip__state_forget(struct slip_entry *entry);

/* Makes the control socket and listens (non-blocking). */
int slip__state_listen(const struct slip_entry *entry, int *ret_fd, struct slip_error **err);
/* Writes the record, whole or not at all. created_us: slip__now_us() when the domain was created; it takes uptime_us's place. */
int slip__state_write_record(const struct slip_entry *entry, const struct slip_domain_info *info,
                             uint64_t created_us, struct slip_error **err);

/* Connects (non-blocking, close-on-exec) to the supervisor of name. SLIP_ENOENT: none is alive. SLIP_ESTATE: it does not
 * listen yet, its guest is being built. */
int slip__state_connect(int root_fd, const char *name, int *ret_fd, struct slip_error **err);
/* Is there a supervisor of this name? */
bool slip__state_is_alive(int root_fd, const char *name);
/* The same of one whose connection was closed: a process that dies lets go of one thing after the other, so it is given a moment. */
bool slip__state_is_still_alive(int root_fd, const char *name);
/* Clears name away if its owner is dead. Ask the hypervisor first: see stray.h. */
void slip__state_clear(int root_fd, const char *name);
/* Reads what the record says. SLIP_ENOENT when there is none yet. */
int slip__state_read_record(int root_fd, const char *name, struct slip_domain_info *ret,
                            struct slip_error **err);
/* Calls fn for every name, dead or alive, until it returns non-zero (which is returned). */
typedef int slip_state_fn(const char *name, bool alive, void *payload);
int slip__state_each(int root_fd, slip_state_fn *fn, void *payload, struct slip_error **err);

#endif
