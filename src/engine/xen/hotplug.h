/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host's hotplug scripts: programs of the administrator that put an interface on a bridge, or make a block device for a
 * disk. Run with the environment and arguments that libxl gives them (its libxl_linux.c), several at once. Knows no kind of
 * device but by what it is told.
 */
#ifndef SLIP_ENGINE_XEN_HOTPLUG_H
#define SLIP_ENGINE_XEN_HOTPLUG_H

#include "engine/child.h"
#include "engine/xen/device.h"

#define SLIP_XEN_SCRIPTS      "/etc/xen/scripts/"
#define SLIP_XEN_SCRIPT_BYTES 256

/* The path of a script: as given when it has a '/' in front, else the host's of that name. False: it is too long. */
bool slip__xen_script_path(const char *name, char ret[SLIP_XEN_SCRIPT_BYTES]);
/* That it is there and may be run. what names its device in the message. */
int slip__xen_script_check(const char *path, const char *what, struct slip_error **err);

struct slip_xen_script {
    struct slip_xen_device dev;
    char path[SLIP_XEN_SCRIPT_BYTES]; /* "": this device has none to run */
    struct slip_child child;
};

/* Starts the script for its device to come (or to go). A device without one: nothing. */
int slip__xen_script_start(struct slip_xen_script *script, bool come, struct slip_error **err);
/* When those that are started now have had their time (slip__now_us()'s clock). */
uint64_t slip__xen_scripts_deadline(void);
/* Waits for all of them, and says what the first failure was (code HOTPLUG_FAILED, with the script's own words). None runs any
 * more when this returns: those that are late are killed. */
int slip__xen_scripts_finish(struct slip_xen_store *store, struct slip_xen_script *scripts,
                             size_t count, uint64_t deadline_us, struct slip_error **err);

#endif
