/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt's domain XML inside the config folder.
 *
 *   text --libvirt_tree--> elements --libvirt_read, libvirt_<devices>--> guest
 *   guest --libvirt_emit, libvirt_<devices>--> elements --libvirt_print--> text
 *
 * What the words mean is libvirt's documentation of the format (formatdomain) and what its Xen driver makes of them
 * (src/libxl: xen_common.c, xen_xl.c, libxl_conf.c). Each element and attribute that a guest has a place for is a row of
 * libvirt_map.c. Readers take what they understand; what nobody took is kept as "foreign" pieces of the guest, which the writer
 * puts back. Nothing outside this folder includes this header, docs' generator apart.
 */
#ifndef SLIP_CONFIG_LIBVIRT_H
#define SLIP_CONFIG_LIBVIRT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "config/config.h"
#include "config/limits.h"

#define LIBVIRT_HVMLOADER "/usr/lib/xen/boot/hvmloader"
#define LIBVIRT_OVMF      "/usr/lib/xen/boot/ovmf.bin"
#define LIBVIRT_XEN_NS    "http://libvirt.org/schemas/domain/xen/1.0"

/* An attribute. taken: somebody understood it. */
struct xml_attr {
    char *name;
    char *value;
    struct slip_span span; /* of the value, without its quotes */
    bool taken;
};

/* An element with all that is in it; owned by its parent. */
struct xml_node {
    char *name; /* with its prefix */
    char *text; /* all text that is directly in it; NULL: none */
    struct slip_span span, text_span;
    bool taken, text_taken;
    /* Written because of others: one of its kind that is put back takes its place, if this attribute of both is the same ("": any is). NULL:
     * it says something of its own. */
    const char *implied;
    size_t n_attrs;
    struct xml_attr *attrs;
    struct xml_node *parent, *first, *last, *next; /* first child, last child, next sibling */
};

void slip__xml_free(struct xml_node *node); /* NULL is fine */

/* Reads a text's elements. Returns the root, or NULL: diags says why, or *ret_oom. source: of the spans; 0: none, and no
 * diagnostics. */
struct xml_node *slip__xml_parse(const char *text, size_t len, unsigned source,
                                 struct slip_diags *diags, bool *ret_oom);

/* Making trees: NULL when out of memory. A name and a value are copied. */
struct xml_node *slip__xml_add(struct xml_node *parent, const char *name, size_t len);
struct xml_attr *slip__xml_attr_add(struct xml_node *node, const char *name, size_t len,
                                    const char *value, size_t value_len);

/* The next child of that name after `after` (NULL: the first). NULL if there is none. */
struct xml_node *slip__xml_child(const struct xml_node *node, const char *name,
                                 const struct xml_node *after);
struct xml_attr *slip__xml_attr(const struct xml_node *node, const char *name);

/* Children in libvirt's order of their parent, all the way down; those of unknown names stay behind what they were behind. */
void slip__xml_sort(struct xml_node *node);
/* Is there one at most of that child in its parent? */
bool slip__xml_single(const struct xml_node *parent, const char *name);
/* The attribute that tells elements of that name apart, which are written in another order than they are read in; its value in this one.
 * NULL: there is none. */
const char *slip__xml_key(const struct xml_node *node, const char **ret_attr);
/* As libvirt prints it: two spaces a level, single quotes. */
void slip__xml_print(struct slip_buf *out, const struct xml_node *node, unsigned level);

/* Can XML 1.0 carry this text at all? */
bool slip__xml_sayable(const char *text);

/* A word of XML and what it is in the schema. Lists end with a NULL. */
struct libvirt_word {
    const char *word;
    int64_t value;
};

/* How a row's words become a value. */
enum libvirt_how {
    LIBVIRT_TEXT, /* the text itself; numbers decimal; words of the schema's own enumeration unless words are given */
    LIBVIRT_ALWAYS, /* the same; as libvirt prints it always, a default is written, too */
    LIBVIRT_KIB, /* memory: unit= says of what, KiB if nothing; the schema's are MiB. Written always */
    LIBVIRT_YESNO,   /* yes, no */
    LIBVIRT_ONOFF,   /* on, off */
    LIBVIRT_PRESENT, /* the element is there: 1 */
    LIBVIRT_HEX,     /* a number as 0x..., of 4 digits */
    LIBVIRT_CODE     /* by code of its own: the row is for the table of formats */
};

/* One place in the XML. path is below the record's own element: "os/kernel", "@order" is an attribute, "." the element's text. */
struct libvirt_row {
    const char *field; /* the schema's name */
    const char *path;
    enum libvirt_how how;
    const struct libvirt_word *words;
    const char *note; /* for people, NULL: nothing to say */
};

struct libvirt_map {
    const struct slip_record *record;
    const char *element; /* "/domain", "/domain/devices/disk" */
    size_t n_rows;
    const struct libvirt_row *rows;
};

extern const struct libvirt_map slip__libvirt_guest, slip__libvirt_disk, slip__libvirt_vif,
    slip__libvirt_vnc, slip__libvirt_spice, slip__libvirt_sdl, slip__libvirt_vfb,
    slip__libvirt_channel, slip__libvirt_pci, slip__libvirt_usbdev, slip__libvirt_usbctrl,
    slip__libvirt_vnode, slip__libvirt_p9;
/* All of them, in the order of the documentation; NULL past the end. */
const struct libvirt_map *slip__libvirt_map_at(size_t index);

/* A reading. */
struct libvirt_reader {
    unsigned source;
    struct slip_guest *guest;
    struct slip_diags *diags;
    bool oom;  /* sticky: whoever reads on finds out at the end */
    bool full; /* it was said that too much is kept */
};

/* The element or attribute at path below node, not taken yet. *ret_attr is set for an attribute. False: not there. */
bool slip__libvirt_at(struct xml_node *node, const char *path, struct xml_node **ret_node,
                      struct xml_attr **ret_attr);
/* Takes an element, and those that it is in. */
void slip__libvirt_take_node(struct xml_node *node);
/* Value of the attribute, which is taken with its element; NULL if there is none. */
const char *slip__libvirt_take(struct xml_node *node, const char *attr);
/* Is the text n, in its shortest form? */
bool slip__libvirt_is_index(const char *text, size_t n);
/* Takes it only if its value is this one. */
bool slip__libvirt_take_if(struct xml_node *node, const char *attr, const char *value);
/* The text of an element, which is taken; "" if it has none. */
const char *slip__libvirt_take_text(struct xml_node *node);
/* Takes all rows of map that are not code. */
void slip__libvirt_read_rows(struct libvirt_reader *r, const struct libvirt_map *map,
                             struct xml_node *node, void *object);
/* Setters, which note running out of memory. */
void slip__libvirt_set(struct libvirt_reader *r, struct slip_str *str, const char *text,
                       struct slip_span span);
void slip__libvirt_add(struct libvirt_reader *r, struct slip_strs *strs, const char *text,
                       struct slip_span span);
void slip__libvirt_num(struct slip_num *num, int64_t value, struct slip_span span);
/* A new item of the guest's list of that name, NULL when out of memory. */
void *slip__libvirt_item(struct libvirt_reader *r, const char *list, struct slip_span span);
/* A number in text, decimal or 0x; one that is none, or is out of the bounds, is said, and false. */
bool slip__libvirt_number(struct libvirt_reader *r, const char *text, struct slip_span span,
                          const char *what, int64_t min, int64_t max, int64_t *ret);

/* A writing. */
struct libvirt_writer {
    struct slip_emit *e;
    struct slip_guest *guest; /* the emitter's copy */
    struct xml_node *root, *devices;
    bool oom;
};

/* The element at path below node, made if it is not there. Never NULL: when memory is short it is a scratch one. */
struct xml_node *slip__libvirt_make(struct libvirt_writer *w, struct xml_node *node,
                                    const char *path);
/* One more child of that name. */
struct xml_node *slip__libvirt_new(struct libvirt_writer *w, struct xml_node *node,
                                   const char *name);
void slip__libvirt_attr(struct libvirt_writer *w, struct xml_node *node, const char *name,
                        const char *value);
void slip__libvirt_attrf(struct libvirt_writer *w, struct xml_node *node, const char *name,
                         const char *fmt, ...) SLIP_PRINTF(4, 5);
void slip__libvirt_text(struct libvirt_writer *w, struct xml_node *node, const char *text);
/* The same for a value of the guest, which is marked as said. Not set, not sayable: nothing, and false. */
bool slip__libvirt_say_attr(struct libvirt_writer *w, struct xml_node *node, const char *name,
                            struct slip_str *str);
/* The same on the element at path below node, which is made only if there is something to say. */
bool slip__libvirt_say_at(struct libvirt_writer *w, struct xml_node *node, const char *path,
                          const char *name, struct slip_str *str);
/* Writes all rows of map that are not code, for what was given. */
void slip__libvirt_write_rows(struct libvirt_writer *w, const struct libvirt_map *map,
                              struct xml_node *node, void *object);
/* Notes a default that was written out. */
void slip__libvirt_default(struct libvirt_writer *w, const char *setting, const char *fmt, ...)
    SLIP_PRINTF(3, 4);
void slip__libvirt_rounded(struct libvirt_writer *w, const char *setting, struct slip_span span,
                           const char *fmt, ...) SLIP_PRINTF(4, 5);

static inline bool slip__libvirt_is_hvm(const struct slip_guest *g)
{
    return SLIP_IS_SET(g->type) && g->type.value == SLIP_TYPE_HVM;
}
static inline bool slip__libvirt_is_xen(const struct slip_guest *g)
{
    return slip__num_or(&g->virt, SLIP_VIRT_XEN) == SLIP_VIRT_XEN;
}

/* The parts, each both ways: libvirt_cpu.c, _platform.c, _disk.c, _vif.c, _screen.c, _chars.c, _host.c, _foreign.c. */
void slip__libvirt_read_cpu(struct libvirt_reader *r, struct xml_node *domain);
void slip__libvirt_write_cpu(struct libvirt_writer *w);
void slip__libvirt_read_platform(struct libvirt_reader *r, struct xml_node *domain);
void slip__libvirt_write_platform(struct libvirt_writer *w);
void slip__libvirt_read_disks(struct libvirt_reader *r, struct xml_node *devices);
void slip__libvirt_write_disks(struct libvirt_writer *w);
void slip__libvirt_read_vifs(struct libvirt_reader *r, struct xml_node *devices);
void slip__libvirt_write_vifs(struct libvirt_writer *w);
void slip__libvirt_read_screens(struct libvirt_reader *r, struct xml_node *devices);
void slip__libvirt_write_screens(struct libvirt_writer *w);
void slip__libvirt_read_chars(struct libvirt_reader *r, struct xml_node *devices);
void slip__libvirt_write_chars(struct libvirt_writer *w);
void slip__libvirt_read_host(struct libvirt_reader *r, struct xml_node *devices);
void slip__libvirt_write_host(struct libvirt_writer *w);
void slip__libvirt_read_foreign(struct libvirt_reader *r, struct xml_node *root);
void slip__libvirt_write_foreign(struct libvirt_writer *w);

#endif
