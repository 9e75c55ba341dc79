/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keys that xl.cfg knows (xl.cfg(5) and tools/xl/xl_parse.c of Xen 4.17 to 4.20) and Slipway does not act on, by the reason
 * why. One table: the parser warns from it and docs/guest-file.md lists it. It must not know how a key is read.
 */
#include <string.h>

#include "base/cleanup.h"
#include "config/xl.h"

static const struct group {
    const char *reason;
    const char *keys[32]; /* ends with a NULL, or full */
} groups[] = {
    {"Slipway gives a guest no emulated graphics, keyboard or sound",
     {"vnc",       "vnclisten",    "vncdisplay", "vncunused",  "vncpasswd", "vncviewer", "sdl",
      "opengl",    "display",      "xauthority", "keymap",     "vga",       "stdvga",    "videoram",
      "nographic", "gfx_passthru", "soundhw",    "vkb_device", "vkb",       "vdispl",    "vsnd"}},
    {"Slipway offers no SPICE server",
     {"spice", "spicehost", "spiceport", "spicetls_port", "spicedisable_ticketing", "spicepasswd",
      "spiceagent_mouse", "spicevdagent", "spice_clipboard_sharing", "spiceusbredirection",
      "spice_image_compression", "spice_streaming_video"}},
    {"it belongs to the emulated PC of an hvm guest, which Slipway does not build",
     {"boot",
      "hdtype",
      "acpi_s3",
      "acpi_s4",
      "acpi_laptop_slate",
      "acpi_firmware",
      "smbios_firmware",
      "bios_path_override",
      "firmware_override",
      "ms_vm_genid",
      "mmio_hole",
      "xen_platform_pci",
      "vendor_device",
      "viridian",
      "parallel",
      "rdm",
      "rdm_mem_boundary",
      "usb",
      "usbversion",
      "usbdevice",
      "vpt_align",
      "timer_mode",
      "hpet"}},
    {"Slipway passes no host devices through",
     {"pci", "pci_permissive", "pci_msitranslate", "pci_seize", "pci_power_mgmt", "passthrough",
      "dtdev", "ioports", "irqs", "iomem", "usbctrl", "usbdev"}},
    {"Slipway makes no such device", {"channel", "p9", "vtpm", "pvcalls", "vif2", "virtio"}},
    {"Slipway leaves scheduling and placement to the hypervisor's defaults",
     {"pool", "cpus", "cpus_soft", "cpu_weight", "cap", "period", "slice", "latency", "extratime",
      "vnuma"}},
    {"the guest gets every processor feature that the engine offers",
     {"cpuid", "pae", "nx", "acpi", "apic", "nestedhvm", "hap", "oos", "altp2m", "altp2mhvm",
      "mca_caps", "msr_relaxed", "vpmu", "tsc_mode", "assisted_xapic", "assisted_x2apic"}},
    {"the guest's clock is the engine's, in UTC", {"localtime", "rtc_timeoffset"}},
    {"Slipway does not set Xen's limits and policies of a domain",
     {"max_grant_frames", "max_maptrack_frames", "max_grant_version", "max_event_channels",
      "shadow_memory", "nomigrate", "driver_domain", "seclabel", "init_seclabel", "vmtrace_buf_kb",
      "xend_suspend_evtchn_compat", "e820_host", "on_soft_reset"}},
    {"Slipway does not run a PV guest inside a shim",
     {"pvshim", "pvshim_path", "pvshim_cmdline", "pvshim_extra"}},
    {"Slipway runs no device model of its own choosing",
     {"device_model", "device_model_stubdomain_seclabel", "device_model_user",
      "device_model_args_pv", "device_model_args_hvm", "dm_restrict", "stubdomain_kernel",
      "stubdomain_ramdisk", "stubdomain_cmdline", "stubdomain_memory"}},
    {"it is for ARM guests; Slipway builds x86 ones",
     {
         "device_tree",
         "gic_version",
         "vuart",
         "tee",
         "sve",
         "nr_spis",
         "static_shm",
         "llc_colors",
     }},
};

static const struct part {
    const char *record;
    const char *key;
    const char *reason;
} parts[] = {
    {"disk", "backend", "Slipway's disks are served by the host itself"},
    {"disk", "direct-io-safe", "the engine chooses how it opens images"},
    {"disk", "discard", "the engine chooses how it treats discarded blocks"},
    {"disk", "no-discard", "the engine chooses how it treats discarded blocks"},
    {"disk", "trusted", "the guest is not told whether to trust its disks"},
    {"disk", "untrusted", "the guest is not told whether to trust its disks"},
    {"disk", "specification", "the engine chooses the disk's protocol"},
    {"disk", "transport", "the engine chooses the disk's protocol"},
    {"disk", "grant_usage", "the engine chooses the disk's protocol"},
    {"disk", "colo", "Slipway does not replicate guests"},
    {"disk", "no-colo", "Slipway does not replicate guests"},
    {"disk", "colo-host", "Slipway does not replicate guests"},
    {"disk", "colo-port", "Slipway does not replicate guests"},
    {"disk", "colo-export", "Slipway does not replicate guests"},
    {"disk", "active-disk", "Slipway does not replicate guests"},
    {"disk", "hidden-disk", "Slipway does not replicate guests"},
    {"vif", "gatewaydev", "Slipway sets up no routed networks"},
    {"vif", "netdev", "Slipway sets up no routed networks"},
    {"vif", "backend", "Slipway's interfaces are served by the host itself"},
    {"vif", "rate", "Slipway does not limit an interface's rate"},
    {"vif", "devid", "interfaces are numbered in the order of the list"},
    {"vif", "mtu", "the interface has its bridge's MTU"},
    {"vif", "trusted", "the guest is not told whether to trust its interfaces"},
    {"vif", "untrusted", "the guest is not told whether to trust its interfaces"},
    {"vif", "accel", "xl does not act on it either"},
    {"vif", "forwarddev", "Slipway does not replicate guests"},
};

const char *slip__xl_ignored_next(struct xl_ignored_cursor *cursor, const char **ret_reason)
{
    while (cursor->group < SLIP_COUNT(groups)) {
        const struct group *g = &groups[cursor->group];

        if (cursor->key < SLIP_COUNT(g->keys) && g->keys[cursor->key]) {
            *ret_reason = g->reason;
            return g->keys[cursor->key++];
        }
        *cursor = (struct xl_ignored_cursor){cursor->group + 1, 0};
    }
    return NULL;
}

const char *slip__xl_ignored_reason(const char *key, size_t len)
{
    struct xl_ignored_cursor cursor = {0};
    const char *known, *reason;

    while ((known = slip__xl_ignored_next(&cursor, &reason))) {
        if (strlen(known) == len && memcmp(known, key, len) == 0)
            return reason;
    }
    return NULL;
}

const char *slip__xl_ignored_part_at(const char *record, size_t index, const char **ret_reason)
{
    for (size_t i = 0; i < SLIP_COUNT(parts); i++) {
        if (strcmp(parts[i].record, record) != 0 || index-- > 0)
            continue;
        if (ret_reason)
            *ret_reason = parts[i].reason;
        return parts[i].key;
    }
    return NULL;
}

const char *slip__xl_ignored_part(const char *record, const char *key, size_t len)
{
    const char *known, *reason;

    for (size_t i = 0; (known = slip__xl_ignored_part_at(record, i, &reason)); i++) {
        if (strlen(known) == len && memcmp(known, key, len) == 0)
            return reason;
    }
    /* COLO's many socket options have one shape (xl_parse.c: parse_nic_config()). */
    if (strcmp(record, "vif") == 0 && len > 5 && memcmp(key, "colo_", 5) == 0)
        return "Slipway does not replicate guests";
    return NULL;
}
