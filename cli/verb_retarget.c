/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* slipway retarget: the same guest in another container, with what had to change. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* The changes, on standard error: the result is on standard output. */
static int say_changes(const struct cli_args *args, const struct slip_changes *changes)
{
    struct slip_error *err = NULL;
    char *text = NULL;

    for (size_t i = 0; i < slip_changes_count(changes); i++) {
        if (slip_changes_to_text(changes, i, &text, &err) < 0)
            return cli_fail(args, err, CLI_ENGINE);
        fprintf(stderr, "%s\n", text);
        free(text);
    }
    return CLI_OK;
}

/* {"changes": [...], "format": "xl", "text": "..."} */
static int print_json(const struct cli_args *args, const struct slip_changes *changes,
                      const char *format, const char *text)
{
    struct slip_error *err = NULL;
    char *list = NULL;
    json_t *json;

    if (slip_changes_to_json(changes, &list, &err) < 0)
        return cli_fail(args, err, CLI_ENGINE);
    json = json_pack("{s:o, s:s, s:s}", "changes", json_loads(list, 0, NULL), "format", format,
                     "text", text);
    free(list);
    return cli_print_json(args, json);
}

static int write_out(const struct cli_args *args, const char *text)
{
    FILE *out = !args->out || strcmp(args->out, "-") == 0 ? stdout : fopen(args->out, "w");
    bool bad;

    if (!out)
        return cli_error(args, CLI_FAILED, NULL, "cannot write %s: %s", args->out, strerror(errno));
    bad = fputs(text, out) < 0;
    bad |= (out == stdout ? fflush(out) : fclose(out)) != 0;
    return bad ? cli_error(args, CLI_FAILED, NULL, "cannot write the result: %s", strerror(errno))
               : CLI_OK;
}

static int retarget(const struct cli_args *args, struct cli_guest *g, struct slip_guest *guest,
                    const struct slip_changes *changes)
{
    struct slip_convert_options options = {.size = sizeof(options),
                                           .format = args->to ? args->to : g->format};
    struct slip_error *err = NULL;
    char *text = NULL;
    int rc = slip_guest_convert(guest, &options, g->diags, &text, NULL, &err);
    int code =
        rc == SLIP_EINVAL ? cli_fail(args, err, CLI_USAGE) : cli_guest_report(args, g, rc, err);

    if (code == CLI_OK && args->json)
        code = print_json(args, changes, options.format, text);
    else if (code == CLI_OK && (code = say_changes(args, changes)) == CLI_OK)
        code = write_out(args, text);
    free(text);
    return code;
}

static int run(const struct cli_args *args)
{
    struct slip_changes *changes = NULL;
    struct slip_guest *guest = NULL;
    struct slip_error *err = NULL;
    struct cli_guest g = {0};
    int code, rc;

    if (!args->type)
        return cli_error(args, CLI_USAGE, "as in --type pv", "retarget needs a type to change to");
    code = cli_guest_load(args, &g);
    if (code == CLI_OK) {
        rc = slip_guest_retarget(g.guest, args->type, &guest, &changes, &err);
        code = rc < 0 ? cli_fail(args, err, CLI_USAGE) : retarget(args, &g, guest, changes);
    }
    slip_changes_free(changes);
    slip_guest_free(guest);
    cli_guest_dispose(&g);
    return code;
}

const struct cli_verb cli_verb_retarget = {
    .name = "retarget",
    .summary = "say the same guest for another container",
    .usage = "--type pv|pvh|hvm [--to FORMAT] [-o OUT] FILE [KEY=VALUE...]",
    .options = "Ttfoxj",
    .min_args = 1,
    .max_args = -1,
    .about =
        "Prints the guest of FILE (-: standard input) as one of another type, in FILE's own format unless --to says another. Each change "
        "is a line on standard error, with its reason: loader, firmware and device model go, disks are renamed from hda to xvda and the "
        "command line follows, the serial port becomes the console hvc0. What means the same in both types stays.\n"
        "Nothing that FILE names is opened: whether its kernel can start in that type is what `slipway inspect` says. With --json the "
        "result is one object with changes, format and text.",
    .run = run,
};
