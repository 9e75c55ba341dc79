/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The steps of devices coming and going. */
#include "engine/xen/setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "engine/xen/limits.h"

static uint64_t in_ms(unsigned ms)
{
    return slip__now_us() + ms * 1000ull;
}

static bool is_ready(struct slip_xen_states states)
{
    return states.back != 0 && states.back != SLIP_XENBUS_INITIALISING;
}

static int not_ready(struct slip_xen_store *store, const struct slip_xen_device *dev, bool timeout,
                     struct slip_error **err)
{
    char words[256];

    slip__xen_device_complaint(store, dev, words, sizeof(words));
    slip__error_code(err, SLIP_EENGINE, SLIP_CODE_DEVICE_TIMEOUT, "%s %s %s %u of domain %u%s%s",
                     strcmp(dev->backend, "qdisk") == 0 ? "QEMU" : "the host's driver",
                     timeout ? "did not take up" : "refused", dev->kind, dev->devid, dev->domid,
                     words[0] ? ": " : "", words);
    if (strcmp(dev->backend, "qdisk") == 0)
        slip__error_hint(err, "its reason is in /var/log/xen/qemu-dm-NAME.log");
    return SLIP_EENGINE;
}

/* The MTU of its bridge is written by Xen's script (xen-network-common.sh) to the frontend that it makes out of the interface's
 * name. Where that was given by vifname= and is not vifDOMID.DEVID, it makes a domain up: the value is brought to where it
 * belongs, and the made-up nodes taken away. */
static void mend_mtu(struct slip_xen_store *store, const struct slip_xen_device *dev)
{
    SLIP_AUTO(slip__xen_nodes_dispose) struct slip_xen_nodes nodes = {0};
    char back[SLIP_XEN_PATH_BYTES], front[SLIP_XEN_PATH_BYTES], vifname[24], mtu[16];
    char *made_up = vifname, *dot;
    const char *devid;
    uint64_t number;

    slip__xen_device_back(dev, back);
    if (strcmp(dev->kind, "vif") != 0 ||
        !slip__xen_store_read(store, vifname, sizeof(vifname), "%s/vifname", back) || !vifname[0])
        return;
    if (strncmp(made_up, "vif", 3) == 0)
        made_up += 3;
    dot = strchr(made_up, '.');
    devid = dot ? dot + 1 : made_up;
    if (dot)
        *dot = '\0';
    if (!*made_up || strchr(made_up, '/') || slip__xen_store_parse_uint(made_up, &number))
        return; /* what looks like a domain's number may be one */
    slip__xen_device_front(dev, front);
    if (slip__xen_store_read(store, mtu, sizeof(mtu), "/local/domain/%s/device/vif/%s/mtu", made_up,
                             devid))
        slip__xen_nodes_write(&nodes, mtu, "%s/mtu", front);
    slip__xen_nodes_remove(&nodes, "/local/domain/%s", made_up);
    slip__xen_store_apply(store, &nodes, NULL);
}

int slip__xen_setup_connect(struct slip_xen_store *store, struct slip_xen_script *devices,
                            size_t count, struct slip_error **err)
{
    uint64_t deadline = in_ms(SLIP_LIMIT_BACKEND_MS);
    struct slip_xen_states states;
    int rc = 0, finish;

    for (size_t i = 0; i < count; i++) {
        bool ready = slip__xen_device_wait(store, &devices[i].dev, is_ready, deadline, &states);

        if (!ready || states.back >= SLIP_XENBUS_CLOSING)
            return not_ready(store, &devices[i].dev, !ready, err);
    }
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = slip__xen_script_start(&devices[i], true, err);
    finish = slip__xen_scripts_finish(store, devices, count, slip__xen_scripts_deadline(),
                                      rc < 0 ? NULL : err);
    for (size_t i = 0; i < count; i++)
        mend_mtu(store, &devices[i].dev);
    return rc < 0 ? rc : finish;
}

/* The front end of a backend's kind, where they differ. */
static const char *front_kind(const char *backend)
{
    static const char *const vbds[] = {"qdisk", "vbd3", "tap"};

    for (size_t i = 0; i < SLIP_COUNT(vbds); i++)
        if (strcmp(backend, vbds[i]) == 0)
            return "vbd";
    return backend;
}

/* Which script is to run when it goes. libxl gives every disk the script "block", which has something to do only for files
 * that it attached itself: it then wrote a node "node". */
static void find_script(struct slip_xen_store *store, struct slip_xen_leaving *leaving)
{
    char back[SLIP_XEN_PATH_BYTES], node[32];
    struct slip_xen_script *script = &leaving->script;

    slip__xen_device_back(&script->dev, back);
    if (!slip__xen_store_read(store, script->path, sizeof(script->path), "%s/script", back) ||
        script->path[0] != '/')
        script->path[0] = '\0';
    if (strcmp(script->path, SLIP_XEN_SCRIPTS "block") == 0 &&
        !slip__xen_store_read(store, node, sizeof(node), "%s/node", back))
        script->path[0] = '\0';
}

static int find_kind(struct slip_xen_store *store, uint32_t domid, const char *backend,
                     struct slip_xen_leaving **list, size_t *count)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf ids = {0};

    slip__xen_store_list(store, &ids, "/local/domain/0/backend/%s/%u", backend, domid);
    for (const char *id = NULL; (id = slip__xen_store_list_next(&ids, id));) {
        struct slip_xen_leaving *more;
        uint64_t devid;

        if (!slip__xen_store_parse_uint(id, &devid) || devid > UINT32_MAX ||
            strlen(backend) >= sizeof(more->backend))
            continue;
        more = *count < SLIP_LIMIT_DEVICES ? realloc(*list, (*count + 1) * sizeof(*more)) : NULL;
        if (!more)
            return -1;
        *list = more;
        more = &more[(*count)++];
        *more = (struct slip_xen_leaving){.script.dev = {.domid = domid, .devid = (uint32_t)devid},
                                          .script.child = SLIP_CHILD_NONE};
        snprintf(more->backend, sizeof(more->backend), "%s", backend);
        snprintf(more->kind, sizeof(more->kind), "%s", front_kind(backend));
    }
    return 0;
}

int slip__xen_setup_find(struct slip_xen_store *store, uint32_t domid,
                         struct slip_xen_leaving **ret, size_t *ret_count, struct slip_error **err)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf kinds = {0};
    int rc;

    *ret = NULL;
    *ret_count = 0;
    rc = slip__xen_store_list(store, &kinds, "/local/domain/0/backend");
    for (const char *kind = NULL; rc == 0 && (kind = slip__xen_store_list_next(&kinds, kind));)
        if (strcmp(kind, "console") != 0)
            rc = find_kind(store, domid, kind, ret, ret_count);
    if (rc < 0) {
        free(*ret);
        *ret = NULL;
        *ret_count = 0;
        return slip__error(err, SLIP_EENGINE, "cannot list the devices of domain %u", domid);
    }
    /* Only now: the list does not move any more. */
    for (size_t i = 0; i < *ret_count; i++) {
        struct slip_xen_leaving *leaving = &(*ret)[i];

        leaving->script.dev.backend = leaving->backend;
        leaving->script.dev.kind = leaving->kind;
        find_script(store, leaving);
    }
    return 0;
}

/* Tells both ends that it is over. A backend that no driver took up (state 1), or that has closed, is left alone. */
static void say_goodbye(struct slip_xen_store *store, const struct slip_xen_device *dev,
                        bool take_front)
{
    SLIP_AUTO(slip__xen_nodes_dispose) struct slip_xen_nodes nodes = {0};
    char back[SLIP_XEN_PATH_BYTES], front[SLIP_XEN_PATH_BYTES];
    struct slip_xen_states states;

    slip__xen_device_back(dev, back);
    slip__xen_device_front(dev, front);
    if (slip__xen_device_states(store, dev, &states, NULL) < 0)
        return;
    slip__xen_nodes_write(&nodes, "0", "%s/online", back);
    if (states.back > SLIP_XENBUS_INITIALISING && states.back < SLIP_XENBUS_CLOSING)
        slip__xen_nodes_write(&nodes, "5", "%s/state", back);
    if (take_front)
        slip__xen_nodes_remove(&nodes, "%s", front);
    slip__xen_store_apply(store, &nodes, NULL);
}

static bool is_closed(struct slip_xen_states states)
{
    return states.back <= SLIP_XENBUS_INITIALISING || states.back >= SLIP_XENBUS_CLOSED;
}

/* Did the guest say that it can't let go? Linux's block driver does of a disk that is mounted: it says that it is closing, and
 * stays so. */
static bool is_used(struct slip_xen_states states)
{
    return states.front == SLIP_XENBUS_CLOSING;
}

static int close_politely(struct slip_xen_store *store, const struct slip_xen_device *dev,
                          struct slip_error **err)
{
    struct slip_xen_states states;

    if (slip__xen_device_wait(store, dev, is_closed, in_ms(SLIP_LIMIT_FRONTEND_MS), &states))
        return 0;
    if (is_used(states)) {
        slip__error_code(err, SLIP_EENGINE, SLIP_CODE_DEVICE_TIMEOUT,
                         "the guest still uses %s %u: it goes when the guest lets go of it",
                         dev->kind, dev->devid);
        slip__error_hint(err, "unmount it inside the guest");
        return SLIP_EENGINE;
    }
    say_goodbye(store, dev, true);
    slip__xen_device_wait(store, dev, is_closed, in_ms(SLIP_LIMIT_CLOSE_MS), &states);
    return 0;
}

/* Of all at once: each has had the same time when the deadline comes. */
static void close_all(struct slip_xen_store *store, const struct slip_xen_leaving *devices,
                      size_t count, bool take_fronts)
{
    uint64_t deadline = in_ms(SLIP_LIMIT_CLOSE_MS);
    struct slip_xen_states states;

    for (size_t i = 0; i < count; i++)
        say_goodbye(store, &devices[i].script.dev, take_fronts);
    for (size_t i = 0; i < count; i++)
        slip__xen_device_wait(store, &devices[i].script.dev, is_closed, deadline, &states);
}

int slip__xen_setup_close(struct slip_xen_store *store, struct slip_xen_leaving *devices,
                          size_t count, enum slip_xen_patience patience, struct slip_error **err)
{
    struct slip_error *first = NULL;
    uint64_t deadline;
    int rc = 0;

    if (patience == SLIP_XEN_POLITELY) {
        for (size_t i = 0; i < count; i++)
            say_goodbye(store, &devices[i].script.dev, false);
        for (size_t i = 0; rc == 0 && i < count; i++)
            rc = close_politely(store, &devices[i].script.dev, err);
        if (rc < 0)
            return rc;
    } else {
        if (patience == SLIP_XEN_A_MOMENT)
            close_all(store, devices, count, false);
        close_all(store, devices, count, true);
    }
    for (size_t i = 0; i < count; i++)
        slip__xen_script_start(&devices[i].script, false, first ? NULL : &first);
    deadline = slip__xen_scripts_deadline(); /* of all of them together */
    for (size_t i = 0; i < count; i++)
        slip__xen_scripts_finish(store, &devices[i].script, 1, deadline, first ? NULL : &first);
    rc = slip__error_copy(err, first);
    slip_error_free(first);
    return rc;
}

bool slip__xen_setup_is_gone(struct slip_xen_store *store, const struct slip_xen_device *dev)
{
    struct slip_xen_states states;

    return slip__xen_device_states(store, dev, &states, NULL) == 0 &&
           (is_closed(states) || !states.front);
}

/* Is there nothing in the folder but this name? (It may be gone already: what is left then is another's.) */
static bool has_only(struct slip_xen_store *store, const char *path, const char *name)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf names = {0};

    if (slip__xen_store_list(store, &names, "%s", path) < 0)
        return false;
    for (const char *there = NULL; (there = slip__xen_store_list_next(&names, there));) {
        if (strcmp(there, name) != 0)
            return false;
    }
    return true;
}

/* One device's folders, with those above that would be empty: KIND of the domain's own; DOMID, KIND and "backend" of the
 * host's. */
static int fill_forget(struct slip_xen_store *store, struct slip_xen_nodes *nodes, void *payload,
                       struct slip_error **err)
{
    const struct slip_xen_device *dev = payload;
    char paths[3][SLIP_XEN_PATH_BYTES];

    (void)err;
    slip__xen_device_back(dev, paths[0]);
    slip__xen_device_front(dev, paths[1]);
    slip__xen_device_libxl(dev, paths[2]);
    for (size_t i = 0; i < SLIP_COUNT(paths); i++) {
        /* Each end by itself, before what is above it: from a change up there Linux does not learn that a device is gone. */
        slip__xen_nodes_remove(nodes, "%s", paths[i]);
        for (unsigned up = i == 0 ? 3 : 1; up > 0; up--) {
            char *slash = strrchr(paths[i], '/');

            *slash = '\0';
            if (has_only(store, paths[i], slash + 1))
                continue;
            *slash = '/';
            break;
        }
        slip__xen_nodes_remove(nodes, "%s", paths[i]);
    }
    return 0;
}

int slip__xen_setup_forget(struct slip_xen_store *store, const struct slip_xen_device *dev,
                           struct slip_error **err)
{
    struct slip_xen_device copy = *dev;

    return slip__xen_store_transact(store, fill_forget, &copy, err);
}
