/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Domains for programs: finds the state folder, checks arguments, and hands on to src/life. The only place that reads the
 * environment for it. */
#include "slipway/domain.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "life/client.h"
#include "life/policy.h"
#include "life/spawn.h"

struct slip_domain {
    struct slip_client client;
};

/* A list asks each domain for so long, all of them together for so long, and the rest still get a moment. */
#define LOOK_US       500000u
#define LOOK_ALL_US   2000000u
#define LOOK_LEAST_US 20000u

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
    slip__policy_check(guest, diags);
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
    domain = calloc(1, sizeof(*domain));
    if (!domain)
        return slip__error_oom(err);
    rc = create(guest, options, engine, domain, err);
    if (rc == 0)
        *ret = slip__steal(&domain);
    return rc;
}

int slip_domain_open(const char *name, struct slip_domain **ret, struct slip_error **err)
{
    SLIP_AUTO_FREE struct slip_domain *domain = NULL;
    SLIP_AUTO_CLOSE int root_fd = -1;
    int rc;

    if (!name || !ret)
        return slip__error(err, SLIP_EINVAL, "slip_domain_open() needs a name and ret");
    domain = calloc(1, sizeof(*domain));
    if (!domain)
        return slip__error_oom(err);
    rc = open_state(&root_fd, err);
    if (rc == 0)
        rc = slip__client_open(root_fd, name, &domain->client, err);
    if (rc < 0)
        return rc;
    root_fd = -1; /* the client's now */
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

static int request(struct slip_domain *domain, const char *verb, struct slip_error **err)
{
    if (!domain)
        return slip__error(err, SLIP_EINVAL, "no domain to %s", verb);
    return slip__client_request(&domain->client, verb, NULL, err);
}

int slip_domain_pause(struct slip_domain *domain, struct slip_error **err)
{
    return request(domain, "pause", err);
}

int slip_domain_unpause(struct slip_domain *domain, struct slip_error **err)
{
    return request(domain, "unpause", err);
}

int slip_domain_shutdown(struct slip_domain *domain, struct slip_error **err)
{
    return request(domain, "shutdown", err);
}

int slip_domain_reboot(struct slip_domain *domain, struct slip_error **err)
{
    return request(domain, "reboot", err);
}

int slip_domain_destroy(struct slip_domain *domain, struct slip_error **err)
{
    return request(domain, "destroy", err);
}

int slip_domain_detach(struct slip_domain *domain, struct slip_error **err)
{
    return request(domain, "detach", err);
}

int slip_domain_device_attach(struct slip_domain *domain, enum slip_device_kind kind,
                              const char *spec, struct slip_diags *diags, struct slip_error **err)
{
    if (!domain || !spec || !diags)
        return slip__error(err, SLIP_EINVAL, "slip_domain_device_attach() needs a domain and more");
    return slip__error(err, SLIP_ENOTSUP, "no device of kind %d can be attached", (int)kind);
}

int slip_domain_device_detach(struct slip_domain *domain, enum slip_device_kind kind,
                              const char *which, struct slip_error **err)
{
    if (!domain || !which)
        return slip__error(err, SLIP_EINVAL, "slip_domain_device_detach() needs a domain and more");
    return slip__error(err, SLIP_ENOTSUP, "no device of kind %d can be detached", (int)kind);
}

int slip_domain_device_list(struct slip_domain *domain, slip_device_fn *fn, void *payload,
                            struct slip_error **err)
{
    (void)payload;
    if (!domain || !fn)
        return slip__error(err, SLIP_EINVAL, "slip_domain_device_list() needs a domain and more");
    return slip__error(err, SLIP_ENOTSUP, "devices cannot be listed");
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
    rc = slip__client_request(&domain->client, "info", &reply, err);
    if (rc < 0)
        return rc;
    slip__info_from_json(reply, ret);
    json_decref(reply);
    return 0;
}

int slip_domain_console(struct slip_domain *domain, int *ret_fd, struct slip_error **err)
{
    if (!domain || !ret_fd)
        return slip__error(err, SLIP_EINVAL, "slip_domain_console() needs a domain and ret_fd");
    return slip__client_console(&domain->client, ret_fd, err);
}

int slip_domain_wait(struct slip_domain *domain, enum slip_end *ret_end,
                     struct slip_timing *ret_timing, struct slip_error **err)
{
    const struct slip_ending *ending;

    if (!domain || !ret_end)
        return slip__error(err, SLIP_EINVAL, "slip_domain_wait() needs a domain and ret_end");
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

struct lister {
    int root_fd;
    uint64_t deadline_us; /* for all of them */
    slip_domain_fn *fn;
    void *payload;
};

static int list_one(const char *name, void *payload)
{
    const struct lister *lister = payload;
    struct slip_domain_info info = {.size = sizeof(info)};
    uint64_t now = slip__now_us(), deadline_us = now + LOOK_US;

    if (deadline_us > lister->deadline_us)
        deadline_us = lister->deadline_us;
    if (deadline_us < now + LOOK_LEAST_US)
        deadline_us = now + LOOK_LEAST_US;
    if (slip__client_look(lister->root_fd, name, deadline_us, &info, NULL) < 0)
        return 0; /* gone, or not far enough to have a record */
    return lister->fn(&info, lister->payload);
}

int slip_domain_list(slip_domain_fn *fn, void *payload, struct slip_error **err)
{
    SLIP_AUTO_CLOSE int root_fd = -1;
    struct lister lister = {.fn = fn, .payload = payload};
    int rc;

    if (!fn)
        return slip__error(err, SLIP_EINVAL, "slip_domain_list() needs a function");
    rc = open_state(&root_fd, err);
    if (rc < 0)
        return rc;
    lister.root_fd = root_fd;
    lister.deadline_us = slip__now_us() + LOOK_ALL_US;
    rc = slip__state_each(root_fd, list_one, &lister, err);
    return rc < 0 ? rc : 0;
}
