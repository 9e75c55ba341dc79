/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where each setting is in libvirt's XML: the table that the reader and the writer walk, and that the documentation prints. Rows
 * marked CODE are read and written by functions, as what they say depends on more than one value.
 */
#include "config/libvirt.h"

static const struct libvirt_word virts[] = {
    {"xen", SLIP_VIRT_XEN}, {"kvm", SLIP_VIRT_KVM}, {"qemu", SLIP_VIRT_QEMU}, {NULL, 0}};
static const struct libvirt_word tsc_modes[] = {{"auto", SLIP_TSC_MODE_DEFAULT},
                                                {"emulate", SLIP_TSC_MODE_ALWAYS_EMULATE},
                                                {"native", SLIP_TSC_MODE_NATIVE},
                                                {"paravirt", SLIP_TSC_MODE_NATIVE_PARAVIRT},
                                                {"smpsafe", SLIP_TSC_MODE_NATIVE_PARAVIRT},
                                                {NULL, 0}};
/* The rest of the schema's actions has no word. */
static const struct libvirt_word actions[] = {{"destroy", SLIP_ACTION_DESTROY},
                                              {"restart", SLIP_ACTION_RESTART},
                                              {"rename-restart", SLIP_ACTION_RENAME_RESTART},
                                              {"preserve", SLIP_ACTION_PRESERVE},
                                              {"coredump-destroy", SLIP_ACTION_COREDUMP_DESTROY},
                                              {"coredump-restart", SLIP_ACTION_COREDUMP_RESTART},
                                              {NULL, 0}};
static const struct libvirt_word mice[] = {{"client", 1}, {"server", 0}, {NULL, 0}};
static const struct libvirt_word filtering[] = {{"no", 1}, {"yes", 0}, {NULL, 0}};
static const struct libvirt_word discards[] = {{"unmap", 1}, {"ignore", 0}, {NULL, 0}};

static const struct libvirt_row guest_rows[] = {
    {"virt", "@type", LIBVIRT_CODE, virts, "xen unless said"},
    {"name", "name", LIBVIRT_TEXT, NULL, NULL},
    {"uuid", "uuid", LIBVIRT_TEXT, NULL, NULL},
    {"ms_vm_genid", "genid", LIBVIRT_CODE, NULL,
     "an empty element is generate; one with a number is kept"},
    {"title", "title", LIBVIRT_TEXT, NULL, NULL},
    {"description", "description", LIBVIRT_TEXT, NULL, NULL},
    {"maxmem", "memory", LIBVIRT_KIB, NULL, NULL},
    {"memory", "currentMemory", LIBVIRT_KIB, NULL, "memory's, if it is not there"},
    {"maxvcpus", "vcpu", LIBVIRT_CODE, NULL, NULL},
    {"vcpus", "vcpu/@current", LIBVIRT_CODE, NULL, "maxvcpus', if it is not there"},
    {"cpus", "vcpu/@cpuset", LIBVIRT_CODE, NULL, "nodes: has no word"},
    {"cpus_each", "cputune/vcpupin", LIBVIRT_CODE, NULL, "@vcpu, @cpuset"},
    {"cpu_weight", "cputune/shares", LIBVIRT_TEXT, NULL, NULL},
    {"bootloader", "bootloader", LIBVIRT_TEXT, NULL, NULL},
    {"bootloader_args", "bootloader_args", LIBVIRT_CODE, NULL, "with blanks between them"},
    {"type", "os/type", LIBVIRT_CODE, NULL, "linux (or xen) is pv, xenpvh is pvh, hvm"},
    {"arch", "os/type/@arch", LIBVIRT_CODE, NULL, "x86_64 unless said"},
    {"machine", "os/type/@machine", LIBVIRT_CODE, NULL, "xenpv, xenpvh, xenfv by type"},
    {"firmware", "os/loader", LIBVIRT_CODE, NULL,
     "rom: hvmloader with SeaBIOS; pflash: ovmf; another rom: its path; os/@firmware=efi: ovmf"},
    {"firmware_override", "os/loader", LIBVIRT_CODE, NULL,
     "a file hvmloader* that is not in its usual place"},
    {"bios_path_override", "os/loader", LIBVIRT_CODE, NULL, "ovmf that is not in its usual place"},
    {"kernel", "os/kernel", LIBVIRT_TEXT, NULL, NULL},
    {"ramdisk", "os/initrd", LIBVIRT_CODE, NULL, "one; more have no words"},
    {"cmdline", "os/cmdline", LIBVIRT_TEXT, NULL, "root and extra are in it"},
    {"acpi_firmware", "os/acpi/table", LIBVIRT_CODE, NULL, "@type=rawset; slic is read too"},
    {"boot", "os/boot/@dev", LIBVIRT_CODE, NULL, "a fd, c hd, d cdrom, n network"},
    {"acpi", "features/acpi", LIBVIRT_CODE, NULL, "hvm: not there is 0"},
    {"apic", "features/apic", LIBVIRT_CODE, NULL, "hvm: not there is 0"},
    {"pae", "features/pae", LIBVIRT_CODE, NULL, "hvm: not there is 0"},
    {"hap", "features/hap/@state", LIBVIRT_CODE, NULL, "without @state: on"},
    {"viridian", "features/viridian", LIBVIRT_CODE, NULL,
     "the defaults; other lists are rounded to them"},
    {"e820_host", "features/xen/e820_host/@state", LIBVIRT_ONOFF, NULL, NULL},
    {"passthrough", "features/xen/passthrough", LIBVIRT_CODE, NULL,
     "@state, @mode=sync_pt or share_pt"},
    {"nestedhvm", "cpu/@mode", LIBVIRT_CODE, NULL,
     "host-passthrough, unless vmx or svm are disabled"},
    {"cpuid", "cpu/feature", LIBVIRT_CODE, NULL,
     "@name as QEMU has it, @policy: force 1, disable 0, optional x"},
    {"vnuma", "cpu/numa/cell", LIBVIRT_CODE, NULL, NULL},
    {"localtime", "clock/@offset", LIBVIRT_CODE, NULL,
     "utc, localtime; with rtc_timeoffset @basis"},
    {"rtc_timeoffset", "clock/@adjustment", LIBVIRT_CODE, NULL, "@offset=variable"},
    {"tsc_mode", "clock/timer/@mode", LIBVIRT_CODE, tsc_modes, "@name=tsc"},
    {"hpet", "clock/timer/@present", LIBVIRT_CODE, NULL, "@name=hpet"},
    {"on_poweroff", "on_poweroff", LIBVIRT_ALWAYS, actions, "soft-reset has no word"},
    {"on_reboot", "on_reboot", LIBVIRT_ALWAYS, actions, "soft-reset has no word"},
    {"on_crash", "on_crash", LIBVIRT_ALWAYS, actions, "soft-reset has no word"},
    {"acpi_s3", "pm/suspend-to-mem/@enabled", LIBVIRT_YESNO, NULL, NULL},
    {"acpi_s4", "pm/suspend-to-disk/@enabled", LIBVIRT_YESNO, NULL, NULL},
    {"device_model_override", "devices/emulator", LIBVIRT_CODE, NULL,
     "device_model, if there is no override"},
    {"max_grant_frames", "devices/controller/@maxGrantFrames", LIBVIRT_CODE, NULL, "@type=xenbus"},
    {"max_event_channels", "devices/controller/@maxEventChannels", LIBVIRT_CODE, NULL,
     "@type=xenbus"},
    {"serial", "devices/serial", LIBVIRT_CODE, NULL, "the first is a console, too"},
    {"parallel", "devices/parallel", LIBVIRT_CODE, NULL, NULL},
    {"console", "devices/console", LIBVIRT_CODE, NULL, "pv, pvh: a pty unless said"},
    {"usbdevice", "devices/input", LIBVIRT_CODE, NULL, "@bus=usb: tablet, mouse, keyboard"},
    {"usb", "devices/input/@bus", LIBVIRT_CODE, NULL, "1 with a usbdevice"},
    {"soundhw", "devices/sound/@model", LIBVIRT_CODE, NULL, "hda is ich6; all is sb16 and es1370"},
    {"vga", "devices/video/model/@type", LIBVIRT_CODE, NULL, "stdvga is vga"},
    {"videoram", "devices/video/model/@vram", LIBVIRT_CODE, NULL,
     "KiB; the card's own unless said"},
    {"device_model_args", "xen:commandline/xen:arg/@value", LIBVIRT_CODE, NULL, NULL},
    {"seclabel", "seclabel/label", LIBVIRT_CODE, NULL, "@model=flask"},
};

static const struct libvirt_row disk_rows[] = {
    {"cdrom", "@device", LIBVIRT_CODE, NULL, "cdrom; disk; floppy by its vdev"},
    {"backendtype", "driver/@name", LIBVIRT_CODE, NULL, "phy, qemu for qdisk, tap"},
    {"prefix", "driver/@name", LIBVIRT_CODE, NULL, "file, tap and tap2 of old descriptions"},
    {"format", "driver/@type", LIBVIRT_CODE, NULL, NULL},
    {"target", "source", LIBVIRT_CODE, NULL, "@file, @dev; rbd: @protocol, @name, host"},
    {"vdev", "target/@dev", LIBVIRT_TEXT, NULL, NULL},
    {"bus", "target/@bus", LIBVIRT_CODE, NULL, "by its vdev, unless said"},
    {"removable", "target/@removable", LIBVIRT_ONOFF, NULL, NULL},
    {"access", "readonly", LIBVIRT_CODE, NULL, "ro; a CD-ROM is"},
    {"shareable", "shareable", LIBVIRT_PRESENT, NULL, NULL},
    {"serial", "serial", LIBVIRT_TEXT, NULL, NULL},
    {"backend", "backenddomain/@name", LIBVIRT_TEXT, NULL, NULL},
    {"discard", "driver/@discard", LIBVIRT_TEXT, discards, NULL},
    {"boot_order", "boot/@order", LIBVIRT_TEXT, NULL, NULL},
};

static const struct libvirt_row vif_rows[] = {
    {"mac", "mac/@address", LIBVIRT_TEXT, NULL, NULL},
    {"bridge", "source/@bridge", LIBVIRT_CODE, NULL,
     "@type=bridge; VLANs are vlan/tag with an openvswitch virtualport"},
    {"network", "source/@network", LIBVIRT_CODE, NULL, "@type=network"},
    {"ip", "ip/@address", LIBVIRT_CODE, NULL, NULL},
    {"script", "script/@path", LIBVIRT_TEXT, NULL, "vif-bridge or vif-vnic alone is @type=bridge"},
    {"backend", "backenddomain/@name", LIBVIRT_TEXT, NULL, NULL},
    {"vifname", "target/@dev", LIBVIRT_TEXT, NULL, NULL},
    {"model", "model/@type", LIBVIRT_CODE, NULL, NULL},
    {"type", "model/@type", LIBVIRT_CODE, NULL,
     "vif is netfront; ioemu is said by any other model"},
    {"rate", "bandwidth/outbound/@average", LIBVIRT_CODE, NULL,
     "KiB a second; its interval has no words"},
    {"mtu", "mtu/@size", LIBVIRT_TEXT, NULL, NULL},
    {"boot_order", "boot/@order", LIBVIRT_TEXT, NULL, NULL},
};

/* Of the guest (hvm). */
static const struct libvirt_row vnc_rows[] = {
    {"vnc", "@type", LIBVIRT_CODE, NULL, "vnc"},
    {"vncunused", "@autoport", LIBVIRT_CODE, NULL, NULL},
    {"vncdisplay", "@port", LIBVIRT_CODE, NULL, "5900 and the display; -1 with autoport"},
    {"vnclisten", "@listen", LIBVIRT_CODE, NULL, "and a listen element"},
    {"keymap", "@keymap", LIBVIRT_TEXT, NULL, NULL},
    {"vncpasswd", "@passwd", LIBVIRT_TEXT, NULL, NULL},
};

static const struct libvirt_row sdl_rows[] = {
    {"sdl", "@type", LIBVIRT_CODE, NULL, "sdl"},
    {"display", "@display", LIBVIRT_TEXT, NULL, NULL},
    {"xauthority", "@xauth", LIBVIRT_TEXT, NULL, NULL},
    {"opengl", "gl/@enable", LIBVIRT_YESNO, NULL, NULL},
};

static const struct libvirt_row spice_rows[] = {
    {"spice", "@type", LIBVIRT_CODE, NULL, "spice"},
    {"spiceport", "@port", LIBVIRT_CODE, NULL, NULL},
    {"spicetls_port", "@tlsPort", LIBVIRT_CODE, NULL, NULL},
    {"spicehost", "@listen", LIBVIRT_CODE, NULL, "and a listen element"},
    {"spicepasswd", "@passwd", LIBVIRT_TEXT, NULL, NULL},
    {"spicedisable_ticketing", "@passwd", LIBVIRT_CODE, NULL, "1 without a password"},
    {"spiceagent_mouse", "mouse/@mode", LIBVIRT_TEXT, mice, NULL},
    {"spice_clipboard_sharing", "clipboard/@copypaste", LIBVIRT_YESNO, NULL, NULL},
    {"spice_image_compression", "image/@compression", LIBVIRT_TEXT, NULL, NULL},
    {"spice_streaming_video", "streaming/@mode", LIBVIRT_TEXT, NULL, NULL},
};

/* Of a pv guest: the common ones; what is of VNC and what is of SDL is said by what is set. */
static const struct libvirt_row vfb_rows[] = {
    {"vnc", "@type", LIBVIRT_CODE, NULL, "vnc"},
    {"sdl", "@type", LIBVIRT_CODE, NULL, "sdl"},
    {"vncunused", "@autoport", LIBVIRT_CODE, NULL, NULL},
    {"vncdisplay", "@port", LIBVIRT_CODE, NULL, "5900 and the display; -1 with autoport"},
    {"vnclisten", "@listen", LIBVIRT_CODE, NULL, "and a listen element"},
    {"keymap", "@keymap", LIBVIRT_TEXT, NULL, NULL},
    {"vncpasswd", "@passwd", LIBVIRT_TEXT, NULL, NULL},
    {"display", "@display", LIBVIRT_TEXT, NULL, NULL},
    {"xauthority", "@xauth", LIBVIRT_TEXT, NULL, NULL},
    {"opengl", "gl/@enable", LIBVIRT_YESNO, NULL, NULL},
};

static const struct libvirt_row channel_rows[] = {
    {"connection", "@type", LIBVIRT_CODE, NULL, "pty; unix for socket"},
    {"path", "source/@path", LIBVIRT_TEXT, NULL, NULL},
    {"name", "target/@name", LIBVIRT_TEXT, NULL, "@type=xen"},
};

static const struct libvirt_row pci_rows[] = {
    {"bdf", "source/address", LIBVIRT_CODE, NULL, "@domain, @bus, @slot, @function"},
    {"permissive", "source/@writeFiltering", LIBVIRT_TEXT, filtering, NULL},
    {"managed", "@managed", LIBVIRT_CODE, NULL, "no unless said"},
    {"vslot", "address", LIBVIRT_CODE, NULL, "@type=pci on bus 0: @slot, @function"},
};

static const struct libvirt_row usbdev_rows[] = {
    {"hostbus", "source/address/@bus", LIBVIRT_TEXT, NULL, NULL},
    {"hostaddr", "source/address/@device", LIBVIRT_TEXT, NULL, NULL},
    {"vendor", "source/vendor/@id", LIBVIRT_HEX, NULL, NULL},
    {"product", "source/product/@id", LIBVIRT_HEX, NULL, NULL},
    {"controller", "address/@bus", LIBVIRT_TEXT, NULL, "@type=usb"},
    {"port", "address/@port", LIBVIRT_TEXT, NULL, "@type=usb"},
};

static const struct libvirt_row usbctrl_rows[] = {
    {"type", "@model", LIBVIRT_CODE, NULL, "qusb: qusb1, qusb2"},
    {"version", "@model", LIBVIRT_CODE, NULL, "1 and 2: qusb1, qusb2"},
    {"ports", "@ports", LIBVIRT_TEXT, NULL, NULL},
};

static const struct libvirt_row vnode_rows[] = {
    {"pnode", "@id", LIBVIRT_CODE, NULL, "the cell's own number; another has no words"},
    {"size", "@memory", LIBVIRT_CODE, NULL, "@unit"},
    {"vcpus", "@cpus", LIBVIRT_CODE, NULL, "numbers alone"},
    {"vdistances", "distances/sibling", LIBVIRT_CODE, NULL, "@id, @value"},
};

static const struct libvirt_row p9_rows[] = {
    {"path", "source/@dir", LIBVIRT_TEXT, NULL, NULL},
    {"tag", "target/@dir", LIBVIRT_TEXT, NULL, NULL},
    {"security_model", "@accessmode", LIBVIRT_CODE, NULL, "passthrough, mapped"},
};

#define MAP(r, e, t)                           \
    {                                          \
        &slip__record_##r, e, SLIP_COUNT(t), t \
    }

const struct libvirt_map slip__libvirt_guest = MAP(guest, "/domain", guest_rows);
const struct libvirt_map slip__libvirt_disk = MAP(disk, "/domain/devices/disk", disk_rows);
const struct libvirt_map slip__libvirt_vif = MAP(vif, "/domain/devices/interface", vif_rows);
const struct libvirt_map slip__libvirt_vnc = MAP(guest, "/domain/devices/graphics", vnc_rows);
const struct libvirt_map slip__libvirt_sdl = MAP(guest, "/domain/devices/graphics", sdl_rows);
const struct libvirt_map slip__libvirt_spice = MAP(guest, "/domain/devices/graphics", spice_rows);
const struct libvirt_map slip__libvirt_vfb = MAP(vfb, "/domain/devices/graphics", vfb_rows);
const struct libvirt_map slip__libvirt_channel =
    MAP(channel, "/domain/devices/channel", channel_rows);
const struct libvirt_map slip__libvirt_pci = MAP(pci, "/domain/devices/hostdev", pci_rows);
const struct libvirt_map slip__libvirt_usbdev = MAP(usbdev, "/domain/devices/hostdev", usbdev_rows);
const struct libvirt_map slip__libvirt_usbctrl =
    MAP(usbctrl, "/domain/devices/controller", usbctrl_rows);
const struct libvirt_map slip__libvirt_vnode = MAP(vnode, "/domain/cpu/numa/cell", vnode_rows);
const struct libvirt_map slip__libvirt_p9 = MAP(p9, "/domain/devices/filesystem", p9_rows);

const struct libvirt_map *slip__libvirt_map_at(size_t index)
{
    static const struct libvirt_map *const maps[] = {
        &slip__libvirt_guest, &slip__libvirt_disk,    &slip__libvirt_vif,    &slip__libvirt_vnc,
        &slip__libvirt_sdl,   &slip__libvirt_spice,   &slip__libvirt_vfb,    &slip__libvirt_channel,
        &slip__libvirt_pci,   &slip__libvirt_usbctrl, &slip__libvirt_usbdev, &slip__libvirt_vnode,
        &slip__libvirt_p9,
    };

    return index < SLIP_COUNT(maps) ? maps[index] : NULL;
}
