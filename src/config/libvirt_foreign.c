/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What no reader took, kept as pieces of the guest, and put back into a tree. A piece's path is that of its parent: names with slashes
 * between, "[@key='value']" behind a name that has a key (slip__xml_key), "[n]" if there are n of the same name and key before it. "#n,m"
 * at its end: behind the first n of the same name there, m of which have the same key. An attribute's ends with "/@name". It must not know
 * any element.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/libvirt.h"

/* A path is of elements that we know, all short. */
#define PATH_BYTES 512

struct path {
    char text[PATH_BYTES];
    size_t len;
};

static void keep(struct libvirt_reader *r, const char *path, const char *text,
                 struct slip_span span)
{
    struct slip_foreign *foreign = slip__libvirt_item(r, "foreign", span);

    if (!foreign)
        return;
    slip__libvirt_set(r, &foreign->format, "libvirt", span);
    slip__libvirt_set(r, &foreign->path, path, span);
    slip__libvirt_set(r, &foreign->text, text, span);
}

static bool list_full(struct libvirt_reader *r, struct slip_span span)
{
    if (r->guest->foreign.count < SLIP_LIMIT_XML_KEPT)
        return false;
    if (r->guest->foreign.count == SLIP_LIMIT_XML_KEPT && !r->full)
        slip__diag(r->diags, SLIP_CODE_XML_TOO_MUCH, span,
                   "there are over %u pieces that have no place in a guest, the limit",
                   SLIP_LIMIT_XML_KEPT);
    r->full = true;
    return true;
}

/* Are they of one name, and of one key if the name has one? */
static bool same_kind(const struct xml_node *a, const struct xml_node *b)
{
    const char *attr, *key = slip__xml_key(a, &attr), *other = slip__xml_key(b, &attr);

    return strcmp(a->name, b->name) == 0 && (key && other ? strcmp(key, other) == 0 : key == other);
}

/* How many taken siblings of its name are before it; with the same key, too, in *ret_kind. */
static size_t ordinal(const struct xml_node *node, size_t *ret_kind)
{
    size_t n = 0;

    *ret_kind = 0;
    for (const struct xml_node *c = node->parent ? node->parent->first : node; c != node;
         c = c->next) {
        n += c->taken && strcmp(c->name, node->name) == 0;
        *ret_kind += c->taken && same_kind(c, node);
    }
    return n;
}

static void keep_element(struct libvirt_reader *r, const struct path *path,
                         const struct xml_node *node)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf text = {0};
    char where[PATH_BYTES + 48];
    size_t kind, n = ordinal(node, &kind);

    if (slip__xml_single(node->parent, node->name) &&
        slip__xml_child(node->parent, node->name, NULL) != node) {
        slip__diag(r->diags, SLIP_CODE_KEY_REPEATED, node->span,
                   "<%.60s> is there again; the first one counts", node->name);
        return;
    }
    if (list_full(r, node->span))
        return;
    snprintf(where, sizeof(where), n ? "%s#%zu,%zu" : "%s", path->text, n, kind);
    slip__xml_print(&text, node, 0);
    r->oom |= text.failed;
    if (r->oom)
        return;
    slip__diag(r->diags, SLIP_CODE_XML_KEPT, node->span,
               "<%.60s> has no place in a guest; it is kept for libvirt alone", node->name);
    keep(r, where, text.data, node->span);
}

static void keep_attr(struct libvirt_reader *r, const struct path *path,
                      const struct xml_node *node, const struct xml_attr *attr)
{
    char text[PATH_BYTES + 128];

    if (list_full(r, attr->span))
        return;
    slip__diag(r->diags, SLIP_CODE_XML_KEPT, attr->span,
               "%.60s='%.60s' of <%.60s> has no place in a guest; it is kept for libvirt alone",
               attr->name, attr->value, node->name);
    snprintf(text, sizeof(text), "%s/@%s", path->text, attr->name);
    keep(r, text, attr->value, attr->span);
}

static void grow(struct path *path, const char *text)
{
    size_t len = strlen(text), room = PATH_BYTES - 1 - path->len;

    len = len < room ? len : room;
    memcpy(path->text + path->len, text, len);
    path->len += len;
    path->text[path->len] = 0;
}

/* *path grows by the node's step; returns its length before. */
static size_t step(struct path *path, const struct xml_node *node)
{
    const char *attr, *key = slip__xml_key(node, &attr);
    char text[PATH_BYTES];
    size_t before = path->len, kind;

    ordinal(node, &kind);
    snprintf(text, sizeof(text), key ? "/%s[@%s='%s']" : "/%s", node->name, attr, key);
    grow(path, text);
    snprintf(text, sizeof(text), "[%zu]", kind);
    if (kind)
        grow(path, text);
    return before;
}

static void sweep(struct libvirt_reader *r, struct path *path, struct xml_node *node)
{
    size_t before = step(path, node);

    for (size_t i = 0; i < node->n_attrs && !r->oom; i++) {
        if (!node->attrs[i].taken)
            keep_attr(r, path, node, &node->attrs[i]);
    }
    for (struct xml_node *c = node->first; c && !r->oom; c = c->next) {
        if (c->taken)
            sweep(r, path, c);
        else
            keep_element(r, path, c);
    }
    path->len = before;
    path->text[before] = 0;
}

void slip__libvirt_read_foreign(struct libvirt_reader *r, struct xml_node *root)
{
    struct path path = {.len = 0};

    sweep(r, &path, root);
}

/* Where a piece belongs, as its path says. */
struct place {
    struct xml_node *node;
    const char *attr;    /* NULL: it is an element */
    size_t behind, kind; /* those of its name, those of its key */
};

/* The child that a step leads to: NAME, NAME[n], NAME[@key='value'] or both. *path moves behind it. NULL: there is none. */
static struct xml_node *follow(struct xml_node *node, const char **path)
{
    size_t len = strcspn(*path, "/[#"), n = 0;
    char name[128], key[32] = "", value[64] = "";
    int end = 0;

    if (len >= sizeof(name))
        return NULL;
    snprintf(name, sizeof(name), "%.*s", (int)len, *path);
    *path += len;
    if (sscanf(*path, "[@%31[^=]='%63[^']']%n", key, value, &end) == 2 && end)
        *path += end;
    if (**path == '[') {
        n = strtoul(*path + 1, NULL, 10);
        *path += strcspn(*path, "/#");
    }
    for (struct xml_node *at = slip__xml_child(node, name, NULL); at;
         at = slip__xml_child(node, name, at)) {
        const struct xml_attr *attr = end ? slip__xml_attr(at, key) : NULL;

        /* Those that were put do not count. */
        if (!at->taken && (!end || (attr && strcmp(attr->value, value) == 0)) && n-- == 0)
            return at;
    }
    return NULL;
}

/* Walks a path from the root. False: there is no such place here. */
static bool find(struct xml_node *root, const char *path, struct place *ret)
{
    size_t len = strlen(root->name);

    *ret = (struct place){root, NULL, 0, 0};
    if (*path != '/' || strncmp(path + 1, root->name, len) != 0)
        return false;
    for (path += 1 + len; *path == '/' && path[1] != '@';) {
        path++;
        ret->node = follow(ret->node, &path);
        if (!ret->node)
            return false;
    }
    if (*path == '/')
        ret->attr = path + 2;
    else if (*path == '#')
        sscanf(path, "#%zu,%zu", &ret->behind, &ret->kind);
    return !*path || *path == '#' || *path == '/';
}

static void drop_child(struct xml_node *parent, struct xml_node *child)
{
    struct xml_node *before = NULL;

    for (struct xml_node *c = parent->first; c && c != child; c = c->next)
        before = c;
    if (before)
        before->next = child->next;
    else
        parent->first = child->next;
    if (parent->last == child)
        parent->last = before;
    slip__xml_free(child);
}

/* Puts node where it was among those of its name and of its key that are ours: those that were put are marked as taken. */
static void insert(const struct place *where, struct xml_node *node)
{
    struct xml_node *parent = where->node, *before = NULL, *c = parent->first;
    size_t n = 0, kind = 0;

    for (; c; before = c, c = c->next) {
        if (c->taken || strcmp(c->name, node->name) != 0)
            continue;
        if (n >= where->behind && kind >= where->kind)
            break;
        n++;
        kind += same_kind(c, node);
    }
    node->taken = true;
    node->parent = parent;
    node->next = c;
    if (before)
        before->next = node;
    else
        parent->first = node;
    if (!c)
        parent->last = node;
}

/* One of ours that says no more than node does. */
static bool stands_for(const struct xml_node *ours, const struct xml_node *node)
{
    const struct xml_attr *a, *b;

    if (ours->taken || !ours->implied || !same_kind(ours, node))
        return false;
    a = slip__xml_attr(ours, ours->implied);
    b = slip__xml_attr(node, ours->implied);
    return a && b ? strcmp(a->value, b->value) == 0 : a == b;
}

/* An element that there can be only one of takes the place of ours, and so does one that ours stood for. */
static bool put_element(struct libvirt_writer *w, const struct place *where, const char *text)
{
    bool oom;
    struct xml_node *node = slip__xml_parse(text, strlen(text), 0, NULL, &oom), *old;

    w->oom |= oom;
    if (!node)
        return false;
    old = where->node->first;
    if (slip__xml_single(where->node, node->name))
        old = slip__xml_child(where->node, node->name, NULL);
    else
        while (old && !stands_for(old, node))
            old = old->next;
    if (old)
        drop_child(where->node, old);
    insert(where, node);
    return true;
}

/* Can it be an attribute's name in text that we print? */
static bool is_name(const char *text)
{
    return *text && !strpbrk(text, " \t\r\n<>&'\"=/");
}

static void put_back(struct libvirt_writer *w, struct slip_foreign *f, bool attrs)
{
    struct place where;

    if (!SLIP_IS_SET(f->format) || strcmp(f->format.value, "libvirt") != 0 ||
        !SLIP_IS_SET(f->path) || !SLIP_IS_SET(f->text))
        return;
    if (!find(w->root, f->path.value, &where) || (where.attr != NULL) != attrs)
        return;
    if (attrs && (!is_name(where.attr) || !slip__xml_sayable(f->text.value)))
        return;
    if (attrs)
        slip__libvirt_attr(w, where.node, where.attr, f->text.value);
    else if (!put_element(w, &where, f->text.value))
        return;
    slip__said(&f->format.mark);
    slip__said(&f->path.mark);
    slip__said(&f->text.mark);
}

void slip__libvirt_write_foreign(struct libvirt_writer *w)
{
    struct slip_foreign_list *list = &w->guest->foreign;

    /* Attributes first: elements that come back count among those of their name. */
    for (int attrs = 1; attrs >= 0; attrs--) {
        for (size_t i = 0; i < list->count; i++)
            put_back(w, &list->items[i], attrs);
    }
}
