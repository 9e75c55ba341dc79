/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* slipway engines: what can run guests on this host, and why not where it can't. */
#include <string.h>

#include "cli.h"
#include "text.h"

static void print_engine(const struct slip_engine_status *s)
{
    printf("%-6s %-9s %s\n", s->name,
           !s->usable      ? "no"
           : s->is_default ? "default"
                           : "yes",
           s->summary);
    text_fill(stdout, s->detail, 17);
}

static json_t *json_engine(const struct slip_engine_status *s)
{
    return json_pack("{s:s, s:s, s:b, s:b, s:o}", "name", s->name, "summary", s->summary, "usable",
                     s->usable, "default", s->is_default, "detail",
                     text_json(s->detail, strlen(s->detail)));
}

static int run(const struct cli_args *args)
{
    json_t *array = args->json ? json_array() : NULL;
    struct slip_error *err = NULL;
    int rc;

    if (!args->json)
        printf("%-6s %-9s %s\n", "NAME", "USABLE", "WHAT");
    for (size_t i = 0;; i++) {
        struct slip_engine_status status = {.size = sizeof(status)};

        rc = slip_engine_status_at(i, &status, &err);
        if (rc < 0)
            break;
        if (args->json)
            json_array_append_new(array, json_engine(&status));
        else
            print_engine(&status);
    }
    if (rc != SLIP_ENOENT) {
        json_decref(array);
        return cli_fail(args, err, CLI_FAILED);
    }
    slip_error_free(err);
    return args->json ? cli_print_json(args, array) : CLI_OK;
}

const struct cli_verb cli_verb_engines = {
    .name = "engines",
    .summary = "say what can run guests on this host",
    .usage = "[--json]",
    .options = "j",
    .min_args = 0,
    .max_args = 0,
    .about =
        "Lists the engines: whether each can be used here, what was found, and why not where it can't. The default is "
        "what 'run' and 'create' take without -e.",
    .run = run,
};
