/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain's nodes in XenStore. */
#include "engine/xen/publish.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "engine/xen/device.h"
#include "engine/xen/devices.h"
#include "engine/xen/store.h"
#include "engine/xen/userdata.h"

/* Nodes that are the guest's own: its drivers write there. */
static const char *const guests_own[] = {"attr",
                                         "control/feature-poweroff",
                                         "control/feature-reboot",
                                         "control/feature-suspend",
                                         "control/shutdown",
                                         "control/sysrq",
                                         "data",
                                         "device/suspend/event-channel",
                                         "drivers",
                                         "error",
                                         "feature"};

/* Nodes whose values depend on nothing. */
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
    {"console/tty", ""}, /* xenconsoled writes it */
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

static void put_home(const struct slip_xen_publish *what, const char *perms, const char *home,
                     struct slip_xen_nodes *nodes)
{
    const struct slip_guest *guest = what->guest;
    char own[16];

    snprintf(own, sizeof(own), "n%u", what->domid);
    slip__xen_nodes_mkdir(nodes, perms, "%s", home);
    slip__xen_nodes_write(nodes, guest->name.value, "%s/name", home);
    put_uint(nodes, home, "domid", what->domid);
    for (size_t i = 0; i < SLIP_COUNT(constants); i++)
        slip__xen_nodes_write(nodes, constants[i].value, "%s/%s", home, constants[i].path);
    for (size_t i = 0; i < SLIP_COUNT(guests_own); i++)
        slip__xen_nodes_mkdir(nodes, own, "%s/%s", home, guests_own[i]);
    put_cpus(guest, home, nodes);
    put_uint(nodes, home, "memory/static-max", (uint64_t)guest->maxmem.value * 1024);
    put_uint(nodes, home, "memory/target", (uint64_t)guest->memory.value * 1024);
    put_uint(nodes, home, "store/port", what->store_port);
    put_uint(nodes, home, "store/ring-ref", what->store_frame);
    put_uint(nodes, home, "console/port", what->console_port);
    put_uint(nodes, home, "console/ring-ref", what->console_frame);
    slip__xen_nodes_write(nodes, "", "%s/device", home);
}

static void put_console(const struct slip_xen_publish *what, struct slip_xen_nodes *nodes)
{
    const struct slip_xen_device console = {what->domid, 0, "console", "console"};

    slip__xen_device_begin(&console, nodes);
    slip__xen_device_put_back(&console, nodes, "protocol", "vt100");
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
    put_console(what, nodes);
}

static int commit(const struct slip_xen_publish *what, struct slip_error **err)
{
    SLIP_AUTO(slip__xen_nodes_dispose) struct slip_xen_nodes nodes = {0};

    put_domain(what, &nodes);
    if (what->devices) {
        slip__xen_devices_nodes(what->devices, what->domid, &nodes);
        slip__xen_nodes_write(&nodes, "1", "/libxl/%u/" SLIP_XEN_UNFINISHED, what->domid);
    }
    return slip__xen_store_commit(what->xen->store, &nodes, err);
}

/* Nothing more is to be done: takes the mark away. */
static int finished(const struct slip_xen_publish *what, struct slip_error **err)
{
    SLIP_AUTO(slip__xen_nodes_dispose) struct slip_xen_nodes nodes = {0};

    slip__xen_nodes_remove(&nodes, "/libxl/%u/" SLIP_XEN_UNFINISHED, what->domid);
    return slip__xen_store_apply(what->xen->store, &nodes, err);
}

int slip__xen_publish(const struct slip_xen_publish *what, struct slip_error **err)
{
    struct slip_xen *xen = what->xen;
    int rc = commit(what, err);

    if (rc < 0)
        return rc;
    rc = slip__xen_store_introduce(xen->store, what->domid, what->store_frame, what->store_port,
                                   err);
    if (rc == 0)
        rc = slip__xen_userdata_write(what->domid, what->guest, err);
    if (rc == 0 && what->devices)
        rc = slip__xen_devices_connect(xen, what->domid, what->devices, err);
    if (rc == 0 && what->devices)
        rc = finished(what, err);
    if (rc < 0)
        slip__xen_unpublish(xen, what->domid, NULL);
    return rc;
}

/* Kinds of backends: all that this host has, as a domain may have been made by anybody. */
static int fill_removal(struct slip_xen_store *store, struct slip_xen_nodes *nodes, void *payload,
                        struct slip_error **err)
{
    const uint32_t *domid = payload;
    SLIP_AUTO(slip__buf_dispose) struct slip_buf kinds = {0};
    char mine[16], vm[128];
    size_t kept = 0;
    int rc = slip__xen_store_list(store, &kinds, "/local/domain/0/backend");

    snprintf(mine, sizeof(mine), "%u", *domid);
    for (const char *kind = NULL; rc == 0 && (kind = slip__xen_store_list_next(&kinds, kind));) {
        SLIP_AUTO(slip__buf_dispose) struct slip_buf domains = {0};
        bool others = false;

        rc = slip__xen_store_list(store, &domains, "/local/domain/0/backend/%s", kind);
        if (rc < 0)
            break;
        for (const char *name = NULL; (name = slip__xen_store_list_next(&domains, name));)
            others = others || strcmp(name, mine) != 0;
        kept += others;
        slip__xen_nodes_remove(nodes, "/local/domain/0/backend/%s%s%s", kind, others ? "/" : "",
                               others ? mine : "");
    }
    if (rc < 0)
        return slip__error_code(err, rc, SLIP_CODE_XENSTORE_FAILED,
                                "cannot list XenStore's backends");
    if (!kept && kinds.len)
        slip__xen_nodes_remove(nodes, "/local/domain/0/backend");
    /* Only a path that a toolstack can have written. */
    if (slip__xen_store_read(store, vm, sizeof(vm), "/local/domain/%s/vm", mine) &&
        strncmp(vm, "/vm/", 4) == 0 && vm[4] && !strchr(vm + 4, '/'))
        slip__xen_nodes_remove(nodes, "%s", vm);
    slip__xen_nodes_remove(nodes, "/local/domain/0/device-model/%s", mine);
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

int slip__xen_unpublish(struct slip_xen *xen, uint32_t domid, struct slip_error **err)
{
    struct slip_error *first = NULL, *second = NULL;
    int rc;

    if (domid == 0)
        return slip__error(err, SLIP_EINVAL, "the host itself can't be taken away");
    slip__xen_devices_remove(xen, domid, is_alive(xen, domid), &first);
    slip__xen_store_transact(xen->store, fill_removal, &domid, first ? &second : &first);
    slip__xen_userdata_remove(domid);
    rc = slip__error_copy(err, first);
    slip_error_free(first);
    slip_error_free(second);
    return rc;
}

void slip__xen_domain_name(struct slip_xen *xen, uint32_t domid, char *ret, size_t size)
{
    slip__xen_store_read(xen->store, ret, size, "/local/domain/%u/name", domid);
}
