/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What no reader took, kept as pieces of the guest, and put back into a tree. A piece's path is that of its parent: names with slashes
 * between, "[n]" behind a name that is not the first of it. "#n" at its end: behind the first n of the same name there. An attribute's ends
 * with "/@name". It must not know any element.
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

/* How many taken siblings of its name are before it. */
static size_t ordinal(const struct xml_node *node)
{
    size_t n = 0;

    for (const struct xml_node *c = node->parent ? node->parent->first : node; c != node;
         c = c->next)
        n += c->taken && strcmp(c->name, node->name) == 0;
    return n;
}

static void keep_element(struct libvirt_reader *r, const struct path *path,
                         const struct xml_node *node)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf text = {0};
    char where[PATH_BYTES + 24];
    size_t n = ordinal(node);

    if (n && slip__xml_single(node->parent, node->name)) {
        slip__diag(r->diags, SLIP_CODE_KEY_REPEATED, node->span,
                   "<%.60s> is there again; the first one counts", node->name);
        return;
    }
    if (list_full(r, node->span))
        return;
    snprintf(where, sizeof(where), n ? "%s#%zu" : "%s", path->text, n);
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

/* *path grows by the node's step; returns its length before. */
static size_t step(struct path *path, const struct xml_node *node)
{
    size_t before = path->len, n = ordinal(node);
    int added = n ? snprintf(path->text + before, PATH_BYTES - before, "/%s[%zu]", node->name, n)
                  : snprintf(path->text + before, PATH_BYTES - before, "/%s", node->name);

    path->len +=
        added < 0 || (size_t)added >= PATH_BYTES - before ? PATH_BYTES - 1 - before : (size_t)added;
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

/* Walks a path from the root; its attribute, if it ends in one, in *ret_attr. NULL: no such place here. */
static struct xml_node *find(struct xml_node *root, const char *path, const char **ret_attr,
                             size_t *ret_behind)
{
    struct xml_node *node = NULL;

    *ret_attr = NULL;
    *ret_behind = 0;
    while (*path == '/') {
        size_t len = strcspn(++path, "/[#"), n = 0;
        struct xml_node *at;
        char name[128];

        if (*path == '@') {
            *ret_attr = path + 1;
            return node;
        }
        if (len >= sizeof(name))
            return NULL;
        snprintf(name, sizeof(name), "%.*s", (int)len, path);
        path += len;
        if (*path == '[') {
            n = strtoul(path + 1, NULL, 10);
            path += strcspn(path, "/#");
        }
        if (!node) {
            at = strcmp(root->name, name) == 0 ? root : NULL;
        } else {
            at = slip__xml_child(node, name, NULL);
            while (at && (at->taken || n-- > 0)) /* those that were put do not count */
                at = slip__xml_child(node, name, at);
        }
        if (!at)
            return NULL;
        node = at;
    }
    if (*path == '#')
        *ret_behind = strtoul(path + 1, NULL, 10);
    return *path && *path != '#' ? NULL : node;
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

/* Puts node behind the first `behind` of its name that are ours: those that were put are marked as taken. */
static void insert(struct xml_node *parent, struct xml_node *node, size_t behind)
{
    struct xml_node *before = NULL, *c = parent->first;
    size_t n = 0;

    for (; c; before = c, c = c->next) {
        if (strcmp(c->name, node->name) == 0 && !c->taken && n++ == behind)
            break;
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

/* An element that there can be only one of takes the place of ours. */
static bool put_element(struct libvirt_writer *w, struct xml_node *parent, const char *text,
                        size_t behind)
{
    bool oom;
    struct xml_node *node = slip__xml_parse(text, strlen(text), 0, NULL, &oom), *old;

    w->oom |= oom;
    if (!node)
        return false;
    old = slip__xml_single(parent, node->name) ? slip__xml_child(parent, node->name, NULL) : NULL;
    if (old)
        drop_child(parent, old);
    insert(parent, node, behind);
    return true;
}

/* Can it be an attribute's name in text that we print? */
static bool is_name(const char *text)
{
    return *text && !strpbrk(text, " \t\r\n<>&'\"=/");
}

static void put_back(struct libvirt_writer *w, struct slip_foreign *f, bool attrs)
{
    struct xml_node *node;
    const char *attr;
    size_t behind;

    if (!SLIP_IS_SET(f->format) || strcmp(f->format.value, "libvirt") != 0 ||
        !SLIP_IS_SET(f->path) || !SLIP_IS_SET(f->text))
        return;
    node = find(w->root, f->path.value, &attr, &behind);
    if (!node || (attr != NULL) != attrs)
        return;
    if (attr && (!is_name(attr) || !slip__xml_sayable(f->text.value)))
        return;
    if (attr)
        slip__libvirt_attr(w, node, attr, f->text.value);
    else if (!put_element(w, node, f->text.value, behind))
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
