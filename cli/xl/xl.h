/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The xl personality: called by that name, the command takes the verbs, options and output of Xen's xl, so that scripts
 * written for xl run unchanged. What scripts can see (columns, names, exit codes, which stream) is as xl 4.17 has it;
 * explanations are our own words. Like the rest of the command it stands on the public API alone.
 *
 * Source of the facts: xl(1), and the outputs of xl 4.17 recorded on a real dom0.
 */
#ifndef SLIP_CLI_XL_XL_H
#define SLIP_CLI_XL_XL_H

#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>

#include "../cli.h"
#include "slipway/slipway.h"

/* xl's exit codes. A failed create ends with libxl's number of the failure, without its sign. */
enum xl_exit {
    XL_OK = 0,
    XL_FAILED = 1,
    XL_USAGE = 2,
    XL_CREATE_FAILED = 3, /* ERROR_FAIL */
    XL_CREATE_NO_FILE = 6 /* ERROR_INVAL */
};

#define XL_MAX_LETTER 128

struct xl_verb;

/* What was asked for: the options of one verb by letter, and the rest. */
struct xl_args {
    const struct xl_verb *verb;
    bool dry_run;                     /* the global -N */
    bool set[XL_MAX_LETTER];          /* was this letter given? */
    const char *value[XL_MAX_LETTER]; /* and its argument, the last one */
    const char *file; /* of verbs with file_first: the argument before the options, or NULL */
    int n;            /* arguments that are no options */
    char **names;
    struct cli_args cli; /* for what is shared with slipway's own verbs */
};

struct xl_verb {
    const char *name;
    const char *summary;        /* one line, no full stop */
    const char *usage;          /* what follows the name */
    const char *help;           /* a line per option; NULL: there is none */
    const char *letters;        /* as getopt(3) has them; -h comes by itself */
    const struct option *longs; /* ended by an empty one; NULL: only --help */
    int min_args;
    bool can_dry_run; /* takes the global -N */
    bool changes;     /* takes the global -f, so says xl's help */
    bool file_first;  /* an argument that is no option and has no '=' may come before the options */
    int (*run)(const struct xl_args *args);
};

/* The whole command; main()'s arguments. Returns the exit code. */
int xl_main(int argc, char **argv);

/* The index-th verb in the order of the help, NULL past the end (verbs.c). */
const struct xl_verb *xl_verb_at(size_t index);
/* The index-th verb that xl has and we have not, NULL past the end. */
const char *xl_absent_verb_at(size_t index);
/* Prints the help of one verb to stdout. */
void xl_help_verb(const struct xl_verb *verb);

/* Fills ret->set, value, n, names. Returns false if the command ends here, with *ret_code. */
bool xl_args_parse(struct xl_args *ret, int argc, char **argv, int *ret_code);

/* Connects to the domain of a name or number; says so if there is none. Returns XL_OK or XL_FAILED; *ret is NULL then. */
int xl_open(const struct xl_args *args, const char *name, struct slip_domain **ret);
/* Whether text is a domain's number, as xl sees it: digits alone. */
bool xl_is_number(const char *text);
/* Whether it is the host's own domain, number 0. */
bool xl_is_host(const struct slip_domain_info *info);
/* Says what err says, as "xl: error: ...", and frees it. */
void xl_say(const struct xl_args *args, struct slip_error *err);
/* The console of a domain on the standard streams until Ctrl-] or its end, without a word. Returns XL_OK or XL_FAILED. */
int xl_console(const struct xl_args *args, struct slip_domain *domain);
/* Waits until a domain has ended. *ret_reason: why it was shut down, the hypervisor's number; -1: it was destroyed.
 * Returns XL_OK, or XL_FAILED after saying why. */
int xl_wait(const struct xl_args *args, struct slip_domain *domain, int *ret_reason);
/* What is known of the domain of a name or number. XL_OK, or XL_FAILED after saying why. */
int xl_look(const struct xl_args *args, const char *name, struct slip_domain_info *ret);

/* All domains. Dispose with xl_domains_dispose(). */
struct xl_domains {
    struct slip_domain_info *infos;
    size_t n;
};
/* Collects them in the order of their numbers. XL_OK, or XL_FAILED after saying why. */
int xl_domains_get(const struct xl_args *args, struct xl_domains *ret);
void xl_domains_dispose(struct xl_domains *domains);

/* A guest in the form that libxl gives it ("c_info", "b_info", ...). A new reference, NULL when out of memory. */
json_t *xl_json_guest(const struct slip_guest *guest);
/* The same of a running domain: as its toolstack wrote it down, else from what its engine knows. domain may be NULL. */
json_t *xl_json_domain(const struct slip_domain_info *info, struct slip_domain *domain);
/* Prints it as xl does, and drops the reference. */
int xl_json_print(json_t *json, FILE *out);

#endif
