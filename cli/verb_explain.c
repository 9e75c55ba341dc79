/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* slipway explain: the longer story of a SLIP-nnn code. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli.h"
#include "text.h"

static const char *severity_name(const struct slip_code_info *info)
{
    return info->severity == SLIP_ERROR     ? "error"
           : info->severity == SLIP_WARNING ? "warning"
                                            : "note";
}

static json_t *json_code(const struct slip_code_info *info)
{
    char name[24];

    snprintf(name, sizeof(name), "SLIP-%03u", info->number);
    return json_pack("{s:s, s:s, s:s, s:s}", "code", name, "severity", severity_name(info), "title",
                     info->title, "story", info->story);
}

static int list_all(const struct cli_args *args)
{
    json_t *array = args->json ? json_array() : NULL;
    const struct slip_code_info *info;

    for (unsigned i = 0; (info = slip_code_at(i)); i++) {
        if (args->json)
            json_array_append_new(array, json_code(info));
        else
            printf("SLIP-%03u  %-8s %s\n", info->number, severity_name(info), info->title);
    }
    return args->json ? cli_print_json(args, array) : CLI_OK;
}

/* "SLIP-214", "slip-214" or "214"; 0 if it is none of these. */
static unsigned parse_code(const char *text)
{
    const char *digits = strncasecmp(text, "SLIP-", 5) == 0 ? text + 5 : text;
    size_t len = strlen(digits);

    if (len == 0 || len > 4 || strspn(digits, "0123456789") != len)
        return 0;
    return (unsigned)strtoul(digits, NULL, 10);
}

static int run(const struct cli_args *args)
{
    const struct slip_code_info *info;

    if (args->n == 0)
        return list_all(args);
    info = slip_code_find(parse_code(args->names[0]));
    if (!info)
        return cli_error(args, CLI_USAGE, "'slipway explain' lists the codes",
                         "there is no code '%s'", args->names[0]);
    if (args->json)
        return cli_print_json(args, json_code(info));
    printf("SLIP-%03u (%s): %s\n\n", info->number, severity_name(info), info->title);
    text_fill(stdout, info->story, 0);
    return CLI_OK;
}

const struct cli_verb cli_verb_explain = {
    .name = "explain",
    .summary = "explain a SLIP-nnn code",
    .usage = "[--json] [CODE]",
    .options = "j",
    .min_args = 0,
    .max_args = 1,
    .about =
        "Prints the longer story of CODE (SLIP-214 or 214): what it means, why it is so, what to do. Without CODE: lists "
        "all of them.",
    .run = run,
};
