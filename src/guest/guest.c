/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest as an object: made, freed, asked its name, shown as JSON (json.c). It must not know what makes a guest right or wrong. */
#include "guest/guest.h"

#include <stdlib.h>

#include "base/json.h"
#include "guest/json.h"

struct slip_guest *slip__guest_new(void)
{
    return calloc(1, sizeof(struct slip_guest));
}

void slip__guest_free(struct slip_guest *guest)
{
    if (!guest)
        return;
    slip__object_dispose(&slip__record_guest, guest);
    free(guest);
}

void slip_guest_free(struct slip_guest *guest)
{
    slip__guest_free(guest);
}

const char *slip_guest_name(const struct slip_guest *guest)
{
    return guest->name.value;
}

enum slip_boot_method slip__guest_boot_method(const struct slip_guest *guest)
{
    if (SLIP_IS_SET(guest->kernel))
        return SLIP_BOOT_KERNEL;
    return SLIP_IS_SET(guest->bootloader) ? SLIP_BOOT_BOOTLOADER : SLIP_BOOT_FIRMWARE;
}

int slip_guest_to_json(const struct slip_guest *guest, char **ret, struct slip_error **err)
{
    if (!guest || !ret)
        return slip__error(err, SLIP_EINVAL, "slip_guest_to_json() needs a guest and a result");
    return slip__json_dump(slip__object_to_json(&slip__record_guest, guest), JSON_INDENT(2), ret,
                           err);
}
