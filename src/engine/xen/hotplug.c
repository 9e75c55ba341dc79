/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Running the host's hotplug scripts. */
#include "engine/xen/hotplug.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "engine/xen/limits.h"

bool slip__xen_script_path(const char *name, char ret[SLIP_XEN_SCRIPT_BYTES])
{
    int len =
        snprintf(ret, SLIP_XEN_SCRIPT_BYTES, "%s%s", name[0] == '/' ? "" : SLIP_XEN_SCRIPTS, name);

    return len > 0 && len < SLIP_XEN_SCRIPT_BYTES;
}

int slip__xen_script_check(const char *path, const char *what, struct slip_error **err)
{
    if (access(path, X_OK) == 0)
        return 0;
    return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_HOTPLUG_FAILED,
                            "%s: cannot run the hotplug script '%s': %s", what, path,
                            strerrordesc_np(errno));
}

int slip__xen_script_start(struct slip_xen_script *script, bool come, struct slip_error **err)
{
    const struct slip_xen_device *dev = &script->dev;
    bool vif = strcmp(dev->kind, "vif") == 0;
    char name[SLIP_XEN_SCRIPT_BYTES + 8], path[64], type[24], interface[32];
    char *env[] = {name,
                   path,
                   type,
                   (char[]){"XENBUS_BASE_PATH=backend"},
                   (char[]){"LC_ALL=C"},
                   (char[]){"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
                   vif ? interface : NULL,
                   (char[]){"netdev="},
                   NULL};
    char *argv[] = {script->path,
                    vif ? (come ? (char[]){"online"} : (char[]){"offline"})
                        : (come ? (char[]){"add"} : (char[]){"remove"}),
                    vif ? (char[]){"type_if=vif"} : NULL, NULL};
    struct slip_child_io io = {.in = -1, .out = -1, .keep_root = true, .env = env};

    script->child = SLIP_CHILD_NONE;
    if (!script->path[0])
        return 0;
    snprintf(name, sizeof(name), "script=%s", script->path);
    snprintf(path, sizeof(path), "XENBUS_PATH=backend/%s/%u/%u", dev->backend, dev->domid,
             dev->devid);
    snprintf(type, sizeof(type), "XENBUS_TYPE=%s", dev->backend);
    snprintf(interface, sizeof(interface), "vif=vif%u.%u", dev->domid, dev->devid);
    return slip__child_start(&script->child, argv, &io, NULL, 0, err);
}

/* Scripts write their last words to XenStore, as their errors go to a log of theirs. */
static int verdict(struct slip_xen_store *store, struct slip_xen_script *script, bool in_time,
                   struct slip_error **err)
{
    char back[SLIP_XEN_PATH_BYTES], status[32], words[512], end[384];

    slip__xen_device_back(&script->dev, back);
    slip__xen_store_read(store, status, sizeof(status), "%s/hotplug-status", back);
    if (in_time && script->child.how == CLD_EXITED && script->child.status == 0 &&
        strcmp(status, "error") != 0)
        return 0;
    slip__xen_store_read(store, words, sizeof(words), "%s/hotplug-error", back);
    for (char *p = words; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            *p = ' ';
    if (!in_time)
        snprintf(end, sizeof(end), "was not done in %d s", SLIP_LIMIT_SCRIPT_MS / 1000);
    else
        slip__child_describe_end(&script->child, end, sizeof(end));
    return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_HOTPLUG_FAILED,
                            "the hotplug script %s of %s %u %s%s%s", script->path, script->dev.kind,
                            script->dev.devid, end, words[0] ? ": " : "", words);
}

uint64_t slip__xen_scripts_deadline(void)
{
    return slip__now_us() + SLIP_LIMIT_SCRIPT_MS * 1000ull;
}

int slip__xen_scripts_finish(struct slip_xen_store *store, struct slip_xen_script *scripts,
                             size_t count, uint64_t deadline_us, struct slip_error **err)
{
    int rc = 0;

    for (size_t i = 0; i < count; i++) {
        bool in_time;

        if (scripts[i].child.pidfd < 0)
            continue;
        in_time = slip__child_ended(&scripts[i].child);
        for (uint64_t now = slip__now_us(); !in_time && now < deadline_us; now = slip__now_us())
            in_time = slip__child_wait(&scripts[i].child, (int)((deadline_us - now) / 1000) + 1);
        if (rc == 0)
            rc = verdict(store, &scripts[i], in_time, err);
        slip__child_dispose(&scripts[i].child);
    }
    return rc;
}
