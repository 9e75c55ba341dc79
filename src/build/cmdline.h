/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line as the guest gets it. Private to build/. */
#ifndef SLIP_BUILD_CMDLINE_H
#define SLIP_BUILD_CMDLINE_H

#include "build/plan.h"

/* The guest's own line, with the machine's console= in front unless it has one, autoconsole is 0, or there is no room.
 * *ret is the caller's to free(). */
int slip__cmdline_make(const struct slip_guest *guest, const struct slip_machine *machine,
                       char **ret, enum slip_console_word *ret_console, struct slip_error **err);

#endif
