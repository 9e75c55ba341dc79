/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* XML as facts (the header says what they are), by libxml2 itself: not by the code that is tested. */
#include "xmlfacts.h"

#include <fnmatch.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FACT_BYTES 1024

struct facts {
    size_t count;
    char **items;
};

struct xml_rules {
    size_t count;
    struct {
        char side;
        char files[128], facts[384];
    } items[256];
};

static void add(struct facts *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(struct facts *f, const char *fmt, ...)
{
    va_list args;

    f->items = realloc(f->items, (f->count + 1) * sizeof(*f->items));
    assert_non_null(f->items);
    va_start(args, fmt);
    assert_true(vasprintf(&f->items[f->count++], fmt, args) >= 0);
    va_end(args);
}

/* "controller:ide": elements that are told apart by an attribute, wherever they stand. */
static void name_of(xmlNodePtr node, char *ret, size_t size)
{
    static const char *const keys[][2] = {
        {"controller", "type"}, {"input", "type"}, {"timer", "name"}, {"feature", "name"}};
    xmlChar *value = NULL;

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (strcmp((const char *)node->name, keys[i][0]) == 0)
            value = xmlGetProp(node, (const xmlChar *)keys[i][1]);
    }
    snprintf(ret, size, value ? "%s:%s" : "%s", (const char *)node->name, (const char *)value);
    xmlFree(value);
}

static void collect(struct facts *f, xmlNodePtr node, const char *parent)
{
    char path[FACT_BYTES], name[256], other[256];
    unsigned n = 0;
    xmlNodePtr c;

    name_of(node, name, sizeof(name));
    for (c = node->prev; c; c = c->prev) {
        if (c->type != XML_ELEMENT_NODE)
            continue;
        name_of(c, other, sizeof(other));
        n += strcmp(name, other) == 0;
    }
    snprintf(path, sizeof(path), n ? "%s/%s[%u]" : "%s/%s", parent, name, n);
    add(f, "%s", path);
    for (xmlAttrPtr a = node->properties; a; a = a->next) {
        xmlChar *value = xmlNodeGetContent((xmlNodePtr)(void *)a);

        add(f, "%s/@%s=%s", path, (const char *)a->name, (const char *)value);
        xmlFree(value);
    }
    if (!xmlFirstElementChild(node)) {
        xmlChar *text = xmlNodeGetContent(node);

        if (text && *text)
            add(f, "%s=%s", path, (const char *)text);
        xmlFree(text);
    }
    for (c = node->children; c; c = c->next) {
        if (c->type == XML_ELEMENT_NODE)
            collect(f, c, path);
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static struct facts facts_of(const char *name, const char *text)
{
    struct facts f = {0};
    xmlDocPtr doc = xmlReadMemory(text, (int)strlen(text), name, NULL, XML_PARSE_NONET);

    if (!doc)
        fail_msg("%s is no XML: %.200s", name, text);
    collect(&f, xmlDocGetRootElement(doc), "");
    xmlFreeDoc(doc);
    qsort(f.items, f.count, sizeof(*f.items), by_text);
    return f;
}

static void dispose(struct facts *f)
{
    for (size_t i = 0; i < f->count; i++)
        free(f->items[i]);
    free(f->items);
}

struct xml_rules *xml_rules_load(const char *path)
{
    struct xml_rules *rules = calloc(1, sizeof(*rules));
    FILE *file = fopen(path, "r");
    char line[1024];

    assert_non_null(rules);
    if (!file)
        fail_msg("cannot open %s", path);
    while (fgets(line, sizeof(line), file)) {
        if (line[0] == '#' || line[0] == '\n')
            continue;
        assert_true(rules->count < sizeof(rules->items) / sizeof(rules->items[0]));
        if (sscanf(line, "%c %127s %383[^\n]", &rules->items[rules->count].side,
                   rules->items[rules->count].files, rules->items[rules->count].facts) != 3)
            fail_msg("%s has a bad line: %s", path, line);
        rules->count++;
    }
    fclose(file);
    return rules;
}

void xml_rules_free(struct xml_rules *rules)
{
    free(rules);
}

static int allowed(const struct xml_rules *rules, const char *name, char side, const char *fact)
{
    for (size_t i = 0; rules && i < rules->count; i++) {
        if (rules->items[i].side == side && fnmatch(rules->items[i].files, name, 0) == 0 &&
            fnmatch(rules->items[i].facts, fact, 0) == 0)
            return 1;
    }
    return 0;
}

size_t xml_facts_compare(const char *name, const char *ours, const char *theirs,
                         struct xml_rules *rules, size_t *ret_allowed)
{
    struct facts a = facts_of(name, ours), b = facts_of(name, theirs);
    size_t i = 0, k = 0, differ = 0, meant = 0;

    while (i < a.count || k < b.count) {
        int order = i == a.count ? 1 : k == b.count ? -1 : strcmp(a.items[i], b.items[k]);
        const char *fact = order <= 0 ? a.items[i] : b.items[k];

        if (order != 0 && !allowed(rules, name, order < 0 ? '+' : '-', fact)) {
            print_message("# %s: %c %s\n", name, order < 0 ? '+' : '-', fact);
            differ++;
        } else {
            meant += order != 0;
        }
        i += order <= 0;
        k += order >= 0;
    }
    if (ret_allowed)
        *ret_allowed = meant;
    dispose(&a);
    dispose(&b);
    return differ;
}
