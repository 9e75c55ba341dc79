/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reports, then ends as the command line says by a word mode=...:
 *   poweroff (and none)  reboot  crash     by SCHEDOP_shutdown
 *   watchdog   arms Xen's watchdog for this guest and hangs      spin    hangs with the CPU busy
 *   last       prints one more line, and powers off before anybody can have taken it
 *   block      sleeps for ever                                   triple  a triple fault (PVH; in PV a crash)
 *   echo       answers what is typed, line by line; "bye" powers off
 *   obey       does what control/shutdown in XenStore asks for, as a kernel would
 * The word quiet: no report. It must not know how it was built.
 */
#include "guest.h"

#include <xen/sched.h>

static bool same(const char *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (a[i] != b[i])
            return false;
    }
    return true;
}

/* What follows key in the command line up to a blank; *ret is NULL if key is not there. */
static size_t word(const char *cmdline, const char *key, const char **ret)
{
    size_t len = length(key), n = 0;

    for (const char *at = cmdline; *at; at++) {
        if ((at == cmdline || at[-1] == ' ') && same(at, key, len)) {
            *ret = at + len;
            while ((*ret)[n] && (*ret)[n] != ' ')
                n++;
            return n;
        }
    }
    *ret = NULL;
    return 0;
}

static bool is(const char *text, size_t len, const char *name)
{
    return len == length(name) && same(text, name, len);
}

static void report_boot(void)
{
    report("info", boot.info);
    report("stack", boot.stack);
    report("flags-register", boot.flags);
    report("cs", boot.cs);
    report("ss", boot.ss);
    report("cr0", boot.cr0);
    report("cr4", boot.cr4);
}

static void report_cmdline(const char *cmdline)
{
    report("cmdline-bytes", length(cmdline));
    report("cmdline-sum", checksum((const volatile unsigned char *)cmdline, length(cmdline)));
    print("cmdline ");
    print(cmdline);
    print("\n");
}

static void report_store(void)
{
    char value[64];

    if (store_read("name", value, sizeof(value)) < 0)
        return;
    print("store-name ");
    print(value);
    print("\nstore-domid ");
    store_read("domid", value, sizeof(value));
    print(value);
    print("\nstore-target ");
    store_read("memory/target", value, sizeof(value));
    print(value);
    print("\n");
}

static void report_all(const char *cmdline)
{
    print("GUEST-BEGIN ");
    print(container_name);
    print("\n");
    report_boot();
    report_cmdline(cmdline);
    container_report();
    report_store();
    print("GUEST-END\n");
    console_flush();
}

static void __attribute__((noreturn)) spin(void)
{
    for (;;)
        __asm__ volatile("pause");
}

static void __attribute__((noreturn)) watchdog(void)
{
    struct sched_watchdog dog = {.timeout = 2};

    print("watchdog armed\n");
    hypercall(__HYPERVISOR_sched_op, SCHEDOP_watchdog, (unsigned long)&dog, 0, 0);
    spin();
}

static void __attribute__((noreturn)) block(void)
{
    print("blocking\n");
    halt();
}

static void __attribute__((noreturn)) echo(void)
{
    char line[128];
    size_t n = 0;
    int c;

    print("echo ready\n");
    for (;;) {
        c = console_read();
        if (c < 0) {
            rest();
            continue;
        }
        if (c != '\r' && c != '\n') {
            if (n < sizeof(line))
                line[n++] = (char)c;
            continue;
        }
        print("heard ");
        print_bytes(line, n);
        print("\n");
        console_flush();
        if (is(line, n, "bye"))
            shutdown(SHUTDOWN_poweroff);
        n = 0;
    }
}

static void __attribute__((noreturn)) obey(void)
{
    char order[32];
    int n;

    store_write("control/feature-poweroff", "1");
    store_write("control/feature-reboot", "1");
    print("obeying\n");
    for (;;) {
        n = store_read("control/shutdown", order, sizeof(order));
        if (n > 0) {
            store_write("control/shutdown", "");
            print("told to ");
            print(order);
            print("\n");
            console_flush();
            shutdown(is(order, (size_t)n, "reboot") ? SHUTDOWN_reboot : SHUTDOWN_poweroff);
        }
        for (unsigned i = 0; i < 10; i++)
            rest();
    }
}

/* An interrupt without a table for it: on bare (and PVH) machines nothing is left but a reset. */
static void __attribute__((noreturn)) triple(void)
{
    __asm__ volatile("ud2");
    spin();
}

static void __attribute__((noreturn)) last(void)
{
    print("these are the last words\n");
    shutdown(SHUTDOWN_poweroff);
}

static void __attribute__((noreturn)) reboot(void)
{
    shutdown(SHUTDOWN_reboot);
}

static void __attribute__((noreturn)) crash(void)
{
    shutdown(SHUTDOWN_crash);
}

static const struct {
    const char *name;
    void (*run)(void);
} modes[] = {
    {"reboot", reboot}, {"crash", crash}, {"watchdog", watchdog}, {"spin", spin}, {"block", block},
    {"echo", echo},     {"obey", obey},   {"triple", triple},     {"last", last},
};

void guest_main(void);

void guest_main(void)
{
    const char *cmdline = NULL, *mode, *quiet;
    struct shared shared = {0};
    size_t len;

    container_init(&shared, &cmdline);
    if (!cmdline)
        cmdline = "";
    clock_init(shared.info);
    console_init(&shared);
    store_init(&shared);
    word(cmdline, "quiet", &quiet);
    if (!quiet)
        report_all(cmdline);
    len = word(cmdline, "mode=", &mode);
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (mode && is(mode, len, modes[i].name))
            modes[i].run();
    }
    shutdown(SHUTDOWN_poweroff);
}
