/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl info, xl dmesg: the host, and what its hypervisor had to say. */
#include <stdlib.h>
#include <string.h>

#include "xl.h"

/* payload: the beginning of the names that are wanted, whose values alone are printed; NULL: all, with their names. */
static int print_pair(const char *name, const char *value, void *payload)
{
    const char *wanted = payload;

    if (!wanted)
        printf("%-23s: %s\n", name, value);
    else if (strncmp(name, wanted, strlen(wanted)) == 0)
        printf("%s\n", value);
    return 0;
}

static int info(const struct xl_args *args)
{
    const char *wanted = args->n && !args->set['n'] ? args->names[0] : NULL;
    struct slip_error *err = NULL;

    if (args->set['n'])
        fputs("xl: warning: Slipway does not know of NUMA nodes; -n adds nothing\n", stderr);
    if (slip_engine_info(NULL, print_pair, (void *)wanted, &err) == SLIP_OK)
        return XL_OK;
    xl_say(args, err);
    return XL_FAILED;
}

static const struct option info_longs[] = {
    {"numa", no_argument, NULL, 'n'}, {"help", no_argument, NULL, 'h'}, {0}};

const struct xl_verb xl_verb_info = {
    .name = "info",
    .summary = "Say what is known of the host, or one value of it",
    .usage = "[Name]",
    .letters = "n",
    .longs = info_longs,
    .run = info,
};

static int dmesg(const struct xl_args *args)
{
    struct slip_error *err = NULL;
    char *text = NULL;

    if (slip_engine_log(NULL, args->set['c'], &text, &err) < 0) {
        xl_say(args, err);
        return XL_FAILED;
    }
    fputs(text, stdout);
    free(text);
    return XL_OK;
}

static const struct option dmesg_longs[] = {
    {"clear", no_argument, NULL, 'c'}, {"help", no_argument, NULL, 'h'}, {0}};

const struct xl_verb xl_verb_dmesg = {
    .name = "dmesg",
    .summary = "Print the hypervisor's messages",
    .usage = "[-c]",
    .help = "-c, --clear  and empty its buffer",
    .letters = "c",
    .longs = dmesg_longs,
    .run = dmesg,
};
