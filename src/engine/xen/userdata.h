/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libxl's file about a domain (/var/lib/xen/userdata-d.DOMID.UUID.libxl-json): its configuration, which `xl list -l`,
 * reboots by xl and device hot-plug by xl read. Written atomically, and removed with the domain.
 */
#ifndef SLIP_ENGINE_XEN_USERDATA_H
#define SLIP_ENGINE_XEN_USERDATA_H

#include <stdint.h>

#include "base/error.h"
#include "guest/schema.h"

/* The text, the caller's to free. Pure. */
int slip__xen_userdata_text(const struct slip_guest *guest, char **ret, struct slip_error **err);
/* For a domain that was just made: without libxl's lock, which is for those who change a file that others may change too. */
int slip__xen_userdata_write(uint32_t domid, const struct slip_guest *guest,
                             struct slip_error **err);
/* What is written there, by whatever toolstack: the caller's to free. SLIP_ENOENT: nothing. */
int slip__xen_userdata_read(uint32_t domid, const char *uuid, char **ret, struct slip_error **err);
/* Removes all files about this domain (and of nobody else that has had its number). */
void slip__xen_userdata_remove(uint32_t domid);

#endif
