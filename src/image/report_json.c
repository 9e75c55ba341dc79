/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An image as JSON for programs. Sizes and offsets are numbers, in bytes. Addresses are texts in hex ("0x1000850"): kernels
 * have addresses of all 64 bits, which a JSON number does not keep.
 */
#include "base/json.h"
#include "image/report.h"
#include "slipway/image.h"

static json_t *address(uint64_t value)
{
    return json_sprintf("0x%llx", (unsigned long long)value);
}

/* What a buffer holds; disposes of it. NULL only for lack of memory. */
static json_t *text(struct slip_buf *buf)
{
    json_t *json;

    slip__buf_puts(buf, "");
    json = buf->failed ? NULL : json_string(buf->data);
    slip__buf_dispose(buf);
    return json;
}

static json_t *segments_json(const struct slip_image *image)
{
    json_t *array = json_array();

    for (size_t i = 0; array && i < image->n_segments; i++) {
        const struct slip_segment *s = &image->segments[i];
        struct slip_buf flags = {0};

        slip__report_flags(&flags, s->flags);
        array = slip__json_append(array,
                                  json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:i}", "gpa",
                                            address(s->gpa), "virtual", address(s->gva),
                                            "memory_bytes", slip__json_uint(s->memory_bytes),
                                            "file_bytes", slip__json_uint(s->file_bytes),
                                            "file_offset", slip__json_uint(s->file_offset), "flags",
                                            text(&flags), "program_header", (int)s->index));
    }
    return array;
}

static json_t *notes_json(const struct slip_image *image)
{
    json_t *array = json_array();

    for (size_t i = 0; array && i < image->n_notes; i++) {
        const struct slip_note *note = &image->notes[i];
        struct slip_buf value = {0};

        slip__report_note_value(&value, note);
        array = slip__json_append(
            array, json_pack("{s:s, s:o, s:s?, s:o, s:o, s:o, s:b}", "name", note->name, "type",
                             slip__json_uint(note->type), "type_name", slip__report_note_type(note),
                             "value", text(&value), "bytes", slip__json_uint(note->desc_bytes),
                             "file_offset", slip__json_uint(note->file_offset), "from_section",
                             (int)note->from_section));
    }
    return array;
}

static json_t *entries_json(const struct slip_image *image)
{
    json_t *object = json_object();

    for (size_t i = 0; object && i < SLIP_REPORT_ENTRIES; i++) {
        const struct slip_entry *e = slip__image_entry(image, slip__report_entry_order[i]);

        if (e && json_object_set_new(object, slip__report_entry_words(e->kind)->key,
                                     address(e->address)) < 0) {
            json_decref(object);
            object = NULL;
        }
    }
    return object;
}

static json_t *containers_json(const struct slip_image *image)
{
    json_t *object = json_object();

    for (size_t i = 0; object && i < SLIP_REPORT_CONTAINERS; i++) {
        struct slip_buf why = {0};
        bool boots;
        const char *name = slip__report_container(image, i, &boots, &why);

        if (json_object_set_new(object, name,
                                json_pack("{s:b, s:o}", "boots", (int)boots, "why", text(&why))) <
            0) {
            json_decref(object);
            object = NULL;
        }
    }
    return object;
}

static json_t *linux_json(const struct slip_linux *boot)
{
    if (!boot->offered)
        return json_null();
    return json_pack("{s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:b}", "offset",
                     slip__json_uint(boot->offset), "bytes", slip__json_uint(boot->bytes), "gpa",
                     address(boot->preferred_gpa), "relocatable", (int)boot->relocatable, "align",
                     slip__json_uint(boot->align), "min_align", slip__json_uint(boot->min_align),
                     "memory_bytes", slip__json_uint(boot->init_bytes), "initrd_max",
                     address(boot->initrd_max), "cmdline_max", slip__json_uint(boot->cmdline_max),
                     "above_4g", (int)boot->above_4g);
}

static json_t *payload_json(const struct slip_image *image)
{
    const char *sealed = image->no_kernel[0] ? image->no_kernel : NULL;

    if (image->format != SLIP_IMAGE_BZIMAGE)
        return json_null();
    return json_pack(
        "{s:o, s:s, s:s?, s:o, s:o, s:o, s:o, s:s?, s:o}", "boot_protocol",
        json_sprintf("%u.%02u", image->boot_protocol >> 8, image->boot_protocol & 0xff), "version",
        image->version, "compression", image->compression, "offset",
        slip__json_uint(image->payload_offset), "bytes", slip__json_uint(image->payload_bytes),
        "inflated_bytes", slip__json_uint(image->inflated_bytes), "relocation_bytes",
        slip__json_uint(image->relocs_bytes), "no_kernel", sealed, "unpacks_itself",
        linux_json(&image->linux_boot));
}

static json_t *reloc_json(const struct slip_reloc *reloc)
{
    if (!reloc->offered)
        return json_null();
    return json_pack("{s:o, s:o, s:o}", "align", slip__json_uint(reloc->align), "min",
                     address(reloc->min), "max", address(reloc->max));
}

/* Where the header says that its bytes go, if it does. */
static json_t *addresses_json(const struct slip_multiboot *mb)
{
    if (!mb->has_addresses)
        return json_null();
    return json_pack("{s:o, s:o, s:o, s:o}", "file_offset", slip__json_uint(mb->load_offset),
                     "file_bytes", slip__json_uint(mb->load_bytes), "gpa", address(mb->load_gpa),
                     "memory_bytes", slip__json_uint(mb->memory_bytes));
}

/* null: there is nothing that looks like a header of that version. */
static json_t *multiboot_json(const struct slip_multiboot *mb)
{
    if (!mb->offered && !mb->problem[0])
        return json_null();
    return json_pack("{s:o, s:b, s:s?, s:o, s:b, s:b, s:b, s:o, s:o}", "header_offset",
                     slip__json_uint(mb->header_offset), "usable", (int)mb->offered, "problem",
                     mb->problem[0] ? mb->problem : NULL, "flags", slip__json_uint(mb->flags),
                     "page_align", (int)mb->page_align, "memory_map", (int)mb->memory_map,
                     "framebuffer", (int)mb->framebuffer, "loads", addresses_json(mb), "moves",
                     reloc_json(&mb->reloc));
}

static json_t *packing_json(const struct slip_image *image)
{
    if (!image->packing)
        return json_null();
    return json_pack("{s:s, s:o}", "codec", image->packing, "unpacked_bytes",
                     slip__json_uint(image->unpacked_bytes));
}

static json_t *elf_json(const struct slip_image *image)
{
    if (image->elf_bits == 0)
        return json_null();
    return json_pack("{s:i, s:s, s:o, s:o}", "bits", (int)image->elf_bits, "machine",
                     slip__report_machine(image), "bytes", slip__json_uint(image->elf_bytes),
                     "entry", address(image->elf_entry));
}

/* A file's name need not be UTF-8, JSON must be. */
static json_t *file_name(const char *name)
{
    json_t *json = json_string(name);
    struct slip_buf clean = {0};

    if (json)
        return json;
    slip__report_clean(&clean, name, true);
    return text(&clean);
}

static json_t *image_json(const struct slip_image *image)
{
    return json_pack("{s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "file",
                     file_name(image->name), "file_bytes", slip__json_uint(image->file_bytes),
                     "packing", packing_json(image), "format", slip__report_format(image),
                     "bzimage", payload_json(image), "elf", elf_json(image), "moves",
                     reloc_json(&image->reloc), "multiboot1", multiboot_json(&image->multiboot[0]),
                     "multiboot2", multiboot_json(&image->multiboot[1]), "segments",
                     segments_json(image), "notes", notes_json(image), "entries",
                     entries_json(image), "boots_as", containers_json(image));
}

int slip_image_to_json(const struct slip_image *image, char **ret, struct slip_error **err)
{
    if (!image || !ret)
        return slip__error(err, SLIP_EINVAL,
                           "slip_image_to_json() needs an image and a place for the text");
    return slip__json_dump(image_json(image), JSON_INDENT(2), ret, err);
}
