/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which part of a file is loaded, and where to. Knows no format: only segments, and the entries that go with them. */
#include "base/ckd.h"
#include "image/elf.h"
#include "image/linux.h"
#include "image/multiboot.h"
#include "image/talk.h"

static const struct slip_multiboot *used_header(const struct slip_image *image)
{
    switch (image->form) {
    case SLIP_FORM_MULTIBOOT1:
        return &image->multiboot[0];
    case SLIP_FORM_MULTIBOOT2:
        return &image->multiboot[1];
    default:
        return NULL;
    }
}

bool slip__image_is_bare(const struct slip_image *image)
{
    const struct slip_multiboot *mb = used_header(image);

    return image->form == SLIP_FORM_LINUX || (mb && mb->has_addresses);
}

/* Is an entry in the segments that are in use, and goes where they go? Others are virtual, or in another form. */
static bool moves(const struct slip_image *image, enum slip_entry_kind kind)
{
    const struct slip_multiboot *mb;

    switch (kind) {
    case SLIP_ENTRY_PVH:
    case SLIP_ENTRY_ELF:
    case SLIP_ENTRY_FLAT:
        return !slip__image_is_bare(image);
    case SLIP_ENTRY_MULTIBOOT1:
    case SLIP_ENTRY_MULTIBOOT2:
        mb = &image->multiboot[kind == SLIP_ENTRY_MULTIBOOT2];
        return slip__image_is_bare(image) ? mb == used_header(image)
                                          : !mb->has_addresses || !image->elf_bits;
    default:
        return false;
    }
}

/* The segments in use, and their entries, by delta (modulo 2^64). */
static void move(struct slip_image *image, uint64_t delta)
{
    for (size_t i = 0; i < image->n_segments; i++)
        image->segments[i].gpa += delta;
    for (size_t i = 0; i < image->n_entries; i++) {
        if (moves(image, image->entries[i].kind))
            image->entries[i].address += delta;
    }
    image->moved_up += delta;
}

/* The segments as they are linked; entries with them. */
static void use_linked(struct slip_image *image)
{
    move(image, 0 - image->moved_up);
    image->segments = image->kernel_segments;
    image->n_segments = image->n_kernel_segments;
    slip__linux_entries(image, image->linux_boot.preferred_gpa);
}

static int use_kernel(struct slip_image *image, struct slip_error **err)
{
    if (image->no_kernel[0])
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_FORM, "kernel '%s': %s",
                                image->name, image->no_kernel);
    use_linked(image);
    return 0;
}

static int use_multiboot(struct slip_image *image, const struct slip_multiboot *mb,
                         struct slip_error **err)
{
    if (!mb->offered)
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_FORM,
                                "kernel '%s' has no Multiboot header of that version%s%s",
                                image->name, mb->problem[0] ? ": " : "", mb->problem);
    use_linked(image);
    if (mb->has_addresses) {
        image->bare = slip__multiboot_segment(mb);
        image->segments = &image->bare;
        image->n_segments = 1;
    }
    return 0;
}

static int use_linux(struct slip_image *image, uint64_t gpa, struct slip_error **err)
{
    const struct slip_linux *boot = &image->linux_boot;
    uint64_t end;

    if (!boot->offered)
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_FORM,
                                "kernel '%s' is no bzImage that could unpack itself in the guest",
                                image->name);
    if (slip__ckd_add(&end, gpa, boot->init_bytes))
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_FORM,
                                "kernel '%s' needs 0x%llx bytes to unpack itself: from 0x%llx on "
                                "they wrap around the end of the address space",
                                image->name, ULL(boot->init_bytes), ULL(gpa));
    use_linked(image);
    image->bare = (struct slip_segment){
        .gpa = gpa,
        .gva = gpa,
        .file_offset = boot->offset,
        .file_bytes = boot->bytes,
        .memory_bytes = boot->init_bytes,
        .flags = SLIP_ELF_PF_R | SLIP_ELF_PF_W | SLIP_ELF_PF_X,
    };
    image->segments = &image->bare;
    image->n_segments = 1;
    slip__linux_entries(image, gpa);
    return 0;
}

int slip__image_use(struct slip_image *image, enum slip_image_form form, uint64_t gpa,
                    struct slip_error **err)
{
    int rc;

    if (image->proxy)
        return slip__proxy_use(image, form, gpa, err);
    switch (form) {
    case SLIP_FORM_LINUX:
        rc = use_linux(image, gpa, err);
        break;
    case SLIP_FORM_MULTIBOOT1:
        rc = use_multiboot(image, &image->multiboot[0], err);
        break;
    case SLIP_FORM_MULTIBOOT2:
        rc = use_multiboot(image, &image->multiboot[1], err);
        break;
    default:
        rc = use_kernel(image, err);
    }
    if (rc == 0)
        image->form = form;
    return rc;
}

int slip__image_load_bare(struct slip_image *image, struct slip_ram *ram, slip_bytes_fn *progress,
                          void *payload, struct slip_error **err)
{
    const struct slip_segment *seg = image->segments;
    struct slip_stream *stream = &image->elf->stream, file = {.source = {.fd = -1}};
    const struct slip_source *source = &image->elf->source;
    int rc;

    if (!ram)
        return 0;
    if (image->form ==
        SLIP_FORM_LINUX) { /* the image's own stream is over what is packed in this */
        stream = &file;
        rc = slip__stream_open(stream, source, &slip__codec_none, 0, source->bytes, source->bytes,
                               err);
    } else {
        rc = slip__stream_restart(stream, err);
        image->elf->used = true;
    }
    stream->rewinds = 0;
    stream->progress = progress;
    stream->progress_total = seg->file_offset + seg->file_bytes;
    stream->progress_payload = payload;
    if (rc == 0)
        rc = slip__image_sweep(image, stream, ram, err);
    stream->progress = NULL;
    if (stream == &file)
        slip__stream_dispose(&file);
    return rc;
}

int slip__image_move_to(struct slip_image *image, uint64_t gpa, struct slip_error **err)
{
    uint64_t first, end;

    if (image->proxy)
        return slip__proxy_move_to(image, gpa, err);
    if (image->form == SLIP_FORM_LINUX)
        return use_linux(image, gpa, err);
    if (image->n_segments == 0)
        return use_kernel(image, err); /* which says why there are none */
    first = image->segments[0].gpa;
    if (slip__ckd_add(&end, gpa, slip__image_end(image) - first))
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_FORM,
                                "kernel '%s' takes 0x%llx bytes: from 0x%llx on they wrap around "
                                "the end of the address space",
                                image->name, ULL(slip__image_end(image) - first), ULL(gpa));
    move(image, gpa - first);
    return 0;
}

uint64_t slip__image_unmoved(const struct slip_image *image, const struct slip_segment *segment)
{
    return segment->gpa + image->moved_down - image->moved_up;
}
