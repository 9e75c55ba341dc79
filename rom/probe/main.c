/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is asked in which order: what the protocol hands over, then memory, which must not have been written to until then, then
 * processors, and last what may end in a crash. */
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
};

void probe_main(void);

/* PVH alone asks for one. */
static void check_task(void)
{
    uint32_t found;

    if (!is_ram(0, PAGE)) {
        skip("tr: an active 32-bit TSS, base 0, limit 0x67", "no RAM at 0 to see it work in");
        return;
    }
    print("# task register: nothing after this line means a triple fault\n");
    console_flush();
    found = task_test();
    clause("tr: an active 32-bit TSS, base 0, limit 0x67",
           found == (TASK_IO_DENIED | TASK_SWITCHED), "tests", found);
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
