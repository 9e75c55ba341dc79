/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Opens the files a guest starts from, and refuses what this version does not start. Must not know what is in the files.
 * Every problem with a file is SLIP_EIMAGE here: to whoever starts a guest, a kernel that is missing is a bad kernel.
 */
#include "boot/payload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "guest/limits.h"

/* What this version can't start, before anything is opened. */
static int refuse(const struct slip_guest *guest, enum slip_boot_method method,
                  struct slip_error **err)
{
    int rc;

    if (method != SLIP_BOOT_KERNEL) {
        rc = method == SLIP_BOOT_FIRMWARE
                 ? slip__error_code(err, SLIP_EENGINE, SLIP_CODE_BOOT_UNBUILT,
                                    "firmware boot ('%s') is not built into this version",
                                    guest->firmware.value ? guest->firmware.value : "default")
                 : slip__error_code(err, SLIP_EENGINE, SLIP_CODE_BOOT_UNBUILT,
                                    "booting through a bootloader ('%s') is not built into this "
                                    "version",
                                    guest->bootloader.value ? guest->bootloader.value : "default");
        slip__error_hint(err, "start the kernel directly, with kernel=, ramdisk= and cmdline=");
        return rc;
    }
    if (guest->type.value == SLIP_TYPE_HVM) {
        rc = slip__error_code(err, SLIP_EENGINE, SLIP_CODE_CONTAINER_UNBUILT,
                              "guests of type hvm are not built into this version");
        slip__error_hint(err, "type = \"pvh\" starts any kernel that has a PVH entry");
        return rc;
    }
    return 0;
}

static int open_file(const char *role, const char *path, struct slip_payload_file *ret,
                     struct slip_error **err)
{
    struct slip_error *why = NULL;
    int rc;

    ret->fd = -1;
    ret->name = strdup(path);
    if (!ret->name)
        return slip__error_oom(err);
    rc = slip__file_open(role, path, &ret->fd, &ret->size_bytes, &why);
    if (rc < 0) {
        if (rc == SLIP_ENOMEM)
            rc = slip__error_oom(err);
        else
            rc = slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_PAYLOAD_FILE, "%s",
                                  slip_error_message(why));
        slip_error_free(why);
        return rc;
    }
    if (ret->size_bytes == 0)
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_PAYLOAD_EMPTY, "%s '%s' is empty", role,
                                path);
    return 0;
}

static int open_modules(const struct slip_strs *paths, struct slip_payload *payload,
                        struct slip_error **err)
{
    if (paths->count > SLIP_LIMIT_MODULES)
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_TOO_MANY_MODULES,
                                "the guest has %zu modules, the limit is %u", paths->count,
                                SLIP_LIMIT_MODULES);
    if (!paths->count)
        return 0;
    payload->modules = calloc(paths->count, sizeof(*payload->modules));
    if (!payload->modules)
        return slip__error_oom(err);
    for (size_t i = 0; i < paths->count; i++) {
        char role[32];
        int rc;

        snprintf(role, sizeof(role), "module %zu", i);
        /* Counted before it is opened, so that dispose sees a half-open one. */
        payload->n_modules++;
        rc = open_file(role, paths->items[i].value, &payload->modules[i], err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int slip__payload_open(const struct slip_guest *guest, struct slip_payload *ret,
                       struct slip_error **err)
{
    struct slip_payload payload = {.method = slip__guest_boot_method(guest), .kernel = {.fd = -1}};
    int rc = refuse(guest, payload.method, err);

    if (rc < 0)
        return rc;
    if (!guest->kernel.value)
        return slip__error(err, SLIP_EINVAL, "the guest names no kernel");
    rc = open_file("kernel", guest->kernel.value, &payload.kernel, err);
    if (rc == 0)
        rc = open_modules(&guest->ramdisk, &payload, err);
    if (rc < 0) {
        slip__payload_dispose(&payload);
        return rc;
    }
    *ret = payload;
    return 0;
}

static void dispose_file(struct slip_payload_file *file)
{
    /* An opened file has a name; a zeroed struct has none, and its fd 0 is not ours. */
    if (file->name && file->fd >= 0)
        close(file->fd);
    free(file->name);
    *file = (struct slip_payload_file){.fd = -1};
}

void slip__payload_dispose(struct slip_payload *payload)
{
    dispose_file(&payload->kernel);
    for (size_t i = 0; i < payload->n_modules; i++)
        dispose_file(&payload->modules[i]);
    free(payload->modules);
    payload->modules = NULL;
    payload->n_modules = 0;
}
