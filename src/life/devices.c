/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices plugged into a running guest and pulled from it: by the engine now, and in what its next boot is built from. Knows no
 * requests (control.c) and no hypervisor. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "life/supervisor.h"

static const struct slip_field *list_of(enum slip_device_kind kind)
{
    return slip__field_find(&slip__record_guest, kind == SLIP_DEVICE_DISK ? "disk" : "vif");
}

/* A guest of its own to change, NULL when out of memory. */
static struct slip_guest *copy_next(const struct slip_supervisor *s)
{
    struct slip_guest *copy = calloc(1, sizeof(*copy));

    if (copy && slip__object_copy(&slip__record_guest, copy, s->next ? s->next : s->guest) < 0) {
        free(copy);
        return NULL;
    }
    return copy;
}

static void drop(struct slip_guest *guest)
{
    slip__object_dispose(&slip__record_guest, guest);
    free(guest);
}

static void set_next(struct slip_supervisor *s, struct slip_guest *next)
{
    if (s->next)
        drop(s->next);
    s->next = next;
}

static int add(struct slip_guest *guest, const struct slip_device *device)
{
    const struct slip_mark given = {.origin = SLIP_GIVEN};
    void *item = slip__list_add(list_of(device->kind), guest, given);

    if (!item)
        return -1;
    return device->kind == SLIP_DEVICE_DISK
               ? slip__object_copy(&slip__record_disk, item, device->disk)
               : slip__object_copy(&slip__record_vif, item, device->vif);
}

int slip__supervisor_attach(struct slip_supervisor *s, const struct slip_device *device,
                            struct slip_error **err)
{
    struct slip_guest *next;
    int rc = slip__supervisor_check_live(s, err);

    if (rc < 0)
        return rc;
    if (!s->engine->attach)
        return slip__no_hotplug(s->engine, err);
    next = copy_next(s);
    if (!next || add(next, device) < 0)
        rc = slip__error_oom(err);
    else
        rc = s->engine->attach(s->built.run, device, err);
    s->look_again = true;
    if (rc == 0)
        set_next(s, next);
    else if (next)
        drop(next);
    return rc;
}

/* A device that the engine has, by any of its names. */
struct wanted {
    enum slip_device_kind kind;
    const char *which;
    struct slip_device_info found;
};

static int match(const struct slip_device_info *info, void *payload)
{
    struct wanted *wanted = payload;
    char number[16];

    snprintf(number, sizeof(number), "%d", info->devid);
    if (info->kind != wanted->kind ||
        (strcmp(info->name, wanted->which) != 0 && strcasecmp(info->mac, wanted->which) != 0 &&
         strcmp(number, wanted->which) != 0))
        return 0;
    wanted->found = *info;
    return 1;
}

static void remove_disk(struct slip_guest *guest, const struct wanted *wanted)
{
    struct slip_disk_list *list = &guest->disk;

    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i].vdev.value, wanted->found.name) != 0)
            continue;
        slip__object_dispose(&slip__record_disk, &list->items[i]);
        list->count--;
        memmove(&list->items[i], &list->items[i + 1], (list->count - i) * sizeof(list->items[0]));
        return;
    }
}

static void remove_vif(struct slip_guest *guest, const struct wanted *wanted)
{
    struct slip_vif_list *list = &guest->vif;

    for (size_t i = 0; i < list->count; i++) {
        if (strcasecmp(list->items[i].mac.value, wanted->found.mac) != 0)
            continue;
        slip__object_dispose(&slip__record_vif, &list->items[i]);
        list->count--;
        memmove(&list->items[i], &list->items[i + 1], (list->count - i) * sizeof(list->items[0]));
        return;
    }
}

int slip__supervisor_detach(struct slip_supervisor *s, enum slip_device_kind kind,
                            const char *which, struct slip_error **err)
{
    struct wanted wanted = {.kind = kind, .which = which};
    struct slip_guest *next;
    int rc = slip__supervisor_check_live(s, err);

    if (rc < 0)
        return rc;
    if (!s->engine->detach)
        return slip__no_hotplug(s->engine, err);
    next = copy_next(s);
    if (!next)
        return slip__error_oom(err);
    /* Afterwards it has no names any more by which to know it. */
    if (s->engine->devices)
        s->engine->devices(s->built.run, match, &wanted, NULL);
    rc = s->engine->detach(s->built.run, kind, which, err);
    s->look_again = true;
    if (rc < 0) {
        drop(next);
        return rc;
    }
    (kind == SLIP_DEVICE_DISK ? remove_disk : remove_vif)(next, &wanted);
    set_next(s, next);
    return 0;
}

int slip__supervisor_devices(struct slip_supervisor *s, slip_device_fn *fn, void *payload,
                             struct slip_error **err)
{
    if (!s->engine->devices)
        return slip__no_hotplug(s->engine, err);
    return s->built.run ? s->engine->devices(s->built.run, fn, payload, err) : 0;
}
