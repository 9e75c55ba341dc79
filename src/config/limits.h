/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Named limits on what a description's syntax may make us do, with the reason beside each. */
#ifndef SLIP_CONFIG_LIMITS_H
#define SLIP_CONFIG_LIMITS_H

/* Elements in elements. libvirt's own go to some 10; people's metadata may go deeper. Bounds the stack of whoever walks them. */
#define SLIP_LIMIT_XML_DEPTH 64u
/* Elements of one description. A guest with 100 disks has some 1000. */
#define SLIP_LIMIT_XML_ELEMENTS 16384u
/* Attributes of one element; libvirt's richest have 10. Each is looked for among the others. */
#define SLIP_LIMIT_XML_ATTRIBUTES 64u
/* Pieces of one description that no reader took and that are kept. */
#define SLIP_LIMIT_XML_KEPT 1024u
/* Keys of JSON whose place is looked for in vain, as they are written with escapes: each costs a walk over the rest of the text. */
#define SLIP_LIMIT_JSON_LOST 32u

#endif
