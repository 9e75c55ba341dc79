/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The running library's version. */
#include "slipway/version.h"

const char *slip_version(void)
{
    return SLIPWAY_VERSION;
}
