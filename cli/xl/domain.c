/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finding domains, and saying that there is none in xl's way. */
#include <stdlib.h>
#include <string.h>

#include "xl.h"

bool xl_is_number(const char *text)
{
    return *text && text[strspn(text, "0123456789")] == 0;
}

bool xl_is_host(const struct slip_domain_info *info)
{
    return info->domid == 0 && info->supervisor_pid == 0;
}

void xl_say(const struct xl_args *args, struct slip_error *err)
{
    fflush(stdout);
    cli_fail(&args->cli, err, CLI_FAILED);
}

int xl_open(const struct xl_args *args, const char *name, struct slip_domain **ret)
{
    struct slip_error *err = NULL;
    int rc = slip_domain_open(name, ret, &err);

    if (rc == SLIP_OK)
        return XL_OK;
    if (rc == SLIP_ENOENT) {
        fprintf(stderr, "%s is an invalid domain identifier (rc=-6)\n", name);
        slip_error_free(err);
    } else {
        xl_say(args, err);
    }
    return XL_FAILED;
}

int xl_look(const struct xl_args *args, const char *name, struct slip_domain_info *ret)
{
    struct slip_domain *domain = NULL;
    struct slip_error *err = NULL;
    int code = xl_open(args, name, &domain);

    *ret = (struct slip_domain_info){.size = sizeof(*ret)};
    if (code == XL_OK && slip_domain_info(domain, ret, &err) < 0) {
        xl_say(args, err);
        code = XL_FAILED;
    }
    slip_domain_free(domain);
    return code;
}

struct collector {
    struct xl_domains *domains;
    bool no_memory;
};

static int collect(const struct slip_domain_info *info, void *payload)
{
    struct collector *c = payload;
    struct xl_domains *d = c->domains;
    struct slip_domain_info *grown = realloc(d->infos, (d->n + 1) * sizeof(*grown));

    if (!grown) {
        c->no_memory = true;
        return 1;
    }
    d->infos = grown;
    d->infos[d->n++] = *info;
    return 0;
}

/* Domains without a number come last. */
static int by_number(const void *a, const void *b)
{
    const struct slip_domain_info *x = a, *y = b;
    unsigned m = (unsigned)x->domid, n = (unsigned)y->domid;

    return m < n ? -1 : m > n;
}

int xl_domains_get(const struct xl_args *args, struct xl_domains *ret)
{
    struct collector c = {.domains = ret};
    struct slip_error *err = NULL;
    int rc;

    *ret = (struct xl_domains){0};
    rc = slip_domain_list(collect, &c, &err);
    if (rc == SLIP_OK && !c.no_memory) {
        if (ret->n)
            qsort(ret->infos, ret->n, sizeof(*ret->infos), by_number);
        return XL_OK;
    }
    if (rc < 0)
        xl_say(args, err);
    else
        cli_error(&args->cli, CLI_FAILED, NULL, "out of memory");
    xl_domains_dispose(ret);
    return XL_FAILED;
}

void xl_domains_dispose(struct xl_domains *domains)
{
    free(domains->infos);
    *domains = (struct xl_domains){0};
}
