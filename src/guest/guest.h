/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest's life inside the library: made by a format's parser, resolved once, then read-only. */
#ifndef SLIP_GUEST_GUEST_H
#define SLIP_GUEST_GUEST_H

#include "base/diag.h"
#include "base/error.h"
#include "guest/schema.h"

struct slip_guest *slip__guest_new(void); /* all unset; NULL when out of memory */
void slip__guest_free(struct slip_guest *guest);

/* How strict slip__guest_resolve() and the parsers are. */
struct slip_strictness {
    bool xl_compat; /* what xl lets pass is a warning */
    bool damaged;   /* the text had mistakes: what seems missing may be in what could not be read */
    bool
        convert; /* it is to be written, not started: what can't be started, but can be said, is a warning */
};

/* The one late pass, in this order: the rules of how a guest starts (design: type/builder, exactly one boot method,
 * firmware names and containers, root=/extra= folded), the defaults, the named checks. folder makes relative paths
 * whole. Problems go to diags; returns SLIP_EDESC if any is an error. Afterwards every value that has a default is set. */
int slip__guest_resolve(struct slip_guest *guest, const char *folder,
                        struct slip_strictness strictness, struct slip_diags *diags,
                        struct slip_error **err);

/* The same for a guest that is nothing but devices to plug into a domain, and that domain's uuid. first_vif: the number that its
 * first network interface will have there. */
int slip__guest_resolve_devices(struct slip_guest *guest, const char *folder, size_t first_vif,
                                struct slip_diags *diags, struct slip_error **err);

/* On a resolved guest, or one that was just read: deprecated spellings become today's, as given: builder is type, bios is
 * firmware, root and extra are cmdline, ... The guest means the same. -1 when out of memory. */
int slip__guest_modernize(struct slip_guest *guest);

/* What starts the guest, after resolving. */
enum slip_boot_method { SLIP_BOOT_KERNEL, SLIP_BOOT_FIRMWARE, SLIP_BOOT_BOOTLOADER };
enum slip_boot_method slip__guest_boot_method(const struct slip_guest *guest);

#endif
