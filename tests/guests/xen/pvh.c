/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The PVH half: the start info, the hypercall page through Xen's CPUID leaves, the rings through HVM parameters. */
#include "guest.h"

#include <xen/arch-x86/cpuid.h>
#include <xen/arch-x86/hvm/start_info.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/io/console.h>
#include <xen/memory.h>

/* Where there is neither memory nor a device. */
#define GRANT_GFN  0xe0000ul
#define SHARED_GFN 0xe0001ul

const char container_name[] = "pvh";

static void cpuid(uint32_t leaf, uint32_t ret[4])
{
    __asm__ volatile("cpuid"
                     : "=a"(ret[0]), "=b"(ret[1]), "=c"(ret[2]), "=d"(ret[3])
                     : "a"(leaf), "c"(0));
}

/* Xen's leaves may be moved up in steps of 0x100. */
static uint32_t xen_leaves(void)
{
    uint32_t regs[4];

    for (uint32_t base = XEN_CPUID_FIRST_LEAF; base < XEN_CPUID_FIRST_LEAF + 0x10000;
         base += 0x100) {
        cpuid(base, regs);
        if (regs[1] == XEN_CPUID_SIGNATURE_EBX && regs[2] == XEN_CPUID_SIGNATURE_ECX &&
            regs[3] == XEN_CPUID_SIGNATURE_EDX)
            return base;
    }
    return 0;
}

static void open_hypercalls(void)
{
    uint32_t base = xen_leaves(), regs[4];

    if (!base)
        __asm__ volatile("ud2");
    cpuid(base + 2, regs);
    __asm__ volatile("wrmsr" : : "c"(regs[1]), "a"(hypercall_page), "d"(0) : "memory");
}

static uint64_t param(uint32_t index)
{
    struct xen_hvm_param get = {.domid = DOMID_SELF, .index = index};

    if (hypercall(__HYPERVISOR_hvm_op, HVMOP_get_param, (unsigned long)&get, 0, 0) < 0)
        return 0;
    return get.value;
}

static const struct hvm_start_info *info(void)
{
    return (const struct hvm_start_info *)boot.info;
}

static long map(unsigned space, unsigned long gfn)
{
    struct xen_add_to_physmap add = {.domid = DOMID_SELF, .space = space, .gpfn = gfn};

    return hypercall(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, (unsigned long)&add, 0, 0);
}

void container_init(struct shared *ret, const char **ret_cmdline)
{
    open_hypercalls();
    ret->console = (void *)(unsigned long)(param(HVM_PARAM_CONSOLE_PFN) * PAGE);
    ret->console_port = (uint32_t)param(HVM_PARAM_CONSOLE_EVTCHN);
    ret->store = (void *)(unsigned long)(param(HVM_PARAM_STORE_PFN) * PAGE);
    ret->store_port = (uint32_t)param(HVM_PARAM_STORE_EVTCHN);
    if (map(XENMAPSPACE_shared_info, SHARED_GFN) == 0)
        ret->info = (const void *)(SHARED_GFN * PAGE);
    if (multiboot_started())
        *ret_cmdline = multiboot_cmdline();
    else if (info()->magic == XEN_HVM_START_MAGIC_VALUE && info()->cmdline_paddr)
        *ret_cmdline = (const char *)(unsigned long)info()->cmdline_paddr;
}

static void report_modules(void)
{
    const struct hvm_modlist_entry *list = (const void *)(unsigned long)info()->modlist_paddr;

    report("modules", info()->nr_modules);
    for (uint32_t i = 0; i < info()->nr_modules; i++) {
        report("module-bytes", list[i].size);
        report("module-sum", checksum((const volatile unsigned char *)(unsigned long)list[i].paddr,
                                      (size_t)list[i].size));
        report("module-cmdline", list[i].cmdline_paddr);
    }
}

static void report_map(void)
{
    const struct hvm_memmap_table_entry *map = (const void *)(unsigned long)info()->memmap_paddr;

    report("map-entries", info()->memmap_entries);
    for (uint32_t i = 0; i < info()->memmap_entries; i++) {
        print("map ");
        print_hex(map[i].addr);
        print(" ");
        print_hex(map[i].size);
        print(" ");
        print_hex(map[i].type);
        print("\n");
    }
}

static unsigned byte_sum(const void *at, size_t len)
{
    const unsigned char *bytes = at;
    unsigned sum = 0;

    for (size_t i = 0; i < len; i++)
        sum += bytes[i];
    return sum & 0xff;
}

struct __attribute__((packed)) acpi_header {
    char signature[4];
    uint32_t length;
    char rest[28];
};

static void report_acpi(void)
{
    const char *rsdp = (const char *)(unsigned long)info()->rsdp_paddr;
    const struct acpi_header *xsdt, *table;
    uint64_t at;

    report("rsdp", info()->rsdp_paddr);
    if (!rsdp)
        return;
    report("rsdp-sums", byte_sum(rsdp, 20) | byte_sum(rsdp, 36));
    __builtin_memcpy(&at, rsdp + 24, sizeof(at));
    xsdt = (const void *)(unsigned long)at;
    report("xsdt-sum", byte_sum(xsdt, xsdt->length));
    for (uint32_t i = sizeof(*xsdt); i + 8 <= xsdt->length; i += 8) {
        __builtin_memcpy(&at, (const char *)xsdt + i, sizeof(at));
        table = (const void *)(unsigned long)at;
        print("acpi ");
        print_bytes(table->signature, 4);
        print(" ");
        print_hex(table->length);
        print(" ");
        print_hex(byte_sum(table, table->length));
        print("\n");
    }
}

static void report_start_info(void)
{
    report("magic", info()->magic);
    report("version", info()->version);
    report("flags", info()->flags);
    report_modules();
    report_map();
    report_acpi();
}

static void report_grant_table(void)
{
    long r = map(XENMAPSPACE_grant_table, GRANT_GFN);

    if (r < 0)
        report("grant-table-error", (unsigned long)-r);
    else
        report_grants((const volatile void *)(GRANT_GFN * PAGE));
}

void container_report(void)
{
    report("cr3", boot.cr3);
    report("efer", boot.efer);
    report("ds", boot.ds);
    report("es", boot.es);
    report("tr", boot.tr);
    report("gdt-limit", boot.gdt_limit);
    report("idt-limit", boot.idt_limit);
    report("eax", boot.eax);
    if (multiboot_started())
        multiboot_report();
    else
        report_start_info();
    report("console-pfn", param(HVM_PARAM_CONSOLE_PFN));
    report("console-port", param(HVM_PARAM_CONSOLE_EVTCHN));
    report("store-pfn", param(HVM_PARAM_STORE_PFN));
    report("store-port", param(HVM_PARAM_STORE_EVTCHN));
    report_grant_table();
}
