/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The PV half: the start info, and whether the memory map that it comes with holds together: the list of machine frames against
 * Xen's own table of the reverse, the page tables against both. Words are Xen's (public/xen.h, "Start-of-day memory layout").
 */
#include "guest.h"

#include <xen/features.h>
#include <xen/grant_table.h>
#include <xen/io/console.h>
#include <xen/version.h>

#define PTE_PRESENT 1ull
#define PTE_WRITE   2ull
#define PTE_FRAME   0x000ffffffffff000ull

#ifdef __x86_64__
#define LEVELS    4
#define VIRT_BASE 0ul
const char container_name[] = "pv64";
#else
#define LEVELS    3
#define VIRT_BASE 0xc0000000ul
const char container_name[] = "pv32";
#endif

/* Two pages of address space of ours, to map frames at. */
static char window[2 * PAGE] __attribute__((aligned(4096)));

static const struct start_info *info(void)
{
    return (const struct start_info *)boot.info;
}

static unsigned long pfn_of(uint64_t mfn)
{
    return machine_to_phys_mapping[mfn];
}

static void *frame_at(uint64_t mfn)
{
    return (void *)(VIRT_BASE + pfn_of(mfn) * PAGE);
}

static bool map_window(unsigned index, uint64_t mfn)
{
    unsigned long va = (unsigned long)window + index * PAGE;
    uint64_t entry = mfn << 12 | 0x63; /* present, writable, accessed, dirty */

#ifdef __x86_64__
    return hypercall(__HYPERVISOR_update_va_mapping, va, entry | 4, UVMF_INVLPG, 0) == 0;
#else
    return hypercall(__HYPERVISOR_update_va_mapping, va, (unsigned long)entry,
                     (unsigned long)(entry >> 32), UVMF_INVLPG) == 0;
#endif
}

void container_init(struct shared *ret, const char **ret_cmdline)
{
    ret->console = frame_at(info()->console.domU.mfn);
    ret->console_port = info()->console.domU.evtchn;
    ret->store = frame_at(info()->store_mfn);
    ret->store_port = info()->store_evtchn;
    if (map_window(0, info()->shared_info >> 12))
        ret->info = (const void *)window;
    *ret_cmdline = (const char *)info()->cmd_line;
}

/* The leaf entry that maps va, 0 if nothing does. Page tables are part of the initial mapping, so they can be read there. */
static uint64_t entry_of(unsigned long va)
{
    const uint64_t *table = (const uint64_t *)info()->pt_base;
    uint64_t entry = 0;

    for (int level = LEVELS; level >= 1; level--) {
        entry = table[(va >> (12 + 9 * (level - 1))) & 511];
        if (!(entry & PTE_PRESENT))
            return 0;
        if (level > 1)
            table = frame_at((entry & PTE_FRAME) >> 12);
    }
    return entry;
}

static void report_mapping(void)
{
    const unsigned long *mfns = (const unsigned long *)info()->mfn_list;
    unsigned long tables = (info()->pt_base - VIRT_BASE) / PAGE, pages = 0, wrong = 0,
                  read_only = 0, writable_tables = 0;
    uint64_t entry;

    for (unsigned long va = VIRT_BASE; (entry = entry_of(va)); va += PAGE, pages++) {
        bool ours = va >= (unsigned long)window && va < (unsigned long)window + sizeof(window);
        bool table = pages >= tables && pages < tables + info()->nr_pt_frames;

        if (ours)
            continue;
        if (pages >= info()->nr_pages || (entry & PTE_FRAME) >> 12 != mfns[pages])
            wrong++;
        if (table && (entry & PTE_WRITE))
            writable_tables++;
        if (!table && !(entry & PTE_WRITE))
            read_only++;
    }
    report("mapped-pages", pages);
    report("mapped-wrong", wrong);
    report("mapped-read-only", read_only);
    report("page-tables-writable", writable_tables);
    report("stack-page", (boot.stack - 1 - VIRT_BASE) / PAGE);
}

static void report_frames(void)
{
    const unsigned long *mfns = (const unsigned long *)info()->mfn_list;
    unsigned long wrong = 0;

    for (unsigned long pfn = 0; pfn < info()->nr_pages; pfn++) {
        if (pfn_of(mfns[pfn]) != pfn)
            wrong++;
    }
    report("frames-wrong", wrong);
}

static void report_module(void)
{
    const volatile unsigned char *at = (const volatile unsigned char *)info()->mod_start;

    report("mod-start", info()->mod_start);
    report("mod-len", info()->mod_len);
    if (info()->mod_len && !(info()->flags & SIF_MOD_START_PFN))
        report("module-sum", checksum(at, info()->mod_len));
}

static void report_shared(void)
{
    const volatile struct shared_info *shared = (const void *)window;

    report("upcall-mask", shared->vcpu_info[0].evtchn_upcall_mask);
    report("upcall-mask-second", shared->vcpu_info[1].evtchn_upcall_mask);
    report("frame-list-list", shared->arch.pfn_to_mfn_frame_list_list);
    report("wallclock", shared->wc_sec != 0);
}

static void report_grant_table(void)
{
    static xen_pfn_t frames[1];
    struct gnttab_setup_table setup = {.dom = DOMID_SELF, .nr_frames = 1};

    set_xen_guest_handle(setup.frame_list, frames);
    if (hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_setup_table, (unsigned long)&setup, 1, 0) ==
            0 &&
        setup.status == GNTST_okay && map_window(1, frames[0]))
        report_grants(window + PAGE);
}

void container_report(void)
{
    report("cr3-is-pt-base", pfn_of(boot.cr3 >> 12) == (info()->pt_base - VIRT_BASE) / PAGE);
    print("magic ");
    print(info()->magic);
    print("\n");
    report("nr-pages", info()->nr_pages);
    report("flags", info()->flags);
    report("pt-base", info()->pt_base);
    report("nr-pt-frames", info()->nr_pt_frames);
    report("mfn-list", info()->mfn_list);
    report("first-p2m-pfn", info()->first_p2m_pfn);
    report("nr-p2m-frames", info()->nr_p2m_frames);
    report("console-pfn", pfn_of(info()->console.domU.mfn));
    report("console-mfn", info()->console.domU.mfn);
    report("console-port", info()->console.domU.evtchn);
    report("store-pfn", pfn_of(info()->store_mfn));
    report("store-mfn", info()->store_mfn);
    report("store-port", info()->store_evtchn);
    report_module();
    report_frames();
    report_mapping();
    report_shared();
    report_grant_table();
}
