/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Network interfaces. */
#include "engine/xen/vif.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

/* xl.conf's defaults for vif.default.bridge and vif.default.script. */
#define DEFAULT_BRIDGE "xenbr0"
#define DEFAULT_SCRIPT "vif-bridge"

/* As Linux wants them: IFNAMSIZ, and net/core/dev.c's dev_valid_name(). */
#define NAME_RULE "at most 15 bytes, without '/', ':' and blanks"

static bool is_interface_name(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && len <= 15 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
           !strpbrk(name, "/: \t\n\v\f\r");
}

void slip__xen_vif_check(const struct slip_vif *vif, struct slip_diags *diags)
{
    if (SLIP_IS_GIVEN(vif->type) && strcmp(vif->type.value, "ioemu") == 0)
        slip__diag(diags, SLIP_CODE_ENGINE_NO_EFFECT, vif->type.mark.span,
                   "the guest gets no emulated card: it has Xen's paravirtual one");
    if (SLIP_IS_GIVEN(vif->model))
        slip__diag(diags, SLIP_CODE_ENGINE_NO_EFFECT, vif->model.mark.span,
                   "the guest gets no card '%s': it has Xen's paravirtual one", vif->model.value);
    if (SLIP_IS_GIVEN(vif->vifname) && !is_interface_name(vif->vifname.value))
        slip__diag(diags, SLIP_CODE_ENGINE_REFUSES, vif->vifname.mark.span,
                   "an interface can't be called '%.60s': " NAME_RULE, vif->vifname.value);
}

int slip__xen_vif_open(const struct slip_vif *vif, uint32_t devid,
                       char ret_script[SLIP_XEN_SCRIPT_BYTES], struct slip_error **err)
{
    char what[32];

    snprintf(what, sizeof(what), "interface %u", devid);
    /* One that is plugged in was not checked by slip__xen_vif_check(). */
    if (SLIP_IS_GIVEN(vif->vifname) && !is_interface_name(vif->vifname.value))
        return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_ENGINE_REFUSES,
                                "%s can't be called '%.60s': " NAME_RULE, what, vif->vifname.value);
    if (access("/sys/bus/xen-backend/drivers/vif", F_OK) < 0) {
        slip__error_code(err, SLIP_EENGINE, SLIP_CODE_HOTPLUG_FAILED,
                         "%s: this host's kernel has no driver for guests' interfaces", what);
        slip__error_hint(err, "modprobe xen-netback");
        return SLIP_EENGINE;
    }
    if (!slip__xen_script_path(SLIP_IS_GIVEN(vif->script) ? vif->script.value : DEFAULT_SCRIPT,
                               ret_script))
        return slip__error_code(err, SLIP_EENGINE, SLIP_CODE_HOTPLUG_FAILED,
                                "%s: the script's name is too long", what);
    return slip__xen_script_check(ret_script, what, err);
}

/* Keys as libxl's libxl_nic.c. */
void slip__xen_vif_nodes(const struct slip_vif *vif, uint32_t domid, uint32_t devid,
                         const char *script, struct slip_xen_nodes *nodes)
{
    const struct slip_xen_device dev = {domid, devid, "vif", "vif"};
    char handle[16], perms[24], front[SLIP_XEN_PATH_BYTES];
    const struct {
        const char *key;
        const char *value;
    } back[] = {
        {"script", script},
        {"mac", vif->mac.value},
        {"bridge", vif->bridge.value ? vif->bridge.value : DEFAULT_BRIDGE},
        {"vifname", vif->vifname.value},
        {"ip", vif->ip.value},
        {"type", "vif"},
    };

    snprintf(handle, sizeof(handle), "%u", devid);
    slip__xen_device_begin(&dev, nodes);
    for (size_t i = 0; i < SLIP_COUNT(back); i++)
        if (back[i].value && back[i].value[0])
            slip__xen_device_put_back(&dev, nodes, back[i].key, back[i].value);
    slip__xen_device_put_back(&dev, nodes, "handle", handle);
    slip__xen_device_put_back(&dev, nodes, "hotplug-status", "");
    slip__xen_device_put_front(&dev, nodes, "state", "1");
    slip__xen_device_put_front(&dev, nodes, "handle", handle);
    slip__xen_device_put_front(&dev, nodes, "mac", vif->mac.value);
    slip__xen_device_put_front(&dev, nodes, "trusted", "1");
    /* The script writes the bridge's into it; the guest only reads it. */
    slip__xen_device_put_front(&dev, nodes, "mtu", "1500");
    slip__xen_device_front(&dev, front);
    snprintf(perms, sizeof(perms), "n0,r%u", domid);
    slip__xen_nodes_perms(nodes, perms, "%s/mtu", front);
}

struct slip_xen_script slip__xen_vif_script(uint32_t domid, uint32_t devid, const char *path)
{
    struct slip_xen_script script = {.dev = {domid, devid, "vif", "vif"}, .child = SLIP_CHILD_NONE};

    snprintf(script.path, sizeof(script.path), "%s", path);
    return script;
}
