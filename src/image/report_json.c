/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An image as JSON for programs. Sizes and offsets are numbers, in bytes. Addresses are texts in hex ("0x1000850"): kernels
 * have addresses of all 64 bits, which a JSON number does not keep.
 */
#include <jansson.h>

#include "base/error.h"
#include "image/report.h"
#include "slipway/image.h"

static json_t *number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

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

/* array with item at its end; NULL, and both gone, when either is NULL or memory is short. */
static json_t *append(json_t *array, json_t *item)
{
    if (array && json_array_append_new(array, item) == 0)
        return array;
    if (!array)
        json_decref(item);
    json_decref(array);
    return NULL;
}

static json_t *segments_json(const struct slip_image *image)
{
    json_t *array = json_array();

    for (size_t i = 0; array && i < image->n_segments; i++) {
        const struct slip_segment *s = &image->segments[i];
        struct slip_buf flags = {0};

        slip__report_flags(&flags, s->flags);
        array =
            append(array, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:i}", "gpa", address(s->gpa),
                                    "virtual", address(s->gva), "memory_bytes",
                                    number(s->memory_bytes), "file_bytes", number(s->file_bytes),
                                    "file_offset", number(s->file_offset), "flags", text(&flags),
                                    "program_header", (int)s->index));
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
        array = append(
            array, json_pack("{s:s, s:o, s:s?, s:o, s:o, s:o, s:b}", "name", note->name, "type",
                             number(note->type), "type_name", slip__report_note_type(note), "value",
                             text(&value), "bytes", number(note->desc_bytes), "file_offset",
                             number(note->file_offset), "from_section", (int)note->from_section));
    }
    return array;
}

static json_t *entries_json(const struct slip_image *image)
{
    json_t *object = json_object();

    for (size_t i = 0; object && i < image->n_entries; i++) {
        const struct slip_entry *e = &image->entries[i];

        if (json_object_set_new(object, slip__report_entry_words(e->kind)->key,
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

static json_t *payload_json(const struct slip_image *image)
{
    if (image->format != SLIP_IMAGE_BZIMAGE)
        return json_null();
    return json_pack(
        "{s:o, s:s, s:s, s:o, s:o, s:o, s:o}", "boot_protocol",
        json_sprintf("%u.%02u", image->boot_protocol >> 8, image->boot_protocol & 0xff), "version",
        image->version, "compression", image->compression, "offset", number(image->payload_offset),
        "bytes", number(image->payload_bytes), "inflated_bytes", number(image->inflated_bytes),
        "relocation_bytes", number(image->relocs_bytes));
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
    return json_pack("{s:o, s:o, s:s, s:o, s:{s:i, s:s, s:o, s:o}, s:o, s:o, s:o, s:o}", "file",
                     file_name(image->name), "file_bytes", number(image->file_bytes), "format",
                     image->format == SLIP_IMAGE_BZIMAGE ? "bzImage" : "ELF", "bzimage",
                     payload_json(image), "elf", "bits", (int)image->elf_bits, "machine",
                     slip__report_machine(image), "bytes", number(image->elf_bytes), "entry",
                     address(image->elf_entry), "segments", segments_json(image), "notes",
                     notes_json(image), "entries", entries_json(image), "boots_as",
                     containers_json(image));
}

int slip_image_to_json(const struct slip_image *image, char **ret, struct slip_error **err)
{
    json_t *json;
    char *dump;

    if (!image || !ret)
        return slip__error(err, SLIP_EINVAL,
                           "slip_image_to_json() needs an image and a place for the text");
    json = image_json(image);
    dump = json ? json_dumps(json, JSON_INDENT(2) | JSON_PRESERVE_ORDER) : NULL;
    json_decref(json);
    if (!dump)
        return slip__error_oom(err);
    *ret = dump;
    return 0;
}
