/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libxl's JSON of a domain's configuration inside the config folder: what `xl create -n` prints and what libxl keeps of a running
 * domain. Names and what is left out: tools/libs/light/libxl_types.idl and gentypes.py of Xen 4.17; what xl puts in by itself:
 * tools/xl/xl_parse.c. Switches are the texts "True" and "False", enumerators have underscores, memory is in KiB.
 * Nothing outside this folder includes this header.
 */
#ifndef SLIP_CONFIG_LIBXL_JSON_H
#define SLIP_CONFIG_LIBXL_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "config/config.h"

/* Objects that have keys of one value each. */
enum jx_object {
    JX_TOP,
    JX_C_INFO,
    JX_B_INFO,
    JX_SCHED,
    JX_HVM,
    JX_PV,
    JX_PVH,
    JX_VGA,
    JX_VNC,
    JX_SDL,
    JX_SPICE,
    JX_RDM,
    JX_ARM,
    JX_X86,
    JX_DISK,
    JX_NIC,
    JX_VFB_VNC,
    JX_VFB_SDL,
    JX_VFB,
    JX_VKB,
    JX_PCI,
    JX_USBCTRL,
    JX_USBDEV,
    JX_VTPM,
    JX_P9,
    JX_PVCALLS,
    JX_CHANNEL,
    JX_VDISPL,
    JX_CONNECTOR,
    JX_VSND,
    JX_VIRTIO,
    JX_OBJECTS
};

enum jx_kind {
    JX_TEXT,
    JX_DEFBOOL, /* "True", "False" */
    JX_INT,
    JX_FLAG, /* true, false */
    JX_BIT,  /* 1, 0 */
    JX_MIB,  /* in KiB there */
    JX_WORD, /* an enumerator, with underscores */
    JX_TEXTS
};

struct jx_key {
    enum jx_object object;
    const char *key;
    const char *field; /* its name in the object's record */
    enum jx_kind kind;
    bool zero; /* a number whose zero says something: libxl's own default is another */
};

/* Ends in one without a key. */
extern const struct jx_key slip__jx_keys[];

/* The record that an object's fields are of. */
const struct slip_record *slip__jx_record(enum jx_object object);
/* libxl's word for an enumerator; ret is room for one with underscores. NULL: it has none. */
const char *slip__jx_word(const struct slip_enum_table *table, int64_t value, char *ret,
                          size_t size);
/* The enumerator of libxl's word. */
bool slip__jx_value(const struct slip_enum_table *table, const char *word, int64_t *ret);

int slip__jx_emit(struct slip_emit *e);

#endif
