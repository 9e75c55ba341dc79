/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Images as bytes; see wire.h. Every byte taken is foreign: lengths, counts, flags, enums and texts are held against the tables. */
#include "image/wire.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/reader.h"
#include "image/bzimage.h"
#include "image/elf.h"
#include "image/limits.h"
#include "image/report.h"
#include "image/stream.h"

const char SLIP_WIRE_OOM[] = "out of memory";

#define AT(type, member) offsetof(struct type, member), sizeof(((struct type *)0)->member)
#define NUMBER(type, member)                                    \
    {                                                           \
        SLIP_WIRE_NUMBER, AT(type, member), UINT64_MAX, NULL, 0 \
    }
#define UP_TO(type, member, max)                         \
    {                                                    \
        SLIP_WIRE_NUMBER, AT(type, member), max, NULL, 0 \
    }
#define FLAG(type, member)                           \
    {                                                \
        SLIP_WIRE_FLAG, AT(type, member), 1, NULL, 0 \
    }
#define TEXT(type, member)                           \
    {                                                \
        SLIP_WIRE_TEXT, AT(type, member), 0, NULL, 0 \
    }
#define BYTES(type, member)                           \
    {                                                 \
        SLIP_WIRE_BYTES, AT(type, member), 0, NULL, 0 \
    }
#define CODEC(type, member)                           \
    {                                                 \
        SLIP_WIRE_CODEC, AT(type, member), 0, NULL, 0 \
    }
#define STRUCTS(type, member, table, count)                    \
    {                                                          \
        SLIP_WIRE_STRUCT, AT(type, member), 0, &(table), count \
    }
#define LIST(type, member, table, max)                     \
    {                                                      \
        SLIP_WIRE_LIST, AT(type, member), max, &(table), 0 \
    }
#define LOCAL(type, member)                           \
    {                                                 \
        SLIP_WIRE_LOCAL, AT(type, member), 0, NULL, 0 \
    }
#define TABLE(type)                                                                 \
    static const struct slip_wire_table type##_table = {#type, sizeof(struct type), \
                                                        SLIP_COUNT(type##_fields), type##_fields}

/* A line for each field, in any order; one that is missing fails a test. */

static const struct slip_wire_field slip_segment_fields[] = {
    NUMBER(slip_segment, gpa),          NUMBER(slip_segment, gva),
    NUMBER(slip_segment, file_offset),  NUMBER(slip_segment, file_bytes),
    NUMBER(slip_segment, memory_bytes), NUMBER(slip_segment, flags),
    NUMBER(slip_segment, index),
};
TABLE(slip_segment);

static const struct slip_wire_field slip_note_fields[] = {
    TEXT(slip_note, name),         FLAG(slip_note, xen),          NUMBER(slip_note, type),
    NUMBER(slip_note, name_bytes), NUMBER(slip_note, desc_bytes), NUMBER(slip_note, file_offset),
    BYTES(slip_note, desc),        FLAG(slip_note, from_section),
};
TABLE(slip_note);

static const struct slip_wire_field slip_entry_fields[] = {
    UP_TO(slip_entry, kind, SLIP_ENTRY_FLAT),
    NUMBER(slip_entry, address),
};
TABLE(slip_entry);

static const struct slip_wire_field slip_reloc_fields[] = {
    FLAG(slip_reloc, offered),
    NUMBER(slip_reloc, align),
    NUMBER(slip_reloc, min),
    NUMBER(slip_reloc, max),
};
TABLE(slip_reloc);

static const struct slip_wire_field slip_linux_fields[] = {
    FLAG(slip_linux, offered),
    BYTES(slip_linux, header),
    UP_TO(slip_linux, header_bytes, SLIP_LINUX_HEADER_BYTES),
    NUMBER(slip_linux, offset),
    NUMBER(slip_linux, bytes),
    FLAG(slip_linux, high),
    FLAG(slip_linux, entry32),
    FLAG(slip_linux, entry64),
    FLAG(slip_linux, relocatable),
    FLAG(slip_linux, above_4g),
    NUMBER(slip_linux, preferred_gpa),
    UP_TO(slip_linux, align, UINT32_MAX),
    UP_TO(slip_linux, min_align, UINT32_MAX),
    NUMBER(slip_linux, init_bytes),
    UP_TO(slip_linux, initrd_max, UINT32_MAX),
    UP_TO(slip_linux, cmdline_max, UINT32_MAX),
};
TABLE(slip_linux);

static const struct slip_wire_field slip_multiboot_fields[] = {
    FLAG(slip_multiboot, offered),        NUMBER(slip_multiboot, header_offset),
    NUMBER(slip_multiboot, flags),        FLAG(slip_multiboot, page_align),
    FLAG(slip_multiboot, memory_map),     FLAG(slip_multiboot, framebuffer),
    FLAG(slip_multiboot, has_addresses),  NUMBER(slip_multiboot, load_gpa),
    NUMBER(slip_multiboot, load_offset),  NUMBER(slip_multiboot, load_bytes),
    NUMBER(slip_multiboot, memory_bytes), NUMBER(slip_multiboot, entry_gpa),
    NUMBER(slip_multiboot, module_max),   STRUCTS(slip_multiboot, reloc, slip_reloc_table, 1),
    TEXT(slip_multiboot, problem),
};
TABLE(slip_multiboot);

static const struct slip_wire_field slip_image_fields[] = {
    UP_TO(slip_image, format, SLIP_IMAGE_FLAT),
    TEXT(slip_image, no_kernel),
    UP_TO(slip_image, elf_bits, 64),
    NUMBER(slip_image, machine),
    CODEC(slip_image, packing),
    NUMBER(slip_image, unpacked_bytes),
    STRUCTS(slip_image, linux_boot, slip_linux_table, 1),
    CODEC(slip_image, compression),
    NUMBER(slip_image, boot_protocol),
    NUMBER(slip_image, payload_offset),
    NUMBER(slip_image, payload_bytes),
    NUMBER(slip_image, inflated_bytes),
    NUMBER(slip_image, relocs_bytes),
    TEXT(slip_image, version),
    NUMBER(slip_image, elf_entry),
    NUMBER(slip_image, elf_type),
    NUMBER(slip_image, elf_bytes),
    NUMBER(slip_image, moved_down),
    NUMBER(slip_image, moved_up),
    UP_TO(slip_image, n_kernel_segments, SLIP_LIMIT_PROGRAM_HEADERS),
    LIST(slip_image, kernel_segments, slip_segment_table, SLIP_LIMIT_PROGRAM_HEADERS),
    STRUCTS(slip_image, bare, slip_segment_table, 1),
    UP_TO(slip_image, form, SLIP_FORM_MULTIBOOT2),
    FLAG(slip_image, loaded),
    UP_TO(slip_image, n_notes, SLIP_LIMIT_NOTES),
    LIST(slip_image, notes, slip_note_table, SLIP_LIMIT_NOTES),
    UP_TO(slip_image, n_entries, SLIP_IMAGE_MAX_ENTRIES),
    STRUCTS(slip_image, entries, slip_entry_table, SLIP_IMAGE_MAX_ENTRIES),
    STRUCTS(slip_image, reloc, slip_reloc_table, 1),
    STRUCTS(slip_image, multiboot, slip_multiboot_table, 2),
    TEXT(slip_image, pvh_problem),
    LOCAL(slip_image, name),
    LOCAL(slip_image, fd),
    LOCAL(slip_image, file_bytes),
    LOCAL(slip_image, elf),
    LOCAL(slip_image, kind),
    LOCAL(slip_image, proxy),
    LOCAL(slip_image, n_segments), /* these two follow from form */
    LOCAL(slip_image, segments),
};
TABLE(slip_image);

const struct slip_wire_table *slip__wire_table(size_t index)
{
    static const struct slip_wire_table *const tables[] = {
        &slip_segment_table, &slip_note_table,      &slip_entry_table, &slip_reloc_table,
        &slip_linux_table,   &slip_multiboot_table, &slip_image_table,
    };

    return index < SLIP_COUNT(tables) ? tables[index] : NULL;
}

static uint64_t get_number(const void *at, size_t size)
{
    switch (size) {
    case 1:
        return *(const uint8_t *)at;
    case 2:
        return *(const uint16_t *)at;
    case 4:
        return *(const uint32_t *)at;
    default:
        return *(const uint64_t *)at;
    }
}

static void set_number(void *at, size_t size, uint64_t value)
{
    switch (size) {
    case 1:
        *(uint8_t *)at = (uint8_t)value;
        break;
    case 2:
        *(uint16_t *)at = (uint16_t)value;
        break;
    case 4:
        *(uint32_t *)at = (uint32_t)value;
        break;
    default:
        *(uint64_t *)at = value;
    }
}

/* The number that says how many there are of a list: the field before it. */
static uint64_t list_count(const struct slip_wire_field *list, const void *of)
{
    return get_number((const char *)of + list[-1].offset, list[-1].size);
}

static void put_struct(struct slip_buf *buf, const struct slip_wire_table *table, const void *of);

static void put_structs(struct slip_buf *buf, const struct slip_wire_table *table,
                        const char *first, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        put_struct(buf, table, first + i * table->bytes);
}

static void put_struct(struct slip_buf *buf, const struct slip_wire_table *table, const void *of)
{
    for (size_t i = 0; i < table->n_fields; i++) {
        const struct slip_wire_field *f = &table->fields[i];
        const void *at = (const char *)of + f->offset;
        const char *name;

        switch (f->kind) {
        case SLIP_WIRE_NUMBER:
        case SLIP_WIRE_FLAG:
            slip__buf_uint(buf, get_number(at, f->size), (unsigned)f->size);
            break;
        case SLIP_WIRE_TEXT:
        case SLIP_WIRE_BYTES:
            slip__buf_put(buf, at, f->size);
            break;
        case SLIP_WIRE_CODEC:
            name = *(const char *const *)at;
            slip__buf_put(buf, name ? name : "", name ? strlen(name) + 1 : 1);
            break;
        case SLIP_WIRE_STRUCT:
            put_structs(buf, f->of, at, f->count);
            break;
        case SLIP_WIRE_LIST:
            put_structs(buf, f->of, *(const char *const *)at, list_count(f, of));
            break;
        case SLIP_WIRE_LOCAL:
            break;
        }
    }
}

void slip__wire_put(struct slip_buf *buf, const struct slip_image *image)
{
    put_struct(buf, &slip_image_table, image);
}

/* Bytes on their way in. */
struct taking {
    struct slip_reader r;
    uint64_t at;
    const char *why; /* the first thing that is wrong */
};

static bool refuse(struct taking *t, const char *why)
{
    if (!t->why)
        t->why = why;
    return false;
}

static const uint8_t *take_bytes(struct taking *t, uint64_t len)
{
    const uint8_t *p = slip__reader_at(&t->r, t->at, len);

    if (!p)
        refuse(t, "it is cut off");
    t->at += len;
    return p;
}

static bool take_number(struct taking *t, const struct slip_wire_field *f, void *to)
{
    uint64_t value = slip__reader_uint(&t->r, t->at, (unsigned)f->size);

    if (!take_bytes(t, f->size))
        return false;
    if (value > f->max)
        return refuse(t, "a number is above its limit");
    set_number(to, f->size, value);
    return true;
}

static bool take_text(struct taking *t, const struct slip_wire_field *f, char *to)
{
    const uint8_t *p = take_bytes(t, f->size);

    if (!p)
        return false;
    if (!memchr(p, 0, f->size))
        return refuse(t, "a text has no end");
    for (size_t i = 0; p[i]; i++)
        to[i] = slip__report_is_plain(p[i]) ? (char)p[i] : '?';
    return true;
}

/* The name as the tables have it: static, and known. */
static const char *codec_name(const char *name)
{
    const struct slip_codec *codec;

    if (strcmp(name, slip__codec_none.name) == 0)
        return slip__codec_none.name;
    for (size_t i = 0; (codec = slip__codec_at(i)); i++) {
        if (strcmp(name, codec->name) == 0)
            return codec->name;
    }
    return slip__bzimage_unhandled(name);
}

static bool take_codec(struct taking *t, const char **to)
{
    uint64_t left = t->at < t->r.size ? t->r.size - t->at : 0;
    const char *name = left ? (const char *)t->r.bytes + t->at : NULL;

    if (!name || !memchr(name, 0, left))
        return refuse(t, "it is cut off");
    t->at += strlen(name) + 1;
    if (*name && !(*to = codec_name(name)))
        return refuse(t, "there is no such compression");
    return true;
}

static bool take_struct(struct taking *t, const struct slip_wire_table *table, void *to);

static bool take_structs(struct taking *t, const struct slip_wire_table *table, char *first,
                         uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        if (!take_struct(t, table, first + i * table->bytes))
            return false;
    }
    return true;
}

static bool take_list(struct taking *t, const struct slip_wire_field *f, uint64_t count, void **to)
{
    if (count > f->max)
        return refuse(t, "a list is above its limit");
    if (count == 0)
        return true;
    *to = calloc(count, f->of->bytes);
    return *to ? take_structs(t, f->of, *to, count) : refuse(t, SLIP_WIRE_OOM);
}

static bool take_struct(struct taking *t, const struct slip_wire_table *table, void *to)
{
    bool ok = true;

    for (size_t i = 0; ok && i < table->n_fields; i++) {
        const struct slip_wire_field *f = &table->fields[i];
        void *at = (char *)to + f->offset;
        const uint8_t *bytes;

        switch (f->kind) {
        case SLIP_WIRE_NUMBER:
        case SLIP_WIRE_FLAG:
            ok = take_number(t, f, at);
            break;
        case SLIP_WIRE_TEXT:
            ok = take_text(t, f, at);
            break;
        case SLIP_WIRE_BYTES:
            bytes = take_bytes(t, f->size);
            ok = bytes != NULL;
            if (ok)
                memcpy(at, bytes, f->size);
            break;
        case SLIP_WIRE_CODEC:
            ok = take_codec(t, at);
            break;
        case SLIP_WIRE_STRUCT:
            ok = take_structs(t, f->of, at, f->count);
            break;
        case SLIP_WIRE_LIST:
            ok = take_list(t, f, list_count(f, to), at);
            break;
        case SLIP_WIRE_LOCAL:
            break;
        }
    }
    return ok;
}

static void keep_local(struct slip_image *fresh, const struct slip_image *old)
{
    for (size_t i = 0; i < slip_image_table.n_fields; i++) {
        const struct slip_wire_field *f = &slip_image_table.fields[i];

        if (f->kind == SLIP_WIRE_LOCAL)
            memcpy((char *)fresh + f->offset, (const char *)old + f->offset, f->size);
    }
}

static void point_at_segments(struct slip_image *image)
{
    bool bare = slip__image_is_bare(image);

    image->segments = bare ? &image->bare : image->kernel_segments;
    image->n_segments = bare ? 1 : image->n_kernel_segments;
}

const char *slip__wire_take(const void *bytes, size_t len, struct slip_image *image)
{
    SLIP_AUTO_FREE struct slip_image *fresh = calloc(1, sizeof(*fresh));
    struct taking t = {.r = slip__reader(bytes, len)};

    if (!fresh)
        return SLIP_WIRE_OOM;
    if (take_struct(&t, &slip_image_table, fresh) && t.at != len)
        refuse(&t, "something follows it");
    keep_local(fresh, image);
    point_at_segments(fresh);
    if (!t.why)
        t.why = slip__image_check(fresh);
    if (t.why) {
        free(fresh->kernel_segments);
        free(fresh->notes);
        return t.why;
    }
    free(image->kernel_segments);
    free(image->notes);
    *image = *fresh;
    point_at_segments(image);
    return NULL;
}
