/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The image: which format a file is in, and its life. Knows the formats only through their table. */
#include "image/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "image/bzimage.h"
#include "image/elf.h"
#include "image/linux.h"
#include "image/pv.h"
#include "image/report.h"
#include "image/talk.h"

/* Read at once: holds the boot header of a bzImage and every magic looked for. */
#define HEAD_BYTES 1024u

static bool elf_probe(const uint8_t *head, size_t len)
{
    return len >= SLIP_ELF_MAGIC_BYTES && memcmp(head, SLIP_ELF_MAGIC, SLIP_ELF_MAGIC_BYTES) == 0;
}

static int elf_open(struct slip_image *image, const uint8_t *head, size_t len,
                    struct slip_error **err)
{
    int rc;

    (void)head;
    (void)len;
    image->elf->bytes = image->file_bytes;
    rc = slip__stream_open(&image->elf->stream, image->fd, &slip__codec_none, 0, image->file_bytes,
                           image->file_bytes, err);
    if (rc == 0)
        rc = slip__elf_probe(image, err);
    image->format = image->elf_bits == 64 ? SLIP_IMAGE_ELF64 : SLIP_IMAGE_ELF32;
    return rc;
}

static int elf_finish(struct slip_image *image, struct slip_error **err)
{
    (void)image;
    (void)err;
    return 0;
}

/* In this order: the magic of ELF is at the very start, that of a bzImage further in, behind what may look like anything. */
static const struct slip_image_kind {
    bool (*probe)(const uint8_t *head, size_t len);
    int (*open)(struct slip_image *image, const uint8_t *head, size_t len, struct slip_error **err);
    int (*finish)(struct slip_image *image, struct slip_error **err);
} kinds[] = {
    {elf_probe, elf_open, elf_finish},
    {slip__bzimage_probe, slip__bzimage_open, slip__bzimage_finish},
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

/* Multiboot's header may be anywhere early in the file. Magics: Multiboot 0.6.96 and 2, "Header layout". */
static bool has_multiboot(const uint8_t *head, size_t len)
{
    for (size_t i = 0; i + 4 <= len; i += 4) {
        if (memcmp(head + i, "\x02\xb0\xad\x1b", 4) == 0 ||
            memcmp(head + i, "\xd6\x50\x52\xe8", 4) == 0)
            return true;
    }
    return false;
}

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
    if (has_multiboot(head, len))
        return "a Multiboot image that is no ELF file";
    return is_text(head, len) ? "text" : NULL;
}

static int refuse_unknown(const uint8_t *head, size_t len, struct slip_error **err)
{
    const struct slip_codec *codec = slip__codec_find(head, len);
    const char *what = looks_like(head, len);
    char start[3 * 8 + 1] = "";

    for (size_t i = 0; i < 8 && i < len; i++)
        snprintf(start + 3 * i, sizeof(start) - 3 * i, " %02x", head[i]);
    if (codec)
        slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_UNKNOWN,
                         "not a kernel file: it looks like a file compressed with %s (starts "
                         "with%s)",
                         codec->name, start);
    else
        slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_UNKNOWN,
                         "not a kernel file%s%s (starts with%s)", what ? ": it looks like " : "",
                         what ? what : "", start);
    slip__error_hint(err, codec ? "unpack it first: a kernel is an ELF file or a bzImage"
                                : "a kernel is an ELF file or a bzImage");
    return SLIP_EIMAGE;
}

static const struct slip_image_kind *find_kind(const uint8_t *head, size_t len)
{
    for (size_t i = 0; i < SLIP_COUNT(kinds); i++) {
        if (kinds[i].probe(head, len))
            return &kinds[i];
    }
    return NULL;
}

static int open_head(struct slip_image *image, struct slip_error **err)
{
    size_t len = image->file_bytes < HEAD_BYTES ? (size_t)image->file_bytes : HEAD_BYTES;
    uint8_t head[HEAD_BYTES] = {0};
    int rc;

    if (len == 0)
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_EMPTY, "the file is empty");
    rc = slip__file_pread(image->fd, "the kernel file", head, len, 0, err);
    if (rc < 0)
        return rc;
    image->kind = find_kind(head, len);
    if (!image->kind)
        return refuse_unknown(head, len, err);
    return image->kind->open(image, head, len, err);
}

int slip__image_probe_here(int fd, uint64_t file_bytes, const char *name, struct slip_image **ret,
                           struct slip_error **err)
{
    struct slip_image *image = calloc(1, sizeof(*image));
    int rc;

    if (!image) {
        close(fd);
        return slip__error_oom(err);
    }
    image->fd = fd;
    image->file_bytes = file_bytes;
    image->name = strdup(name);
    image->elf = calloc(1, sizeof(*image->elf));
    rc = image->name && image->elf ? open_head(image, err) : slip__error_oom(err);
    if (rc < 0) {
        slip__error_prefix(err, "kernel '%s'", name);
        slip_image_free(image);
        return rc;
    }
    *ret = image;
    return 0;
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
static void add_elf_entry(struct slip_image *image)
{
    uint64_t entry = image->elf_entry;

    for (size_t i = 0; i < image->n_segments; i++) {
        const struct slip_segment *seg = &image->segments[i];
        uint64_t at = slip__image_unmoved(image, seg);

        if (entry >= at && entry - at < seg->file_bytes) {
            slip__image_add_entry(image, SLIP_ENTRY_ELF, seg->gpa + (entry - at));
            return;
        }
    }
    for (size_t i = 0; i < image->n_segments; i++) {
        const struct slip_segment *seg = &image->segments[i];

        if (entry >= seg->gva && entry - seg->gva < seg->file_bytes) {
            slip__image_add_entry(image, SLIP_ENTRY_ELF, seg->gpa + (entry - seg->gva));
            return;
        }
    }
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
    int rc;

    image->n_notes = 0;
    image->n_entries = 0;
    image->pvh_problem[0] = 0;
    slip__linux_entries(image, image->linux_boot.preferred_gpa);
    if (image->no_kernel[0])
        return 0;
    stream->progress = progress;
    stream->progress_total = image->elf->bytes;
    stream->progress_payload = payload;
    rc = slip__elf_load(image, ram, err);
    if (rc == 0)
        rc = image->kind->finish(image, err);
    stream->progress = NULL;
    if (rc == 0) {
        add_elf_entry(image);
        add_pv_entry(image);
    }
    return rc;
}

int slip__image_load_here(struct slip_image *image, struct slip_ram *ram, slip_bytes_fn *progress,
                          void *payload, struct slip_error **err)
{
    int rc;

    image->loaded = false;
    if (image->form == SLIP_FORM_LINUX)
        rc = slip__image_load_bare(image, ram, progress, payload, err);
    else
        rc = load_kernel(image, ram, progress, payload, err);
    if (!slip__image_entry(image, SLIP_ENTRY_PVH) && !image->pvh_problem[0])
        snprintf(image->pvh_problem, sizeof(image->pvh_problem), "%s",
                 image->no_kernel[0] ? image->no_kernel : "its notes were not read");
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
