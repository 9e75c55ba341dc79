/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Checks on what a guest's type has no use for: emulated devices without a device model, keys of another type. xl passes over
 * them without a word; so do these but for the warning.
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "guest/rules.h"

#define PV  (1u << SLIP_TYPE_PV)
#define PVH (1u << SLIP_TYPE_PVH)
#define HVM (1u << SLIP_TYPE_HVM)

/* Fields that a type ignores. Top-level VNC and SDL are not among them: they make a pv guest's screen. */
static const struct {
    const char *field;
    unsigned types; /* that act on it */
    bool device;    /* an emulated device */
} typed[] = {
    {"boot", HVM, true},
    {"hdtype", HVM, true},
    {"usb", HVM, true},
    {"usbversion", HVM, true},
    {"usbdevice", HVM, true},
    {"soundhw", HVM, true},
    {"vkb_device", HVM, true},
    {"serial", HVM, true},
    {"parallel", HVM, true},
    {"vga", HVM, true},
    {"stdvga", HVM, true},
    {"nographic", HVM, true},
    {"gfx_passthru", HVM, true},
    {"videoram", HVM, true},
    {"spice", HVM, true},
    {"xen_platform_pci", HVM, true},
    {"vendor_device", HVM, true},
    {"hpet", HVM, false},
    {"vpt_align", HVM, false},
    {"viridian", HVM, false},
    {"ms_vm_genid", HVM, false},
    {"acpi_s3", HVM, false},
    {"acpi_s4", HVM, false},
    {"acpi_laptop_slate", HVM, false},
    {"smbios_firmware", HVM, false},
    {"smbios", HVM, false},
    {"acpi_firmware", HVM, false},
    {"firmware_override", HVM, false},
    {"bios_path_override", HVM, false},
    {"mmio_hole", HVM, false},
    {"rdm", HVM, false},
    {"rdm_mem_boundary", HVM, false},
    {"mca_caps", HVM, false},
    {"hap", PVH | HVM, false},
    {"oos", PVH | HVM, false},
    {"nestedhvm", PVH | HVM, false},
    {"apic", PVH | HVM, false},
    {"timer_mode", PVH | HVM, false},
    {"shadow_memory", PVH | HVM, false},
    {"pvshim", PVH, false},
    {"pvshim_path", PVH, false},
    {"pvshim_cmdline", PVH, false},
    {"pvshim_extra", PVH, false},
    {"e820_host", PV, false},
};

const char *slip__rules_typed(size_t index, enum slip_type type, bool *ret_device)
{
    if (index >= SLIP_COUNT(typed))
        return NULL;
    *ret_device = typed[index].device;
    return typed[index].types & 1u << type ? "" : typed[index].field;
}

static const char *type_word(const struct slip_rules *r)
{
    const struct slip_field *type = slip__field_named(&slip__record_guest, "type");

    return slip__enum_word(type->words, r->guest->type.value);
}

static struct slip_diag *needs_model(struct slip_rules *r, struct slip_span span, const char *what)
{
    struct slip_diag *d =
        slip__diag(r->diags, SLIP_CODE_NEEDS_DEVICE_MODEL, span,
                   "%s needs a device model, which a %s guest does not have", what, type_word(r));

    slip__diag_hint(d, "it has no effect; remove it, or use type = \"hvm\"");
    return d;
}

void slip__rules_check_type(struct slip_rules *r)
{
    unsigned type = 1u << r->guest->type.value;

    for (size_t i = 0; i < SLIP_COUNT(typed); i++) {
        const struct slip_field *field = slip__field_named(&slip__record_guest, typed[i].field);
        const struct slip_mark *mark = slip__field_mark(field, r->guest);
        const struct slip_num *num = (const void *)mark;
        char what[80];

        if (mark->origin != SLIP_GIVEN || (typed[i].types & type))
            continue;
        if (field->kind == SLIP_KIND_BOOL && !num->value)
            continue; /* what there is not anyway */
        snprintf(what, sizeof(what), "'%s'", field->key);
        if (typed[i].device)
            needs_model(r, mark->span, what);
        else
            slip__diag(r->diags, SLIP_CODE_TYPE_IDLE, mark->span,
                       "'%s' has no effect on a %s guest", field->key, type_word(r));
    }
}

void slip__rules_check_emulated(struct slip_rules *r)
{
    const struct slip_guest *g = r->guest;

    if (g->type.value == SLIP_TYPE_HVM)
        return;
    for (size_t i = 0; i < g->vif.count; i++) {
        const struct slip_vif *vif = &g->vif.items[i];

        if (SLIP_IS_GIVEN(vif->type) && strcmp(vif->type.value, "ioemu") == 0)
            needs_model(r, vif->type.mark.span, "an interface of type ioemu");
    }
    for (size_t i = 0; i < g->usbctrl.count; i++) {
        const struct slip_usbctrl *ctrl = &g->usbctrl.items[i];

        if (SLIP_IS_GIVEN(ctrl->type) && ctrl->type.value == SLIP_USBCTRL_TYPE_DEVICEMODEL)
            needs_model(r, ctrl->type.mark.span, "a USB controller of type devicemodel");
    }
}
