/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hypercalls through the page that Xen fills: by the toolstack's word for PV, by ours for PVH. It knows no container. */
#include "guest.h"

#include <xen/event_channel.h>
#include <xen/sched.h>

#define STUB_BYTES 32 /* one entry of the hypercall page (Xen public/arch-x86/xen-x86_*.h) */

long hypercall(unsigned nr, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
    const char *stub = hypercall_page + (size_t)nr * STUB_BYTES;
    long ret;

#ifdef __x86_64__
    register unsigned long fourth __asm__("r10") = d;

    __asm__ volatile("call *%[stub]"
                     : "=a"(ret), "+D"(a), "+S"(b), "+d"(c), "+r"(fourth)
                     : [stub] "r"(stub)
                     : "rcx", "r8", "r9", "r11", "memory");
#else
    __asm__ volatile("call *%%eax"
                     : "=a"(ret), "+b"(a), "+c"(b), "+d"(c), "+S"(d)
                     : "a"(stub)
                     : "edi", "memory");
#endif
    return ret;
}

void notify(uint32_t port)
{
    struct evtchn_send send = {.port = port};

    hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_send, (unsigned long)&send, 0, 0);
}

#define REST_NS 2000000ull

static const volatile struct vcpu_time_info *clock;

void clock_init(const volatile struct shared_info *info)
{
    clock = info ? &info->vcpu_info[0].time : NULL;
}

/* Xen's system time in nanoseconds (Xen public/xen.h, vcpu_time_info). Xen changes the fields under us, and counts that in
 * version, which is odd meanwhile: with the old TSC and the new stamp, now would be in centuries. */
static uint64_t now(void)
{
    uint32_t low, high, version;
    uint64_t delta, time;

    do {
        version = clock->version;
        barrier();
        __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
        delta = ((uint64_t)high << 32 | low) - clock->tsc_timestamp;
        if (clock->tsc_shift < 0)
            delta >>= -clock->tsc_shift;
        else
            delta <<= clock->tsc_shift;
        time = clock->system_time + (delta >> 32) * clock->tsc_to_system_mul +
               ((delta & 0xffffffff) * clock->tsc_to_system_mul >> 32);
        barrier();
    } while (version & 1 || version != clock->version);
    return time;
}

static void sleep_until(uint64_t time)
{
    struct sched_poll poll = {.timeout = time};

    hypercall(__HYPERVISOR_sched_op, SCHEDOP_poll, (unsigned long)&poll, 0, 0);
}

void rest(void)
{
    if (clock)
        sleep_until(now() + REST_NS);
    else
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0, 0);
}

void halt(void)
{
    for (;;)
        sleep_until(0);
}

void shutdown(unsigned reason)
{
    struct sched_shutdown how = {.reason = reason};

    for (;;)
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_shutdown, (unsigned long)&how, 0, 0);
}
