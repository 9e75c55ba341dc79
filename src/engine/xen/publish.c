/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain's nodes in XenStore. */
#include "engine/xen/publish.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "engine/xen/devices.h"
#include "engine/xen/hosted.h"
#include "engine/xen/limits.h"
#include "engine/xen/store.h"
#include "engine/xen/userdata.h"

/* Nodes that are the guest's own: its drivers write there. In the order of making; a folder's name comes before what is in it. */
static const char *const guests_own[] = {"attr",
                                         "data",
                                         "drivers",
                                         "error",
                                         "feature",
                                         "control/feature-poweroff",
                                         "control/feature-reboot",
                                         "control/feature-suspend",
                                         "control/shutdown",
                                         "control/sysrq",
                                         "device/suspend/event-channel"};
/* The folders they are in, which are not. */
static const char *const hosts_own[] = {"control", "device", "device/suspend"};

/* Nodes whose values depend on nothing. Not here although xl makes it: console/tty, which xenconsoled makes anyway. */
static const struct {
    const char *path;
    const char *value;
} constants[] = {
    {"control/platform-feature-multiprocessor-suspend", "1"},
    {"control/platform-feature-xs_reset_watches", "1"},
    {"memory/videoram", "0"},
    {"console/limit", "1048576"}, /* bytes of output that xenconsoled keeps */
    {"console/output", "pty"},
    {"console/type", "xenconsoled"},
};

static void put_uint(struct slip_xen_nodes *nodes, const char *home, const char *path,
                     uint64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    slip__xen_nodes_write(nodes, text, "%s/%s", home, path);
}

static void put_vm(const struct slip_guest *guest, const char *perms, const char *vm,
                   struct slip_xen_nodes *nodes)
{
    struct timespec now;
    char started[40];

    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(started, sizeof(started), "%lld.%02ld", (long long)now.tv_sec, now.tv_nsec / 10000000);
    slip__xen_nodes_mkdir(nodes, perms, "%s", vm);
    slip__xen_nodes_write(nodes, guest->uuid.value, "%s/uuid", vm);
    slip__xen_nodes_write(nodes, guest->name.value, "%s/name", vm);
    slip__xen_nodes_write(nodes, started, "%s/start_time", vm);
    if (guest->type.value != SLIP_TYPE_PV)
        return;
    slip__xen_nodes_write(nodes, "linux", "%s/image/ostype", vm); /* xl says so of every kernel */
    slip__xen_nodes_write(nodes, guest->kernel.value ? guest->kernel.value : "", "%s/image/kernel",
                          vm);
    if (guest->ramdisk.count)
        slip__xen_nodes_write(nodes, guest->ramdisk.items[0].value, "%s/image/ramdisk", vm);
    if (guest->cmdline.value)
        slip__xen_nodes_write(nodes, guest->cmdline.value, "%s/image/cmdline", vm);
}

static void put_cpus(const struct slip_guest *guest, const char *home, struct slip_xen_nodes *nodes)
{
    for (int64_t i = 0; i < guest->maxvcpus.value; i++)
        slip__xen_nodes_write(nodes, i < guest->vcpus.value ? "online" : "offline",
                              "%s/cpu/%lld/availability", home, (long long)i);
}

/*
 * The guest's own nodes, each without a request for its permissions: a new node has its parent's, so for as long as these are
 * made the home is the guest's. Nobody sees that: the guest has not run, and the daemon does not know it yet.
 */
static void put_guests_own(const char *perms, const char *home, uint32_t domid,
                           struct slip_xen_nodes *nodes)
{
    char own[16];

    snprintf(own, sizeof(own), "n%u", domid);
    slip__xen_nodes_mkdir(nodes, own, "%s", home);
    for (size_t i = 0; i < SLIP_COUNT(guests_own); i++)
        slip__xen_nodes_mkdir(nodes, NULL, "%s/%s", home, guests_own[i]);
    for (size_t i = 0; i < SLIP_COUNT(hosts_own); i++)
        slip__xen_nodes_perms(nodes, perms, "%s/%s", home, hosts_own[i]);
    slip__xen_nodes_perms(nodes, perms, "%s", home);
}

static void put_home(const struct slip_xen_publish *what, const char *perms, const char *home,
                     struct slip_xen_nodes *nodes)
{
    const struct slip_guest *guest = what->guest;
    int64_t max;

    put_guests_own(perms, home, what->domid, nodes);
    slip__xen_nodes_write(nodes, guest->name.value, "%s/name", home);
    put_uint(nodes, home, "domid", what->domid);
    for (size_t i = 0; i < SLIP_COUNT(constants); i++)
        slip__xen_nodes_write(nodes, constants[i].value, "%s/%s", home, constants[i].path);
    put_cpus(guest, home, nodes);
    /* A balloon driver takes the difference for memory that it has given back: a pvh guest never had it. */
    max = guest->type.value == SLIP_TYPE_PVH ? guest->memory.value : guest->maxmem.value;
    put_uint(nodes, home, "memory/static-max", (uint64_t)max * 1024);
    put_uint(nodes, home, "memory/target", (uint64_t)guest->memory.value * 1024);
    /* With ring-ref, what xenconsoled needs. xl also describes the first console as a device with a backend, eleven nodes more: nobody
     * reads them, as no driver negotiates over them and xenconsoled finds the ring here. Its other consoles are such devices. */
    put_uint(nodes, home, "console/port", what->console_port);
}

/* All of it but the devices that the guest was given. */
static void put_domain(const struct slip_xen_publish *what, struct slip_xen_nodes *nodes)
{
    static const char *const types[] = {
        [SLIP_TYPE_PV] = "pv", [SLIP_TYPE_PVH] = "pvh", [SLIP_TYPE_HVM] = "hvm"};
    char perms[24], home[64], vm[64];

    snprintf(perms, sizeof(perms), "n0,r%u", what->domid);
    snprintf(home, sizeof(home), "/local/domain/%u", what->domid);
    snprintf(vm, sizeof(vm), "/vm/%s", what->guest->uuid.value);
    put_vm(what->guest, perms, vm, nodes);
    slip__xen_nodes_write(nodes, types[what->guest->type.value], "/libxl/%u/type", what->domid);
    slip__xen_nodes_write(nodes, "qemu_xen", "/libxl/%u/dm-version", what->domid);
    put_home(what, perms, home, nodes);
    slip__xen_nodes_write(nodes, vm, "%s/vm", home);
}

int slip__xen_publish_begin(const struct slip_xen_publish *what, struct slip_error **err)
{
    SLIP_AUTO(slip__xen_nodes_dispose) struct slip_xen_nodes nodes = {0};
    int rc;

    /* What a toolstack that was killed left of an earlier domain of this number would be this one's. */
    slip__xen_nodes_remove(&nodes, "/local/domain/%u", what->domid);
    slip__xen_nodes_remove(&nodes, "/libxl/%u", what->domid);
    put_domain(what, &nodes);
    if (what->devices)
        slip__xen_nodes_write(&nodes, "1", "/libxl/%u/" SLIP_XEN_UNFINISHED, what->domid);
    rc = slip__xen_store_send(what->xen->store, &nodes, err);
    return rc < 0 ? rc : slip__xen_userdata_write(what->domid, what->guest, err);
}

/* Backends look at a new device at once, so all of it must be there at once. */
static int commit_devices(const struct slip_xen_publish *what, struct slip_error **err)
{
    SLIP_AUTO(slip__xen_nodes_dispose) struct slip_xen_nodes nodes = {0};

    slip__xen_devices_nodes(what->devices, what->domid, &nodes);
    return slip__xen_store_commit(what->xen->store, &nodes, err);
}

/*
 * What makes the domain whole for others: by store/port hosted.c knows one that is finished. The introduction comes last, as it sets
 * xenconsoled going, which we need not wait for. That daemon looks for new domains at the end of any other one, too: it may know
 * this one since before it had memory, and tries its console again only when one of the console's nodes is written. So the one that
 * it can't do without is written now that the page and its grant are there.
 */
static int complete(const struct slip_xen_publish *what, struct slip_error **err)
{
    SLIP_AUTO(slip__xen_nodes_dispose) struct slip_xen_nodes nodes = {0};
    struct slip_error *why = NULL;
    int rc, ahead;
    char home[64];

    snprintf(home, sizeof(home), "/local/domain/%u", what->domid);
    put_uint(&nodes, home, "console/ring-ref", what->console_frame);
    put_uint(&nodes, home, "store/ring-ref", what->store_frame);
    put_uint(&nodes, home, "store/port", what->store_port);
    slip__xen_nodes_introduce(&nodes, what->domid, what->store_frame, what->store_port);
    rc = slip__xen_store_apply(what->xen->store, &nodes, &why);
    /* It went behind what was sent ahead: what became of that comes first. */
    ahead = slip__xen_store_settle(what->xen->store, err);
    if (ahead == 0)
        rc = slip__error_copy(err, why);
    slip_error_free(why);
    return ahead < 0 ? ahead : rc;
}

/* Nothing more is to be done: takes the mark away. */
static int finished(const struct slip_xen_publish *what, struct slip_error **err)
{
    SLIP_AUTO(slip__xen_nodes_dispose) struct slip_xen_nodes nodes = {0};

    slip__xen_nodes_remove(&nodes, "/libxl/%u/" SLIP_XEN_UNFINISHED, what->domid);
    return slip__xen_store_apply(what->xen->store, &nodes, err);
}

int slip__xen_publish_end(const struct slip_xen_publish *what, struct slip_error **err)
{
    struct slip_xen *xen = what->xen;
    int rc = 0;

    if (what->devices) {
        rc = slip__xen_store_settle(xen->store, err);
        if (rc == 0)
            rc = commit_devices(what, err);
    }
    if (rc == 0)
        rc = complete(what, err);
    if (rc == 0 && what->devices)
        rc = slip__xen_devices_connect(xen, what->domid, what->devices, err);
    if (rc == 0 && what->devices)
        rc = finished(what, err);
    if (rc < 0)
        slip__xen_unpublish(xen, what->domid, NULL);
    return rc;
}

/* What is to be taken away. */
struct removal {
    uint32_t domid;
    /* Its other node: where its home points to, and where its UUID says that it is, as a home may not have been written. Empty:
     * none that a toolstack can have written, or another domain's too. */
    char vm[128], vm_by_uuid[48];
};

/* One kind of backends. First its devices, each by itself: from a change further up Linux does not learn that they are gone. Then
 * the folders that are empty now. *ret_others: other domains have some of this kind. */
static int remove_kind(struct slip_xen_store *store, const char *kind, const char *mine,
                       struct slip_xen_nodes *nodes, bool *ret_others)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf domains = {0};
    SLIP_AUTO(slip__buf_dispose) struct slip_buf devices = {0};
    bool has = false;
    int rc = slip__xen_store_list(store, &domains, "/local/domain/0/backend/%s", kind);

    *ret_others = false;
    for (const char *name = NULL; (name = slip__xen_store_list_next(&domains, name));)
        *(strcmp(name, mine) == 0 ? &has : ret_others) = true;
    if (rc == 0 && has)
        rc = slip__xen_store_list(store, &devices, "/local/domain/0/backend/%s/%s", kind, mine);
    if (rc < 0)
        return rc;
    for (const char *name = NULL; (name = slip__xen_store_list_next(&devices, name));)
        slip__xen_nodes_remove(nodes, "/local/domain/0/backend/%s/%s/%s", kind, mine, name);
    if (!*ret_others)
        slip__xen_nodes_remove(nodes, "/local/domain/0/backend/%s", kind);
    else if (has)
        slip__xen_nodes_remove(nodes, "/local/domain/0/backend/%s/%s", kind, mine);
    return 0;
}

/* Is this domain's QEMU the only one that says how it is? */
static bool last_model(struct slip_xen_store *store, const char *mine)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf domains = {0};
    const char *first;

    if (slip__xen_store_list(store, &domains, "/local/domain/0/device-model") < 0)
        return false;
    first = slip__xen_store_list_next(&domains, NULL);
    return first && strcmp(first, mine) == 0 && !slip__xen_store_list_next(&domains, first);
}

/* Of all kinds that this host has, as a domain may have been made by anybody. */
static int fill_removal(struct slip_xen_store *store, struct slip_xen_nodes *nodes, void *payload,
                        struct slip_error **err)
{
    const struct removal *removal = payload;
    SLIP_AUTO(slip__buf_dispose) struct slip_buf kinds = {0};
    char mine[16];
    size_t kept = 0;
    int rc = slip__xen_store_list(store, &kinds, "/local/domain/0/backend");

    snprintf(mine, sizeof(mine), "%u", removal->domid);
    for (const char *kind = NULL; rc == 0 && (kind = slip__xen_store_list_next(&kinds, kind));) {
        bool others;

        rc = remove_kind(store, kind, mine, nodes, &others);
        kept += others;
    }
    if (rc < 0)
        return slip__error_code(err, rc, SLIP_CODE_XENSTORE_FAILED,
                                "cannot list XenStore's backends");
    if (!kept && kinds.len)
        slip__xen_nodes_remove(nodes, "/local/domain/0/backend");
    if (removal->vm[0])
        slip__xen_nodes_remove(nodes, "%s", removal->vm);
    if (removal->vm_by_uuid[0])
        slip__xen_nodes_remove(nodes, "%s", removal->vm_by_uuid);
    slip__xen_nodes_remove(nodes, "/local/domain/0/device-model/%s", mine);
    if (last_model(store, mine))
        slip__xen_nodes_remove(nodes, "/local/domain/0/device-model");
    slip__xen_nodes_remove(nodes, "/local/domain/%s", mine);
    slip__xen_nodes_remove(nodes, "/libxl/%s", mine);
    return 0;
}

/* Does the guest run code that could answer? */
static bool is_alive(struct slip_xen *xen, uint32_t domid)
{
    xc_dominfo_t info;

    return xc_domain_getinfo(xen->xc, domid, 1, &info) == 1 && info.domid == domid && !info.dying &&
           !info.shutdown && !info.paused;
}

bool slip__xen_vm_is_shared(struct slip_xen *xen, uint32_t domid, const char *path)
{
    xc_domaininfo_t info[16];
    uint32_t next = 0;
    char vm[48] = "/vm/";
    int count;

    while ((count = xc_domain_getinfolist(xen->xc, next, SLIP_COUNT(info), info)) > 0) {
        for (int i = 0; i < count; i++) {
            slip__xen_uuid_text(info[i].handle, vm + 4);
            if (info[i].domain != domid && strcmp(vm, path) == 0)
                return true;
        }
        next = info[count - 1].domain + 1u;
    }
    return false;
}

/* Where the domain's UUID says that its other node is. */
static void find_vm(struct slip_xen *xen, struct removal *removal)
{
    xc_domaininfo_t info;

    if (xc_domain_getinfolist(xen->xc, removal->domid, 1, &info) == 1 &&
        info.domain == removal->domid) {
        strcpy(removal->vm_by_uuid, "/vm/");
        slip__xen_uuid_text(info.handle, removal->vm_by_uuid + 4);
    }
    if (slip__xen_vm_is_shared(xen, removal->domid, removal->vm_by_uuid))
        removal->vm_by_uuid[0] = '\0';
    if (strcmp(removal->vm, removal->vm_by_uuid) == 0 ||
        slip__xen_vm_is_shared(xen, removal->domid, removal->vm))
        removal->vm[0] = '\0';
}

static void want(struct slip_xen_read *read, uint32_t domid, const char *key, char *value,
                 size_t size)
{
    snprintf(read->path, sizeof(read->path), "/local/domain/%u/%s", domid, key);
    read->value = value;
    read->size = size;
}

/*
 * Looks at the nodes that say what there is. xenconsoled writes the terminal of a domain that it has just been told of whether or
 * not the domain's nodes are still there, and then nobody would take them away: a moment is given to it.
 */
static void prepare_removal(struct slip_xen *xen, uint32_t domid, struct removal *ret)
{
    uint64_t deadline = slip__now_us() + SLIP_LIMIT_CONSOLE_NOTE_MS * 1000ull;
    char port[16], type[32], tty[64], path[SLIP_XEN_PATH_BYTES];
    struct slip_xen_read reads[4];

    ret->domid = domid;
    want(&reads[0], domid, "vm", ret->vm, sizeof(ret->vm));
    want(&reads[1], domid, "store/port", port, sizeof(port));
    want(&reads[2], domid, "console/type", type, sizeof(type));
    want(&reads[3], domid, "console/tty", tty, sizeof(tty));
    slip__xen_store_read_all(xen->store, reads, SLIP_COUNT(reads), NULL); /* failed: all empty */
    if (strncmp(ret->vm, "/vm/", 4) != 0 || !ret->vm[4] || strchr(ret->vm + 4, '/'))
        ret->vm[0] = '\0';
    find_vm(xen, ret);
    if (!port[0] || tty[0] || strcmp(type, "xenconsoled") != 0)
        return;
    snprintf(path, sizeof(path), "/local/domain/%u/console/tty", domid);
    if (slip__xen_store_watch(xen->store, path, "gone", NULL) < 0)
        return;
    while (!slip__xen_store_read(xen->store, tty, sizeof(tty), "%s", path) || !tty[0])
        if (!slip__xen_store_wait(xen->store, deadline))
            break;
    slip__xen_store_unwatch(xen->store, path, "gone");
}

int slip__xen_unpublish(struct slip_xen *xen, uint32_t domid, struct slip_error **err)
{
    struct slip_error *first = NULL, *second = NULL;
    struct removal removal = {0};
    int rc;

    if (domid == 0)
        return slip__error(err, SLIP_EINVAL, "the host itself can't be taken away");
    slip__xen_devices_remove(xen, domid, is_alive(xen, domid), &first);
    prepare_removal(xen, domid, &removal);
    slip__xen_store_transact(xen->store, fill_removal, &removal, first ? &second : &first);
    slip__xen_userdata_remove(domid);
    rc = slip__error_copy(err, first);
    slip_error_free(first);
    slip_error_free(second);
    return rc;
}
