/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt's XML over pairs of files: each description beside the XML that libvirt makes of it. The pairs of our own are in
 * tests/data/libvirt; what the real driver said of tests/data/xl is in tests/data/libvirt-9.0; SLIPWAY_CORPUS names a folder of more (xl/, xm/, sxpr/to, sxpr/from), used if it is there. What differs on
 * purpose is in tests/data/libvirt-differences.
 */
#include "guest_fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "skip.h"
#include "slipway/guest.h"
#include "xmlfacts.h"

#define OWN SLIP_TEST_DATA "/libvirt"

static struct xml_rules *rules;

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = calloc(1, 1 << 20);

    assert_non_null(text);
    if (!file) {
        free(text);
        return NULL;
    }
    assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
    fclose(file);
    return text;
}

/* A text in another format; name is for messages. */
static char *convert(const char *name, const char *text, const char *from, const char *to)
{
    struct slip_guest_options options = {.size = sizeof(options),
                                         .format = from,
                                         .flags = SLIP_GUEST_XL_COMPAT | SLIP_GUEST_CONVERT};
    struct slip_convert_options how = {.size = sizeof(how), .format = to};
    struct slip_diags *diags = slip_diags_new();
    struct slip_guest *guest = NULL;
    struct slip_error *err = NULL;
    char *ret = NULL;
    int rc = slip_guest_parse(name, "/", text, strlen(text), &options, diags, &guest, &err);

    if (rc == 0)
        rc = slip_guest_convert(guest, &how, diags, &ret, NULL, &err);
    for (size_t i = 0; rc < 0 && i < slip_diags_count(diags); i++)
        print_message("# %s: %s\n", name, slip_diag_message(slip_diags_at(diags, i)));
    if (rc < 0)
        print_message("# %s: %s -> %s: %s\n", name, from ? from : "?", to, slip_error_message(err));
    slip_error_free(err);
    slip_guest_free(guest);
    slip_diags_free(diags);
    return ret;
}

/* Does file end in suffix? Its name without it in ret. */
static bool stem(const char *file, const char *suffix, char *ret, size_t size)
{
    size_t len = strlen(file), end = strlen(suffix);

    if (len <= end || strcmp(file + len - end, suffix) != 0)
        return false;
    snprintf(ret, size, "%.*s", (int)(len - end), file);
    return true;
}

struct tally {
    size_t files, equal, meant, wrong;
    bool xm; /* the folder has xm's descriptions */
};

typedef void pair_fn(const char *folder, const char *name, struct tally *t);

static struct tally each(const char *root, const char *sub, const char *suffix, pair_fn *fn)
{
    struct tally t = {.xm = strcmp(sub, "xm") == 0};
    struct dirent **entries;
    char folder[512], name[256];
    int n;

    snprintf(folder, sizeof(folder), "%s/%s", root, sub);
    n = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        if (stem(entries[i]->d_name, suffix, name, sizeof(name)))
            fn(folder, name, &t);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
    print_message("# %s: %zu files, %zu equal, %zu with differences that are meant, %zu wrong\n",
                  sub, t.files, t.equal, t.meant, t.wrong);
    return t;
}

/* The name that rules know a pair by: the folder's last part and the file's. */
static void rule_name(char *ret, size_t size, const char *folder, const char *name)
{
    const char *slash = strrchr(folder, '/');

    snprintf(ret, size, "%s/%s", slash ? slash + 1 : folder, name);
}

static void native_pair(const char *folder, const char *name, struct tally *t)
{
    char path[1024], id[512];
    char *native, *xml, *made;
    const char *from = t->xm && slip__format_find("xm") ? "xm" : "xl";
    size_t meant = 0;

    if (snprintf(path, sizeof(path), "%s/%s.cfg", folder, name) >= (int)sizeof(path))
        return;
    native = read_file(path);
    if (snprintf(path, sizeof(path), "%s/%s.xml", folder, name) >= (int)sizeof(path))
        return;
    xml = read_file(path);
    rule_name(id, sizeof(id), folder, name);
    if (native && xml) {
        t->files++;
        made = convert(id, native, from, "libvirt");
        if (!made || xml_facts_compare(id, made, xml, rules, &meant))
            t->wrong++;
        else if (meant)
            t->meant++;
        else
            t->equal++;
        free(made);
    }
    free(native);
    free(xml);
}

/* The same, with the description in the folder of xl's. What this libvirt invents, reading it back must not trip over. */
static void driver_pair(const char *folder, const char *name, struct tally *t)
{
    char path[1024], id[512];
    char *native, *xml, *made, *back;
    size_t meant = 0;

    snprintf(path, sizeof(path), "%s/%s.cfg", SLIP_TEST_DATA "/xl", name);
    native = read_file(path);
    snprintf(path, sizeof(path), "%.500s/%.400s.xml", folder, name);
    xml = read_file(path);
    rule_name(id, sizeof(id), folder, name);
    assert_true(native && xml);
    t->files++;
    made = convert(id, native, "xl", "libvirt");
    back = convert(id, xml, "libvirt", "xl");
    if (!made || !back || xml_facts_compare(id, made, xml, rules, &meant))
        t->wrong++;
    else if (meant)
        t->meant++;
    else
        t->equal++;
    free(made);
    free(back);
    free(native);
    free(xml);
}

/* XML to XML: the same but for what libvirt itself would add; and then nothing changes any more. */
static void round_trip(const char *folder, const char *name, struct tally *t)
{
    char path[1024], id[512];
    char *xml, *once, *twice;
    size_t meant = 0;

    if (snprintf(path, sizeof(path), "%s/%s.xml", folder, name) >= (int)sizeof(path))
        return;
    xml = read_file(path);
    snprintf(id, sizeof(id), "xml/%s", name);
    if (!xml)
        return;
    t->files++;
    once = convert(id, xml, NULL, "libvirt");
    twice = once ? convert(id, once, NULL, "libvirt") : NULL;
    if (!twice || strcmp(once, twice) != 0 || xml_facts_compare(id, once, xml, rules, &meant)) {
        if (twice && strcmp(once, twice) != 0)
            print_message("# %s: a second time it is another text\n", id);
        t->wrong++;
    } else if (meant) {
        t->meant++;
    } else {
        t->equal++;
    }
    free(xml);
    free(once);
    free(twice);
}

/* XML to xl and back: what the first conversion of the XML says, exactly. */
static void through_xl(const char *folder, const char *name, struct tally *t)
{
    char path[1024], id[512];
    char *xml, *once, *xl, *back;

    if (!slip__format_find("xl")->emit)
        return;
    if (snprintf(path, sizeof(path), "%s/%s.xml", folder, name) >= (int)sizeof(path))
        return;
    xml = read_file(path);
    snprintf(id, sizeof(id), "through-xl/%s", name);
    if (!xml)
        return;
    t->files++;
    once = convert(id, xml, NULL, "libvirt");
    xl = convert(id, xml, NULL, "xl");
    back = xl ? convert(id, xl, "xl", "libvirt") : NULL;
    if (once && back && strcmp(once, back) == 0)
        t->equal++;
    else if (!once || !back || xml_facts_compare(id, back, once, rules, NULL))
        t->wrong++;
    else
        t->meant++;
    free(xml);
    free(once);
    free(xl);
    free(back);
}

/* An s-expression as xend prints it, and the XML that libvirt made of it. */
static void sxpr_pair(const char *folder, const char *name, struct tally *t)
{
    char path[1024], id[512];
    char *sxpr, *xml, *made;
    size_t meant = 0;

    snprintf(path, sizeof(path), "%.500s/%.400s.sexpr", folder, name);
    sxpr = read_file(path);
    snprintf(path, sizeof(path), "%.500s/%.400s.xml", folder, name);
    xml = read_file(path);
    snprintf(id, sizeof(id), "from-sxpr/%s", name);
    if (sxpr && xml) {
        t->files++;
        made = convert(id, sxpr, "sxpr", "libvirt");
        if (!made || xml_facts_compare(id, made, xml, rules, &meant))
            t->wrong++;
        else if (meant)
            t->meant++;
        else
            t->equal++;
        free(made);
    }
    free(sxpr);
    free(xml);
}

static const struct {
    const char *folder, *suffix;
    pair_fn *fn;
} kinds[] = {
    {"xl", ".cfg", native_pair},     {"xm", ".cfg", native_pair},
    {"xl", ".xml", round_trip},      {"xm", ".xml", round_trip},
    {"sxpr/to", ".xml", round_trip}, {"sxpr/from", ".xml", round_trip},
    {"xl", ".xml", through_xl},      {"xm", ".xml", through_xl},
    {"sxpr/to", ".xml", through_xl}, {"sxpr/from", ".xml", through_xl},
    {"xml", ".xml", round_trip},     {"sxpr/from", ".sexpr", sxpr_pair},
};

static size_t check_all(const char *root)
{
    size_t wrong = 0, files = 0;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct tally t = each(root, kinds[i].folder, kinds[i].suffix, kinds[i].fn);

        wrong += t.wrong;
        files += t.files;
    }
    assert_true(files > 0);
    return wrong;
}

static void test_own(void **state)
{
    (void)state;
    assert_int_equal(check_all(OWN), 0);
}

static void test_driver(void **state)
{
    struct tally t = each(SLIP_TEST_DATA, "libvirt-9.0", ".xml", driver_pair);

    (void)state;
    assert_true(t.files >= 60);
    assert_int_equal(t.wrong, 0);
}

static void test_corpus(void **state)
{
    const char *corpus = getenv("SLIPWAY_CORPUS");

    (void)state;
    assert_int_equal(corpus ? check_all(corpus) : 1, 0);
}

static int load(void **state)
{
    (void)state;
    rules = xml_rules_load(SLIP_TEST_DATA "/libvirt-differences");
    return 0;
}

static int unload(void **state)
{
    (void)state;
    xml_rules_free(rules);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own),
        cmocka_unit_test(test_driver),
        TEST_IF(getenv("SLIPWAY_CORPUS"), test_corpus, "SLIPWAY_CORPUS names no folder of pairs"),
    };

    return cmocka_run_group_tests_name("libvirt_corpus", tests, load, unload);
}
