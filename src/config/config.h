/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Formats of descriptions: text -> guest -> text. One file per format, one const table each, registered in config.c. */
#ifndef SLIP_CONFIG_CONFIG_H
#define SLIP_CONFIG_CONFIG_H

#include "base/buf.h"
#include "config/losses.h"
#include "guest/guest.h"

/* How to write a description. A format takes what it has a use for. */
struct slip_emit_options {
    bool compact;   /* one line, where the format has two layouts (SXPR) */
    bool xl_compat; /* no words that only Slipway reads (xl) */
    unsigned
        xend_version; /* which xend reads it: 1 (3.0.2), 2 (3.0.3), 3 (3.0.4), 4 (3.1 and later); 0: 4 */
};

/*
 * A description being written. guest is the emitter's own copy, with its defaults filled in (origin SLIP_DEFAULT) and
 * its deprecated spellings replaced by today's (slip__guest_modernize()): the emitter may change it, and marks what it
 * says with slip__said(). A default is no setting: it is written only where the format's own default is another, with
 * slip__loss(SLIP_LOSS_DEFAULT). What the format must refuse goes to diags, as an error.
 */
struct slip_emit {
    struct slip_guest *guest;
    const struct slip_emit_options *options;
    struct slip_buf *out;
    struct slip_losses *losses;
    struct slip_diags *diags;
};

struct slip_format {
    const char *name;
    const char *doc;
    /* How likely is this text in this format? 0: certainly not. Pure. */
    int (*probe)(const char *text, size_t len);
    /* Reads source number `source` of diags into guest. Problems go to diags; only running out of memory is an
     * error. */
    int (*parse)(unsigned source, struct slip_strictness strictness, struct slip_guest *guest,
                 struct slip_diags *diags, struct slip_error **err);
    /* Writes guest canonically: the same guest gives the same bytes, and reading them gives the same guest. -1 when
     * out of memory; a buffer that failed needs no return of its own. NULL: cannot be written. */
    int (*emit)(struct slip_emit *e);
};

extern const struct slip_format slip__format_libvirt;
extern const struct slip_format slip__format_libxl_json;
extern const struct slip_format slip__format_sxpr;
extern const struct slip_format slip__format_xl;
extern const struct slip_format slip__format_xm;

/* The format called name, or NULL. */
const struct slip_format *slip__format_find(const char *name);
/* The format that text is most likely in. Never NULL: xl.cfg has no mark of its own, so anything may be one. */
const struct slip_format *slip__format_probe(const char *text, size_t len);
/* The index-th format in the order of asking, NULL past the end. */
const struct slip_format *slip__format_at(size_t index);

/* Writes guest, which was resolved, in a format, to out; what it loses goes to losses. guest stays as it is.
 * SLIP_EDESC: the format refuses the guest, diags says why. */
int slip__config_emit(const struct slip_guest *guest, const struct slip_format *format,
                      const struct slip_emit_options *options, struct slip_buf *out,
                      struct slip_losses *losses, struct slip_diags *diags,
                      struct slip_error **err);

/* Reads a command line's KEY=VALUEs, one a line, into guest over what a description of any format said. */
int slip__config_override(unsigned source, struct slip_strictness strictness,
                          struct slip_guest *guest, struct slip_diags *diags,
                          struct slip_error **err);

/* Reads one device into guest, as an item of the list key ("disk" or "vif") in xl.cfg. The source is key, '=' and
 * the item with no quotes around it, so that places in it look like those in a description. */
int slip__config_device(unsigned source, const char *key, struct slip_strictness strictness,
                        struct slip_guest *guest, struct slip_diags *diags,
                        struct slip_error **err);

#endif
