/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * XML text to elements with places, by libxml2's SAX interface: its tree knows lines, not bytes. No network, no document type,
 * and so no entity but the five of XML itself. It must not know any element's meaning.
 */
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/libvirt.h"
#include "config/limits.h"

void slip__xml_free(struct xml_node *node)
{
    struct xml_node *child, *next;

    if (!node)
        return;
    for (child = node->first; child; child = next) {
        next = child->next;
        slip__xml_free(child);
    }
    for (size_t i = 0; i < node->n_attrs; i++) {
        free(node->attrs[i].name);
        free(node->attrs[i].value);
    }
    free(node->attrs);
    free(node->name);
    free(node->text);
    free(node);
}

struct xml_node *slip__xml_add(struct xml_node *parent, const char *name, size_t len)
{
    struct xml_node *node = calloc(1, sizeof(*node));

    if (!node || !(node->name = strndup(name, len))) {
        free(node);
        return NULL;
    }
    node->parent = parent;
    if (!parent)
        return node;
    if (parent->last)
        parent->last->next = node;
    else
        parent->first = node;
    parent->last = node;
    return node;
}

struct xml_attr *slip__xml_attr_add(struct xml_node *node, const char *name, size_t len,
                                    const char *value, size_t value_len)
{
    struct xml_attr *attrs = realloc(node->attrs, (node->n_attrs + 1) * sizeof(*attrs));
    struct xml_attr attr = {0};

    if (!attrs)
        return NULL;
    node->attrs = attrs;
    attr.name = strndup(name, len);
    attr.value = strndup(value, value_len);
    if (!attr.name || !attr.value) {
        free(attr.name);
        free(attr.value);
        return NULL;
    }
    attrs[node->n_attrs] = attr;
    return &attrs[node->n_attrs++];
}

struct xml_node *slip__xml_child(const struct xml_node *node, const char *name,
                                 const struct xml_node *after)
{
    struct xml_node *child = after ? after->next : node->first;

    while (child && strcmp(child->name, name) != 0)
        child = child->next;
    return child;
}

struct xml_attr *slip__xml_attr(const struct xml_node *node, const char *name)
{
    for (size_t i = 0; i < node->n_attrs; i++) {
        if (strcmp(node->attrs[i].name, name) == 0)
            return &node->attrs[i];
    }
    return NULL;
}

/* A reading of one text. */
struct tree {
    const char *text;
    size_t len;
    unsigned source;
    struct slip_diags *diags;
    xmlParserCtxtPtr parser;
    struct xml_node *root, *at; /* at: the element that is open */
    unsigned depth, count;
    size_t text_cap; /* of at->text */
    bool failed, oom;
};

static struct slip_span span_of(const struct tree *t, size_t start, size_t end)
{
    if (end > t->len)
        end = t->len;
    if (start > end)
        start = end;
    return (struct slip_span){t->source, (unsigned)start, (unsigned)end};
}

static size_t position(const struct tree *t)
{
    long at = xmlByteConsumed(t->parser);

    return at < 0 ? 0 : (size_t)at > t->len ? t->len : (size_t)at;
}

/* One message a text is enough: what follows a first mistake in XML follows from it. */
static struct slip_diag *stop(struct tree *t, enum slip_code code, struct slip_span span,
                              const char *text)
{
    struct slip_diag *d = NULL;

    if (!t->failed && t->diags)
        d = slip__diag(t->diags, code, span, "%s", text);
    t->failed = true;
    xmlStopParser(t->parser);
    return d;
}

static void out_of_memory(struct tree *t)
{
    t->oom = t->failed = true;
    xmlStopParser(t->parser);
}

/* Places of the values, from the tag's own text, which is well-formed. */
static void place_attrs(const struct tree *t, struct xml_node *node, size_t pos, size_t end)
{
    static const char blanks[] = " \t\r\n";

    while (pos < end) {
        size_t name, name_end, start;

        while (pos < end && strchr(blanks, t->text[pos]))
            pos++;
        for (name = pos; pos < end && t->text[pos] != '=' && !strchr(blanks, t->text[pos]);)
            pos++;
        name_end = pos;
        while (pos < end && t->text[pos] != '"' && t->text[pos] != '\'')
            pos++;
        if (pos >= end)
            return;
        start = pos + 1;
        for (pos++; pos < end && t->text[pos] != t->text[start - 1];)
            pos++;
        for (size_t i = 0; i < node->n_attrs; i++) {
            if (strlen(node->attrs[i].name) == name_end - name &&
                memcmp(node->attrs[i].name, t->text + name, name_end - name) == 0)
                node->attrs[i].span = span_of(t, start, pos);
        }
        pos++;
    }
}

static void place(const struct tree *t, struct xml_node *node)
{
    size_t end = position(t), start = end, close = end, stop_at;

    while (start > 0 && t->text[start - 1] != '<')
        start--;
    node->span = span_of(t, start ? start - 1 : 0, start + strlen(node->name));
    place_attrs(t, node, start + strlen(node->name), end);
    while (close < t->len && t->text[close] != '>')
        close++;
    stop_at = close + 1 < t->len ? close + 1 : t->len;
    for (close = stop_at; close < t->len && t->text[close] != '<';)
        close++;
    node->text_span = span_of(t, stop_at, close);
}

/* From the '<' before a place to it. */
static struct slip_span tag_span(const struct tree *t, size_t end)
{
    size_t start = end;

    while (start > 0 && t->text[start] != '<')
        start--;
    return span_of(t, start, end);
}

/* PREFIX:NAME, or the one that there is, which is mostly so and needs no memory. *ret_made is to be freed. NULL when out of memory. */
static const char *whole_name(const xmlChar *prefix, const xmlChar *name, char **ret_made)
{
    *ret_made = NULL;
    if (!prefix || !name)
        return (const char *)(name ? name : prefix);
    if (asprintf(ret_made, "%s:%s", (const char *)prefix, (const char *)name) < 0)
        *ret_made = NULL;
    return *ret_made;
}

static bool add_attr(struct xml_node *node, const xmlChar *prefix, const xmlChar *name,
                     const xmlChar *value, size_t len)
{
    SLIP_AUTO_FREE char *made = NULL;
    const char *whole = whole_name(prefix, name, &made);

    return whole && slip__xml_attr_add(node, whole, strlen(whole), (const char *)value, len);
}

/* libxml2 hands an element's declarations of namespaces apart from its attributes; to us they are the same. */
static bool add_attrs(struct xml_node *node, int n_spaces, const xmlChar **spaces, int n_attrs,
                      const xmlChar **attrs)
{
    for (; n_spaces > 0; n_spaces--, spaces += 2) {
        const xmlChar *uri = spaces[1] ? spaces[1] : (const xmlChar *)"";

        if (!add_attr(node, (const xmlChar *)"xmlns", spaces[0], uri, strlen((const char *)uri)))
            return false;
    }
    for (; n_attrs > 0; n_attrs--, attrs += 5) {
        if (!add_attr(node, attrs[1], attrs[0], attrs[3], (size_t)(attrs[4] - attrs[3])))
            return false;
    }
    return true;
}

static void on_start(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
                     int n_spaces, const xmlChar **spaces, int n_attrs, int n_defaulted,
                     const xmlChar **attrs)
{
    struct tree *t = context;
    SLIP_AUTO_FREE char *made = NULL;
    const char *whole;
    struct xml_node *node;

    (void)uri;
    (void)n_defaulted;
    if (t->failed)
        return;
    if (++t->depth > SLIP_LIMIT_XML_DEPTH || ++t->count > SLIP_LIMIT_XML_ELEMENTS ||
        (unsigned)n_attrs + (unsigned)n_spaces > SLIP_LIMIT_XML_ATTRIBUTES) {
        stop(t, SLIP_CODE_XML_TOO_MUCH, tag_span(t, position(t)),
             t->depth > SLIP_LIMIT_XML_DEPTH      ? "elements are nested too deeply"
             : t->count > SLIP_LIMIT_XML_ELEMENTS ? "there are too many elements"
                                                  : "the element has too many attributes");
        return;
    }
    whole = whole_name(prefix, name, &made);
    node = whole ? slip__xml_add(t->at, whole, strlen(whole)) : NULL;
    if (!node) {
        out_of_memory(t);
        return;
    }
    if (!t->at)
        t->root = node;
    t->at = node;
    t->text_cap = 0;
    if (!add_attrs(node, n_spaces, spaces, n_attrs, attrs)) {
        out_of_memory(t);
        return;
    }
    if (t->source)
        place(t, node);
}

static bool all_blank(const char *text)
{
    return !text[strspn(text, " \t\r\n")];
}

static void on_end(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    struct tree *t = context;
    struct xml_node *node = t->at;

    (void)name;
    (void)prefix;
    (void)uri;
    if (t->failed || !node)
        return;
    if (node->first && node->text && all_blank(node->text)) {
        free(node->text); /* what is between elements is layout */
        node->text = NULL;
    }
    t->depth--;
    t->at = node->parent;
    t->text_cap = 0;
}

static void on_text(void *context, const xmlChar *chars, int len)
{
    struct tree *t = context;
    size_t old, need;
    char *text;

    if (t->failed || !t->at || len <= 0)
        return;
    old = t->at->text ? strlen(t->at->text) : 0;
    need = old + (size_t)len + 1;
    if (need > t->text_cap) {
        text = realloc(t->at->text, need * 2);
        if (!text) {
            out_of_memory(t);
            return;
        }
        t->at->text = text;
        t->text_cap = need * 2;
    }
    memcpy(t->at->text + old, chars, (size_t)len);
    t->at->text[need - 1] = 0;
}

static void on_doctype(void *context, const xmlChar *name, const xmlChar *public_id,
                       const xmlChar *system_id)
{
    struct tree *t = context;
    size_t end = position(t), start = end;
    struct slip_diag *d;

    (void)name;
    (void)public_id;
    (void)system_id;
    while (start > 0 && t->text[start - 1] != '<')
        start--;
    d = stop(t, SLIP_CODE_XML_DOCTYPE, span_of(t, start ? start - 1 : 0, end),
             "a description has no document type");
    slip__diag_hint(d, "remove the <!DOCTYPE ...> and the entities it declares");
}

#if LIBXML_VERSION >= 21200
typedef const xmlError *xml_error_ptr;
#else
typedef xmlErrorPtr xml_error_ptr;
#endif

static void on_error(void *context, xml_error_ptr error)
{
    struct tree *t = context;
    size_t at = position(t), len;
    char text[200];

    if (t->failed)
        return;
    if (error->level < XML_ERR_ERROR || error->domain == XML_FROM_NAMESPACE)
        return;
    if (error->code == XML_ERR_NO_MEMORY) {
        out_of_memory(t);
        return;
    }
    snprintf(text, sizeof(text), "%s", error->message ? error->message : "no XML");
    len = strlen(text);
    while (len && strchr(" \t\r\n", text[len - 1]))
        text[--len] = 0;
    stop(t, SLIP_CODE_XML_SYNTAX, span_of(t, at, at < t->len ? at + 1 : at), text);
}

static int parse(struct tree *t)
{
    xmlSAXHandler handler = {.initialized = XML_SAX2_MAGIC,
                             .startElementNs = on_start,
                             .endElementNs = on_end,
                             .characters = on_text,
                             .cdataBlock = on_text,
                             .internalSubset = on_doctype,
                             .serror = on_error};

    t->parser = xmlCreateMemoryParserCtxt(t->text, (int)t->len);
    if (!t->parser)
        return -1;
    /* Entities are the five of XML alone, so nothing grows when they are replaced. */
    xmlCtxtUseOptions(t->parser, XML_PARSE_NONET | XML_PARSE_IGNORE_ENC | XML_PARSE_NOENT);
    *t->parser->sax = handler;
    t->parser->userData = t;
    xmlParseDocument(t->parser);
    if (!t->failed && (!t->parser->wellFormed || !t->root))
        stop(t, SLIP_CODE_XML_SYNTAX, span_of(t, 0, 0), "no XML");
    xmlFreeDoc(t->parser->myDoc);
    xmlFreeParserCtxt(t->parser);
    return 0;
}

struct xml_node *slip__xml_parse(const char *text, size_t len, unsigned source,
                                 struct slip_diags *diags, bool *ret_oom)
{
    struct tree t = {.text = text, .len = len, .source = source, .diags = source ? diags : NULL};

    *ret_oom = false;
    if (!len) { /* libxml2 makes no parser for nothing */
        if (t.diags)
            slip__diag(t.diags, SLIP_CODE_XML_SYNTAX, span_of(&t, 0, 0), "the text is empty");
        return NULL;
    }
    *ret_oom = parse(&t) < 0 || t.oom;
    if (!*ret_oom && !t.failed)
        return t.root;
    slip__xml_free(t.root);
    return NULL;
}
