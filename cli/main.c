/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The slipway command: finds the verb and runs it. Each verb is a file of its own and an entry here, in the order of the
 * help: a guest's life first, then what can be learnt without one. */
#include <errno.h>
#include <string.h>

#include "cli.h"
#include "text.h"
#include "xl/xl.h"

extern const struct cli_verb cli_verb_run, cli_verb_create, cli_verb_list, cli_verb_console,
    cli_verb_pause, cli_verb_unpause, cli_verb_shutdown, cli_verb_reboot, cli_verb_destroy,
    cli_verb_info, cli_verb_attach, cli_verb_detach, cli_verb_engines, cli_verb_check,
    cli_verb_plan, cli_verb_inspect, cli_verb_convert, cli_verb_retarget, cli_verb_conform,
    cli_verb_explain;

static const struct cli_verb *const verbs[] = {
    &cli_verb_run,     &cli_verb_create,   &cli_verb_list,     &cli_verb_console, &cli_verb_pause,
    &cli_verb_unpause, &cli_verb_shutdown, &cli_verb_reboot,   &cli_verb_destroy, &cli_verb_info,
    &cli_verb_attach,  &cli_verb_detach,   &cli_verb_engines,  &cli_verb_check,   &cli_verb_plan,
    &cli_verb_inspect, &cli_verb_convert,  &cli_verb_retarget, &cli_verb_conform, &cli_verb_explain,
};

const struct cli_verb *cli_verb_at(size_t index)
{
    return index < sizeof(verbs) / sizeof(verbs[0]) ? verbs[index] : NULL;
}

static const struct cli_verb *find_verb(const char *name)
{
    const struct cli_verb *verb;

    for (size_t i = 0; (verb = cli_verb_at(i)); i++) {
        if (strcmp(verb->name, name) == 0)
            return verb;
    }
    return NULL;
}

static int unknown_verb(const char *name)
{
    const struct cli_args none = {0};
    const struct cli_verb *verb, *best = NULL;
    char hint[64] = "'slipway help' lists the verbs";
    unsigned d, best_d = 3;

    for (size_t i = 0; (verb = cli_verb_at(i)); i++) {
        d = text_distance(name, verb->name, best_d);
        if (d < best_d) {
            best_d = d;
            best = verb;
        }
    }
    if (best)
        snprintf(hint, sizeof(hint), "did you mean '%s'?", best->name);
    return cli_error(&none, CLI_USAGE, hint, "unknown verb '%s'", name);
}

static void help(FILE *out)
{
    const struct cli_verb *verb;

    fputs("usage: slipway VERB [OPTIONS] [ARGUMENTS]\n\n"
          "Boots x86 guests directly: one description, one builder, any hypervisor.\n\n",
          out);
    for (size_t i = 0; (verb = cli_verb_at(i)); i++)
        fprintf(out, "  %-10s %s\n", verb->name, verb->summary);
    fputs("\n'slipway help VERB' says more; so does slipway(1).\n", out);
}

static int help_verb(const struct cli_verb *verb)
{
    printf("usage: slipway %s%s%s\n\n", verb->name, *verb->usage ? " " : "", verb->usage);
    text_fill(stdout, verb->about, 0);
    fputs("\n", stdout);
    cli_args_help(verb, stdout);
    return CLI_OK;
}

static int help_command(int argc, char **argv)
{
    const struct cli_verb *verb;

    if (argc < 2) {
        help(stdout);
        return CLI_OK;
    }
    verb = find_verb(argv[1]);
    return verb ? help_verb(verb) : unknown_verb(argv[1]);
}

static int run_verb(int argc, char **argv)
{
    const struct cli_verb *verb = find_verb(argv[0]);
    bool want_help = false;
    struct cli_args args;
    int code;

    if (!verb)
        return unknown_verb(argv[0]);
    code = cli_args_parse(verb, argc, argv, &args, &want_help);
    if (code != CLI_OK)
        return code;
    return want_help ? help_verb(verb) : verb->run(&args);
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2) {
        help(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 ||
        strcmp(argv[1], "-h") == 0)
        return help_command(argc - 1, argv + 1);
    if (strcmp(argv[1], "--version") == 0) {
        printf("slipway %s\n", slip_version());
        return CLI_OK;
    }
    return run_verb(argc - 1, argv + 1);
}

static bool called_as(const char *path, const char *name)
{
    const char *slash = path ? strrchr(path, '/') : NULL;

    return path && strcmp(slash ? slash + 1 : path, name) == 0;
}

int main(int argc, char **argv)
{
    const struct cli_args none = {0};
    int code = called_as(argv[0], "xl") ? xl_main(argc, argv) : dispatch(argc, argv);

    /* What was printed and never arrived must not look like success. */
    if ((fflush(stdout) != 0 || ferror(stdout)) && code == CLI_OK)
        return cli_error(&none, CLI_FAILED, NULL, "cannot write to standard output: %s",
                         strerror(errno));
    return code;
}
