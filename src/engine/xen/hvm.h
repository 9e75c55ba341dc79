/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is Xen's of a PVH domain: special pages, parameters, the first vCPU's state. Called by domain.c alone. */
#ifndef SLIP_ENGINE_XEN_HVM_H
#define SLIP_ENGINE_XEN_HVM_H

#include <stddef.h>
#include <stdint.h>

#include "build/plan.h"
#include "engine/xen/run.h"

/* The pages of the machine's special range, from special_gpa on. */
enum slip_xen_special {
    SLIP_XEN_SPECIAL_STORE,
    SLIP_XEN_SPECIAL_CONSOLE,
    SLIP_XEN_SPECIAL_IDENT_PT, /* what the processor walks while the guest's paging is off (Intel without unrestricted guest) */
    SLIP_XEN_SPECIAL_VM86_TSS, /* for real mode on the same processors */
    SLIP_XEN_SPECIALS
};

/* Where one lies: known before it is there. */
uint64_t slip__xen_hvm_special_frame(enum slip_xen_special which);
/* Gives the domain its special pages and fills them. */
int slip__xen_hvm_special(struct slip_xen_run *run, struct slip_error **err);
/* Parameters, memory map, MTRRs, first vCPU at the plan's entry. */
int slip__xen_hvm_start(struct slip_xen_run *run, const struct slip_plan *plan,
                        struct slip_error **err);

/* Pure: the blob for XEN_DOMCTL_sethvmcontext, made from what XEN_DOMCTL_gethvmcontext gave of the fresh domain (full). Its header
 * is kept, every vCPU's MTRRs get type write-back and are enabled, and vCPU 0 gets the start state. Returns the bytes
 * written to ret (of size bytes), 0 when full is not such a context or ret too small. */
size_t slip__xen_hvm_context(const uint8_t *full, size_t full_bytes, const struct slip_start *start,
                             unsigned vcpus, uint8_t *ret, size_t size);
/* Pure: bytes of ret that slip__xen_hvm_context() needs. */
size_t slip__xen_hvm_context_bytes(unsigned vcpus);
/* Pure: 1024 entries of 4 MiB pages that map 4 GiB to themselves. */
void slip__xen_ident_page_table(uint32_t ret[1024]);

#endif
