/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The nodes of one device, as libxl makes them for every kind. Knows no kind. */
#include "engine/xen/device.h"

#include <stdio.h>
#include <string.h>

static bool is_first_console(const struct slip_xen_device *dev)
{
    return strcmp(dev->kind, "console") == 0 && dev->devid == 0;
}

void slip__xen_device_back(const struct slip_xen_device *dev, char ret[SLIP_XEN_PATH_BYTES])
{
    snprintf(ret, SLIP_XEN_PATH_BYTES, "/local/domain/0/backend/%s/%u/%u", dev->backend, dev->domid,
             dev->devid);
}

void slip__xen_device_front(const struct slip_xen_device *dev, char ret[SLIP_XEN_PATH_BYTES])
{
    if (is_first_console(dev))
        snprintf(ret, SLIP_XEN_PATH_BYTES, "/local/domain/%u/console", dev->domid);
    else
        snprintf(ret, SLIP_XEN_PATH_BYTES, "/local/domain/%u/device/%s/%u", dev->domid, dev->kind,
                 dev->devid);
}

void slip__xen_device_libxl(const struct slip_xen_device *dev, char ret[SLIP_XEN_PATH_BYTES])
{
    snprintf(ret, SLIP_XEN_PATH_BYTES, "/libxl/%u/device/%s/%u", dev->domid, dev->kind, dev->devid);
}

void slip__xen_device_begin(const struct slip_xen_device *dev, struct slip_xen_nodes *nodes)
{
    char back[SLIP_XEN_PATH_BYTES], front[SLIP_XEN_PATH_BYTES], libxl[SLIP_XEN_PATH_BYTES];
    char host_first[24], guest_first[24], id[16];

    slip__xen_device_back(dev, back);
    slip__xen_device_front(dev, front);
    slip__xen_device_libxl(dev, libxl);
    snprintf(host_first, sizeof(host_first), "n0,r%u", dev->domid);
    snprintf(guest_first, sizeof(guest_first), "n%u,r0", dev->domid);
    snprintf(id, sizeof(id), "%u", dev->domid);

    slip__xen_nodes_mkdir(nodes, host_first, "%s", back);
    /* The guest writes its end, but for the first console's, which no driver negotiates over XenStore. */
    slip__xen_nodes_mkdir(nodes, is_first_console(dev) ? host_first : guest_first, "%s", front);
    slip__xen_nodes_write(nodes, back, "%s/backend", front);
    slip__xen_nodes_write(nodes, "0", "%s/backend-id", front);
    if (is_first_console(dev))
        slip__xen_nodes_perms(nodes, guest_first, "%s/backend-id", front);
    slip__xen_nodes_write(nodes, back, "%s/backend", libxl);
    slip__xen_device_put_back(dev, nodes, "frontend", front);
    slip__xen_device_put_back(dev, nodes, "frontend-id", id);
    slip__xen_device_put_back(dev, nodes, "online", "1");
    slip__xen_device_put_back(dev, nodes, "state", "1");
}

void slip__xen_device_put_back(const struct slip_xen_device *dev, struct slip_xen_nodes *nodes,
                               const char *key, const char *value)
{
    char path[SLIP_XEN_PATH_BYTES];

    slip__xen_device_back(dev, path);
    slip__xen_nodes_write(nodes, value, "%s/%s", path, key);
    slip__xen_device_libxl(dev, path);
    slip__xen_nodes_write(nodes, value, "%s/%s", path, key);
}

void slip__xen_device_put_front(const struct slip_xen_device *dev, struct slip_xen_nodes *nodes,
                                const char *key, const char *value)
{
    char path[SLIP_XEN_PATH_BYTES];

    slip__xen_device_front(dev, path);
    slip__xen_nodes_write(nodes, value, "%s/%s", path, key);
}

static int parse_state(const char *text)
{
    return text[0] >= '1' && text[0] <= '8' && !text[1] ? text[0] - '0' : 0;
}

int slip__xen_device_states(struct slip_xen_store *store, const struct slip_xen_device *dev,
                            struct slip_xen_states *ret, struct slip_error **err)
{
    char back[SLIP_XEN_PATH_BYTES], front[SLIP_XEN_PATH_BYTES], values[2][4];
    struct slip_xen_read reads[] = {{.value = values[0], .size = sizeof(values[0])},
                                    {.value = values[1], .size = sizeof(values[1])}};
    int rc;

    slip__xen_device_back(dev, back);
    slip__xen_device_front(dev, front);
    snprintf(reads[0].path, sizeof(reads[0].path), "%.*s/state", SLIP_XEN_PATH_BYTES - 8, back);
    snprintf(reads[1].path, sizeof(reads[1].path), "%.*s/state", SLIP_XEN_PATH_BYTES - 8, front);
    rc = slip__xen_store_read_all(store, reads, 2, err);
    *ret = rc < 0 ? (struct slip_xen_states){0}
                  : (struct slip_xen_states){parse_state(values[0]), parse_state(values[1])};
    return rc;
}

bool slip__xen_device_wait(struct slip_xen_store *store, const struct slip_xen_device *dev,
                           slip_xen_states_fn *done, uint64_t deadline_us,
                           struct slip_xen_states *ret)
{
    char path[SLIP_XEN_PATH_BYTES], state[SLIP_XEN_PATH_BYTES];

    slip__xen_device_back(dev, path);
    snprintf(state, sizeof(state), "%.*s/state", SLIP_XEN_PATH_BYTES - 8, path);
    if (slip__xen_store_watch(store, state, "back", NULL) < 0)
        return false;
    slip__xen_device_front(dev, path);
    snprintf(state, sizeof(state), "%.*s/state", SLIP_XEN_PATH_BYTES - 8, path);
    if (slip__xen_store_watch(store, state, "front", NULL) < 0)
        return false;
    do {
        if (slip__xen_device_states(store, dev, ret, NULL) < 0)
            return false;
        if (done(*ret))
            return true;
    } while (slip__xen_store_wait(store, deadline_us));
    return false;
}

void slip__xen_device_complaint(struct slip_xen_store *store, const struct slip_xen_device *dev,
                                char *ret, size_t size)
{
    slip__xen_store_read(store, ret, size, "/local/domain/0/error/backend/%s/%u/%u/error",
                         dev->backend, dev->domid, dev->devid);
    for (char *p = ret; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            *p = ' ';
}
