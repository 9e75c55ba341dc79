/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PV guests: machine frames, page tables, start info, vCPU state. Where everything lies is the plan's (build/pv.h).
 * Facts: Xen's public headers xen.h, domctl.h, foreign/x86_{64,32}.h; the order of steps and the values that are not in
 * them: tools/libs/guest/xg_dom_x86.c and xg_dom_boot.c of Xen 4.17.
 */
#include "engine/xen/pv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "build/pv.h"
#include "engine/xen/memory.h"

#define CAPABILITY_32 "xen-3.0-x86_32p"
#define CAPABILITY_64 "xen-3.0-x86_64"

#define FLAGS_INTERRUPTS (1u << 9)
#define DR6_FIXED        0xffff0ff0u
#define DR7_FIXED        0x400u

/* Is the word in Xen's list of the guests it runs? */
static bool is_listed(const char *list, const char *word)
{
    size_t len = strlen(word);

    for (const char *at = list; (at = strstr(at, word)); at += len) {
        if ((at == list || at[-1] == ' ') && (at[len] == 0 || at[len] == ' '))
            return true;
    }
    return false;
}

int slip__xen_pv_check(const struct slip_xen_run *run, struct slip_error **err)
{
    xen_capabilities_info_t list = {0};
    int rc;

    if (xc_version(run->xen.xc, XENVER_capabilities, &list) < 0)
        return slip__xen_error(&run->xen, err, "ask Xen what guests it runs");
    list[sizeof(list) - 1] = 0;
    if (is_listed(list, run->kernel_bits == 32 ? CAPABILITY_32 : CAPABILITY_64))
        return 0;
    rc = slip__error_code(err, SLIP_EENGINE, SLIP_CODE_XEN_NO_HVM,
                          "this Xen runs no %u-bit pv guests: it was built without PV%s",
                          run->kernel_bits, run->kernel_bits == 32 ? "32" : "");
    slip__error_hint(err, "it runs: %s; kernels of 32 bits start with type = \"pvh\" everywhere",
                     list);
    return rc;
}

/* Xen gives 64-bit guests; one of 32 bits is made so before it has memory. */
static int set_width(const struct slip_xen_run *run, struct slip_error **err)
{
    struct xen_domctl domctl = {.cmd = XEN_DOMCTL_set_address_size,
                                .domain = (domid_t)run->domid,
                                .u.address_size.size = run->kernel_bits};

    if (run->kernel_bits == 32 && xc_domctl(run->xen.xc, &domctl) < 0)
        return slip__xen_error(&run->xen, err, "make domain %u a 32-bit guest", run->domid);
    return 0;
}

int slip__xen_pv_populate(struct slip_xen_run *run, struct slip_error **err)
{
    struct slip_ram *ram = &run->ram.ram;
    int rc = set_width(run, err);

    if (rc < 0)
        return rc;
    ram->n_regions = slip__layout_ram(&slip__machine_xen_pv, run->memory_bytes, ram->regions);
    run->ram.n_pages = run->memory_bytes / SLIP_PAGE_BYTES;
    run->ram.p2m = calloc(run->ram.n_pages, sizeof(*run->ram.p2m));
    if (!run->ram.p2m)
        return slip__error_oom(err);
    return slip__xen_populate(&run->xen, run->domid, ram->regions, ram->n_regions, run->ram.p2m,
                              err);
}

static int find_shared_info(const struct slip_xen_run *run, uint64_t *ret, struct slip_error **err)
{
    xc_domaininfo_t info;

    if (xc_domain_getinfolist(run->xen.xc, run->domid, 1, &info) != 1 || info.domain != run->domid)
        return slip__xen_error(&run->xen, err, "look at domain %u", run->domid);
    *ret = info.shared_info_frame;
    return 0;
}

/* Xen fills it; which calls there are and how they are made differs from host to host. */
static int fill_hypercall_page(const struct slip_xen_run *run, const struct slip_pv *pv,
                               struct slip_error **err)
{
    struct xen_domctl domctl = {.cmd = XEN_DOMCTL_hypercall_init, .domain = (domid_t)run->domid};

    if (pv->hypercall_pfn == SLIP_PV_NO_PFN)
        return 0;
    domctl.u.hypercall_init.gmfn = run->ram.p2m[pv->hypercall_pfn];
    if (xc_domctl(run->xen.xc, &domctl) < 0)
        return slip__xen_error(&run->xen, err, "fill the hypercall page");
    return 0;
}

/* Makes the tables page tables in Xen's eyes: it checks each entry, and that nobody can write to one. */
static int pin_tables(const struct slip_xen_run *run, const struct slip_pv *pv,
                      struct slip_error **err)
{
    struct mmuext_op op = {.cmd = pv->bits == 32 ? MMUEXT_PIN_L3_TABLE : MMUEXT_PIN_L4_TABLE,
                           .arg1.mfn = run->ram.p2m[pv->mappings[0].tables_pfn]};

    if (xc_mmuext_op(run->xen.xc, &op, 1, run->domid) < 0)
        return slip__xen_error(&run->xen, err, "have the guest's page tables accepted");
    return 0;
}

/* Events are masked until each vCPU asks for them. The vcpu_infos lie at the same places for both widths. */
static int mask_events(const struct slip_xen_run *run, uint64_t frame, struct slip_error **err)
{
    xen_pfn_t mfn = frame;
    shared_info_any_t *shared = slip__xen_map_frames(run->xen.memory, run->domid, &mfn, 1, err);

    if (!shared)
        return SLIP_EENGINE;
    for (size_t i = 0; i < SLIP_COUNT(shared->s.vcpu_info); i++)
        shared->s.vcpu_info[i].evtchn_upcall_mask = 1;
    xenforeignmemory_unmap(run->xen.memory, shared, 1);
    return 0;
}

static void fill_vcpu64(const struct slip_pv *pv, uint64_t cr3, vcpu_guest_context_x86_64_t *vcpu)
{
    vcpu->flags = VGCF_in_kernel_X86_64 | VGCF_online_X86_64;
    vcpu->user_regs.rip = pv->entry;
    vcpu->user_regs.rsp = pv->stack_end_va;
    vcpu->user_regs.rsi = pv->start_info_va;
    vcpu->user_regs.rflags = FLAGS_INTERRUPTS;
    vcpu->user_regs.cs = FLAT_KERNEL_CS_X86_64;
    vcpu->user_regs.ss = FLAT_KERNEL_SS_X86_64;
    vcpu->user_regs.ds = FLAT_KERNEL_DS_X86_64;
    vcpu->user_regs.es = FLAT_KERNEL_DS_X86_64;
    vcpu->user_regs.fs = FLAT_KERNEL_DS_X86_64;
    vcpu->user_regs.gs = FLAT_KERNEL_DS_X86_64;
    vcpu->kernel_ss = vcpu->user_regs.ss;
    vcpu->kernel_sp = vcpu->user_regs.rsp;
    vcpu->ctrlreg[3] = cr3;
    vcpu->debugreg[6] = DR6_FIXED;
    vcpu->debugreg[7] = DR7_FIXED;
}

/* ELF notes came after extended-cr3: every kernel that has them knows how frames from 4 GiB on are folded into cr3,
 * so that the top table may be anywhere (public/elfnote.h, XEN_ELFNOTE_PAE_MODE). */
static void fill_vcpu32(const struct slip_pv *pv, uint64_t cr3, vcpu_guest_context_x86_32_t *vcpu)
{
    vcpu->flags = VGCF_in_kernel_X86_32 | VGCF_online_X86_32;
    vcpu->vm_assist = 1u << VMASST_TYPE_pae_extended_cr3;
    vcpu->user_regs.eip = (uint32_t)pv->entry;
    vcpu->user_regs.esp = (uint32_t)pv->stack_end_va;
    vcpu->user_regs.esi = (uint32_t)pv->start_info_va;
    vcpu->user_regs.eflags = FLAGS_INTERRUPTS;
    vcpu->user_regs.cs = FLAT_KERNEL_CS_X86_32;
    vcpu->user_regs.ss = FLAT_KERNEL_SS_X86_32;
    vcpu->user_regs.ds = FLAT_KERNEL_DS_X86_32;
    vcpu->user_regs.es = FLAT_KERNEL_DS_X86_32;
    vcpu->user_regs.fs = FLAT_KERNEL_DS_X86_32;
    vcpu->user_regs.gs = FLAT_KERNEL_DS_X86_32;
    vcpu->kernel_ss = vcpu->user_regs.ss;
    vcpu->kernel_sp = vcpu->user_regs.esp;
    vcpu->ctrlreg[3] = (uint32_t)cr3;
    vcpu->debugreg[6] = DR6_FIXED;
    vcpu->debugreg[7] = DR7_FIXED;
}

static int set_vcpu(const struct slip_xen_run *run, const struct slip_pv *pv,
                    struct slip_error **err)
{
    SLIP_AUTO_FREE vcpu_guest_context_any_t *vcpu = calloc(1, sizeof(*vcpu));
    uint64_t cr3 = slip__pv_cr3(pv, run->ram.p2m);

    if (!vcpu)
        return slip__error_oom(err);
    if (pv->bits == 32)
        fill_vcpu32(pv, cr3, &vcpu->x32);
    else
        fill_vcpu64(pv, cr3, &vcpu->x64);
    if (xc_vcpu_setcontext(run->xen.xc, run->domid, 0, vcpu) < 0)
        return slip__xen_error(&run->xen, err, "set the first vCPU's state");
    return 0;
}

int slip__xen_pv_start(struct slip_xen_run *run, const struct slip_plan *plan,
                       struct slip_error **err)
{
    const struct slip_pv *pv = plan->pv;
    struct slip_pv_host host = {
        .p2m = run->ram.p2m, .store_port = run->store.port, .console_port = run->console.port};
    int rc = find_shared_info(run, &host.shared_info_mfn, err);

    if (rc == 0)
        rc = slip__pv_finish(plan, &run->ram.ram, &host, err);
    slip__xen_ram_release(&run->ram); /* no page table is writable here any more */
    if (rc < 0)
        return rc;
    run->store.frame = run->ram.p2m[pv->store_pfn];
    run->console.frame = run->ram.p2m[pv->console_pfn];
    rc = fill_hypercall_page(run, pv, err);
    if (rc == 0)
        rc = pin_tables(run, pv, err);
    if (rc == 0)
        rc = mask_events(run, host.shared_info_mfn, err);
    return rc < 0 ? rc : set_vcpu(run, pv, err);
}
