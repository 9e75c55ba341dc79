/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The xl.cfg format: how likely a text is one, and reading it. The pieces are in xl_*.c. */
#include "config/xl.h"

#include <string.h>

#include "base/cleanup.h"
#include "config/config.h"
#include "config/text.h"

static int read_source(unsigned source, bool override, struct slip_strictness strictness,
                       struct slip_guest *guest, struct slip_diags *diags, struct slip_error **err)
{
    struct xl_reader r = {.source = source,
                          .override = override,
                          .strictness = strictness,
                          .guest = guest,
                          .diags = diags};

    r.text = slip__diags_source(diags, source, &r.len);
    if (!r.text)
        return slip__error(err, SLIP_EINTERNAL, "no source %u to read", source);
    if (!slip__text_sound(r.source, r.text, r.len, r.diags))
        return 0;
    if (r.len >= 3 && memcmp(r.text, "\xef\xbb\xbf", 3) == 0)
        r.pos = 3; /* a byte order mark: some editors write one, xl refuses it */
    return slip__xl_statements(&r) < 0 ? slip__error_oom(err) : 0;
}

static int parse(unsigned source, struct slip_strictness strictness, struct slip_guest *guest,
                 struct slip_diags *diags, struct slip_error **err)
{
    return read_source(source, false, strictness, guest, diags, err);
}

int slip__config_override(unsigned source, struct slip_strictness strictness,
                          struct slip_guest *guest, struct slip_diags *diags,
                          struct slip_error **err)
{
    return read_source(source, true, strictness, guest, diags, err);
}

int slip__config_device(unsigned source, const char *key, struct slip_strictness strictness,
                        struct slip_guest *guest, struct slip_diags *diags, struct slip_error **err)
{
    struct xl_reader r = {
        .source = source, .strictness = strictness, .guest = guest, .diags = diags};
    SLIP_AUTO_FREE char *item = NULL;
    struct xl_value spec = {.kind = XL_STRING, .text_pos = strlen(key) + 1};

    r.text = slip__diags_source(diags, source, &r.len);
    if (!r.text || r.len < spec.text_pos)
        return slip__error(err, SLIP_EINTERNAL, "no source %u to read", source);
    if (!slip__text_sound(r.source, r.text, r.len, r.diags))
        return 0;
    spec.len = r.len - spec.text_pos;
    spec.span = slip__xl_span(&r, spec.text_pos, r.len);
    item = strndup(r.text + spec.text_pos, spec.len);
    if (!item)
        return slip__error_oom(err);
    spec.text = item;
    return (strcmp(key, "disk") == 0 ? slip__xl_disk : slip__xl_pairs)(
               &r, slip__field_find(&slip__record_guest, key), &spec) < 0
               ? slip__error_oom(err)
               : 0;
}

/* Nothing marks an xl.cfg as one, so it is what a text is that no other format claims. */
static int probe(const char *text, size_t len)
{
    (void)text;
    (void)len;
    return 1;
}

const struct slip_format slip__format_xl = {
    .name = "xl",
    .doc = "xl's domain configuration, xl.cfg(5)",
    .probe = probe,
    .parse = parse,
    .emit = slip__xl_emit,
};
