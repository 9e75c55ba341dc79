/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What CPUID tells a guest.
 *
 * A fresh domain has Xen's default policy for its type, which is less than the most that the hardware could offer: no nested
 * virtualisation, nothing that would bind it to this host. That is what xl starts from too, and what a guest here keeps. On top
 * of it xl, and we, describe a topology for HVM and PVH guests: one core a vCPU and no threads, as their APIC ids are twice the
 * vCPU's number. For PV guests Xen shows the host's own, and nothing is changed.
 */
#ifndef SLIP_ENGINE_XEN_CPU_H
#define SLIP_ENGINE_XEN_CPU_H

#include <stddef.h>

#include "engine/xen/host.h"

/* Sets the policy of a domain that has not run yet. */
int slip__xen_cpu_policy(const struct slip_xen *xen, uint32_t domid, bool pv,
                         struct slip_error **err);

/* Pure: changes leaves (a whole policy) to that topology. Returns how many were moved to the front of leaves: those that changed
 * or may have. */
size_t slip__xen_cpu_topology(xen_cpuid_leaf_t *leaves, size_t count);

#endif
