/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Staying with a domain until it ends (run, create -F) or for a look at it (console, create -c). */
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "console.h"
#include "text.h"

static const struct {
    const char *words;
    enum cli_exit code;
} ends[] = {
    [SLIP_END_POWEROFF] = {"powered off", CLI_OK},
    [SLIP_END_CRASHED] = {"crashed", CLI_CRASHED},
    [SLIP_END_DESTROYED] = {"was destroyed", CLI_FAILED},
    [SLIP_END_FAILED] = {"ended: its engine failed", CLI_CRASHED},
};

static void closing_text(const char *name, enum slip_end end, const char *reason, uint64_t parse_us,
                         const struct slip_timing *t)
{
    const struct {
        const char *stage;
        uint64_t us;
    } stages[] = {{"parse", parse_us},
                  {"image", t->image_us},
                  {"build", t->build_us},
                  {"engine start", t->engine_us},
                  {"guest", t->guest_us}};
    char duration[32];

    fprintf(stderr, "guest '%s' %s", name, ends[end].words);
    if (end == SLIP_END_CRASHED && reason)
        fprintf(stderr, " (%s)", reason);
    for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
        text_duration(duration, sizeof(duration), stages[i].us);
        fprintf(stderr, "%s%s %s", i ? ", " : ": ", stages[i].stage, duration);
    }
    fputs("\n", stderr);
}

static void closing_json(const char *name, enum slip_end end, const char *reason, uint64_t parse_us,
                         const struct slip_timing *t)
{
    static const char *const words[] = {[SLIP_END_POWEROFF] = "poweroff",
                                        [SLIP_END_CRASHED] = "crashed",
                                        [SLIP_END_DESTROYED] = "destroyed",
                                        [SLIP_END_FAILED] = "failed"};
    json_t *line =
        json_pack("{s:s, s:s, s:s?, s:I, s:I, s:I, s:I, s:I}", "name", name, "end", words[end],
                  "reason", reason, "parse_us", (json_int_t)parse_us, "image_us",
                  (json_int_t)t->image_us, "build_us", (json_int_t)t->build_us, "engine_us",
                  (json_int_t)t->engine_us, "guest_us", (json_int_t)t->guest_us);

    if (line)
        json_dumpf(line, stderr, JSON_COMPACT);
    fputs("\n", stderr);
    json_decref(line);
}

/* Waits for the end and says how long each stage took. */
static int close_off(const struct cli_args *args, const struct cli_guest *g,
                     struct slip_domain *domain)
{
    struct slip_timing timing = {0};
    struct slip_error *err = NULL;
    enum slip_end end = SLIP_END_FAILED;

    if (slip_domain_wait(domain, &end, &timing, &err) < 0)
        cli_fail(args, err, CLI_FAILED); /* why it failed; the line below says that it did */
    (args->json ? closing_json : closing_text)(
        slip_guest_name(g->guest), end, slip_domain_end_reason(domain), g->parse_us, &timing);
    return ends[end].code;
}

static void say_how_to_return(const char *name)
{
    fprintf(stderr, "\ndetached; 'slipway console %s' comes back to it\n", name);
}

static int detach(const struct cli_args *args, struct slip_domain *domain, const char *name)
{
    struct slip_error *err = NULL;

    if (slip_domain_detach(domain, &err) < 0)
        return cli_fail(args, err, CLI_FAILED);
    say_how_to_return(name);
    return CLI_OK;
}

/* Ends our domain because we have to end. */
static int give_up(const struct cli_args *args, struct slip_domain *domain, const char *name,
                   const struct console_result *result)
{
    struct slip_error *err = NULL;

    if (slip_domain_destroy(domain, &err) < 0)
        cli_fail(args, err, CLI_FAILED);
    if (result->end == CONSOLE_LOST)
        return cli_error(args, CLI_FAILED, NULL,
                         "guest '%s' destroyed: cannot write its console: %s", name,
                         strerror(result->errnum));
    cli_error(args, CLI_FAILED, NULL, "guest '%s' destroyed: interrupted by a signal (%s)", name,
              strsignal(result->signal));
    console_reraise(result->signal);
    return CLI_FAILED;
}

/* Returns false if there is no console to be had (*ret_code says so). */
static bool show_console(const struct cli_args *args, struct slip_domain *domain,
                         struct console_result *ret, int *ret_code)
{
    struct slip_error *err = NULL;
    int fd;

    if (slip_domain_console(domain, &fd, &err) < 0) {
        *ret_code = cli_fail(args, err, CLI_FAILED);
        return false;
    }
    *ret = console_run(fd);
    close(fd);
    if (ret->middle_of_line && ret->end != CONSOLE_LOST && isatty(STDERR_FILENO))
        fputs("\n", stderr);
    return true;
}

int cli_domain_follow(const struct cli_args *args, const struct cli_guest *g,
                      struct slip_domain *domain, bool console, bool may_detach)
{
    const char *name = slip_guest_name(g->guest);
    struct console_result result = {.end = CONSOLE_ENDED};
    int code;

    if (console && !show_console(args, domain, &result, &code))
        return code;
    if (result.end == CONSOLE_SIGNAL || result.end == CONSOLE_LOST)
        return give_up(args, domain, name, &result);
    if (result.end == CONSOLE_DETACHED && may_detach)
        return detach(args, domain, name);
    return close_off(args, g, domain);
}

int cli_domain_attach(const struct cli_args *args, struct slip_domain *domain, const char *name)
{
    struct console_result result;
    int code;

    if (!show_console(args, domain, &result, &code))
        return code;
    switch (result.end) {
    case CONSOLE_ENDED:
        fprintf(stderr, "guest '%s' ended\n", name);
        return CLI_OK;
    case CONSOLE_DETACHED:
        say_how_to_return(name);
        return CLI_OK;
    case CONSOLE_SIGNAL:
        console_reraise(result.signal);
        return CLI_FAILED;
    default:
        return cli_error(args, CLI_FAILED, NULL, "cannot write the console: %s",
                         strerror(result.errnum));
    }
}
