/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xend's s-expressions inside the config folder.
 *
 *   text --sxpr_read--> tree --sxpr_parse, sxpr_devices--> guest --sxpr_emit--> text
 *
 * The grammar is that of xend's parser (tools/python/xen/xend/sxp.py of Xen 3 and 4.0 to 4.4) with what libvirt's reader takes
 * beside it: an atom ends at a blank, a parenthesis or a quote alone. Nothing outside this folder includes this header.
 */
#ifndef SLIP_CONFIG_SXPR_H
#define SLIP_CONFIG_SXPR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/diag.h"
#include "config/config.h"

/* Lists in lists: a domain's image's or device's key's options, and one more. */
#define SLIP_LIMIT_SXPR_NESTING 16u
/* Atoms and lists of one description: far more than the largest that xend wrote. */
#define SLIP_LIMIT_SXPR_NODES 65536u

/* Nodes are known by their number in the tree; 0 is none. */
struct sx_node {
    size_t start, end; /* in the source */
    const char *text;  /* an atom's, without quotes and escapes; NULL: a list */
    uint32_t first;    /* a list's first item */
    uint32_t next;     /* the item after it in its list */
    uint32_t last;     /* a list's last item */
    uint32_t parent;
};

struct sx_tree {
    struct sx_node
        *nodes; /* owned; nodes[0] stands for the whole text: its items are what is at the top */
    size_t count, cap;
    char *pool; /* owned: the texts of atoms */
    size_t used;
};

/* One reading. */
struct sx_reader {
    const char *text;
    size_t len, start;
    unsigned source;
    struct slip_strictness strictness;
    struct slip_guest *guest;
    struct slip_diags *diags;
    struct sx_tree tree;
    struct slip_buf state; /* names of what belongs to a running domain alone */
    struct slip_span state_span;
    bool hvm;
};

/* Reads the text into the tree. What is wrong goes to diags; -1 when out of memory. */
int slip__sx_read(struct sx_reader *r);
void slip__sx_tree_dispose(struct sx_tree *tree);

static inline const struct sx_node *slip__sx_node(const struct sx_reader *r, uint32_t node)
{
    return &r->tree.nodes[node];
}
/* The list's first item if that is an atom, else "". */
const char *slip__sx_head(const struct sx_reader *r, uint32_t list);
/* The text after the head: (KEY TEXT). NULL: there is none, or a list. */
const char *slip__sx_value(const struct sx_reader *r, uint32_t list, uint32_t *ret_node);
/* The first (KEY ...) in a list, 0: none. */
uint32_t slip__sx_find(const struct sx_reader *r, uint32_t list, const char *key);
struct slip_span slip__sx_span(const struct sx_reader *r, uint32_t node);
struct slip_mark slip__sx_mark(const struct sx_reader *r, uint32_t node);

/* Where a key stands. */
enum sx_place {
    SX_DOMAIN = 1, /* (domain (KEY ...)) */
    SX_LINUX = 2,  /* (domain (image (linux (KEY ...)))) */
    SX_HVM = 4     /* (domain (image (hvm (KEY ...)))) */
};

/* A key that says just what a field says. Tables end in one without a key. */
struct sx_key {
    const char *key;
    const char *
        field; /* its name in the schema; NULL: the parser knows more of it; "": of a running domain, no setting */
    unsigned places; /* enum sx_place */
    unsigned since;  /* the first configuration version that has it */
    bool number;     /* an enumerator, by number */
    bool always;     /* written when a default, too: xend's own is another, or it has none */
};
extern const struct sx_key slip__sx_keys[];

/* Sets a field of object from (KEY VALUE). */
int slip__sx_set(struct sx_reader *r, const struct slip_field *field, void *object, uint32_t list,
                 bool number);
/* Sets a text. */
int slip__sx_set_text(struct slip_str *str, const char *text, struct slip_mark mark);
/* (device (KIND ...)) */
int slip__sx_device(struct sx_reader *r, uint32_t device);
/* (fda 'PATH'), (cdrom 'PATH') in the image of an hvm guest. */
int slip__sx_image_disk(struct sx_reader *r, uint32_t list);
/* Keeps what nothing here has a word for, with a warning. path: where it stands. */
int slip__sx_keep(struct sx_reader *r, const char *path, uint32_t node);
/* What only a running domain has. */
void slip__sx_state(struct sx_reader *r, uint32_t list);

/* The format's emit. */
int slip__sx_emit(struct slip_emit *e);

/* Writing. Leaves are (KEY VALUE), branches (KEY ...). */
struct sx_writer {
    struct slip_emit *e;
    unsigned version; /* 1 to 4 */
    unsigned depth;
    bool hvm;
};
void slip__sx_open(struct sx_writer *w, const char *key);
void slip__sx_close(struct sx_writer *w);
void slip__sx_text(struct sx_writer *w, const char *key, const char *text);
void slip__sx_number(struct sx_writer *w, const char *key, int64_t value);
void slip__sx_raw(struct sx_writer *w, const char *key, const char *text);
void slip__sx_empty(struct sx_writer *w, const char *key);
/* Does xend's own parser take it whole without quotes? */
bool slip__sx_is_word(const char *text);
/* The mask of the lowest count virtual CPUs, as a decimal number of any length: xend's numbers have no end. count is 1 to
 * SLIP_LIMIT_VCPUS, ret has room for SX_MASK_BYTES. */
#define SX_MASK_BYTES (SLIP_LIMIT_VCPUS / 3 + 2)
void slip__sx_mask(int64_t count, char ret[SX_MASK_BYTES]);
/* A text in quotes. */
void slip__sx_quote(struct slip_buf *out, const char *text);
/* Pieces kept from an s-expression that belong under path. */
void slip__sx_kept(struct sx_writer *w, const char *path);
/* All devices but those that stand in the image. -1 when out of memory. */
int slip__sx_devices(struct sx_writer *w);
/* Those that do. */
void slip__sx_image_disks(struct sx_writer *w);

#endif
