/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bzImage: setup header, payload, and what follows the ELF in it. Facts: abi/bzimage.h. Knows no ELF detail.
 *
 * The payload is a (mostly compressed) ELF with the kernel's relocation table behind it, then the inflated size in 4 bytes.
 */
#include "image/bzimage.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "abi/bzimage.h"
#include "base/ckd.h"
#include "base/cleanup.h"
#include "base/reader.h"
#include "image/limits.h"
#include "image/linux.h"
#include "image/report.h"

#define PAYLOAD_HEAD_BYTES 16u

/* Not handled: said by name. Magic from old compress(1), which Linux knows too. */
static const struct {
    const char *magic;
    const char *name;
} unhandled[] = {
    {"\x1f\x9e", "old gzip"},
};

const char *slip__bzimage_unhandled(const char *name)
{
    for (size_t i = 0; i < SLIP_COUNT(unhandled); i++) {
        if (strcmp(name, unhandled[i].name) == 0)
            return unhandled[i].name;
    }
    return NULL;
}

bool slip__bzimage_probe(const uint8_t *head, size_t len)
{
    return len >= SLIP_BZIMAGE_HEADER + SLIP_BZIMAGE_MAGIC_BYTES &&
           memcmp(head + SLIP_BZIMAGE_HEADER, SLIP_BZIMAGE_MAGIC, SLIP_BZIMAGE_MAGIC_BYTES) == 0;
}

/* Is the file as long as its header promises? */
static int check_length(const struct slip_image *image, struct slip_reader *r,
                        struct slip_error **err)
{
    uint64_t setup = slip__linux_setup_bytes(r), rest = 0;
    unsigned header_end = image->boot_protocol >= SLIP_BZIMAGE_PROTOCOL_PAYLOAD
                              ? SLIP_BZIMAGE_HEADER_READ_END
                              : SLIP_BZIMAGE_HEADER_MIN_END;

    if (image->boot_protocol >= SLIP_BZIMAGE_PROTOCOL_SYSSIZE)
        rest = slip__reader_u32(r, SLIP_BZIMAGE_SYSSIZE) * (uint64_t)SLIP_BZIMAGE_SYSSIZE_UNIT;
    if (image->elf->source.bytes < header_end)
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_TRUNCATED,
                                "it is cut off inside its setup header: %llu bytes, %u needed",
                                ULL(image->elf->source.bytes), header_end);
    /* The size is rounded up to its unit; a file that no kernel build made is not always (memtest86+'s, which packs nothing). */
    if (rest && slip__reader_u32(r, SLIP_BZIMAGE_PAYLOAD_OFFSET) == 0)
        rest -= SLIP_BZIMAGE_SYSSIZE_UNIT - 1;
    if (setup + rest > image->elf->source.bytes)
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_TRUNCATED,
                                "it is cut off: its header promises %llu bytes (setup %llu, kernel "
                                "%llu), the file has %llu",
                                ULL(setup + rest), ULL(setup), ULL(rest),
                                ULL(image->elf->source.bytes));
    return 0;
}

/* The kernel inside can't be got at: refused, unless the file can start all the same by unpacking itself in the guest. */
static int no_kernel(struct slip_image *image, struct slip_error **err, enum slip_code code,
                     const char *fmt, ...) SLIP_PRINTF(4, 5);
static int no_kernel(struct slip_image *image, struct slip_error **err, enum slip_code code,
                     const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(image->no_kernel, sizeof(image->no_kernel), fmt, ap);
    va_end(ap);
    return image->linux_boot.offered
               ? 0
               : slip__error_code(err, SLIP_EIMAGE, code, "%s", image->no_kernel);
}

static void read_version(struct slip_image *image, struct slip_reader *r)
{
    uint64_t at = slip__reader_u16(r, SLIP_BZIMAGE_KERNEL_VERSION);
    uint8_t raw[sizeof(image->version) - 1] = {0};
    uint64_t left;
    size_t n = 0;

    at += SLIP_BZIMAGE_KERNEL_VERSION_BASE;
    if (at == SLIP_BZIMAGE_KERNEL_VERSION_BASE || at >= slip__linux_setup_bytes(r) ||
        at >= image->elf->source.bytes)
        return;
    left = image->elf->source.bytes - at;
    if (slip__source_read(&image->elf->source, raw, left < sizeof(raw) ? left : sizeof(raw), at,
                          NULL) < 0)
        return;
    for (; n < sizeof(raw) && raw[n]; n++)
        image->version[n] = slip__report_is_plain(raw[n]) ? (char)raw[n] : '?';
    image->version[n] = 0;
}

static int find_payload(struct slip_image *image, struct slip_reader *r, struct slip_error **err)
{
    uint64_t offset = slip__reader_u32(r, SLIP_BZIMAGE_PAYLOAD_OFFSET);

    if (image->boot_protocol < SLIP_BZIMAGE_PROTOCOL_PAYLOAD)
        return no_kernel(image, err, SLIP_CODE_BZIMAGE_OLD,
                         "its boot protocol is %u.%02u, at least %u.%02u is needed to find the "
                         "kernel inside",
                         image->boot_protocol >> 8, image->boot_protocol & 0xff,
                         SLIP_BZIMAGE_PROTOCOL_PAYLOAD >> 8, SLIP_BZIMAGE_PROTOCOL_PAYLOAD & 0xff);
    image->payload_bytes = slip__reader_u32(r, SLIP_BZIMAGE_PAYLOAD_LENGTH);
    if (offset == 0 || image->payload_bytes == 0)
        return no_kernel(image, err, SLIP_CODE_BZIMAGE_PAYLOAD,
                         "its boot header names no kernel inside: payload offset 0x%llx, length "
                         "0x%llx",
                         ULL(offset), ULL(image->payload_bytes));
    image->payload_offset = slip__linux_setup_bytes(r) + offset;
    if (!slip__range_fits(image->payload_offset, image->payload_bytes, image->elf->source.bytes))
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_TRUNCATED,
                                "the kernel inside has 0x%llx bytes at file offset 0x%llx, but the "
                                "file ends at 0x%llx",
                                ULL(image->payload_bytes), ULL(image->payload_offset),
                                ULL(image->elf->source.bytes));
    if (image->payload_bytes < PAYLOAD_HEAD_BYTES)
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_BZIMAGE_PAYLOAD,
                                "the kernel inside has %llu bytes, too few for any format (%u)",
                                ULL(image->payload_bytes), PAYLOAD_HEAD_BYTES);
    return 0;
}

static int unknown_payload(struct slip_image *image, const uint8_t *head, struct slip_error **err)
{
    for (size_t i = 0; i < SLIP_COUNT(unhandled); i++) {
        if (memcmp(head, unhandled[i].magic, strlen(unhandled[i].magic)) == 0) {
            image->compression = unhandled[i].name;
            return no_kernel(image, err, SLIP_CODE_BZIMAGE_COMPRESSION,
                             "the kernel inside is compressed with %s, which is not supported",
                             unhandled[i].name);
        }
    }
    return no_kernel(image, err, SLIP_CODE_BZIMAGE_COMPRESSION,
                     "the kernel inside, at file offset 0x%llx, is in no known format: it starts "
                     "with %02x %02x %02x %02x %02x %02x",
                     ULL(image->payload_offset), head[0], head[1], head[2], head[3], head[4],
                     head[5]);
}

/* Which codec (NULL: none of ours), where its bytes end, and how much will come out. */
static int choose_codec(struct slip_image *image, const struct slip_codec **ret, uint64_t *ret_end,
                        struct slip_error **err)
{
    uint64_t end = image->payload_offset + image->payload_bytes;
    uint8_t head[PAYLOAD_HEAD_BYTES], tail[SLIP_BZIMAGE_SIZE_TRAILER_BYTES] = {0};
    struct slip_reader r = slip__reader(tail, sizeof(tail));
    const struct slip_codec *codec;
    int rc = slip__source_read(&image->elf->source, head, sizeof(head), image->payload_offset, err);

    if (rc == 0)
        rc = slip__source_read(&image->elf->source, tail, sizeof(tail), end - sizeof(tail), err);
    if (rc < 0)
        return rc;
    *ret_end = end;
    if (memcmp(head, SLIP_ELF_MAGIC, SLIP_ELF_MAGIC_BYTES) == 0) {
        *ret = &slip__codec_none; /* has no size behind it */
        image->inflated_bytes = image->payload_bytes;
        return 0;
    }
    *ret = codec = slip__codec_find(head, sizeof(head));
    if (!codec)
        return unknown_payload(image, head, err);
    if (codec->missing) {
        *ret = NULL;
        image->compression = codec->name;
        return no_kernel(image, err, SLIP_CODE_BZIMAGE_COMPRESSION,
                         "the kernel inside is compressed with %s, which %s", codec->name,
                         codec->missing);
    }
    image->inflated_bytes = slip__reader_u32(&r, 0);
    if (!codec->own_size)
        *ret_end = end - sizeof(tail);
    if (image->inflated_bytes > SLIP_LIMIT_INFLATED_BYTES)
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_INFLATED_LIMIT,
                                "the kernel inside says it has %llu bytes decompressed, the limit "
                                "is %llu",
                                ULL(image->inflated_bytes), SLIP_LIMIT_INFLATED_BYTES);
    return 0;
}

/* The ELF headers in the payload. */
static int open_payload(struct slip_image *image, struct slip_error **err)
{
    const struct slip_codec *codec = NULL;
    uint64_t end = 0;
    int rc = choose_codec(image, &codec, &end, err);

    if (rc < 0 || !codec)
        return rc;
    image->compression = codec->name;
    image->elf->bytes = image->inflated_bytes;
    slip__stream_dispose(&image->elf->stream);
    rc = slip__stream_open(&image->elf->stream, &image->elf->source, codec, image->payload_offset,
                           end, image->inflated_bytes, err);
    return rc < 0 ? rc : slip__elf_probe(image, err);
}

int slip__bzimage_open(struct slip_image *image, const uint8_t *head, size_t len,
                       struct slip_error **err)
{
    struct slip_reader r = slip__reader(head, len);
    int rc;

    image->format = SLIP_IMAGE_BZIMAGE;
    image->boot_protocol = slip__reader_u16(&r, SLIP_BZIMAGE_VERSION);
    rc = check_length(image, &r, err);
    if (rc < 0)
        return rc;
    slip__linux_read(image, &r);
    read_version(image, &r);
    rc = find_payload(image, &r, err);
    return rc < 0 || image->no_kernel[0] ? rc : open_payload(image, err);
}

int slip__bzimage_finish(struct slip_image *image, struct slip_error **err)
{
    struct slip_stream *stream = &image->elf->stream;
    int rc = slip__stream_finish(stream, err);

    if (rc < 0)
        return rc;
    if (stream->codec != &slip__codec_none && stream->pos != image->inflated_bytes)
        return slip__error_code(err, SLIP_EIMAGE, SLIP_CODE_IMAGE_INFLATED_SIZE,
                                "the %s stream decompresses to %llu bytes, its size field says "
                                "%llu",
                                image->compression, ULL(stream->pos), ULL(image->inflated_bytes));
    image->relocs_bytes = image->inflated_bytes - image->elf_bytes;
    return 0;
}
