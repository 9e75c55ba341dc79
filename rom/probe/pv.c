/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Xen's PV interface, 64-bit: Xen public/xen.h, "Start-of-day memory layout" and struct start_info; arch-x86/xen.h for
 * the context of a vCPU. The map of memory is the list of machine frames, held against Xen's own table of the reverse,
 * and the page tables, held against both.
 */
#include "probe.h"

#define MACHINE_TO_PHYS   ((const uint64_t *)0xffff800000000000ull)
#define PRESENT           1ull
#define WRITE             2ull
#define FRAME             0x000ffffffffff000ull
#define FLAT_KERNEL_CS    0xe033u
#define FLAT_KERNEL_SS    0xe02bu
#define SPARE             (512u << 10)
#define FOUR_MIB          (4ull << 20)
#define OP_UPDATE_VA      14u
#define OP_VCPU           24u
#define VCPU_INITIALISE   0u
#define VCPU_UP           1u
#define VCPU_DOWN         2u
#define VCPU_IS_UP        3u
#define INVLPG            2u
#define CONTEXT_BYTES     5168u
#define CONTEXT_FLAGS     512u
#define CONTEXT_RIP       648u
#define CONTEXT_CS        656u
#define CONTEXT_RFLAGS    664u
#define CONTEXT_RSP       672u
#define CONTEXT_SS        680u
#define CONTEXT_KERNEL_SS 4968u
#define CONTEXT_KERNEL_SP 4976u
#define CONTEXT_CR3       5008u
#define IN_KERNEL         (1u << 2)
#define YIELDS            2000000u

enum info {
    NR_PAGES = 32,
    SHARED = 40,
    FLAGS = 48,
    STORE_MFN = 56,
    STORE_PORT = 64,
    CONSOLE_MFN = 72,
    CONSOLE_PORT = 80,
    PT_BASE = 88,
    NR_PT = 96,
    MFN_LIST = 104,
    MOD_START = 112,
    MOD_LEN = 120,
    LINE = 128,
    P2M_FIRST = 1152
};
#define LINE_BYTES 1024u

static uint8_t window[PAGE] __attribute__((aligned(4096)));
static uint8_t context[CONTEXT_BYTES] __attribute__((aligned(16)));
static uint8_t other_stack[4096] __attribute__((aligned(16)));
static volatile uint32_t came;
static uint64_t mapped_pages;

static uint64_t info(unsigned offset)
{
    return *(const uint64_t *)(saved.rsi + offset);
}

static uint64_t pfn_of(uint64_t mfn)
{
    return MACHINE_TO_PHYS[mfn];
}

static uint64_t frame(uint64_t pfn)
{
    return ((const uint64_t *)info(MFN_LIST))[pfn];
}

/* The leaf entry that maps an address, 0 without one. Tables are in the initial mapping, which begins at 0 here. */
static uint64_t entry_of(uint64_t address)
{
    const uint64_t *table = (const uint64_t *)info(PT_BASE);
    uint64_t entry = 0;

    for (int level = 3; level >= 0; level--) {
        entry = table[address >> (12 + 9 * level) & 511];
        if (!(entry & PRESENT))
            return 0;
        if (level)
            table = (const uint64_t *)(pfn_of((entry & FRAME) >> 12) * PAGE);
    }
    return entry;
}

static uint64_t module(uint64_t i, uint64_t *ret_bytes)
{
    (void)i;
    *ret_bytes = info(MOD_LEN);
    return info(MOD_START);
}

static void check_frames(void)
{
    uint64_t wrong = 0, first = 0;

    for (uint64_t pfn = 0; pfn < info(NR_PAGES); pfn++) {
        if (pfn_of(frame(pfn)) != pfn && !wrong++)
            first = pfn;
    }
    clause("p2m: every page's frame leads back to it in Xen's own table", !wrong, "pfn", first);
    if (expected.memory_kib)
        clause("memory: as many pages as given", info(NR_PAGES) == expected.memory_kib / 4, "pages",
               info(NR_PAGES));
}

static bool is_table(uint64_t page)
{
    uint64_t first = info(PT_BASE) / PAGE;

    return page >= first && page < first + info(NR_PT);
}

static void check_mapping(void)
{
    uint64_t wrong = 0, read_only = 0, writable = 0, entry, page = 0;

    for (; (entry = entry_of(page * PAGE)); page++) {
        bool may_write = entry & WRITE;

        wrong += page >= info(NR_PAGES) || (entry & FRAME) >> 12 != frame(page);
        writable += is_table(page) && may_write;
        read_only += !is_table(page) && !may_write;
    }
    mapped_pages = page;
    clause("mapping: each page of it is the one that the frame list has", !wrong, "wrong", wrong);
    clause("mapping-tables: page tables can't be written", !writable, "writable", writable);
    clause("mapping-writable: everything else can", !read_only, "read-only", read_only);
    clause("mapping-size: ends on a 4 MiB boundary, 512 KiB to spare above the stack",
           !(page * PAGE % FOUR_MIB) &&
               page * PAGE >= ((saved.rsp + PAGE - 1) & ~(PAGE - 1)) + SPARE,
           "pages", page);
    clause("stack: the page below rsp is mapped and can be written",
           (entry_of(saved.rsp - 8) & WRITE) != 0, "rsp", saved.rsp);
    clause("cr3: leads to pt_base", pfn_of(saved.cr3 >> 12) == info(PT_BASE) / PAGE, "cr3",
           saved.cr3);
}

static bool map_window(uint64_t mfn)
{
    return hypercall(OP_UPDATE_VA, (unsigned long)window, mfn << 12 | 0x67, INVLPG) == 0;
}

static void check_shared(void)
{
    uint64_t own = frame((uintptr_t)window / PAGE);

    if (!map_window(info(SHARED) >> 12)) {
        clause("shared-info: can be mapped", false, "address", info(SHARED));
        return;
    }
    clause("shared-info: can be mapped, events are masked on the first vCPU", window[1] == 1,
           "mask", window[1]);
    map_window(own);
}

static void check_zero(void)
{
    uint64_t pages = 0, first = 0;
    uint64_t console = pfn_of(info(CONSOLE_MFN)), store = pfn_of(info(STORE_MFN));

    for (uint64_t page = 0; page < mapped_pages; page++) {
        uint64_t start = page * PAGE, stack = (saved.rsp - 1) / PAGE;
        const uint64_t *words = (const uint64_t *)start;
        uint64_t any = 0;

        if (page == console || page == store || page == stack || is_table(page) ||
            (start + PAGE > (uintptr_t)image_start && start < (uintptr_t)bss_end) ||
            (start + PAGE > info(MFN_LIST) && start < info(MFN_LIST) + 8 * info(NR_PAGES)) ||
            (start + PAGE > saved.rsi && start < saved.rsi + PAGE) ||
            (info(MOD_LEN) && start + PAGE > info(MOD_START) &&
             start < info(MOD_START) + info(MOD_LEN)))
            continue;
        for (unsigned i = 0; i < PAGE / 8; i++)
            any |= words[i];
        if (any && !pages++)
            first = start;
    }
    clause("bss: what the file leaves out is zero", !saved.bss_dirty, "first at", saved.bss_dirty);
    clause("zero: mapped pages that nothing was put into are zero", !pages, "first at", first);
}

static void put(unsigned offset, uint64_t value)
{
    *(uint64_t *)(context + offset) = value;
}

static void __attribute__((noreturn)) other_main(void)
{
    came++;
    for (;;)
        hypercall(OP_VCPU, VCPU_DOWN, came, 0);
}

static bool start_other(unsigned id)
{
    uint32_t before = came;

    put(CONTEXT_FLAGS, IN_KERNEL);
    put(CONTEXT_RIP, (uintptr_t)other_main);
    put(CONTEXT_CS, FLAT_KERNEL_CS);
    put(CONTEXT_RFLAGS, 0x200);
    put(CONTEXT_RSP, (uintptr_t)other_stack + sizeof(other_stack) - 8);
    put(CONTEXT_SS, FLAT_KERNEL_SS);
    put(CONTEXT_KERNEL_SS, FLAT_KERNEL_SS);
    put(CONTEXT_KERNEL_SP, (uintptr_t)other_stack + sizeof(other_stack) - 8);
    put(CONTEXT_CR3, saved.cr3);
    if (hypercall(OP_VCPU, VCPU_INITIALISE, id, (unsigned long)context) ||
        hypercall(OP_VCPU, VCPU_UP, id, 0))
        return false;
    for (unsigned i = 0; i < YIELDS && *(volatile uint32_t *)&came == before; i++)
        xen_notify(xen_console.port);
    /* One stack serves all: each is to be asleep before the next. */
    for (unsigned i = 0; i < YIELDS && hypercall(OP_VCPU, VCPU_IS_UP, id, 0) == 1; i++)
        xen_notify(xen_console.port);
    return came == before + 1;
}

static void check_others(void)
{
    unsigned n = 1, missing = 0;

    while (n < 64 && hypercall(OP_VCPU, VCPU_IS_UP, n, 0) >= 0)
        n++;
    if (expected.vcpus)
        clause("vcpus: as many as given", n == expected.vcpus, "found", n);
    if (n == 1) {
        skip("cpus-start: every other vCPU starts", "there is none");
        return;
    }
    for (unsigned i = 1; i < n; i++) {
        if (!start_other(i))
            missing = i;
    }
    clause("cpus-start: every other vCPU starts", !missing, "id", missing);
}

void check_pv(void)
{
    static const char magic[] = "xen-3.0-x86_64";
    bool same = true;

    xen_console.ring = (volatile uint8_t *)(pfn_of(info(CONSOLE_MFN)) * PAGE);
    xen_console.port = (uint32_t)info(CONSOLE_PORT);
    print("# probe: started by xen-pv\n");
    for (unsigned i = 0; i < sizeof(magic); i++)
        same = same && ((const char *)saved.rsi)[i] == magic[i];
    clause("start-info: rsi points to it, magic", same, "rsi", saved.rsi);
    clause("start-info-flags: no privilege, no initial domain", !(info(FLAGS) & 3), "flags",
           info(FLAGS));
    clause("selectors: flat kernel cs and ss",
           saved.cs == FLAT_KERNEL_CS && saved.ss == FLAT_KERNEL_SS, "cs", saved.cs);
    clause("rings: console and XenStore have pages of ours and event channels",
           pfn_of(info(CONSOLE_MFN)) < info(NR_PAGES) && pfn_of(info(STORE_MFN)) < info(NR_PAGES) &&
               (uint32_t)info(CONSOLE_PORT) && (uint32_t)info(STORE_PORT),
           "store", info(STORE_MFN));
    check_cmdline(saved.rsi + LINE, false);
    check_modules(info(MOD_LEN) ? 1 : 0, module);
    check_frames();
    check_mapping();
    check_zero();
    check_shared();
    check_others();
}
