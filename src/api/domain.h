/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a domain is inside this folder. */
#ifndef SLIP_API_DOMAIN_H
#define SLIP_API_DOMAIN_H

#include "life/client.h"
#include "life/stray.h"
#include "slipway/domain.h"

struct slip_domain {
    struct slip_client client; /* to its supervisor; of a stray, the state folder alone */
    struct slip_stray stray;   /* engine NULL: it has a supervisor */
};

#endif
