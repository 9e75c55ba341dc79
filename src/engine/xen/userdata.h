/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libxl's file about a domain (/var/lib/xen/userdata-d.DOMID.UUID.libxl-json): its configuration, which `xl list -l`,
 * reboots by xl and device hot-plug by xl read. Written atomically, and removed with the domain. Who changes what is there holds
 * the lock domain-userdata-lock (libxl_internal.c): a file beside it, flock(2)ed, and removed before it is let go of.
 */
#ifndef SLIP_ENGINE_XEN_USERDATA_H
#define SLIP_ENGINE_XEN_USERDATA_H

#include <stdint.h>

#include "base/error.h"
#include "engine/engine.h"

/* The text, the caller's to free. Pure. */
int slip__xen_userdata_text(const struct slip_guest *guest, char **ret, struct slip_error **err);
/* For a domain that was just made: without libxl's lock, which is for those who change a file that others may change too. */
int slip__xen_userdata_write(uint32_t domid, const struct slip_guest *guest,
                             struct slip_error **err);
/* The text of a file with one device more (one of its number is replaced) or less. The caller's to free. Pure. */
int slip__xen_userdata_with(const char *text, const struct slip_device *device, uint32_t devid,
                            char **ret, struct slip_error **err);
int slip__xen_userdata_without(const char *text, enum slip_device_kind kind, uint32_t devid,
                               char **ret, struct slip_error **err);
/* The same in the file, whoever wrote it, under libxl's lock. As far as it goes: the device has come or gone, whatever the file
 * says of it; there may be no file. */
void slip__xen_userdata_add(uint32_t domid, const char *uuid, const struct slip_device *device,
                            uint32_t devid);
void slip__xen_userdata_drop(uint32_t domid, const char *uuid, enum slip_device_kind kind,
                             uint32_t devid);
/* What is written there, by whatever toolstack: the caller's to free. SLIP_ENOENT: nothing. */
int slip__xen_userdata_read(uint32_t domid, const char *uuid, char **ret, struct slip_error **err);
/* Removes all files about this domain, and about others that had its number; but locks are for who holds them to remove. */
void slip__xen_userdata_remove(uint32_t domid);

#endif
