/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl list, xl vm-list: the domains of this host. */
#include <string.h>

#include "xl.h"

static bool is_paused(const struct slip_domain_info *info)
{
    /* Xen makes a domain paused; its builder lets it run. */
    return info->state == SLIP_STATE_PAUSED || info->state == SLIP_STATE_BUILDING ||
           info->state == SLIP_STATE_HALF_BUILT;
}

static bool is_shut_down(const struct slip_domain_info *info)
{
    return info->state == SLIP_STATE_OFF || info->state == SLIP_STATE_CRASHED;
}

static void print_columns(const struct slip_domain_info *info)
{
    char number[16] = "-"; /* the engine has no numbers */

    if (info->domid >= 0)
        snprintf(number, sizeof(number), "%d", info->domid);
    printf("%-40s %5s %5llu %5u     %c%c%c%c%c%c  %8.1f", *info->name ? info->name : "(null)",
           number, (unsigned long long)(info->memory_bytes >> 20), info->vcpus,
           info->on_cpu ? 'r' : '-', info->blocked ? 'b' : '-', is_paused(info) ? 'p' : '-',
           is_shut_down(info) ? 's' : '-', info->state == SLIP_STATE_CRASHED ? 'c' : '-',
           info->state == SLIP_STATE_DYING ? 'd' : '-', (double)info->cpu_us / 1e6);
}

/* Why a domain was shut down: the hypervisor's number (SHUTDOWN_*, Xen public/sched.h). */
static unsigned reason_of(const struct slip_domain_info *info)
{
    return info->state == SLIP_STATE_CRASHED ? 3 : 0;
}

static void print_line(const struct xl_args *args, const struct slip_domain_info *info)
{
    print_columns(info);
    if (args->set['v'] && is_shut_down(info))
        printf(" %s %8x", info->uuid, reason_of(info));
    else if (args->set['v'])
        printf(" %s %8s", info->uuid, "-");
    if (args->set['v'] || args->set['Z'])
        printf(" %16s", "-"); /* no security module's label */
    fputs("\n", stdout);
}

static void print_table(const struct xl_args *args, const struct xl_domains *domains)
{
    fputs("Name                                        ID   Mem VCPUs\tState\tTime(s)", stdout);
    if (args->set['v'])
        fputs("   UUID                            Reason-Code\tSecurity Label", stdout);
    else if (args->set['Z'])
        fputs("   Security Label", stdout);
    fputs("\n", stdout);
    for (size_t i = 0; i < domains->n; i++)
        print_line(args, &domains->infos[i]);
}

static json_t *describe(const struct slip_domain_info *info)
{
    char number[16];
    struct slip_domain *domain = NULL;
    struct slip_error *err = NULL;
    json_t *config;

    snprintf(number, sizeof(number), "%d", info->domid);
    if (slip_domain_open(info->domid >= 0 ? number : info->name, &domain, &err) < 0)
        slip_error_free(
            err); /* it has ended meanwhile, or is half-built: what we have is all there is */
    config = xl_json_domain(info, domain);
    slip_domain_free(domain);
    return json_pack("{s:i, s:o}", "domid", info->domid, "config", config);
}

static int print_long(const struct xl_domains *domains)
{
    json_t *array = json_array();

    for (size_t i = 0; i < domains->n; i++)
        json_array_append_new(array, describe(&domains->infos[i]));
    return xl_json_print(array, stdout);
}

/* One domain, by name or number, as a list of one. */
static int get_one(const struct xl_args *args, const char *name, struct slip_domain_info *info,
                   struct xl_domains *ret)
{
    struct slip_domain *domain = NULL;
    struct slip_error *err = NULL;
    int code = XL_OK;

    if (xl_is_number(name) && slip_domain_open(name, &domain, &err) == SLIP_ENOENT) {
        slip_error_free(err);
        fprintf(stderr, "Error: Domain '%s' does not exist.\n", name);
        return XL_FAILED;
    }
    slip_error_free(err);
    slip_domain_free(domain);
    code = xl_look(args, name, info);
    *ret = (struct xl_domains){.infos = info, .n = 1};
    return code;
}

static int show(const struct xl_args *args, const struct xl_domains *domains)
{
    if (args->set['l'])
        return print_long(domains);
    print_table(args, domains);
    return XL_OK;
}

static int list(const struct xl_args *args)
{
    struct slip_domain_info info;
    struct xl_domains domains;
    int code;

    if (args->set['c'] || args->set['n'])
        return cli_error(&args->cli, CLI_FAILED, NULL,
                         "Slipway does not know of CPU pools and NUMA nodes (xl list -%c)",
                         args->set['c'] ? 'c' : 'n');
    if (args->n > 1) {
        xl_help_verb(args->verb);
        return XL_FAILED;
    }
    if (args->n == 1) {
        code = get_one(args, args->names[0], &info, &domains);
        return code == XL_OK ? show(args, &domains) : code;
    }
    code = xl_domains_get(args, &domains);
    if (code != XL_OK)
        return code;
    code = show(args, &domains);
    xl_domains_dispose(&domains);
    return code;
}

static const struct option list_longs[] = {{"long", no_argument, NULL, 'l'},
                                           {"verbose", no_argument, NULL, 'v'},
                                           {"context", no_argument, NULL, 'Z'},
                                           {"cpupool", no_argument, NULL, 'c'},
                                           {"numa", no_argument, NULL, 'n'},
                                           {"help", no_argument, NULL, 'h'},
                                           {0}};

const struct xl_verb xl_verb_list = {
    .name = "list",
    .summary = "List domains: all, or one of them",
    .usage = "[options] [Domain]",
    .help = "-l, --long     what each is made of, as libxl's JSON\n"
            "-v, --verbose  UUIDs and why they were shut down, too\n"
            "-Z, --context  security labels, too",
    .letters = "lvZcn",
    .longs = list_longs,
    .run = list,
};

static int vm_list(const struct xl_args *args)
{
    struct xl_domains domains;
    int code = xl_domains_get(args, &domains);

    if (code != XL_OK)
        return code;
    fputs("UUID                                  ID    name\n", stdout);
    for (size_t i = 0; i < domains.n; i++) {
        const struct slip_domain_info *info = &domains.infos[i];

        printf("%s  %d    %-30s\n", info->uuid, info->domid, *info->name ? info->name : "(null)");
    }
    xl_domains_dispose(&domains);
    return XL_OK;
}

const struct xl_verb xl_verb_vm_list = {
    .name = "vm-list",
    .summary = "List domains by UUID",
    .usage = "",
    .letters = "",
    .run = vm_list,
};
