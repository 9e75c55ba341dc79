/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The image: which format a file is in, and its life. Knows the formats only through their table. */
#include "image/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/ckd.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "image/bzimage.h"
#include "image/elf.h"
#include "image/linux.h"
#include "image/multiboot.h"
#include "image/packed.h"
#include "image/pv.h"
#include "image/report.h"
#include "image/talk.h"

static bool elf_probe(const uint8_t *head, size_t len)
{
    return len >= SLIP_ELF_MAGIC_BYTES && memcmp(head, SLIP_ELF_MAGIC, SLIP_ELF_MAGIC_BYTES) == 0;
}

static int elf_open(struct slip_image *image, const uint8_t *head, size_t len,
                    struct slip_error **err)
{
    int rc;

    if (!image->elf->unknown_end)
        image->elf->bytes = image->elf->source.bytes;
    rc = slip__elf_probe(image, err);
    image->format = image->elf_bits == 64 ? SLIP_IMAGE_ELF64 : SLIP_IMAGE_ELF32;
    if (rc == 0)
        slip__multiboot_read(image, head, len);
    return rc;
}

static int elf_finish(struct slip_image *image, struct slip_error **err)
{
    return image->packing ? slip__packed_finish(image, err) : 0;
}

/* In this order: the magic of ELF is at the very start, that of a bzImage further in, behind what may look like anything, and a
 * Multiboot header may be anywhere. */
static const struct slip_image_kind {
    bool (*probe)(const uint8_t *head, size_t len);
    int (*open)(struct slip_image *image, const uint8_t *head, size_t len, struct slip_error **err);
    int (*finish)(struct slip_image *image, struct slip_error **err);
    bool streams; /* can be read while it is unpacked, in one pass */
} kinds[] = {
    {elf_probe, elf_open, elf_finish, true},
    {slip__bzimage_probe, slip__bzimage_open, slip__bzimage_finish, false},
    {slip__multiboot_probe, slip__multiboot_open, slip__multiboot_finish, false},
};

/* What people hand over instead of a kernel. */
static const struct {
    size_t offset;
    const char *magic;
    size_t len;
    const char *what;
} lookalikes[] = {
    {0, "MZ\0\0zimg", 8, "an EFI zboot image, which no x86 kernel is"},
    {0, "MZ", 2, "a Windows or EFI program (PE)"},
    {0, "#!", 2, "a script"},
    {0, "070701", 6, "a cpio archive: an initrd?"},
    {0, "070702", 6, "a cpio archive: an initrd?"},
    {0, "QFI\xfb", 4, "a qcow2 disk image"},
    {0, "!<arch>", 7, "an archive or a Debian package"},
    {56, "ARMd", 4, "an arm64 Linux image"},
    {510, "\x55\xaa", 2, "a boot sector or disk image"},
};

static bool is_text(const uint8_t *head, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!slip__report_is_plain(head[i]) && !memchr("\t\n\v\f\r", head[i], 5))
            return false;
    }
    return true;
}

static const char *looks_like(const uint8_t *head, size_t len)
{
    for (size_t i = 0; i < SLIP_COUNT(lookalikes); i++) {
        if (lookalikes[i].offset + lookalikes[i].len <= len &&
            memcmp(head + lookalikes[i].offset, lookalikes[i].magic, lookalikes[i].len) == 0)
            return lookalikes[i].what;
    }
    return is_text(head, len) ? "text" : NULL;
}

static int refuse_unknown(const struct slip_image *image, const uint8_t *head, size_t len,
                          struct slip_error **err)
{
    const struct slip_codec *codec = slip__codec_find(head, len);
    const char *what = looks_like(head, len);
    char start[3 * 8 + 1] = "", packed[64] = "";

    for (size_t i = 0; i < 8 && i < len; i++)
        snprintf(start + 3 * i, sizeof(start) - 3 * i, " %02x", head[i]);
    if (image->packing)
        snprintf(packed, sizeof(packed), ", compressed with %s", image->packing);
    if (codec)
        slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_UNKNOWN,
                         "not a kernel file%s, but a file compressed with %s again (starts with%s)",
                         packed, codec->name, start);
    else
        slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_UNKNOWN,
                         "not a kernel file%s%s%s (starts with%s)", packed,
                         what ? ": it looks like " : "", what ? what : "", start);
    slip__error_hint(err, codec ? "unpack it first: a kernel is an ELF file, a bzImage or a "
                                  "Multiboot image"
                                : "a kernel is an ELF file, a bzImage or a Multiboot image, "
                                  "compressed or not");
    return SLIP_EIMAGE;
}

static const struct slip_image_kind *find_kind(const struct slip_stream *stream)
{
    for (size_t i = 0; i < SLIP_COUNT(kinds); i++) {
        if (kinds[i].probe(stream->head, stream->head_len))
            return &kinds[i];
    }
    return NULL;
}

/* The file as it is. *ret is NULL when its first bytes are of no kind. */
static int open_plain(struct slip_image *image, const struct slip_image_kind **ret,
                      struct slip_error **err)
{
    struct slip_stream *stream = &image->elf->stream;
    const struct slip_source *source = &image->elf->source;
    int rc =
        slip__stream_open(stream, source, &slip__codec_none, 0, source->bytes, source->bytes, err);

    if (rc == 0)
        rc = slip__stream_peek(stream, err);
    if (rc == 0)
        *ret = find_kind(stream);
    return rc;
}

/* A file that is compressed as a whole: only what can't be read while it is unpacked is unpacked first. */
static int open_packed(struct slip_image *image, const struct slip_codec *codec,
                       const struct slip_image_kind **ret, struct slip_error **err)
{
    struct slip_stream *stream = &image->elf->stream;
    int rc = slip__packed_open(image, codec, err);

    if (rc < 0)
        return rc;
    *ret = find_kind(stream);
    if (!*ret || (*ret)->streams)
        return 0;
    rc = slip__packed_spool(image, err);
    return rc < 0 ? rc : open_plain(image, ret, err);
}

static int open_head(struct slip_image *image, struct slip_error **err)
{
    struct slip_stream *stream = &image->elf->stream;
    const struct slip_codec *codec;
    int rc;

    if (image->file_bytes == 0)
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_EMPTY, "the file is empty");
    rc = open_plain(image, &image->kind, err);
    if (rc == 0 && !image->kind) {
        codec = slip__codec_find(stream->head, stream->head_len);
        if (codec)
            rc = open_packed(image, codec, &image->kind, err);
    }
    if (rc < 0)
        return rc;
    if (!image->kind)
        return refuse_unknown(image, stream->head, stream->head_len, err);
    return image->kind->open(image, stream->head, stream->head_len, err);
}

/* Takes fd over, also on failure. */
static struct slip_image *new_image(int fd, uint64_t file_bytes, const char *name,
                                    struct slip_error **err)
{
    struct slip_image *image = calloc(1, sizeof(*image));

    if (!image) {
        close(fd);
        slip__error_oom(err);
        return NULL;
    }
    image->fd = fd;
    image->file_bytes = file_bytes;
    image->name = strdup(name);
    image->elf = calloc(1, sizeof(*image->elf));
    if (!image->name || !image->elf) {
        slip__error_oom(err);
        slip_image_free(image);
        return NULL;
    }
    image->elf->source = (struct slip_source){.fd = fd, .bytes = file_bytes};
    return image;
}

/* Hands the image out, or frees it. */
static int finish_new(int rc, struct slip_image *image, struct slip_image **ret,
                      struct slip_error **err)
{
    if (rc < 0) {
        slip__error_prefix(err, "kernel '%s'", image->name);
        slip_image_free(image);
        return rc;
    }
    *ret = image;
    return 0;
}

int slip__image_probe_here(int fd, uint64_t file_bytes, const char *name, struct slip_image **ret,
                           struct slip_error **err)
{
    struct slip_image *image = new_image(fd, file_bytes, name, err);

    return image ? finish_new(open_head(image, err), image, ret, err) : SLIP_ENOMEM;
}

static int open_flat(struct slip_image *image, uint64_t gpa, uint64_t entry,
                     struct slip_error **err)
{
    uint64_t end;

    image->format = SLIP_IMAGE_FLAT;
    if (image->file_bytes == 0)
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_EMPTY, "the file is empty");
    if (slip__ckd_add(&end, gpa, image->file_bytes))
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_FLAT,
                                "its %llu bytes, loaded at 0x%llx, would wrap around the end of "
                                "the address space",
                                ULL(image->file_bytes), ULL(gpa));
    if (entry < gpa || entry >= end)
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_FLAT,
                                "the entry 0x%llx is not in what is loaded, which is at 0x%llx to "
                                "0x%llx",
                                ULL(entry), ULL(gpa), ULL(end));
    image->kernel_segments = calloc(1, sizeof(*image->kernel_segments));
    if (!image->kernel_segments)
        return slip__error_oom(err);
    image->kernel_segments[0] = (struct slip_segment){
        .gpa = gpa,
        .gva = gpa,
        .file_bytes = image->file_bytes,
        .memory_bytes = image->file_bytes,
        .flags = SLIP_ELF_PF_R | SLIP_ELF_PF_W | SLIP_ELF_PF_X,
    };
    image->segments = image->kernel_segments;
    image->n_segments = image->n_kernel_segments = 1;
    slip__image_add_entry(image, SLIP_ENTRY_FLAT, entry);
    return slip__stream_open(&image->elf->stream, &image->elf->source, &slip__codec_none, 0,
                             image->file_bytes, image->file_bytes, err);
}

int slip__image_flat_here(int fd, uint64_t file_bytes, const char *name, uint64_t gpa,
                          uint64_t entry, struct slip_image **ret, struct slip_error **err)
{
    struct slip_image *image = new_image(fd, file_bytes, name, err);

    return image ? finish_new(open_flat(image, gpa, entry, err), image, ret, err) : SLIP_ENOMEM;
}

void slip_image_free(struct slip_image *image)
{
    if (!image)
        return;
    slip__proxy_free(image->proxy);
    slip__elf_free(image->elf);
    free(image->name);
    free(image->kernel_segments);
    free(image->notes);
    if (image->fd >= 0)
        close(image->fd);
    free(image);
}

int slip_image_open(const char *path, struct slip_image **ret, struct slip_error **err)
{
    struct slip_image *image = NULL;
    uint64_t size;
    int fd, rc;

    if (!path || !ret)
        return slip__error(err, SLIP_EINVAL,
                           "slip_image_open() needs a path and a place to put the image");
    rc = slip__file_open("kernel", path, &fd, &size, err);
    if (rc == 0)
        rc = slip__image_probe(fd, size, path, &image, err);
    if (rc == 0)
        rc = slip__image_load(image, NULL, NULL, NULL, err);
    if (rc < 0) {
        slip_image_free(image);
        return rc;
    }
    slip__proxy_finish(image->proxy); /* all is known: no process is to be kept for it */
    *ret = image;
    return 0;
}

void slip__image_add_entry(struct slip_image *image, enum slip_entry_kind kind, uint64_t address)
{
    if (image->n_entries < SLIP_IMAGE_MAX_ENTRIES)
        image->entries[image->n_entries++] = (struct slip_entry){kind, address};
}

void slip__image_drop_entry(struct slip_image *image, enum slip_entry_kind kind)
{
    size_t kept = 0;

    for (size_t i = 0; i < image->n_entries; i++) {
        if (image->entries[i].kind != kind)
            image->entries[kept++] = image->entries[i];
    }
    image->n_entries = kept;
}

const struct slip_entry *slip__image_entry(const struct slip_image *image,
                                           enum slip_entry_kind kind)
{
    for (size_t i = 0; i < image->n_entries; i++) {
        if (image->entries[i].kind == kind)
            return &image->entries[i];
    }
    return NULL;
}

uint64_t slip__image_end(const struct slip_image *image)
{
    const struct slip_segment *last;

    if (image->n_segments == 0)
        return 0;
    last = &image->segments[image->n_segments - 1];
    return last->gpa + last->memory_bytes;
}

/* e_entry is physical in some kernels and virtual in others: whichever lies in a segment. In none: it is no entry. */
bool slip__image_elf_entry(const struct slip_image *image, uint64_t *ret)
{
    uint64_t entry = image->elf_entry;

    for (size_t i = 0; i < image->n_kernel_segments; i++) {
        const struct slip_segment *seg = &image->kernel_segments[i];
        uint64_t at = slip__image_unmoved(image, seg);

        *ret = seg->gpa + (entry - at);
        if (entry >= at && entry - at < seg->file_bytes)
            return true;
    }
    for (size_t i = 0; i < image->n_kernel_segments; i++) {
        const struct slip_segment *seg = &image->kernel_segments[i];

        *ret = seg->gpa + (entry - seg->gva);
        if (entry >= seg->gva && entry - seg->gva < seg->file_bytes)
            return true;
    }
    return false;
}

/* A PV kernel without an ENTRY note starts at e_entry, a virtual address then. */
static void add_pv_entry(struct slip_image *image)
{
    struct slip_pv_kernel pv;

    if (!slip__image_entry(image, SLIP_ENTRY_XEN_PV) && slip__image_pv(image, &pv, NULL))
        slip__image_add_entry(image, SLIP_ENTRY_XEN_PV, pv.entry);
}

/* What the file's ELF says: nothing, if it can't be got at. */
static int load_kernel(struct slip_image *image, struct slip_ram *ram, slip_bytes_fn *progress,
                       void *payload, struct slip_error **err)
{
    struct slip_stream *stream = &image->elf->stream;
    uint64_t entry;
    int rc;

    image->n_notes = 0;
    image->n_entries = 0;
    image->pvh_problem[0] = 0;
    slip__linux_entries(image, image->linux_boot.preferred_gpa);
    slip__multiboot_entries(image);
    if (image->no_kernel[0])
        return 0;
    stream->progress = progress;
    stream->progress_total = image->elf->unknown_end ? image->elf_bytes : image->elf->bytes;
    stream->progress_payload = payload;
    rc = slip__elf_load(image, ram, err);
    if (rc == 0)
        rc = image->kind->finish(image, err);
    stream->progress = NULL;
    if (rc == 0 && slip__image_elf_entry(image, &entry))
        slip__image_add_entry(image, SLIP_ENTRY_ELF, entry);
    if (rc == 0)
        add_pv_entry(image);
    return rc;
}

int slip__image_load_here(struct slip_image *image, struct slip_ram *ram, slip_bytes_fn *progress,
                          void *payload, struct slip_error **err)
{
    int rc;

    image->loaded = false;
    if (slip__image_is_bare(image) || (image->n_segments && image->elf_bits == 0))
        rc = slip__image_load_bare(image, ram, progress, payload, err);
    else
        rc = load_kernel(image, ram, progress, payload, err);
    if (!slip__image_entry(image, SLIP_ENTRY_PVH) && !image->pvh_problem[0])
        snprintf(image->pvh_problem, sizeof(image->pvh_problem), "%s",
                 image->no_kernel[0] ? image->no_kernel
                 : image->elf_bits   ? "its notes were not read"
                                     : "it is no ELF file, which alone has notes for it");
    if (rc < 0)
        slip__error_prefix(err, "kernel '%s'", image->name);
    image->loaded = rc == 0;
    return rc;
}

int slip__image_load(struct slip_image *image, struct slip_ram *ram, slip_bytes_fn *progress,
                     void *payload, struct slip_error **err)
{
    return image->proxy ? slip__proxy_load(image, ram, progress, payload, err)
                        : slip__image_load_here(image, ram, progress, payload, err);
}
