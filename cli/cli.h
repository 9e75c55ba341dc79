/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What every verb of the slipway command shares: its arguments, its exit codes, how it fails. The command is a program over
 * the public API and knows nothing below include/slipway.
 */
#ifndef SLIP_CLI_CLI_H
#define SLIP_CLI_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "slipway/slipway.h"

/* The command's exit codes: a contract (man page), scripts rely on it. */
enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1,      /* anything without a number of its own */
    CLI_USAGE = 2,       /* the command line is wrong */
    CLI_DESCRIPTION = 3, /* the description is wrong */
    CLI_IMAGE = 4,       /* the kernel or a module is wrong */
    CLI_ENGINE = 5,      /* the engine cannot: missing, no permission, out of memory */
    CLI_CRASHED = 10     /* the guest crashed */
};

/* The options of all verbs; each verb takes some (cli_verb.options), and one letter means one thing. */
struct cli_args {
    const char *program; /* what errors begin with; NULL: "slipway" */
    const char *verb;
    bool json;
    bool xl_compat;
    bool paused;
    bool console;
    bool foreground;
    bool dry_run;
    const char *engine;
    const char *record;
    const char *svg;
    const char *to;
    const char *type;
    const char *from;
    const char *out;
    const char *xend_version;
    bool strict;
    bool compact;
    int n; /* arguments that are no options */
    char **names;
};

struct cli_verb {
    const char *name;
    const char *summary; /* one line */
    const char *usage;   /* what follows the name */
    const char *options; /* ids of args.c's table */
    int min_args;
    int max_args;      /* -1: any number */
    const char *about; /* paragraphs of `slipway help VERB` */
    int (*run)(const struct cli_args *args);
};

/* The index-th verb in the order of the help, NULL past the end (main.c). */
const struct cli_verb *cli_verb_at(size_t index);

/* Fills *ret from what follows the verb. Returns CLI_OK, or CLI_USAGE after saying what is wrong; *ret_help: help was
 * asked for. ret->names points into argv, which is reordered. */
int cli_args_parse(const struct cli_verb *verb, int argc, char **argv, struct cli_args *ret,
                   bool *ret_help);
/* Prints the help of one verb's options. */
void cli_args_help(const struct cli_verb *verb, FILE *out);

/* Says "slipway: error: MESSAGE" and the hint (NULL: none), as text or JSON. Returns code. */
int cli_error(const struct cli_args *args, enum cli_exit code, const char *hint, const char *fmt,
              ...) SLIP_PRINTF(4, 5);
/* Says what err says, frees it, and returns the exit code of its rc. */
int cli_fail(const struct cli_args *args, struct slip_error *err, enum cli_exit unreadable);
/* The exit code of a return code. unreadable stands in for "a file is missing or can't be read", which is about whatever
 * the call was reading. */
int cli_exit_of(int rc, enum cli_exit unreadable);

/* Writes value and a newline to stdout, and drops the reference. Returns the exit code. */
int cli_print_json(const struct cli_args *args, json_t *value);
/* Prints text, which came with rc and err from a ..._to_text() or ..._to_json(), and frees it. Returns the exit code. */
int cli_print_text(const struct cli_args *args, int rc, char *text, struct slip_error *err);

/* A description that was read, and what there was to say about it. */
struct cli_guest {
    const char *path;
    struct slip_diags *diags;
    struct slip_guest *guest;
    const char *format; /* that it was in */
    size_t shown;       /* diagnostics already printed */
    uint64_t parse_us;
};

/* Reads names[0] with the overrides names[1...], and prints the diagnostics. Returns the exit code; dispose in any case. */
int cli_guest_load(const struct cli_args *args, struct cli_guest *ret);
void cli_guest_dispose(struct cli_guest *g);
/* Prints the diagnostics that came since, and err unless they say it all; frees err. Returns the exit code of rc. */
int cli_guest_report(const struct cli_args *args, struct cli_guest *g, int rc,
                     struct slip_error *err);

/* Prints the plan of g as args asks (text, --json, --svg). Returns the exit code. */
int cli_plan_print(const struct cli_args *args, struct cli_guest *g);

/* Creates the domain of g, with a progress bar. info: NULL, or where to put what it is then. Returns the exit code. */
int cli_domain_start(const struct cli_args *args, struct cli_guest *g, unsigned flags,
                     struct slip_domain_info *info, struct slip_domain **ret);
/* Stays with a domain of ours until it ends: its console on stdio (if console), then the closing line. Ctrl-] leaves the
 * domain behind if may_detach, else just closes the console. Returns the exit code. */
int cli_domain_follow(const struct cli_args *args, const struct cli_guest *g,
                      struct slip_domain *domain, bool console, bool may_detach);
/* The console of somebody's domain until Ctrl-] or its end. Returns the exit code. */
int cli_domain_attach(const struct cli_args *args, struct slip_domain *domain, const char *name);
/* Opens each named domain and calls act on it. Returns the first exit code that isn't CLI_OK; all names are tried. */
typedef int cli_domain_act(struct slip_domain *domain, struct slip_error **err);
int cli_domain_each(const struct cli_args *args, cli_domain_act *act);
/* A domain's description for --json. A new reference, NULL when out of memory. */
json_t *cli_domain_json(const struct slip_domain_info *info);
/* "disk" or "vif", for attach and detach; CLI_USAGE, after saying so, if word is neither. */
int cli_device_kind(const struct cli_args *args, const char *word, enum slip_device_kind *ret);
const char *cli_state_name(enum slip_state state);

#endif
