/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Domains for programs: finds the state folder, checks arguments, and hands on to src/life. The only place that reads the
 * environment for it. */
#include "api/domain.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "engine/idle.h"
#include "life/list.h"
#include "life/policy.h"
#include "life/spawn.h"

static bool is_our_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

/* Where this user's domains are found. The XDG Base Directory specification: a relative XDG_RUNTIME_DIR counts as unset. */
static int open_state(int *ret_fd, struct slip_error **err)
{
    const char *runtime = secure_getenv("XDG_RUNTIME_DIR");
    unsigned uid = (unsigned)geteuid();
    char path[PATH_MAX], fallback[32];

    snprintf(fallback, sizeof(fallback), "/run/user/%u", uid);
    if (uid == 0)
        snprintf(path, sizeof(path), "/run/slipway");
    else if (runtime && runtime[0] == '/' && is_our_folder(runtime) &&
             strlen(runtime) < sizeof(path) - sizeof("/slipway"))
        snprintf(path, sizeof(path), "%s/slipway", runtime);
    else if (is_our_folder(fallback))
        snprintf(path, sizeof(path), "%s/slipway", fallback);
    else
        snprintf(path, sizeof(path), "/tmp/slipway-%u", uid);
    return slip__state_open(path, ret_fd, err);
}

/* A newer program's bigger struct is not for this library; an older one's is smaller than what we would fill. */
static int check_size(const char *what, size_t given, size_t known, struct slip_error **err)
{
    if (given == known)
        return 0;
    return slip__error(err, SLIP_EINVAL, "%s has size %zu, this library knows %zu", what, given,
                       known);
}

static int check_guest(const struct slip_guest *guest, const struct slip_engine *engine,
                       struct slip_diags *diags, struct slip_error **err)
{
    size_t before = slip_diags_errors(diags);

    engine->check(guest, diags);
    slip__idle_check(guest, diags);
    slip__policy_check(guest, engine, diags);
    if (slip_diags_errors(diags) == before)
        return 0;
    return slip__error(err, SLIP_EDESC, "engine %s cannot run guest '%s' as it is described",
                       engine->name, slip_guest_name(guest));
}

/* A supervisor runs in "/": what the caller's working directory means must be said in full. */
static int absolute(const char *path, char **ret, struct slip_error **err)
{
    char cwd[PATH_MAX];
    int len;

    if (!path) {
        *ret = NULL;
        return 0;
    }
    if (path[0] == '/')
        len = asprintf(ret, "%s", path);
    else if (!getcwd(cwd, sizeof(cwd)))
        return slip__error_errno(err, SLIP_EIO, errno, "cannot find the working directory");
    else
        len = asprintf(ret, "%s/%s", cwd, path);
    return len < 0 ? slip__error_oom(err) : 0;
}

static int create(const struct slip_guest *guest, const struct slip_create_options *options,
                  const struct slip_engine *engine, struct slip_domain *domain,
                  struct slip_error **err)
{
    SLIP_AUTO_FREE char *record = NULL;
    SLIP_AUTO_CLOSE int root_fd = -1;
    struct slip_spawn spawn = {.guest = guest,
                               .engine = engine,
                               .paused = options->flags & SLIP_CREATE_PAUSED,
                               .owned = options->flags & SLIP_CREATE_OWNED,
                               .console = options->flags & SLIP_CREATE_CONSOLE,
                               .info = options->info,
                               .progress = options->progress,
                               .payload = options->payload};
    int rc;

    rc = absolute(options->record, &record, err);
    if (rc < 0) {
        record = NULL;
        return rc;
    }
    spawn.record = record;
    rc = open_state(&root_fd, err);
    if (rc == 0)
        rc = slip__spawn(root_fd, &spawn, &domain->client, err);
    if (rc == 0)
        root_fd = -1; /* the client's now */
    return rc;
}

static struct slip_domain *new_domain(void)
{
    struct slip_domain *domain = calloc(1, sizeof(*domain));

    if (domain)
        domain->client = SLIP_CLIENT_INIT;
    return domain;
}

int slip_domain_create(const struct slip_guest *guest, const struct slip_create_options *options,
                       struct slip_diags *diags, struct slip_domain **ret, struct slip_error **err)
{
    static const struct slip_create_options none = {.size = sizeof(none)};
    const struct slip_engine *engine;
    SLIP_AUTO_FREE struct slip_domain *domain = NULL;
    int rc;

    if (!guest || !diags || !ret)
        return slip__error(err, SLIP_EINVAL, "slip_domain_create() needs a guest, diags and ret");
    if (!options)
        options = &none;
    rc = check_size("struct slip_create_options", options->size, sizeof(*options), err);
    if (rc == 0 && options->info)
        rc =
            check_size("struct slip_domain_info", options->info->size, sizeof(*options->info), err);
    if (rc < 0)
        return rc;
    rc = slip__engine_find(options->engine, &engine, err);
    if (rc < 0)
        return rc;
    if (options->record && !engine->records) {
        slip__error(err, SLIP_EINVAL, "the %s engine runs guests and records nothing",
                    engine->name);
        slip__error_hint(err, "the engine to record with is null");
        return SLIP_EINVAL;
    }
    rc = check_guest(guest, engine, diags, err);
    if (rc < 0)
        return rc;
    domain = new_domain();
    if (!domain)
        return slip__error_oom(err);
    rc = create(guest, options, engine, domain, err);
    if (rc == 0)
        *ret = slip__steal(&domain);
    return rc;
}

/* One without a supervisor; or one with, by its number. */
static int open_stray(int root_fd, const char *name, struct slip_domain *domain,
                      struct slip_error **err)
{
    char linked[SLIP_LIMIT_NAME_BYTES + 1];
    int rc = slip__stray_find(root_fd, name, &domain->stray, err);

    if (rc < 0)
        return rc;
    if (strcmp(name, domain->stray.info.name) != 0 &&
        slip__state_name_of(root_fd, domain->stray.info.uuid, linked)) {
        if (slip__state_is_alive(root_fd, linked)) {
            domain->stray = (struct slip_stray){0};
            return slip__client_open(root_fd, linked, &domain->client, err);
        }
        return slip__stray_find(root_fd, linked, &domain->stray, err);
    }
    return 0;
}

static int open_domain(int root_fd, const char *name, struct slip_domain *domain,
                       struct slip_error **err)
{
    struct slip_error *why = NULL;
    int rc = slip__client_open(root_fd, name, &domain->client, &why);

    if (rc == SLIP_ENOENT ||
        rc == SLIP_EINVAL) { /* hypervisors have names that we would not give */
        slip_error_free(why);
        why = NULL;
        rc = open_stray(root_fd, name, domain, &why);
    }
    if (rc < 0 && err)
        *err = why;
    else
        slip_error_free(why);
    return rc;
}

int slip_domain_open(const char *name, struct slip_domain **ret, struct slip_error **err)
{
    SLIP_AUTO_FREE struct slip_domain *domain = NULL;
    SLIP_AUTO_CLOSE int root_fd = -1;
    int rc;

    if (!name || !ret)
        return slip__error(err, SLIP_EINVAL, "slip_domain_open() needs a name and ret");
    domain = new_domain();
    if (!domain)
        return slip__error_oom(err);
    rc = open_state(&root_fd, err);
    if (rc == 0)
        rc = open_domain(root_fd, name, domain, err);
    if (rc < 0)
        return rc;
    domain->client.root_fd = slip__steal_fd(&root_fd); /* the client's now */
    *ret = slip__steal(&domain);
    return 0;
}

void slip_domain_free(struct slip_domain *domain)
{
    if (!domain)
        return;
    slip__client_dispose(&domain->client);
    free(domain);
}

/* What can be asked of any domain, in both ways of asking. */
typedef int hosted_fn(unsigned domid, struct slip_error **err);

static int is_the_host(const struct slip_stray *stray, const char *verb, struct slip_error **err)
{
    slip__error_code(err, SLIP_EINVAL, SLIP_CODE_HOST_DOMAIN,
                     "domain 0 (%s) is the host itself: it is not for slipway to %s it",
                     stray->info.name, verb);
    return SLIP_EINVAL;
}

static int request(struct slip_domain *domain, const char *verb, hosted_fn *hosted,
                   struct slip_error **err)
{
    if (domain->stray.engine && domain->stray.info.domid == 0)
        return is_the_host(&domain->stray, verb, err);
    if (domain->stray.engine)
        return hosted((unsigned)domain->stray.info.domid, err);
    return slip__client_request(&domain->client, verb, NULL, err);
}

/* What a stray's hypervisor can do about it; NULL for a domain with a supervisor. */
static const struct slip_hosted *hosted_of(const struct slip_domain *domain)
{
    return domain->stray.engine ? domain->stray.engine->hosted : NULL;
}

static int no_domain(const char *verb, struct slip_error **err)
{
    return slip__error(err, SLIP_EINVAL, "no domain to %s", verb);
}

int slip_domain_pause(struct slip_domain *domain, struct slip_error **err)
{
    if (!domain)
        return no_domain("pause", err);
    return request(domain, "pause", hosted_of(domain) ? hosted_of(domain)->pause : NULL, err);
}

int slip_domain_unpause(struct slip_domain *domain, struct slip_error **err)
{
    if (!domain)
        return no_domain("unpause", err);
    return request(domain, "unpause", hosted_of(domain) ? hosted_of(domain)->unpause : NULL, err);
}

int slip_domain_shutdown(struct slip_domain *domain, struct slip_error **err)
{
    if (!domain)
        return no_domain("shutdown", err);
    return request(domain, "shutdown", hosted_of(domain) ? hosted_of(domain)->shutdown : NULL, err);
}

int slip_domain_reboot(struct slip_domain *domain, struct slip_error **err)
{
    if (!domain)
        return no_domain("reboot", err);
    return request(domain, "reboot", hosted_of(domain) ? hosted_of(domain)->reboot : NULL, err);
}

int slip_domain_destroy(struct slip_domain *domain, struct slip_error **err)
{
    if (!domain)
        return no_domain("destroy", err);
    if (domain->stray.engine && domain->stray.info.domid == 0)
        return is_the_host(&domain->stray, "destroy", err);
    if (domain->stray.engine)
        return slip__stray_destroy(domain->client.root_fd, &domain->stray, err);
    return slip__client_request(&domain->client, "destroy", NULL, err);
}

int slip_domain_detach(struct slip_domain *domain, struct slip_error **err)
{
    int rc;

    if (!domain)
        return no_domain("detach", err);
    if (domain->stray.engine)
        return 0; /* nobody owns it */
    rc = slip__client_request(&domain->client, "detach", NULL, err);
    if (rc == 0)
        domain->client.owned = false;
    return rc;
}

/* The hypervisor's view, with what the record adds. */
static int stray_info(struct slip_domain *domain, struct slip_domain_info *ret,
                      struct slip_error **err)
{
    const struct slip_domain_info *old = &domain->stray.info;
    struct slip_domain_info now = {.size = sizeof(now)};
    int rc = domain->stray.engine->hosted->look((unsigned)old->domid, &now, err);

    if (rc < 0)
        return rc;
    if (old->state == SLIP_STATE_HALF_BUILT && now.state != SLIP_STATE_DYING)
        now.state = old->state;
    memcpy(now.name, old->name, sizeof(now.name));
    memcpy(now.type, old->type, sizeof(now.type));
    now.uptime_us = old->uptime_us;
    now.boots = old->boots;
    if (old->boots) /* it has a record */
        now.vcpus = old->vcpus;
    *ret = now;
    return 0;
}

int slip_domain_info(struct slip_domain *domain, struct slip_domain_info *ret,
                     struct slip_error **err)
{
    json_t *reply = NULL;
    int rc;

    if (!domain || !ret)
        return slip__error(err, SLIP_EINVAL, "slip_domain_info() needs a domain and ret");
    rc = check_size("struct slip_domain_info", ret->size, sizeof(*ret), err);
    if (rc < 0)
        return rc;
    if (domain->stray.engine)
        return stray_info(domain, ret, err);
    rc = slip__client_request(&domain->client, "info", &reply, err);
    if (rc < 0)
        return rc;
    slip__info_from_json(reply, ret);
    json_decref(reply);
    return 0;
}

int slip_domain_config(struct slip_domain *domain, char **ret, struct slip_error **err)
{
    struct slip_domain_info info = {.size = sizeof(info)};
    const struct slip_engine *engine;
    int rc;

    if (!domain || !ret)
        return slip__error(err, SLIP_EINVAL, "slip_domain_config() needs a domain and ret");
    rc = slip_domain_info(domain, &info, err);
    engine = domain->stray.engine;
    if (rc == 0 && !engine)
        rc = slip__engine_find(info.engine, &engine, err);
    if (rc < 0)
        return rc;
    if (!engine->hosted || !engine->hosted->config || info.domid < 0)
        return slip__error(err, SLIP_ENOTSUP,
                           "the %s engine's guests have no configuration to read", engine->name);
    return engine->hosted->config((unsigned)info.domid, ret, err);
}

int slip_domain_console(struct slip_domain *domain, int *ret_fd, struct slip_error **err)
{
    if (!domain || !ret_fd)
        return slip__error(err, SLIP_EINVAL, "slip_domain_console() needs a domain and ret_fd");
    if (domain->stray.engine)
        return domain->stray.engine->hosted->console((unsigned)domain->stray.info.domid, ret_fd,
                                                     err);
    return slip__client_console(&domain->client, ret_fd, err);
}

static int wait_for_stray(const struct slip_stray *stray, enum slip_end *ret_end,
                          struct slip_timing *ret_timing, struct slip_error **err)
{
    if (!stray->engine->hosted->wait)
        return slip__error_code(err, SLIP_ENOTSUP, SLIP_CODE_NO_SUPERVISOR,
                                "domain %d ('%s') has no supervisor: nobody would tell of its end",
                                stray->info.domid, stray->info.name);
    if (ret_timing)
        *ret_timing = (struct slip_timing){0};
    return stray->engine->hosted->wait((unsigned)stray->info.domid, ret_end, err);
}

int slip_domain_wait(struct slip_domain *domain, enum slip_end *ret_end,
                     struct slip_timing *ret_timing, struct slip_error **err)
{
    const struct slip_ending *ending;

    if (!domain || !ret_end)
        return slip__error(err, SLIP_EINVAL, "slip_domain_wait() needs a domain and ret_end");
    if (domain->stray.engine)
        return wait_for_stray(&domain->stray, ret_end, ret_timing, err);
    slip__client_wait(&domain->client);
    ending = &domain->client.ending;
    *ret_end = ending->end;
    if (ret_timing)
        *ret_timing = ending->timing;
    return slip__error_copy(err, ending->err);
}

const char *slip_domain_end_reason(const struct slip_domain *domain)
{
    return domain ? domain->client.ending.reason : NULL;
}

int slip_domain_list(slip_domain_fn *fn, void *payload, struct slip_error **err)
{
    SLIP_AUTO_CLOSE int root_fd = -1;
    int rc;

    if (!fn)
        return slip__error(err, SLIP_EINVAL, "slip_domain_list() needs a function");
    rc = open_state(&root_fd, err);
    return rc < 0 ? rc : slip__list_each(root_fd, fn, payload, err);
}
