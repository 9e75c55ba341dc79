/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Formats of descriptions: text -> guest. One file per format, one const table each, registered in config.c. */
#ifndef SLIP_CONFIG_CONFIG_H
#define SLIP_CONFIG_CONFIG_H

#include "guest/guest.h"

struct slip_format {
    const char *name;
    const char *doc;
    /* How likely is this text in this format? 0: certainly not. Pure. */
    int (*probe)(const char *text, size_t len);
    /* Reads source number `source` of diags into guest. Problems go to diags; only running out of memory is an error. */
    int (*parse)(unsigned source, struct slip_strictness strictness, struct slip_guest *guest,
                 struct slip_diags *diags, struct slip_error **err);
};

extern const struct slip_format slip__format_xl;

/* The format called name, or NULL. */
const struct slip_format *slip__format_find(const char *name);
/* The format that text is most likely in. Never NULL: xl.cfg has no mark of its own, so anything may be one. */
const struct slip_format *slip__format_probe(const char *text, size_t len);
/* The index-th format in the order of asking, NULL past the end. */
const struct slip_format *slip__format_at(size_t index);

/* Reads a command line's KEY=VALUEs, one a line, into guest over what a description of any format said. */
int slip__config_override(unsigned source, struct slip_strictness strictness,
                          struct slip_guest *guest, struct slip_diags *diags,
                          struct slip_error **err);

/* Reads one device into guest, as an item of the list key ("disk" or "vif") in xl.cfg. The source is key, '=' and the item with no
 * quotes around it, so that places in it look like those in a description. */
int slip__config_device(unsigned source, const char *key, struct slip_strictness strictness,
                        struct slip_guest *guest, struct slip_diags *diags,
                        struct slip_error **err);

#endif
