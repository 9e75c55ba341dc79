/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xl domid, xl domname: from a domain's name to its number, and back. */
#include <stdlib.h>
#include <string.h>

#include "xl.h"

/* The domain of that name or number; false if there is none. Why not is of no interest: it can't be told. */
static bool look(const char *name, struct slip_domain_info *ret)
{
    struct slip_domain *domain = NULL;
    bool found;

    *ret = (struct slip_domain_info){.size = sizeof(*ret), .domid = -1};
    found = slip_domain_open(name, &domain, NULL) == SLIP_OK &&
            slip_domain_info(domain, ret, NULL) == SLIP_OK;
    slip_domain_free(domain);
    return found;
}

static int domid(const struct xl_args *args)
{
    const char *name = args->names[0];
    struct slip_domain_info info;

    if (!look(name, &info) || strcmp(info.name, name) != 0 || info.domid < 0) {
        fprintf(stderr, "Can't get domid of domain name '%s', maybe this domain does not exist.\n",
                name);
        return XL_FAILED;
    }
    printf("%d\n", info.domid);
    return XL_OK;
}

const struct xl_verb xl_verb_domid = {
    .name = "domid",
    .summary = "Print the number of a domain",
    .usage = "<DomainName>",
    .letters = "",
    .min_args = 1,
    .run = domid,
};

static int domname(const struct xl_args *args)
{
    struct slip_domain_info info;
    char number[24], *end;
    long value = strtol(args->names[0], &end, 10);

    if (end == args->names[0]) {
        fputs("Invalid domain id.\n\n", stderr);
        return XL_FAILED;
    }
    snprintf(number, sizeof(number), "%ld", value);
    if (!look(number, &info) || info.domid != value || !*info.name) {
        fprintf(stderr,
                "Can't get domain name of domain id '%ld', maybe this domain does not exist.\n",
                value);
        return XL_FAILED;
    }
    printf("%s\n", info.name);
    return XL_OK;
}

const struct xl_verb xl_verb_domname = {
    .name = "domname",
    .summary = "Print the name of a domain",
    .usage = "<DomainId>",
    .letters = "",
    .min_args = 1,
    .run = domname,
};
