/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one late pass over a guest as it was read: rules, paths, defaults, checks. It must not know any format. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "guest/rules.h"

struct slip_span slip__rules_whole(const struct slip_rules *r)
{
    struct slip_span whole = SLIP_NO_SPAN;

    /* Sources are numbered in the order of reading, so the description's own is the lowest. */
    for (size_t i = 0; i < slip__record_guest.n_fields; i++) {
        const struct slip_mark *mark = slip__field_mark(&slip__record_guest.fields[i], r->guest);

        if (mark->span.source && (!whole.source || mark->span.source < whole.source))
            whole.source = mark->span.source;
    }
    return whole;
}

int slip__rules_path(struct slip_rules *r, struct slip_str *path)
{
    SLIP_AUTO_FREE char *whole = NULL;

    if (!r->folder || !path->value || !path->value[0] || path->value[0] == '/')
        return 0;
    if (asprintf(&whole, "%s/%s", strcmp(r->folder, "/") == 0 ? "" : r->folder, path->value) < 0) {
        whole = NULL;
        return -1;
    }
    return slip__str_set(path, whole, strlen(whole), path->mark);
}

/* A target that is no file but something QEMU fetches: PROTOCOL:..., as rbd:pool/image or nbd:host:port. */
static bool is_remote(const char *target)
{
    size_t len = strspn(target, "abcdefghijklmnopqrstuvwxyz0123456789+");

    return len > 1 && target[len] == ':';
}

/* The paths that are no business of the boot rules. */
static int paths(struct slip_rules *r)
{
    struct slip_guest *g = r->guest;
    struct slip_str *const files[] = {
        &g->device_model_override, &g->firmware_override,  &g->bios_path_override,
        &g->smbios_firmware,       &g->acpi_firmware,      &g->pvshim_path,
        &g->stubdomain_kernel,     &g->stubdomain_ramdisk, &g->device_tree,
    };

    for (size_t i = 0; i < g->disk.count; i++) {
        struct slip_disk *disk = &g->disk.items[i];

        /* With a script the target is the script's to understand. */
        if (!SLIP_IS_SET(disk->script) && SLIP_IS_SET(disk->target) &&
            !is_remote(disk->target.value) && slip__rules_path(r, &disk->target) < 0)
            return -1;
    }
    for (size_t i = 0; i < SLIP_COUNT(files); i++) {
        if (slip__rules_path(r, files[i]) < 0)
            return -1;
    }
    return 0;
}

int slip__guest_resolve_devices(struct slip_guest *guest, const char *folder, size_t first_vif,
                                struct slip_diags *diags, struct slip_error **err)
{
    struct slip_rules r = {.guest = guest, .folder = folder, .diags = diags};
    size_t before = slip_diags_errors(diags);

    if (paths(&r) < 0 || slip__rules_device_defaults(guest, first_vif) < 0)
        return slip__error_oom(err);
    slip__rules_check_devices(&r);
    if (slip_diags_errors(diags) > before)
        return slip__error(err, SLIP_EDESC, "the device's description is wrong");
    return 0;
}

int slip__guest_resolve(struct slip_guest *guest, const char *folder,
                        struct slip_strictness strictness, struct slip_diags *diags,
                        struct slip_error **err)
{
    struct slip_rules r = {guest, folder, strictness, diags};
    size_t before = slip_diags_errors(diags);

    if (slip__rules_start(&r) < 0 || paths(&r) < 0 || slip__rules_defaults(&r) < 0)
        return slip__error_oom(err);
    slip__rules_check(&r);
    if (slip_diags_errors(diags) > before)
        return slip__error(err, SLIP_EDESC, "the description is wrong");
    return 0;
}
