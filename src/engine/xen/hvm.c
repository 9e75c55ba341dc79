/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is Xen's of a PVH domain. Facts: public/hvm/params.h, public/arch-x86/hvm/save.h, docs/misc/pvh.pandoc; what Xen's own
 * toolstack sets is in tools/libs/guest/xg_dom_x86.c and tools/libs/light/libxl_x86.c.
 */
#include "engine/xen/hvm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xen/hvm/params.h>
#include <xen/hvm/save.h>

#include "base/cleanup.h"

#define CR0_PE       0x1u
#define CR0_ET       0x10u
#define CR0_PG       0x80000000u
#define CR4_PAE      0x20u
#define EFER_LME     0x100u
#define EFER_LMA     0x400u
#define RFLAGS_FIXED 0x2u
#define DR6_FIXED    0xffff0ff0u
#define DR7_FIXED    0x400u
/* Segments: type and S, present, default size, granularity, as Xen packs them (bits 0-7 and 8-11). */
#define ATTR_CODE       0xc9bu /* execute, read, accessed; 32 bits; 4 KiB units */
#define ATTR_CODE64     0xa9bu /* the same with 64 bits */
#define ATTR_DATA       0xc93u /* read, write, accessed */
#define ATTR_TSS        0x08bu /* TSS, busy: active; in long mode the same number is the 64-bit one */
#define MTRR_ENABLE     0x800u
#define MTRR_WRITE_BACK 6u
/* Present, writable, user, accessed, dirty, 4 MiB. */
#define IDENT_FLAGS 0xe7u
/* 32-bit TSS (104), interrupt redirection map (32), I/O bitmap for the first KiB of ports and its end: as Xen's own dom0 has. */
#define VM86_TSS_BYTES 265ull

#define CONTEXT_MAX_BYTES (64u << 20)

struct record {
    struct hvm_save_descriptor head;
    const uint8_t *body;
};

/* The record of this type and instance; false: there is none, or full is cut off before it. */
static bool find_record(const uint8_t *full, size_t bytes, uint16_t type, uint16_t instance,
                        struct record *ret)
{
    size_t at = 0;

    while (bytes - at >= sizeof(ret->head)) {
        memcpy(&ret->head, full + at, sizeof(ret->head));
        at += sizeof(ret->head);
        if (ret->head.length > bytes - at)
            return false;
        ret->body = full + at;
        if (ret->head.typecode == type && ret->head.instance == instance)
            return true;
        if (ret->head.typecode == HVM_SAVE_CODE(END))
            return false;
        at += ret->head.length;
    }
    return false;
}

static size_t put_record(uint8_t *ret, size_t at, uint16_t type, uint16_t instance,
                         const void *body, size_t length)
{
    struct hvm_save_descriptor head = {
        .typecode = type, .instance = instance, .length = (uint32_t)length};

    memcpy(ret + at, &head, sizeof(head));
    if (length)
        memcpy(ret + at + sizeof(head), body, length);
    return at + sizeof(head) + length;
}

/* struct slip_start as Xen wants it. Selectors that the state leaves open stay 0. */
static void fill_cpu(const struct slip_start *start, struct hvm_hw_cpu *cpu)
{
    bool wide = start->mode == SLIP_CPU_LONG64;

    *cpu = (struct hvm_hw_cpu){
        .rip = start->entry_gpa,
        .rax = start->rax,
        .rbx = start->rbx,
        .rcx = start->rcx,
        .rsi = start->rsi,
        .rdi = start->rdi,
        .rbp = start->rbp,
        .rsp = start->rsp,
        .rflags = RFLAGS_FIXED,
        .cr0 = CR0_PE | CR0_ET | (wide ? CR0_PG : 0),
        .cr3 = wide ? start->cr3 : 0,
        .cr4 = wide ? CR4_PAE : 0,
        .msr_efer = wide ? EFER_LME | EFER_LMA : 0,
        .dr6 = DR6_FIXED,
        .dr7 = DR7_FIXED,
        .gdtr_base = start->gdt_bytes ? start->gdt_gpa : 0,
        .gdtr_limit = start->gdt_bytes ? start->gdt_bytes - 1 : 0,
        .cs_sel = start->cs,
        .ds_sel = start->ds,
        .es_sel = start->ds,
        .ss_sel = start->ds,
        .fs_sel = start->ds, /* Multiboot asks for these two */
        .gs_sel = start->ds,
        .tr_sel = start->tr,
        .cs_limit = UINT32_MAX,
        .ds_limit = UINT32_MAX,
        .es_limit = UINT32_MAX,
        .ss_limit = UINT32_MAX,
        .fs_limit = UINT32_MAX,
        .gs_limit = UINT32_MAX,
        .tr_limit = 0x67,
        .cs_arbytes = wide ? ATTR_CODE64 : ATTR_CODE,
        .ds_arbytes = ATTR_DATA,
        .es_arbytes = ATTR_DATA,
        .ss_arbytes = ATTR_DATA,
        .fs_arbytes = ATTR_DATA,
        .gs_arbytes = ATTR_DATA,
        .tr_arbytes = ATTR_TSS,
    };
}

size_t slip__xen_hvm_context_bytes(unsigned vcpus)
{
    size_t heads = 3 + (size_t)vcpus;

    return heads * sizeof(struct hvm_save_descriptor) + HVM_SAVE_LENGTH(HEADER) +
           vcpus * HVM_SAVE_LENGTH(MTRR) + HVM_SAVE_LENGTH(CPU);
}

size_t slip__xen_hvm_context(const uint8_t *full, size_t full_bytes, const struct slip_start *start,
                             unsigned vcpus, uint8_t *ret, size_t size)
{
    struct record found;
    struct hvm_hw_mtrr mtrr;
    struct hvm_hw_cpu cpu;
    size_t at;

    if (size < slip__xen_hvm_context_bytes(vcpus) ||
        !find_record(full, full_bytes, HVM_SAVE_CODE(HEADER), 0, &found) ||
        found.head.length != HVM_SAVE_LENGTH(HEADER))
        return 0;
    at = put_record(ret, 0, HVM_SAVE_CODE(HEADER), 0, found.body, found.head.length);
    for (unsigned i = 0; i < vcpus; i++) {
        if (!find_record(full, full_bytes, HVM_SAVE_CODE(MTRR), (uint16_t)i, &found) ||
            found.head.length != sizeof(mtrr))
            return 0;
        memcpy(&mtrr, found.body, sizeof(mtrr));
        mtrr.msr_mtrr_def_type = MTRR_ENABLE | MTRR_WRITE_BACK;
        at = put_record(ret, at, HVM_SAVE_CODE(MTRR), (uint16_t)i, &mtrr, sizeof(mtrr));
    }
    fill_cpu(start, &cpu);
    at = put_record(ret, at, HVM_SAVE_CODE(CPU), 0, &cpu, sizeof(cpu));
    return put_record(ret, at, HVM_SAVE_CODE(END), 0, NULL, 0);
}

void slip__xen_ident_page_table(uint32_t ret[1024])
{
    for (uint32_t i = 0; i < 1024; i++)
        ret[i] = i << 22 | IDENT_FLAGS;
}

uint64_t slip__xen_hvm_special_frame(enum slip_xen_special which)
{
    return slip__machine_xen_pvh.special_gpa / SLIP_PAGE_BYTES + which;
}

int slip__xen_hvm_special(struct slip_xen_run *run, struct slip_error **err)
{
    const struct slip_xen *xen = &run->xen;
    xen_pfn_t frames[SLIP_XEN_SPECIALS];
    uint32_t table[1024];
    char *pages;

    for (unsigned i = 0; i < SLIP_XEN_SPECIALS; i++)
        frames[i] = slip__xen_hvm_special_frame((enum slip_xen_special)i);
    if (xc_domain_populate_physmap_exact(xen->xc, run->domid, SLIP_XEN_SPECIALS, 0, 0, frames) < 0)
        return slip__xen_error(xen, err, "give the domain its special pages");
    pages = slip__xen_map_frames(xen->memory, run->domid, frames, SLIP_XEN_SPECIALS, err);
    if (!pages)
        return SLIP_EENGINE;
    slip__xen_ident_page_table(table);
    memset(pages, 0, SLIP_XEN_SPECIALS * SLIP_PAGE_BYTES);
    memcpy(pages + SLIP_XEN_SPECIAL_IDENT_PT * SLIP_PAGE_BYTES, table, sizeof(table));
    xenforeignmemory_unmap(xen->memory, pages, SLIP_XEN_SPECIALS);
    return 0;
}

static int set_params(const struct slip_xen_run *run, struct slip_error **err)
{
    uint64_t ident = slip__xen_hvm_special_frame(SLIP_XEN_SPECIAL_IDENT_PT) * SLIP_PAGE_BYTES;
    uint64_t tss = slip__xen_hvm_special_frame(SLIP_XEN_SPECIAL_VM86_TSS) * SLIP_PAGE_BYTES;
    const struct {
        uint32_t index;
        uint64_t value;
    } params[] = {
        {HVM_PARAM_STORE_PFN, run->store.frame},
        {HVM_PARAM_STORE_EVTCHN, run->store.port},
        {HVM_PARAM_CONSOLE_PFN, run->console.frame},
        {HVM_PARAM_CONSOLE_EVTCHN, run->console.port},
        {HVM_PARAM_IDENT_PT, ident},
        {HVM_PARAM_VM86_TSS_SIZED, VM86_TSS_BYTES << 32 | tss},
        /* xl's default for the emulated local APIC's timer */
        {HVM_PARAM_TIMER_MODE, HVMPTM_no_delay_for_missed_ticks},
    };

    for (size_t i = 0; i < SLIP_COUNT(params); i++)
        if (xc_hvm_param_set(run->xen.xc, run->domid, params[i].index, params[i].value) < 0)
            return slip__xen_error(&run->xen, err, "set HVM parameter %u", params[i].index);
    return 0;
}

static int set_memory_map(const struct slip_xen_run *run, const struct slip_plan *plan,
                          struct slip_error **err)
{
    struct e820entry map[SLIP_PLAN_MAX_MAP];

    for (unsigned i = 0; i < plan->n_map; i++)
        map[i] = (struct e820entry){
            .addr = plan->map[i].gpa, .size = plan->map[i].bytes, .type = plan->map[i].type};
    if (xc_domain_set_memory_map(run->xen.xc, run->domid, map, plan->n_map) < 0)
        return slip__xen_error(&run->xen, err, "tell Xen the memory map");
    return 0;
}

/* All of the fresh domain's state, which has the header that Xen wants back. */
static int get_context(const struct slip_xen_run *run, uint8_t **ret, size_t *ret_bytes,
                       struct slip_error **err)
{
    const struct slip_xen *xen = &run->xen;
    int bytes = xc_domain_hvm_getcontext(xen->xc, run->domid, NULL, 0);

    if (bytes <= 0 || (unsigned)bytes > CONTEXT_MAX_BYTES)
        return slip__xen_error(xen, err, "ask for the size of the vCPUs' state");
    *ret = calloc(1, (size_t)bytes);
    if (!*ret)
        return slip__error_oom(err);
    bytes = xc_domain_hvm_getcontext(xen->xc, run->domid, *ret, (uint32_t)bytes);
    if (bytes < 0)
        return slip__xen_error(xen, err, "read the vCPUs' state");
    *ret_bytes = (size_t)bytes;
    return 0;
}

static int set_context(const struct slip_xen_run *run, const struct slip_plan *plan,
                       struct slip_error **err)
{
    SLIP_AUTO_FREE uint8_t *full = NULL;
    size_t size = slip__xen_hvm_context_bytes(run->maxvcpus), full_bytes = 0;
    SLIP_AUTO_FREE uint8_t *ours = calloc(1, size);
    int rc = get_context(run, &full, &full_bytes, err);

    if (rc < 0)
        return rc;
    if (!ours)
        return slip__error_oom(err);
    size = slip__xen_hvm_context(full, full_bytes, &plan->start, run->maxvcpus, ours, size);
    if (!size)
        return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_XEN_REFUSED,
                                "Xen's state of the vCPUs is not as in Xen 4.17: %zu bytes",
                                full_bytes);
    if (xc_domain_hvm_setcontext(run->xen.xc, run->domid, ours, (uint32_t)size) < 0)
        return slip__xen_error(&run->xen, err, "set the first vCPU's state");
    return 0;
}

int slip__xen_hvm_start(struct slip_xen_run *run, const struct slip_plan *plan,
                        struct slip_error **err)
{
    int rc = set_params(run, err);

    if (rc == 0)
        rc = set_memory_map(run, plan, err);
    return rc < 0 ? rc : set_context(run, plan, err);
}
