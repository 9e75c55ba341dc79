/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libxl's names for the schema's fields, in the order of libxl_types.idl. */
#include "config/libxl_json.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

const struct jx_key slip__jx_keys[] = {
    {JX_C_INFO, "hap", "hap", JX_DEFBOOL},
    {JX_C_INFO, "oos", "oos", JX_DEFBOOL},
    {JX_C_INFO, "ssid_label", "seclabel", JX_TEXT},
    {JX_C_INFO, "name", "name", JX_TEXT},
    {JX_C_INFO, "uuid", "uuid", JX_TEXT},
    {JX_C_INFO, "pool_name", "pool", JX_TEXT},
    {JX_C_INFO, "driver_domain", "driver_domain", JX_DEFBOOL},
    {JX_C_INFO, "passthrough", "passthrough", JX_WORD},
    {JX_C_INFO, "xend_suspend_evtchn_compat", "xend_suspend_evtchn_compat", JX_DEFBOOL},

    {JX_B_INFO, "max_vcpus", "maxvcpus", JX_INT},
    {JX_B_INFO, "tsc_mode", "tsc_mode", JX_WORD},
    {JX_B_INFO, "max_memkb", "maxmem", JX_MIB},
    {JX_B_INFO, "target_memkb", "memory", JX_MIB},
    {JX_B_INFO, "video_memkb", "videoram", JX_MIB},
    {JX_B_INFO, "shadow_memkb", "shadow_memory", JX_MIB},
    {JX_B_INFO, "rtc_timeoffset", "rtc_timeoffset", JX_INT},
    {JX_B_INFO, "exec_ssid_label", "init_seclabel", JX_TEXT},
    {JX_B_INFO, "localtime", "localtime", JX_DEFBOOL},
    {JX_B_INFO, "disable_migrate", "nomigrate", JX_DEFBOOL},
    {JX_B_INFO, "max_grant_frames", "max_grant_frames", JX_INT, .zero = true},
    {JX_B_INFO, "max_maptrack_frames", "max_maptrack_frames", JX_INT, .zero = true},
    {JX_B_INFO, "max_grant_version", "max_grant_version", JX_INT, .zero = true},
    {JX_B_INFO, "device_model_stubdomain", "device_model_stubdomain_override", JX_DEFBOOL},
    {JX_B_INFO, "stubdomain_memkb", "stubdomain_memory", JX_MIB},
    {JX_B_INFO, "stubdomain_kernel", "stubdomain_kernel", JX_TEXT},
    {JX_B_INFO, "stubdomain_cmdline", "stubdomain_cmdline", JX_TEXT},
    {JX_B_INFO, "stubdomain_ramdisk", "stubdomain_ramdisk", JX_TEXT},
    {JX_B_INFO, "device_model", "device_model_override", JX_TEXT},
    {JX_B_INFO, "device_model_ssid_label", "device_model_stubdomain_seclabel", JX_TEXT},
    {JX_B_INFO, "device_model_user", "device_model_user", JX_TEXT},
    {JX_B_INFO, "extra", "device_model_args", JX_TEXTS},
    {JX_B_INFO, "extra_pv", "device_model_args_pv", JX_TEXTS},
    {JX_B_INFO, "extra_hvm", "device_model_args_hvm", JX_TEXTS},
    {JX_B_INFO, "event_channels", "max_event_channels", JX_INT},
    {JX_B_INFO, "cmdline", "cmdline", JX_TEXT},
    {JX_B_INFO, "device_tree", "device_tree", JX_TEXT},
    {JX_B_INFO, "acpi", "acpi", JX_DEFBOOL},
    {JX_B_INFO, "bootloader", "bootloader", JX_TEXT},
    {JX_B_INFO, "bootloader_args", "bootloader_args", JX_TEXTS},
    {JX_B_INFO, "bootloader_restrict", "bootloader_restrict", JX_DEFBOOL},
    {JX_B_INFO, "bootloader_user", "bootloader_user", JX_TEXT},
    {JX_B_INFO, "timer_mode", "timer_mode", JX_WORD},
    {JX_B_INFO, "nested_hvm", "nestedhvm", JX_DEFBOOL},
    {JX_B_INFO, "apic", "apic", JX_DEFBOOL},
    {JX_B_INFO, "dm_restrict", "dm_restrict", JX_DEFBOOL},
    {JX_B_INFO, "tee", "tee", JX_WORD},
    {JX_B_INFO, "vmtrace_buf_kb", "vmtrace_buf_kb", JX_INT},
    {JX_B_INFO, "vpmu", "vpmu", JX_DEFBOOL},

    {JX_SCHED, "weight", "cpu_weight", JX_INT, .zero = true},
    {JX_SCHED, "cap", "cap", JX_INT, .zero = true},
    {JX_SCHED, "period", "period", JX_INT, .zero = true},
    {JX_SCHED, "extratime", "extratime", JX_INT, .zero = true},
    {JX_SCHED, "slice", "slice", JX_INT, .zero = true},
    {JX_SCHED, "latency", "latency", JX_INT, .zero = true},

    {JX_HVM, "firmware", "firmware_override", JX_TEXT},
    {JX_HVM, "pae", "pae", JX_DEFBOOL},
    {JX_HVM, "acpi_s3", "acpi_s3", JX_DEFBOOL},
    {JX_HVM, "acpi_s4", "acpi_s4", JX_DEFBOOL},
    {JX_HVM, "acpi_laptop_slate", "acpi_laptop_slate", JX_DEFBOOL},
    {JX_HVM, "nx", "nx", JX_DEFBOOL},
    {JX_HVM, "hpet", "hpet", JX_DEFBOOL},
    {JX_HVM, "vpt_align", "vpt_align", JX_DEFBOOL},
    {JX_HVM, "mmio_hole_memkb", "mmio_hole", JX_MIB},
    {JX_HVM, "system_firmware", "bios_path_override", JX_TEXT},
    {JX_HVM, "smbios_firmware", "smbios_firmware", JX_TEXT},
    {JX_HVM, "acpi_firmware", "acpi_firmware", JX_TEXT},
    {JX_HVM, "hdtype", "hdtype", JX_WORD},
    {JX_HVM, "nographic", "nographic", JX_DEFBOOL},
    {JX_HVM, "keymap", "keymap", JX_TEXT},
    {JX_HVM, "boot", "boot", JX_TEXT},
    {JX_HVM, "usb", "usb", JX_DEFBOOL},
    {JX_HVM, "usbversion", "usbversion", JX_INT},
    {JX_HVM, "vkb_device", "vkb_device", JX_DEFBOOL},
    {JX_HVM, "soundhw", "soundhw", JX_TEXT},
    {JX_HVM, "xen_platform_pci", "xen_platform_pci", JX_DEFBOOL},
    {JX_HVM, "vendor_device", "vendor_device", JX_WORD},
    {JX_HVM, "rdm_mem_boundary_memkb", "rdm_mem_boundary", JX_MIB},
    {JX_VGA, "kind", "vga", JX_WORD},
    {JX_VNC, "enable", "vnc", JX_DEFBOOL},
    {JX_VNC, "listen", "vnclisten", JX_TEXT},
    {JX_VNC, "passwd", "vncpasswd", JX_TEXT},
    {JX_VNC, "display", "vncdisplay", JX_INT},
    {JX_VNC, "findunused", "vncunused", JX_DEFBOOL},
    {JX_SDL, "enable", "sdl", JX_DEFBOOL},
    {JX_SDL, "opengl", "opengl", JX_DEFBOOL},
    {JX_SDL, "display", "display", JX_TEXT},
    {JX_SDL, "xauthority", "xauthority", JX_TEXT},
    {JX_SPICE, "enable", "spice", JX_DEFBOOL},
    {JX_SPICE, "port", "spiceport", JX_INT},
    {JX_SPICE, "tls_port", "spicetls_port", JX_INT},
    {JX_SPICE, "host", "spicehost", JX_TEXT},
    {JX_SPICE, "disable_ticketing", "spicedisable_ticketing", JX_DEFBOOL},
    {JX_SPICE, "passwd", "spicepasswd", JX_TEXT},
    {JX_SPICE, "agent_mouse", "spiceagent_mouse", JX_DEFBOOL},
    {JX_SPICE, "vdagent", "spicevdagent", JX_DEFBOOL},
    {JX_SPICE, "clipboard_sharing", "spice_clipboard_sharing", JX_DEFBOOL},
    {JX_SPICE, "usbredirection", "spiceusbredirection", JX_INT},
    {JX_SPICE, "image_compression", "spice_image_compression", JX_TEXT},
    {JX_SPICE, "streaming_video", "spice_streaming_video", JX_TEXT},
    {JX_RDM, "strategy", "rdm", JX_WORD},
    {JX_RDM, "policy", "rdm_policy", JX_WORD},

    {JX_PV, "e820_host", "e820_host", JX_DEFBOOL},
    {JX_PVH, "pvshim", "pvshim", JX_DEFBOOL},
    {JX_PVH, "pvshim_path", "pvshim_path", JX_TEXT},
    {JX_PVH, "pvshim_cmdline", "pvshim_cmdline", JX_TEXT},
    {JX_PVH, "pvshim_extra", "pvshim_extra", JX_TEXT},
    {JX_ARM, "gic_version", "gic_version", JX_WORD},
    {JX_ARM, "vuart", "vuart", JX_WORD},
    {JX_ARM, "sve_vl", "sve", JX_TEXT},
    {JX_ARM, "nr_spis", "nr_spis", JX_INT, .zero = true},
    {JX_X86, "msr_relaxed", "msr_relaxed", JX_DEFBOOL},

    {JX_DISK, "backend_domname", "backend", JX_TEXT},
    {JX_DISK, "pdev_path", "target", JX_TEXT},
    {JX_DISK, "vdev", "vdev", JX_TEXT},
    {JX_DISK, "backend", "backendtype", JX_TEXT},
    {JX_DISK, "script", "script", JX_TEXT},
    {JX_DISK, "direct_io_safe", "direct_io_safe", JX_FLAG},
    {JX_DISK, "discard_enable", "discard", JX_DEFBOOL},
    {JX_DISK, "specification", "specification", JX_WORD},
    {JX_DISK, "transport", "transport", JX_WORD},
    {JX_DISK, "colo_enable", "colo", JX_DEFBOOL},
    {JX_DISK, "colo_host", "colo_host", JX_TEXT},
    {JX_DISK, "colo_port", "colo_port", JX_INT},
    {JX_DISK, "colo_export", "colo_export", JX_TEXT},
    {JX_DISK, "active_disk", "active_disk", JX_TEXT},
    {JX_DISK, "hidden_disk", "hidden_disk", JX_TEXT},
    {JX_DISK, "trusted", "trusted", JX_DEFBOOL},
    {JX_DISK, "grant_usage", "grant_usage", JX_DEFBOOL},

    {JX_NIC, "backend_domname", "backend", JX_TEXT},
    {JX_NIC, "mtu", "mtu", JX_INT},
    {JX_NIC, "model", "model", JX_TEXT},
    {JX_NIC, "mac", "mac", JX_TEXT},
    {JX_NIC, "ip", "ip", JX_TEXT},
    {JX_NIC, "bridge", "bridge", JX_TEXT},
    {JX_NIC, "ifname", "vifname", JX_TEXT},
    {JX_NIC, "script", "script", JX_TEXT},
    {JX_NIC, "gatewaydev", "gatewaydev", JX_TEXT},
    {JX_NIC, "coloft_forwarddev", "forwarddev", JX_TEXT},
    {JX_NIC, "trusted", "trusted", JX_DEFBOOL},

    {JX_VFB_VNC, "enable", "vnc", JX_DEFBOOL},
    {JX_VFB_VNC, "listen", "vnclisten", JX_TEXT},
    {JX_VFB_VNC, "passwd", "vncpasswd", JX_TEXT},
    {JX_VFB_VNC, "display", "vncdisplay", JX_INT},
    {JX_VFB_VNC, "findunused", "vncunused", JX_DEFBOOL},
    {JX_VFB_SDL, "enable", "sdl", JX_DEFBOOL},
    {JX_VFB_SDL, "opengl", "opengl", JX_DEFBOOL},
    {JX_VFB_SDL, "display", "display", JX_TEXT},
    {JX_VFB_SDL, "xauthority", "xauthority", JX_TEXT},
    {JX_VFB, "keymap", "keymap", JX_TEXT},

    {JX_VKB, "backend_domname", "backend", JX_TEXT},
    {JX_VKB, "backend_type", "backend_type", JX_WORD},
    {JX_VKB, "unique_id", "unique_id", JX_TEXT},
    {JX_VKB, "feature_disable_keyboard", "feature_disable_keyboard", JX_FLAG},
    {JX_VKB, "feature_disable_pointer", "feature_disable_pointer", JX_FLAG},
    {JX_VKB, "feature_abs_pointer", "feature_abs_pointer", JX_FLAG},
    {JX_VKB, "feature_raw_pointer", "feature_raw_pointer", JX_FLAG},
    {JX_VKB, "feature_multi_touch", "feature_multi_touch", JX_FLAG},
    {JX_VKB, "width", "width", JX_INT},
    {JX_VKB, "height", "height", JX_INT},
    {JX_VKB, "multi_touch_width", "multi_touch_width", JX_INT},
    {JX_VKB, "multi_touch_height", "multi_touch_height", JX_INT},
    {JX_VKB, "multi_touch_num_contacts", "multi_touch_num_contacts", JX_INT},

    {JX_PCI, "msitranslate", "msitranslate", JX_FLAG},
    {JX_PCI, "power_mgmt", "power_mgmt", JX_FLAG},
    {JX_PCI, "permissive", "permissive", JX_FLAG},
    {JX_PCI, "seize", "seize", JX_FLAG},
    {JX_PCI, "rdm_policy", "rdm_policy", JX_WORD},
    {JX_PCI, "name", "name", JX_TEXT},

    {JX_USBCTRL, "type", "type", JX_WORD},
    {JX_USBCTRL, "version", "version", JX_INT},
    {JX_USBCTRL, "ports", "ports", JX_INT},
    {JX_USBCTRL, "backend_domname", "backend", JX_TEXT},
    {JX_USBDEV, "ctrl", "controller", JX_INT, .zero = true},
    {JX_USBDEV, "port", "port", JX_INT},

    {JX_VTPM, "backend_domname", "backend", JX_TEXT},
    {JX_VTPM, "uuid", "uuid", JX_TEXT},
    {JX_P9, "backend_domname", "backend", JX_TEXT},
    {JX_P9, "tag", "tag", JX_TEXT},
    {JX_P9, "path", "path", JX_TEXT},
    {JX_P9, "security_model", "security_model", JX_TEXT},
    {JX_P9, "type", "type", JX_WORD},
    {JX_P9, "max_space", "max_space", JX_INT},
    {JX_P9, "max_files", "max_files", JX_INT},
    {JX_P9, "max_open_files", "max_open_files", JX_INT},
    {JX_P9, "auto_delete", "auto_delete", JX_FLAG},
    {JX_PVCALLS, "backend_domname", "backend", JX_TEXT},
    {JX_CHANNEL, "backend_domname", "backend", JX_TEXT},
    {JX_CHANNEL, "name", "name", JX_TEXT},
    {JX_VDISPL, "backend_domname", "backend", JX_TEXT},
    {JX_VDISPL, "be_alloc", "be_alloc", JX_FLAG},
    {JX_CONNECTOR, "unique_id", "id", JX_TEXT},
    {JX_CONNECTOR, "width", "width", JX_INT},
    {JX_CONNECTOR, "height", "height", JX_INT},
    {JX_VSND, "backend_domname", "backend", JX_TEXT},
    {JX_VSND, "short_name", "short_name", JX_TEXT},
    {JX_VSND, "long_name", "long_name", JX_TEXT},
    {JX_VIRTIO, "backend_domname", "backend", JX_TEXT},
    {JX_VIRTIO, "type", "type", JX_TEXT},
    {JX_VIRTIO, "transport", "transport", JX_WORD},
    {JX_VIRTIO, "grant_usage", "grant_usage", JX_DEFBOOL},
    {0},
};

const struct slip_record *slip__jx_record(enum jx_object object)
{
    switch (object) {
    case JX_DISK:
        return &slip__record_disk;
    case JX_NIC:
        return &slip__record_vif;
    case JX_VFB:
    case JX_VFB_VNC:
    case JX_VFB_SDL:
        return &slip__record_vfb;
    case JX_VKB:
        return &slip__record_vkb;
    case JX_PCI:
        return &slip__record_pci;
    case JX_USBCTRL:
        return &slip__record_usbctrl;
    case JX_USBDEV:
        return &slip__record_usbdev;
    case JX_VTPM:
        return &slip__record_vtpm;
    case JX_P9:
        return &slip__record_p9;
    case JX_PVCALLS:
        return &slip__record_pvcalls;
    case JX_CHANNEL:
        return &slip__record_channel;
    case JX_VDISPL:
        return &slip__record_vdispl;
    case JX_CONNECTOR:
        return &slip__record_connector;
    case JX_VSND:
        return &slip__record_vsnd;
    case JX_VIRTIO:
        return &slip__record_virtio;
    default:
        return &slip__record_guest;
    }
}

/* Words that differ in more than a dash. */
static const struct {
    const char *table, *ours, *libxl;
} words[] = {
    {"action", "rename-restart", "restart_rename"},
    {"vga", "stdvga", "std"},
};

const char *slip__jx_word(const struct slip_enum_table *table, int64_t value, char *ret,
                          size_t size)
{
    const char *word = slip__enum_word(table, value);

    if (!word)
        return NULL;
    for (size_t i = 0; i < SLIP_COUNT(words); i++) {
        if (strcmp(words[i].table, table->name) == 0 && strcmp(words[i].ours, word) == 0)
            word = words[i].libxl;
    }
    snprintf(ret, size, "%s", word);
    for (char *p = ret; *p; p++)
        *p = *p == '-' ? '_' : *p;
    return ret;
}

bool slip__jx_value(const struct slip_enum_table *table, const char *word, int64_t *ret)
{
    char ours[64];

    for (size_t i = 0; i < table->count; i++) {
        *ret = table->items[i].value;
        if (strcmp(slip__jx_word(table, *ret, ours, sizeof(ours)), word) == 0)
            return true;
    }
    return false;
}
