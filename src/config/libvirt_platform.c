/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a domain is, how it starts, its features and clocks, both ways. It must not know its devices. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/libvirt.h"

/* The guest's types: os/type's text, and the machine that libvirt gives each. */
static const struct {
    enum slip_type type;
    const char *os, *machine;
} types[] = {
    {SLIP_TYPE_PV, "linux", "xenpv"},
    {SLIP_TYPE_PVH, "xenpvh", "xenpvh"},
    {SLIP_TYPE_HVM, "hvm", "xenfv"},
    {SLIP_TYPE_PV, "xen", "xenpv"}, /* read, not written */
};

static const struct libvirt_word boot_devices[] = {
    {"fd", 'a'}, {"hd", 'c'}, {"cdrom", 'd'}, {"network", 'n'}, {NULL, 0}};

/* The child and its place as a value, NULL: not there. */
static struct xml_node *child(struct xml_node *node, const char *name)
{
    return node ? slip__xml_child(node, name, NULL) : NULL;
}

static void read_virt(struct libvirt_reader *r, struct xml_node *domain)
{
    static const struct libvirt_word words[] = {
        {"xen", SLIP_VIRT_XEN}, {"kvm", SLIP_VIRT_KVM}, {"qemu", SLIP_VIRT_QEMU}, {NULL, 0}};
    const char *type = slip__libvirt_take(domain, "type");
    const struct libvirt_word *w = words;

    if (!type || strcmp(type, "xen") == 0)
        return;
    while (w->word && strcmp(w->word, type) != 0)
        w++;
    if (w->word) {
        slip__libvirt_num(&r->guest->virt, w->value, slip__xml_attr(domain, "type")->span);
        return;
    }
    slip__diag_hint(slip__diag(r->diags, SLIP_CODE_UNKNOWN_WORD,
                               slip__xml_attr(domain, "type")->span,
                               "domains of type '%.60s' are none that Slipway knows", type),
                    "one of xen, kvm, qemu");
}

static void read_type(struct libvirt_reader *r, struct xml_node *type)
{
    struct slip_guest *g = r->guest;
    const char *text = slip__libvirt_take_text(type), *arch, *machine;
    size_t i = 0;

    while (i < SLIP_COUNT(types) && strcmp(types[i].os, text) != 0)
        i++;
    if (i == SLIP_COUNT(types)) {
        slip__diag_hint(slip__diag(r->diags, SLIP_CODE_UNKNOWN_WORD, type->text_span,
                                   "unknown guest type '%.60s'", text),
                        "one of linux, xenpvh, hvm");
        i = 2;
    }
    slip__libvirt_num(&g->type, types[i].type, type->text_span);
    arch = slip__libvirt_take(type, "arch");
    if (arch && strcmp(arch, "i686") == 0)
        slip__libvirt_num(&g->arch, SLIP_ARCH_I686, slip__xml_attr(type, "arch")->span);
    else if (arch && strcmp(arch, "x86_64") != 0)
        slip__diag(r->diags, SLIP_CODE_UNKNOWN_WORD, slip__xml_attr(type, "arch")->span,
                   "guests are x86_64 or i686, not '%.60s'", arch);
    machine = slip__libvirt_take(type, "machine");
    if (machine && (!slip__libvirt_is_xen(g) || strcmp(machine, types[i].machine) != 0))
        slip__libvirt_set(r, &g->machine, machine, slip__xml_attr(type, "machine")->span);
}

static const char *file_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* A loader is hvmloader, which has SeaBIOS in it; or OVMF; or some other firmware's file. */
static void read_loader(struct libvirt_reader *r, struct xml_node *os)
{
    struct xml_node *loader = child(os, "loader");
    struct slip_guest *g = r->guest;
    const char *type, *path;

    if (slip__libvirt_take_if(os, "firmware", "efi"))
        slip__libvirt_set(r, &g->firmware, "ovmf", slip__xml_attr(os, "firmware")->span);
    if (!loader)
        return;
    path = slip__libvirt_take_text(loader);
    type = slip__libvirt_take(loader, "type");
    if ((type && strcmp(type, "pflash") == 0) || strcasestr(file_of(path), "ovmf")) {
        slip__libvirt_take_if(loader, "readonly", "yes");
        slip__libvirt_set(r, &g->firmware, "ovmf", loader->text_span);
        if (*path && strcmp(path, LIBVIRT_OVMF) != 0)
            slip__libvirt_set(r, &g->bios_path_override, path, loader->text_span);
    } else if (strncmp(file_of(path), "hvmloader", strlen("hvmloader")) == 0) {
        if (strcmp(path, LIBVIRT_HVMLOADER) != 0)
            slip__libvirt_set(r, &g->firmware_override, path, loader->text_span);
    } else if (*path) {
        slip__libvirt_set(r, &g->firmware, path, loader->text_span);
    }
    slip__libvirt_take_if(loader, "format", "raw");
}

/* Does a device say its turn? libvirt takes only one of the two ways. */
static bool by_device(const struct xml_node *os)
{
    const struct xml_node *devices = slip__xml_child(os->parent, "devices", NULL);

    for (const struct xml_node *d = devices ? devices->first : NULL; d; d = d->next) {
        if (slip__xml_child(d, "boot", NULL))
            return true;
    }
    return false;
}

static void read_boot(struct libvirt_reader *r, struct xml_node *os)
{
    char letters[32] = "";
    size_t n = 0;
    struct slip_span span = SLIP_NO_SPAN;

    for (struct xml_node *boot = child(os, "boot"); boot;
         boot = slip__xml_child(os, "boot", boot)) {
        const struct xml_attr *dev = slip__xml_attr(boot, "dev");
        const struct libvirt_word *w = boot_devices;

        while (dev && w->word && strcmp(w->word, dev->value) != 0)
            w++;
        if (!dev || !w->word || n + 1 == sizeof(letters))
            continue;
        slip__libvirt_take(boot, "dev");
        letters[n++] = (char)w->value;
        span = n == 1 ? dev->span : span;
    }
    if (n)
        slip__libvirt_set(r, &r->guest->boot, letters, span);
    else if (slip__libvirt_is_hvm(r->guest) && slip__libvirt_is_xen(r->guest) && !by_device(os))
        slip__libvirt_set(r, &r->guest->boot, "c", os->span); /* what libvirt tells Xen then */
}

static void read_args(struct libvirt_reader *r, struct xml_node *node, struct slip_strs *args)
{
    char *text = strdup(slip__libvirt_take_text(node)), *save = NULL;

    if (!text)
        r->oom = true;
    for (char *word = text ? strtok_r(text, " \t\r\n", &save) : NULL; word;
         word = strtok_r(NULL, " \t\r\n", &save))
        slip__libvirt_add(r, args, word, node->text_span);
    free(text);
}

static void read_os(struct libvirt_reader *r, struct xml_node *domain)
{
    struct xml_node *os = child(domain, "os"), *node, *type = child(os, "type");
    struct slip_guest *g = r->guest;
    const struct xml_attr *kind;

    if ((node = child(domain, "bootloader_args")))
        read_args(r, node, &g->bootloader_args);
    node = child(domain, "genid");
    if (node && !node->text) {
        slip__libvirt_take_text(node);
        slip__libvirt_num(&g->ms_vm_genid, SLIP_GENID_GENERATE, node->span);
    }
    if (type)
        read_type(r, type);
    if (!os)
        return;
    slip__libvirt_take_node(os);
    read_loader(r, os);
    read_boot(r, os);
    if ((node = child(os, "initrd")))
        slip__libvirt_add(r, &g->ramdisk, slip__libvirt_take_text(node), node->text_span);
    node = child(child(os, "acpi"), "table");
    kind = node ? slip__xml_attr(node, "type") : NULL;
    if (kind && (strcmp(kind->value, "slic") == 0 || strcmp(kind->value, "rawset") == 0)) {
        slip__libvirt_take(node, "type");
        slip__libvirt_set(r, &g->acpi_firmware, slip__libvirt_take_text(node), node->text_span);
    }
}

static void read_passthrough(struct libvirt_reader *r, struct xml_node *node)
{
    const char *state = slip__libvirt_take(node, "state"), *mode = slip__libvirt_take(node, "mode");
    int64_t value = SLIP_PASSTHROUGH_ENABLED;

    if (state && strcmp(state, "off") == 0)
        value = SLIP_PASSTHROUGH_DISABLED;
    else if (mode && strcmp(mode, "sync_pt") == 0)
        value = SLIP_PASSTHROUGH_SYNC_PT;
    else if (mode && strcmp(mode, "share_pt") == 0)
        value = SLIP_PASSTHROUGH_SHARE_PT;
    slip__libvirt_take_node(node);
    slip__libvirt_num(&r->guest->passthrough, value, node->span);
}

/* A feature that is there is on. For an hvm guest of Xen, one that is not is off: that is what libvirt tells Xen. */
static void read_flag(struct libvirt_reader *r, struct xml_node *domain, const char *name,
                      struct slip_num *num)
{
    struct xml_node *node = child(child(domain, "features"), name);

    if (node) {
        slip__libvirt_take_text(node);
        slip__libvirt_num(num, 1, node->span);
    } else if (slip__libvirt_is_hvm(r->guest)) {
        slip__libvirt_num(num, 0, domain->span);
    }
}

static void read_features(struct libvirt_reader *r, struct xml_node *domain)
{
    struct xml_node *features = child(domain, "features"), *node;
    struct slip_guest *g = r->guest;

    read_flag(r, domain, "acpi", &g->acpi);
    read_flag(r, domain, "apic", &g->apic);
    read_flag(r, domain, "pae", &g->pae);
    if (!features)
        return;
    slip__libvirt_take_node(features);
    if ((node = child(features, "hap"))) {
        bool off = slip__libvirt_take_if(node, "state", "off");

        slip__libvirt_take_if(node, "state", "on");
        slip__libvirt_take_text(node);
        slip__libvirt_num(&g->hap, !off, node->span);
    }
    if ((node = child(features, "viridian"))) {
        slip__libvirt_take_text(node);
        slip__libvirt_add(r, &g->viridian, "defaults", node->span);
    }
    if ((node = child(features, "xen"))) {
        slip__libvirt_take_node(node);
        if ((node = child(node, "passthrough")))
            read_passthrough(r, node);
    }
}

static void read_timer(struct libvirt_reader *r, struct xml_node *timer)
{
    static const struct libvirt_word modes[] = {{"auto", SLIP_TSC_MODE_DEFAULT},
                                                {"emulate", SLIP_TSC_MODE_ALWAYS_EMULATE},
                                                {"native", SLIP_TSC_MODE_NATIVE},
                                                {"paravirt", SLIP_TSC_MODE_NATIVE_PARAVIRT},
                                                {"smpsafe", SLIP_TSC_MODE_NATIVE_PARAVIRT},
                                                {NULL, 0}};
    const struct xml_attr *name = slip__xml_attr(timer, "name");
    const struct xml_attr *mode = slip__xml_attr(timer, "mode");
    const struct xml_attr *present = slip__xml_attr(timer, "present");
    const struct libvirt_word *w = modes;

    if (name && strcmp(name->value, "tsc") == 0 && mode && !SLIP_IS_SET(r->guest->tsc_mode)) {
        while (w->word && strcmp(w->word, mode->value) != 0)
            w++;
        if (!w->word)
            return;
        slip__libvirt_num(&r->guest->tsc_mode, w->value, mode->span);
        slip__libvirt_take_if(timer, "present", "yes");
        slip__libvirt_take(timer, "mode");
    } else if (name && strcmp(name->value, "hpet") == 0 && present &&
               !SLIP_IS_SET(r->guest->hpet)) {
        slip__libvirt_num(&r->guest->hpet, strcmp(present->value, "yes") == 0, present->span);
        slip__libvirt_take(timer, "present");
    } else {
        return;
    }
    slip__libvirt_take(timer, "name");
}

static void read_clock(struct libvirt_reader *r, struct xml_node *domain)
{
    struct xml_node *clock = child(domain, "clock");
    const struct xml_attr *offset = clock ? slip__xml_attr(clock, "offset") : NULL;
    const struct xml_attr *by = clock ? slip__xml_attr(clock, "adjustment") : NULL;
    struct slip_guest *g = r->guest;
    int64_t n = 0;

    if (!offset)
        return;
    if (strcmp(offset->value, "variable") == 0) {
        bool local = slip__libvirt_take_if(clock, "basis", "localtime");

        slip__libvirt_take_if(clock, "basis", "utc");
        slip__libvirt_num(&g->localtime, local, offset->span);
        if (by &&
            slip__libvirt_number(r, by->value, by->span, "adjustment", -INT32_MAX, INT32_MAX, &n))
            slip__libvirt_num(&g->rtc_timeoffset, n, by->span);
        slip__libvirt_take(clock, "adjustment");
    } else if (strcmp(offset->value, "utc") == 0 || strcmp(offset->value, "localtime") == 0) {
        slip__libvirt_num(&g->localtime, strcmp(offset->value, "localtime") == 0, offset->span);
        slip__libvirt_take_if(clock, "adjustment", "reset");
    } else {
        return; /* a time zone, or an absolute time: kept */
    }
    slip__libvirt_take(clock, "offset");
    for (struct xml_node *t = child(clock, "timer"); t; t = slip__xml_child(clock, "timer", t))
        read_timer(r, t);
}

void slip__libvirt_read_platform(struct libvirt_reader *r, struct xml_node *domain)
{
    struct slip_guest *g = r->guest;
    struct xml_node *node;

    read_virt(r, domain);
    read_os(r, domain);
    read_features(r, domain);
    read_clock(r, domain);
    /* The rows took both; one alone is both. */
    if (SLIP_IS_SET(g->maxmem) && !SLIP_IS_SET(g->memory))
        slip__libvirt_num(&g->memory, g->maxmem.value, g->maxmem.mark.span);
    for (node = child(domain, "seclabel"); node; node = slip__xml_child(domain, "seclabel", node)) {
        if (!child(node, "label") || SLIP_IS_SET(g->seclabel) ||
            !slip__libvirt_take_if(node, "model", "flask"))
            continue;
        slip__libvirt_take_if(node, "type", "static");
        slip__libvirt_set(r, &g->seclabel, slip__libvirt_take_text(child(node, "label")),
                          child(node, "label")->text_span);
    }
    node = child(domain, "xen:commandline");
    for (struct xml_node *arg = child(node, "xen:arg"); arg;
         arg = slip__xml_child(node, "xen:arg", arg)) {
        const struct xml_attr *value = slip__xml_attr(arg, "value");

        if (value) {
            slip__libvirt_add(r, &g->device_model_args, value->value, value->span);
            slip__libvirt_take(arg, "value");
        }
    }
    slip__libvirt_take_if(domain, "xmlns:xen", LIBVIRT_XEN_NS);
}

static void write_type(struct libvirt_writer *w)
{
    struct slip_guest *g = w->guest;
    struct xml_node *type = slip__libvirt_make(w, w->root, "os/type");
    size_t i = 0;

    while (types[i].type != (enum slip_type)slip__num_or(&g->type, SLIP_TYPE_PV))
        i++;
    slip__libvirt_attr(w, w->root, "type",
                       slip__enum_word(slip__field_named(&slip__record_guest, "virt")->words,
                                       slip__num_or(&g->virt, SLIP_VIRT_XEN)));
    slip__libvirt_text(w, type, types[i].os);
    slip__libvirt_attr(w, type, "arch",
                       slip__num_or(&g->arch, SLIP_ARCH_X86_64) == SLIP_ARCH_I686 ? "i686"
                                                                                  : "x86_64");
    slip__said(&g->type.mark);
    slip__said(&g->virt.mark);
    slip__said(&g->arch.mark);
    if (!slip__libvirt_say_attr(w, type, "machine", &g->machine) && slip__libvirt_is_xen(g))
        slip__libvirt_attr(w, type, "machine", types[i].machine);
}

static void set_loader(struct libvirt_writer *w, const char *type, const char *path)
{
    struct xml_node *loader = slip__libvirt_make(w, w->root, "os/loader");

    if (strcmp(type, "pflash") == 0)
        slip__libvirt_attr(w, loader, "readonly", "yes");
    slip__libvirt_attr(w, loader, "type", type);
    if (strcmp(type, "rom") == 0)
        slip__libvirt_attr(w, loader, "format", "raw");
    slip__libvirt_text(w, loader, path);
}

/* Is it a path whose reader would take it for what it is? */
static bool plain_path(const char *path)
{
    return strchr(path, '/') && slip__xml_sayable(path) && !strcasestr(file_of(path), "ovmf") &&
           strncmp(file_of(path), "hvmloader", strlen("hvmloader")) != 0;
}

static void write_loader(struct libvirt_writer *w)
{
    struct slip_guest *g = w->guest;
    const char *firmware = SLIP_IS_SET(g->firmware) ? g->firmware.value : "seabios";
    const char *override = SLIP_IS_SET(g->firmware_override) ? g->firmware_override.value : NULL;

    if (!slip__libvirt_is_hvm(g))
        return;
    if (strcmp(firmware, "ovmf") == 0 || strcmp(firmware, "uefi") == 0) {
        const char *path = SLIP_IS_SET(g->bios_path_override) ? g->bios_path_override.value : NULL;

        if (path && (!*path || !slip__xml_sayable(path)))
            path = NULL;
        else
            slip__said(&g->bios_path_override.mark);
        set_loader(w, "pflash", path ? path : LIBVIRT_OVMF);
        slip__said(&g->firmware.mark);
    } else if (plain_path(firmware) && SLIP_IS_GIVEN(g->firmware)) {
        set_loader(w, "rom", firmware);
        slip__said(&g->firmware.mark);
    } else if (slip__libvirt_is_xen(g)) {
        bool sayable = override && slip__xml_sayable(override) &&
                       strncmp(file_of(override), "hvmloader", strlen("hvmloader")) == 0 &&
                       !strcasestr(file_of(override), "ovmf");

        set_loader(w, "rom", sayable ? override : LIBVIRT_HVMLOADER);
        if (sayable)
            slip__said(&g->firmware_override.mark);
        if (strcmp(firmware, "seabios") == 0 || strcmp(firmware, "bios") == 0)
            slip__said(&g->firmware.mark);
    } else if (strcmp(firmware, "seabios") == 0 || strcmp(firmware, "bios") == 0) {
        slip__said(&g->firmware.mark); /* QEMU's own */
    }
}

static void write_boot(struct libvirt_writer *w)
{
    struct slip_guest *g = w->guest;
    const char *letters = SLIP_IS_SET(g->boot) ? g->boot.value : "cda";
    bool by_device = false;

    if (!slip__libvirt_is_hvm(g))
        return;
    for (size_t i = 0; i < g->disk.count; i++)
        by_device |= SLIP_IS_GIVEN(g->disk.items[i].boot_order);
    for (size_t i = 0; i < g->vif.count; i++)
        by_device |= SLIP_IS_GIVEN(g->vif.items[i].boot_order);
    if (!SLIP_IS_SET(g->boot) && (by_device || !slip__libvirt_is_xen(g)))
        return; /* libvirt takes only one of the two; without any it has its own default */
    for (; *letters; letters++) {
        const struct libvirt_word *word = boot_devices;

        while (word->word && word->value != *letters)
            word++;
        if (word->word)
            slip__libvirt_attr(w,
                               slip__libvirt_new(w, slip__libvirt_make(w, w->root, "os"), "boot"),
                               "dev", word->word);
    }
    slip__said(&g->boot.mark);
    if (!SLIP_IS_SET(g->boot))
        slip__libvirt_default(
            w, "boot", "xl tries disk, CD-ROM and floppy, libvirt only the disk: all are said");
}

static void write_os(struct libvirt_writer *w)
{
    SLIP_AUTO(slip__buf_dispose) struct slip_buf args = {0};
    struct slip_guest *g = w->guest;
    bool sayable = g->bootloader_args.count > 0;

    write_loader(w);
    write_boot(w);
    if (g->ramdisk.count && slip__xml_sayable(g->ramdisk.items[0].value)) {
        slip__libvirt_text(w, slip__libvirt_make(w, w->root, "os/initrd"),
                           g->ramdisk.items[0].value);
        slip__said(&g->ramdisk.items[0].mark);
    }
    if (SLIP_IS_GIVEN(g->acpi_firmware) && slip__xml_sayable(g->acpi_firmware.value)) {
        struct xml_node *table = slip__libvirt_make(w, w->root, "os/acpi/table");

        slip__libvirt_attr(w, table, "type", "rawset");
        slip__libvirt_text(w, table, g->acpi_firmware.value);
        slip__said(&g->acpi_firmware.mark);
    }
    for (size_t i = 0; i < g->bootloader_args.count; i++) {
        const char *arg = g->bootloader_args.items[i].value;

        sayable = sayable && *arg && !strpbrk(arg, " \t\r\n") && slip__xml_sayable(arg);
        slip__buf_printf(&args, "%s%s", args.len ? " " : "", arg);
    }
    if (sayable && args.data) {
        slip__libvirt_text(w, slip__libvirt_make(w, w->root, "bootloader_args"), args.data);
        slip__said(&g->bootloader_args.mark);
    }
    w->oom |= args.failed;
    if (SLIP_IS_GIVEN(g->ms_vm_genid)) {
        if (g->ms_vm_genid.value == SLIP_GENID_GENERATE)
            slip__libvirt_make(w, w->root, "genid");
        slip__said(&g->ms_vm_genid.mark); /* not there is none */
    }
}

static void write_flag(struct libvirt_writer *w, const char *name, struct slip_num *num)
{
    bool hvm = slip__libvirt_is_hvm(w->guest);
    bool on = slip__num_or(num, hvm);
    char path[32];

    snprintf(path, sizeof(path), "features/%s", name);
    if (on)
        slip__libvirt_make(w, w->root, path);
    if (on || hvm)
        slip__said(&num->mark);
    if (on && !SLIP_IS_SET(*num))
        slip__libvirt_default(w, name, "'%s' is on unless said in xl, off unless said in libvirt",
                              name);
}

static void write_viridian(struct libvirt_writer *w)
{
    struct slip_strs *list = &w->guest->viridian;

    if (!SLIP_IS_GIVEN(*list))
        return;
    if (list->count)
        slip__libvirt_make(w, w->root, "features/viridian");
    if (list->count && (list->count > 1 || strcmp(list->items[0].value, "defaults") != 0))
        slip__libvirt_rounded(w, "viridian", list->mark.span,
                              "libvirt has one word for 'viridian': it becomes the defaults");
    slip__said(&list->mark);
}

static void write_passthrough(struct libvirt_writer *w)
{
    struct slip_num *num = &w->guest->passthrough;
    struct xml_node *node;

    if (!SLIP_IS_GIVEN(*num))
        return;
    slip__said(&num->mark);
    if (num->value == SLIP_PASSTHROUGH_DEFAULT)
        return; /* not there is the default */
    node = slip__libvirt_make(w, w->root, "features/xen/passthrough");
    slip__libvirt_attr(w, node, "state", num->value == SLIP_PASSTHROUGH_DISABLED ? "off" : "on");
    if (num->value == SLIP_PASSTHROUGH_SYNC_PT || num->value == SLIP_PASSTHROUGH_SHARE_PT)
        slip__libvirt_attr(w, node, "mode",
                           num->value == SLIP_PASSTHROUGH_SYNC_PT ? "sync_pt" : "share_pt");
}

static void write_clock(struct libvirt_writer *w)
{
    static const char *const modes[] = {[SLIP_TSC_MODE_DEFAULT] = "auto",
                                        [SLIP_TSC_MODE_ALWAYS_EMULATE] = "emulate",
                                        [SLIP_TSC_MODE_NATIVE] = "native",
                                        [SLIP_TSC_MODE_NATIVE_PARAVIRT] = "paravirt"};
    struct slip_guest *g = w->guest;
    struct xml_node *clock = slip__libvirt_make(w, w->root, "clock"), *timer;
    bool local = slip__num_or(&g->localtime, 0);

    if (SLIP_IS_GIVEN(g->rtc_timeoffset)) {
        slip__libvirt_attr(w, clock, "offset", "variable");
        slip__libvirt_attrf(w, clock, "adjustment", "%lld", (long long)g->rtc_timeoffset.value);
        slip__libvirt_attr(w, clock, "basis", local ? "localtime" : "utc");
        slip__said(&g->rtc_timeoffset.mark);
    } else {
        slip__libvirt_attr(w, clock, "offset", local ? "localtime" : "utc");
        if (slip__libvirt_is_xen(g))
            slip__libvirt_attr(w, clock, "adjustment", "reset");
    }
    slip__said(&g->localtime.mark);
    if (SLIP_IS_GIVEN(g->tsc_mode)) {
        timer = slip__libvirt_new(w, clock, "timer");
        slip__libvirt_attr(w, timer, "name", "tsc");
        slip__libvirt_attr(w, timer, "present", "yes");
        slip__libvirt_attr(w, timer, "mode", modes[g->tsc_mode.value]);
        slip__said(&g->tsc_mode.mark);
    }
    if (SLIP_IS_GIVEN(g->hpet)) {
        timer = slip__libvirt_new(w, clock, "timer");
        slip__libvirt_attr(w, timer, "name", "hpet");
        slip__libvirt_attr(w, timer, "present", g->hpet.value ? "yes" : "no");
        slip__said(&g->hpet.mark);
    }
}

static void write_rest(struct libvirt_writer *w)
{
    struct slip_guest *g = w->guest;
    struct xml_node *node;

    if (SLIP_IS_GIVEN(g->seclabel) && slip__xml_sayable(g->seclabel.value)) {
        node = slip__libvirt_new(w, w->root, "seclabel");
        slip__libvirt_attr(w, node, "type", "static");
        slip__libvirt_attr(w, node, "model", "flask");
        slip__libvirt_text(w, slip__libvirt_make(w, node, "label"), g->seclabel.value);
        slip__said(&g->seclabel.mark);
    }
    for (size_t i = 0; i < g->device_model_args.count; i++) {
        if (!slip__xml_sayable(g->device_model_args.items[i].value))
            return; /* the rest would not be the same without it */
    }
    for (size_t i = 0; i < g->device_model_args.count; i++) {
        slip__libvirt_attr(w, w->root, "xmlns:xen", LIBVIRT_XEN_NS);
        node = slip__libvirt_new(w, slip__libvirt_make(w, w->root, "xen:commandline"), "xen:arg");
        slip__libvirt_attr(w, node, "value", g->device_model_args.items[i].value);
    }
    slip__said(&g->device_model_args.mark);
}

void slip__libvirt_write_platform(struct libvirt_writer *w)
{
    struct slip_guest *g = w->guest;

    write_type(w);
    write_os(w);
    write_flag(w, "acpi", &g->acpi);
    write_flag(w, "apic", &g->apic);
    write_flag(w, "pae", &g->pae);
    if (SLIP_IS_GIVEN(g->hap)) {
        slip__libvirt_attr(w, slip__libvirt_make(w, w->root, "features/hap"), "state",
                           g->hap.value ? "on" : "off");
        slip__said(&g->hap.mark);
    }
    write_viridian(w);
    write_passthrough(w);
    write_clock(w);
    write_rest(w);
}
