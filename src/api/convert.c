/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The public way from a guest to a text: the format, the losses, and what they are to whoever asked. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "config/config.h"
#include "slipway/guest.h"

void slip_losses_free(struct slip_losses *losses)
{
    if (!losses)
        return;
    slip__losses_dispose(losses);
    free(losses);
}

size_t slip_losses_count(const struct slip_losses *losses)
{
    size_t count = 0;

    for (size_t i = 0; i < losses->count; i++)
        count += losses->items[i].kind != SLIP_LOSS_DEFAULT;
    return count;
}

static json_t *loss_json(const struct slip_loss *loss)
{
    return json_pack("{s:s, s:s, s:s}", "kind", slip__loss_word(loss->kind), "setting",
                     loss->setting, "message", loss->message);
}

int slip_losses_to_json(const struct slip_losses *losses, char **ret, struct slip_error **err)
{
    json_t *array = json_array();

    if (!losses || !ret)
        return slip__error(err, SLIP_EINVAL, "slip_losses_to_json() needs losses and a result");
    for (size_t i = 0; i < losses->count; i++)
        array = slip__json_append(array, loss_json(&losses->items[i]));
    return slip__json_dump(array, JSON_INDENT(2), ret, err);
}

/* As diagnostics: each at the place of what it is about. */
static void report(const struct slip_losses *losses, bool strict, struct slip_diags *diags)
{
    static const enum slip_code codes[] = {[SLIP_LOSS_UNSAYABLE] = SLIP_CODE_LOST,
                                           [SLIP_LOSS_DEFAULT] = SLIP_CODE_DEFAULT_WRITTEN,
                                           [SLIP_LOSS_ROUNDED] = SLIP_CODE_ROUNDED,
                                           [SLIP_LOSS_OWN] = SLIP_CODE_OWN_WORD};

    for (size_t i = 0; i < losses->count; i++) {
        const struct slip_loss *loss = &losses->items[i];

        if (strict && loss->kind != SLIP_LOSS_DEFAULT)
            slip__diag_as(diags, SLIP_ERROR, codes[loss->kind], loss->span, "%s", loss->message);
        else
            slip__diag(diags, codes[loss->kind], loss->span, "%s", loss->message);
    }
}

static int format_of(const char *name, const struct slip_format **ret, struct slip_error **err)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf names = {0};
    const struct slip_format *format;

    *ret = name ? slip__format_find(name) : NULL;
    if (*ret && (*ret)->emit)
        return 0;
    for (size_t i = 0; (format = slip__format_at(i)); i++) {
        if (format->emit)
            slip__buf_printf(&names, "%s%s", names.len ? ", " : "", format->name);
    }
    slip__error(err, SLIP_EINVAL, *ret ? "cannot write format '%s'" : "unknown format '%s'",
                name ? name : "");
    slip__error_hint(err, "one of %s", names.data ? names.data : "none");
    return SLIP_EINVAL;
}

static int convert(const struct slip_guest *guest, const struct slip_convert_options *options,
                   struct slip_diags *diags, struct slip_buf *out, struct slip_losses *losses,
                   struct slip_error **err)
{
    const struct slip_emit_options emit = {.compact = options->compact,
                                           .xl_compat = options->xl_compat,
                                           .xend_version = options->xend_version};
    const struct slip_format *format;
    int rc = format_of(options->format, &format, err);

    if (rc == 0)
        rc = slip__config_emit(guest, format, &emit, out, losses, diags, err);
    if (rc < 0)
        return rc;
    report(losses, options->strict, diags);
    if (options->strict && slip_losses_count(losses))
        return slip__error(err, SLIP_EDESC, "%zu settings would be lost",
                           slip_losses_count(losses));
    return 0;
}

int slip_guest_convert(const struct slip_guest *guest, const struct slip_convert_options *options,
                       struct slip_diags *diags, char **ret, struct slip_losses **ret_losses,
                       struct slip_error **err)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf out = {0};
    struct slip_losses *losses;
    int rc;

    if (!guest || !options || !diags || !ret)
        return slip__error(err, SLIP_EINVAL,
                           "slip_guest_convert() needs a guest, options, diagnostics and a result");
    if (options->size != sizeof(*options))
        return slip__error(err, SLIP_EINVAL, "slip_convert_options has size %zu, needs %zu",
                           options->size, sizeof(*options));
    if (options->xend_version > 4)
        return slip__error(err, SLIP_EINVAL, "xend's configuration has versions 1 to 4, not %u",
                           options->xend_version);
    losses = calloc(1, sizeof(*losses));
    if (!losses)
        return slip__error_oom(err);
    slip__buf_puts(&out, ""); /* what has nothing to say is an empty text */
    rc = convert(guest, options, diags, &out, losses, err);
    if (rc == 0) {
        *ret = slip__buf_steal(&out);
        if (!*ret)
            rc = slip__error_oom(err);
    }
    if (rc == 0 && ret_losses)
        *ret_losses = losses;
    else
        slip_losses_free(losses);
    return rc;
}
