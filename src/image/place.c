/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which part of a file is loaded, and where to. Knows no format: only segments, and the entries that go with them. */
#include "base/ckd.h"
#include "base/file.h"
#include "image/elf.h"
#include "image/linux.h"
#include "image/talk.h"

/* A slice of what is read at once, so that progress is told now and then. */
#define SLICE_BYTES (4u << 20)

static int use_kernel(struct slip_image *image, struct slip_error **err)
{
    if (image->no_kernel[0])
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_FORM, "kernel '%s': %s",
                                image->name, image->no_kernel);
    image->form = SLIP_FORM_KERNEL;
    image->segments = image->kernel_segments;
    image->n_segments = image->n_kernel_segments;
    slip__linux_entries(image, image->linux_boot.preferred_gpa);
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
    image->form = SLIP_FORM_LINUX;
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
    if (image->proxy)
        return slip__proxy_use(image, form, gpa, err);
    return form == SLIP_FORM_LINUX ? use_linux(image, gpa, err) : use_kernel(image, err);
}

/* A slice of the file to dst, or, dst NULL, to the sink; *ret_bytes has at most that many. */
static int load_slice(struct slip_image *image, struct slip_ram *ram, uint8_t *dst, uint64_t at,
                      uint64_t *ret_bytes, struct slip_error **err)
{
    const struct slip_segment *seg = &image->bare;
    size_t cap = SLICE_BYTES;
    uint8_t *to = dst ? dst + at : ram->sink->room(ram->sink, &cap, err);
    int rc;

    if (!to)
        return SLIP_EIO;
    *ret_bytes = seg->file_bytes - at < cap ? seg->file_bytes - at : cap;
    rc = slip__file_pread(image->fd, "the kernel file", to, *ret_bytes, seg->file_offset + at, err);
    return rc < 0 || dst ? rc
                         : ram->sink->put(ram->sink, to, seg->gpa + at, (size_t)*ret_bytes, err);
}

int slip__image_load_bare(struct slip_image *image, struct slip_ram *ram, slip_bytes_fn *progress,
                          void *payload, struct slip_error **err)
{
    const struct slip_segment *seg = &image->bare;
    uint8_t *dst = NULL;
    uint64_t n;

    if (!ram)
        return 0;
    if (!ram->sink) {
        dst = slip__image_segment_at(image, seg, ram, err);
        if (!dst)
            return SLIP_EIMAGE;
    }
    for (uint64_t at = 0; at < seg->file_bytes; at += n) {
        int rc = load_slice(image, ram, dst, at, &n, err);

        if (rc < 0)
            return rc;
        if (progress)
            progress(at + n, seg->file_bytes, payload);
    }
    return 0;
}

/* Entries in what is moved. The others are virtual, or the boot header's. */
static const enum slip_entry_kind moving[] = {SLIP_ENTRY_PVH, SLIP_ENTRY_ELF, SLIP_ENTRY_MULTIBOOT1,
                                              SLIP_ENTRY_MULTIBOOT2, SLIP_ENTRY_FLAT};

static void move_entries(struct slip_image *image, uint64_t delta)
{
    for (size_t i = 0; i < image->n_entries; i++) {
        for (size_t k = 0; k < sizeof(moving) / sizeof(moving[0]); k++) {
            if (image->entries[i].kind == moving[k])
                image->entries[i].address += delta;
        }
    }
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
    for (size_t i = 0; i < image->n_segments; i++)
        image->segments[i].gpa += gpa - first;
    move_entries(image, gpa - first);
    image->moved_up += gpa - first;
    return 0;
}

uint64_t slip__image_unmoved(const struct slip_image *image, const struct slip_segment *segment)
{
    return segment->gpa + image->moved_down - image->moved_up;
}
