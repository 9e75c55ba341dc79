/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What of a guest no engine acts on yet, and why: one table by the schema's names, for every engine. A value that was
 * given and is here is warned of when the guest is planned, so that nothing is dropped in silence. A test holds the
 * table against the schema: each field is either here or acted on somewhere. What only some engines act on is in their
 * own checks. It must not know any engine.
 */
#include "engine/idle.h"

#include <string.h>

#include "base/cleanup.h"

/* no_value: none goes without a word. */
enum { no_value = INT32_MIN };

struct idle {
    const char *name;
    int as_is; /* numbers: this value is what the guest gets anyway */
};

static const struct group {
    const char *reason;
    struct idle fields[40]; /* ends with a name of NULL, or full */
} groups[] = {
    {"Slipway gives a guest no emulated graphics, keyboard or sound",
     {{"vnc", 0},
      {"vnclisten", no_value},
      {"vncdisplay", no_value},
      {"vncunused", no_value},
      {"vncpasswd", no_value},
      {"sdl", 0},
      {"opengl", 0},
      {"display", no_value},
      {"xauthority", no_value},
      {"keymap", no_value},
      {"vga", SLIP_VGA_NONE},
      {"stdvga", 0},
      {"videoram", 0},
      {"nographic", 1},
      {"gfx_passthru", SLIP_GFX_PASSTHRU_OFF},
      {"soundhw", no_value},
      {"vkb_device", 0},
      {"vkb", no_value},
      {"vdispl", no_value},
      {"vsnd", no_value}}},
    {"Slipway offers no SPICE server",
     {{"spice", 0},
      {"spicehost", no_value},
      {"spiceport", no_value},
      {"spicetls_port", no_value},
      {"spicedisable_ticketing", 0},
      {"spicepasswd", no_value},
      {"spiceagent_mouse", 0},
      {"spicevdagent", 0},
      {"spice_clipboard_sharing", 0},
      {"spiceusbredirection", 0},
      {"spice_image_compression", no_value},
      {"spice_streaming_video", no_value}}},
    {"it belongs to the emulated PC of an hvm guest, which Slipway does not build",
     {{"boot", no_value},
      {"hdtype", no_value},
      {"acpi_s3", no_value},
      {"acpi_s4", no_value},
      {"acpi_laptop_slate", 0},
      {"acpi_firmware", no_value},
      {"smbios_firmware", no_value},
      {"smbios", no_value},
      {"bios_path_override", no_value},
      {"firmware_override", no_value},
      {"ms_vm_genid", SLIP_GENID_NONE},
      {"mmio_hole", no_value},
      {"xen_platform_pci", 0},
      {"vendor_device", SLIP_VENDOR_DEVICE_NONE},
      {"viridian", no_value},
      {"parallel", no_value},
      {"rdm", SLIP_RDM_STRATEGY_IGNORE},
      {"rdm_policy", no_value},
      {"rdm_mem_boundary", no_value},
      {"usb", 0},
      {"usbversion", no_value},
      {"usbdevice", no_value},
      {"vpt_align", no_value},
      {"timer_mode", no_value},
      {"hpet", 0},
      {"machine", no_value}}},
    {"Slipway passes no host devices through",
     {{"pci", no_value},
      {"pci_permissive", 0},
      {"pci_msitranslate", 0},
      {"pci_seize", 0},
      {"pci_power_mgmt", 0},
      {"passthrough", SLIP_PASSTHROUGH_DISABLED},
      {"dtdev", no_value},
      {"ioports", no_value},
      {"irqs", no_value},
      {"iomem", no_value},
      {"usbctrl", no_value},
      {"usbdev", no_value}}},
    {"Slipway makes no such device",
     {{"channel", no_value},
      {"p9", no_value},
      {"vtpm", no_value},
      {"pvcalls", no_value},
      {"virtio", no_value},
      {"console", no_value}}},
    {"Slipway leaves scheduling and placement to the hypervisor's defaults",
     {{"pool", no_value},
      {"cpus", no_value},
      {"cpus_each", no_value},
      {"cpus_soft", no_value},
      {"cpus_soft_each", no_value},
      {"cpu_weight", no_value},
      {"cap", 0},
      {"period", no_value},
      {"slice", no_value},
      {"latency", no_value},
      {"extratime", no_value},
      {"vnuma", no_value}}},
    {"the guest gets every processor feature that the engine offers",
     {{"cpuid", no_value},
      {"pae", 1},
      {"nx", 1},
      {"acpi", 1},
      {"apic", 1},
      {"nestedhvm", no_value},
      {"hap", 1},
      {"oos", no_value},
      {"altp2m", SLIP_ALTP2M_DISABLED},
      {"altp2mhvm", 0},
      {"mca_caps", no_value},
      {"msr_relaxed", 0},
      {"vpmu", 0},
      {"tsc_mode", SLIP_TSC_MODE_DEFAULT}}},
    {"the guest's clock is the engine's, in UTC", {{"localtime", 0}, {"rtc_timeoffset", 0}}},
    {"Slipway does not set Xen's limits and policies of a domain",
     {{"max_grant_frames", no_value},
      {"max_maptrack_frames", no_value},
      {"max_grant_version", no_value},
      {"max_event_channels", no_value},
      {"shadow_memory", no_value},
      {"nomigrate", 0},
      {"driver_domain", 0},
      {"seclabel", no_value},
      {"init_seclabel", no_value},
      {"vmtrace_buf_kb", 0},
      {"xend_suspend_evtchn_compat", 0},
      {"e820_host", 0},
      {"on_soft_reset", SLIP_ACTION_SOFT_RESET}}},
    {"Slipway does not run a PV guest inside a shim",
     {{"pvshim", 0},
      {"pvshim_path", no_value},
      {"pvshim_cmdline", no_value},
      {"pvshim_extra", no_value}}},
    {"Slipway runs no device model of its own choosing",
     {{"device_model", no_value},
      {"device_model_stubdomain_seclabel", no_value},
      {"device_model_user", no_value},
      {"device_model_args_pv", no_value},
      {"device_model_args_hvm", no_value},
      {"dm_restrict", 0},
      {"stubdomain_kernel", no_value},
      {"stubdomain_ramdisk", no_value},
      {"stubdomain_cmdline", no_value},
      {"stubdomain_memory", no_value}}},
    {"Slipway starts no bootloader", {{"bootloader_restrict", 0}, {"bootloader_user", no_value}}},
    {"it is for xend, which is no more", {{"on_xend_start", no_value}, {"on_xend_stop", no_value}}},
    {"it is for ARM guests; Slipway builds x86 ones",
     {{"device_tree", no_value},
      {"gic_version", no_value},
      {"vuart", no_value},
      {"tee", SLIP_TEE_NONE},
      {"sve", no_value},
      {"nr_spis", no_value},
      {"llc_colors", no_value}}},
};

/* Of disks and interfaces. */
static const struct part {
    const struct slip_record *record;
    const char *name;
    int as_is;
    const char *reason;
} parts[] = {
    {&slip__record_disk, "backend", no_value, "Slipway's disks are served by the host itself"},
    {&slip__record_disk, "direct_io_safe", 0, "the engine chooses how it opens images"},
    {&slip__record_disk, "discard", no_value, "the engine chooses how it treats discarded blocks"},
    {&slip__record_disk, "trusted", no_value, "the guest is not told whether to trust its disks"},
    {&slip__record_disk, "specification", no_value, "the engine chooses the disk's protocol"},
    {&slip__record_disk, "transport", no_value, "the engine chooses the disk's protocol"},
    {&slip__record_disk, "grant_usage", no_value, "the engine chooses the disk's protocol"},
    {&slip__record_disk, "colo", 0, "Slipway does not replicate guests"},
    {&slip__record_disk, "colo_host", no_value, "Slipway does not replicate guests"},
    {&slip__record_disk, "colo_port", no_value, "Slipway does not replicate guests"},
    {&slip__record_disk, "colo_export", no_value, "Slipway does not replicate guests"},
    {&slip__record_disk, "active_disk", no_value, "Slipway does not replicate guests"},
    {&slip__record_disk, "hidden_disk", no_value, "Slipway does not replicate guests"},
    {&slip__record_disk, "shareable", 0, "Slipway shares no disk between guests"},
    {&slip__record_disk, "removable", no_value, "the engine knows CD-ROM drives alone"},
    {&slip__record_disk, "bus", no_value, "the engine chooses the disk's bus"},
    {&slip__record_disk, "serial", no_value, "the engine gives a disk no serial number"},
    {&slip__record_disk, "boot_order", no_value, "no firmware is started that could boot it"},
    {&slip__record_vif, "gatewaydev", no_value, "Slipway sets up no routed networks"},
    {&slip__record_vif, "backend", no_value, "Slipway's interfaces are served by the host itself"},
    {&slip__record_vif, "rate", no_value, "Slipway does not limit an interface's rate"},
    {&slip__record_vif, "devid", no_value, "interfaces are numbered in the order of the list"},
    {&slip__record_vif, "mtu", no_value, "the interface has its bridge's MTU"},
    {&slip__record_vif, "trusted", no_value,
     "the guest is not told whether to trust its interfaces"},
    {&slip__record_vif, "forwarddev", no_value, "Slipway does not replicate guests"},
    {&slip__record_vif, "colo", no_value, "Slipway does not replicate guests"},
    {&slip__record_vif, "network", no_value, "Slipway asks no libvirt for its networks"},
    {&slip__record_vif, "boot_order", no_value, "no firmware is started that could boot from it"},
};

/* Is the value what the guest gets anyway? */
static bool goes_without(const struct slip_field *field, const struct slip_mark *mark, int as_is)
{
    const struct slip_num *num = (const void *)mark;
    const struct slip_disk_list *list = (const void *)mark;
    const struct slip_strs *strs = (const void *)mark;

    switch (field->kind) {
    case SLIP_KIND_INT:
    case SLIP_KIND_BOOL:
    case SLIP_KIND_ENUM:
        return num->value == as_is;
    case SLIP_KIND_LIST:
        return list->count == 0;
    case SLIP_KIND_STRS:
        return strs->count == 0;
    case SLIP_KIND_STR:
        break;
    }
    /* "none" is how texts say it. */
    return strcmp(((const struct slip_str *)(const void *)mark)->value, "none") == 0;
}

/* Why nobody acts on a field, and which value of it goes without a word; NULL: somebody does. */
static const char *find(const struct slip_record *record, const char *name, int *ret_as_is)
{
    for (size_t g = 0; record == &slip__record_guest && g < SLIP_COUNT(groups); g++) {
        for (size_t i = 0; i < SLIP_COUNT(groups[g].fields) && groups[g].fields[i].name; i++) {
            if (strcmp(groups[g].fields[i].name, name) != 0)
                continue;
            *ret_as_is = groups[g].fields[i].as_is;
            return groups[g].reason;
        }
    }
    for (size_t p = 0; p < SLIP_COUNT(parts); p++) {
        if (parts[p].record != record || strcmp(parts[p].name, name) != 0)
            continue;
        *ret_as_is = parts[p].as_is;
        return parts[p].reason;
    }
    return NULL;
}

/* Few values of a guest are given, so the table is asked about those: not the guest about the table. */
static void check(const struct slip_record *record, const void *object, const char *what,
                  struct slip_diags *diags)
{
    for (size_t i = 0; i < record->n_fields; i++) {
        const struct slip_field *field = &record->fields[i];
        const struct slip_mark *mark = (const void *)((const char *)object + field->offset);
        const char *reason;
        int as_is;

        if (mark->origin != SLIP_GIVEN)
            continue;
        reason = find(record, field->name, &as_is);
        if (reason && !goes_without(field, mark, as_is))
            slip__diag(diags, SLIP_CODE_KEY_IGNORED, mark->span, "%s'%s' has no effect: %s", what,
                       field->key_len ? field->key : field->name, reason);
    }
}

void slip__idle_check_devices(const struct slip_guest *guest, struct slip_diags *diags)
{
    for (size_t i = 0; i < guest->disk.count; i++)
        check(&slip__record_disk, &guest->disk.items[i], "the disk's ", diags);
    for (size_t i = 0; i < guest->vif.count; i++)
        check(&slip__record_vif, &guest->vif.items[i], "the interface's ", diags);
}

void slip__idle_check(const struct slip_guest *guest, struct slip_diags *diags)
{
    check(&slip__record_guest, guest, "", diags);
    slip__idle_check_devices(guest, diags);
}

const char *slip__idle_reason(const struct slip_record *record, const char *name)
{
    int as_is;

    return find(record, name, &as_is);
}
