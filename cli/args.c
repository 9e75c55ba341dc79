/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of all verbs, in one table; parsing and describing them. */
#include <getopt.h>
#include <stddef.h>
#include <string.h>

#include "cli.h"
#include "text.h"

/* id: its letter, when short; a letter all the same, for cli_verb.options, when it is long only. */
static const struct {
    char id;
    bool is_short;
    const char *name;
    const char *arg; /* NULL: a switch */
    const char *help;
    size_t offset; /* in struct cli_args: of a const char *, or a bool */
} options[] = {
    {'e', true, "engine", "ENGINE", "the engine to use; see 'slipway engines'",
     offsetof(struct cli_args, engine)},
    {'p', true, "paused", NULL, "leave the guest paused before its first instruction",
     offsetof(struct cli_args, paused)},
    {'c', true, "console", NULL, "attach to the guest's console",
     offsetof(struct cli_args, console)},
    {'F', true, "foreground", NULL, "stay until the guest ends, and end it when interrupted",
     offsetof(struct cli_args, foreground)},
    {'n', true, "dry-run", NULL, "check and plan, and create nothing",
     offsetof(struct cli_args, dry_run)},
    {'r', false, "record", "FOLDER", "null engine: write the guest's RAM and plan there",
     offsetof(struct cli_args, record)},
    {'s', false, "svg", "OUT", "draw the memory map into the file OUT (-: standard output)",
     offsetof(struct cli_args, svg)},
    {'t', false, "to", "FORMAT", "write FORMAT: xl, xm, libvirt, sxpr, libxl-json",
     offsetof(struct cli_args, to)},
    {'T', false, "type", "TYPE", "the type to change to: pv, pvh, hvm",
     offsetof(struct cli_args, type)},
    {'f', false, "from", "FORMAT", "read FORMAT, whatever FILE looks like",
     offsetof(struct cli_args, from)},
    {'o', true, "output", "OUT", "write to the file OUT (-: standard output)",
     offsetof(struct cli_args, out)},
    {'S', false, "strict", NULL, "make a loss an error", offsetof(struct cli_args, strict)},
    {'C', false, "compact", NULL, "write SXPR on one line", offsetof(struct cli_args, compact)},
    {'X', false, "xend-version", "N", "write for xend's configuration version N, 1 to 4",
     offsetof(struct cli_args, xend_version)},
    {'x', false, "xl-compat", NULL, "warn of unknown keys, as xl would let them pass",
     offsetof(struct cli_args, xl_compat)},
    {'j', false, "json", NULL, "print JSON", offsetof(struct cli_args, json)},
};

#define N_OPTIONS (sizeof(options) / sizeof(options[0]))
/* getopt_long's value of --help; of options[i] it is i. Short letters are above all of them. */
#define HELP N_OPTIONS

static void make_getopt_tables(const struct cli_verb *verb, char *letters, struct option *longs)
{
    *letters++ = ':'; /* tell a missing argument from an unknown option */
    *letters++ = 'h';
    for (size_t i = 0; i < N_OPTIONS; i++) {
        if (!strchr(verb->options, options[i].id))
            continue;
        *longs++ = (struct option){options[i].name,
                                   options[i].arg ? required_argument : no_argument, NULL, (int)i};
        if (!options[i].is_short)
            continue;
        *letters++ = options[i].id;
        if (options[i].arg)
            *letters++ = ':';
    }
    *longs++ = (struct option){"help", no_argument, NULL, HELP};
    *letters = 0;
    *longs = (struct option){0};
}

static size_t option_of(int value)
{
    if (value == 'h')
        return HELP;
    for (size_t i = 0; i < N_OPTIONS; i++) {
        if (options[i].is_short && options[i].id == value)
            return i;
    }
    return (size_t)value;
}

/* The option of this verb that word ("--jsn") was probably meant to be, or NULL. */
static const char *nearest_option(const struct cli_verb *verb, const char *word)
{
    const char *best = NULL;
    unsigned d, best_d = 3;

    for (size_t i = 0; i < N_OPTIONS; i++) {
        if (!strchr(verb->options, options[i].id))
            continue;
        d = text_distance(word + 2, options[i].name, best_d);
        if (d < best_d) {
            best_d = d;
            best = options[i].name;
        }
    }
    return best;
}

/* value is getopt's '?' or ':'. optopt is then the letter; or, for a long option, 0 or an index of the table. */
static int bad_option(const struct cli_verb *verb, const struct cli_args *args, int value,
                      const char *word)
{
    char hint[96], letter[] = {'-', (char)optopt, 0};
    bool is_long = optopt < ' ';
    const char *near = is_long ? nearest_option(verb, word) : NULL;

    if (value == ':')
        return cli_error(args, CLI_USAGE, NULL, "option %s needs an argument",
                         is_long ? word : letter);
    if (near)
        snprintf(hint, sizeof(hint), "did you mean --%s?", near);
    else
        snprintf(hint, sizeof(hint), "'slipway help %s' lists its options", verb->name);
    return cli_error(args, CLI_USAGE, hint, "'slipway %s' has no option %s", verb->name,
                     is_long ? word : letter);
}

static void set_option(struct cli_args *args, size_t i, const char *arg)
{
    char *field = (char *)args + options[i].offset;

    if (options[i].arg)
        memcpy(field, &arg, sizeof(arg));
    else
        *(bool *)field = true;
}

static int check_count(const struct cli_verb *verb, const struct cli_args *args)
{
    char hint[160];

    snprintf(hint, sizeof(hint), "usage: slipway %s %s", verb->name, verb->usage);
    if (args->n < verb->min_args)
        return cli_error(args, CLI_USAGE, hint, "'slipway %s' needs more arguments", verb->name);
    if (verb->max_args >= 0 && args->n > verb->max_args)
        return cli_error(args, CLI_USAGE, hint, "'slipway %s' takes no argument '%s'", verb->name,
                         args->names[verb->max_args]);
    return CLI_OK;
}

int cli_args_parse(const struct cli_verb *verb, int argc, char **argv, struct cli_args *ret,
                   bool *ret_help)
{
    char letters[2 * N_OPTIONS + 3];
    struct option longs[N_OPTIONS + 2];
    int value;

    *ret = (struct cli_args){.verb = verb->name};
    make_getopt_tables(verb, letters, longs);
    opterr = 0;
    while ((value = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
        if (value == '?' || value == ':')
            return bad_option(verb, ret, value, argv[optind - 1]);
        if (option_of(value) == HELP) {
            *ret_help = true;
            return CLI_OK;
        }
        set_option(ret, option_of(value), optarg);
    }
    ret->n = argc - optind;
    ret->names = argv + optind;
    return check_count(verb, ret);
}

void cli_args_help(const struct cli_verb *verb, FILE *out)
{
    char left[40], letter[] = "-?, ";

    for (size_t i = 0; i < N_OPTIONS; i++) {
        if (!strchr(verb->options, options[i].id))
            continue;
        letter[1] = options[i].id;
        snprintf(left, sizeof(left), "%s--%s%s%s", options[i].is_short ? letter : "    ",
                 options[i].name, options[i].arg ? " " : "", options[i].arg ? options[i].arg : "");
        fprintf(out, "  %-22s %s\n", left, options[i].help);
    }
    fprintf(out, "  %-22s %s\n", "-h, --help", "print this");
}
