/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writing a guest in any format: its own copy, the format's emitter, and what that did not say. It must not know any
 * format. */
#include "base/cleanup.h"
#include "config/config.h"

static void guest_dispose(struct slip_guest *guest)
{
    slip__object_dispose(&slip__record_guest, guest);
}

int slip__config_emit(const struct slip_guest *guest, const struct slip_format *format,
                      const struct slip_emit_options *options, struct slip_buf *out,
                      struct slip_losses *losses, struct slip_diags *diags, struct slip_error **err)
{
    static const struct slip_emit_options plain;
    SLIP_AUTO(guest_dispose) struct slip_guest copy = {0};
    struct slip_emit e = {.guest = &copy,
                          .options = options ? options : &plain,
                          .out = out,
                          .losses = losses,
                          .diags = diags};
    size_t before = slip_diags_errors(diags);

    if (!format->emit)
        return slip__error(err, SLIP_EINVAL, "%s descriptions can be read, not written",
                           format->name);
    if (slip__object_copy(&slip__record_guest, &copy, guest) < 0 ||
        slip__guest_modernize(&copy) < 0 || format->emit(&e) < 0 ||
        slip__losses_sweep(losses, format->name, &copy) < 0 || out->failed)
        return slip__error_oom(err);
    if (slip_diags_errors(diags) > before)
        return slip__error(err, SLIP_EDESC, "%s cannot say this guest", format->name);
    return 0;
}
