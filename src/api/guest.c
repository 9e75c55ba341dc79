/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The public way to a guest: text -> format -> overrides -> rules, defaults and checks. */
#include "slipway/guest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/error.h"
#include "base/file.h"
#include "base/limits.h"
#include "config/config.h"
#include "guest/guest.h"

/* The options, or their defaults; what the headers of another version mean is refused. */
static int options_of(const struct slip_guest_options *given, struct slip_guest_options *ret,
                      struct slip_error **err)
{
    *ret = (struct slip_guest_options){.size = sizeof(*ret)};
    if (!given)
        return 0;
    if (given->size != sizeof(*ret))
        return slip__error(err, SLIP_EINVAL, "slip_guest_options has size %zu, needs %zu",
                           given->size, sizeof(*ret));
    if (given->flags & ~(SLIP_GUEST_XL_COMPAT | SLIP_GUEST_CONVERT))
        return slip__error(err, SLIP_EINVAL, "slip_guest_options has unknown flags 0x%x",
                           given->flags & ~(SLIP_GUEST_XL_COMPAT | SLIP_GUEST_CONVERT));
    if (given->n_overrides && !given->overrides)
        return slip__error(err, SLIP_EINVAL,
                           "slip_guest_options has %zu overrides and no list of them",
                           given->n_overrides);
    *ret = *given;
    return 0;
}

static int format_of(const char *name, const char *text, size_t len, const struct slip_format **ret,
                     struct slip_error **err)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf names = {0};
    const struct slip_format *format;

    *ret = name ? slip__format_find(name) : slip__format_probe(text, len);
    if (*ret)
        return 0;
    for (size_t i = 0; (format = slip__format_at(i)); i++)
        slip__buf_printf(&names, "%s%s", i ? ", " : "", format->name);
    slip__error(err, SLIP_EINVAL, "unknown format '%s'", name);
    slip__error_hint(err, "one of %s", names.data);
    return SLIP_EINVAL;
}

/* KEY=VALUE or KEY+=VALUE? */
static bool is_assignment(const char *text)
{
    size_t key = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

    key += strspn(text + key, " \t");
    return key && (text[key] == '=' || (text[key] == '+' && text[key + 1] == '='));
}

/* Every override is a line of one source, so that places in it are told apart by line. */
static int add_overrides(const struct slip_guest_options *options, struct slip_diags *diags,
                         unsigned *ret_source, struct slip_error **err)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf lines = {0};
    unsigned source;
    bool good = true;

    *ret_source = 0;
    if (!options->n_overrides)
        return 0;
    for (size_t i = 0; i < options->n_overrides; i++) {
        slip__buf_puts(&lines, options->overrides[i]);
        slip__buf_putc(&lines, '\n');
    }
    if (lines.failed)
        return slip__error_oom(err);
    if (lines.len > SLIP_LIMIT_DESCRIPTION_BYTES)
        return slip__error(err, SLIP_EINVAL, "the overrides have %zu bytes, the limit is %u",
                           lines.len, SLIP_LIMIT_DESCRIPTION_BYTES);
    source = slip__diags_add_source(diags, "<command line>", lines.data, lines.len);
    if (!source)
        return slip__error_oom(err);
    for (size_t i = 0, pos = 0; i < options->n_overrides;
         pos += strlen(options->overrides[i++]) + 1) {
        const char *text = options->overrides[i];

        if (is_assignment(text))
            continue;
        good = false;
        slip__diag(diags, SLIP_CODE_BAD_OVERRIDE,
                   (struct slip_span){source, (unsigned)pos, (unsigned)(pos + strlen(text))},
                   "'%.60s' is not KEY=VALUE", text);
    }
    /* With one that is no statement, reading them as statements would only say so again. */
    *ret_source = good ? source : 0;
    return 0;
}

/* *ret is absolute, so that a guest means the same files to a supervisor in another directory. */
static int absolute_folder(const char *folder, char **ret, struct slip_error **err)
{
    SLIP_AUTO_FREE char *cwd = NULL;

    if (folder && folder[0] == '/') {
        *ret = strdup(folder);
        return *ret ? 0 : slip__error_oom(err);
    }
    cwd = getcwd(NULL, 0);
    if (!cwd)
        return slip__error_errno(err, SLIP_EIO, errno, "cannot tell the working directory");
    if (!folder || !folder[0] || strcmp(folder, ".") == 0) {
        *ret = slip__steal(&cwd);
        return 0;
    }
    if (asprintf(ret, "%s/%s", strcmp(cwd, "/") == 0 ? "" : cwd, folder) < 0) {
        *ret = NULL;
        return slip__error_oom(err);
    }
    return 0;
}

static int read_guest(unsigned source, unsigned overrides, const struct slip_format *format,
                      struct slip_strictness strictness, struct slip_guest *guest,
                      struct slip_diags *diags, struct slip_error **err)
{
    int rc = format->parse(source, strictness, guest, diags, err);

    if (rc == 0 && overrides)
        rc = slip__config_override(overrides, strictness, guest, diags, err);
    return rc;
}

int slip_guest_parse(const char *name, const char *folder, const void *text, size_t len,
                     const struct slip_guest_options *options, struct slip_diags *diags,
                     struct slip_guest **ret, struct slip_error **err)
{
    SLIP_AUTO_FREE char *whole_folder = NULL;
    const struct slip_format *format;
    struct slip_guest_options opts;
    struct slip_strictness strictness;
    struct slip_guest *guest;
    size_t before;
    unsigned source, overrides;
    int rc;

    if (!name || (!text && len) || !diags || !ret)
        return slip__error(
            err, SLIP_EINVAL,
            "slip_guest_parse() needs a name, a text, a list of diagnostics and a result");
    if ((rc = options_of(options, &opts, err)) < 0 ||
        (rc = format_of(opts.format, text, len, &format, err)) < 0 ||
        (rc = absolute_folder(folder, &whole_folder, err)) < 0)
        return rc;
    if (opts.ret_format)
        *opts.ret_format = format->name;
    strictness = (struct slip_strictness){.xl_compat = opts.flags & SLIP_GUEST_XL_COMPAT,
                                          .convert = opts.flags & SLIP_GUEST_CONVERT};
    source = slip__diags_add_source(diags, name, text, len);
    guest = slip__guest_new();
    if (!source || !guest) {
        slip__guest_free(guest);
        return slip__error_oom(err);
    }
    before = slip_diags_errors(diags);
    rc = add_overrides(&opts, diags, &overrides, err);
    if (rc == 0)
        rc = read_guest(source, overrides, format, strictness, guest, diags, err);
    /* After mistakes in the text too: what else is wrong is worth knowing at once. */
    strictness.damaged = slip_diags_errors(diags) > before;
    if (rc == 0)
        rc = slip__guest_resolve(guest, whole_folder, strictness, diags, err);
    if (rc == 0 && slip_diags_errors(diags) > before)
        rc = slip__error(err, SLIP_EDESC, "the description is wrong");
    if (rc < 0) {
        slip__guest_free(guest);
        return rc;
    }
    *ret = guest;
    return 0;
}

int slip_guest_load(const char *path, const struct slip_guest_options *options,
                    struct slip_diags *diags, struct slip_guest **ret, struct slip_error **err)
{
    SLIP_AUTO_FREE char *text = NULL;
    SLIP_AUTO_FREE char *folder = NULL;
    const char *slash;
    size_t len;
    int rc;

    if (!path || !diags || !ret)
        return slip__error(err, SLIP_EINVAL,
                           "slip_guest_load() needs a path, a list of diagnostics and a result");
    rc = slip__file_read("description", path, SLIP_LIMIT_DESCRIPTION_BYTES, SLIP_CODE_TOO_LONG,
                         &text, &len, err);
    if (rc < 0) {
        if (err && slip_error_code(*err) == SLIP_CODE_TOO_LONG)
            slip__error_hint(
                err,
                "a description is a text of some lines; it names its kernel by kernel = \"...\"");
        return rc;
    }
    if (strcmp(path, "-") == 0)
        return slip_guest_parse("<stdin>", NULL, text, len, options, diags, ret, err);
    slash = strrchr(path, '/');
    folder = !slash          ? strdup(".")
             : slash == path ? strdup("/")
                             : strndup(path, (size_t)(slash - path));
    if (!folder)
        return slip__error_oom(err);
    return slip_guest_parse(path, folder, text, len, options, diags, ret, err);
}
