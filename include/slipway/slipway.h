/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Slipway's public C API, all of it. The library never prints, exits or aborts; it keeps no global state. */
#ifndef SLIPWAY_SLIPWAY_H
#define SLIPWAY_SLIPWAY_H

#include "slipway/codes.h"
#include "slipway/diag.h"
#include "slipway/domain.h"
#include "slipway/engine.h"
#include "slipway/error.h"
#include "slipway/guest.h"
#include "slipway/image.h"
#include "slipway/plan.h"
#include "slipway/version.h"

#endif
