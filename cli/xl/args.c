/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options of one verb, as xl takes them: before the other arguments, not between or after them. */
#include <ctype.h>
#include <string.h>

#include "xl.h"

static const struct option only_help[] = {{"help", no_argument, NULL, 'h'}, {0}};

static int refuse(const char *word)
{
    if (optopt && isprint(optopt))
        fprintf(stderr, "option `%c' not supported.\n", optopt);
    else
        fprintf(stderr, "option `%s' not supported.\n", word);
    return XL_USAGE;
}

static bool too_few(const struct xl_args *args)
{
    int min = args->verb->min_args;

    if (args->n >= min)
        return false;
    xl_help_verb(args->verb);
    fflush(stdout);
    fprintf(stderr, "'xl %s' requires at least %d argument%s.\n\n", args->verb->name, min,
            min > 1 ? "s" : "");
    return true;
}

bool xl_args_parse(struct xl_args *ret, int argc, char **argv, int *ret_code)
{
    const struct xl_verb *verb = ret->verb;
    char letters[64];
    int letter;

    if (verb->file_first && argc > 1 && argv[1][0] != '-' && !strchr(argv[1], '=')) {
        ret->file = argv[1];
        argc--;
        argv++;
    }
    snprintf(letters, sizeof(letters), "+h%s", verb->letters);
    opterr = 0;
    optind = 0; /* glibc: begin anew, with these rules */
    while ((letter = getopt_long(argc, argv, letters, verb->longs ? verb->longs : only_help,
                                 NULL)) != -1) {
        if (letter == 'h')
            xl_help_verb(verb);
        if (letter == 'h' || letter == '?') {
            *ret_code = letter == 'h' ? XL_OK : refuse(argv[optind - 1]);
            return false;
        }
        ret->set[letter] = true;
        ret->value[letter] = optarg;
    }
    ret->n = argc - optind;
    ret->names = argv + optind;
    *ret_code = XL_USAGE;
    return !too_few(ret);
}
