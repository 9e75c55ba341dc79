/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints docs/formats.md: where each setting is in libvirt's XML, from the table that its reader and writer walk. */
#include <stdio.h>
#include <string.h>

#include "config/libvirt.h"

static const char introduction[] =
    "<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->\n"
    "<!-- Made by docs/gen/formats.c from the tables of the source: `ninja -C build docs-refresh`. -->\n"
    "# libvirt's domain XML\n"
    "\n"
    "`slipway convert --to libvirt FILE` writes it, every verb reads it: a text that begins with `<` is taken for it. How settings are\n"
    "converted in general, and what is said of losses, is in [convert.md](convert.md).\n"
    "\n"
    "## Reading\n"
    "\n"
    "- Domains of type xen, kvm and qemu. The root is `<domain>`; what a running domain says of itself (its `id`, terminals) is passed\n"
    "  over.\n"
    "- A document type is refused, whatever it declares, so there are no entities but XML's own five, and no file or network is\n"
    "  ever looked at. Elements may be nested 64 deep, there may be 16384 of them, and a text may have 1 MiB, as in any format.\n"
    "- **What a guest has no place for is kept**: each such element or attribute is said once with its place (SLIP-244). It is in the\n"
    "  guest as a *foreign* piece with the path it stood at, comes back at that place in libvirt's XML, and is a loss in any other\n"
    "  format. Comments are not kept. An element that there can be only one of, as `<cpu>`, comes back in place of ours.\n"
    "- What is not said is what libvirt takes it for, not what xl does: no `<acpi/>` in an hvm domain is `acpi = 0`, no `<graphics>`\n"
    "  is `vnc = 0`, no `<boot>` is `boot = \"c\"`, no `<currentMemory>` is all of `<memory>`.\n"
    "- Memory takes libvirt's units (`unit='GiB'`, `'MB'`, ...) and becomes MiB, rounded up (SLIP-232).\n"
    "- A word that libvirt does not know is an error where Slipway knows all of libvirt's; elsewhere it is kept.\n"
    "\n"
    "## Writing\n"
    "\n"
    "The layout and the order of elements are libvirt's own. What libvirt of today adds to any Xen domain is there, so that `virsh\n"
    "define` changes nothing: the xenbus controller, the memory balloon, mouse and keyboard, the console, a graphics card beside a\n"
    "screen, controllers and addresses of emulated drives, `<loader>` for hvm. None of it is a setting of the guest, and reading it\n"
    "again makes none.\n"
    "\n"
    "Defaults are written where the two worlds differ, each with a note (SLIP-231): `acpi`, `apic` and `pae` of an hvm guest, its\n"
    "`boot` order, its VNC screen, SPICE's mouse, `nestedhvm` beside `cpuid`, and who serves a disk.\n"
    "\n"
    "## Where we do not follow libvirt\n"
    "\n"
    "libvirt's own conversion (`virsh domxml-from-native xen-xl`) loses or invents these:\n"
    "\n"
    "| libvirt | Slipway | why |\n"
    "|---|---|---|\n"
    "| reads `boot` that is not there as `c` | says `hd`, `cdrom`, `fd` | xl tries all three |\n"
    "| reads `vnc` that is not there as 0 | a VNC screen | xl shows one |\n"
    "| reads `spiceagent_mouse` that is not there as 0 | `<mouse mode='client'/>` | xl's is 1 |\n"
    "| loses `vga` and `videoram`: cirrus, always | what was given | they are in the XML's words |\n"
    "| invents `nestedhvm = 1` when there is a `cpuid` | disables `vmx` | the guest did not ask for it |\n"
    "| reads `on_crash` that is not there as restart | destroy | xl's is destroy |\n"
    "| writes a disk with prefix `file:` without it in xl | the same, as a loss | xl passes over that prefix |\n"
    "| loses `cpus = [ ... ]`, `cpu_weight`, `seclabel`, `title`, `acpi_s3`, `backend`, `discard` | `<cputune>`, `<seclabel>`, ... | the "
    "XML has words |\n"
    "| takes a block device that QEMU serves for a file | the same in domains of Xen | xl has one word for both; kvm's and qemu's are told "
    "apart by `/dev/` |\n"
    "| the path of OVMF is that of its build | `" LIBVIRT_OVMF
    "` | so is ours; another is `bios_path_override` |\n"
    "\n"
    "`tests/data/libvirt-differences` is the list that the tests hold pairs of files against, libvirt's own of several years among them.\n"
    "\n"
    "## Where each setting is\n"
    "\n"
    "Paths are below the element named; `@` is an attribute. Settings are named as in the schema, which is what `--json` shows.\n";

static void print_map(const struct libvirt_map *map)
{
    printf("\n### %s: `%s`\n\n| setting | xl.cfg | XML | |\n|---|---|---|---|\n", map->record->name,
           map->element);
    for (size_t i = 0; i < map->n_rows; i++) {
        const struct libvirt_row *row = &map->rows[i];
        const struct slip_field *field = slip__field_named(map->record, row->field);

        printf("| `%s` | %s%s%s | `%s` | %s |\n", row->field, *field->key ? "`" : "", field->key,
               *field->key ? "`" : "", row->path, row->note ? row->note : "");
    }
}

/* Is there a row for it in any map of its record? */
static bool has_words(const struct slip_record *record, const char *name)
{
    const struct libvirt_map *map;

    for (size_t i = 0; (map = slip__libvirt_map_at(i)); i++) {
        for (size_t k = 0; map->record == record && k < map->n_rows; k++) {
            if (strcmp(map->rows[k].field, name) == 0)
                return true;
        }
    }
    return false;
}

static bool has_map(const struct slip_record *record)
{
    const struct libvirt_map *map;

    for (size_t i = 0; (map = slip__libvirt_map_at(i)); i++) {
        if (map->record == record)
            return true;
    }
    return false;
}

static void print_missing(const struct slip_record *record)
{
    const char *between = "";

    printf("- %s: ", record->name);
    for (size_t i = 0; i < record->n_fields; i++) {
        const struct slip_field *field = &record->fields[i];

        if ((field->item && has_map(field->item)) || has_words(record, field->name) ||
            strcmp(field->name, "foreign") == 0)
            continue;
        printf("%s`%s`", between, field->name);
        between = ", ";
    }
    printf("%s\n", *between ? "" : "none");
}

int main(void)
{
    const struct libvirt_map *map, *before = NULL;

    fputs(introduction, stdout);
    for (size_t i = 0; (map = slip__libvirt_map_at(i)); i++)
        print_map(map);
    puts(
        "\n## What libvirt has no words for\n\nThese are losses. (Old spellings of what is said above are none.)\n");
    for (size_t i = 0; (map = slip__libvirt_map_at(i)); i++) {
        if (!before ||
            (map->record != before->record && i > 0 && map->record != &slip__record_guest))
            print_missing(map->record);
        before = map;
    }
    return 0;
}
