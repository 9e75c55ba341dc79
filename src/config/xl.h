/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xl.cfg inside the config folder: tokens, values, and what keys do with values.
 *
 *   text --xl_lex--> tokens --xl_parse--> statements KEY op VALUE --xl_keys (xl_special, xl_disk, xl_pairs, ...)--> guest
 *
 * The grammar is that of Xen's libxlutil (tools/libs/util/libxlu_cfg_l.l and _y.y, 4.17), and what it accepts beyond it is
 * said where it is done. Nothing outside this folder includes this header.
 */
#ifndef SLIP_CONFIG_XL_H
#define SLIP_CONFIG_XL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/diag.h"
#include "base/error.h"
#include "guest/guest.h"

/* One reading: the text, the guest it goes to, and how strict. */
struct xl_reader {
    const char *text;
    size_t len;
    unsigned source;
    bool
        override; /* the text is KEY=VALUEs of a command line: bare words are texts, and setting again is meant */
    struct slip_strictness strictness;
    struct slip_guest *guest;
    struct slip_diags *diags;
    size_t pos; /* of the next token */
};

enum xl_token_kind {
    XL_END,
    XL_NEWLINE,
    XL_SEMICOLON,
    XL_COMMA,
    XL_OPEN,
    XL_CLOSE,
    XL_SET,    /* = */
    XL_ADD,    /* += */
    XL_WORD,   /* a key, or a text without quotes that looks like one */
    XL_NUMBER, /* begins with a digit and has letters, digits and _ only */
    XL_QUOTED, /* a whole string */
    XL_BROKEN, /* a string that does not end */
    XL_BARE    /* other characters up to the next one that means something */
};

struct xl_token {
    enum xl_token_kind kind;
    size_t start, end; /* in the text */
    size_t quote_len;  /* QUOTED: 1, or 3 for a triple-quoted one */
};

/* Takes the next token. Says nothing: what is wrong with a token is for those who know what was expected. */
struct xl_token slip__xl_next(struct xl_reader *r);
/* The next token without taking it. */
struct xl_token slip__xl_peek(const struct xl_reader *r);
struct slip_span slip__xl_span(const struct xl_reader *r, size_t start, size_t end);

enum xl_value_kind { XL_STRING, XL_NUMERAL, XL_LIST };

struct xl_value {
    enum xl_value_kind kind;
    struct slip_span span; /* with the quotes, with the brackets */
    char *text;            /* STRING, NUMERAL: without quotes, escapes done; owned */
    size_t len;
    /* Where text[0] stands in the source; 0 when escapes keep text and source from running side by side. */
    size_t text_pos;
    bool doubtful;          /* a mistake in how it is written was reported: say no more of it */
    struct xl_value *items; /* LIST; owned */
    size_t count;
};

void slip__xl_value_dispose(struct xl_value *value);
/* The place of bytes [from, to) of an atom's text; its whole span if that can't be told. */
struct slip_span slip__xl_part(const struct xl_value *value, size_t from, size_t to);

/* A statement: key, = or +=, value. */
struct xl_statement {
    const char *key; /* points into the text */
    size_t key_len;
    struct slip_span key_span;
    bool add;
    const struct xl_value *value;
};

/* Does what a statement says to r->guest. Here and below: -1 when out of memory, else 0, whatever is wrong with the input. */
int slip__xl_apply(struct xl_reader *r, const struct xl_statement *s);

/* One item of a list of devices: spec is an atom, but for vnode and vsnd, whose items are lists. */
int slip__xl_disk(struct xl_reader *r, const struct slip_field *field, const struct xl_value *spec);
int slip__xl_pci(struct xl_reader *r, const struct slip_field *field, const struct xl_value *spec);
int slip__xl_ioport(struct xl_reader *r, const struct slip_field *field,
                    const struct xl_value *spec);
int slip__xl_iomem(struct xl_reader *r, const struct slip_field *field,
                   const struct xl_value *spec);
int slip__xl_vnode(struct xl_reader *r, const struct slip_field *field,
                   const struct xl_value *value);
int slip__xl_vsnd(struct xl_reader *r, const struct slip_field *field,
                  const struct xl_value *value);
/* Of all other kinds: KEY=VALUE with commas between. */
int slip__xl_pairs(struct xl_reader *r, const struct slip_field *field,
                   const struct xl_value *spec);
/* The same into an object, from byte pos of the spec on; and its bytes [from, to) as one pair. */
int slip__xl_pairs_from(struct xl_reader *r, const struct slip_record *record, void *object,
                        const struct xl_value *spec, size_t pos);
int slip__xl_pair(struct xl_reader *r, const struct slip_record *record, void *object,
                  const struct xl_value *spec, size_t from, size_t to);
/* Says that the len bytes from `from` on are no key of the record. Returns 0. */
int slip__xl_pairs_unknown(struct xl_reader *r, const struct slip_record *record,
                           const struct xl_value *spec, size_t from, size_t len);

/* Keys with several spellings (xl_special.c). Returns false if field's key is none of them. */
bool slip__xl_special(struct xl_reader *r, const struct slip_field *field,
                      const struct xl_value *value, int *ret_rc);
/* What a key does that has no spelling of its own: a list of strings, one atom, one number. */
int slip__xl_strs(struct xl_reader *r, const struct slip_field *field,
                  const struct xl_value *value);
int slip__xl_atom(struct xl_reader *r, const struct slip_field *field,
                  const struct xl_value *value);
void slip__xl_set_number(struct xl_reader *r, const struct slip_field *field, struct slip_num *num,
                         const struct xl_value *atom);
void slip__xl_wrong_kind(struct xl_reader *r, const struct slip_field *field,
                         const struct xl_value *value, const char *wanted);

/* Sets field of object to an atom's bytes [from, to), checked by the field's kind. */
int slip__xl_set_field(struct xl_reader *r, const struct slip_field *field, void *object,
                       const struct xl_value *atom, size_t from, size_t to);

/* Keys that xl knows and we don't act on: the reason, or NULL if key is none of them. */
const char *slip__xl_ignored_reason(const char *key, size_t len);
/* Walks that table: the next key and its reason; NULL at the end. Start with a cursor of zeros. */
struct xl_ignored_cursor {
    size_t group, key;
};
const char *slip__xl_ignored_next(struct xl_ignored_cursor *cursor, const char **ret_reason);
/* The same for the parts of a disk ("disk") or an interface ("vif"), walked by index. */
const char *slip__xl_ignored_part(const char *record, const char *key, size_t len);
const char *slip__xl_ignored_part_at(const char *record, size_t index, const char **ret_reason);

/* Writes e->guest as an xl.cfg: struct slip_format's emit (config.h). */
struct slip_emit;
int slip__xl_emit(struct slip_emit *e);

/* Reads all statements of r->text. */
int slip__xl_statements(struct xl_reader *r);

#endif
