/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The xl personality's front: global options, finding the verb (an unambiguous beginning will do), help. */
#include "xl.h"

#include <string.h>
#include <unistd.h>

/* A beginning that fits more than one verb fits none, unless it is all of one. Verbs we lack count: else "mem" would come
 * to mean something here that it doesn't there. *ret_absent: it is one of those. */
static const struct xl_verb *find_verb(const char *word, const char **ret_absent)
{
    const struct xl_verb *verb, *found = NULL;
    size_t len = strlen(word), count = 0;
    const char *absent;

    *ret_absent = NULL;
    for (size_t i = 0; (verb = xl_verb_at(i)); i++) {
        if (strcmp(verb->name, word) == 0)
            return verb;
        if (strncmp(verb->name, word, len) == 0) {
            found = verb;
            count++;
        }
    }
    for (size_t i = 0; (absent = xl_absent_verb_at(i)); i++) {
        if (strncmp(absent, word, len) == 0) {
            *ret_absent = absent;
            count++;
            if (absent[len] == 0)
                return NULL;
        }
    }
    if (count == 1 && found)
        return found;
    if (count != 1)
        *ret_absent = NULL;
    return NULL;
}

void xl_help_verb(const struct xl_verb *verb)
{
    printf("Usage: xl [-vtT%s%s] %s%s%s\n\n%s.\n\n", verb->changes ? "f" : "",
           verb->can_dry_run ? "N" : "", verb->name, *verb->usage ? " " : "", verb->usage,
           verb->summary);
    if (verb->help)
        printf("Options:\n\n%s\n", verb->help);
}

static void help_all(void)
{
    const struct xl_verb *verb;

    fputs("Usage xl [-vfNtT] <subcommand> [args]\n\nxl full list of subcommands:\n\n", stdout);
    for (size_t i = 0; (verb = xl_verb_at(i)); i++)
        printf(" %-19s %s\n", verb->name, verb->summary);
}

static int help(const char *word)
{
    const struct xl_verb *verb;
    const char *absent;

    if (!word || strcmp(word, "help") == 0) {
        help_all();
        return XL_OK;
    }
    verb = find_verb(word, &absent);
    if (verb)
        xl_help_verb(verb);
    else
        printf("command \"%s\" not implemented\n", word);
    return XL_OK;
}

static int run_verb(struct xl_args *args, int argc, char **argv)
{
    const char *absent;
    int code;

    args->verb = find_verb(argv[0], &absent);
    if (!args->verb && strcmp(argv[0], "help") == 0)
        return help(argv[1]);
    if (!args->verb) {
        if (absent)
            fprintf(stderr, "xl: Slipway has no '%s'\n", absent);
        fputs("command not implemented\n", stderr);
        return XL_FAILED;
    }
    if (args->dry_run && !args->verb->can_dry_run) {
        fputs("command does not implement -N (dryrun) option\n", stderr);
        return XL_FAILED;
    }
    return xl_args_parse(args, argc, argv, &code) ? args->verb->run(args) : code;
}

int xl_main(int argc, char **argv)
{
    struct xl_args args = {.cli = {.program = "xl", .xl_compat = true}};
    int letter;

    argv[0] = (char *)"xl"; /* getopt's own messages begin with it */
    while ((letter = getopt(argc, argv, "+vftTN")) != -1) {
        /* -v, -f, -t and -T ask for more words, for what we do anyway, and for marks on progress that we don't print. */
        if (letter == 'N')
            args.dry_run = true;
        if (letter == '?') {
            fputs("unknown global option\n", stderr);
            return XL_FAILED;
        }
    }
    if (optind >= argc) {
        help_all();
        return XL_FAILED;
    }
    return run_verb(&args, argc - optind, argv + optind);
}
