/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl create: starts a guest, and returns once it runs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xl.h"

/* -e: nobody waits for the guest's end, so nothing follows on it. */
static const char *const left_alone[] = {"on_poweroff=\"preserve\"", "on_reboot=\"preserve\"",
                                         "on_watchdog=\"preserve\"", "on_crash=\"preserve\""};

#define N_LEFT_ALONE (sizeof(left_alone) / sizeof(left_alone[0]))

static bool is_dry(const struct xl_args *args)
{
    return args->dry_run || args->set['n'];
}

/* Sorts the arguments into FILE and KEY=VALUEs: fills names, which has room for all of them, as cli_guest_load() wants it.
 * Returns how many; 0 if there is more than one file. names[0] is NULL if there is none. */
static int sort_arguments(const struct xl_args *args, const char **names)
{
    int n = 1;

    names[0] = args->set['f'] ? args->value['f'] : args->file;
    for (int i = 0; i < args->n; i++) {
        if (strchr(args->names[i], '='))
            names[n++] = args->names[i];
        else if (!names[0])
            names[0] = args->names[i];
        else
            return 0;
    }
    for (size_t i = 0; args->set['e'] && !is_dry(args) && i < N_LEFT_ALONE; i++)
        names[n++] = left_alone[i];
    return n;
}

static int show_config(const struct cli_guest *g, FILE *out)
{
    return xl_json_print(xl_json_guest(g->guest), out);
}

/* Stays until the guest's end. It lives on if we are interrupted: unlike slipway's, xl's -F does not own its domain. */
static int follow(const struct xl_args *args, struct slip_domain *domain, const char *name)
{
    struct slip_domain_info info = {.size = sizeof(info), .domid = -1};
    int reason = 0;

    slip_domain_info(domain, &info, NULL); /* fails if it has ended already */
    fprintf(stderr, "Waiting for domain %s (domid %d) to die [pid %ld]\n", name, info.domid,
            (long)getpid());
    if (xl_wait(args, domain, &reason) != XL_OK)
        return XL_CREATE_FAILED;
    if (reason < 0)
        fprintf(stderr, "Domain %d has been destroyed.\n", info.domid);
    else
        fprintf(stderr, "Domain %d has shut down, reason code %d 0x%x\nDone. Exiting now\n",
                info.domid, reason, (unsigned)reason);
    return XL_OK;
}

static int start(const struct xl_args *args, const struct cli_args *cli, struct cli_guest *g)
{
    struct slip_domain *domain = NULL;
    int code = XL_OK;

    if (args->set['V'] || args->set['A'])
        fputs("xl: warning: there is no VNC viewer to start; -V and -A do nothing\n", stderr);
    if (cli_domain_start(cli, g, args->set['c'] ? SLIP_CREATE_CONSOLE : 0, NULL, &domain) != CLI_OK)
        return XL_CREATE_FAILED;
    if (args->set['c'])
        code = xl_console(args, domain);
    if (code == XL_OK && args->set['F'] && !args->set['e'])
        code = follow(args, domain, slip_guest_name(g->guest));
    slip_domain_free(domain);
    return code;
}

static int load_and_start(const struct xl_args *args, const char **names, int n)
{
    struct cli_args cli = args->cli;
    struct cli_guest g;
    int code;

    cli.paused = args->set['p'];
    cli.names = (char **)names;
    cli.n = n;
    if (access(names[0], R_OK) < 0) {
        fprintf(stderr, "Failed to read config file: %s: %s\n", names[0], strerror(errno));
        return XL_CREATE_FAILED;
    }
    if (!args->set['q'])
        fprintf(stderr, "Parsing config from %s\n", names[0]);
    code = cli_guest_load(&cli, &g) == CLI_OK ? XL_OK : XL_FAILED;
    if (code == XL_OK && args->set['d'] && !is_dry(args))
        code = show_config(&g, stderr);
    if (code == XL_OK)
        code = is_dry(args) ? show_config(&g, stdout) : start(args, &cli, &g);
    cli_guest_dispose(&g);
    return code;
}

static int create(const struct xl_args *args)
{
    const char **names = calloc((size_t)args->n + 1 + N_LEFT_ALONE, sizeof(*names));
    int n, code;

    if (!names)
        return cli_error(&args->cli, CLI_FAILED, NULL, "out of memory");
    n = sort_arguments(args, names);
    if (n == 0) {
        xl_help_verb(args->verb);
        code = XL_USAGE;
    } else if (!names[0]) {
        fputs("Config file not specified and none in save file\n", stderr);
        code = XL_CREATE_NO_FILE;
    } else {
        code = load_and_start(args, names, n);
    }
    free(names);
    return code;
}

static const struct option longs[] = {{"dryrun", no_argument, NULL, 'n'},
                                      {"quiet", no_argument, NULL, 'q'},
                                      {"defconfig", required_argument, NULL, 'f'},
                                      {"vncviewer", no_argument, NULL, 'V'},
                                      {"vncviewer-autopass", no_argument, NULL, 'A'},
                                      {"ignore-global-affinity-masks", no_argument, NULL, 'i'},
                                      {"help", no_argument, NULL, 'h'},
                                      {0}};

const struct xl_verb xl_verb_create = {
    .name = "create",
    .summary = "Start the guest that a file describes",
    .usage = "<ConfigFile> [options] [vars]",
    .help =
        "-p                         leave it paused\n"
        "-c                         show its console (Ctrl-] leaves)\n"
        "-F                         stay until it ends\n"
        "-e                         do nothing when it ends: it stays, shut down\n"
        "-f FILE, --defconfig=FILE  the file\n"
        "-n, --dryrun               print what would be created, as libxl's JSON; the global -N does the same\n"
        "-d                         print it, and create it\n"
        "-q, --quiet                do not say which file is read",
    .letters = "Fnqf:pcdeVA",
    .longs = longs,
    .can_dry_run = true,
    .changes = true,
    .file_first = true,
    .run = create,
};
