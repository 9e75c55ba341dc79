/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * XML documents compared as what they say: each element, attribute and text is a fact with a path, such as
 * "/domain/devices/disk[1]/target/@dev=hda". Two documents differ in the facts that only one of them has. A list of patterns says which
 * differences are meant:
 *
 *   # why
 *   SIDE FILES FACTS
 *
 * SIDE is + for a fact of the first document alone, - for one of the second alone; FILES and FACTS are shell patterns.
 */
#ifndef SLIP_TEST_XMLFACTS_H
#define SLIP_TEST_XMLFACTS_H

#include <stddef.h>

struct xml_rules;

/* Reads a list; fails the test if it can't. */
struct xml_rules *xml_rules_load(const char *path);
void xml_rules_free(struct xml_rules *rules);

/* Prints each difference that no rule allows, and returns their number. name: of what is compared, for rules and messages. *ret_allowed
 * (NULL: not wanted) gets the number of those that one allows. */
size_t xml_facts_compare(const char *name, const char *ours, const char *theirs,
                         struct xml_rules *rules, size_t *ret_allowed);

#endif
