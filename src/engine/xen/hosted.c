/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Seeing and managing any domain of the host. Each call opens the host for itself: there is no run behind them. */
#include "engine/xen/hosted.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "engine/xen/devices.h"
#include "engine/xen/limits.h"
#include "engine/xen/publish.h"
#include "engine/xen/userdata.h"

/* Domains asked for with one hypercall. */
#define BATCH 128u

/* What every toolstack calls the host itself. */
#define DOM0_NAME "Domain-0"

/* What a domain has in XenStore, besides what Xen knows of it. */
struct names {
    char name[128];
    char port[16];      /* of its own XenStore ring: there once it is built */
    char unfinished[4]; /* publish.c's mark, while devices are connected */
    bool known;         /* by the caller: nothing was asked */
};

void slip__xen_uuid_text(const uint8_t handle[16], char ret[37])
{
    char *p = ret;

    for (unsigned i = 0; i < 16; i++)
        p += sprintf(p, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", handle[i]);
}

static const char *container(const xc_domaininfo_t *dom)
{
    if (!(dom->flags & XEN_DOMINF_hvm_guest))
        return "pv";
    return dom->arch_config.emulation_flags & ~(uint32_t)XEN_X86_EMU_LAPIC ? "hvm" : "pvh";
}

static enum slip_state state(const xc_domaininfo_t *dom, const struct names *names)
{
    unsigned code = dom->flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;

    if (dom->flags & XEN_DOMINF_dying)
        return SLIP_STATE_DYING;
    if (dom->flags & XEN_DOMINF_shutdown)
        return code == SHUTDOWN_crash || code == SHUTDOWN_watchdog ? SLIP_STATE_CRASHED
                                                                   : SLIP_STATE_OFF;
    if (!(dom->flags & XEN_DOMINF_paused))
        return SLIP_STATE_RUNNING;
    if (names->known || (names->name[0] && names->port[0] && !names->unfinished[0]))
        return SLIP_STATE_PAUSED;
    return SLIP_STATE_HALF_BUILT;
}

static void fill(struct slip_domain_info *ret, const xc_domaininfo_t *dom,
                 const struct names *names)
{
    memset((char *)ret + sizeof(ret->size), 0, sizeof(*ret) - sizeof(ret->size));
    snprintf(ret->name, sizeof(ret->name), "%s", names->name);
    slip__xen_uuid_text(dom->handle, ret->uuid);
    snprintf(ret->engine, sizeof(ret->engine), "xen");
    snprintf(ret->type, sizeof(ret->type), "%s", container(dom));
    ret->state = state(dom, names);
    ret->domid = dom->domain;
    ret->memory_bytes = (dom->tot_pages + dom->outstanding_pages) * 4096;
    ret->vcpus = dom->nr_online_vcpus;
    ret->cpu_us = dom->cpu_time / 1000;
    ret->on_cpu = dom->flags & XEN_DOMINF_running;
    ret->blocked = dom->flags & XEN_DOMINF_blocked;
}

/* Adds a read of one of a domain's nodes. */
static void want(struct slip_xen_read **next, const char *folder, unsigned domid, const char *key,
                 char *value, size_t size)
{
    snprintf((*next)->path, sizeof((*next)->path), "%s/%u/%s", folder, domid, key);
    (*next)->value = value;
    (*next)->size = size;
    (*next)++;
}

/* With one round trip for all of them. Only of a paused domain is there a doubt whether it is finished. */
static int read_names(struct slip_xen_store *store, const xc_domaininfo_t *doms, size_t count,
                      struct names *names, struct slip_error **err)
{
    SLIP_AUTO_FREE struct slip_xen_read *reads = calloc(3 * count, sizeof(*reads));
    struct slip_xen_read *next = reads;

    if (!reads)
        return slip__error_oom(err);
    for (size_t i = 0; i < count; i++) {
        unsigned id = doms[i].domain;
        struct names *n = &names[i];

        if (n->known)
            continue;
        *n = (struct names){0};
        if (id == 0) {
            snprintf(n->name, sizeof(n->name), DOM0_NAME);
            continue;
        }
        want(&next, "/local/domain", id, "name", n->name, sizeof(n->name));
        if (!(doms[i].flags & XEN_DOMINF_paused))
            continue;
        want(&next, "/local/domain", id, "store/port", n->port, sizeof(n->port));
        want(&next, "/libxl", id, SLIP_XEN_UNFINISHED, n->unfinished, sizeof(n->unfinished));
    }
    return next == reads ? 0 : slip__xen_store_read_all(store, reads, (size_t)(next - reads), err);
}

static void ask_known(const xc_domaininfo_t *doms, size_t count, slip_known_fn *known,
                      void *payload, struct names *names)
{
    char uuid[37];

    for (size_t i = 0; i < count; i++) {
        slip__xen_uuid_text(doms[i].handle, uuid);
        names[i] = (struct names){.known = known && doms[i].domain && known(uuid, payload)};
    }
}

static int list_batch(struct slip_xen *xen, xc_domaininfo_t *doms, struct names *names,
                      uint32_t *first, slip_known_fn *known, slip_domain_fn *fn, void *payload,
                      struct slip_error **err)
{
    int count = xc_domain_getinfolist(xen->xc, *first, BATCH, doms), rc = 0;

    if (count < 0)
        return slip__xen_error(xen, err, "list the domains");
    if (count > (int)BATCH)
        count = BATCH;
    ask_known(doms, (size_t)count, known, payload, names);
    if (count)
        rc = read_names(xen->store, doms, (size_t)count, names, err);
    for (int i = 0; rc == 0 && i < count; i++) {
        struct slip_domain_info info = {.size = sizeof(info)};

        fill(&info, &doms[i], &names[i]);
        if (fn(&info, payload))
            return 0;
    }
    if (count)
        *first = doms[count - 1].domain + 1u;
    return rc < 0 ? rc : count == BATCH;
}

static int hosted_list(slip_known_fn *known, slip_domain_fn *fn, void *payload,
                       struct slip_error **err)
{
    SLIP_AUTO(slip__xen_close) struct slip_xen xen = {0};
    SLIP_AUTO_FREE xc_domaininfo_t *doms = malloc(BATCH * sizeof(*doms));
    SLIP_AUTO_FREE struct names *names = malloc(BATCH * sizeof(*names));
    uint32_t first = 0;
    int rc = doms && names ? slip__xen_open(&xen, err) : slip__error_oom(err);

    if (rc == 0)
        do
            rc = list_batch(&xen, doms, names, &first, known, fn, payload, err);
        while (rc > 0);
    return rc;
}

/* The first domain of this batch that has the name. 1: it is in *ret_domid; 0: none has. */
static int find_in_batch(struct slip_xen *xen, const xc_domaininfo_t *doms, size_t count,
                         const char *name, slip_known_fn *known, void *payload, unsigned *ret_domid,
                         struct slip_error **err)
{
    SLIP_AUTO_FREE struct slip_xen_read *reads = calloc(count, sizeof(*reads));
    SLIP_AUTO_FREE char(*names)[128] = calloc(count, sizeof(*names));
    SLIP_AUTO_FREE unsigned *domids = calloc(count, sizeof(*domids));
    struct slip_xen_read *next = reads;
    size_t n = 0;
    int rc;

    if (!reads || !names || !domids)
        return slip__error_oom(err);
    for (size_t i = 0; i < count; i++) {
        char uuid[37];

        if (doms[i].domain == 0) { /* most often the only one in question, and its name is Xen's */
            if (strcmp(name, DOM0_NAME) != 0)
                continue;
            *ret_domid = 0;
            return 1;
        }
        slip__xen_uuid_text(doms[i].handle, uuid);
        if (known(uuid, payload))
            continue;
        domids[n] = doms[i].domain;
        want(&next, "/local/domain", domids[n], "name", names[n], sizeof(names[n]));
        n++;
    }
    rc = n ? slip__xen_store_read_all(xen->store, reads, n, err) : 0;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        if (strcmp(names[i], name) != 0)
            continue;
        *ret_domid = domids[i];
        return 1;
    }
    return rc;
}

/* Names take a question each, numbers and uuids a hypercall for all: so only those are asked of whom nobody knows the name. */
static int hosted_find(const char *name, slip_known_fn *known, void *payload, unsigned *ret_domid,
                       struct slip_error **err)
{
    SLIP_AUTO(slip__xen_close) struct slip_xen xen = {0};
    SLIP_AUTO_FREE xc_domaininfo_t *doms = malloc(BATCH * sizeof(*doms));
    uint32_t first = 0;
    int rc = doms ? slip__xen_open(&xen, err) : slip__error_oom(err), count = (int)BATCH;

    while (rc == 0 && count >= (int)BATCH) {
        count = xc_domain_getinfolist(xen.xc, first, BATCH, doms);
        if (count < 0)
            return slip__xen_error(&xen, err, "list the domains");
        if (count > (int)BATCH)
            count = BATCH;
        if (!count)
            break;
        rc = find_in_batch(&xen, doms, (size_t)count, name, known, payload, ret_domid, err);
        first = doms[count - 1].domain + 1u;
    }
    if (rc == 1)
        return 0;
    return rc < 0 ? rc : slip__error(err, SLIP_ENOENT, "no domain is called '%s'", name);
}

/* What Xen knows of one domain. */
static int find(struct slip_xen *xen, uint32_t domid, xc_domaininfo_t *ret, struct slip_error **err)
{
    int got = xc_domain_getinfolist(xen->xc, domid, 1, ret);

    if (got < 0)
        return slip__xen_error(xen, err, "ask for domain %u", domid);
    if (got == 0 || ret->domain != domid)
        return slip__error_code(err, SLIP_ENOENT, SLIP_CODE_XEN_GONE, "there is no domain %u",
                                domid);
    return 0;
}

/* XenStore has when it was started, in seconds with two places. */
static uint64_t uptime(struct slip_xen_store *store, uint32_t domid)
{
    char vm[128], started[32];
    struct timespec now;
    double seconds;

    if (!slip__xen_store_read(store, vm, sizeof(vm), "/local/domain/%u/vm", domid) ||
        !slip__xen_store_read(store, started, sizeof(started), "%s/start_time", vm))
        return 0;
    clock_gettime(CLOCK_REALTIME, &now);
    seconds = (double)now.tv_sec + (double)now.tv_nsec / 1e9 - strtod(started, NULL);
    return seconds > 0 && seconds < 1e10 ? (uint64_t)(seconds * 1e6) : 0;
}

int slip__xen_look(struct slip_xen *xen, uint32_t domid, struct slip_domain_info *ret,
                   struct slip_error **err)
{
    struct slip_xen_store *store;
    xc_domaininfo_t dom;
    struct names names = {0};
    int rc = find(xen, domid, &dom, err);

    if (rc < 0)
        return rc;
    /* Not the run's own connection: with an answer, events would come in that nobody then polls for. */
    rc = slip__xen_store_open(&store, err);
    if (rc < 0)
        return rc;
    rc = read_names(store, &dom, 1, &names, err);
    if (rc == 0) {
        fill(ret, &dom, &names);
        ret->uptime_us = uptime(store, domid);
    }
    slip__xen_store_close(store);
    return rc;
}

static int hosted_look(unsigned domid, struct slip_domain_info *ret, struct slip_error **err)
{
    SLIP_AUTO(slip__xen_close) struct slip_xen xen = {0};
    int rc = slip__xen_open(&xen, err);

    return rc < 0 ? rc : slip__xen_look(&xen, domid, ret, err);
}

/* Opens the host for something that is done to a domain that is there, and is not the host itself. */
static int open_for(unsigned domid, const char *what, struct slip_xen *xen, xc_domaininfo_t *ret,
                    struct slip_error **err)
{
    int rc;

    if (domid == 0)
        return slip__error(err, SLIP_EINVAL, "domain 0 is this host: it can't be %s", what);
    rc = slip__xen_open(xen, err);
    return rc < 0 ? rc : find(xen, domid, ret, err);
}

static int hosted_pause(unsigned domid, struct slip_error **err)
{
    SLIP_AUTO(slip__xen_close) struct slip_xen xen = {0};
    xc_domaininfo_t dom;
    int rc = open_for(domid, "paused", &xen, &dom, err);

    if (rc == 0 && xc_domain_pause(xen.xc, domid) < 0)
        rc = slip__xen_error(&xen, err, "pause domain %u", domid);
    return rc;
}

static int hosted_unpause(unsigned domid, struct slip_error **err)
{
    SLIP_AUTO(slip__xen_close) struct slip_xen xen = {0};
    xc_domaininfo_t dom;
    int rc = open_for(domid, "unpaused", &xen, &dom, err);

    if (rc == 0 && xc_domain_unpause(xen.xc, domid) < 0)
        rc = slip__xen_error(&xen, err, "unpause domain %u", domid);
    return rc;
}

int slip__xen_ask(struct slip_xen *xen, uint32_t domid, const char *what, struct slip_error **err)
{
    SLIP_AUTO(slip__xen_nodes_dispose) struct slip_xen_nodes nodes = {0};

    slip__xen_nodes_write(&nodes, what, "/local/domain/%u/control/shutdown", domid);
    return slip__xen_store_apply(xen->store, &nodes, err);
}

/* A guest that carries out a request empties the node first. One that does not look gets the request withdrawn, so that it
 * is not carried out at some later time when nobody expects it. */
static int wait_until_taken(struct slip_xen *xen, uint32_t domid, struct slip_error **err)
{
    uint64_t deadline = slip__now_us() + SLIP_LIMIT_CONTROL_MS * 1000ull;
    char path[SLIP_XEN_PATH_BYTES], value[32];
    int rc;

    snprintf(path, sizeof(path), "/local/domain/%u/control/shutdown", domid);
    rc = slip__xen_store_watch(xen->store, path, "control", err);
    if (rc < 0)
        return rc;
    do {
        if (!slip__xen_store_read(xen->store, value, sizeof(value), "%s", path) || !value[0])
            return 0;
    } while (slip__xen_store_wait(xen->store, deadline));
    slip__xen_ask(xen, domid, "", NULL);
    return slip__error_code(err, SLIP_ESTATE, SLIP_CODE_XEN_NO_SHUTDOWN,
                            "domain %u did not take note of the request in %d s", domid,
                            SLIP_LIMIT_CONTROL_MS / 1000);
}

static int ask_and_wait(unsigned domid, const char *what, const char *done, struct slip_error **err)
{
    SLIP_AUTO(slip__xen_close) struct slip_xen xen = {0};
    xc_domaininfo_t dom;
    int rc = open_for(domid, done, &xen, &dom, err);

    if (rc < 0)
        return rc;
    if (dom.flags & (XEN_DOMINF_dying | XEN_DOMINF_shutdown))
        return slip__error_code(err, SLIP_ESTATE, SLIP_CODE_WRONG_STATE, "domain %u has ended",
                                domid);
    rc = slip__xen_ask(&xen, domid, what, err);
    /* One that is paused takes note when it goes on. */
    return rc < 0 || dom.flags & XEN_DOMINF_paused ? rc : wait_until_taken(&xen, domid, err);
}

static int hosted_shutdown(unsigned domid, struct slip_error **err)
{
    return ask_and_wait(domid, "poweroff", "shut down", err);
}

static int hosted_reboot(unsigned domid, struct slip_error **err)
{
    return ask_and_wait(domid, "reboot", "rebooted", err);
}

/* Xen frees a domain's memory in the background when somebody else still has some of it mapped. */
static void wait_until_gone(struct slip_xen *xen, uint32_t domid)
{
    uint64_t deadline = slip__now_us() + SLIP_LIMIT_CLOSE_MS * 1000ull;
    xc_domaininfo_t dom;

    if (find(xen, domid, &dom, NULL) < 0 ||
        slip__xen_store_watch(xen->store, "@releaseDomain", "gone", NULL) < 0)
        return;
    while (find(xen, domid, &dom, NULL) == 0 && slip__xen_store_wait(xen->store, deadline))
        ;
}

/* What a process that was killed had asked of XenStore may be carried out after its death, and after all else was taken away. */
static void remove_late_nodes(struct slip_xen *xen, const xc_domaininfo_t *dom)
{
    SLIP_AUTO(slip__xen_nodes_dispose) struct slip_xen_nodes nodes = {0};
    char vm[48] = "/vm/";

    slip__xen_uuid_text(dom->handle, vm + 4);
    if (!slip__xen_vm_is_shared(xen, dom->domain, vm))
        slip__xen_nodes_remove(&nodes, "%s", vm);
    slip__xen_nodes_remove(&nodes, "/libxl/%u", dom->domain);
    slip__xen_nodes_remove(&nodes, "/local/domain/%u", dom->domain);
    slip__xen_store_apply(xen->store, &nodes, NULL); /* usually nothing is there */
}

static int hosted_destroy(unsigned domid, struct slip_error **err)
{
    SLIP_AUTO(slip__xen_close) struct slip_xen xen = {0};
    struct slip_error *first = NULL;
    xc_domaininfo_t dom;
    int rc = open_for(domid, "destroyed", &xen, &dom, err);

    if (rc < 0)
        return rc;
    xc_domain_pause(xen.xc, domid);
    slip__xen_unpublish(&xen, domid, &first);
    if (xc_domain_destroy(xen.xc, domid) < 0 && errno != ESRCH && !first)
        slip__xen_error(&xen, &first, "destroy domain %u", domid);
    wait_until_gone(&xen, domid);
    remove_late_nodes(&xen, &dom);
    rc = slip__error_copy(err, first);
    slip_error_free(first);
    return rc;
}

/* What has become of a domain that was first; false: it runs. */
static bool has_ended(struct slip_xen *xen, const xc_domaininfo_t *first, enum slip_end *ret)
{
    xc_domaininfo_t dom;
    unsigned why;

    *ret = SLIP_END_DESTROYED;
    if (find(xen, first->domain, &dom, NULL) < 0 || dom.flags & XEN_DOMINF_dying ||
        memcmp(dom.handle, first->handle, sizeof(dom.handle)) != 0)
        return true;
    why = dom.flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;
    *ret =
        why == SHUTDOWN_poweroff || why == SHUTDOWN_reboot ? SLIP_END_POWEROFF : SLIP_END_CRASHED;
    return dom.flags & XEN_DOMINF_shutdown && why != SHUTDOWN_suspend;
}

/* The watch comes before the first look, so that no end is missed. */
static int hosted_wait(unsigned domid, enum slip_end *ret, struct slip_error **err)
{
    SLIP_AUTO(slip__xen_close) struct slip_xen xen = {0};
    xc_domaininfo_t first;
    int rc = slip__xen_open(&xen, err);

    if (rc == 0)
        rc = find(&xen, domid, &first, err);
    if (rc == 0)
        rc = slip__xen_store_watch(xen.store, "@releaseDomain", "end", err);
    while (rc == 0 && !has_ended(&xen, &first, ret)) {
        slip__xen_store_wait(xen.store, slip__now_us() + SLIP_LIMIT_LOOK_AGAIN_MS * 1000ull);
        if (slip__xen_store_lost(xen.store))
            rc = slip__error_code(err, SLIP_EENGINE, SLIP_CODE_XENSTORE_FAILED,
                                  "XenStore's daemon has ended");
    }
    return rc;
}

static int hosted_console(unsigned domid, int *ret_fd, struct slip_error **err)
{
    SLIP_AUTO(slip__xen_close) struct slip_xen xen = {0};
    int rc = slip__xen_open(&xen, err);

    return rc < 0 ? rc : slip__xen_console_open(&xen, domid, ret_fd, err);
}

static int hosted_config(unsigned domid, char **ret, struct slip_error **err)
{
    struct slip_domain_info info = {.size = sizeof(info)};
    int rc = hosted_look(domid, &info, err);

    return rc < 0 ? rc : slip__xen_userdata_read(domid, info.uuid, ret, err);
}

static int hosted_attach(unsigned domid, const struct slip_device *device, struct slip_error **err)
{
    SLIP_AUTO(slip__xen_close) struct slip_xen xen = {0};
    xc_domaininfo_t dom;
    int rc = open_for(domid, "given devices", &xen, &dom, err);

    return rc < 0 ? rc : slip__xen_device_attach(&xen, domid, device, err);
}

static int hosted_detach(unsigned domid, enum slip_device_kind kind, const char *which,
                         struct slip_error **err)
{
    SLIP_AUTO(slip__xen_close) struct slip_xen xen = {0};
    xc_domaininfo_t dom;
    int rc = open_for(domid, "relieved of devices", &xen, &dom, err);

    return rc < 0 ? rc : slip__xen_device_detach(&xen, domid, kind, which, err);
}

static int hosted_devices(unsigned domid, slip_device_fn *fn, void *payload,
                          struct slip_error **err)
{
    SLIP_AUTO(slip__xen_close) struct slip_xen xen = {0};
    int rc = slip__xen_open(&xen, err);

    return rc < 0 ? rc : slip__xen_device_list(&xen, domid, fn, payload, err);
}

const struct slip_hosted slip__xen_hosted = {
    .list = hosted_list,
    .find = hosted_find,
    .look = hosted_look,
    .pause = hosted_pause,
    .unpause = hosted_unpause,
    .shutdown = hosted_shutdown,
    .reboot = hosted_reboot,
    .destroy = hosted_destroy,
    .wait = hosted_wait,
    .console = hosted_console,
    .config = hosted_config,
    .attach = hosted_attach,
    .detach = hosted_detach,
    .devices = hosted_devices,
};
