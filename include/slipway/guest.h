/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest: what a person wants, read from a description in any format Slipway knows.
 *
 * A guest is read, checked, and has its defaults filled in by one call; it is immutable afterwards. Every value keeps
 * where it was written. Relative paths are meant from the description's own folder.
 */
#ifndef SLIPWAY_GUEST_H
#define SLIPWAY_GUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "slipway/api.h"
#include "slipway/diag.h"
#include "slipway/error.h"

SLIP_BEGIN_DECLS

struct slip_guest;

/* Flags of slip_guest_options. */
#define SLIP_GUEST_XL_COMPAT 1u /* unknown keys and what xl lets pass are warnings */
#define SLIP_GUEST_CONVERT \
    2u /* it is to be converted, not started: what can be said and not be started is a warning */

/* How to read. Set size to sizeof(struct slip_guest_options) and the rest to zero. */
struct slip_guest_options {
    size_t size;
    unsigned flags;
    const char *format;           /* "xl", ...; NULL: recognised by content */
    const char *const *overrides; /* n_overrides texts KEY=VALUE, as on xl's command line */
    size_t n_overrides;
    const char **
        ret_format; /* NULL, or where the name of the format that it was in goes; it lives as long as the library */
};

/* Reads path ("-": standard input), appends what is wrong to diags, and returns the guest in *ret.
 * SLIP_EDESC: the description is wrong, diags says how. SLIP_ENOENT, SLIP_EPERM, SLIP_EIO: it can't be read.
 * diags is needed and keeps the text for its places; options may be NULL. The caller frees *ret. */
SLIP_API int slip_guest_load(const char *path, const struct slip_guest_options *options,
                             struct slip_diags *diags, struct slip_guest **ret,
                             struct slip_error **err) SLIP_MUST_CHECK;
/* The same from memory. name is shown in diagnostics; folder (NULL: the working directory) is what relative paths are
 * meant from. */
SLIP_API int slip_guest_parse(const char *name, const char *folder, const void *text, size_t len,
                              const struct slip_guest_options *options, struct slip_diags *diags,
                              struct slip_guest **ret, struct slip_error **err) SLIP_MUST_CHECK;
SLIP_API void slip_guest_free(struct slip_guest *guest); /* NULL is fine */

/* The guest's name. Borrowed. */
SLIP_API const char *slip_guest_name(const struct slip_guest *guest);
/* The guest as JSON, defaults included: each value with where it comes from. The caller frees *ret with free(). */
SLIP_API int slip_guest_to_json(const struct slip_guest *guest, char **ret,
                                struct slip_error **err);

/* How to write. Set size to sizeof(struct slip_convert_options) and the rest to zero. */
struct slip_convert_options {
    size_t size;
    const char *format;    /* "xl", ...; needed */
    bool strict;           /* a loss is an error */
    bool compact;          /* SXPR on one line */
    bool xl_compat;        /* xl: without the words that only Slipway reads */
    unsigned xend_version; /* SXPR and xm: of xend's configuration, 1 to 4; 0: the newest, 4 */
};

/* What a conversion lost: settings that the format has no words for, numbers that were rounded; and the defaults
 * that were written out, because the format's own are others. */
struct slip_losses;
SLIP_API void slip_losses_free(struct slip_losses *losses); /* NULL is fine */
/* How many settings are not, or not exactly, in the text. */
SLIP_API size_t slip_losses_count(const struct slip_losses *losses);
/* As a JSON array of objects: "kind" ("unsayable", "rounded", "own", "default"), "setting", "message". The caller frees
 * *ret with free(). */
SLIP_API int slip_losses_to_json(const struct slip_losses *losses, char **ret,
                                 struct slip_error **err);

/* The guest as a description in a format, canonical: converting the result again gives the same bytes. What is lost
 * is in *ret_losses (NULL: not wanted), and in diags, which are those that the guest was read with, with places.
 * SLIP_EDESC: the format cannot say this guest, or something is lost and options are strict; diags says what, and
 * *ret is not set. The caller frees *ret with free(). */
SLIP_API int slip_guest_convert(const struct slip_guest *guest,
                                const struct slip_convert_options *options,
                                struct slip_diags *diags, char **ret,
                                struct slip_losses **ret_losses,
                                struct slip_error **err) SLIP_MUST_CHECK;

/* What slip_guest_retarget() changed. */
struct slip_changes;
SLIP_API void slip_changes_free(struct slip_changes *changes); /* NULL is fine */
SLIP_API size_t slip_changes_count(const struct slip_changes *changes);
/* One as a line of text: "disk[0].vdev: hda -> xvda (there is no emulated controller: ...)". The caller frees *ret with free(). */
SLIP_API int slip_changes_to_text(const struct slip_changes *changes, size_t index, char **ret,
                                  struct slip_error **err);
/* All as a JSON array of objects: "setting", "before", "after", "reason". The caller frees *ret with free(). */
SLIP_API int slip_changes_to_json(const struct slip_changes *changes, char **ret,
                                  struct slip_error **err);

/* The same guest in another container, type: "pv", "pvh", "hvm". What had to change, and why, is in *ret_changes. It is to be written
 * by slip_guest_convert(); guest stays as it is. The caller frees *ret and *ret_changes. */
SLIP_API int slip_guest_retarget(const struct slip_guest *guest, const char *type,
                                 struct slip_guest **ret, struct slip_changes **ret_changes,
                                 struct slip_error **err) SLIP_MUST_CHECK;

SLIP_END_DECLS

#endif
