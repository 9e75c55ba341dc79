/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libxl's configuration of a domain as JSON, in libxl's spelling: defbools are "True" and "False", enumerators have
 * underscores, memory is in KiB, what has its default is left out. Names: libxl's libxl_dom.c and libxl_internal.c,
 * and what xl 4.17 leaves.
 */
#include "engine/xen/userdata.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"
#include "engine/xen/vdev.h"

#define FOLDER "/var/lib/xen"
#define JSON   "libxl-json"
#define LOCK   "domain-userdata-lock"

/* Somebody who holds the lock for longer than all these is stopped. */
#define LOCK_TRIES   500u
#define LOCK_WAIT_MS 10

static json_t *put_text(json_t *object, const char *key, const struct slip_str *str)
{
    return SLIP_IS_SET(*str) && str->value[0] ? slip__json_put(object, key, json_string(str->value))
                                              : object;
}

static json_t *c_info(const struct slip_guest *guest)
{
    static const char *const types[] = {
        [SLIP_TYPE_PV] = "pv", [SLIP_TYPE_PVH] = "pvh", [SLIP_TYPE_HVM] = "hvm"};
    json_t *json = slip__json_put(json_object(), "type", json_string(types[guest->type.value]));

    json = put_text(json, "name", &guest->name);
    json = slip__json_put(json, "domid", json_integer(UINT32_MAX)); /* libxl's "not yet" */
    json = put_text(json, "uuid", &guest->uuid);
    return slip__json_put(json, "run_hotplug_scripts", json_string("True"));
}

static json_t *available_vcpus(int64_t count)
{
    json_t *array = json_array();

    for (int64_t i = 0; array && i < count; i++)
        array = slip__json_append(array, json_integer(i));
    return array;
}

static json_t *b_info(const struct slip_guest *guest)
{
    static const char *const types[] = {
        [SLIP_TYPE_PV] = "type.pv", [SLIP_TYPE_PVH] = "type.pvh", [SLIP_TYPE_HVM] = "type.hvm"};
    json_t *json = slip__json_put(json_object(), "max_vcpus", json_integer(guest->maxvcpus.value));

    json = slip__json_put(json, "avail_vcpus", available_vcpus(guest->vcpus.value));
    json = slip__json_put(json, "max_memkb", json_integer(guest->maxmem.value * 1024));
    json = slip__json_put(json, "target_memkb", json_integer(guest->memory.value * 1024));
    json = slip__json_put(json, "video_memkb", json_integer(0));
    json = slip__json_put(json, "sched_params", json_object());
    json = slip__json_put(json, "claim_mode", json_string("True"));
    json = put_text(json, "kernel", &guest->kernel);
    json = put_text(json, "cmdline", &guest->cmdline);
    if (guest->ramdisk.count)
        json = put_text(json, "ramdisk", &guest->ramdisk.items[0]);
    json = slip__json_put(json, types[guest->type.value], json_object());
    json = slip__json_put(json, "arch_arm", json_object());
    return slip__json_put(json, "arch_x86",
                          slip__json_put(json_object(), "msr_relaxed", json_string("False")));
}

static json_t *disk_json(const struct slip_disk *disk)
{
    static const char *const formats[] = {[SLIP_DISK_FORMAT_RAW] = "raw",
                                          [SLIP_DISK_FORMAT_QCOW] = "qcow",
                                          [SLIP_DISK_FORMAT_QCOW2] = "qcow2",
                                          [SLIP_DISK_FORMAT_VHD] = "vhd",
                                          [SLIP_DISK_FORMAT_QED] = "qed"};
    json_t *json = put_text(json_object(), "pdev_path", &disk->target);

    json = put_text(json, "vdev", &disk->vdev);
    json = slip__json_put(
        json, "format",
        json_string(SLIP_IS_SET(disk->target) ? formats[disk->format.value] : "empty"));
    json = put_text(json, "backend", &disk->backendtype);
    json = put_text(json, "script", &disk->script);
    if (disk->cdrom.value)
        json = slip__json_put(slip__json_put(json, "removable", json_integer(1)), "is_cdrom",
                              json_integer(1));
    if (disk->access.value == SLIP_DISK_ACCESS_RW)
        json = slip__json_put(json, "readwrite", json_integer(1));
    return slip__json_put(json, "colo_restore_enable", json_string("False"));
}

static json_t *nic_json(const struct slip_vif *vif, size_t devid)
{
    json_t *json = slip__json_put(json_object(), "devid", json_integer((json_int_t)devid));

    json = put_text(json, "model", &vif->model);
    json = put_text(json, "mac", &vif->mac);
    json = put_text(json, "ip", &vif->ip);
    json = put_text(json, "bridge", &vif->bridge);
    json = put_text(json, "ifname", &vif->vifname);
    json = put_text(json, "script", &vif->script);
    return slip__json_put(json, "nictype", json_string("vif"));
}

static json_t *put_devices(json_t *json, const struct slip_guest *guest)
{
    json_t *disks = json_array(), *nics = json_array();

    for (size_t i = 0; i < guest->disk.count; i++)
        disks = slip__json_append(disks, disk_json(&guest->disk.items[i]));
    for (size_t i = 0; i < guest->vif.count; i++)
        nics = slip__json_append(nics, nic_json(&guest->vif.items[i], i));
    if (guest->disk.count)
        json = slip__json_put(json, "disks", disks);
    else
        json_decref(disks);
    if (guest->vif.count)
        return slip__json_put(json, "nics", nics);
    json_decref(nics);
    return json;
}

static json_t *put_actions(json_t *json, const struct slip_guest *guest)
{
    static const char *const words[] = {[SLIP_ACTION_DESTROY] = "destroy",
                                        [SLIP_ACTION_RESTART] = "restart",
                                        [SLIP_ACTION_RENAME_RESTART] = "restart_rename",
                                        [SLIP_ACTION_PRESERVE] = "preserve",
                                        [SLIP_ACTION_COREDUMP_DESTROY] = "coredump_destroy",
                                        [SLIP_ACTION_COREDUMP_RESTART] = "coredump_restart",
                                        [SLIP_ACTION_SOFT_RESET] = "soft_reset"};
    const struct {
        const char *key;
        const struct slip_num *action;
    } actions[] = {{"on_poweroff", &guest->on_poweroff},
                   {"on_reboot", &guest->on_reboot},
                   {"on_watchdog", &guest->on_watchdog},
                   {"on_crash", &guest->on_crash}};

    for (size_t i = 0; i < SLIP_COUNT(actions); i++)
        if (actions[i].action->value != SLIP_ACTION_DESTROY)
            json =
                slip__json_put(json, actions[i].key, json_string(words[actions[i].action->value]));
    return slip__json_put(json, "on_soft_reset", json_string("soft_reset"));
}

int slip__xen_userdata_text(const struct slip_guest *guest, char **ret, struct slip_error **err)
{
    json_t *json = slip__json_put(json_object(), "c_info", c_info(guest));

    json = slip__json_put(json, "b_info", b_info(guest));
    json = put_devices(json, guest);
    return slip__json_dump(put_actions(json, guest), JSON_INDENT(4), ret, err);
}

/* --- with a device more or less --------------------------------------------------------------------------------- */

static json_t *load(const char *text, struct slip_error **err)
{
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

    if (json_is_object(json))
        return json;
    json_decref(json);
    slip__error(err, SLIP_EENGINE, "libxl's configuration of the domain makes no sense");
    return NULL;
}

static bool has_number(enum slip_device_kind kind, const json_t *device, uint32_t devid)
{
    const char *vdev = json_string_value(json_object_get(device, "vdev"));
    uint32_t number;

    if (kind == SLIP_DEVICE_DISK)
        return vdev && slip__xen_vdev_number(vdev, &number) && number == devid;
    return json_is_integer(json_object_get(device, "devid")) &&
           json_integer_value(json_object_get(device, "devid")) == (json_int_t)devid;
}

/* The list of this kind, without the device of this number. NULL: there is none. */
static json_t *list_without(const json_t *json, enum slip_device_kind kind, uint32_t devid)
{
    json_t *list = json_object_get(json, kind == SLIP_DEVICE_DISK ? "disks" : "nics");

    if (!json_is_array(list))
        return NULL;
    for (size_t i = json_array_size(list); i-- > 0;)
        if (has_number(kind, json_array_get(list, i), devid))
            json_array_remove(list, i);
    return list;
}

int slip__xen_userdata_with(const char *text, const struct slip_device *device, uint32_t devid,
                            char **ret, struct slip_error **err)
{
    bool disk = device->kind == SLIP_DEVICE_DISK;
    json_t *json = load(text, err), *list, *item;

    if (!json)
        return SLIP_EENGINE;
    list = list_without(json, device->kind, devid);
    item = disk ? disk_json(device->disk) : nic_json(device->vif, devid);
    if (list && json_array_append_new(list, item) < 0) {
        json_decref(json);
        json = NULL;
    } else if (!list) {
        json = slip__json_put(json, disk ? "disks" : "nics", slip__json_append(json_array(), item));
    }
    return slip__json_dump(json, JSON_INDENT(4), ret, err);
}

int slip__xen_userdata_without(const char *text, enum slip_device_kind kind, uint32_t devid,
                               char **ret, struct slip_error **err)
{
    json_t *json = load(text, err);

    if (!json)
        return SLIP_EENGINE;
    list_without(json, kind, devid);
    return slip__json_dump(json, JSON_INDENT(4), ret, err);
}

/* --- files ------------------------------------------------------------------------------------------------------ */

/* kind: d the file, n while it is written, l a lock. */
static void file_name(char *ret, size_t size, char kind, uint32_t domid, const char *uuid,
                      const char *user)
{
    snprintf(ret, size, FOLDER "/userdata-%c.%u.%s.%s", kind, domid, uuid, user);
}

static int write_file(const char *path, const char *text)
{
    SLIP_AUTO_CLOSE int fd =
        open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return -errno;
    return slip__write_all(fd, text,
                           strlen(text) + 1); /* with its NUL, which libxl's reader expects */
}

static int replace(uint32_t domid, const char *uuid, const char *text, struct slip_error **err)
{
    char path[128], fresh[128];
    int rc;

    file_name(path, sizeof(path), 'd', domid, uuid, JSON);
    file_name(fresh, sizeof(fresh), 'n', domid, uuid, JSON);
    rc = write_file(fresh, text);
    if (rc == -ENOENT && mkdir(FOLDER, 0755) == 0)
        rc = write_file(fresh, text);
    if (rc == 0 && rename(fresh, path) < 0)
        rc = -errno;
    if (rc < 0)
        unlink(fresh);
    return rc < 0 ? slip__error_errno(err, SLIP_EENGINE, -rc, "cannot write '%s'", path) : 0;
}

int slip__xen_userdata_write(uint32_t domid, const struct slip_guest *guest,
                             struct slip_error **err)
{
    SLIP_AUTO_FREE char *text = NULL;
    int rc = slip__xen_userdata_text(guest, &text, err);

    return rc < 0 ? rc : replace(domid, guest->uuid.value, text, err);
}

/* Takes libxl's lock: a descriptor, or -1: whoever has it does not let go. */
static int lock(const char *path)
{
    const struct timespec pause = {.tv_nsec = LOCK_WAIT_MS * 1000000L};

    for (unsigned i = 0; i < LOCK_TRIES; i++) {
        SLIP_AUTO_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        struct stat locked, there;

        if (fd < 0)
            return -1;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
            nanosleep(&pause, NULL); /* libxl's holders are done in milliseconds */
        else if (fstat(fd, &locked) == 0 && stat(path, &there) == 0 &&
                 locked.st_dev == there.st_dev && locked.st_ino == there.st_ino)
            return slip__steal_fd(&fd);
    }
    return -1;
}

/* One device more (device is not NULL) or less. */
static void change(uint32_t domid, const char *uuid, enum slip_device_kind kind,
                   const struct slip_device *device, uint32_t devid)
{
    SLIP_AUTO_FREE char *before = NULL;
    SLIP_AUTO_FREE char *after = NULL;
    char path[128];
    int fd, rc;

    file_name(path, sizeof(path), 'l', domid, uuid, LOCK);
    fd = lock(path);
    if (fd < 0)
        return;
    rc = slip__xen_userdata_read(domid, uuid, &before, NULL);
    if (rc == 0)
        rc = device ? slip__xen_userdata_with(before, device, devid, &after, NULL)
                    : slip__xen_userdata_without(before, kind, devid, &after, NULL);
    if (rc == 0)
        replace(domid, uuid, after, NULL);
    unlink(path); /* first, so that nobody locks what is no longer there */
    close(fd);
}

void slip__xen_userdata_add(uint32_t domid, const char *uuid, const struct slip_device *device,
                            uint32_t devid)
{
    change(domid, uuid, device->kind, device, devid);
}

void slip__xen_userdata_drop(uint32_t domid, const char *uuid, enum slip_device_kind kind,
                             uint32_t devid)
{
    change(domid, uuid, kind, NULL, devid);
}

int slip__xen_userdata_read(uint32_t domid, const char *uuid, char **ret, struct slip_error **err)
{
    char path[128];
    size_t len;

    file_name(path, sizeof(path), 'd', domid, uuid, JSON);
    return slip__file_read("configuration", path, SLIP_LIMIT_DESCRIPTION_BYTES, SLIP_CODE_TOO_LONG,
                           ret, &len, err);
}

void slip__xen_userdata_remove(uint32_t domid)
{
    DIR *folder = opendir(FOLDER);
    const struct dirent *entry;
    char number[16];
    int len = snprintf(number, sizeof(number), ".%u.", domid);

    if (!folder)
        return;
    while ((entry = readdir(folder))) {
        const char *name = entry->d_name;

        if (strncmp(name, "userdata-", 9) == 0 && name[9] && !strstr(name, "-lock") &&
            strncmp(name + 10, number, (size_t)len) == 0)
            unlinkat(dirfd(folder), name, 0);
    }
    closedir(folder);
}
