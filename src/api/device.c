/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices for running domains: a text of xl.cfg's becomes a device here, where the person is who wrote it; then it goes to the
 * supervisor, or, for a domain without one, straight to its engine. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/domain.h"
#include "base/cleanup.h"
#include "base/limits.h"
#include "config/config.h"
#include "engine/idle.h"
#include "guest/json.h"

static const char *const keys[] = {[SLIP_DEVICE_DISK] = "disk", [SLIP_DEVICE_VIF] = "vif"};

static bool is_kind(enum slip_device_kind kind)
{
    return kind == SLIP_DEVICE_DISK || kind == SLIP_DEVICE_VIF;
}

static int stray_call(const struct slip_domain *domain, bool has_call, struct slip_error **err)
{
    return has_call ? 0 : slip__no_hotplug(domain->stray.engine, err);
}

/* --- listing ---------------------------------------------------------------------------------------------------- */

static int supervised_list(struct slip_domain *domain, slip_device_fn *fn, void *payload,
                           struct slip_error **err)
{
    json_t *reply = NULL, *devices, *item;
    size_t i;
    int rc = slip__client_request(&domain->client, "devices", &reply, err);

    if (rc < 0)
        return rc;
    devices = json_object_get(reply, "devices");
    json_array_foreach(devices, i, item)
    {
        struct slip_device_info info;

        slip__device_from_json(item, &info);
        if (fn(&info, payload))
            break;
    }
    json_decref(reply);
    return 0;
}

int slip_domain_device_list(struct slip_domain *domain, slip_device_fn *fn, void *payload,
                            struct slip_error **err)
{
    const struct slip_hosted *hosted;
    int rc;

    if (!domain || !fn)
        return slip__error(err, SLIP_EINVAL,
                           "slip_domain_device_list() needs a domain and a function");
    if (!domain->stray.engine)
        return supervised_list(domain, fn, payload, err);
    hosted = domain->stray.engine->hosted;
    rc = stray_call(domain, hosted->devices, err);
    return rc < 0 ? rc : hosted->devices((unsigned)domain->stray.info.domid, fn, payload, err);
}

/* --- attaching -------------------------------------------------------------------------------------------------- */

/* The number of the next interface: beyond all that are there, as libxl does. */
static int count_vif(const struct slip_device_info *info, void *payload)
{
    size_t *next = payload;

    if (info->kind == SLIP_DEVICE_VIF && info->devid >= 0 && (size_t)info->devid >= *next)
        *next = (size_t)info->devid + 1;
    return 0;
}

/* Reads the text into a guest that is nothing but this device, and the domain's uuid. */
static int read_device(const char *uuid, size_t first_vif, enum slip_device_kind kind,
                       const char *spec, struct slip_guest *guest, struct slip_diags *diags,
                       struct slip_error **err)
{
    const struct slip_mark given = {.origin = SLIP_GIVEN};
    size_t before = slip_diags_errors(diags);
    SLIP_AUTO_FREE char *text = NULL, *cwd = NULL;
    unsigned source;
    int len, rc;

    if (strlen(spec) > SLIP_LIMIT_DESCRIPTION_BYTES)
        return slip__error(err, SLIP_EINVAL, "a device of %zu bytes: the limit is %u", strlen(spec),
                           SLIP_LIMIT_DESCRIPTION_BYTES);
    cwd = getcwd(NULL, 0);
    if (!cwd)
        return slip__error_errno(err, SLIP_EIO, errno, "cannot tell the working directory");
    len = asprintf(&text, "%s=%s", keys[kind], spec);
    if (len < 0)
        text = NULL;
    source = text ? slip__diags_add_source(diags, "<command line>", text, (size_t)len) : 0;
    if (!source || slip__str_set(&guest->uuid, uuid, strlen(uuid), given) < 0)
        return slip__error_oom(err);
    rc = slip__config_device(source, keys[kind], (struct slip_strictness){0}, guest, diags, err);
    if (rc == 0)
        rc = slip__guest_resolve_devices(guest, cwd, first_vif, diags, err);
    slip__idle_check_devices(guest, diags);
    if (rc == 0 && (slip_diags_errors(diags) > before || guest->disk.count + guest->vif.count != 1))
        rc = slip__error(err, SLIP_EDESC, "the device's description is wrong");
    return rc;
}

static int send_device(struct slip_domain *domain, const struct slip_device *device,
                       struct slip_error **err)
{
    json_t *request = slip__message_request("attach");
    json_t *json = device->kind == SLIP_DEVICE_DISK
                       ? slip__object_to_json(&slip__record_disk, device->disk)
                       : slip__object_to_json(&slip__record_vif, device->vif);

    if (!request || !json || json_object_set(request, "device", json) < 0 ||
        json_object_set_new(request, "kind", json_integer(device->kind)) < 0) {
        json_decref(json);
        json_decref(request);
        return slip__error_oom(err);
    }
    json_decref(json);
    return slip__client_send(&domain->client, request, NULL, err);
}

static int attach(struct slip_domain *domain, const struct slip_device *device,
                  struct slip_error **err)
{
    const struct slip_hosted *hosted;
    int rc;

    if (!domain->stray.engine)
        return send_device(domain, device, err);
    hosted = domain->stray.engine->hosted;
    rc = stray_call(domain, hosted->attach, err);
    return rc < 0 ? rc : hosted->attach((unsigned)domain->stray.info.domid, device, err);
}

int slip_domain_device_attach(struct slip_domain *domain, enum slip_device_kind kind,
                              const char *spec, struct slip_diags *diags, struct slip_error **err)
{
    struct slip_domain_info info = {.size = sizeof(info)};
    struct slip_device device = {.kind = kind};
    struct slip_guest *guest;
    size_t first_vif = 0;
    int rc;

    if (!domain || !spec || !diags || !is_kind(kind))
        return slip__error(err, SLIP_EINVAL,
                           "slip_domain_device_attach() needs a domain, a kind, a text and diags");
    rc = slip_domain_info(domain, &info, err);
    if (rc == 0)
        rc = slip_domain_device_list(domain, count_vif, &first_vif, err);
    if (rc < 0)
        return rc;
    guest = slip__guest_new();
    rc = guest ? read_device(info.uuid, first_vif, kind, spec, guest, diags, err)
               : slip__error_oom(err);
    if (rc == 0) {
        if (kind == SLIP_DEVICE_DISK)
            device.disk = &guest->disk.items[0];
        else
            device.vif = &guest->vif.items[0];
        rc = attach(domain, &device, err);
    }
    slip__guest_free(guest);
    return rc;
}

/* --- detaching -------------------------------------------------------------------------------------------------- */

int slip_domain_device_detach(struct slip_domain *domain, enum slip_device_kind kind,
                              const char *which, struct slip_error **err)
{
    const struct slip_hosted *hosted;
    json_t *request;
    int rc;

    if (!domain || !which || !*which || !is_kind(kind))
        return slip__error(err, SLIP_EINVAL,
                           "slip_domain_device_detach() needs a domain, a kind and a device");
    if (domain->stray.engine) {
        hosted = domain->stray.engine->hosted;
        rc = stray_call(domain, hosted->detach, err);
        return rc < 0 ? rc : hosted->detach((unsigned)domain->stray.info.domid, kind, which, err);
    }
    request = slip__message_request("detach-device");
    if (!request || json_object_set_new(request, "kind", json_integer(kind)) < 0 ||
        json_object_set_new(request, "which", json_string(which)) < 0) {
        json_decref(request);
        return slip__error(err, SLIP_EINVAL, "no device can be called that");
    }
    return slip__client_send(&domain->client, request, NULL, err);
}
