/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is asked in which order: what the protocol hands over, then memory, which must not have been written to until
 * then, then processors, and last what may end in a crash. */
#include "probe.h"

static const struct {
    const char *name;
    void (*check)(void);
} protocols[] = {
    [PVH] = {"pvh", check_pvh},
    [LINUX32] = {"linux32", check_linux},
    [LINUX64] = {"linux64", check_linux},
    [MULTIBOOT1] = {"multiboot1", check_multiboot},
    [MULTIBOOT2] = {"multiboot2", check_multiboot},
    [XEN_PV] = {"xen-pv", check_pv},
    [LINUX16] = {"linux16", check_linux},
};

void probe_main(void);

static bool is_tcg(void)
{
    uint32_t regs[4];

    cpuid(0x40000000, regs);
    return regs[1] == 0x54474354 && regs[2] == 0x43544743; /* "TCGTCGTCGTCG" */
}

/* PVH alone asks for one. What reset leaves is a TSS with a limit of 0xffff; on a processor of TCG a selector of 0
 * is a sure sign of it, and leaving ring 3 would end QEMU. */
static void check_task(void)
{
    static const char limit[] = "tr-limit: 0x67 and no more";
    bool reset = !saved.tr && is_tcg(), tries = !reset && !xen_found();
    uint32_t found;

    if (!is_ram(0, PAGE)) {
        skip("tr: an active 32-bit TSS, base 0, limit 0x67 or more",
             "no RAM at 0 to see it work in");
        return;
    }
    print("# task register: if nothing follows this line, using it was fatal\n");
    console_flush();
    found = task_test(tries);
    clause("tr: an active 32-bit TSS, base 0, limit 0x67 or more", (found & TASK_SWITCHED) != 0,
           "selector", saved.tr);
    if (xen_found())
        skip(limit, "the test, a way out of ring 3, ends emulators below Xen");
    else
        clause(limit, (found & TASK_IO_DENIED) != 0, reset ? "never loaded, selector" : "selector",
               saved.tr);
}

static void power_off(void)
{
    if (xen_found())
        xen_shutdown();
    if (!acpi_poweroff())
        out16(0x604, 0x2000); /* QEMU's PC, whatever its tables say */
    for (;;)
        __asm__ volatile("cli; hlt");
}

void probe_main(void)
{
    bool pv = saved.protocol == XEN_PV;

    if (!pv && xen_found())
        xen_init();
    if (!pv)
        console_init();
    piece_add("the probe", (uintptr_t)image_start, (uintptr_t)(bss_end - image_start));
    if (!pv) {
        print("# probe: started by ");
        print(protocols[saved.protocol].name);
        print("\n");
    }
    protocols[saved.protocol].check();
    if (!pv) {
        memory_check();
        check_cpus();
    }
    if (saved.protocol == PVH)
        check_task();
    report_end();
    power_off();
}
