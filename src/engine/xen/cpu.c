/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The CPU policy. libxenctrl has no call for it, so this makes the two hypercalls itself. Facts: public/domctl.h
 * (XEN_DOMCTL_get_cpu_policy), Intel's and AMD's manuals on CPUID, tools/libs/guest/xg_cpuid_x86.c of Xen 4.17.
 */
#include "engine/xen/cpu.h"

#include <errno.h>
#include <string.h>
#include <xencall.h>

/* Xen 4.17 has under 90 leaves; one that has more than this says so (ENOBUFS). */
#define MAX_LEAVES 512u

#define LEAF_VENDOR   0x0u
#define LEAF_FEATURES 0x1u
#define LEAF_CACHE    0x4u
#define LEAF_EXTENDED 0x80000001u
#define LEAF_SIZES    0x80000008u

#define EDX_HTT (1u << 28) /* leaf 1: the count in ebx[23:16] is valid */
#define ECX_CMP_LEGACY \
    (1u << 1) /* leaf 0x80000001: the logical processors are cores, not threads */

/* Which domctl, and whose leaves: in memory that Xen may reach. */
struct call {
    xen_domctl_t domctl;
    xen_cpuid_leaf_t leaves[MAX_LEAVES];
};

static xen_cpuid_leaf_t *find_leaf(xen_cpuid_leaf_t *leaves, size_t count, uint32_t leaf)
{
    for (size_t i = 0; i < count; i++)
        if (leaves[i].leaf == leaf)
            return &leaves[i];
    return NULL;
}

/* Leaf 1: twice as many logical processors in the package as there are cores, and a flag that says so. */
static void widen_package(xen_cpuid_leaf_t *features)
{
    uint32_t logical = features->b >> 16 & 0xff;

    if (!logical)
        logical = 2;
    else if (!(logical & 0x80))
        logical *= 2;
    features->b = (features->b & ~0xff0000u) | logical << 16;
    features->d |= EDX_HTT;
}

/* AMD: as many cores (minus one) in ecx[7:0], and one more bit of APIC id in ecx[15:12], unless that is unused (0) or as wide as
 * some systems can take (7). */
static void widen_amd(xen_cpuid_leaf_t *sizes)
{
    uint32_t cores = sizes->c & 0xff, bits = sizes->c >> 12 & 0xf;

    if (cores >= 0x7f)
        return;
    if (bits && bits < 7)
        bits++;
    sizes->c = (sizes->c & ~0xf0ffu) | bits << 12 | (cores << 1 | 1);
}

/* Intel: as many cores (minus one) in eax[31:26] of every cache's subleaf, each cache of one thread (eax[25:14] = 0). */
static void widen_intel(xen_cpuid_leaf_t *cache)
{
    uint32_t cores = cache->a >> 26;

    if (cache->a & 0x1f) /* the type of cache; 0: no more of them */
        cache->a = (cache->a & 0x3fff) | (cores << 1 | 1) << 26;
}

static bool is_from(const xen_cpuid_leaf_t *vendor, const char name[12])
{
    return vendor && memcmp(&vendor->b, name, 4) == 0 && memcmp(&vendor->d, name + 4, 4) == 0 &&
           memcmp(&vendor->c, name + 8, 4) == 0;
}

size_t slip__xen_cpu_topology(xen_cpuid_leaf_t *leaves, size_t count)
{
    const xen_cpuid_leaf_t *vendor = find_leaf(leaves, count, LEAF_VENDOR);
    bool intel = is_from(vendor, "GenuineIntel");
    bool amd = is_from(vendor, "AuthenticAMD") || is_from(vendor, "HygonGenuine");
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        xen_cpuid_leaf_t leaf = leaves[i];

        if (leaf.leaf == LEAF_FEATURES)
            widen_package(&leaf);
        else if (leaf.leaf == LEAF_EXTENDED)
            leaf.c &= ~ECX_CMP_LEGACY;
        else if (leaf.leaf == LEAF_SIZES && amd)
            widen_amd(&leaf);
        else if (leaf.leaf == LEAF_CACHE && intel)
            widen_intel(&leaf);
        else
            continue;
        leaves[n++] = leaf;
    }
    return n;
}

static int call_xen(const struct slip_xen *xen, struct call *call, uint32_t command, uint32_t domid,
                    uint32_t count)
{
    struct xen_domctl_cpu_policy *policy = &call->domctl.u.cpu_policy;

    memset(&call->domctl, 0, sizeof(call->domctl));
    call->domctl.cmd = command;
    call->domctl.interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    call->domctl.domain = (domid_t)domid;
    policy->nr_leaves = count;
    set_xen_guest_handle_raw(policy->leaves, call->leaves);
    return xencall1(xc_interface_xcall_handle(xen->xc), __HYPERVISOR_domctl, (uintptr_t)call);
}

int slip__xen_cpu_policy(const struct slip_xen *xen, uint32_t domid, bool pv,
                         struct slip_error **err)
{
    xencall_handle *handle = xc_interface_xcall_handle(xen->xc);
    struct call *call;
    size_t count;
    int rc = 0;

    if (pv)
        return 0;
    call = xencall_alloc_buffer(handle, sizeof(*call));
    if (!call)
        return slip__error_oom(err);
    if (call_xen(xen, call, XEN_DOMCTL_get_cpu_policy, domid, MAX_LEAVES) < 0) {
        rc = slip__xen_error(xen, err, "read the domain's CPU policy");
        goto out;
    }
    count = call->domctl.u.cpu_policy.nr_leaves;
    count = slip__xen_cpu_topology(call->leaves, count < MAX_LEAVES ? count : MAX_LEAVES);
    if (call_xen(xen, call, XEN_DOMCTL_set_cpu_policy, domid, (uint32_t)count) < 0)
        rc = slip__xen_error(xen, err, "set the domain's CPU policy (leaf 0x%x)",
                             call->domctl.u.cpu_policy.err_leaf);
out:
    xencall_free_buffer(handle, call);
    return rc;
}
