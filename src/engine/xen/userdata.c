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

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"

#define FOLDER "/var/lib/xen"

/* key: value in object; NULL, and both gone, when either is NULL or memory is short. */
static json_t *put(json_t *object, const char *key, json_t *value)
{
    if (object && json_object_set_new(object, key, value) == 0)
        return object;
    if (!object)
        json_decref(value);
    json_decref(object);
    return NULL;
}

static json_t *put_text(json_t *object, const char *key, const struct slip_str *str)
{
    return SLIP_IS_SET(*str) && str->value[0] ? put(object, key, json_string(str->value)) : object;
}

static json_t *c_info(const struct slip_guest *guest)
{
    static const char *const types[] = {
        [SLIP_TYPE_PV] = "pv", [SLIP_TYPE_PVH] = "pvh", [SLIP_TYPE_HVM] = "hvm"};
    json_t *json = put(json_object(), "type", json_string(types[guest->type.value]));

    json = put_text(json, "name", &guest->name);
    json = put(json, "domid", json_integer(UINT32_MAX)); /* libxl's "not yet" */
    json = put_text(json, "uuid", &guest->uuid);
    return put(json, "run_hotplug_scripts", json_string("True"));
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
    json_t *json = put(json_object(), "max_vcpus", json_integer(guest->maxvcpus.value));

    json = put(json, "avail_vcpus", available_vcpus(guest->vcpus.value));
    json = put(json, "max_memkb", json_integer(guest->maxmem.value * 1024));
    json = put(json, "target_memkb", json_integer(guest->memory.value * 1024));
    json = put(json, "video_memkb", json_integer(0));
    json = put(json, "sched_params", json_object());
    json = put(json, "claim_mode", json_string("True"));
    json = put_text(json, "kernel", &guest->kernel);
    json = put_text(json, "cmdline", &guest->cmdline);
    if (guest->ramdisk.count)
        json = put_text(json, "ramdisk", &guest->ramdisk.items[0]);
    json = put(json, types[guest->type.value], json_object());
    json = put(json, "arch_arm", json_object());
    return put(json, "arch_x86", put(json_object(), "msr_relaxed", json_string("False")));
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
    json = put(json, "format",
               json_string(SLIP_IS_SET(disk->target) ? formats[disk->format.value] : "empty"));
    json = put_text(json, "backend", &disk->backendtype);
    json = put_text(json, "script", &disk->script);
    if (disk->cdrom.value)
        json = put(put(json, "removable", json_integer(1)), "is_cdrom", json_integer(1));
    if (disk->access.value == SLIP_DISK_ACCESS_RW)
        json = put(json, "readwrite", json_integer(1));
    return put(json, "colo_restore_enable", json_string("False"));
}

static json_t *nic_json(const struct slip_vif *vif, size_t devid)
{
    json_t *json = put(json_object(), "devid", json_integer((json_int_t)devid));

    json = put_text(json, "model", &vif->model);
    json = put_text(json, "mac", &vif->mac);
    json = put_text(json, "ip", &vif->ip);
    json = put_text(json, "bridge", &vif->bridge);
    json = put_text(json, "ifname", &vif->vifname);
    json = put_text(json, "script", &vif->script);
    return put(json, "nictype", json_string("vif"));
}

static json_t *put_devices(json_t *json, const struct slip_guest *guest)
{
    json_t *disks = json_array(), *nics = json_array();

    for (size_t i = 0; i < guest->disk.count; i++)
        disks = slip__json_append(disks, disk_json(&guest->disk.items[i]));
    for (size_t i = 0; i < guest->vif.count; i++)
        nics = slip__json_append(nics, nic_json(&guest->vif.items[i], i));
    if (guest->disk.count)
        json = put(json, "disks", disks);
    else
        json_decref(disks);
    if (guest->vif.count)
        return put(json, "nics", nics);
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
            json = put(json, actions[i].key, json_string(words[actions[i].action->value]));
    return put(json, "on_soft_reset", json_string("soft_reset"));
}

int slip__xen_userdata_text(const struct slip_guest *guest, char **ret, struct slip_error **err)
{
    json_t *json = put(json_object(), "c_info", c_info(guest));

    json = put(json, "b_info", b_info(guest));
    json = put_devices(json, guest);
    return slip__json_dump(put_actions(json, guest), JSON_INDENT(4), ret, err);
}

/* kind: d the file, n while it is written. */
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

int slip__xen_userdata_write(uint32_t domid, const struct slip_guest *guest,
                             struct slip_error **err)
{
    char path[128], fresh[128];
    SLIP_AUTO_FREE char *text = NULL;
    int rc = slip__xen_userdata_text(guest, &text, err);

    if (rc < 0)
        return rc;
    file_name(path, sizeof(path), 'd', domid, guest->uuid.value, "libxl-json");
    file_name(fresh, sizeof(fresh), 'n', domid, guest->uuid.value, "libxl-json");
    rc = write_file(fresh, text);
    if (rc == -ENOENT && mkdir(FOLDER, 0755) == 0)
        rc = write_file(fresh, text);
    if (rc == 0 && rename(fresh, path) < 0)
        rc = -errno;
    if (rc < 0)
        unlink(fresh);
    return rc < 0 ? slip__error_errno(err, SLIP_EENGINE, -rc, "cannot write '%s'", path) : 0;
}

int slip__xen_userdata_read(uint32_t domid, const char *uuid, char **ret, struct slip_error **err)
{
    char path[128];
    size_t len;

    file_name(path, sizeof(path), 'd', domid, uuid, "libxl-json");
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

        if (strncmp(name, "userdata-", 9) == 0 && name[9] &&
            strncmp(name + 10, number, (size_t)len) == 0)
            unlinkat(dirfd(folder), name, 0);
    }
    closedir(folder);
}
