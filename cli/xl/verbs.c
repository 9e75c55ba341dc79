/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The registry of the xl personality: the verbs it has, in the order of xl's own help, and those that it has not. */
#include <stddef.h>

#include "xl.h"

extern const struct xl_verb xl_verb_create, xl_verb_list, xl_verb_destroy, xl_verb_shutdown,
    xl_verb_reboot, xl_verb_pause, xl_verb_unpause, xl_verb_console, xl_verb_vm_list, xl_verb_info,
    xl_verb_domid, xl_verb_domname, xl_verb_dmesg, xl_verb_network_attach, xl_verb_network_list,
    xl_verb_network_detach, xl_verb_block_attach, xl_verb_block_list, xl_verb_block_detach,
    xl_verb_uptime;

static const struct xl_verb *const verbs[] = {
    &xl_verb_create,       &xl_verb_list,           &xl_verb_destroy,      &xl_verb_shutdown,
    &xl_verb_reboot,       &xl_verb_pause,          &xl_verb_unpause,      &xl_verb_console,
    &xl_verb_vm_list,      &xl_verb_info,           &xl_verb_domid,        &xl_verb_domname,
    &xl_verb_dmesg,        &xl_verb_network_attach, &xl_verb_network_list, &xl_verb_network_detach,
    &xl_verb_block_attach, &xl_verb_block_list,     &xl_verb_block_detach, &xl_verb_uptime,
};

const struct xl_verb *xl_verb_at(size_t index)
{
    return index < sizeof(verbs) / sizeof(verbs[0]) ? verbs[index] : NULL;
}

/* Of xl 4.17. */
static const char *const absent[] = {
    "config-update",
    "pci-attach",
    "pci-detach",
    "pci-list",
    "pci-assignable-add",
    "pci-assignable-remove",
    "pci-assignable-list",
    "vncviewer",
    "save",
    "migrate",
    "restore",
    "migrate-receive",
    "dump-core",
    "cd-insert",
    "cd-eject",
    "mem-max",
    "mem-set",
    "button-press",
    "vcpu-list",
    "vcpu-pin",
    "vcpu-set",
    "sharing",
    "sched-credit",
    "sched-credit2",
    "sched-rtds",
    "rename",
    "trigger",
    "sysrq",
    "debug-keys",
    "set-parameters",
    "top",
    "channel-list",
    "vtpm-attach",
    "vtpm-list",
    "vtpm-detach",
    "vkb-attach",
    "vkb-list",
    "vkb-detach",
    "vdispl-attach",
    "vdispl-list",
    "vdispl-detach",
    "vsnd-attach",
    "vsnd-list",
    "vsnd-detach",
    "claims",
    "cpupool-create",
    "cpupool-list",
    "cpupool-destroy",
    "cpupool-rename",
    "cpupool-cpu-add",
    "cpupool-cpu-remove",
    "cpupool-migrate",
    "cpupool-numa-split",
    "getenforce",
    "setenforce",
    "loadpolicy",
    "remus",
    "devd",
    "psr-hwinfo",
    "psr-cmt-attach",
    "psr-cmt-detach",
    "psr-cmt-show",
    "psr-cat-set",
    "psr-cat-show",
    "psr-mba-set",
    "psr-mba-show",
    "usbctrl-attach",
    "usbctrl-detach",
    "usbdev-attach",
    "usbdev-detach",
    "usb-list",
    "qemu-monitor-command",
};

const char *xl_absent_verb_at(size_t index)
{
    return index < sizeof(absent) / sizeof(absent[0]) ? absent[index] : NULL;
}
