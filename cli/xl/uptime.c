/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl uptime: for how long domains have been there. */
#include <time.h>

#include "xl.h"

/* "2 days,  1:02:03"; brief: without the seconds. */
static void print_duration(unsigned long seconds, bool brief)
{
    unsigned long days = seconds / 86400;

    if (days)
        printf("%lu day%s, ", days, days > 1 ? "s" : "");
    printf("%2lu:%02lu", seconds / 3600 % 24, seconds / 60 % 60);
    if (!brief)
        printf(":%02lu", seconds % 60);
}

/* Domain 0 is as old as the host. */
static uint64_t age_us(const struct slip_domain_info *info)
{
    struct timespec t;

    if (!xl_is_host(info))
        return info->uptime_us;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * 1000000;
}

static void print_uptime(const struct xl_args *args, const struct slip_domain_info *info)
{
    unsigned long seconds = (unsigned long)(age_us(info) / 1000000);
    time_t now = time(NULL);
    struct tm local;
    char clock[16] = "";

    if (args->set['s']) {
        if (localtime_r(&now, &local))
            strftime(clock, sizeof(clock), "%H:%M:%S", &local);
        printf(" %s up ", clock);
        print_duration(seconds, true);
        printf(", %s (%d)\n", info->name, info->domid);
    } else {
        printf("%-33s %4d ", info->name, info->domid);
        print_duration(seconds, false);
        fputs("\n", stdout);
    }
}

static int print_all(const struct xl_args *args)
{
    struct xl_domains domains;
    int code = xl_domains_get(args, &domains);

    for (size_t i = 0; code == XL_OK && i < domains.n; i++)
        print_uptime(args, &domains.infos[i]);
    if (code == XL_OK)
        xl_domains_dispose(&domains);
    return code;
}

static int uptime(const struct xl_args *args)
{
    struct slip_domain_info info;
    int code = XL_OK;

    if (!args->set['s'])
        printf("%-33s %4s %s\n", "Name", "ID", "Uptime");
    if (args->n == 0)
        return print_all(args);
    for (int i = 0; code == XL_OK && i < args->n; i++) {
        code = xl_look(args, args->names[i], &info);
        if (code == XL_OK)
            print_uptime(args, &info);
    }
    return code;
}

const struct xl_verb xl_verb_uptime = {
    .name = "uptime",
    .summary = "Print for how long domains have been there",
    .usage = "[-s] [Domain]",
    .help = "-s  briefly",
    .letters = "s",
    .run = uptime,
};
