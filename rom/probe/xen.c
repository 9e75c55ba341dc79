/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Xen, where it is there: hypercalls from 64-bit mode, the console, the end (Xen public/xen.h, sched.h,
 * hvm/params.h). */
#include "probe.h"

#define FIRST_LEAF         0x40000000u
#define OP_MEMORY          12u
#define OP_SCHED           29u
#define OP_EVENT_CHANNEL   32u
#define OP_HVM             34u
#define SCHED_YIELD        0u
#define SCHED_SHUTDOWN     2u
#define EVTCHN_SEND        4u
#define HVM_GET_PARAM      1u
#define PARAM_CONSOLE_PFN  17u
#define PARAM_CONSOLE_PORT 18u
#define DOMID_SELF         0x7ff0u

struct xen_console xen_console;

static uint32_t leaves(void)
{
    uint32_t regs[4];

    for (uint32_t leaf = FIRST_LEAF; leaf < FIRST_LEAF + 0x10000; leaf += 0x100) {
        cpuid(leaf, regs);
        if (regs[1] == 0x566e6558 && regs[2] == 0x65584d4d && regs[3] == 0x4d4d566e)
            return leaf;
    }
    return 0;
}

bool xen_found(void)
{
    return saved.protocol == XEN_PV || leaves() != 0;
}

long hypercall(unsigned nr, unsigned long a, unsigned long b, unsigned long c)
{
    register unsigned long fourth __asm__("r10") = 0;
    long ret;

    __asm__ volatile("call *%[page]"
                     : "=a"(ret), "+D"(a), "+S"(b), "+d"(c), "+r"(fourth)
                     : [page] "r"(hypercall_page + 32ul * nr)
                     : "rcx", "r8", "r9", "r11", "memory");
    return ret;
}

static uint64_t param(uint32_t which)
{
    struct {
        uint16_t domid;
        uint32_t index;
        uint64_t value;
    } get_param = {DOMID_SELF, which, 0};

    return hypercall(OP_HVM, HVM_GET_PARAM, (unsigned long)&get_param, 0) < 0 ? 0 : get_param.value;
}

void xen_init(void)
{
    uint32_t regs[4];

    if (saved.protocol == XEN_PV)
        return;
    cpuid(leaves() + 2, regs);
    __asm__ volatile("wrmsr" : : "c"(regs[1]), "a"(hypercall_page), "d"(0) : "memory");
    xen_console.ring = (volatile uint8_t *)(param(PARAM_CONSOLE_PFN) * PAGE);
    xen_console.port = (uint32_t)param(PARAM_CONSOLE_PORT);
}

void xen_notify(uint32_t port)
{
    hypercall(OP_EVENT_CHANNEL, EVTCHN_SEND, (unsigned long)&port, 0);
    hypercall(OP_SCHED, SCHED_YIELD, 0, 0);
}

void xen_shutdown(void)
{
    uint32_t reason = 0;

    hypercall(OP_SCHED, SCHED_SHUTDOWN, (unsigned long)&reason, 0);
}
