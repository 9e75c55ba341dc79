/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What this host has for the qemu engine: a QEMU to run and an accelerator. Knows no guest. */
#ifndef SLIP_ENGINE_QEMU_PROBE_H
#define SLIP_ENGINE_QEMU_PROBE_H

#include <sys/types.h>

#include "base/error.h"
#include "slipway/engine.h"

/* Finds qemu-system-x86_64: where distributions put it, then in path (a PATH, NULL: none). *ret is the caller's to free. */
int slip__qemu_find(const char *const *places, size_t n_places, const char *path, char **ret,
                    struct slip_error **err);
/* The same in the places this host should have it. */
int slip__qemu_find_here(char **ret, struct slip_error **err);

/* Is KVM usable? A /dev/kvm on a CPU without vmx and svm is none (a container may have the node and nothing behind it).
 * *ret_why, if ret_why: why not, or "" . Static. */
bool slip__qemu_kvm_usable(const char **ret_why);
/* Who may open /dev/kvm besides root: its group (0: everybody, or nobody), and whether root alone may. */
void slip__qemu_kvm_access(gid_t *ret_group, bool *ret_root_only);
/* The CPU part of it: does this text of /proc/cpuinfo name vmx or svm among the flags? */
bool slip__qemu_cpuinfo_virtualizes(const char *cpuinfo);

void slip__qemu_probe(struct slip_engine_status *status);
void slip__qemu_describe(struct slip_engine_status *status);

#endif
